"""The elements of a table of a page -> its rows.

In: the elements as they are entered and left, and the pieces of text of each cell. Out: rows of cells, and how many of
them name the columns. It does not tell which tables only lay out a page (markup.py does).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.documents.blocks import COVERED
from rag.documents.markup_lines import line_of
from rag.documents.raised import TextRun

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

BREAKING = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "li", "main", "nav", "option", "p",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
})  # fmt: skip
MOST_HEADERS = 3  # rows that together name the columns
MOST_SPANNED = 100  # rows or columns; a larger span is a mistake of the page


class Table:
    """Cells on a grid: what spans rows is repeated in each; what spans columns stands in the first, except that a
    name in the rows at the top that hold only names stands in each."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.cell: list[TextRun] | None = None  # pieces of the cell that is open
        self._names = 0  # rows at the top that hold only `th`
        self._only_names = True  # whether the open row does
        self._spans = (1, 1)
        self._below: dict[int, tuple[int, str]] = {}  # column -> for how many more rows, which text

    def enter(self, node: LexborNode, tag: str) -> None:
        """Opens a row or a cell, or begins a line in a cell."""
        if tag == "tr":
            self.rows.append([])
            self._only_names = True
        elif tag in ("td", "th"):
            self._only_names = self._only_names and tag == "th"
            self._spans = (_span(node, "colspan"), _span(node, "rowspan"))
            self.cell = []
        elif self.cell is not None and (tag in BREAKING or tag in ("br", "li")):
            self.cell.append(TextRun("\n"))

    def leave(self, tag: str) -> None:
        """Closes a row or a cell."""
        if tag in ("td", "th") and self.cell is not None:
            self._place(line_of(self.cell))
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
        for value in [text, *[text if self._is_header() else COVERED] * (columns - 1)]:
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
