"""Text -> its sentences, as spans, by block (pure).

Line breaks always end a sentence: readers of documents write a wrapped paragraph as one line, so that a line break
means something (a list item, a table row). A heading is one unit, and so is a line of code and a row of a table, unless
the row holds prose. In other lines, syntok finds the ends of sentences; it knows abbreviations and initials, and
borders.py keeps it from cutting too early. The full stops of Chinese, Japanese, Hindi and Urdu and the question mark of
Arabic, which it does not know, end sentences too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.text.borders import is_border, without_false_stops
from rag.text.structure import blocks_in, cells
from rag.types import BlockSpan, Sentence

_LINE = re.compile(r"[^\n]+")
# Not before another one, or what closes a quotation; a wide full stop may be a decimal point
_FULL_STOPS = re.compile(r"(?:(?<=[。｡！？؟۔।॥])|(?<=．)(?!\d))(?![。｡．！？؟۔।॥”’」』）)])")
_PAUSE = re.compile(r"(?<=[\s。｡！？؟۔।॥])(?=\S)")  # places at which no word or number is cut
_LONG_LINE = 20_000  # characters: beyond it syntok is given pieces, since its time grows with the length of its input
_LONG_ROW = 600  # characters: a longer row of a table lays out prose, whose sentences are units of their own


def split_sentences(text: str, blocks: Sequence[BlockSpan] = ()) -> Iterator[tuple[int, Sentence]]:
    """Iterate over (number of the block, sentence) in order; white space at either end belongs to no sentence.

    The blocks are told from the text if none are given; a sentence never crosses the border of a block.
    """
    for number, block in enumerate(blocks or blocks_in(text)):
        for sentence in _in_block(text, block):
            yield number, sentence


def _in_block(text: str, block: BlockSpan) -> Iterator[Sentence]:
    if block.kind == "heading":
        yield Sentence(block.start, block.end)
        return
    for line in _LINE.finditer(text, block.start, block.end):
        if not line.group().strip():
            continue
        if block.kind == "table":
            yield from _in_row(text, *line.span())
        elif block.kind == "code":
            yield _trimmed(text, *line.span())
        else:
            yield from _in_line(text, *line.span())


def _in_row(text: str, start: int, end: int) -> Iterator[Sentence]:
    if end - start <= _LONG_ROW:
        yield _trimmed(text, start, end)
        return
    for cell, place in cells(text[start:end]):
        if cell:
            yield from _in_line(text, start + place, start + place + len(cell))


def _trimmed(text: str, start: int, end: int) -> Sentence:
    line = text[start:end]
    return Sentence(start + len(line) - len(line.lstrip()), start + len(line.rstrip()))


def _in_line(text: str, start: int, end: int) -> Iterator[Sentence]:
    for first, last in _spans(text, start, end):
        cuts = [first, *(m.start() + first for m in _FULL_STOPS.finditer(text[first:last])), last]
        for left, right in zip(cuts, cuts[1:], strict=False):
            if text[left:right].strip():
                yield _trimmed(text, left, right)


def _spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of the line's sentences, which cover it: each reaches to the start of the next. Of a stretch of a long
    line, the last sentence is found again with what follows it."""
    while start < end:
        stop = _stretch(text, start, end)
        starts = [start + place for place in _starts(text[start:stop])]
        if stop < end and len(starts) > 1:
            stop = starts.pop()
        yield from zip(starts, [*starts[1:], stop], strict=True)
        start = stop


def _stretch(text: str, start: int, end: int) -> int:
    """The end of what syntok is given at once: behind a word, be it longer than a stretch."""
    stop = start + _LONG_LINE
    if stop >= end:
        return end
    pauses = [found.start() for found in _PAUSE.finditer(text[start:stop])]
    if pauses:
        return start + pauses[-1]
    found = _PAUSE.search(text, stop, end)
    return found.start() if found else end


def _starts(line: str) -> list[int]:
    """The places at which the sentences of a line begin, the first at 0."""
    if len(line) > _LONG_LINE:  # one word
        return [0]
    import syntok.segmenter
    from syntok.tokenizer import Tokenizer

    tokenizer = Tokenizer(emit_hyphen_or_underscore_sep=True, replace_not_contraction=False)
    tokens = tokenizer.tokenize(without_false_stops(line))
    found = [sentence[0].offset for sentence in syntok.segmenter.segment(tokens) if sentence]
    starts = [0]
    for place, following in zip(found[1:], [*found[2:], len(line)], strict=False):
        before, piece = line[starts[-1] : place].strip(), line[place:following].strip()
        if is_border(before, piece, last=following == len(line)):
            starts.append(place)
    return starts
