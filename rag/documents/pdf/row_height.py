"""Cells of one row that stand beside each other, one of them in several lines -> the row as one line.

In: the whole lines of a page in reading order. Out: the same; where the lines of a cell stand above the baseline of the
others, or above and below it, as in tables whose cells are at the bottom or in the middle of their row, the row is put
together. Pure. A cell that begins on the baseline of its row is left to `tables.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from statistics import mean

from rag.documents.pdf.lines import COLUMN_GAP, Line, Word, made_of
from rag.types import CELL_SEPARATOR

SAME_LEFT = 0.5  # of the size: the lines of a cell begin below each other
LEAST_STEP, MOST_STEP = 0.8, 1.7  # of the size: from one line of a cell to the next
SAME_HEIGHT = 0.3  # of the size: the middles, or the last lines, of the cells of a row
MOST_LINES = 24  # of a row


def with_whole_rows(lines: Sequence[Line]) -> list[Line]:
    """The lines, such rows as one each."""
    read: list[Line] = []
    place = 0
    while place < len(lines):
        row, taken = _row_at(lines, place)
        read.append(row)
        place += taken
    return read


def _row_at(lines: Sequence[Line], place: int) -> tuple[Line, int]:
    """The row that begins with the line at `place`, and the number of its lines; that line alone if it begins none, or
    goes on with a column."""
    if place and _is_below([lines[place - 1]], lines[place]):
        return lines[place], 1
    pieces = [piece for line in lines[place : place + MOST_LINES] for piece in _pieces(line)]
    cells = list(_cells(pieces))
    count = sum(map(len, cells))
    borders = list(accumulate(len(_pieces(line)) for line in lines[place : place + MOST_LINES]))
    while cells and count not in borders:  # the line that ends the row begins another one
        count -= len(cells.pop())
    if not _is_row(cells):
        return lines[place], 1
    return _row(cells), borders.index(count) + 1


def _pieces(line: Line) -> list[Line]:
    """The cells of a line, each as a line."""
    if line.cells == 1 or not line.words:
        return [line]
    cells = [[line.words[0]]]
    for before, word in pairwise(line.words):
        if word.left - before.right > COLUMN_GAP * line.size:
            cells.append([])
        cells[-1].append(word)
    return [made_of(line, cell) for cell in cells]


def _cells(pieces: Sequence[Line]) -> Iterator[list[Line]]:
    """The pieces from the first on as cells from left to right, as far as each begins behind the one before."""
    cell: list[Line] = []
    right = float("-inf")  # of the cells before
    for piece in pieces:
        if not piece.words or not piece.upright:
            break
        if cell and _is_below(cell, piece):
            cell.append(piece)
        elif not cell or piece.left - max(right, *(one.right for one in cell)) > COLUMN_GAP * piece.size:
            if cell:
                yield cell
                right = max(right, *(one.right for one in cell))
            cell = [piece]
        else:
            break
    if cell:
        yield cell


def _is_below(cell: Sequence[Line], line: Line) -> bool:
    step = cell[-1].baseline - line.baseline
    aligned = abs(cell[0].left - line.left) < SAME_LEFT * line.size and cell[-1].cells == line.cells == 1
    return aligned and LEAST_STEP * line.size < step < MOST_STEP * line.size


def _is_row(cells: Sequence[Sequence[Line]]) -> bool:
    """True if cells of one line and of several have the same middle, or end on one line behind a first cell of one."""
    if len(cells) < 2 or min(map(len, cells)) > 1 or max(map(len, cells)) < 2:
        return False
    size = cells[0][0].size
    middles = [mean((cell[0].baseline, cell[-1].baseline)) for cell in cells]
    ends = [cell[-1].baseline for cell in cells]
    heights = [middles, ends] if len(cells[0]) == 1 else [middles]
    return any(max(places) - min(places) < SAME_HEIGHT * size for places in heights)


def _row(cells: Sequence[Sequence[Line]]) -> Line:
    """The line of the row, in the middle of its height; a cell of several lines is one word of it."""
    first = next(cell[0] for cell in cells if len(cell) == 1)
    lines = [line for cell in cells for line in cell]
    baselines = [line.baseline for line in lines]
    return first._replace(
        text=CELL_SEPARATOR.join(map(_text, cells)),
        left=min(line.left for line in lines),
        right=max(line.right for line in lines),
        baseline=mean((max(baselines), min(baselines))),
        reach=(max(baselines) - min(baselines)) / 2,
        cells=sum(cell[0].cells for cell in cells),
        words=tuple(word for cell in cells for word in _words(cell)),
    )


def _text(cell: Sequence[Line]) -> str:
    return " ".join(line.text for line in cell)


def _words(cell: Sequence[Line]) -> tuple[Word, ...]:
    if len(cell) == 1:
        return cell[0].words
    return (Word(min(line.left for line in cell), max(line.right for line in cell), _text(cell)),)
