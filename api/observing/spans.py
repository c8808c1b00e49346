"""OpenTelemetry spans: one for a request, one for a question in it, one for each of its steps. Off unless configured.

In: what begins and ends, with attributes. Out: spans over OTLP and HTTP, to where the `OTEL_*` variables say. No text
of questions or documents is in them unless `trace_text` is set, which FastAPI's own spans do not promise. Nothing is
imported unless spans are asked for. The steps of a question are made from its timings when it is over: they follow one
another and end with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from api.observing.span_text import ANSWER_KIND, answer_attributes, step_attributes
from rag.errors import RagError
from rag.types import Answer

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

_INSTALL = "spans need OpenTelemetry: `pip install 'rag-cited[otel]'`, or set spans = false"


class Spans:
    """Spans of requests and questions; `close` sends those that are left."""

    def __init__(self, provider: TracerProvider, text: bool = False) -> None:
        """Set spans up; with `text`, they hold questions, answers and passages."""
        from rag import __version__

        self.text = text
        self._provider = provider
        self._tracer = provider.get_tracer("rag", __version__)

    @classmethod
    def open(cls, text: bool = False) -> Spans:
        """Spans that are exported as the `OTEL_*` variables say. Raises `RagError` if the extra is not installed."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as exc:
            raise RagError(_INSTALL) from exc
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before these
        provider = TracerProvider(resource=Resource({"service.name": "rag"}).merge(Resource.create()))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider, text)

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str], request_id: str) -> Iterator[Callable[[str, int], None]]:
        """Context of a request, in a span of the server, below that of `traceparent` if the client sends one. Yields a
        function to be called with the route and the status."""
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        above = TraceContextTextMapPropagator().extract(headers)
        known = {"http.request.method": method, "rag.request_id": request_id}
        with self._tracer.start_as_current_span(method, above, SpanKind.SERVER, known) as span:

            def ended(route: str, status: int) -> None:
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})
                if status >= 500:
                    span.set_status(StatusCode.ERROR)

            yield ended

    def question(self, index: str) -> QuestionSpan:
        """A span for a question to an index, below the current span."""
        return QuestionSpan(self, self._tracer.start_span("answer", attributes={"rag.index": index, **ANSWER_KIND}))

    def steps(self, above: Span, answer: Answer, end: int) -> None:
        """Send a span for each step of the answer, one after another, until `end` (nanoseconds since 1970)."""
        from opentelemetry.trace import set_span_in_context

        context = set_span_in_context(above)
        begin = end - sum(map(_nanoseconds, answer.timings.values()))
        for step, seconds in answer.timings.items():
            attributes = step_attributes(step, answer, self.text)
            span = self._tracer.start_span(step, context, attributes=attributes, start_time=begin)
            begin += _nanoseconds(seconds)
            span.end(begin)

    def close(self) -> None:
        """Send the spans that are left and shut the exporter down."""
        shutdown: Callable[[], Any] | None = getattr(self._provider, "shutdown", None)
        if shutdown is not None:
            shutdown()


class QuestionSpan:
    """Span of a question, to be ended once, by either method; any thread may call."""

    def __init__(self, spans: Spans, span: Span) -> None:
        self._spans = spans
        self._span = span

    def answered(self, answer: Answer) -> None:
        """End the span now, with the figures of the answer and a span for each of its steps."""
        end = time.time_ns()
        self._spans.steps(self._span, answer, end)
        outcome = answer.abstained.reason if answer.abstained else "answered"
        self._span.set_attributes(
            {
                "rag.answer_id": answer.id,
                "rag.generation": answer.index.generation,
                "rag.mode": answer.mode,
                "rag.outcome": outcome,
                "rag.confidence": answer.confidence,
                "rag.faithfulness": answer.faithfulness,
                "gen_ai.request.model": answer.model or "none",
                "gen_ai.usage.input_tokens": answer.usage.prompt_tokens,
                "gen_ai.usage.output_tokens": answer.usage.completion_tokens,
            }
        )
        if self._spans.text:
            self._span.set_attributes(answer_attributes(answer))
        self._span.end(end)

    def failed(self, kind: str) -> None:
        """End the span with an error of the type `kind`."""
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)
        self._span.end()


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
