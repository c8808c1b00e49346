"""A refusal: why there is no answer, said once, and what to do next (pure).

Three things are told apart: nothing in the documents is about the question, something near it is there and shown, or
the question is of a kind that quotes cannot answer (`not_quotable.py`). All begin alike, so that a refusal is known
again when a chat sends it back as a turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.answering.talk import TALK
from rag.index.filters import filters_text
from rag.retrieval.search import coverage
from rag.text.terms import terms
from rag.types import Abstention, AbstentionReason, Filters, Hit

_BEGINNING = "The documents do not answer this question."
NO_QUOTE = "Quotes cannot answer this question:"
UNREAD = "could not be read:"
_DECLINED = "The language model found no answer in the documents."
_UNSUPPORTED = "Nothing that could be said is supported by the documents."
_OTHERWISE = "ask in other words, or index a document that says it."
_ASK_WHOLE = "Ask a whole question"
_UNCLEAR = "It is not clear "
_NOTHING_FITS = "No document fits the filter"
_BEGINNINGS = (_BEGINNING, NO_QUOTE, _DECLINED, _UNSUPPORTED, _NOTHING_FITS, _ASK_WHOLE, _UNCLEAR, TALK)
_UNREAD_FILE = re.compile(rf"^[^\n\[]+ {UNREAD} [^\[]*$")  # a sentence of a document has a marker
_NEAR = 1 / 3  # share of the weight of a question's words that a passage near it holds: unknown words weigh the most
_SHOWN = "The nearest passages are shown: ask about what stands in them, in other words, or in mode quote."
_MOST_NAMES = 3


def refusal(reason: AbstentionReason, near: bool, unknown: Sequence[str], empty: bool) -> Abstention:
    """The refusal of a question that went the ordinary way. `unknown` are its names that no document mentions; `empty`
    is True if there is no document."""
    if reason == "declined":
        return Abstention(reason, f"{_DECLINED} {_SHOWN}", near=True)
    if reason == "unsupported":
        return Abstention(reason, f"{_UNSUPPORTED} {_SHOWN}", near=True)
    if empty:
        return Abstention(reason, f"{_BEGINNING} There is no document yet: index or upload one.")
    if unknown:
        names = " or ".join(f"“{name}”" for name in unknown[:_MOST_NAMES])
        return Abstention(reason, f"{_BEGINNING} None of them mentions {names}: {_OTHERWISE}")
    if near:
        told = "Passages near it are shown: ask about what stands in them, in other words, or index a document that "
        return Abstention(reason, f"{_BEGINNING} {told}says it.", near=True)
    return Abstention(reason, f"{_BEGINNING} No passage near it was found: {_OTHERWISE}")


def no_document_fits(filters: Filters) -> str:
    """The message for filters that leave no document."""
    return f"{_NOTHING_FITS} {filters_text(filters)}: change it or leave it out."


def no_question(text: str, near: bool) -> Abstention:
    """The refusal of words that ask nothing; `near` if passages that hold them are shown."""
    if near:
        told = f"{_ASK_WHOLE} about “{text}”, or for a summary with a title: passages that hold it are shown."
        return Abstention("unclear", told, near)
    return Abstention("unclear", f"{_ASK_WHOLE}: no passage is about “{text}”.")


def is_near(hit: Hit, weights: Mapping[str, float]) -> bool:
    """True if the passage, with its title and headings, holds a third of a question's words, by weight."""
    passage = hit.passage
    held = frozenset(terms(f"{passage.document_id}\n{passage.title}\n{passage.section or ''}\n{passage.text}"))
    return coverage(held.intersection(weights), weights) >= _NEAR


def is_refusal(text: str) -> bool:
    """True if a turn of a chat is a refusal, which says nothing of the documents."""
    return text.startswith(_BEGINNINGS) or bool(_UNREAD_FILE.match(text))
