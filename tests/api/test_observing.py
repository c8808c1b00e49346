"""Request ids, the line in the log, figures for Prometheus: exactly what was asked is seen, and none of its text."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.observing.logs import JsonLines
from rag.errors import Overloaded
from rag.types import Answer
from tests.api.fakes import FakePipeline, Stage, WordCounter, serving
from tests.api.test_life import waiting_questions

SECRET = "Who found the pump of my aunt?"


def figures(client: TestClient) -> dict[tuple[str, ...], float]:
    """("rag_http_requests_total", "GET", "/healthz", "200") -> 1.0; label values in order of the labels' names."""
    response = client.get("/metrics")
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, "text/plain")
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_template_and_status(client: TestClient) -> None:
    client.get("/v1/documents/notes/pumps.md/text")
    client.get("/v1/documents/notes%2Fpumps.md/text")
    client.get("/v1/documents/none/text")
    client.get("/page/page.js")
    client.get("/wp-admin/")
    client.request("BREW", "/v1/ask")
    client.post("/v1/ask", content=b"{")
    found = figures(client)
    name = "rag_http_requests_total"
    counted = {key[1:]: value for key, value in found.items() if key[0] == name and key[2] != "/readyz"}
    assert counted == {
        ("GET", "/v1/documents/{id}/text", "200"): 2,
        ("GET", "/v1/documents/{id}/text", "404"): 1,
        ("GET", "/page", "200"): 1,
        ("GET", "none", "404"): 1,
        ("other", "/v1/ask", "405"): 1,
        ("POST", "/v1/ask", "415"): 1,
    }
    assert found["rag_http_request_seconds_count", "GET", "/v1/documents/{id}/text"] == 3
    assert found["rag_http_requests_in_progress",] == 1  # the scrape itself


def test_questions_are_counted_by_how_they_ended(client: TestClient, stage: Stage) -> None:
    for question in ("Who?", "Who else?", "Is it far?"):
        client.post("/v1/ask", json={"question": question})
    client.post("/v1/ask", json={"question": "Who?", "stream": True})
    client.post("/v1/ask", json={"question": " "})
    stage.pipeline.error = Overloaded("full", 3)
    client.post("/v1/ask", json={"question": "Who?"})
    stage.pipeline.error = ValueError("secret")
    assert client.post("/v1/ask", json={"question": "Who?"}).status_code == 500
    stage.pipeline.error = None
    client.post("/v1/ask", json={"question": "Who?", "index": "other"})
    found = figures(client)
    assert {key[1:]: value for key, value in found.items() if key[0] == "rag_questions_total"} == {
        ("default", "answered"): 3,
        ("default", "abstained"): 1,
        ("default", "failed"): 3,
        ("other", "answered"): 1,
    }
    assert {key[1:]: value for key, value in found.items() if key[0] == "rag_question_failures_total"} == {
        ("default", "invalid_request"): 1,
        ("default", "overloaded"): 1,
        ("default", "internal_error"): 1,
    }
    assert found["rag_abstentions_total", "default", "no_evidence"] == 1
    assert found["rag_tokens_total", "prompt"] == 4 * 180
    assert found["rag_tokens_total", "completion"] == 4 * 12
    assert (found["rag_step_seconds_count", "retrieve"], found["rag_step_seconds_sum", "retrieve"]) == (4, 0.048)
    assert found["rag_faithfulness_count",] == 4  # an abstention has none
    assert (found["rag_faithfulness_bucket", "0.95"], found["rag_faithfulness_bucket", "0.99"]) == (0, 4)
    assert (found["rag_confidence_bucket", "0.1"], found["rag_confidence_bucket", "0.9"]) == (1, 5)  # 0.07 and 0.83
    assert found["rag_questions_in_progress",] == 0


def test_indexes_are_seen_as_they_are_now(client: TestClient, stage: Stage) -> None:
    assert figures(client)["rag_index_generation", "default"] == 7
    assert ("rag_index_generation", "other") not in figures(client)  # nobody opened it
    stage.pipeline.generation = 8
    found = figures(client)
    assert (found["rag_index_generation", "default"], found["rag_index_documents", "default"]) == (8, 3)


def test_who_waits_is_seen(tmp_path: Path) -> None:
    hold = threading.Event()
    stage = Stage(tmp_path, pipeline=FakePipeline(hold=hold))
    stage.models.language_model = WordCounter(waiting=3)
    with serving(stage) as client, waiting_questions(client, hold, 2):
        while len(stage.pipeline.calls) < 2:
            hold.wait(0.01)
        found = figures(client)
    assert (found["rag_questions_in_progress",], found["rag_queue_length",]) == (2, 3)


def test_applications_do_not_share_figures(tmp_path: Path) -> None:
    with serving(Stage(tmp_path / "a")) as one, serving(Stage(tmp_path / "b")) as other:
        one.post("/v1/ask", json={"question": "Who?"})
        assert ("rag_questions_total", "default", "answered") in figures(one)
        assert ("rag_questions_total", "default", "answered") not in figures(other)


@pytest.mark.parametrize("sent", ["abc-1", "00-4bf92f3577b34da6a3ce929d0e0e4736", "a" * 128])
def test_a_sane_request_id_is_taken_over(client: TestClient, sent: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": sent}).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", [None, "", "a b", 'a"b', "a" * 129, "<b>", "a\tb", "é".encode()])
def test_another_is_made(client: TestClient, sent: str | bytes | None) -> None:
    headers: Any = {} if sent is None else {"X-Request-ID": sent}
    made = [client.get("/nothing", headers=headers).headers["x-request-id"] for _ in range(2)]
    assert [id.startswith("req_") and len(id) == 36 for id in made] == [True, True]
    assert made[0] != made[1]


def test_an_error_that_nobody_expected_has_its_id_in_response_and_log(
    client: TestClient, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.pipeline.error = ValueError("secret")
    caplog.handler.setFormatter(JsonLines())
    response = client.post("/v1/ask", json={"question": SECRET}, headers={"X-Request-ID": "r1"})
    assert (response.status_code, response.headers["x-request-id"]) == (500, "r1")
    lines = [json.loads(line) for line in caplog.text.splitlines()]
    (failed,) = [line for line in lines if line["level"] == "error"]
    assert (failed["request_id"], "ValueError: secret" in failed["traceback"]) == ("r1", True)


@pytest.mark.parametrize("stream", [False, True])
def test_one_line_for_each_request_and_no_text_in_it(
    client: TestClient, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    caplog.set_level(logging.INFO, "api")
    caplog.handler.setFormatter(JsonLines())
    caplog.clear()
    client.post("/v1/ask", json={"question": SECRET, "stream": stream}, headers={"X-Request-ID": "r1"})
    client.get("/v1/documents/notes/pumps.md/text?q=aunt")
    client.get("/healthz")  # probes only when debugging
    client.get("/nothing%0Aelse")
    asked, read, nothing = (json.loads(line) for line in caplog.text.splitlines())
    assert asked.pop("seconds") > 0
    assert asked.pop("time").endswith("+00:00")
    assert asked == {
        "level": "info",
        "logger": "api.middleware.requests",
        "request_id": "r1",
        "method": "POST",
        "route": "/v1/ask",
        "status": 200,
        "client": "testclient",
        "answer": "ans_1",
        "index": "default",
        "generation": 7,
        "outcome": "answered",
        "mode": "quote",
        "confidence": 0.83,
        "prompt_tokens": 180,
        "completion_tokens": 12,
        "retrieve_seconds": 0.012,
    }
    assert (read["route"], read["status"], "path" in read) == ("/v1/documents/{id}/text", 200, False)
    assert (nothing["route"], nothing["status"], nothing["path"]) == ("none", 404, "/nothing\nelse")
    for text in ("aunt", "Byron", "pumps.md"):
        assert text not in caplog.text


def test_the_line_for_people(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "api")
    client.post("/v1/ask", json={"question": "Is it far?"}, headers={"X-Request-ID": "r1"})
    client.get("/a%0Ab")
    asked, nothing = caplog.messages[-2:]
    assert asked.startswith("POST /v1/ask 200 0.")
    assert " request_id=r1 answer=ans_2 index=default generation=7 outcome=no_evidence mode=quote " in asked
    assert nothing.startswith("GET '/a\\nb' 404 0.")  # nobody writes lines of his own into the log


@pytest.mark.parametrize("shape", ["text", "json"])
def test_the_configuration_of_the_log(shape: str) -> None:
    script = (
        "import logging, logging.config; from api.observing.logs import log_config\n"
        f"logging.config.dictConfig(log_config({shape!r})); logging.getLogger('api.test').info('hello %d', 1)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    if shape == "text":
        assert done.stderr == "INFO:     hello 1\n"
    else:
        line = json.loads(done.stderr)
        assert (line.pop("time")[10], line) == ("T", {"level": "info", "logger": "api.test", "message": "hello 1"})


def test_seeing_never_fails_an_answer(
    client: TestClient, stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = FakePipeline.ask

    def ask(self: FakePipeline, *question: Any, **options: Any) -> Answer:
        answer = broken(self, *question, **options)
        answer.timings["retrieve"] = "soon"  # type: ignore[assignment]
        return answer

    monkeypatch.setattr(FakePipeline, "ask", ask)
    # `to_json` would refuse it if it were served as a number; a text is served as it is
    assert client.post("/v1/ask", json={"question": "Who?"}).status_code in (200, 500)
    assert "could not be noted" in caplog.text
