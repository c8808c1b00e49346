"""The values that cross the files of the evaluation: a question with its gold, and its answer.

A `Record` is a line of `answers.jsonl` and holds everything that is needed to score it again: figures, comparisons and
exports need neither the index nor a model. Offsets are those of `rag.types`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from rag.serialise import AnswerJSON
from rag.types import Message


class GoldPlace(NamedTuple):
    """Characters of a document of the index."""

    document_id: str
    start: int
    end: int


class GoldEvidence(NamedTuple):
    """A stretch of a gold document that answers, and all its places in the gold documents."""

    text: str
    places: tuple[GoldPlace, ...]


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A row of a file of questions. `documents` and `evidence` are as the file names them, not yet located."""

    id: str
    text: str
    answers: tuple[str, ...]  # any of them is right
    answer_groups: tuple[tuple[str, ...], ...]  # one of each group must be said; one group if the file has none
    documents: tuple[str, ...]
    evidence: tuple[str, ...]
    answerable: bool | None  # None: the file does not say, and there is no gold
    type: str
    history: tuple[Message, ...] = ()  # turns before the question, oldest first


@dataclass(frozen=True, slots=True)
class Record:
    """A question, its gold as places of the index, and the answer that it got."""

    id: str
    question: str
    answers: tuple[str, ...]
    answer_groups: tuple[tuple[str, ...], ...]
    documents: tuple[str, ...]  # gold, as ids of the index
    evidence: tuple[GoldEvidence, ...]
    worded: tuple[str, ...]  # the right answers that a gold document words, so that a citation can show them
    answerable: bool | None
    type: str
    answer: AnswerJSON
    ranking: tuple[str, ...]  # ids of the documents found, best first, each once
    seconds: float  # from question to answer

    @property
    def has_gold(self) -> bool:
        """True if anything is known of its answer: that there is none, its words, or its place."""
        return self.answerable is False or bool(self.answers or self.documents or self.evidence)


def record_of_answer(answer: AnswerJSON) -> Record:
    """The record of an answer to a question of which no gold is known."""
    ranking = tuple(dict.fromkeys(passage["document_id"] for passage in answer["passages"]))
    seconds = sum(value or 0.0 for value in answer["timings"].values())
    return Record(answer["id"], answer["question"], (), (), (), (), (), None, "", answer, ranking, seconds)


def record_json(record: Record) -> dict[str, Any]:
    """The record as a line of `answers.jsonl`, before it is written as JSON."""
    return asdict(record)


def record_from_json(line: dict[str, Any]) -> Record:
    """The record of a line: the inverse of `record_json`. Raises `KeyError`, `TypeError` for one of another form."""
    evidence = tuple(
        GoldEvidence(text, tuple(GoldPlace(*place) for place in places)) for text, places in line["evidence"]
    )
    return Record(
        id=line["id"],
        question=line["question"],
        answers=tuple(line["answers"]),
        answer_groups=tuple(map(tuple, line["answer_groups"])),
        documents=tuple(line["documents"]),
        evidence=evidence,
        worded=tuple(line["worded"]),
        answerable=line["answerable"],
        type=line["type"],
        answer=line["answer"],
        ranking=tuple(line["ranking"]),
        seconds=line["seconds"],
    )
