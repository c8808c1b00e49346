"""Pieces of text on PDF pages -> those that are read, without watermarks and line numbers.

In: for each page its pieces in reading order. Out: the same; what is written across most pages is left out, what is
written across one of them comes last on it, and no numbers stand before the lines. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low
from typing import NamedTuple

from rag.documents.pdf.lines import Line, made_of

ACROSS_SHARE = 0.5  # of the pages with text, and at least two: a watermark
LARGER = 1.2  # times the page's usual size: text across the page, and not a label in a figure
LEAST_NUMBERED = 5  # lines; fewer numbers are those of items
STEPS = (1, 5)  # by which line numbers go up
SAME_EDGE = 0.6  # of the size: numbers of lines stand below one another
RUN_ON_SHARE = 0.25  # of numbered lines that go on with the sentence above: an item does not
CLEAR = 0.4  # of the size: white space between a number and its line


class Read(NamedTuple):
    """The pieces of each page that are read, and an example of each that is left out."""

    pages: list[list[Line]]
    dropped: list[str]


def without_marginal(pages: Sequence[Sequence[Line]]) -> Read:
    """Leaves out watermarks and line numbers."""
    filled = sum(map(bool, pages))
    across = [_across(lines) for lines in pages]
    count = Counter(text for lines in across for text in {line.text for line in lines})
    repeated = {text for text, times in count.items() if times >= max(2, ACROSS_SHARE * filled)}
    read = []
    for lines, marks in zip(pages, map(frozenset, across), strict=True):
        upright = [line for line in lines if line not in marks]
        last = [line for line in lines if line in marks and (line.text not in repeated or not upright)]
        read.append([*_without_numbers(upright), *last])
    return Read(read, sorted(repeated))


def _across(lines: Sequence[Line]) -> list[Line]:
    """The lines written across the page: aslant, or upwards in large letters on a page of upright lines."""
    upright = [line.size for line in lines if line.upright]
    if len(lines) > 1 and 2 * len(upright) < len(lines):
        return []
    least = LARGER * median_low(upright) if upright else 0.0
    return [line for line in lines if not line.upright and not line.vertical and line.size >= least]


def _without_numbers(lines: list[Line]) -> list[Line]:
    """The lines without the numbers that count them in the margin, as words of theirs or as pieces of their own."""
    numbered = [(place, line) for place, line in enumerate(lines) if line.words and _starts_with_number(line)]
    if len(numbered) < LEAST_NUMBERED:
        return lines
    margin = _in_one_margin(numbered, lines)
    if len(margin) < LEAST_NUMBERED or not _count(margin) or not _is_prose(margin, lines):
        return lines
    places = {place for place, _ in margin}
    return [made_of(line, line.words[1:]) if place in places else line for place, line in enumerate(lines) if
            place not in places or len(line.words) > 1]  # fmt: skip


def _starts_with_number(line: Line) -> bool:
    return line.upright and line.words[0].text.isdecimal() and len(line.words[0].text) <= 4


def _in_one_margin(numbered: Sequence[tuple[int, Line]], lines: Sequence[Line]) -> list[tuple[int, Line]]:
    """Numbers that stand below one another at the left of all other words, one for each height."""
    ends = Counter(round(line.words[0].right) for _, line in numbered)
    starts = Counter(round(line.words[0].left) for _, line in numbered)
    by_end = ends.most_common(1)[0][1] >= starts.most_common(1)[0][1]
    edge = (ends if by_end else starts).most_common(1)[0][0]
    chosen = [
        (place, line)
        for place, line in numbered
        if abs((line.words[0].right if by_end else line.words[0].left) - edge) <= SAME_EDGE * line.size
    ]
    places = {place for place, _ in chosen}
    rest = [line.words[1].left for _, line in chosen if len(line.words) > 1]
    rest += [line.left for place, line in enumerate(lines) if place not in places and line.upright]
    right = max(line.words[0].right for _, line in chosen)
    close = sum(left < right + CLEAR * lines[0].size for left in rest)
    return [] if not rest or close > len(rest) / 10 else chosen


def _count(margin: Sequence[tuple[int, Line]]) -> bool:
    """Tells if the numbers go up by one step from line to line."""
    numbers = [int(line.words[0].text) for _, line in sorted(margin, key=lambda item: -item[1].baseline)]
    steps = [after - before for before, after in pairwise(numbers)]
    return any(sum(found == step for found in steps) >= 0.8 * len(steps) for step in STEPS)


def _is_prose(margin: Sequence[tuple[int, Line]], lines: Sequence[Line]) -> bool:
    """Tells if the lines beside the numbers go on with one another's sentences, as items do not."""
    places = {place for place, _ in margin}
    texts = [
        " ".join(word.text for word in (line.words[1:] if place in places else line.words))
        for place, line in sorted(enumerate(lines), key=lambda item: -item[1].baseline)
    ]
    texts = [text for text in texts if text]
    run_on = sum(after[0].islower() and before[-1] not in ".!?:;" for before, after in pairwise(texts))
    return run_on >= RUN_ON_SHARE * max(1, len(texts) - 1)
