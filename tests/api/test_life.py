"""From the start to the stop: readiness, waiting questions that hold nothing else up, ports, signals."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from fastapi.testclient import TestClient

from api.served import Served
from api.server.run import listen
from rag.errors import ModelError, RagError
from rag.models import Models
from rag.settings import load_settings
from tests.api.fakes import FakePipeline, Stage, serving, wait_until
from tests.fakes import HashEmbedder, WordReader

NO_INDEX = 'there is no index "default" yet: make it with `rag index PATH...`'


def test_readiness_while_loading_then_without_an_index_then_ready_and_at_last_closed(tmp_path: Path) -> None:
    hold = threading.Event()
    stage = Stage(tmp_path, names=(), load_hold=hold)
    with serving(stage, ready=False) as client:
        loading = {"ready": False, "missing": ["the models are being loaded", NO_INDEX], "notices": []}
        assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (503, loading)
        assert client.get("/healthz").json() == {"status": "ok"}
        scopes = ["read", "write", "admin"]
        assert client.get("/v1/indexes").json() == {"indexes": [], "default": "default", "scopes": scopes}
        refused = client.post("/v1/ask", json={"question": "Who?"})
        assert (refused.status_code, refused.json()["error"]["type"]) == (503, "not_ready")

        hold.set()
        no_index = {"ready": False, "missing": [NO_INDEX], "notices": ["no language model here"]}
        while client.get("/readyz").json() != no_index:
            time.sleep(0.01)
        assert client.post("/v1/ask", json={"question": "Who?"}).json()["error"]["type"] == "index_not_found"

        stage.make_index("default")
        assert client.get("/readyz").json() == {"ready": True, "missing": [], "notices": ["no language model here"]}
        assert client.post("/v1/ask", json={"question": "Who?"}).status_code == 200
    assert (stage.pipeline.closed, stage.models.closed) == (True, True)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ModelError("no such model: x"), "no such model: x"),
        (ValueError("secret"), "the models could not be loaded: the server's log tells why"),
    ],
)
def test_models_that_cannot_be_loaded(tmp_path: Path, error: Exception, line: str) -> None:
    with serving(Stage(tmp_path, load_error=error), ready=False) as client:
        wait_until(lambda: client.get("/healthz"), 200)
        while (state := client.get("/readyz").json())["missing"] == ["the models are being loaded"]:
            time.sleep(0.01)
        assert state == {"ready": False, "missing": [line], "notices": []}
        assert client.post("/v1/ask", json={"question": "Who?"}).json()["error"]["message"] == line


@contextmanager
def waiting_questions(client: TestClient, hold: threading.Event, count: int) -> Iterator[list[httpx2.Response]]:
    """`count` questions are being answered within the block; the list has their responses after it."""
    answers: list[httpx2.Response] = []
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(client.post, "/v1/ask", json={"question": "Who?"}) for _ in range(count)]
        try:
            yield answers
        finally:
            hold.set()
            answers += [future.result() for future in asked]


def test_nothing_else_waits_for_questions_and_too_many_are_refused(tmp_path: Path) -> None:
    hold = threading.Event()
    stage = Stage(tmp_path, pipeline=FakePipeline(hold=hold), queue=4)
    taken = 4 + 4  # the queue and `api.work.threads.SPARE`
    with serving(stage) as client:
        with waiting_questions(client, hold, taken) as answers:
            while len(stage.pipeline.calls) < taken:
                time.sleep(0.01)
            began = time.monotonic()
            for address in ("/healthz", "/readyz", "/v1/documents", "/v1/indexes", "/"):
                assert client.get(address).status_code == 200
            assert client.post("/v1/search", json={"query": "pump"}).status_code == 200
            refused = client.post("/v1/ask", json={"question": "Who?"})
            assert time.monotonic() - began < 5  # the questions would wait for 20
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert [answer.status_code for answer in answers] == [200] * taken


def test_an_index_is_opened_once_by_many_at_the_same_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with serving(stage) as client, ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: client.get("/v1/documents?index=other"), range(16)))
    assert {response.status_code for response in responses} == {200}
    assert stage.opened == ["default", "other"]


def test_a_port_in_use_is_one_line_that_names_it() -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RagError, match=rf"^127\.0\.0\.1:{port} is in use .* --port$"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 70 + ".example"])
def test_an_address_that_is_not_of_this_machine(host: str) -> None:
    with pytest.raises(RagError, match="--host"):
        listen(host, 0)


SERVER = """
import sys, threading, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.api.fakes import FakePipeline, Stage
from api.server.run import run_server
class Slow(FakePipeline):
    def ask(self, *args, **named):
        Path(sys.argv[4]).touch()
        time.sleep(1)
        return super().ask(*args, **named)
run_server(sys.argv[2], 0, Stage(Path(sys.argv[3]), pipeline=Slow()).app)
print("stopped", file=sys.stderr)
"""


class Running(NamedTuple):
    process: subprocess.Popen[str]
    address: str
    log: Path

    def stopped(self) -> str:
        """Its log, after it has ended."""
        self.process.terminate()
        assert self.process.wait(20) == 0
        return self.log.read_text()


@contextmanager
def server(tmp_path: Path, host: str = "127.0.0.1") -> Iterator[Running]:
    """In a process of its own."""
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-c", SERVER, str(root), host, str(tmp_path / "indexes"), str(tmp_path / "asked")]
    environment = os.environ | {"PYTHONPATH": str(root)}
    log = tmp_path / "log"
    with log.open("w") as out, subprocess.Popen(command, text=True, stdout=out, stderr=out, env=environment) as child:
        try:
            while not (found := re.search(r"listening on (\S+)", log.read_text())):
                assert child.poll() is None, log.read_text()
                time.sleep(0.02)
            address = found[1].replace("0.0.0.0", "127.0.0.1")
            wait_until(lambda: httpx2.get(f"{address}/readyz", timeout=20), 200)
            yield Running(child, address, log)
        finally:
            child.kill()


@pytest.mark.servers
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_questions_finish(tmp_path: Path, number: int) -> None:
    with server(tmp_path) as running, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx2.post, f"{running.address}/v1/ask", json={"question": "Who?"}, timeout=20)
        while not (tmp_path / "asked").exists():
            time.sleep(0.01)
        running.process.send_signal(number)
        assert asked.result().json()["answered"] is True
        assert running.process.wait(20) == 0
        log = running.log.read_text()
    assert log.endswith("stopped\n")
    assert "Traceback" not in log


@pytest.mark.servers
def test_a_client_that_leaves_is_no_error(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        for stream in (False, True):
            with pytest.raises(httpx2.ReadTimeout):
                httpx2.post(f"{running.address}/v1/ask", json={"question": "Who?", "stream": stream}, timeout=0.2)
        time.sleep(1)
        assert httpx2.post(f"{running.address}/v1/ask", json={"question": "Who?"}, timeout=20).status_code == 200
        log = running.stopped()
    assert "Traceback" not in log
    assert "never retrieved" not in log


@pytest.mark.servers
def test_a_large_body_is_refused_before_it_is_sent_whole(tmp_path: Path) -> None:
    head = "POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50000000\r\n\r\n"
    with server(tmp_path) as running:
        port = int(running.address.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(head.encode() + b" " * 100_000)
            assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


@pytest.mark.servers
@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_who_listens_to_all_the_world_is_warned(tmp_path: Path, host: str, warned: bool) -> None:
    with server(tmp_path, host) as running:
        assert ("no authentication" in running.stopped()) is warned


def test_what_is_missing_at_the_start_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(logging.getLogger("api.served"), "warning", lambda text, *args: lines.append(text % args))
    models = Models(HashEmbedder(), reader=WordReader())
    Served(load_settings(indexes_dir=tmp_path), lambda settings: models, lambda settings, models: None).load()  # type: ignore[arg-type, return-value]
    assert lines == [f"not ready: {NO_INDEX}"]
