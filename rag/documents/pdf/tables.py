"""Lines of a PDF that are the rows of a table -> the same rows with every cell under its column.

In: the lines of one table, top to bottom, with the places of their words. Out: the table as a block. Pure.
Columns are the vertical stripes that words fill, told apart by the white space that runs down between them; if a
name spans several of them, the rows with the most cells say where columns are. A row that goes on with the words of the
one above belongs to it, and so do header names on several lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from itertools import pairwise
from typing import NamedTuple

from rag.documents.blocks import Block, table_block
from rag.documents.header_names import spread
from rag.documents.pdf.lines import COLUMN_GAP, Line, Word
from rag.documents.wrapping import join

PART_GAP = 0.5  # of the size: words farther apart may be in two columns; a space between words takes about a quarter
LEAST_WHITE = 0.2  # of the size: white space between two columns
NEXT_LINE = 1.6  # of the size: lines of one cell are closer
SAME_LEFT = 0.5  # of the size: lines of one cell begin below one another
SENTENCE_ENDS = (".", "!", "?", ":", ";")
MOST_HEADERS = 4  # rows
ADDRESS = re.compile(r"@|://|^www\.")  # begins in lower case and goes on with nothing
DIGIT = re.compile(r"\d")
NAMING = re.compile(
    r"(?:FY|CY|Q[1-4]|H[12]|[1-4]Q)?\s?['’]?(?:(?:19|20)\d\d)?|(?:19|20)\d\d\s?[EeAa]?"
)  # 2023, Q1, FY 2023
MOST_GROUP_WORDS = 8
MOST_SET_IN = 3.0  # of the size: rows below the name of their group
SAME_STEP = 1.4  # times: steps from line to line that are the same
MOST_STEP = 2.5  # of the size
FIGURE = re.compile(r"[-+(]?[\d.,]*\d[%)]?")


class _Stripe(NamedTuple):
    left: float
    right: float


def is_row(line: Line) -> bool:
    """Tells if a line has cells, even if its first one could be the number of a list's item."""
    if line.cells > 1:
        return True
    return bool(line.words) and FIGURE.fullmatch(line.words[0].text) is not None and len(_parts(line, COLUMN_GAP)) > 1


def aligned_table(lines: Sequence[Line], known: Set[str]) -> Block:
    """The lines as a table; each as it is if no columns are seen. `known` are words, as `join` takes them."""
    columns = (
        _columns([line for line in lines if not _is_group(line, lines)]) if all(line.words for line in lines) else []
    )
    if not columns:
        return Block("\n".join(line.text for line in lines), kind="table")
    placed = [
        [line.text, *[""] * (len(columns) - 1)] if _is_group(line, lines) else _placed(line, columns) for line in lines
    ]
    whole = _whole_rows(placed, known)
    headers = _header_rows(whole)
    for place in range(headers - 1):
        whole[place] = spread(whole[place], whole[place + 1])
    return table_block(whole, headers)


def names_rows(above: Sequence[Line], line: Line, below: Line) -> bool:
    """Tells if a line within a table, which has no cells, names the rows below it: short, at the table's left, and as
    far from the rows beside it as these are from one another."""
    if line.cells > 1 or not line.words or len(line.words) > MOST_GROUP_WORDS or line.text.endswith(SENTENCE_ENDS):
        return False
    if below.cells < 2 or not any(FIGURE.fullmatch(word.text) for word in below.words):
        return False
    at_left = abs(line.left - min(row.left for row in above)) < SAME_LEFT * line.size
    under = abs(below.left - line.left) < MOST_SET_IN * line.size
    steps = [above[-1].baseline - line.baseline, line.baseline - below.baseline]
    return at_left and under and min(steps) > 0 and max(steps) < min(SAME_STEP * min(steps), MOST_STEP * line.size)


def _is_group(line: Line, lines: Sequence[Line]) -> bool:
    """Tells if a line of a table has one cell, which stands at the left and may reach beyond its column."""
    if line.cells > 1 or len(_parts(line, COLUMN_GAP)) > 1 or sum(row.cells > 1 for row in lines) < 2:
        return False
    return abs(line.left - min(row.left for row in lines)) < SAME_LEFT * line.size and not line.text[:1].islower()


def wraps(above: Line, below: Line) -> bool:
    """Tells if a cell of the line above goes on in the one below: close to it, below its start, in lower case."""
    if not above.words or not below.words or not below.text[0].islower():
        return False
    starts = [(part[0].left, part[-1].text) for part in _parts(above, COLUMN_GAP)]
    aligned = [last for left, last in starts if abs(left - below.words[0].left) < SAME_LEFT * below.size]
    close = 0 < above.baseline - below.baseline < NEXT_LINE * max(above.size, below.size)
    return close and bool(aligned) and not aligned[0].endswith(SENTENCE_ENDS)


def _whole_rows(rows: Sequence[list[str]], known: Set[str]) -> list[list[str]]:
    """The rows, each with those below that go on with its cells."""
    whole: list[list[str]] = []
    for row in rows:
        if whole and _goes_on(whole[-1], row):
            whole[-1] = [join(cell, known) for cell in zip(whole[-1], row, strict=True)]
        else:
            whole.append(row)
    return whole


def _goes_on(above: Sequence[str], row: Sequence[str]) -> bool:
    """Tells if a row goes on with the words of cells above it and has nothing to say of its own.

    A row whose first words are a line of their own ("Income of" / "the mill | 12") has its figures in the second.
    """
    pairs = [(before, cell) for before, cell in zip(above, row, strict=True) if cell]
    going_on = [_same_cell(before, cell) for before, cell in pairs]
    rest = [before for (before, _), going in zip(pairs, going_on, strict=True) if not going]
    if not any(going_on) or any(rest):
        return False
    return not rest or not any(FIGURE.fullmatch(cell) for cell in above)


def _same_cell(above: str, cell: str) -> bool:
    lower = cell[0].islower() and not ADDRESS.search(cell)
    return bool(above) and lower and not above[0].islower() and not above.endswith(SENTENCE_ENDS)


def _header_rows(rows: Sequence[Sequence[str]]) -> int:
    """The number of rows of names, above the first row with figures, that leave the first column to one another."""
    data = next((place for place, row in enumerate(rows) if any(map(_is_value, row))), 0)
    alone = next((place for place, row in enumerate(rows[:data]) if place and sum(map(bool, row)) < 2), data)
    data = min(data, alone)
    if 1 < data <= MOST_HEADERS and all(not (above[0] and below[0]) for above, below in pairwise(rows[:data])):
        return data
    return 1


def _is_value(cell: str) -> bool:
    """Tells if a cell holds a figure that names nothing, as years, quarters and days do."""
    return bool(DIGIT.search(cell)) and not NAMING.fullmatch(cell)


def _columns(lines: Sequence[Line]) -> list[_Stripe]:
    cells = [_parts(line, COLUMN_GAP) for line in lines]
    most = max(map(len, cells))
    white = LEAST_WHITE * min(line.size for line in lines)
    filled = _merged((_extent(part) for line in lines for part in _parts(line, PART_GAP)), white)
    if len(filled) == most:
        return filled
    by_order = _columns_by_order(cells, most)
    more = len(_merged((_extent(part) for row in cells for part in row), white)) > most
    if len(filled) > most and not (more and by_order):
        return filled
    return by_order


def _columns_by_order(cells: Sequence[Sequence[list[Word]]], most: int) -> list[_Stripe]:
    """The columns that the rows with the most cells fill, each with its own; none if they are not apart.

    Names may stand at the left of columns whose figures stand at the right, nearer to the next name than to their own:
    rows that lack the first cell only are counted in.
    """
    full = [row for row in cells if len(row) == most]
    edge = max(row[0][-1].right for row in full)
    columns = [[_extent(cell) for cell in column] for column in zip(*full, strict=True)]
    for row in cells:
        if len(row) == most - 1 > 1 and row[0][0].left > edge:
            for column, cell in zip(columns[1:], row, strict=True):
                column.append(_extent(cell))
    stripes = [_Stripe(min(cell.left for cell in column), max(cell.right for cell in column)) for column in columns]
    apart = all(left.right < right.left for left, right in pairwise(stripes))
    return stripes if apart and len(full) > 1 else []


def _parts(line: Line, gap: float) -> list[list[Word]]:
    """The words of a line, cut where they are farther apart than `gap` of the size."""
    words = _from_left(line.words)
    parts = [[words[0]]] if words else []
    for before, word in zip(words, words[1:], strict=False):
        if word.left - before.right > gap * line.size:
            parts.append([word])
        else:
            parts[-1].append(word)
    return parts


def _from_left(words: Sequence[Word]) -> Sequence[Word]:
    """The words in the order in which they stand; in that of reading if the line is written from the right."""
    rightwards = sum(word.left > before.left for before, word in zip(words, words[1:], strict=False))
    return sorted(words) if 2 * rightwards > len(words) - 1 else words


def _extent(words: Sequence[Word]) -> _Stripe:
    return _Stripe(words[0].left, max(word.right for word in words))


def _merged(extents: Iterable[_Stripe], white: float) -> list[_Stripe]:
    stripes: list[_Stripe] = []
    for extent in sorted(extents):
        if stripes and extent.left < stripes[-1].right + white:
            stripes[-1] = _Stripe(stripes[-1].left, max(stripes[-1].right, extent.right))
        else:
            stripes.append(extent)
    return stripes


def _placed(line: Line, columns: Sequence[_Stripe]) -> list[str]:
    """A cell for each column; what spans several stands in the first."""
    cells = [""] * len(columns)
    for part in _parts(line, PART_GAP):
        extent = _extent(part)
        place = max(range(len(columns)), key=lambda which: _closeness(extent, columns[which], which))
        cells[place] = f"{cells[place]} {' '.join(word.text for word in part)}".strip()
    return cells


def _closeness(extent: _Stripe, column: _Stripe, place: int) -> tuple[float, int]:
    """A key that is largest for the column of a cell: how far the two overlap (negative: are apart), then the first.

    The overlap is a share of the narrower of the two, at most 1.
    """
    shared = min(extent.right, column.right) - max(extent.left, column.left)
    whole = min(extent.right - extent.left, column.right - column.left)
    return (min(1.0, shared / max(whole, 0.1)), -place)
