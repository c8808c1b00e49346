"""Questions with located gold, asked one after another -> records, as they are answered.

The list of documents is that of the search behind the answer: one question is asked once, with more passages than the
answer keeps.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from rag.evaluation.gold import Gold
from rag.evaluation.record import GoldQuestion, Record
from rag.serialise import answer_json
from rag.types import Answer, Ask

RANKED = 50  # passages of the ranking: enough for ten documents and more
_NO_GOLD = Gold((), (), ())


class Asks(Protocol):
    """The answering of questions that is evaluated; `rag.pipeline.Pipeline` is one."""

    def ask(self, question: Ask) -> Answer:
        """The answer to a question; raises `ModelError`."""
        ...


def ask_all(pipeline: Asks, questions: Iterable[GoldQuestion], gold: Mapping[str, Gold], kept: int) -> Iterator[Record]:
    """Yields a record for each question; of the passages found, the answer keeps the first `kept`.

    Raises `ModelError`.
    """
    for question in questions:
        begin = time.perf_counter()
        answer = pipeline.ask(Ask(question.text, k=max(kept, RANKED), history=question.history))
        seconds = time.perf_counter() - begin
        stored = answer_json(answer)
        stored["passages"] = stored["passages"][:kept]
        where = gold.get(question.id, _NO_GOLD)
        yield Record(
            id=question.id,
            question=question.text,
            answers=question.answers,
            answer_groups=question.answer_groups,
            documents=where.documents,
            evidence=where.evidence,
            worded=where.worded,
            answerable=question.answerable,
            type=question.type,
            answer=stored,
            ranking=tuple(dict.fromkeys(hit.passage.document_id for hit in answer.hits)),
            seconds=seconds,
        )
