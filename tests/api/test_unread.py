"""Files of folders that could not be read: listed, and read again where they lie."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from rag.documents.options import ReadOptions
from rag.ingest.changes import find_changes
from rag.ingest.run import sync
from rag.settings import Settings
from rag.stores.open import open_index
from tests.api.test_documents import serving
from tests.documents.locked import locked_pdf
from tests.fakes import HashEmbedder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a service over a folder in which a locked PDF lies alone, another in an archive."""
    settings = Settings(indexes_dir=tmp_path / "indexes")
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.txt").write_text("The bell rings.")
    (notes / "locked.pdf").write_bytes(locked_pdf("The pump stands.", "sesame"))
    with zipfile.ZipFile(notes / "old.zip", "w") as archive:
        archive.writestr("in.pdf", locked_pdf("The mill turns.", "sesame"))
        archive.writestr("b.txt", "The ferry waits.")
    with open_index(settings, HashEmbedder(), create=True) as index:
        sync([notes], index, HashEmbedder(), settings)
    return settings


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with serving(settings) as client:
        yield client


def waiting(client: TestClient) -> list[str]:
    return [one["id"] for one in client.get("/v1/unread").json()["files"]]


def held(client: TestClient) -> list[str]:
    return [one["id"] for one in client.get("/v1/documents").json()["documents"]]


def test_a_locked_file_is_read_where_it_lies(client: TestClient, settings: Settings, tmp_path: Path) -> None:
    assert waiting(client) == ["notes/locked.pdf", "notes/old.zip!/in.pdf"]
    reason = client.get("/v1/unread").json()["files"][0]["reason"]
    assert reason.startswith("is protected with a password")
    wrong = client.post("/v1/unread", json={"id": "notes/locked.pdf", "password": "x"})
    assert (wrong.status_code, wrong.json()["done"], wrong.json()["passages"]) == (200, False, 0)
    assert "none of those given" in wrong.json()["error"]
    assert str(tmp_path) not in wrong.text
    right = client.post("/v1/unread", json={"id": "notes/locked.pdf", "password": "sesame"})
    assert right.json() == {"id": "notes/locked.pdf", "done": True, "error": None, "passages": 1}
    assert client.get("/v1/documents/notes/locked.pdf/text").json()["text"] == "The pump stands."
    assert waiting(client) == ["notes/old.zip!/in.pdf"]
    with open_index(settings, None, chunker=False) as index:  # the next run has nothing to do with it
        change = find_changes([tmp_path / "notes/locked.pdf"], index.files(), settings.indexes_dir, ReadOptions())
        assert change.changed == []


def test_of_an_archive_the_others_stay(client: TestClient) -> None:
    assert held(client) == ["notes/a.txt", "notes/old.zip!/b.txt"]
    right = client.post("/v1/unread", json={"id": "notes/old.zip!/in.pdf", "password": "sesame"}).json()
    assert (right["done"], right["error"]) == (True, None)
    assert held(client) == ["notes/a.txt", "notes/old.zip!/b.txt", "notes/old.zip!/in.pdf"]
    assert waiting(client) == ["notes/locked.pdf"]


def test_only_files_that_the_index_knows_as_unread_are_read(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("The safe is open.")
    for id in ("notes/a.txt", str(tmp_path / "secret.txt"), "../secret.txt", "notes/none.pdf"):
        response = client.post("/v1/unread", json={"id": id})
        assert (response.status_code, response.json()["error"]["type"]) == (404, "document_not_found"), id
    (tmp_path / "notes/locked.pdf").unlink()
    assert waiting(client) == ["notes/old.zip!/in.pdf"]
    assert client.get("/v1/unread", params={"index": "none"}).status_code == 404
