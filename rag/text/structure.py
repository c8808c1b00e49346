"""Text -> its blocks, and tables taken apart: rows, cells, the names of columns (pure).

Readers of files know what is a table and what is prose, and documents keep it (`Document.blocks`). Where nobody kept
it, as in documents that an earlier version of this program stored, `blocks_in` tells it from the text alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from rag.types import CELL_SEPARATOR, BlockKind, BlockSpan, Passage

_BLOCK = re.compile(r"\S(?:(?!\n\s*\n).)*", re.DOTALL)
_CELL_BORDER = re.compile(r"(?<!\S)\|(?!\S)")  # the same sign within a cell has no white space on one side at least
_FIGURE = re.compile(r"[-+($€£]*[\d.,]*\d[%)]?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LONGEST_NAME = 48  # characters of a column's name


def blocks_in(text: str, starts: Iterable[int] = ()) -> tuple[BlockSpan, ...]:
    """The blocks of a text whose headings begin at `starts`: parted by blank lines, a table where at least half of
    several lines have cells.

    >>> [block.kind for block in blocks_in("Codes\\n\\nE4 | Grinder blocked\\nE5 | Tank empty", [0])]
    ['heading', 'table']
    """
    headings = frozenset(starts)
    return tuple(_block(text, *match.span(), match.start() in headings) for match in _BLOCK.finditer(text))


def _block(text: str, start: int, end: int, heading: bool) -> BlockSpan:
    end = start + len(text[start:end].rstrip())
    if heading:
        return BlockSpan(start, end, "heading")
    lines = text[start:end].split("\n")
    rows = sum(CELL_SEPARATOR in line for line in lines)
    kind: BlockKind = "table" if rows and 2 * rows >= len(lines) else "prose"
    return BlockSpan(start, end, kind, header_row(text, start, end) if kind == "table" else None)


def header_row(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The place of the header row of the table `start..end`; None if its first row names no columns, or is its only
    one."""
    row, _, others = text[start:end].partition("\n")
    return (start, start + len(row)) if others and column_names(row) else None


def blocks_of(passage: Passage) -> tuple[BlockSpan, ...]:
    """The blocks of a passage, as places in the document; told from its text if they are not known."""
    if passage.blocks:
        return passage.blocks
    return tuple(moved(block, passage.start) for block in blocks_in(passage.text))


def moved(block: BlockSpan, by: int) -> BlockSpan:
    """The block with its places counted from elsewhere."""
    header = block.header and (block.header[0] + by, block.header[1] + by)
    return BlockSpan(block.start + by, block.end + by, block.kind, header)


def block_at(passage: Passage, place: int) -> BlockSpan | None:
    """The block of the passage in which the character `place` of the document stands; None between two."""
    blocks = blocks_of(passage)
    number = bisect_right(blocks, place, key=lambda block: block.start) - 1
    return blocks[number] if number >= 0 and place < blocks[number].end else None


def table_header(passage: Passage, place: int) -> str | None:
    """The header row of the table of which the character `place` of the document stands in a later row, empty if that
    table has none; None if it stands in no table, or in the header itself.

    >>> text = "Code | Meaning\\nE4 | Grinder blocked"
    >>> table_header(Passage("a", "", "", 0, 35, text, ()), 15)
    'Code | Meaning'
    """
    block = block_at(passage, place)
    if block is None or block.kind != "table" or place < rows_start(block):
        return None
    return header_of(passage, block)


def rows_start(table: BlockSpan) -> int:
    """The place from which the rows below the header stand."""
    return table.header[1] if table.header and table.header[0] >= table.start else table.start


def header_of(passage: Passage, table: BlockSpan) -> str:
    """The header row of a table of the passage, wherever it stands; empty if it has none."""
    if table.header is None:
        return ""
    start, end = table.header
    return passage.text[start - passage.start : end - passage.start] if start >= passage.start else passage.header


def cells(row: str) -> list[tuple[str, int]]:
    """The cells of a row, stripped, with the places at which they begin in it.

    >>> cells("E4 | Grinder blocked")
    [('E4', 0), ('Grinder blocked', 5)]
    """
    return list(_cells(row))


def _cells(row: str) -> Iterator[tuple[str, int]]:
    place = 0
    for cell in _CELL_BORDER.split(row):
        yield cell.strip(), place + len(cell) - len(cell.lstrip())
        place += len(cell) + 1


def column_names(row: str) -> list[str]:
    """The names of columns that a first row gives; empty if it gives none: figures that are no years name nothing."""
    texts = [cell for cell, _ in _cells(row)]
    figures = sum(bool(_FIGURE.fullmatch(text.replace(" ", ""))) and not _YEAR.fullmatch(text) for text in texts)
    if len(texts) < 2 or 2 * figures >= len(texts):
        return []
    return [text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME].rsplit(" ", 1)[0] for text in texts]


def without_bars(cell: str) -> str:
    """The text of a cell, one line, in which no bar looks like a border: they lose the white space around them."""
    first, *others = _CELL_BORDER.split(cell)
    if not others:
        return cell
    *between, last = others
    return "|".join([first.rstrip(), *map(str.strip, between), last.lstrip()])
