"""Headings, paragraphs, lists and tables of a light markup -> a page of HTML, which markup.py makes blocks of.

In: pieces in the order of the text, whose words are HTML already. Out: the page. Lists know how far their items are set
in, so that a deeper one is a list within an item, and a paragraph set in as far belongs to the item above it.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

DEEPEST = 6  # level of headings in HTML


class Cell(NamedTuple):
    """A cell of a table, which may span columns and rows."""

    words: str
    across: int = 1
    down: int = 1


class Page:
    """A page of HTML that is being written."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._lists: list[
            tuple[int, str]
        ] = []  # those that are open: how far its items are set in, its element, with attributes
        self._numbers: dict[int, int] = {}  # of the last item by how far it is set in

    @property
    def markup(self) -> str:
        """The page; no list stays open."""
        self.close()
        return "".join(self._parts)

    def heading(self, level: int, words: str) -> None:
        """Adds a heading; 1 is the top."""
        self.close()
        tag = f"h{max(1, min(level, DEEPEST))}"
        self._parts.append(f"<{tag}>{words}</{tag}>")

    def paragraph(self, words: str, indent: int = 0) -> None:
        """Adds a paragraph."""
        self.element(f"<p>{words}</p>", indent)

    def literal(self, text: str, indent: int = 0) -> None:
        """Adds lines that are kept as they are, given as plain text."""
        self.element(f"<pre>\n{html.escape(text)}</pre>", indent)

    def element(self, markup: str, indent: int = 0) -> None:
        """Adds a block; set in farther than an item, it belongs to it."""
        self.close(indent)
        self._parts.append(markup)

    def next_number(self, indent: int) -> int:
        """The number of the next item that is set in as far."""
        return self._numbers.get(indent, 0) + 1

    def item(self, indent: int, words: str, number: int | None = None, form: str = "") -> None:
        """Adds an item of a list, which has bullets without a number; `form` is that of numbers, as HTML names it."""
        tag, value = ("ul", "") if number is None else ("ol", f' value="{number}"')
        tag += f' type="{form}"' if form else ""
        self.close(indent + 1)
        if self._lists and self._lists[-1] == (indent, tag):
            self._parts.append("</li>")
        else:
            self.close(indent)
            self._lists.append((indent, tag))
            self._parts.append(f"<{tag}>")
        self._parts.append(f"<li{value}>{words}")
        self._numbers[indent] = number or 0

    def table(self, rows: Sequence[Sequence[Cell]], headers: int, indent: int = 0) -> None:
        """Adds a table, the first `headers` rows of which name the columns."""
        lines = [
            "<tr>" + "".join(_cell(cell, place < headers) for cell in row) + "</tr>" for place, row in enumerate(rows)
        ]
        self.element(f"<table>{''.join(lines)}</table>", indent)

    def close(self, indent: int = 0) -> None:
        """Closes the lists whose items are set in as far or farther."""
        while self._lists and self._lists[-1][0] >= indent:
            depth, tag = self._lists.pop()
            self._numbers.pop(depth, None)
            self._parts.append(f"</li></{tag.partition(' ')[0]}>")


def _cell(cell: Cell, names: bool) -> str:
    tag = "th" if names else "td"
    spans = (("colspan", cell.across), ("rowspan", cell.down))
    stated = "".join(f' {name}="{count}"' for name, count in spans if count > 1)
    return f"<{tag}{stated}>{cell.words}</{tag}>"


def indent_of(line: str) -> int:
    """Indent of a line."""
    return len(line) - len(line.lstrip())
