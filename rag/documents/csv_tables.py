"""Tables as text (csv, tsv) -> one table, its first row the header.

In: the bytes of a file. Out: the table; the sign between cells is found by trying which one cuts the first rows into
equally many cells.
It does not guess whether there is a header row: the first row is taken for it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO

from rag.documents.blocks import Content, table_blocks
from rag.documents.damaged import told_as_damage
from rag.documents.encoding import decode_text

SIGNS = ",;\t|"
TRIED = 50  # rows
LONGEST_CELL = 1 << 27  # characters; csv's own limit of 131,072 is less than what people keep in a cell
STATED = re.compile(r'sep=(.)\r?\n|"sep=(.)"\r?\n', re.IGNORECASE)  # how Excel is told


def parse(data: bytes) -> Content:
    """The file as one table; raises `DocumentError` if it is not text or a cell has more than `LONGEST_CELL`."""
    text = decode_text(data)
    stated = STATED.match(text)
    if stated:
        text = text[stated.end() :]
    with told_as_damage(csv.Error):
        sign = (stated[1] or stated[2]) if stated else _sign(text)
        rows = [row for row in _rows(text, sign) if any(cell.strip() for cell in row)]
    return Content([table_blocks(rows)])


def _sign(text: str) -> str:
    """The sign that parts cells; a comma if none of `SIGNS` does."""
    best = max(SIGNS, key=lambda sign: _evenness(text, sign))
    return best if _evenness(text, best) > 0 else ","


def _evenness(text: str, sign: str) -> float:
    """The share of the first rows that are cut into the commonest number of cells, and a little for that number.

    0 for a sign that does not occur or cuts most rows into one cell.
    """
    widths: Counter[int] = Counter()
    for row, _ in zip(_rows(text, sign), range(TRIED), strict=False):
        widths[len(row)] += 1
    if not widths:
        return 0.0
    width, rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1]))
    return (width > 1) * (rows / widths.total() + width / 1000)


def _rows(text: str, sign: str) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(StringIO(text.replace("\0", ""), newline=""), delimiter=sign, skipinitialspace=True)
