"""Remarks that displays make beside an answer: the doubt before it, and the parts that have no answer behind it (pure).

None of it is part of `answer`, nor a claim. The command line, the page (`api/page/answer.js`) and chats say the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.types import Citation, Claim

NOT_SURE = "Not sure. The nearest passage says:"
_PARTS = "The documents do not answer this part: "
_MARK = re.compile(r"\[\d+\]")
_OTHER = re.compile(r"\n\nOr: “[^”\n]*” \([^\n]*\)")
_LEAD = re.compile(rf"^{re.escape(NOT_SURE)}\s+(?:[“](?P<sentence>[^”]*)[”]\s*)?")


def doubt(claim: Claim, citations: Sequence[Citation]) -> str:
    """The words before the first claim of an answer that is not sure: with the whole sentence that it rests on, unless
    the claim is that sentence."""
    sentence = " ".join(citations[0].quote.split()) if citations else ""
    if not sentence or _letters(sentence) == _letters(claim.text):
        return f"{NOT_SURE}\n"
    return f"{NOT_SURE}\n“{sentence}”\n\n"


def other_line(text: str, title: str) -> str:
    """A line for the other place that an answer which is not sure names, by its words and its document's title."""
    return f"Or: “{text}” ({title})"


def unanswered_lines(parts: Sequence[str]) -> list[str]:
    """A line for each part of a question that the documents do not answer."""
    return [f"{_PARTS}{part}" for part in parts]


def without_doubt(text: str) -> str:
    """A turn of a chat without the words that were put before its answer, and without what another place says.

    >>> without_doubt("Not sure. The nearest passage says:\\nThe mill stands at Corran [1].")
    'The mill stands at Corran [1].'
    """
    return _OTHER.sub("", _LEAD.sub("", text))


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", _MARK.sub("", text))
