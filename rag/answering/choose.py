"""Hits and what the reader made of them -> the place that answers best, and the sentences around it (pure).

The score of a passage is that of its best span and, to a share, how well the passage was found: the reader tells
answers of the same kind apart that stand in different passages less well than retrieval does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from typing import NamedTuple

from rag.text.structure import block_at
from rag.types import AnswerSpan, Evidence, Hit, Passage, PassageReading, Sentence

PREFERRED = 1.0  # logits that a document of the last answer has before others: of equals, it is chosen
NO_RIVAL = 20.0  # logits: the margin of a span beside which nothing else could be the answer
RETRIEVAL_WEIGHT = 15.0  # logits that a retrieval score of 1 counts beside a span's (docs/experiments.md)
_OTHERS = re.compile(r"\W+")


class Chosen(NamedTuple):
    """The best span of all passages that were read."""

    hit: Hit
    reading: PassageReading
    span: AnswerSpan
    score: float  # of the span, with the share of retrieval
    lead: float  # retrieval score of the passage less the highest one; 0 or less
    margin: float  # score less that of the best span of other words, of any passage; at most `NO_RIVAL`

    @property
    def passage(self) -> Passage:
        """The passage in which the span stands."""
        return self.hit.passage


def choose(
    hits: Sequence[Hit],
    readings: Sequence[PassageReading],
    preferred: Set[str] = frozenset(),
    gained: Sequence[float] = (),
) -> Chosen | None:
    """The best span; None if no passage has a word that could answer. `preferred` are ids of documents, `gained` the
    logits that each hit gains beside others (`side_by_side.py`), none if it is empty."""
    gained = gained or [0.0] * len(hits)
    found = [(score + gained[-number], number) for score, number in scored(hits, readings, preferred)]
    if not found:
        return None
    score, place = max(found)  # of equals, the one that was found first
    hit, reading = hits[-place], readings[-place]
    lead = hit.score - max(one.score for one in hits)
    chosen = Chosen(hit, reading, reading.spans[0], score, lead, NO_RIVAL)
    return chosen._replace(margin=min(NO_RIVAL, score - _rival(chosen, hits, readings, gained)))


def scored(
    hits: Sequence[Hit], readings: Sequence[PassageReading], preferred: Set[str] = frozenset()
) -> list[tuple[float, int]]:
    """The score of each passage that has a span, and the number of its hit, negated so that of equals the first is the
    largest."""
    return [
        (reading.score + RETRIEVAL_WEIGHT * hit.score + PREFERRED * (hit.passage.document_id in preferred), -number)
        for number, (hit, reading) in enumerate(zip(hits, readings, strict=True))
        if reading.spans
    ]


def _rival(chosen: Chosen, hits: Sequence[Hit], readings: Sequence[PassageReading], gained: Sequence[float]) -> float:
    """The score of the best span of all passages that says something else; minus infinity if there is none."""
    said = _letters(chosen.passage, chosen.span)
    return max(
        (
            span.score + RETRIEVAL_WEIGHT * hit.score + more
            for hit, reading, more in zip(hits, readings, gained, strict=True)
            for span in reading.spans
            if _letters(hit.passage, span) != said
        ),
        default=float("-inf"),
    )


def _letters(passage: Passage, span: AnswerSpan) -> str:
    """The letters and digits of a span, in lower case."""
    return _OTHERS.sub("", passage.text[span.start - passage.start : span.end - passage.start].lower())


def without_questions(question: str, readings: Sequence[PassageReading]) -> list[PassageReading]:
    """The readings without spans in sentences that ask something, or say the question again and no more: an entry of a
    table of contents, of which the answer stands elsewhere. A span stays if a sentence that answers follows it."""
    asked = _OTHERS.sub("", question.lower())
    return [
        reading._replace(spans=tuple(span for span in reading.spans if not _asks(reading.passage, span, asked)))
        for reading in readings
    ]


def _asks(passage: Passage, span: AnswerSpan, asked: str) -> bool:
    touched = [place for place in passage.sentences if place.start < span.end and place.end > span.start]
    after = next((place for place in passage.sentences if place.start >= span.end), None)
    return bool(touched) and all(
        _says_no_more(passage, place, asked) for place in [*touched, *([after] if after else [])]
    )


def _says_no_more(passage: Passage, place: Sentence, asked: str) -> bool:
    text = passage.text[place.start - passage.start : place.end - passage.start].rstrip()
    return text.endswith("?") or _OTHERS.sub("", text.lower()) == asked


def in_table(chosen: Chosen) -> bool:
    """True if the span stands in a table."""
    block = block_at(chosen.passage, chosen.span.start)
    return block is not None and block.kind == "table"


def sentences_around(chosen: Chosen) -> list[Evidence]:
    """The sentences that the span touches, in order; the one after it if it touches none, as in a heading, or if the
    last one asks."""
    passage, span = chosen.passage, chosen.span
    touched = [place for place in passage.sentences if place.start < span.end and place.end > span.start]
    asks = bool(touched) and passage.text[: touched[-1].end - passage.start].rstrip().endswith("?")
    if not touched or asks:
        after = [place for place in passage.sentences if place.start >= span.end]
        touched = after[:1] or list(passage.sentences[-1:])
    return [evidence(chosen, start, end, label) for label, (start, end) in enumerate(touched, 1)]


def evidence(chosen: Chosen, start: int, end: int, label: int = 1) -> Evidence:
    """The characters `start..end` of the document as evidence."""
    passage = chosen.passage
    text = passage.text[start - passage.start : end - passage.start]
    return Evidence(label, passage, start, end, text, chosen.hit.score)
