"""Lines of a table whose cells nearly touch -> the same lines with the borders of their cells.

In: the whole lines of a page in reading order. Out: the same. The widest cell of a column may end so close to the next
one that no gap tells them apart: "Global brightness 250" between "Effect speed | 249" and "Palette | 247". Such a line
has the size and the left edge of a row beside it, words that begin or end where the row's other cells do, and wider
gaps there than elsewhere. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.documents.pdf.lines import COLUMN_GAP, Line, Word
from rag.types import CELL_SEPARATOR

FIGURE = re.compile(r"[-+(]?[\d.,]*\d[%)]?")
SAME_EDGE = 0.2  # of the size
FARTHEST = 3.0  # of the size: from a row to the next
LEAST_GAP = 0.3  # of the size
WIDER = 1.4  # times the other gaps of the line


def with_close_cells(lines: Sequence[Line]) -> list[Line]:
    """The lines, those that are rows with the separators of their cells."""
    read = list(lines)
    cells: dict[int, list[list[Word]]] = {}  # of the lines that are rows
    for place, line in enumerate(read):
        if line.words and line.cells > 1:
            cells[place] = _cells(line)
    for place in [*range(1, len(read)), *range(len(read) - 2, -1, -1)]:  # from the rows above, then from those below
        for beside in (place - 1, place + 1):
            if place not in cells and beside in cells and read[place].cells == 1:
                found = _as_row(read[place], read[beside], cells[beside])
                if found is not None:
                    read[place], cells[place] = found
    return read


def _as_row(line: Line, row: Line, cells: list[list[Word]]) -> tuple[Line, list[list[Word]]] | None:
    """The line with the borders of the row's cells, and its own cells; None if it has none there.

    It begins where the row does, or, as names of columns do, where a later cell of it does.
    """
    near = abs(line.baseline - row.baseline) < FARTHEST * line.size and abs(line.size - row.size) < 0.1 * line.size
    if not (near and line.words and line.upright):
        return None
    first = 0
    if abs(line.left - row.left) > line.size:
        first = next((place for place, cell in enumerate(cells) if place and _fits(line.words[0], cell, line.size)), 0)
        if not first or len(cells) - first < 2:
            return None
    begins = [_border(line, cell) for cell in cells[first + 1 :]]
    borders = [begin for begin in begins if begin is not None]
    if len(cells) < 2 or len(borders) != len(begins) or sorted(set(borders)) != borders:
        return None
    gaps = [after.left - before.right for before, after in pairwise(line.words)]
    inner = [gap for number, gap in enumerate(gaps, 1) if number not in borders]
    if any(gaps[border - 1] < max(LEAST_GAP * line.size, WIDER * max(inner, default=0.0)) for border in borders):
        return None
    own = [list(line.words[a:b]) for a, b in pairwise([0, *borders, len(line.words)])]
    texts = [" ".join(word.text for word in words) for words in own]
    return line._replace(text=CELL_SEPARATOR.join(texts), cells=len(texts)), own


def _cells(row: Line) -> list[list[Word]]:
    """The words of the row by its wide gaps; each of a row of figures by itself."""
    gap = LEAST_GAP if all(FIGURE.fullmatch(word.text) for word in row.words) else COLUMN_GAP
    cells = [[row.words[0]]]
    for before, word in pairwise(row.words):
        if word.left - before.right > gap * row.size:
            cells.append([])
        cells[-1].append(word)
    return cells


def _border(line: Line, cell: Sequence[Word]) -> int | None:
    """The number of the line's word, but the first, that begins where the cell begins; or of a cell of one word, ends
    where it ends, or has the same middle."""
    return next((number for number, word in enumerate(line.words) if number and _fits(word, cell, line.size)), None)


def _fits(word: Word, cell: Sequence[Word], size: float) -> bool:
    apart = [word.left - cell[0].left]
    if len(cell) == 1:
        apart += [word.right - cell[0].right, (word.left + word.right - cell[0].left - cell[0].right) / 2]
    return any(abs(distance) < SAME_EDGE * size for distance in apart)
