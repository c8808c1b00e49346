"""Links of a PDF's page -> lines in which an address stands behind words that say nothing without it.

In: the lines of a page and its links. Out: the lines, with " (https://mill.example/form)" behind "here". Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rag.documents.link_text import address_beside
from rag.documents.pdf.lines import Line, Word


class LinkArea(NamedTuple):
    """An address and the place, in points, of the words that lead to it."""

    address: str
    left: float
    bottom: float
    right: float
    top: float


def with_addresses(lines: Sequence[Line], links: Iterable[LinkArea]) -> list[Line]:
    """The lines, with the addresses that a person would miss."""
    placed = list(lines)
    for link in links:
        for place, line in enumerate(placed):
            if _is_on(line, link):
                placed[place] = _with_address(line, link)
    return placed


def words_of(lines: Sequence[Line], links: Iterable[LinkArea]) -> Iterator[tuple[str, str, str]]:
    """Yields what stands before the words of each link on their line, the words, and the address, line by line."""
    once = dict.fromkeys(links)  # some programs lay several upon the same words
    by_place = [(place, link) for link in once for place, line in enumerate(lines) if _is_on(line, link)]
    for place, link in sorted(by_place, key=lambda found: (found[0], found[1].left)):
        inside = _inside(lines[place], link)
        before = lines[place].words[: lines[place].words.index(inside[0])] if inside else ()
        yield " ".join([*(word.text for word in before), ""]), " ".join(word.text for word in inside), link.address


def _is_on(line: Line, link: LinkArea) -> bool:
    return line.upright and link.bottom - line.size / 2 <= line.baseline <= link.top


def _inside(line: Line, link: LinkArea) -> list[Word]:
    """The words of a line that lead to the address."""
    return [word for word in line.words if link.left <= (word.left + word.right) / 2 <= link.right]


def _with_address(line: Line, link: LinkArea) -> Line:
    inside = _inside(line, link)
    address = address_beside(" ".join(word.text for word in inside), link.address)
    if not address:
        return line
    end = 0
    for number, word in enumerate(line.words):
        end = line.text.find(word.text, end) + len(word.text)
        if word is inside[-1]:
            words = (*line.words[:number], word._replace(text=word.text + address), *line.words[number + 1 :])
            return line._replace(text=line.text[:end] + address + line.text[end:], words=words)
    return line
