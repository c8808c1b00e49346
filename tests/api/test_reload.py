"""An index that another process writes, or makes anew, is served without a restart, and no question fails meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from rag.models import Models
from rag.settings import Settings
from tests.api.fakes import wait_until
from tests.api.test_observing import figures
from tests.fakes import HashEmbedder, WordReader

ROOT = Path(__file__).parent.parent.parent

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.fakes import HashEmbedder
from rag.ingest.run import sync
from rag.settings import Settings
from rag.stores.open import open_index
settings, embedder = Settings(indexes_dir=Path(sys.argv[2])), HashEmbedder()
with open_index(settings, embedder, create=True) as index:
    for folder in sys.argv[3:]:
        summary = sync([Path(folder)], index, embedder, settings)
        assert not summary.failed
"""


def write(settings: Settings, *folders: Path) -> None:
    """In a process of its own: bring the index in line with each folder, one after another."""
    command = [sys.executable, "-c", WRITER, str(ROOT), str(settings.indexes_dir)]
    subprocess.run([*command, *map(str, folders)], check=True, env={"PYTHONPATH": str(ROOT), "PATH": ""})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(indexes_dir=tmp_path / "indexes", workers=1, index="default")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "pump.txt").write_text("The pump was found in 1843.")
    return folder


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings, lambda settings: Models(HashEmbedder(), reader=WordReader()))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def found(client: TestClient) -> set[str]:
    response = client.post("/v1/search", json={"query": "pump", "k": 100})
    assert response.status_code == 200, response.text
    return {hit["document_id"] for hit in response.json()["hits"]}


def test_it_is_ready_as_soon_as_another_process_has_made_the_index(
    client: TestClient, settings: Settings, folder: Path
) -> None:
    state: dict[str, Any] = client.get("/readyz").json()
    assert state["ready"] is False
    write(settings, folder)
    wait_until(lambda: client.get("/readyz"), 200, 60)
    assert found(client) == {"library/pump.txt"}


def test_what_another_process_adds_replaces_and_removes_is_seen_at_once(
    client: TestClient, settings: Settings, folder: Path
) -> None:
    write(settings, folder)
    wait_until(lambda: client.get("/readyz"), 200, 60)
    before = figures(client)["rag_index_generation", "default"]
    (folder / "ferry.txt").write_text("The ferry had a pump.")
    write(settings, folder)
    assert found(client) == {"library/pump.txt", "library/ferry.txt"}
    assert figures(client)["rag_index_documents", "default"] == 2
    assert figures(client)["rag_index_generation", "default"] > before
    (folder / "pump.txt").write_text("The pump was lost in 1850.")
    (folder / "ferry.txt").unlink()
    write(settings, folder)
    assert found(client) == {"library/pump.txt"}
    answer = client.post("/v1/ask", json={"question": "When was the pump lost?"}).json()
    assert answer["passages"][0]["text"] == "The pump was lost in 1850."


def test_an_index_made_anew_takes_the_place_of_the_old_one(
    client: TestClient, settings: Settings, folder: Path
) -> None:
    write(settings, folder)
    wait_until(lambda: client.get("/readyz"), 200, 60)
    assert found(client) == {"library/pump.txt"}
    old = settings.indexes_dir / "default"
    old.rename(settings.indexes_dir / ".old")
    assert client.get("/readyz").status_code == 503
    (folder / "pump.txt").rename(folder / "newpump.txt")
    write(settings, folder)
    assert client.get("/readyz").status_code == 200
    assert found(client) == {"library/newpump.txt"}
    assert client.get("/v1/documents/library/pump.txt").status_code == 404


def test_no_question_fails_while_another_process_writes(client: TestClient, settings: Settings, folder: Path) -> None:
    write(settings, folder)
    wait_until(lambda: client.get("/readyz"), 200, 60)
    versions = []
    for number in range(12):  # each a generation of its own
        versions.append(folder.with_name(f"more-{number}"))
        versions[-1].mkdir()
        (versions[-1] / f"{number}.txt").write_text(f"Pump number {number} is here.")
    over, problems, seen = threading.Event(), list[str](), set[int]()

    def ask() -> None:
        while not over.is_set():
            response = client.post("/v1/ask", json={"question": "Where is the pump?"})
            if response.status_code != 200:
                problems.append(response.text)
                return
            seen.add(response.json()["index"]["generation"])

    thread = threading.Thread(target=ask)
    thread.start()
    write(settings, *versions)
    newest = int(figures(client)["rag_index_generation", "default"])
    while newest not in seen and not problems:
        over.wait(0.01)
    over.set()
    thread.join()
    assert problems == []
    assert len(found(client)) == 13
    assert len(seen) > 1  # it moved along while questions were asked
