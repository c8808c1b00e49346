"""OpenTelemetry: spans nest, steps follow one another, no text is in them, and nothing is imported when off."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from api.observing.spans import Spans
from rag.errors import Overloaded
from tests.api.fakes import Stage, answered, wait_until

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Traced(NamedTuple):
    client: TestClient
    stage: Stage
    exporter: InMemorySpanExporter

    def spans(self) -> dict[str, ReadableSpan]:
        """By name, of the last question."""
        return {span.name: span for span in self.exporter.get_finished_spans()}


@pytest.fixture
def traced(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Traced]:
    """With the parameter "text", spans hold texts."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    stage = Stage(tmp_path)
    spans = Spans(provider, text=getattr(request, "param", "") == "text")
    with TestClient(stage.app(spans=spans), raise_server_exceptions=False) as client:
        wait_until(lambda: client.get("/readyz"), 200)
        exporter.clear()
        yield Traced(client, stage, exporter)


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_is_a_span_below_its_request_and_its_steps_below_it(traced: Traced, stream: bool) -> None:
    headers = {"traceparent": PARENT, "X-Request-ID": "r1"}
    traced.client.post("/v1/ask", json={"question": "Who found it?", "stream": stream}, headers=headers)
    spans = traced.spans()
    request, answer, step = spans["POST /v1/ask"], spans["answer"], spans["retrieve"]
    assert (request.parent and f"{request.parent.trace_id:x}-{request.parent.span_id:016x}") == PARENT[3:-3]
    assert (answer.parent and answer.parent.span_id) == request.context.span_id
    assert (step.parent and step.parent.span_id) == answer.context.span_id
    assert step.end_time - step.start_time == 12_000_000  # type: ignore[operator]
    assert step.end_time == answer.end_time
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "rag.request_id": "r1",
        "http.route": "/v1/ask",
        "http.response.status_code": 200,
    }
    assert dict(answer.attributes or {}) == {
        "rag.index": "default",
        "openinference.span.kind": "CHAIN",
        "rag.answer_id": "ans_1",
        "rag.generation": 7,
        "rag.mode": "quote",
        "rag.outcome": "answered",
        "rag.confidence": 0.83,
        "rag.faithfulness": 0.98,
        "gen_ai.request.model": "tiny",
        "gen_ai.usage.input_tokens": 180,
        "gen_ai.usage.output_tokens": 12,
    }


@pytest.mark.parametrize("traced", ["text"], indirect=True)
def test_with_text_evaluation_programs_find_question_passages_and_answer(traced: Traced) -> None:
    told = traced.client.post("/v1/ask", json={"question": "Who found it?"}).json()
    spans = traced.spans()
    answer, found = (dict(spans[name].attributes or {}) for name in ("answer", "retrieve"))
    assert (answer["input.value"], answer["output.value"]) == (told["question"], told["answer"])
    for name, role, text in (("input", "user", told["question"]), ("output", "assistant", told["answer"])):
        assert json.loads(str(answer[f"gen_ai.{name}.messages"])) == [
            {"role": role, "parts": [{"type": "text", "content": text}]}
        ]
    assert found["openinference.span.kind"] == "RETRIEVER"
    first = told["passages"][0]
    assert found["retrieval.documents.0.document.content"] == first["text"]
    assert found["retrieval.documents.0.document.id"] == first["document_id"]
    outputs = json.loads(str(found["output.value"]))
    assert [one["page_content"] for one in outputs] == [passage["text"] for passage in told["passages"]]
    assert outputs[0]["metadata"]["doc_uri"] == first["document_id"]


def test_without_it_no_span_holds_a_text(traced: Traced) -> None:
    told = traced.client.post("/v1/ask", json={"question": "Who found it?"}).json()
    every = " ".join(span.to_json() for span in traced.exporter.get_finished_spans())
    assert "RETRIEVER" in every
    assert not [text for text in (told["question"], told["answer"], told["passages"][0]["text"]) if text in every]


def test_what_fails_says_so_without_its_message(traced: Traced) -> None:
    traced.stage.pipeline.error = Overloaded("secret", 3)
    traced.client.post("/v1/ask", json={"question": "Who?"})
    answer = traced.spans()["answer"]
    assert (answer.status.status_code, answer.attributes and answer.attributes["error.type"]) == (
        StatusCode.ERROR,
        "overloaded",
    )
    assert traced.spans()["POST /v1/ask"].status.status_code is StatusCode.UNSET  # 429: the client's to mend
    traced.stage.pipeline.error = ValueError("secret")
    traced.client.post("/v1/ask", json={"question": "Who?"})
    assert traced.spans()["POST /v1/ask"].status.status_code is StatusCode.ERROR
    assert not any("secret" in span.to_json() for span in traced.exporter.get_finished_spans())


def test_steps_follow_one_another() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans = Spans(provider)
    above = provider.get_tracer("t").start_span("answer")
    timings = {"retrieve": 0.25, "generate": 0.5, "check": 0.125}
    spans.steps(above, replace(answered("Who?"), timings=timings), end=2_000_000_000)
    assert [(span.name, span.start_time, span.end_time) for span in exporter.get_finished_spans()] == [
        ("retrieve", 1_125_000_000, 1_375_000_000),
        ("generate", 1_375_000_000, 1_875_000_000),
        ("check", 1_875_000_000, 2_000_000_000),
    ]


def test_nothing_is_imported_when_off() -> None:
    """But the interface, `opentelemetry-api`, which FastAPI itself imports."""
    script = (
        "import sys, api.app; from rag.settings import Settings; api.app.create_app(Settings());"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_extra_the_command_that_installs_it_is_named() -> None:
    script = (
        "import sys; sys.modules['opentelemetry.sdk'] = None\n"
        "from api.observing.spans import Spans; from rag.errors import RagError\n"
        "try: Spans.open()\nexcept RagError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install 'rag-cited[otel]'" in done.stdout
