"""Links that a reader met -> their places in the text of the document.

In: the words of each link with what stands before them on their line, as the reader saw them, and its address. Out:
spans of the text. Readers join, clean and move lines after they have met a link, so its words are looked for again:
behind the link before and with what stands before them, then alone, then without regard to white space and signs, since
cells have borders by now and halves of words are joined. A link whose words are nowhere is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.documents.blocks import one_line
from rag.documents.link_text import ADDRESS, Link
from rag.types import LinkSpan

MOST = 10_000  # links of a document
MOST_SEARCHES = 200  # of the whole text
AHEAD = 50_000  # characters in which the words should stand
LEAST_ALONE = 10  # characters of words that are looked for far away without what stands before them
AHEAD_ALONE = 2000  # characters in which shorter ones should stand
LONGEST_URL = 2000  # characters
LONGEST_BEFORE = 40  # characters
MOST_WORDS = 40  # of a link whose signs have changed


def link(before: str, words: str, target: str | None) -> Link | None:
    """The link; None if its words hold no letter, or its address leads nowhere by itself, as a place in the page."""
    url, words = (target or "").strip(), one_line(words)
    if not any(map(str.isalnum, words)) or len(url) > LONGEST_URL or not ADDRESS.fullmatch(url.partition("?")[0]):
        return None
    line = before[-2 * LONGEST_BEFORE :].rpartition("\n")[2]
    return Link(one_line(f"{line}.")[:-1][-LONGEST_BEFORE:], words, url)  # the space at its end stays


def placed(text: str, links: Iterable[Link]) -> tuple[LinkSpan, ...]:
    """The spans of the links in the text, in order of their places.

    >>> placed("See here, or here.", [Link("See here, or ", "here", "https://mill.example/form")])
    (LinkSpan(start=13, end=17, url='https://mill.example/form'),)
    """
    flat = text.replace("\n", " ")
    found: set[LinkSpan] = set()
    position, searches = 0, 0
    for number, each in enumerate(links):
        place = _near(flat, each, position) if number < MOST else None
        if place is None and searches < MOST_SEARCHES:
            searches += 1
            place = _anywhere(flat, each, position)
        if place is not None:
            found.add(LinkSpan(*place, each.url))
            position = place[1]
    return tuple(sorted(found))


def _near(flat: str, link: Link, position: int) -> tuple[int, int] | None:
    """The place of the words behind the link before, rather one with the same in front of it."""
    begin = max(0, position - len(link.before))
    start = flat.find(link.before + link.words, begin, position + AHEAD)
    if start >= 0:
        return _span(start + len(link.before), link)
    alone = AHEAD if len(link.words) >= LEAST_ALONE else AHEAD_ALONE
    return _span(flat.find(link.words, position, position + alone), link)


def _anywhere(flat: str, link: Link, position: int) -> tuple[int, int] | None:
    """The place of the words elsewhere, or with other signs and spaces between them."""
    start = flat.find(link.before + link.words) if link.before else -1
    if start >= 0:
        return _span(start + len(link.before), link)
    pieces = re.findall(r"\w+", link.words)
    if len(link.words) < LEAST_ALONE or not 0 < len(pieces) <= MOST_WORDS:
        return None
    loosely = re.compile(r"\W*".join(map(re.escape, pieces)))
    found = loosely.search(flat, position) or loosely.search(flat)
    return found.span() if found else None


def _span(start: int, link: Link) -> tuple[int, int] | None:
    return (start, start + len(link.words)) if start >= 0 else None
