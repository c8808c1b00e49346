"""An Answer and its Trace -> the record that is kept of it: places and figures, and text only if it is asked for.

Without text, the record holds no words of a person or a document: passages and sentences are named by their document
and characters, the question by its length, the prompt by its hash. With text, `answer` is the answer as it was given.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from typing_extensions import TypedDict

from rag.serialise import AnswerJSON, IndexJSON, Number, UsageJSON, answer_json, finite, hit_json, selected
from rag.traces.collect import Trace
from rag.types import AbstentionReason, Answer, AnswerMode, PassageReading

Rating: TypeAlias = Literal["up", "down"]


class RetrievedJSON(TypedDict):
    """A passage whose sentences competed: its rank in each search (1-based, null if it was not among the candidates),
    the scores there, and the fused one. `listed` if the answer shows it."""

    id: str
    document_id: str
    start: int
    end: int
    page: int | None
    dense_rank: int | None
    dense_score: Number
    lexical_rank: int | None
    lexical_score: Number
    score: Number
    listed: bool


class ReadJSON(TypedDict):
    """A passage that was read: the characters of its best span, null if it has none, with the span's score; the logit
    of the passage being relevant, and the probabilities of yes and no."""

    passage_id: str
    start: int | None
    end: int | None
    score: Number
    relevance: Number
    yes: Number
    no: Number


class VerdictJSON(TypedDict):
    """The verdict of the checker on a sentence of the answer, which stands at `start..end` of it."""

    start: int
    end: int
    support: Number
    reason: str | None
    citations: list[int]


class TraceCitationJSON(TypedDict):
    """The place that a label stands for."""

    label: int
    document_id: str
    passage_id: str
    start: int
    end: int


class TraceJSON(TypedDict):
    """The record of an answer. `created` is UTC; `timings` are seconds; `answer` is null unless text is kept, and
    `rating` unless a person has judged the answer."""

    id: str
    created: str
    request_id: str | None
    version: str
    index: IndexJSON
    question_characters: int
    answered: bool
    abstained: AbstentionReason | None
    mode: AnswerMode
    model: str | None
    prompt_sha256: str | None
    confidence: Number
    faithfulness: Number
    retrieved: list[RetrievedJSON]
    read: list[ReadJSON]
    verdicts: list[VerdictJSON]
    citations: list[TraceCitationJSON]
    usage: UsageJSON
    timings: dict[str, Number]
    answer: AnswerJSON | None
    rating: Rating | None


def trace_json(
    answer: Answer, trace: Trace, *, created: str, version: str, request_id: str | None = None, text: bool = False
) -> TraceJSON:
    """The record of an answer. `created` has the form 2024-03-31T12:00:00Z; `version` is that of the program; the whole
    answer is included if `text` is set."""
    whole = answer_json(answer)
    return {
        "id": answer.id,
        "created": created,
        "request_id": request_id,
        "version": version,
        "index": whole["index"],
        "question_characters": len(answer.question),
        "answered": answer.answered,
        "abstained": answer.abstained.reason if answer.abstained else None,
        "mode": answer.mode,
        "model": answer.model,
        "prompt_sha256": trace.prompt_sha256,
        "confidence": whole["confidence"],
        "faithfulness": whole["faithfulness"],
        "retrieved": _retrieved(answer, trace),
        "read": [_read(reading) for reading in trace.readings],
        "verdicts": [selected(claim, VerdictJSON) for claim in whole["claims"]],
        "citations": [selected(citation, TraceCitationJSON) for citation in whole["citations"]],
        "usage": whole["usage"],
        "timings": whole["timings"],
        "answer": whole if text else None,
        "rating": None,
    }


def _retrieved(answer: Answer, trace: Trace) -> list[RetrievedJSON]:
    listed = {hit.passage.id for hit in answer.hits}
    hits = {hit.passage.id: hit for hit in (*trace.hits, *answer.hits)}
    return [selected({**hit_json(hit), "listed": id in listed}, RetrievedJSON) for id, hit in hits.items()]


def _read(reading: PassageReading) -> ReadJSON:
    span = reading.spans[0] if reading.spans else None
    return {
        "passage_id": reading.passage.id,
        "start": span.start if span else None,
        "end": span.end if span else None,
        "score": finite(reading.score),
        "relevance": finite(reading.relevance),
        "yes": finite(reading.yes),
        "no": finite(reading.no),
    }
