"""Mode extract: the sentences in which the answer stands, as they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.choose import Chosen, sentences_around
from rag.answering.lists import without_marker
from rag.answering.modes import Parts, at_once
from rag.answering.parts import Part, quoted
from rag.checking.faithfulness import check
from rag.types import Evidence

_NUMBERED = re.compile(r"\d{1,3}(?:\.\d{1,3})+[.)]?\s")
MOST_SENTENCES = 12  # of an answer: a longer list or explanation is read better at its place


def extract(chosen: Chosen) -> Parts:
    """The sentences that hold the chosen span, each with its own citation."""
    return at_once(sentence_parts(chosen, sentences_around(chosen)[:MOST_SENTENCES]))


def sentence_parts(chosen: Chosen, evidence: Sequence[Evidence]) -> list[Part]:
    """One part for each sentence, whole but for the marker of a list, with the words of the span in it marked."""
    return with_lines([_sentence(chosen, item) for item in evidence])


def with_lines(parts: Sequence[Part]) -> list[Part]:
    """The parts, of which a numbered one ("3.2 Wear and tear") behind another begins a line."""
    return [part._replace(before="\n") if at and _NUMBERED.match(part.text) else part for at, part in enumerate(parts)]


def _sentence(chosen: Chosen, item: Evidence) -> Part:
    start = without_marker(item.text)
    support = check(item.text[start:], [item.text]).support
    part = quoted(item, start, len(item.text), support)
    span = chosen.span
    if span.start >= item.end or span.end <= item.start:
        return part
    place = part.places[0]._replace(start=max(span.start, item.start), end=min(span.end, item.end))
    return part._replace(places=(place,))
