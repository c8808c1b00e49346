"""The turn before a follow-up, found again in the passages, so that its answer is not given twice (pure).

A history is text alone, so the places of the last answer are the sentences that it says word by word, or in which it
stands, and its very words are what the reader finds in them for the last question. A span of these is worth less for
another question, and passages of the documents in which the answer stands are worth a little more. An answer in the
words of a model is found nowhere, and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.retrieval.question import Earlier
from rag.text.terms import terms
from rag.text.wording import fold
from rag.types import AnswerSpan, Passage, PassageReading, Sentence

_REPEATED = (
    4.0  # logits that a span loses which the last answer gave (benchmarks/conversations.py, docs/experiments.md)
)
_MOST_SHARED = 0.5  # of the shorter of two spans, from which they are the same
_SHORTEST = 8  # characters of a sentence that is looked for in an answer
_MARK = re.compile(r"\[\d+\]")
_WORD = re.compile(r"\w+")


def said_in(passage: Passage, answer: str) -> list[Sentence]:
    """The sentences of the passage that the answer says, or in which it stands."""
    said = _plain(_MARK.sub(" ", answer))
    found = []
    for place in passage.sentences:
        sentence = _plain(passage.text[place.start - passage.start : place.end - passage.start])
        within = said.strip() and said in sentence
        if within or (len(sentence) >= _SHORTEST and sentence in said):
            found.append(place)
    return found


def asks_again(question: frozenset[str], earlier: Earlier) -> bool:
    """True if a question, of which these are the terms, is the one before it."""
    return question == frozenset(terms(earlier.question))


def without_repeated(
    readings: Sequence[PassageReading], before: Mapping[str, PassageReading], answer: str
) -> list[PassageReading]:
    """The readings, in which spans that the last answer gave come later. `before` holds those of the last question, by
    id of their passages."""
    return [
        _later(reading, span)
        if (last := before.get(reading.passage.id)) and (span := _given(last, answer))
        else reading
        for reading in readings
    ]


def _given(reading: PassageReading, answer: str) -> AnswerSpan | None:
    """The best span of the last question within what the answer says."""
    places = said_in(reading.passage, answer)
    within = (span for span in reading.spans if any(span.start < end and span.end > start for start, end in places))
    return next(within, None)


def _later(reading: PassageReading, given: AnswerSpan) -> PassageReading:
    spans = [span._replace(score=span.score - _REPEATED) if _same(span, given) else span for span in reading.spans]
    return reading._replace(spans=tuple(sorted(spans, key=lambda span: -span.score)))


def _same(one: AnswerSpan, other: AnswerSpan) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared > _MOST_SHARED * min(one.end - one.start, other.end - other.start)


def _plain(text: str) -> str:
    """The words of a text between spaces, so that one text stands in another as whole words."""
    return f" {' '.join(_WORD.findall(fold(text)))} "
