"""Rich text (.rtf) -> paragraphs and tables.

In: the bytes of a file. Out: blocks; consecutive lines that end with a cell's mark are the rows of a table.
It knows no headings: the format has styles for them, which few programs write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from rag.documents.blocks import Block, Content, table_blocks
from rag.documents.damaged import told_as_damage
from rag.errors import DocumentError

MARK = b"{\\rtf"
# What striprtf raises for numbers of characters and code pages that do not exist, and for marks without their number
DAMAGE = (ValueError, OverflowError, LookupError, TypeError)
CELL_END = "|"  # what striprtf writes for the end of a cell
BODY_PARTS = re.compile(r"\n")
BULLET = re.compile(r"^[\s·•▪\uf0b7-]*\t")


def parse(data: bytes) -> Content:
    """Paragraphs and tables in the order of the text; raises `DocumentError` if the file is no rich text."""
    from striprtf.striprtf import rtf_to_text

    if not data.lstrip().startswith(MARK):
        raise DocumentError("is not rich text although its name says so; give it the name of its real type")
    with told_as_damage(*DAMAGE):
        text: str = rtf_to_text(data.decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call]
    return Content([list(_blocks(text))])


def _blocks(text: str) -> Iterator[Block]:
    for is_row, lines in groupby(BODY_PARTS.split(text), key=_is_row):
        if is_row:
            yield from table_blocks([line.rstrip().removesuffix(CELL_END).split(CELL_END) for line in lines])
        else:
            yield from (Block(BULLET.sub("- ", line)) for line in lines)


def _is_row(line: str) -> bool:
    return line.rstrip().endswith(CELL_END)
