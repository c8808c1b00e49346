"""Markdown -> blocks: the meaning of the marks is kept (headings, lists, tables, line breaks), the marks are not.

In: bytes. Out: blocks, and title, author, date and language from front matter.
It knows CommonMark, tables and strikethrough; footnotes, formulas and directives stay as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.documents import html
from rag.documents.blocks import Block, Content, table_block
from rag.documents.encoding import decode_text
from rag.documents.wrapping import join

if TYPE_CHECKING:
    from markdown_it.token import Token

FRONT_MATTER = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
FIELD = re.compile(r"^(title|author|date|lang|language)\s*[:=]\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
FIELDS = {"author": "author", "date": "created", "lang": "language", "language": "language"}
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def parse(data: bytes) -> Content:
    """The blocks of a file; raises `DocumentError` for bytes that are not text."""
    fields, text = _front_matter(decode_text(data).replace("\r\n", "\n").replace("\r", "\n"))
    metadata = {FIELDS[name]: value for name, value in fields.items() if name in FIELDS}
    return Content([markdown_blocks(text)], title=fields.get("title", ""), metadata=metadata)


def markdown_blocks(text: str) -> list[Block]:
    """The blocks of a text that is decoded and has no front matter."""
    from markdown_it import MarkdownIt

    return _Writer(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)).blocks


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The plain fields of a YAML or TOML head, and the text after it."""
    head = FRONT_MATTER.match(text)
    if head is None:
        return {}, text
    found = FIELD.findall(head[2])
    fields = {name.lower(): value.strip("\"'") for name, value in found}
    return fields, text[head.end() :]


class _Writer:
    """Makes blocks of tokens; a list becomes one block with a line for each item, whatever stands in the item."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.blocks: list[Block] = []
        self._lines: list[str] = []  # of the list that is open
        self._lists: list[int | None] = []  # the next number of each open list, None if it has bullets
        self._marker = ""
        self._rows: list[list[str]] = []
        for index, token in enumerate(tokens):
            self._take(token, tokens[index - 1])

    def _take(self, token: Token, before: Token) -> None:
        match token.type:
            case "inline":
                self._text(_inline(token), before)
            case "fence" | "code_block":
                self._put(token.content)
            case "html_block":
                self._html(token.content)
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self._leave_list()
            case "list_item_open":
                self._begin_item()
            case "tr_open":
                self._rows.append([])
            case "table_close":
                self._put(table_block(self._rows))
                self._rows = []
            case _:
                pass

    def _text(self, text: str, before: Token) -> None:
        """Takes the text of a heading, a cell or a paragraph; the token before it tells which."""
        if before.type == "heading_open":
            self._heading(text, int(before.tag[1]))
        elif before.type in ("th_open", "td_open"):
            self._rows[-1].append(text)
        else:
            self._put(text)

    def _html(self, markup: str) -> None:
        for block in html.fragment(markup):
            if block.level:
                self._heading(block.text, block.level)
            else:
                self._put(block.text)

    def _put(self, text: str) -> None:
        if self._lists:
            self._lines.append(self._marker + text)
            self._marker = ""
        else:
            self.blocks.append(Block(text))

    def _heading(self, text: str, level: int) -> None:
        self._end_list()
        self._marker = ""
        self.blocks.append(Block(text, level))

    def _begin_item(self) -> None:
        number = self._lists[-1]
        self._marker = "- " if number is None else f"{number}. "
        if number is not None:
            self._lists[-1] = number + 1

    def _leave_list(self) -> None:
        self._lists.pop()
        if not self._lists:
            self._end_list()

    def _end_list(self) -> None:
        if self._lines:
            self.blocks.append(Block("\n".join(self._lines)))
            self._lines = []


def _inline(token: Token) -> str:
    """The text of a paragraph: soft breaks joined, hard breaks kept, images by their description."""
    lines: list[list[str]] = [[""]]  # hard lines, each of them soft lines
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline":
                lines[-1][-1] += child.content
            case "image":
                lines[-1][-1] += "".join(part.content for part in child.children or ())
            case "softbreak":
                lines[-1].append("")
            case "hardbreak":
                lines.append([""])
            case "html_inline" if child.content.lower().startswith("<br"):
                lines.append([""])
            case _:
                pass
    return "\n".join(join(line) for line in lines)
