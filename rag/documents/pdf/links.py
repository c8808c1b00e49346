"""Links of a PDF's page -> lines in which an address stands behind words that say nothing without it.

In: the lines of a page and its links. Out: the lines, with " (https://mill.example/form)" behind "here". Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rag.documents.link_text import beside
from rag.documents.pdf.lines import Line


class Link(NamedTuple):
    """An address and the place, in points, of the words that lead to it."""

    address: str
    left: float
    bottom: float
    right: float
    top: float


def with_addresses(lines: Sequence[Line], links: Iterable[Link]) -> list[Line]:
    """The lines, with the addresses that a person would miss."""
    placed = list(lines)
    for link in links:
        for place, line in enumerate(placed):
            if line.upright and link.bottom - line.size / 2 <= line.baseline <= link.top:
                placed[place] = _with_address(line, link)
    return placed


def _with_address(line: Line, link: Link) -> Line:
    inside = [word for word in line.words if link.left <= (word.left + word.right) / 2 <= link.right]
    words = " ".join(word.text for word in inside)
    address = beside(words, link.address)
    at = line.text.find(words) if address else -1
    if at < 0:
        return line
    last = inside[-1]
    rest = tuple(word._replace(text=word.text + address) if word is last else word for word in line.words)
    return line._replace(text=line.text[: at + len(words)] + address + line.text[at + len(words) :], words=rest)
