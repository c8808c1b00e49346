"""Two services on one PostgreSQL, and a PostgreSQL that goes away and comes back under them."""
# ruff: noqa: F401, F811  (fixtures are taken from postgres by name)

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import rag.state.postgres
from api.app import create_app
from api.middleware.access import NO_KEYS, check_keys
from api.work.upload_jobs import Job
from rag.errors import RagError
from rag.models import Models
from rag.settings import Settings, load_settings
from rag.state.keys import Scope
from rag.state.open import closing_state, open_keys
from rag.traces.store import TraceStore
from tests.api.fakes import Stage, serving, wait_until
from tests.api.test_observing import figures
from tests.fakes import HashEmbedder, WordReader
from tests.state.postgres_server import PASSWORD, Server, address, postgres, settings_at, skipped, sql

pytestmark = [skipped, pytest.mark.servers]

ASK = {"question": "Who found it?"}
KINDS: tuple[Scope, ...] = ("read", "write", "admin")


def bearer(address: str, folder: Path, name: str, *scopes: Scope, indexes: list[str] | None = None) -> dict[str, str]:
    settings = settings_at(folder, address)
    with closing_state(settings) as state:
        return {"Authorization": f"Bearer {open_keys(settings, state).add(name, scopes or KINDS, indexes)[1]}"}


def revoke(address: str, folder: Path, name: str) -> None:
    settings = settings_at(folder, address)
    with closing_state(settings) as state:
        open_keys(settings, state).revoke(name)


@contextmanager
def service(folder: Path, address: str, **more: Any) -> Iterator[TestClient]:
    with serving(Stage(folder, more={"state_uri": address, **more})) as client:
        yield client


@contextmanager
def library(folder: Path, address: str, **more: Any) -> Iterator[TestClient]:
    """With an index that is real."""
    settings = load_settings(indexes_dir=folder, state_uri=address, **more)
    with TestClient(create_app(settings, lambda settings: Models(HashEmbedder(), reader=WordReader()))) as client:
        yield client


@pytest.fixture
def brittle() -> Iterator[Server]:
    """A server that a test may stop."""
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def wait_for_row(address: str, folder: Path, id: str) -> None:
    """A service shows an answer also while it waits to be written; this sees what is."""
    deadline = time.monotonic() + 60
    with closing_state(settings_at(folder, address)) as state:
        assert state is not None
        while TraceStore(state, 9, 30).get(id) is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def kept(client: TestClient, id: str, headers: dict[str, str] | None = None) -> Any:
    return wait_until(lambda: client.get(f"/v1/answers/{id}", headers=headers), 200, 60).json()


def test_an_answer_of_one_is_shown_by_the_other_and_a_key_revoked_ends_at_both(tmp_path: Path, address: str) -> None:
    headers = bearer(address, tmp_path, "bot", "read")
    with (
        service(tmp_path / "one", address, auth="keys") as one,
        service(tmp_path / "two", address, auth="keys") as two,
    ):
        assert one.post("/v1/ask", json=ASK, headers=headers).status_code == 200
        assert kept(two, "ans_1", headers) == kept(one, "ans_1", headers)
        revoke(address, tmp_path, "bot")
        assert [client.post("/v1/ask", json=ASK, headers=headers).status_code for client in (one, two)] == [401, 401]
    assert not [*tmp_path.glob("**/answers.sqlite"), *tmp_path.glob("**/keys.json")]


ANOTHER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.api.fakes import Stage, serving
with serving(Stage(Path("indexes"))) as client:
    assert client.post("/v1/ask", json={"question": "Who found it?"}).status_code == 200
"""


def test_an_answer_of_another_process_is_shown_here(tmp_path: Path, address: str) -> None:
    words = [sys.executable, "-c", ANOTHER, str(Path(__file__).parent.parent.parent)]
    subprocess.run(words, cwd=tmp_path, env=os.environ | {"RAG_STATE_URI": address}, check=True, timeout=120)
    with service(tmp_path, address) as client:
        assert client.get("/v1/answers/ans_1").json()["answered"] is True


def test_a_job_of_one_is_told_by_the_other(tmp_path: Path, address: str) -> None:
    headers = bearer(address, tmp_path, "bot", indexes=["default"])
    hidden = bearer(address, tmp_path, "other", indexes=["other"])
    with ExitStack() as stack:
        one, two = (stack.enter_context(library(tmp_path / name, address, auth="keys")) for name in ("one", "two"))
        wait_until(lambda: one.get("/v1/jobs/none", headers=headers), 404)
        response = wait_until(
            lambda: one.post(
                "/v1/documents",
                files={"file": ("pump.txt", b"The pump is here.")},
                params={"create": True, "index": "default"},
                headers=headers,
            ),
            202,
        )
        job = f"/v1/jobs/{response.json()['id']}"
        assert two.get(job, headers=headers).status_code == 200  # from the moment that the upload is taken
        deadline = time.monotonic() + 120
        while (told := two.get(job, headers=headers).json())["status"] != "done":
            assert time.monotonic() < deadline, told
        assert told == one.get(job, headers=headers).json()
        assert (told["document_id"], told["passages"], told["error"]) == ("uploads/pump.txt", 1, None)
        for client in (one, two):
            assert client.get(job, headers=hidden).json()["error"]["type"] == "job_not_found"
        for id in ("none", "job_" + "0" * 32, "job_'"):
            unknown = two.get(f"/v1/jobs/{id}", headers=headers)
            assert unknown.json()["error"] == {
                "type": "job_not_found",
                "message": f"there is no job {id!r}: the newest 10,000 are remembered",
            }
    with library(tmp_path / "one", address) as again:  # nor does a restart forget it
        assert again.get(job).json() == told


def test_a_database_that_goes_away_costs_traces_only_and_comes_back(
    tmp_path: Path, brittle: Server, caplog: pytest.LogCaptureFixture
) -> None:
    address = brittle.address()
    with service(tmp_path, address) as client:
        client.post("/v1/ask", json=ASK)
        wait_for_row(address, tmp_path, "ans_1")
        brittle.stop()
        assert client.post("/v1/ask", json={"question": "Is it far?"}).status_code == 200
        while not figures(client).get(("rag_traces_lost_total",)):
            time.sleep(0.01)
        response = client.get("/v1/answers/ans_1")
        assert (response.status_code, response.json()["error"]) == (
            503,
            {
                "type": "state_unavailable",
                "message": "the stored answers cannot be read: the server's log tells why",
            },
        )
        assert client.get("/readyz").status_code == 200  # it answers questions
        brittle.start()
        kept(client, "ans_1")
        assert client.get("/v1/answers/ans_2").status_code == 404
        client.post("/v1/ask", json={"question": "Is it far?"})
        wait_for_row(address, tmp_path, "ans_2")
    assert "can be used again" in caplog.text
    assert "1 traces are lost: the database postgresql://rag:***@127.0.0.1" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_database_that_is_not_there_at_the_start(
    tmp_path: Path, brittle: Server, caplog: pytest.LogCaptureFixture
) -> None:
    address = brittle.address()
    headers = bearer(address, tmp_path, "bot")
    brittle.stop()
    settings = settings_at(tmp_path, address).model_copy(update={"auth": "keys"})
    check_keys(settings)  # may be started
    stage = Stage(tmp_path, more={"state_uri": address, "auth": "keys"})
    with serving(stage, ready=False) as client:
        while stage.models.closed or not stage.opened:
            client.get("/readyz")
        ready = client.get("/readyz", headers=headers)
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert client.get("/healthz").status_code == client.get("/", headers=headers).status_code == 200
        refused = client.post("/v1/ask", json=ASK, headers=headers)
        assert (refused.status_code, refused.json()["error"]) == (
            503,
            {"type": "state_unavailable", "message": NO_KEYS},
        )
        assert client.post("/v1/ask", json=ASK).status_code == 401  # no key is none, whatever the database says
        brittle.start()
        wait_until(lambda: client.get("/readyz"), 200, 60)
        assert client.post("/v1/ask", json=ASK, headers=headers).status_code == 200
    assert PASSWORD not in caplog.text


def test_nobody_waits_long_for_a_database_that_stands_still(
    tmp_path: Path, brittle: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rag.state.postgres, "TIMEOUT_S", 0.5)
    address = brittle.address()
    headers = bearer(address, tmp_path, "bot")
    with service(tmp_path, address, auth="keys") as client:
        assert client.post("/v1/ask", json=ASK, headers=headers).status_code == 200
        brittle.signal_all(signal.SIGSTOP)
        try:
            before = time.monotonic()
            statuses = [client.post("/v1/ask", json=ASK, headers=headers).status_code for _ in range(20)]
            assert statuses == [503] * 20
            assert time.monotonic() - before < 20  # 20 that each wait for a reply would take more
            assert client.get("/healthz").status_code == 200
        finally:
            brittle.signal_all(signal.SIGCONT)
        wait_until(lambda: client.post("/v1/ask", json=ASK, headers=headers), 200, 60)


def test_a_service_is_not_begun_without_keys_or_driver(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_at(tmp_path, address).model_copy(update={"auth": "keys", "host": "0.0.0.0"})
    with pytest.raises(RagError, match=r"0\.0\.0\.0 is served to those with an API key.*rag:\*\*\*@.*holds none"):
        check_keys(settings)
    bearer(address, tmp_path, "bot")
    check_keys(settings)
    monkeypatch.setitem(sys.modules, "pg8000", None)
    with pytest.raises(RagError, match=r"needs the driver of PostgreSQL: pip install 'rag-cited\[postgres\]'"):
        check_keys(settings)
