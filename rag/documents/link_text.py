"""The words of a link and its address -> the address, if a person would miss it in the text.

It is missed if the words say nothing without it ("here", "this page"), and for mail and telephone, whose address is
what a text is asked for. Places in the same page and addresses relative to a page that is unknown are not shown.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

ADDRESS = re.compile(r"(?:https?|ftp)://\S+|(?:mailto|tel):[^\s?]+", re.IGNORECASE)
SCHEME = re.compile(r"(?:mailto|tel):", re.IGNORECASE)
LONGEST = 200  # characters; of a longer one, which counts clicks, the query is left out
SAYS_NOTHING = re.compile(
    r"(?:(?:please )?(?:just )?(?:click|tap|press|see|look|follow|go|use|via|at|on)(?: on| to)? )?"
    r"(?:(?:over |right )?here|this|(?:this|the|that|following)? ?"
    r"(?:link|page|site|web ?site|web ?page|url|address|form|document|file|pdf))"
    r"|(?:(?:bitte )?(?:klicken sie |klick )?hier|(?:dieser|der)? ?link|(?:diese|die) (?:web)?seite)"
    r"|(?:(?:cliquez )?ici|(?:ce|le) lien|cette page)|(?:(?:haga )?(?:clic )?(?:aqu[ií])|est[ea] (?:enlace|p[aá]gina))"
    r"|(?:(?:clicca )?qui|questo link|questa pagina)|(?:klik )?hier(?: klikken)?|deze (?:link|pagina)",
    re.IGNORECASE,
)


class Link(NamedTuple):
    """The words of a link, what stands before them on their line, and the address."""

    before: str
    words: str
    url: str


def missed_address(words: str, target: str | None) -> str:
    """The address to show behind the words, empty if they do without it.

    "here", "https://mill.example/form" -> "https://mill.example/form"
    """
    target = (target or "").strip()
    words = " ".join(words.split())
    if not words or not ADDRESS.fullmatch(target.partition("?")[0]):
        return ""
    if SCHEME.match(target):
        address = unquote(SCHEME.sub("", target).partition("?")[0])
        return "" if _letters(address) in _letters(words) else address
    if not SAYS_NOTHING.fullmatch(words.strip(" .,:;!>»›→()[]")):
        return ""
    return target if len(target) <= LONGEST else target.partition("?")[0][:LONGEST]


def address_beside(words: str, target: str | None) -> str:
    """Text to write behind the words of a link: " (https://mill.example/form)" behind "here", or nothing."""
    address = missed_address(words, target)
    return f" ({address})" if address else ""


def _letters(text: str) -> str:
    return re.sub(r"[^\w@+]", "", text.casefold())
