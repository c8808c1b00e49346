"""Citations in the forms that front-ends show: annotations, Open WebUI's source events, markdown footnotes (pure).

Each names the place by an address of this service's page, which opens the document at the cited characters. Open WebUI
numbers sources by their `source` in the order in which they come, and links `[n]` in the text to the n-th: labels count
from 1 in the order in which they are first said, so the two agree.
"""

from __future__ import annotations

import re
from typing import Any

from api.routes.links import Links, heading
from rag.types import Citation, Claim

# The markers of a claim; brackets before them are its own words.
ENDING = re.compile(r"(?:\[\d+\]){1,20}(?=[.!?。！？…]?$)")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>])")


def cited_heading(citation: Citation) -> str:
    """The title of the document that is cited, with the page."""
    return heading(citation.title, citation.page)


def annotation(claim: Claim, citation: Citation, links: Links) -> dict[str, Any]:
    """OpenAI's `url_citation`: `text[start_index:end_index]`, the place of `claim`, is the sentence that rests on the
    place that is cited."""
    cited = {
        "start_index": claim.start,
        "end_index": claim.end,
        "url": links.to(citation),
        "title": cited_heading(citation),
    }
    return {"type": "url_citation", "url_citation": cited}


def source(citation: Citation, links: Links) -> dict[str, Any]:
    """A source as Open WebUI keeps it beside a message. `external` makes it show a link's title, not its address."""
    url, name = links.to(citation), cited_heading(citation)
    return {
        "source": {"id": url, "name": name, "url": url},
        "document": [citation.quote],
        "metadata": [{"source": url, "name": name, "external": True}],
    }


def with_footnote_marks(text: str) -> str:
    """The text of a claim with footnote marks: "He left [1][2]." -> "He left [^1][^2]."."""
    return ENDING.sub(lambda marks: marks[0].replace("[", "[^"), text)


def footnote(citation: Citation, links: Links) -> str:
    """A citation as a footnote: one line of markdown."""
    words = " ".join(citation.quote.split())
    return f'[^{citation.label}]: [{escaped(cited_heading(citation))}]({links.to(citation)}): "{escaped(words)}"'


def escaped(text: str) -> str:
    """The text as one line of markdown in which nothing is markup."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
