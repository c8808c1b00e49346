"""A service on fakes behind a real server on loopback, for the real clients of others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx2
import pytest
import uvicorn

from api.server.run import listen
from tests.api.fakes import FakePipeline, Stage, wait_until


class Site(NamedTuple):
    stage: Stage
    address: str

    def reset(self) -> None:
        """What a test changed is as before."""
        fresh = FakePipeline()
        for name in ("error", "hold", "hold_sentences", "late_error"):
            setattr(self.stage.pipeline, name, getattr(fresh, name))
        self.stage.pipeline.name = "default"
        self.stage.pipeline.calls.clear()
        self.stage.pipeline.histories.clear()


@contextmanager
def serving_site(stage: Stage) -> Iterator[Site]:
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(stage.app(), log_level="error", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        wait_until(lambda: httpx2.get(f"{address}/readyz", timeout=60), 200, 120)
        yield Site(stage, address)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving_site(Stage(tmp_path_factory.mktemp("stage") / "indexes")) as site:
        yield site


@pytest.fixture
def site(server: Site) -> Iterator[Site]:
    yield server
    server.reset()
