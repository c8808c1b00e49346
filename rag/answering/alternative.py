"""An answer that is not sure -> what the other place says which the reader finds nearly as good (pure).

Over eight libraries such a place stands beside 23 of 82 answers that are not sure, and answers 8 of the 12 that are
wrong among these (docs/experiments.md): a person who is told of the doubt reads both. It is no part of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.choose import RETRIEVAL_WEIGHT, Chosen, in_table, sentences_around
from rag.answering.draft import Draft
from rag.answering.parts import Composer
from rag.answering.quote import at_place
from rag.types import Alternative, Citation, Evidence, Hit, PassageReading

_NEARLY = 3.0  # logits below the chosen place, retrieval included, at which another may be the one that answers


def alternative_of(draft: Draft, composer: Composer) -> Alternative | None:
    """The other place, cited behind the answer; None if the answer is sure, has several parts, is not quoted, or has no
    such place that it does not cite already."""
    said = draft.said()
    if draft.sure or draft.form is not None or draft.mode != "quote" or len(draft.asked) != 1 or not said:
        return None
    one, chosen = said[0]
    cited = composer.composed().citations
    other = other_place(chosen, one.read, one.readings, one.gained)
    if other is None or any(_meet(item, citation) for item in sentences_around(other) for citation in cited):
        return None
    text, citations = composer.cited(at_place(other))
    return Alternative(text, tuple(citation.label for citation in citations))


def _meet(item: Evidence, citation: Citation) -> bool:
    same = item.passage.document_id == citation.document_id
    return same and item.start < citation.end and item.end > citation.start


def other_place(
    chosen: Chosen, hits: Sequence[Hit], readings: Sequence[PassageReading], gained: Sequence[float]
) -> Chosen | None:
    """The best place in other sentences than those of the chosen span; None if none is nearly as good. No alternatives
    are two rows of tables, and sentences that differ in a figure alone: those of versions, of which one is meant.
    `gained` are the logits that each hit gains beside others."""
    taken = {(item.passage.document_id, item.start) for item in sentences_around(chosen)}
    others = [
        Chosen(hit, reading, span, score, 0.0, 0.0)
        for hit, reading, more in zip(hits, readings, gained or [0.0] * len(hits), strict=True)
        for span in reading.spans
        if (score := span.score + RETRIEVAL_WEIGHT * hit.score + more) >= chosen.score - _NEARLY
    ]
    said = _words(chosen)
    others = [
        one
        for one in others
        if taken.isdisjoint((item.passage.document_id, item.start) for item in sentences_around(one))
        and not (in_table(chosen) and in_table(one))
        and _words(one) != said
    ]
    return max(others, key=lambda one: one.score, default=None)


def _words(place: Chosen) -> str:
    """The letters of the sentences of a place, without figures."""
    return re.sub(r"[\W\d_]+", "", "".join(item.text for item in sentences_around(place)).lower())
