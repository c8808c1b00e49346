"""Markdown -> blocks: the meaning of the marks is kept (headings, lists, tables, line breaks), the marks are not.

In: bytes. Out: blocks. The fields of front matter are metadata, and lines of the text, so that they can be asked for.
It knows CommonMark, tables and strikethrough; footnotes, formulas and directives stay as they are written. Markup in
the text is read as in web pages. What is struck and images without a description are left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from rag.documents import html
from rag.documents.blocks import Block, Content, table_block
from rag.documents.contents_list import without_contents
from rag.documents.drawn_tables import drawn_blocks
from rag.documents.encoding import decode_text
from rag.documents.front_matter import front_matter
from rag.documents.link_text import missed_address
from rag.documents.markdown_rules import DEEPEST, markdown_parser, tokens_of
from rag.documents.receipt import IMAGE, STRUCK, Receipt
from rag.documents.text import literal_lines
from rag.documents.wrapping import join

if TYPE_CHECKING:
    from markdown_it.token import Token

# Names that documents of all formats have for what front matter says, the first the one to take
KNOWN = {
    "author": ("author", "authors", "author.name", "by"),
    "created": ("date", "created", "date_created", "published"),
    "language": ("lang", "language"),
}
HOLDING = frozenset({"blockquote_open", "bullet_list_open", "ordered_list_open", "list_item_open"})
DEFINITION = re.compile(r"\[\^[^\]\s]+\]:|:\s")  # of a footnote or a term: a line of its own
BREAK = re.compile(r"<br\b", re.IGNORECASE)
MOST_OWN = 100  # other fields that are metadata
LONGEST_VALUE = 500  # characters of a field that is metadata; longer ones are text alone


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The blocks of a file; raises `DocumentError` for bytes that are not text."""
    fields, text = front_matter(decode_text(data).replace("\r\n", "\n").replace("\r", "\n"))
    named = {name.lower(): value for name, value in fields.items() if len(value) <= LONGEST_VALUE}
    known = {key: next((named[name] for name in names if name in named), "") for key, names in KNOWN.items()}
    taken = {"title", "media_type", *(name for names in KNOWN.values() for name in names)}
    own = {name: value for name, value in named.items() if name not in taken}
    metadata = dict(islice(own.items(), MOST_OWN)) | known
    shown = [f"{name}: {value}" for name, value in fields.items() if name.lower() != "title"]
    blocks = [Block("\n".join(shown)), *markdown_blocks(text, receipt)]
    return Content([blocks], title=named.get("title", ""), metadata=metadata)


def markdown_blocks(text: str, receipt: Receipt | None = None) -> list[Block]:
    """The blocks of a text that is decoded and has no front matter."""
    receipt = receipt or Receipt()
    tokens = list(without_contents(tokens_of(text)))
    if any(token.level >= DEEPEST - 1 and token.type in HOLDING for token in tokens):
        receipt.line(f"text in quotations or lists nested more than {DEEPEST // 2 - 1} deep")
    return _Writer(tokens, receipt).blocks


class _Writer:
    """Makes blocks of tokens; a list becomes one block with a line for each item, whatever stands in the item."""

    def __init__(self, tokens: Sequence[Token], receipt: Receipt) -> None:
        self.blocks: list[Block] = []
        self._receipt = receipt
        self._lines: list[str] = []  # of the list that is open
        self._lists: list[int | None] = []  # the next number of each open list, None if it has bullets
        self._marker = ""
        self._rows: list[list[str]] = []
        for index, token in enumerate(tokens):
            self._take(token, tokens[index - 1])

    def _take(self, token: Token, before: Token) -> None:
        match token.type:
            case "inline":
                self._text(_inline_text(token, self._receipt), before)
            case "fence" | "code_block":
                self._put(Block(literal_lines(token.content), kind="code"))
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
            case "drawn_table" | "table_close":
                self._end_list()
                self.blocks += (
                    drawn_blocks(token.content.split("\n"))[1] if token.content else [table_block(self._rows)]
                )
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
            self._put(Block(text))

    def _html(self, markup: str) -> None:
        for block in html.fragment(markup, self._receipt):
            if block.level:
                self._heading(block.text, block.level)
            else:
                self._put(block)

    def _put(self, block: Block) -> None:
        if self._lists:
            self._lines.append(self._marker + block.text)
            self._marker = ""
        else:
            self.blocks.append(block)

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
            self.blocks.append(Block("\n".join(self._lines), kind="list"))
            self._lines = []


def _inline_text(token: Token, receipt: Receipt) -> str:
    """The text of a paragraph: soft breaks joined, hard breaks kept, images by their description, no struck text."""
    children = [child for child in _unstruck(token.children or (), receipt)]
    receipt.count(IMAGE, sum(child.type == "image" and not _description(child).strip() for child in children))
    if any(child.type == "html_inline" and not BREAK.match(child.content) for child in children):
        return "\n".join(block.text for block in html.fragment(_markup(children), receipt))
    lines: list[list[str]] = [[""]]  # hard lines, each of them soft lines
    links: list[tuple[str, int]] = []  # address, and the number of characters before the link
    for place, child in enumerate(children):
        match child.type:
            case "text" | "code_inline":
                lines[-1][-1] += child.content
            case "image":
                lines[-1][-1] += _description(child)
            case "softbreak" if place + 1 < len(children) and DEFINITION.match(children[place + 1].content):
                lines.append([""])
            case "softbreak":
                lines[-1].append("")
            case "hardbreak" | "html_inline":
                lines.append([""])
            case "link_open":
                links.append((str(child.attrs.get("href", "")), len(lines[-1][-1])))
            case "link_close":
                address, start = links.pop()
                receipt.leads(lines[-1][-1][:start], lines[-1][-1][start:], address)
                missed = missed_address(lines[-1][-1][start:], address)
                lines[-1][-1] += f" ({missed})" if missed else ""
            case _:
                pass
    return "\n".join(join(line) for line in lines)


def _unstruck(children: Sequence[Token], receipt: Receipt) -> Iterator[Token]:
    struck = 0
    for child in children:
        struck += (child.type == "s_open") - (child.type == "s_close")
        if struck:
            receipt.count_text(STRUCK, child.content)
        elif child.type != "s_close":
            yield child


def _markup(children: Sequence[Token]) -> str:
    """The markup of a paragraph that holds some, with images as their descriptions."""
    from markdown_it.token import Token

    shown = [
        Token("text", "", 0, content=_description(child)) if child.type == "image" else child for child in children
    ]
    return str(markdown_parser().renderer.render(shown, markdown_parser().options, {}))


def _description(image: Token) -> str:
    return "".join(part.content for part in image.children or ())
