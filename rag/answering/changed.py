"""Two documents -> the sentences of both that say the same thing with other figures, pair by pair, quoted (pure).

Minutes of two years, versions of a contract, reports of two quarters: what changed shows where a sentence of one has a
counterpart in the other. A pair is two sentences of which each is the nearest to the other, by the vectors that the
index holds. Dates alone are no change. No conclusion is drawn, and what has no counterpart is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from rag.answering.outline import StoredSentence, mean_of, quoted_alone, standing_alone
from rag.answering.parts import Part
from rag.types import DocumentInfo, StoredDocument

REMARK = (
    "\nThese sentences of the two documents are nearest to each other and differ in a figure; no conclusion is drawn, "
    "and there may be more that changed."
)
_FEWEST, _MOST = 3, 10  # pairs
_NEAR = 0.65  # cosine of a pair: the nearest sentence of minutes of another year has 0.69 and more
_SENTENCES = 4_000  # of a document that are compared: time grows with the product
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}(?:st|nd|rd|th)?\s(?:of\s)?[A-Z][a-z]{2,8}\b|\b[A-Z][a-z]{2,8}\.?\s\d{1,2}\b(?!\s?%)"
    r"|\b\d{1,2}[:.]\d\d\b(?!\s?%)"
)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def changed_sentences(infos: Sequence[DocumentInfo], one: StoredDocument, two: StoredDocument) -> tuple[Part, ...]:
    """The pairs of sentences with other figures, in the order of the second document; none if they are too few to
    show what changed."""
    pairs = list(_pairs(standing_alone(one)[:_SENTENCES], standing_alone(two)[:_SENTENCES]))
    if len(pairs) < _FEWEST:
        return ()
    middle = mean_of([second for _, second in pairs])
    best = sorted(pairs, key=lambda pair: -float(pair[1].vector @ middle))[:_MOST]
    parts = []
    for number, (first, second) in enumerate(sorted(best, key=lambda pair: pair[1].start)):
        line = "- " if number == 0 else "\n- "
        parts.append(quoted_alone(first, f"{line}{infos[0].title}: "))
        parts.append(quoted_alone(second, f"\n  {infos[1].title}: "))
    return tuple(parts)


def _pairs(
    ones: Sequence[StoredSentence], twos: Sequence[StoredSentence]
) -> Iterator[tuple[StoredSentence, StoredSentence]]:
    """The sentences that are each other's nearest and differ in a figure."""
    if not (ones and twos):
        return
    near = np.stack([one.vector for one in ones]) @ np.stack([two.vector for two in twos]).T
    nearest, back = near.argmax(axis=1), near.argmax(axis=0)
    for number, other in enumerate(nearest.tolist()):
        one, two = ones[number], twos[other]
        mutual = back[other] == number and near[number, other] >= _NEAR
        if mutual and _figures(one.text) != _figures(two.text):
            yield one, two


def _figures(text: str) -> list[str]:
    """The figures of a sentence that are no date or time of day, in order."""
    return _FIGURE.findall(_DATE.sub(" ", text))
