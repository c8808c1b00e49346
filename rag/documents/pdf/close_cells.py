"""Lines of a table whose cells nearly touch -> the same lines with the borders of their cells.

In: the whole lines of a page in reading order. Out: the same. The widest cell of a column may end so close to the next
one that no gap tells them apart: "Global brightness 250" between "Effect speed | 249" and "Palette | 247". Such a line
has the size and the left edge of a row beside it, words that begin or end where the row's other cells do, and wider
gaps there than elsewhere. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rag.documents.pdf.lines import COLUMN_GAP, Line, Word
from rag.types import CELL_SEPARATOR

SAME_EDGE = 0.2  # of the size
FARTHEST = 3.0  # of the size: from a row to the next
LEAST_GAP = 0.3  # of the size
WIDER = 1.4  # times the other gaps of the line


def with_close_cells(lines: Sequence[Line]) -> list[Line]:
    """The lines, those that are rows with the separators of their cells."""
    read = list(lines)
    for place in [*range(1, len(read)), *range(len(read) - 2, -1, -1)]:  # from the rows above, then from those below
        for beside in (place - 1, place + 1):
            if 0 <= beside < len(read) and read[place].cells == 1 and read[beside].cells > 1:
                read[place] = _as_row(read[place], read[beside])
    return read


def _as_row(line: Line, row: Line) -> Line:
    """The line with the borders of the row's cells; as it is if it has none there."""
    near = abs(line.baseline - row.baseline) < FARTHEST * line.size and abs(line.size - row.size) < 0.1 * line.size
    if not (near and line.words and row.words and line.upright) or abs(line.left - row.left) > line.size:
        return line
    cells = _cells(row)
    begins = [_border(line, cell) for cell in cells[1:]]
    borders = [begin for begin in begins if begin is not None]
    if len(cells) != row.cells or len(borders) != len(cells) - 1 or sorted(set(borders)) != borders:
        return line
    gaps = [after.left - before.right for before, after in pairwise(line.words)]
    inner = [gap for number, gap in enumerate(gaps, 1) if number not in borders]
    if any(gaps[border - 1] < max(LEAST_GAP * line.size, WIDER * max(inner, default=0.0)) for border in borders):
        return line
    ends = [*borders, len(line.words)]
    texts = [" ".join(word.text for word in line.words[a:b]) for a, b in pairwise([0, *ends])]
    return line._replace(text=CELL_SEPARATOR.join(texts), cells=len(texts))


def _cells(row: Line) -> list[list[Word]]:
    """The words of the row by its wide gaps."""
    cells = [[row.words[0]]]
    for before, word in pairwise(row.words):
        if word.left - before.right > COLUMN_GAP * row.size:
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
