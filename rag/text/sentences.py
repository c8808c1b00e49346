"""Text -> its sentences, as spans, by block (pure).

Blank lines and line breaks always end a sentence: readers of documents write a wrapped paragraph as one line, so that a
line break means something (a list item, a table row). A table row is one unit, whatever stands in its cells. In other
lines, syntok finds the ends of sentences; it knows abbreviations and initials. The full stops of Chinese, Japanese,
Hindi and Urdu and the question mark of Arabic, which it does not know, end sentences too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rag.types import CELL_SEPARATOR, Sentence

_LINE = re.compile(r"[^\n]+")
_FULL_STOPS = re.compile(r"(?<=[。｡．！？؟۔।॥])(?![。｡．！？؟۔।॥”’」』）)\d])")
_LONG_LINE = 20_000  # characters: beyond it syntok is given pieces, since its time grows with the length of its input


def split_sentences(
    text: str, section_starts: Iterable[int] = (), page_starts: Iterable[int] = ()
) -> Iterator[tuple[int, Sentence]]:
    """Iterate over (number of the block, sentence) in order; white space at either end belongs to no sentence.

    A sentence never crosses the start of a section or a page.
    """
    borders = sorted({*section_starts, *page_starts})
    block, previous_end, border = 0, 0, 0
    for line in _LINE.finditer(text):
        if not line.group().strip():
            continue
        if text.count("\n", previous_end, line.start()) > 1:
            block += 1
        previous_end = line.end()
        begin = line.start()
        while border < len(borders) and borders[border] < line.end():
            if borders[border] > begin:
                yield from ((block, sentence) for sentence in _in_line(text, begin, borders[border]))
                begin = borders[border]
            border += 1
        yield from ((block, sentence) for sentence in _in_line(text, begin, line.end()))


def _in_line(text: str, start: int, end: int) -> Iterator[Sentence]:
    if CELL_SEPARATOR in text[start:end]:
        row = text[start:end]
        yield Sentence(start + len(row) - len(row.lstrip()), start + len(row.rstrip()))
        return
    for begin in range(start, end, _LONG_LINE):
        for first, last in _syntok(text[begin : min(begin + _LONG_LINE, end)]):
            cuts = [first, *(m.start() + first for m in _FULL_STOPS.finditer(text[begin + first : begin + last])), last]
            for left, right in zip(cuts, cuts[1:], strict=False):
                piece = text[begin + left : begin + right]
                if piece.strip():
                    lead = len(piece) - len(piece.lstrip())
                    yield Sentence(begin + left + lead, begin + left + len(piece.rstrip()))


def _syntok(line: str) -> Iterator[tuple[int, int]]:
    """The spans of the line's sentences, which cover it: each reaches to the start of the next."""
    import syntok.segmenter
    from syntok.tokenizer import Tokenizer

    tokenizer = Tokenizer(emit_hyphen_or_underscore_sep=True, replace_not_contraction=False)
    starts = [sentence[0].offset for sentence in syntok.segmenter.segment(tokenizer.tokenize(line)) if sentence]
    if not starts:
        return
    starts[0] = 0
    yield from zip(starts, [*starts[1:], len(line)], strict=True)
