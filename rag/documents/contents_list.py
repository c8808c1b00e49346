"""Lists of links to a document's own headings -> left out: its table of contents says nothing that the headings do not.

Its entries are nearest to every question in the words of a heading, and answer none. A list stays if one of its entries
is no link into the document, or says anything else than a heading does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token
    from selectolax.lexbor import LexborNode

LEAST_LINKS = 2
_OTHERS = re.compile(r"[\W_]+")
_HEADINGS = "h1, h2, h3, h4, h5, h6"


def without_contents(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens of a Markdown text without its tables of contents."""
    headings = {
        _letters(_words(text))
        for before, text in zip(tokens, tokens[1:], strict=False)
        if before.type == "heading_open" and text.type == "inline"
    }
    at = 0
    while at < len(tokens):
        end = _end_of_list(tokens, at) if headings else at
        if end > at and _is_contents(tokens[at:end], headings):
            at = end
            continue
        yield tokens[at]
        at += 1


def is_contents(node: LexborNode) -> bool:
    """True if the element of a page is a list of links to headings of the page."""
    if node.tag not in ("ul", "ol") or node.parent is None:
        return False
    links = node.css("a[href]")
    if len(links) < LEAST_LINKS or any(not (link.attributes.get("href") or "").startswith("#") for link in links):
        return False
    root = node
    while root.parent is not None:
        root = root.parent
    headings = {_letters(heading.text() or "") for heading in root.css(_HEADINGS)}
    texts = [_letters(link.text() or "") for link in links]
    return _letters(node.text() or "") == "".join(texts) and all(text in headings for text in texts)


def _end_of_list(tokens: Sequence[Token], at: int) -> int:
    """The place behind the list that begins at `at`; `at` if none begins there."""
    if tokens[at].type not in ("bullet_list_open", "ordered_list_open"):
        return at
    level, kind = tokens[at].level, tokens[at].type.replace("open", "close")
    return next(n + 1 for n in range(at, len(tokens)) if tokens[n].type == kind and tokens[n].level == level)


def _is_contents(tokens: Sequence[Token], headings: set[str]) -> bool:
    entries = [token for token in tokens if token.type == "inline"]
    others = [token for token in tokens if token.type in ("fence", "code_block", "html_block", "table_open")]
    return len(entries) >= LEAST_LINKS and not others and all(_is_entry(entry, headings) for entry in entries)


def _is_entry(token: Token, headings: set[str]) -> bool:
    parts = token.children or []
    links = [part for part in parts if part.type == "link_open"]
    if len(links) != 1 or not str(links[0].attrGet("href") or "").startswith("#"):
        return False
    return _letters(_words(token)) in headings


def _words(token: Token) -> str:
    return " ".join(part.content for part in token.children or [] if part.type in ("text", "code_inline"))


def _letters(text: str) -> str:
    return _OTHERS.sub("", text.lower())
