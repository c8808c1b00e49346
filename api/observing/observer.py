"""Observation of a pipeline: each question that goes through it is counted, traced and stored, whoever asks it.

In: a pipeline. Out: a stand-in for it that behaves the same; so every front end (questions, chats, agents) is observed
without doing anything. Adds a tenth of a millisecond to an answer and never fails one. Searches are not observed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, cast

from api.errors import error_kind
from api.observing.metrics import Metrics
from api.observing.notes import note
from api.observing.spans import Spans
from rag.traces.collect import Trace, collecting
from rag.types import Answer, Ask

if TYPE_CHECKING:
    from rag.pipeline import Pipeline

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Storage of traces, such as `api.observing.traces.Traces`."""

    def keep(self, answer: Answer, trace: Trace) -> None:
        """Store the trace of an answer, without making the answer wait."""


class Observer:
    """Counts, traces and stores each question of the pipelines that it observes."""

    def __init__(self, metrics: Metrics, keeper: Keeper | None, spans: Spans | None) -> None:
        self.metrics = metrics
        self.keeper = keeper
        self.spans = spans

    def observed(self, pipeline: Pipeline) -> Pipeline:
        """A stand-in for the pipeline whose questions are observed."""
        return cast("Pipeline", _Observed(pipeline, self))


class _Observed:
    """Stand-in for a `rag.pipeline.Pipeline`; what is not defined here is the pipeline's own."""

    def __init__(self, pipeline: Any, observer: Observer) -> None:
        self._pipeline = pipeline
        self._observer = observer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)

    def _watch(self, question: str | Ask) -> _Watch:
        stored = question.stored if isinstance(question, Ask) else True
        return _Watch(self._pipeline.name, self._observer, stored)

    def ask(self, question: str | Ask) -> Answer:
        watch = self._watch(question)
        try:
            with collecting(watch.trace):
                answer: Answer = self._pipeline.ask(question)
        except BaseException as exc:
            watch.failed(exc)
            raise
        watch.answered(answer)
        return answer

    def stream(self, question: str | Ask) -> Iterator[Any]:
        """Steps of an answer. Any thread may take the next: the trace belongs to the iterator, not to a thread."""
        watch = self._watch(question)
        steps = self._pipeline.stream(question)
        try:
            while True:
                with collecting(watch.trace):
                    step = next(steps, None)
                if step is None:
                    return
                if isinstance(step, Answer):
                    watch.answered(step)
                yield step
        except BaseException as exc:  # also `GeneratorExit`: the client left
            watch.failed(exc)
            raise
        finally:
            steps.close()
            watch.failed(GeneratorExit())  # no effect if it has ended


class _Watch:
    """Observation of one question; only its first end counts."""

    def __init__(self, index: str, observer: Observer, stored: bool) -> None:
        self._keeper = observer.keeper if stored else None
        self.trace = Trace()
        self._index = index
        self._observer = observer
        self._span = observer.spans.question(index) if observer.spans else None
        self._over = False
        observer.metrics.asked.inc()

    def answered(self, answer: Answer) -> None:
        if self._ends():
            try:
                self._tell(answer)
            except Exception:
                _log.exception("answer %s was given, and could not be noted", answer.id)

    def failed(self, error: BaseException) -> None:
        if self._ends():
            kind = "cancelled" if isinstance(error, GeneratorExit) else error_kind(error)
            note(index=self._index, outcome=kind)
            self._observer.metrics.failed(self._index, kind)
            if self._span:
                self._span.failed(kind)

    def _ends(self) -> bool:
        if self._over:
            return False
        self._over = True
        self._observer.metrics.asked.dec()
        return True

    def _tell(self, answer: Answer) -> None:
        note(
            answer=answer.id,
            index=answer.index.name,
            generation=answer.index.generation,
            outcome=answer.abstained.reason if answer.abstained else "answered",
            mode=answer.mode,
            confidence=round(answer.confidence, 3),
            prompt_tokens=answer.usage.prompt_tokens,
            completion_tokens=answer.usage.completion_tokens,
            **{f"{step}_seconds": round(seconds, 4) for step, seconds in answer.timings.items()},
        )
        self._observer.metrics.answered(answer)
        if self._span:
            self._span.answered(answer)
        if self._keeper:
            self._keeper.keep(answer, self.trace)
