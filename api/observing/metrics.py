"""Figures for Prometheus: what is counted, and the text of `/metrics`.

In: requests that ended, questions that ended, and at a scrape the state of the indexes and of the language model's
queue. Out: the exposition format. Each application has a registry of its own, so that there may be several in a
process. Labels have few values: routes are templates, indexes those that were opened, never what a client made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from rag.types import Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class IndexState(NamedTuple):
    """State of an index that was opened."""

    name: str
    generation: int
    documents: int


class Metrics:
    """Figures of one application; any thread may call. `indexes` and `waiting` (the number of questions that wait for
    the language model, None without one) are called at each scrape."""

    def __init__(self, indexes: Callable[[], list[IndexState]], waiting: Callable[[], int | None]) -> None:
        registry = self._registry = CollectorRegistry()
        request = ("method", "route")
        self.requests = Counter(
            "rag_http_requests", "Requests by route template and status", (*request, "status"), registry=registry
        )
        self.request_seconds = Histogram(
            "rag_http_request_seconds",
            "Seconds from the request to the last byte of its response",
            request,
            buckets=_SECONDS,
            registry=registry,
        )
        self.under_way = Gauge("rag_http_requests_in_progress", "Requests that have not ended", registry=registry)
        self.asked = Gauge("rag_questions_in_progress", "Questions being answered or queued", registry=registry)
        self._questions = Counter("rag_questions", "Questions by outcome", ("index", "outcome"), registry=registry)
        self._abstentions = Counter(
            "rag_abstentions", "Questions without an answer, by reason", ("index", "reason"), registry=registry
        )
        self._failures = Counter(
            "rag_question_failures",
            "Questions that ended in an error, by its type",
            ("index", "type"),
            registry=registry,
        )
        self._tokens = Counter(
            "rag_tokens", "Tokens that the language model read and wrote", ("kind",), registry=registry
        )
        self._steps = Histogram(
            "rag_step_seconds", "Seconds of an answer, by step", ("step",), buckets=_SECONDS, registry=registry
        )
        self._faithfulness = Histogram(
            "rag_faithfulness", "Mean support of the claims of an answer", buckets=_SHARES, registry=registry
        )
        self._confidence = Histogram(
            "rag_confidence", "Probability of being right, abstentions included", buckets=_SHARES, registry=registry
        )
        self.traces_lost = Counter("rag_traces_lost", "Traces of answers that could not be stored", registry=registry)
        ProcessCollector(registry=registry)
        registry.register(_AtScrape(indexes, waiting))

    def answered(self, answer: Answer) -> None:
        """Count an answer: outcome, faithfulness, confidence, tokens and the seconds of its steps."""
        index = answer.index.name
        self._questions.labels(index, "answered" if answer.answered else "abstained").inc()
        if answer.abstained is None:
            self._faithfulness.observe(answer.faithfulness)
        else:
            self._abstentions.labels(index, answer.abstained.reason).inc()
        self._confidence.observe(answer.confidence)
        self._tokens.labels("prompt").inc(answer.usage.prompt_tokens)
        self._tokens.labels("completion").inc(answer.usage.completion_tokens)
        for step, seconds in answer.timings.items():
            self._steps.labels(step).observe(seconds)

    def failed(self, index: str, kind: str) -> None:
        """Count a question that ended in an error; `kind` is the `type` of its body, or `cancelled`."""
        self._questions.labels(index, "failed").inc()
        self._failures.labels(index, kind).inc()

    def text(self, sees: Callable[[str], bool]) -> bytes:
        """The figures in the text format of Prometheus (`CONTENT_TYPE`), without those of indexes that the caller may
        not see. Sums over all indexes stay."""
        return generate_latest(_Seen(self._registry, sees))


class _Seen(CollectorRegistry):
    """A registry with the samples that may be seen."""

    def __init__(self, registry: CollectorRegistry, sees: Callable[[str], bool]) -> None:
        super().__init__()
        self._all = registry
        self._sees = sees

    def collect(self) -> Iterator[Metric]:
        """Collect the figures anew."""
        for metric in self._all.collect():
            metric.samples = [s for s in metric.samples if "index" not in s.labels or self._sees(s.labels["index"])]
            yield metric


class _AtScrape:
    """Collector of figures that are looked up at each scrape."""

    def __init__(self, indexes: Callable[[], list[IndexState]], waiting: Callable[[], int | None]) -> None:
        self._indexes = indexes
        self._waiting = waiting

    def describe(self) -> list[Metric]:
        return []  # else registering it would scrape

    def collect(self) -> Iterator[Metric]:
        generation = GaugeMetricFamily("rag_index_generation", "Newest published state", labels=("index",))
        documents = GaugeMetricFamily("rag_index_documents", "Documents of that state", labels=("index",))
        for state in self._indexes():
            generation.add_metric((state.name,), state.generation)
            documents.add_metric((state.name,), state.documents)
        yield generation
        yield documents
        if (waiting := self._waiting()) is not None:
            yield GaugeMetricFamily("rag_queue_length", "Questions that wait for the language model", value=waiting)
