"""Lines of a page that are the cells of a table, written column by column -> the rows of that table.

In: the whole lines of a page in reading order. Out: the same, but for such a table its rows. Pure. Columns of prose,
lists side by side and addresses stay as they are: a table has three columns or more, or one of figures, or is the
header of a row of figures, and its cells are short and level with one another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import mean

from rag.documents.pdf.lines import Line, Word
from rag.types import CELL_SEPARATOR

LEAST_ROWS = 3
MOST_ROWS = 200  # of a page; what has more is not read by columns
FARTHEST = 4.0  # of the size: from one cell to the next below it
LEVEL = 0.3  # of the size: cells of one row differ by less
MOST_LEVEL = 0.7  # share of a column's cells that are level with those of the first
LONGEST_CELL = 4.0  # words, on average
FIGURES = 0.6  # share of the cells below the first
FIGURE = re.compile(
    r"[^\w\s]{0,2}\s?[-+(]?\d[\d.,:/ -]*[^\w\s]{0,2}(?:\s?\w{1,3})?"
)  # 12, (1.5), 12 %, $3, 10:30, 4 kg


def rows_of_columns(lines: Sequence[Line]) -> list[Line]:
    """The lines, with the rows of tables, or their one row of names, in place of their columns."""
    read: list[Line] = []
    place = 0
    while place < len(lines):
        columns = _columns(lines, place)
        after = place + sum(map(len, columns))
        rows = _table(columns, lines[after : after + 1])
        read += rows or [lines[place]]
        place = after if rows else place + 1
    return read


def _table(columns: Sequence[Sequence[Line]], following: Sequence[Line]) -> list[Line]:
    """The rows that the columns make; none if they are no table. `following` is the line below them, if any."""
    if len(columns) < 2 or not _are_level(columns):
        return []
    if any(map(_is_of_figures, columns[1:])):
        return _rows(columns)
    if _is_row_of_figures(following, columns):
        return [_header(columns)]
    return _rows(columns) if len(columns) > 2 and _is_table_of_words(columns) else []


def _columns(lines: Sequence[Line], place: int) -> list[list[Line]]:
    """The columns that follow one another from a place on, each at the right of the one before and as high."""
    columns: list[list[Line]] = []
    while place < len(lines):
        left = max((line.right for column in columns[-1:] for line in column), default=float("-inf"))
        top = columns[0][0] if columns else lines[place]
        if columns and not _is_level(top, lines[place]):
            break
        column: list[Line] = []
        for line in lines[place : place + MOST_ROWS]:
            if not line.words or not line.upright or line.cells > 1 or line.left <= left:
                break
            if column and not 0 < column[-1].baseline - line.baseline < FARTHEST * line.size:
                break
            column.append(line)
        if len(column) < LEAST_ROWS:
            break
        columns.append(column)
        place += len(column)
    return columns


def _is_level(first: Line, second: Line) -> bool:
    return abs(first.baseline - second.baseline) < LEVEL * max(first.size, second.size)


def _are_level(columns: Sequence[Sequence[Line]]) -> bool:
    """Tells if short cells stand beside one another in all columns."""
    for column in columns:
        level = sum(any(_is_level(cell, first) for first in columns[0]) for cell in column)
        if level < MOST_LEVEL * len(column) or mean(len(cell.words) for cell in column) > LONGEST_CELL:
            return False
    return True


def _is_row_of_figures(following: Sequence[Line], columns: Sequence[Sequence[Line]]) -> bool:
    """Tells if the line below the columns is a row with figures: then they are its header, names on several lines."""
    lowest = min(cell.baseline for column in columns for cell in column)
    size = columns[0][0].size
    return any(
        line.cells > 1 and 0 < lowest - line.baseline < FARTHEST * size and any(map(str.isdecimal, line.text))
        for line in following
    )


def _is_table_of_words(columns: Sequence[Sequence[Line]]) -> bool:
    """Tells if the cells are words by themselves, and as many in all columns: no names that wrap."""
    begins = all(cell.text[0].isupper() or cell.text[0].isdecimal() for column in columns for cell in column)
    return begins and len({len(column) for column in columns}) == 1


def _header(columns: Sequence[Sequence[Line]]) -> Line:
    """The row of the columns' names, each of them a word as far as its place matters."""
    names = [
        Word(
            min(cell.left for cell in column),
            max(cell.right for cell in column),
            " ".join(cell.text for cell in column),
        )
        for column in columns
    ]
    text = CELL_SEPARATOR.join(name.text for name in names)
    last = min((cell for column in columns for cell in column), key=lambda cell: cell.baseline)
    return last._replace(text=text, left=names[0].left, right=names[-1].right, cells=len(names), words=tuple(names))


def _is_of_figures(column: Sequence[Line]) -> bool:
    figures = sum(FIGURE.fullmatch(cell.text) is not None for cell in column[1:])
    return figures >= FIGURES * (len(column) - 1)


def _rows(columns: Sequence[Sequence[Line]]) -> list[Line]:
    """The rows from the top; a cell level with none of the first column is in a row without it."""
    rows: list[list[Line]] = []
    for cell in sorted((cell for column in columns for cell in column), key=lambda cell: -cell.baseline):
        if rows and _is_level(rows[-1][0], cell):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return [_row(sorted(row, key=lambda cell: cell.left)) for row in rows]


def _row(cells: Sequence[Line]) -> Line:
    text = CELL_SEPARATOR.join(cell.text for cell in cells)
    words = tuple(word for cell in cells for word in cell.words)
    return cells[0]._replace(text=text, right=cells[-1].right, cells=len(cells), words=words)
