"""Pieces of text on PDF pages -> whole lines.

In: for each page its pieces in reading order, with their places. Out: for each page its lines. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.documents.pdf.shifted import HIGHER, LOWER, SMALLER
from rag.documents.raised import LOWERED, RAISED, TextRun, joined_runs
from rag.types import CELL_SEPARATOR

SAME_LINE = 0.5  # of the size: pieces whose baselines differ by less stand on one line (superscripts, fractions)
SPACE = 0.15  # of the size: pieces closer than this touch
OVERLAP = 0.3  # of the size: how far a piece may reach into the one before it (the slash of a fraction)
COLUMN_GAP = 1.5  # of the size: words farther apart are cells of a row; justified text stays below

LONE_MARKER = re.compile(r"[^\w\s]|[(\[]?\w{1,5}[.)\]]|\d+(?:[.-]\d+)*")  # before the text of an item or heading
YEAR = re.compile(r"(?:19|20)\d\d")  # years beside one another name columns
LEADER = re.compile(r"(?:(?<!\s)\s+)?(?:[.·…_]\s?){5,}\s*")  # dots that lead from an entry to its page


class Word(NamedTuple):
    """A word and where it begins and ends along its line."""

    left: float
    right: float
    text: str


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
    vertical: bool = False  # characters one below the other, lines from right to left
    words: tuple[Word, ...] = ()  # empty if their places are not known or of no use
    reach: float = (
        0.0  # of a row whose cells have several lines: from its baseline, in its middle, to the first and last
    )


def whole_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The lines of each page: pieces that stand side by side are put together.

    No line is without text: one that holds nothing but the dots of a leader is dropped.
    """
    return [[line for line in _one_piece(_from_right(pieces)) if line.text] for pieces in pages]


def spaced(words: Sequence[str], spans: Sequence[tuple[float, float]], size: float) -> tuple[str, int]:
    """The line's text and the number of its cells: words with a wide gap between them are cells of a row."""
    text, cells = words[0], 1
    years = len(words) > 1 and all(map(YEAR.fullmatch, words))
    for word, before, after in zip(words[1:], spans, spans[1:], strict=False):
        apart = after[0] - before[1] > COLUMN_GAP * size and not (LONE_MARKER.fullmatch(text) and not years)
        text += (CELL_SEPARATOR if apart else " ") + word
        cells += apart
    return text, cells


def made_of(line: Line, words: Sequence[Word]) -> Line:
    """The line with these of its words only."""
    text, cells = spaced([word.text for word in words], [(word.left, word.right) for word in words], line.size)
    return line._replace(text=text, cells=cells, words=tuple(words), left=words[0].left, right=words[-1].right)


def _from_right(pieces: Sequence[Line]) -> Sequence[Line]:
    """The pieces in reading order: a page of vertical lines is read from its right, one row of them after the other."""
    if not pieces or not all(piece.vertical for piece in pieces):
        return pieces
    rows: list[list[Line]] = []
    end = 0.0  # of the row
    for piece in sorted(pieces, key=lambda piece: piece.left):
        if not rows or piece.left >= end:
            rows.append([])
            end = piece.right
        rows[-1].append(piece)
        end = max(end, piece.right)
    return [piece for row in rows for piece in sorted(row, key=lambda piece: -piece.baseline)]


def _one_piece(lines: Sequence[Line]) -> list[Line]:
    """The page's lines, each put together from the pieces that stand side by side on it."""
    whole: list[Line] = []
    for line in map(_without_leader, lines):
        if whole and _is_beside(whole[-1], line):
            whole[-1] = _put_together(whole[-1], line)
        else:
            whole.append(line)
    return whole


def _without_leader(line: Line) -> Line:
    text, count = LEADER.subn(CELL_SEPARATOR, line.text)
    if not count:
        return line
    return line._replace(text=text.removesuffix(CELL_SEPARATOR), cells=line.cells + count, words=())


def _is_beside(first: Line, second: Line) -> bool:
    size = max(first.size, second.size)
    return abs(first.baseline - second.baseline) < SAME_LINE * size and second.left > first.right - OVERLAP * size


def _put_together(first: Line, second: Line) -> Line:
    """The line of both. The larger one says where it stands and how it looks: the other is a superscript."""
    larger = first if first.right - first.left >= second.right - second.left else second
    gap = (second.left - first.right) / max(first.size, second.size)
    separator = "" if gap < SPACE else " " if gap < COLUMN_GAP else CELL_SEPARATOR
    cells = first.cells + second.cells - (gap < COLUMN_GAP)
    shift = 0 if separator else _shift(first, second)
    runs = [TextRun(first.text + separator), TextRun(second.text, shift)]
    text = joined_runs(runs) if shift else runs[0].text + second.text
    words = _words_of_both(first, second, bool(separator), shift)
    return larger._replace(text=text, left=first.left, right=second.right, cells=cells, words=words)


def _shift(first: Line, second: Line) -> int:
    """The shift of a figure that touches the line before it and is smaller."""
    if second.size > SMALLER * first.size or not any(map(str.isdecimal, second.text)):
        return 0
    step = (second.baseline - first.baseline) / first.size
    return RAISED if step > HIGHER else LOWERED if step < -LOWER else 0


def _words_of_both(first: Line, second: Line, apart: bool, shift: int) -> tuple[Word, ...]:
    if not first.words or not second.words:
        return ()
    if apart:
        return first.words + second.words
    runs = [TextRun(first.words[-1].text), TextRun(second.words[0].text, shift)]
    whole = Word(first.words[-1].left, second.words[0].right, joined_runs(runs))
    return (*first.words[:-1], whole, *second.words[1:])
