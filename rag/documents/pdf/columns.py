"""Lines that reach over several columns of prose -> the lines of each column, one column after the other.

In: the whole lines of a page in reading order. Out: the same; where a file writes two columns line by line, so that
they look like the rows of a table, each column is put together again. Pure. Tables stay as they are: their cells end
sentences together, hold few words or figures, or do not fill their columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import mean
from typing import NamedTuple

from rag.documents.pdf.lines import COLUMN_GAP, Line, Word, made_of

LEAST_LINES = 3  # of each of two columns
MOST_LINES = 200  # that are looked at together: a page has fewer, and what has more is not read twice and thrice
MOST_COLUMNS = 4
FARTHEST = 2.5  # of the size: from one line of a paragraph to the next
WORDS = 3.0  # in a line of prose, on average
RUN_ON = 0.4  # share of a column's lines that go on with a sentence; a third of German words has a capital
FEW_STARTS = 0.25  # share of the rows in which no column goes on: where the rows of a table begin
WIDER = 1.25  # times the usual distance: a row of a table begins
FILLED = 0.7  # of the column, by its middle line
SENTENCE_ENDS = (".", "!", "?", ":", ";", "…", "。")


class _Gutter(NamedTuple):
    """The white space between two columns."""

    left: float
    right: float


def without_interleaving(lines: Sequence[Line]) -> list[Line]:
    """The lines, columns of prose one after the other."""
    read: list[Line] = []
    place = 0
    while place < len(lines):
        run, gutters = _run(lines[place : place + MOST_LINES])
        columns = _columns(run, gutters) if gutters else []
        if columns and _are_prose(columns):
            read += [line for column in columns for line in column if line is not None]
            place += len(run)
        else:
            read.append(lines[place])
            place += 1
    return read


def _run(lines: Sequence[Line]) -> tuple[list[Line], list[_Gutter]]:
    """The lines from the first on that leave the same gutters free; none of a page's lines if the first has no gap."""
    run: list[Line] = []
    gutters: list[_Gutter] = []
    for line in lines:
        if not line.words or not line.upright or (run and not _is_below(run[-1], line)):
            break
        gaps = _gaps(line)
        if not run:
            if not 1 <= len(gaps) < MOST_COLUMNS:
                break
            gutters = gaps
        else:
            narrowed = _narrowed(gutters, line)
            if narrowed is None:
                break
            gutters = narrowed
        run.append(line)
    return run, gutters


def _is_below(above: Line, line: Line) -> bool:
    size = max(above.size, line.size)
    return 0 < above.baseline - line.baseline < FARTHEST * size and abs(above.size - line.size) < 0.1 * size


def _gaps(line: Line) -> list[_Gutter]:
    """The wide gaps between its words."""
    words = sorted(line.words)
    pairs = pairwise(words)
    return [_Gutter(a.right, b.left) for a, b in pairs if b.left - a.right > COLUMN_GAP * line.size]


def _narrowed(gutters: Sequence[_Gutter], line: Line) -> list[_Gutter] | None:
    """Parts of the gutters that the line leaves free; None if one of them is no longer there."""
    narrowed = []
    for gutter in gutters:
        middle = (gutter.left + gutter.right) / 2
        left = max((word.right for word in line.words if word.left < middle), default=gutter.left)
        right = min((word.left for word in line.words if word.left >= middle), default=gutter.right)
        free = _Gutter(max(gutter.left, left), min(gutter.right, right))
        if free.right - free.left < COLUMN_GAP * line.size / 2:
            return None
        narrowed.append(free)
    return narrowed


def _columns(run: Sequence[Line], gutters: Sequence[_Gutter]) -> list[list[Line | None]]:
    """The lines of each column, None where it has none beside those of the others."""
    edges = [(gutter.left + gutter.right) / 2 for gutter in gutters]
    columns: list[list[Line | None]] = [[] for _ in range(len(edges) + 1)]
    for line in run:
        parts: list[list[Word]] = [[] for _ in columns]
        for word in line.words:
            parts[sum(word.left > edge for edge in edges)].append(word)
        for column, words in zip(columns, parts, strict=True):
            column.append(made_of(line, words) if words else None)
    return columns


def _are_prose(columns: Sequence[Sequence[Line | None]]) -> bool:
    full = [[line for line in column if line is not None] for column in columns]
    if any(len(column) < LEAST_LINES for column in full) or not all(map(_is_prose, full)):
        return False
    rows = [row for row in zip(*columns, strict=True) if all(line is not None for line in row)]
    steps = [
        (above, below, above[0].baseline - below[0].baseline)
        for above, below in pairwise([[line for line in row if line is not None] for row in rows])
    ]
    if not steps:
        return False
    usual = sorted(step for _, _, step in steps)[len(steps) // 2]
    starts = [step for above, below, step in steps if not any(map(_goes_on, above, below))]
    return len(starts) <= FEW_STARTS * len(steps) and all(step < WIDER * usual for step in starts)


def _is_prose(column: Sequence[Line]) -> bool:
    if mean(len(line.words) for line in column) < WORDS or any(line.cells > 1 for line in column):
        return False
    widths = sorted(line.right - line.left for line in column)
    going_on = sum(_goes_on(above, below) for above, below in pairwise(column))
    return widths[len(widths) // 2] >= FILLED * widths[-1] and going_on >= RUN_ON * (len(column) - 1)


def _goes_on(above: Line, below: Line) -> bool:
    return below.text[0].islower() and not above.text.endswith(SENTENCE_ENDS)
