"""Blocks of a document -> its one normalised text, with headings and pages as offsets.

In: what a reader found, page by page: paragraphs, headings, whole lists, whole tables.
Out: the text in which all offsets of this program count. Blocks are separated by a blank line, the lines of a list,
a table or code by one newline.

Tables of every format come out alike: a block of its own, a row a line, cells parted by " | ", empty ones kept except
at a row's end; a bar that a cell itself holds stands without spaces: "Yes|No". **Its first line is the header row** if
the format tells or shows one (several header rows become one line); what stands above the columns, such as a title, is
a block before it. `cells` takes a row apart again.

    | Sales 2023 | Sales 2024          header: the first column has no name
    North | 12 | 14
    South | | 9                        no figure for 2023

What kind of block each is (a heading, prose, a list, a table, code) stays known with its place in the text, so that
nothing after this has to guess it again. No letters are changed: no Unicode normal form, no repair of spelling or of
doubly encoded text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import NamedTuple

from rag.documents.contained import Member
from rag.documents.header_names import units_below
from rag.documents.link_text import Link
from rag.text.structure import cells, header_row, moved, without_bars
from rag.types import CELL_SEPARATOR, BlockKind, BlockSpan, Section

NEWLINE = re.compile(r"(?<!\r)\r+\n|[\r\v\f\x85\u2028\u2029]")  # \r\r\n is what a text-mode copy of \r\n leaves
SPACES = re.compile(r"[^\S\n]+")
# What a reader cannot see and a quote cannot show: controls, soft hyphen, zero-width and direction marks, byte order
# mark, annotation anchors, tag characters, halves of surrogate pairs, non-characters.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffc\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
# Zero-width (non-)joiners are spelling between letters of Persian or Hindi and inside emoji, and noise elsewhere.
STRAY_JOINER = re.compile(r"(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])")

MOST_HEADERS = 3  # rows that together name the columns
FIGURE = re.compile(r"(?!(?:19|20)\d\d$)[^\w\s]{0,2}\s?\d[\d.,:/ -]*\s?\S{0,3}")  # but for a year, which may be a name
OBJECT = "\ufffc"  # the one of `INVISIBLE` that Python calls printable
BROKEN_BAR = "¦"  # for a cell that holds nothing but bars


class Covered(str):
    """A cell without text, over which the one at its left spans."""

    __slots__ = ()


COVERED = Covered()


class Block(NamedTuple):
    """A paragraph, heading, list or table; a newline inside it parts lines that are units of their own."""

    text: str
    level: int = 0  # 1 (top) and up for a heading, 0 for everything else
    kind: BlockKind = "prose"  # of what is no heading


class Content(NamedTuple):
    """The content of a file, as a reader found it."""

    pages: Sequence[Sequence[Block]]  # one entry if the format has no pages
    title: str = ""  # as the file itself gives it
    metadata: Mapping[str, str] = MappingProxyType({})
    paged: bool = False
    notes: Sequence[str] = ()  # a line for each part of the file that was not read
    members: Sequence[Member] = ()  # files in it, which are documents of their own
    hidden: bool | None = None  # see `Document.hidden`
    ocr: str | None = None  # see `Document.ocr`
    headed: bool = True  # its first heading may be its title
    links: Sequence[Link] = ()  # that were read, in the order in which they were met


class Body(NamedTuple):
    """The text of a document, with the offsets at which its pages and sections begin."""

    text: str
    pages: tuple[int, ...]
    sections: tuple[Section, ...]
    blocks: tuple[BlockSpan, ...]


def assemble(pages: Sequence[Sequence[Block]]) -> Body:
    """The blocks joined to one text; a page without text starts where the next one does."""
    parts: list[str] = []
    starts: list[int] = []
    sections: list[Section] = []
    blocks: list[BlockSpan] = []
    headings: list[Block] = []
    length = waiting = 0
    for page in pages:
        waiting += 1
        for block in page:
            text = one_line(block.text) if block.level else clean(block.text)
            if not text:
                continue
            start = length + 2 if parts else 0
            starts += [start] * waiting
            waiting = 0
            if block.level:
                headings = [above for above in headings if above.level < block.level] + [Block(text, block.level)]
                sections.append(Section(start, " > ".join(heading.text for heading in headings)))
            parts.append(text)
            length = start + len(text)
            blocks.append(_span(block, text, start))
    text = "\n\n".join(parts)
    opening = frozenset(starts)
    for number in range(1, len(blocks)):
        if blocks[number].start in opening:
            blocks[number] = _continued(blocks[number - 1], blocks[number], text)
    return Body(text, tuple(starts + [length] * waiting), tuple(sections), tuple(blocks))


def _span(block: Block, text: str, start: int) -> BlockSpan:
    if block.level:
        return BlockSpan(start, start + len(text), "heading")
    header = header_row(text, 0, len(text)) if block.kind == "table" else None
    return moved(BlockSpan(0, len(text), block.kind, header), start)


def _continued(above: BlockSpan, below: BlockSpan, text: str) -> BlockSpan:
    """The table `below`, which opens a page, with the header of `above`, which ends the page before, if it goes on
    with that: it has as many columns and no header that repeats it."""
    if above.kind != "table" or below.kind != "table" or above.header is None:
        return below
    header, row = text[slice(*above.header)], text[below.start : below.end].partition("\n")[0]
    if row == header or len(cells(row)) != len(cells(header)):
        return below
    return below._replace(header=above.header)


def visible(text: str) -> str:
    """The text with `\\n` for every kind of line break and without characters that cannot be seen."""
    if _is_plain(text):
        return text
    return STRAY_JOINER.sub("", INVISIBLE.sub("", NEWLINE.sub("\n", text)))


def _is_plain(text: str) -> bool:
    """Tells if a text is one line of characters that can be seen and plain spaces, as most are."""
    return text.isprintable() and OBJECT not in text


def clean(text: str) -> str:
    """The lines of the text without outer or doubled spaces; empty lines are left out."""
    if _is_plain(text):
        return " ".join(text.split())
    lines = (line.strip() for line in SPACES.sub(" ", visible(text)).split("\n"))
    return "\n".join(line for line in lines if line)


def one_line(text: str) -> str:
    """The text on a single line."""
    return clean(text).replace("\n", " ")


def table_block(rows: Iterable[Sequence[str]], headers: int = 1) -> Block:
    """A table: lines "cell | cell", the first `headers` rows as one, without empty columns and rows."""
    texts = [[_cell(text) for text in row] for row in rows]
    if headers > 1:
        texts[:headers] = [[_distinct(names) for names in zip_longest(*texts[:headers], fillvalue="")]]
    columns = [column for column in zip_longest(*texts, fillvalue="") if any(column)]
    lines = (_row(row) for row in zip(*columns, strict=True))
    return Block("\n".join(line for line in lines if line), kind="table")


def table_blocks(rows: Sequence[Sequence[str]], headers: int = 1) -> list[Block]:
    """The table, after the rows above its columns that hold one text at the left and are therefore its title.

    A name that spans columns (`COVERED`) is the name of each, and the row below it names the columns with it.
    """
    above = 0
    if any(not _is_title(row) for row in rows):
        while _is_title(rows[above]):
            above += 1
    titles = [Block(row[0]) for row in rows[:above] if row]
    body = rows[above:]
    count = max(1, headers - above)
    while count < min(len(body) - 1, MOST_HEADERS) and (
        _name_together(body[count - 1], body[count]) or units_below(body[count - 1 :])
    ):
        count += 1
    return [*titles, table_block([*map(_spread, body[:count]), *body[count:]], count)]


def _name_together(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Tells if the names of the upper row that span columns have those of the lower row below them."""
    spanned = {
        column
        for column, text in enumerate(upper)
        if isinstance(text, Covered) or isinstance(next(iter(upper[column + 1 : column + 2]), ""), Covered)
    }
    if not spanned or any(map(FIGURE.fullmatch, (text.strip() for text in [*upper, *lower]))):
        return False
    beside = [(name, below) for at, (name, below) in enumerate(zip(upper, lower, strict=False)) if at not in spanned]
    apart = len({text.strip() for at, text in enumerate(lower) if at in spanned and text.strip()}) > 1
    return apart and all(below in ("", name) or not name for name, below in beside)


def _spread(row: Sequence[str]) -> list[str]:
    """The row of names, each in all columns that it spans."""
    names: list[str] = []
    for text in row:
        names.append(names[-1] if isinstance(text, Covered) and names else text)
    return names


def lists_merged(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, with lists that follow one another, such as those of one item each, as one."""
    items: list[str] = []
    for block in blocks:
        if block.kind == "list":
            items.append(block.text)
            continue
        if items:
            yield Block("\n".join(items), kind="list")
            items = []
        yield block
    if items:
        yield Block("\n".join(items), kind="list")


def _cell(text: str) -> str:
    """The cell on one line, in which no bar looks like a border."""
    line = one_line(text)
    if "|" not in line:
        return line
    return without_bars(line) if line.strip("| ") else line.replace("|", BROKEN_BAR)


def _row(texts: Sequence[str]) -> str:
    filled = max((place for place, text in enumerate(texts, start=1) if text), default=0)
    return clean(CELL_SEPARATOR.join(texts[:filled]))


def _is_title(row: Sequence[str]) -> bool:
    """Tells if the row is empty, holds its first cell only, or one text that spans all."""
    texts = [one_line(cell) for cell in row]
    return not any(texts[1:]) or (len(texts) > 1 and len(set(texts)) == 1)


def _distinct(names: Iterable[str]) -> str:
    """The names of a column from several header rows, each once."""
    return " ".join(dict.fromkeys(name for name in names if name))
