"""A real process that is told to stop: not ready at once, what runs is finished, nothing new begins, then it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.api.fakes import wait_until

pytestmark = pytest.mark.servers

# Questions are answered when the file `go` is there.
SERVER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
here = Path(sys.argv[2])
from tests.api.fakes import FakePipeline, Stage
from api.server.run import run_server
class Held(FakePipeline):
    def ask(self, *args, **named):
        (here / "asked").touch()
        while not (here / "go").exists():
            time.sleep(0.01)
        return super().ask(*args, **named)
run_server("127.0.0.1", 0, Stage(here, pipeline=Held(), more={"grace_seconds": float(sys.argv[3])}).app, "json")
print("stopped", file=sys.stderr)
"""
WAIT = 120  # seconds, of a machine however loaded


class Running:
    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.log = folder / "log"
        while not (found := re.search(r"listening on (http://[\w.:]+)", self.log.read_text())):
            assert process.poll() is None, self.log.read_text()
            threading.Event().wait(0.02)
        self.address = found[1]
        wait_until(lambda: self.get("/readyz"), 200, WAIT)

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.address}{path}", timeout=WAIT)  # on a connection of its own

    def ask(self, stream: bool = False) -> httpx2.Response:
        body = {"question": "Who found it?", "stream": stream}
        return httpx2.post(f"{self.address}/v1/ask", json=body, timeout=WAIT)

    def asked(self, pool: ThreadPoolExecutor, stream: bool = False) -> Future[httpx2.Response]:
        """A question that is being answered."""
        future = pool.submit(self.ask, stream)
        while not (self.folder / "asked").exists():
            assert not future.done(), future.result()
            threading.Event().wait(0.01)
        return future

    def go(self) -> None:
        (self.folder / "go").touch()

    def ends(self) -> str:
        """Its log."""
        assert self.process.wait(WAIT) == 0
        return self.log.read_text()


@contextmanager
def server(folder: Path, grace: float) -> Iterator[Running]:
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-c", SERVER, str(root), str(folder), str(grace)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with (folder / "log").open("w") as out:
        process = subprocess.Popen(command, text=True, stdout=out, stderr=out, env=environment)
    with process:
        try:
            yield Running(process, folder)
        finally:
            process.kill()


@pytest.mark.parametrize("stream", [False, True])
def test_what_runs_is_finished_and_nothing_new_begins(tmp_path: Path, stream: bool) -> None:
    with server(tmp_path, WAIT) as running, ThreadPoolExecutor() as pool:
        asked = running.asked(pool, stream)
        running.process.send_signal(signal.SIGTERM)
        not_ready = wait_until(lambda: running.get("/readyz"), 503, WAIT)
        assert not_ready.json() == {"ready": False, "missing": ["the service is being stopped"], "notices": []}
        assert running.get("/healthz").status_code == 200
        assert "rag_questions_in_progress 1.0" in running.get("/metrics").text
        refused = running.ask()
        assert (refused.status_code, refused.json()["error"]["type"]) == (503, "stopping")
        assert (refused.headers["retry-after"], refused.headers["connection"]) == ("5", "close")
        assert running.get("/v1/documents").status_code == 503
        assert not asked.done()
        running.go()
        answer = asked.result(WAIT)
        assert (answer.status_code, "Ada Byron" in answer.text) == (200, True)
        log = running.ends()
    assert log.endswith("stopped\n")
    assert "1 requests are under way" in log
    assert "Traceback" not in log


def test_without_anything_to_finish_it_is_gone_at_once(tmp_path: Path) -> None:
    with server(tmp_path, 10 * WAIT) as running:
        running.process.send_signal(signal.SIGTERM)
        assert running.ends().endswith("stopped\n")


def test_when_the_grace_is_over_the_rest_is_cut(tmp_path: Path) -> None:
    with server(tmp_path, 0.5) as running, ThreadPoolExecutor() as pool:
        asked = running.asked(pool)
        running.process.send_signal(signal.SIGTERM)
        with pytest.raises(httpx2.HTTPError):
            asked.result(WAIT).raise_for_status()
        running.go()  # threads end with their question
        log = running.ends()
    assert "1 requests did not end within 0.5 s and are cut" in log


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with server(tmp_path, 10 * WAIT) as running, ThreadPoolExecutor() as pool:
        asked = running.asked(pool)
        running.process.send_signal(signal.SIGINT)
        wait_until(lambda: running.get("/readyz"), 503, WAIT)
        running.process.send_signal(signal.SIGINT)
        with pytest.raises(httpx2.HTTPError):
            asked.result(WAIT).raise_for_status()
        running.go()
        assert running.process.wait(WAIT) == 0
