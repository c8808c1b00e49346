"""Pieces of text on PDF pages -> whole lines, without running titles and page numbers.

In: for each page its pieces in reading order, with their places. Out: for each page its lines. Pure.
A line that stands at the edge of most pages is page furniture; fewer than four pages show no such pattern.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

from rag.types import CELL_SEPARATOR

SAME_LINE = 0.5  # of the size: pieces whose baselines differ by less stand on one line (superscripts, fractions)
SPACE = 0.15  # of the size: pieces closer than this touch
OVERLAP = 0.3  # of the size: how far a piece may reach into the one before it (the slash of a fraction)
COLUMN_GAP = 1.5  # of the size: words farther apart are cells of a row; justified text stays below
FURNITURE_PAGES = 4  # fewer pages show no pattern
FURNITURE_SHARE = 0.6  # of the pages with text that carry the same line at the edge
EDGE_LINES = 2  # lines at the top and at the bottom that may be page furniture

LEADER = re.compile(r"\s*(?:[.·…_]\s?){5,}\s*")  # dots that lead from an entry to its page
DIGITS = re.compile(r"\d+")


class Line(NamedTuple):
    """A line, its place in points (the baseline grows upwards) and its looks."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool = False
    cells: int = 1  # stretches of text with wide gaps between them
    upright: bool = True


def whole_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Pieces that stand side by side are put together; page furniture is dropped."""
    return _without_furniture([_one_piece(pieces) for pieces in pages])


def _one_piece(lines: Sequence[Line]) -> list[Line]:
    """Pieces that stand side by side on one line are put together."""
    whole: list[Line] = []
    for line in map(_without_leader, lines):
        if whole and _is_beside(whole[-1], line):
            whole[-1] = _put_together(whole[-1], line)
        else:
            whole.append(line)
    return whole


def _without_leader(line: Line) -> Line:
    text, count = LEADER.subn(CELL_SEPARATOR, line.text)
    return line._replace(text=text.removesuffix(CELL_SEPARATOR), cells=line.cells + count) if count else line


def _is_beside(first: Line, second: Line) -> bool:
    size = max(first.size, second.size)
    return abs(first.baseline - second.baseline) < SAME_LINE * size and second.left > first.right - OVERLAP * size


def _put_together(first: Line, second: Line) -> Line:
    """The larger of the two says where the line stands and how it looks: the other is a superscript."""
    larger = first if first.right - first.left >= second.right - second.left else second
    gap = (second.left - first.right) / max(first.size, second.size)
    separator = "" if gap < SPACE else " " if gap < COLUMN_GAP else CELL_SEPARATOR
    cells = first.cells + second.cells - (gap < COLUMN_GAP)
    return larger._replace(text=first.text + separator + second.text, left=first.left, right=second.right, cells=cells)


def _without_furniture(pages: list[list[Line]]) -> list[list[Line]]:
    """Drops running titles and page numbers: lines at a page's edge that differ between pages in digits at most."""
    seen = Counter(key for lines in pages for key in _patterns_of_edges(lines))
    filled = sum(bool(lines) for lines in pages)
    repeated = {key for key, count in seen.items() if count >= FURNITURE_SHARE * filled}
    if filled < FURNITURE_PAGES or not repeated:
        return pages
    return [_kept(lines, repeated) for lines in pages]


def _patterns_of_edges(lines: Sequence[Line]) -> set[str]:
    """Without those that stand inside the page too: rows of figures that run over many pages."""
    edges = _edges(lines)
    return {_pattern(line) for line in edges} - {_pattern(line) for line in lines if line not in edges}


def _kept(lines: list[Line], repeated: Set[str]) -> list[Line]:
    edges = _edges(lines)
    kept = [line for line in lines if line not in edges or _pattern(line) not in repeated]
    return kept or lines


def _edges(lines: Iterable[Line]) -> list[Line]:
    by_height = sorted(lines, key=lambda line: line.baseline)
    return by_height[:EDGE_LINES] + by_height[EDGE_LINES:][-EDGE_LINES:]


def _pattern(line: Line) -> str:
    return DIGITS.sub("0", line.text)
