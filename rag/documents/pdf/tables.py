"""Lines of a PDF that are the rows of a table -> the same rows with every cell under its column.

In: the lines of one table, top to bottom, with the places of their words. Out: the table as text. Pure.
Columns are the vertical stripes that words fill, told apart by the white space that runs down between them; if a
name spans several of them, the rows with the most cells say where columns are. A cell that wraps is two rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rag.documents.blocks import table_block
from rag.documents.pdf.lines import COLUMN_GAP, Line, Word

PART_GAP = 0.5  # of the size: words farther apart may be in two columns; a space between words takes about a quarter
LEAST_WHITE = 0.2  # of the size: white space between two columns
FIGURE = re.compile(r"[-+(]?[\d.,]*\d[%)]?")


class _Stripe(NamedTuple):
    left: float
    right: float


def is_row(line: Line) -> bool:
    """Tells if a line has cells, even if its first one could be the number of a list's item."""
    if line.cells > 1:
        return True
    return bool(line.words) and FIGURE.fullmatch(line.words[0].text) is not None and len(_parts(line, COLUMN_GAP)) > 1


def rows(lines: Sequence[Line]) -> str:
    """The lines as a table; as they are if no columns are seen."""
    columns = _columns(lines) if all(line.words for line in lines) else []
    if not columns:
        return "\n".join(line.text for line in lines)
    return table_block(_placed(line, columns) for line in lines)


def _columns(lines: Sequence[Line]) -> list[_Stripe]:
    cells = [_parts(line, COLUMN_GAP) for line in lines]
    most = max(map(len, cells))
    white = LEAST_WHITE * min(line.size for line in lines)
    filled = _merged((_extent(part) for line in lines for part in _parts(line, PART_GAP)), white)
    if len(filled) >= most:
        return filled
    fullest = [row for row in cells if len(row) == most]
    stripes = [_Stripe(min(cell[0].left for cell in column), max(cell[-1].right for cell in column))
               for column in zip(*fullest, strict=True)]  # fmt: skip
    apart = all(left.right < right.left for left, right in zip(stripes, stripes[1:], strict=False))
    return stripes if apart else []


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
