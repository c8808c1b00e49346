"""A tree of HTML elements -> blocks.

In: a node of a parsed page and a judge that says which elements to leave out. Out: blocks, in document order.
It does not judge what is worth keeping (html.py does) and knows no style sheets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rag.documents.blocks import Block, clean, table_blocks

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
LISTS = frozenset({"ul", "ol", "dl", "dir", "menu"})
BREAKING = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "li", "main", "nav", "option", "p",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
})  # fmt: skip
WHITE_SPACE = re.compile(r"\s+")
NOTE_MARK = re.compile(r"\[\w{1,4}\]")  # "[12]" set high: a reference to a footnote
LONGEST_CELL = 1000  # characters; a table with a longer one lays out a page and holds no values
MOST_HEADERS = 3  # rows that together name the columns
MOST_SPANNED = 100  # rows or columns; a larger span is a mistake of the page


def blocks_of(root: LexborNode, left_out: Callable[[LexborNode], bool], last: LexborNode | None = None) -> list[Block]:
    """The blocks below `root`; nothing is read after the element `last`."""
    writer = _Writer()
    for node, entering in walk(root, left_out):
        if node.tag == "-text":
            writer.write(node.text_content or "")
        elif entering:
            writer.enter(node)
        else:
            writer.leave(node.tag or "")
            if last is not None and node == last:
                break
    writer.end_block()
    return writer.blocks


def walk(root: LexborNode, left_out: Callable[[LexborNode], bool]) -> Iterator[tuple[LexborNode, bool]]:
    """Yields every element on entering (True) and on leaving it, every text once; no recursion: pages nest at will."""
    stack = [(root, True)]
    while stack:
        node, entering = stack.pop()
        yield node, entering
        if not entering or node.tag == "-text":
            continue
        stack.append((node, False))
        child = node.last_child
        while child is not None:
            if child.tag == "-text" or ((child.tag or "-")[0] != "-" and not left_out(child)):
                stack.append((child, True))
            child = child.prev


class _Writer:
    """Gathers text into lines, lines into blocks, cells into tables."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._lines: list[str] = []
        self._pieces: list[str] = []  # of the line that is open
        self._lists: list[int | None] = []  # the next number of each open list, None if it has bullets
        self._marker = ""
        self._preformatted = 0
        self._table: _Table | None = None

    def write(self, text: str) -> None:
        text = text if self._preformatted else WHITE_SPACE.sub(" ", text)
        self._open_pieces().append(text)

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if self._table is not None and tag != "caption":
            self._table.enter(node, tag)
        elif tag in HEADINGS or tag == "caption":
            self.end_block()
            self._marker = ""  # a heading in a list item is a heading
        elif tag == "table" and _holds_values(node):
            self.end_block()
            self._table = _Table()
        elif tag in LISTS:
            self._enter_list(node, tag)
        elif tag == "li":
            self._enter_item()
        elif tag == "br":
            self._pieces.append("\n")
        elif tag == "pre":
            self._break()
            self._preformatted += 1
        elif tag in BREAKING:
            self._break()

    def leave(self, tag: str) -> None:
        if self._table is not None and tag not in ("table", "caption"):
            self._table.leave(tag)
        elif tag in HEADINGS:
            self.end_block(HEADINGS[tag])
        elif tag == "table" and self._table is not None:
            self.end_block()
            self.blocks += table_blocks(self._table.rows, self._table.header_rows())
            self._table = None
        elif tag in LISTS and self._lists:
            self._lists.pop()
            self._break()
        elif tag == "pre":
            self._break()
            self._preformatted -= 1
        elif tag in BREAKING:
            self._break()
            if tag == "li":
                self._marker = ""  # of an item without text

    def end_block(self, level: int = 0) -> None:
        self._end_line()
        if self._lines:
            self.blocks.append(Block("\n".join(self._lines), level))
            self._lines = []

    def _end_line(self) -> None:
        text = clean("".join(self._pieces))
        self._pieces = []
        if text:
            self._lines.append(self._marker + text)
            self._marker = ""

    def _break(self) -> None:
        """Begins a line if a list is open, else a block."""
        if self._lists:
            self._end_line()
        else:
            self.end_block()

    def _enter_list(self, node: LexborNode, tag: str) -> None:
        self._break()
        start = node.attributes.get("start") or "1"
        self._lists.append((int(start) if start.isdecimal() else 1) if tag == "ol" else None)

    def _enter_item(self) -> None:
        self._break()
        self._marker = "- "
        if self._lists and (number := self._lists[-1]) is not None:
            self._marker = f"{number}. "
            self._lists[-1] = number + 1

    def _open_pieces(self) -> list[str]:
        return self._pieces if self._table is None or self._table.cell is None else self._table.cell


class _Table:
    """Cells on a grid: what spans rows is repeated in each; what spans columns stands in the first, except that a
    name in the rows at the top that hold only names stands in each."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.cell: list[str] | None = None  # pieces of the cell that is open
        self._names = 0  # rows at the top that hold only `th`
        self._only_names = True  # whether the open row does
        self._spans = (1, 1)
        self._below: dict[int, tuple[int, str]] = {}  # column -> for how many more rows, which text

    def enter(self, node: LexborNode, tag: str) -> None:
        if tag == "tr":
            self.rows.append([])
            self._only_names = True
        elif tag in ("td", "th"):
            self._only_names = self._only_names and tag == "th"
            self._spans = (_span(node, "colspan"), _span(node, "rowspan"))
            self.cell = []
        elif self.cell is not None and (tag in BREAKING or tag in ("br", "li")):
            self.cell.append("\n")

    def leave(self, tag: str) -> None:
        if tag in ("td", "th") and self.cell is not None:
            self._place("".join(self.cell))
            self.cell = None
        elif tag == "tr" and self.rows:
            self._fill_from_above()
            if self._is_header():
                self._names += 1

    def header_rows(self) -> int:
        """The number of rows at the top that hold only names; one if none or all rows do."""
        return self._names if 0 < self._names < len(self.rows) else 1

    def _is_header(self) -> bool:
        return self._only_names and self._names == len(self.rows) - 1 and self._names < MOST_HEADERS

    def _place(self, text: str) -> None:
        if not self.rows:
            self.rows.append([])
        self._fill_from_above()
        columns, rows = self._spans
        for value in [text] + [text if self._is_header() else ""] * (columns - 1):
            if rows > 1:
                self._below[len(self.rows[-1])] = (rows - 1, value)
            self.rows[-1].append(value)

    def _fill_from_above(self) -> None:
        row = self.rows[-1]
        while (above := self._below.pop(len(row), None)) is not None:
            left, text = above
            if left > 1:
                self._below[len(row)] = (left - 1, text)
            row.append(text)


def _span(node: LexborNode, name: str) -> int:
    value = (node.attributes.get(name) or "1").strip()
    return max(1, min(int(value), MOST_SPANNED)) if value.isdecimal() else 1


def _holds_values(node: LexborNode) -> bool:
    """Tells if a table is one, and not a means to lay out a page."""
    if (node.attributes.get("role") or "") in ("presentation", "none"):
        return False
    if len(node.css("table")) > 1 or node.css_first("h1, h2, h3, h4, h5, h6") is not None:  # css() finds `node` too
        return False
    if all(len(row.css("td, th")) < 2 for row in node.css("tr")):
        return False
    return all(len(cell.text() or "") <= LONGEST_CELL for cell in node.css("td"))
