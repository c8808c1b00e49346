"""Clients that leave in the middle of an answer, over a real connection, and answers that take too long."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn

from api.server.run import listen
from rag.settings import Settings
from rag.types import Answer, Ask
from tests.api.fakes import FakePipeline, Stage, serving, wait_until

pytestmark = pytest.mark.servers

LONG_S = 60


class Patient(FakePipeline):
    """Works on "Who ...?" until its deadline is over, and notes how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.ended: list[str] = []

    def ask(self, asked: str | Ask) -> Answer:
        assert isinstance(asked, Ask)
        assert asked.deadline is not None
        self.begun.release()
        if asked.question.startswith("Who"):
            until = time.monotonic() + LONG_S
            try:
                while time.monotonic() < until:
                    asked.deadline.check()
                    time.sleep(0.005)
            except Exception as error:
                self.ended.append(type(error).__name__)
                raise
        return super().ask(asked)


@contextmanager
def listening(stage: Stage, cut: bool = False) -> Iterator[int]:
    """`cut` ends what is under way at the end, without any grace."""
    with listen("127.0.0.1", 0) as listener:
        grace = 1 if cut else None
        config = uvicorn.Config(stage.app(), log_level="warning", lifespan="on", timeout_graceful_shutdown=grace)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        port = listener.getsockname()[1]
        try:
            wait_until(lambda: httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=LONG_S), 200, LONG_S)
            yield port
        finally:
            server.should_exit = True
            thread.join()


def ask(port: int, question: str, stream: bool) -> socket.socket:
    body = json.dumps({"question": question, "stream": stream}).encode()
    head = f"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    client = socket.create_connection(("127.0.0.1", port), timeout=LONG_S)
    client.sendall(head.encode() + body)
    return client


@pytest.mark.parametrize("silence", [LONG_S, 0.05], ids=["before the response", "within the response"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_frees_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool, silence: float
) -> None:
    monkeypatch.setattr("api.work.events.SILENCE_S", silence)
    pipeline = Patient()
    stage = Stage(tmp_path, pipeline=pipeline, queue=1)
    with listening(stage) as port:
        clients = [ask(port, "Who?", stream) for _ in range(5)]  # every place: the queue and `api.work.threads.SPARE`
        for client in clients:
            assert pipeline.begun.acquire(timeout=LONG_S)
            if stream and silence < 1:
                assert client.recv(1000)
        url = f"http://127.0.0.1:{port}/v1/ask"
        assert httpx2.post(url, json={"question": "How?"}, timeout=LONG_S).status_code == 429
        for client in clients:
            client.close()
        wait_until(lambda: httpx2.post(url, json={"question": "How?"}, timeout=LONG_S), 200, LONG_S)
        end = time.monotonic() + LONG_S
        while len(pipeline.ended) < 5:
            assert time.monotonic() < end
            time.sleep(0.005)
    assert pipeline.ended == ["Cancelled"] * 5


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_takes_too_long_is_a_504(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    monkeypatch.setattr("tests.api.fakes.Settings", lambda **named: Settings(**named, answer_seconds=0.1))
    pipeline = Patient()
    with serving(Stage(tmp_path, pipeline=pipeline)) as client:
        late = client.post("/v1/ask", json={"question": "Who?", "stream": stream})
    assert late.status_code == 504
    assert late.json()["error"] == {
        "type": "deadline_exceeded",
        "message": "the answer took longer than 0.1 s, which is the limit (setting 'answer_seconds'): ask again when "
        "there is less to do, or allow more",
    }
    assert pipeline.ended == ["DeadlineExceeded"]


def test_an_agent_that_leaves_gives_its_question_up(tmp_path: Path) -> None:
    pipeline = Patient()
    call = {"name": "ask", "arguments": {"question": "Who?"}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    head = (
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-06-18\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with listening(Stage(tmp_path, pipeline=pipeline)) as port:
        client = socket.create_connection(("127.0.0.1", port), timeout=LONG_S)
        client.sendall(head.encode() + body)
        assert pipeline.begun.acquire(timeout=LONG_S)
        client.close()
        end = time.monotonic() + LONG_S / 2
        while not pipeline.ended:
            assert time.monotonic() < end
            time.sleep(0.005)
    assert pipeline.ended == ["Cancelled"]


def test_requests_that_are_cut_at_the_end_of_the_grace_end_their_questions(tmp_path: Path) -> None:
    pipeline = Patient()
    with listening(Stage(tmp_path, pipeline=pipeline), cut=True) as port:
        clients = [ask(port, "Who?", stream) for stream in (False, True)]
        for _ in clients:
            assert pipeline.begun.acquire(timeout=LONG_S)
    for client in clients:  # they are there to the end
        client.close()
    assert pipeline.ended == ["Cancelled"] * 2
