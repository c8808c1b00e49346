"""Server-sent events: their order, what they carry, and what goes wrong before and after the first byte."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import api.work.events
from rag.errors import ModelError
from tests.api.fakes import FakePipeline, Stage, serving
from tests.test_serialise import ABSTAINED, ANSWERED, CITATION, CLAIM, PASSAGES

Event = tuple[str, Any]


def events(body: str) -> list[Event]:
    """Read as a client does: blocks end with an empty line, comments are skipped."""
    blocks = [block.split("\n") for block in body.split("\n\n") if block and not block.startswith(":")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def ask(client: TestClient, question: str) -> list[Event]:
    response = client.post("/v1/ask", json={"question": question, "stream": True})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    return events(response.text)


def test_an_answer_comes_as_passages_then_sentences_then_the_whole(tmp_path: Path) -> None:
    with serving(Stage(tmp_path)) as client:
        assert ask(client, "Who found it?") == [
            ("passages", {"passages": PASSAGES}),
            ("sentence", CLAIM | {"citations": [CITATION], "before": "", "sure": True}),
            ("answer", ANSWERED),
        ]


def test_an_abstention_has_no_sentences(tmp_path: Path) -> None:
    with serving(Stage(tmp_path)) as client:
        assert ask(client, "Is it far?") == [("passages", {"passages": PASSAGES}), ("answer", ABSTAINED)]


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (None, ("answer", ANSWERED)),
        (ModelError("gone"), ("error", {"error": {"type": "model_error", "message": "gone"}})),
        (
            ValueError("secret"),
            ("error", {"error": {"type": "internal_error", "message": "something went wrong here"}}),
        ),
    ],
)
def test_a_slow_question_keeps_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None, last: Event
) -> None:
    monkeypatch.setattr(api.work.events, "SILENCE_S", 0.05)
    hold = threading.Event()
    with serving(Stage(tmp_path, pipeline=FakePipeline(hold=hold, error=error))) as client:
        timer = threading.Timer(0.3, hold.set)
        timer.start()
        response = client.post("/v1/ask", json={"question": "Who found it?", "stream": True})
        timer.join()
    assert response.text.startswith(": waiting\n\n: waiting\n\n")
    assert events(response.text)[-1] == last
