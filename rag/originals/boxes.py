"""A place in a document -> the rectangles that it fills on a page.

In: the text of a page, its glyphs, and which glyph each character is. Out: one rectangle a line, in points of the page
as it is shown. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import pairwise
from typing import NamedTuple

from rag.originals.alignment import NONE
from rag.originals.glyphs import Glyph

MOST_OF_LINE = 1.8  # of its largest character: a stretch that is thicker lies on several lines, or aslant
SAME_ROW = 0.5  # share of the lower of two stretches that lies beside the other one
LEAST_FOUND = 0.5  # share of the characters of a place that must be found on the page


class Rectangle(NamedTuple):
    """A part of a page, in points from its top left."""

    left: float
    top: float
    right: float
    bottom: float


def boxes_of(text: str, glyphs: Sequence[Glyph], alignment: Sequence[int], start: int, end: int) -> list[Rectangle]:
    """The rectangles of `text[start:end]`, in the order of reading; none if less than half of it is on the page."""
    wanted = [number for number in alignment[start:end] if number != NONE]
    if len(wanted) < max(1, LEAST_FOUND * sum(not character.isspace() for character in text[start:end])):
        return []
    others = {number for number in (*alignment[:start], *alignment[end:]) if number != NONE}
    runs = list(_with_hyphens(_runs(sorted(wanted), glyphs, others), wanted[-1], glyphs, others))
    parts = [part for run in runs for part in _straight([glyphs[number] for number in run])]
    return _rows(parts, [glyphs[number] for number in others])


def _runs(numbers: Sequence[int], glyphs: Sequence[Glyph], others: Set[int]) -> Iterator[list[int]]:
    """The numbers, cut where a line ends and where other words of the document stand between."""
    run = [numbers[0]]
    for before, number in pairwise(numbers):
        if glyphs[before].line != glyphs[number].line or not others.isdisjoint(range(before + 1, number)):
            yield run
            run = []
        run.append(number)
    yield run


def _with_hyphens(
    runs: Iterator[list[int]], last: int, glyphs: Sequence[Glyph], others: Set[int]
) -> Iterator[list[int]]:
    """The runs, with the hyphens at the ends of lines that the text has not; `last` ends the place."""
    for run in runs:
        behind = run[-1] + 1
        whole = behind < len(glyphs) and glyphs[behind].word == glyphs[run[-1]].word
        if whole and run[-1] != last and behind not in others and glyphs[behind].text in "-\u2010":
            run.append(behind)
        yield run


def _straight(glyphs: Sequence[Glyph]) -> Iterator[Rectangle]:
    """The rectangle around the glyphs; several if they do not lie along an edge of the page."""
    around = _around(glyphs)
    largest = max(max(glyph.right - glyph.left, glyph.bottom - glyph.top) for glyph in glyphs)
    if len(glyphs) == 1 or min(around.right - around.left, around.bottom - around.top) <= MOST_OF_LINE * largest:
        yield around
        return
    cut = max(range(1, len(glyphs)), key=lambda place: _apart(glyphs[place - 1], glyphs[place]))
    yield from _straight(glyphs[:cut])
    yield from _straight(glyphs[cut:])


def _apart(first: Glyph, second: Glyph) -> float:
    """The distance between the middles of two glyphs, along the sides of the page."""
    across = abs(first.left + first.right - second.left - second.right)
    return across + abs(first.top + first.bottom - second.top - second.bottom)


def _around(parts: Sequence[Glyph] | Sequence[Rectangle]) -> Rectangle:
    return Rectangle(
        min(part.left for part in parts),
        min(part.top for part in parts),
        max(part.right for part in parts),
        max(part.bottom for part in parts),
    )


def _rows(parts: Sequence[Rectangle], others: Sequence[Glyph]) -> list[Rectangle]:
    """The parts, those that stand side by side as one if nothing else of the text is drawn between them."""
    rows: list[Rectangle] = []
    for part in parts:
        both = _around([rows[-1], part]) if rows and _is_beside(rows[-1], part) else None
        if both is not None and not any(_meets(both, other) for other in others):
            rows[-1] = both
        else:
            rows.append(part)
    return rows


def _is_beside(first: Rectangle, second: Rectangle) -> bool:
    """Tells if two parts of lines that run across the page are on one row."""
    heights = first.bottom - first.top, second.bottom - second.top
    shared = min(first.bottom, second.bottom) - max(first.top, second.top)
    flat = max(heights) <= max(first.right - first.left, second.right - second.left)
    return flat and shared >= SAME_ROW * min(heights)


def _meets(box: Rectangle, glyph: Glyph) -> bool:
    """Tells if the middle of a glyph lies in a rectangle."""
    across, down = (glyph.left + glyph.right) / 2, (glyph.top + glyph.bottom) / 2
    return box.left < across < box.right and box.top < down < box.bottom
