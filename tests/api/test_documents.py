"""Documents over HTTP: uploads and their jobs, names and sizes that are refused, filters, removal, several indexes."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.work import upload_jobs
from rag.index.folders import Expected
from rag.index.local import LocalIndex
from rag.index.unread import unread
from rag.ingest.chunking import chunker_fingerprint
from rag.ingest.incoming import Upload, keep
from rag.ingest.run import sync
from rag.models import Models
from rag.settings import Settings
from tests.api.fakes import wait_until
from tests.documents.test_unpack import mail, zipped
from tests.fakes import HashEmbedder, WordReader

ALL = {"query": "pump", "k": 100}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(indexes_dir=tmp_path / "indexes", upload_mb=0.1)


@contextmanager
def serving(settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings, lambda settings: Models(HashEmbedder(), reader=WordReader()))
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until(lambda: client.get("/v1/jobs/none"), 404)
        yield client


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with serving(settings) as client:
        yield client


def upload(client: TestClient, name: str, content: bytes, **more: Any) -> dict[str, Any]:
    """The job when it is finished."""
    params: dict[str, Any] = {key: more.pop(key) for key in ("index", "create") if key in more}
    response = client.post("/v1/documents", files={"file": (name, content)}, data=more, params=params)
    assert response.status_code == 202, response.text
    deadline = time.monotonic() + 30
    while (job := client.get(f"/v1/jobs/{response.json()['id']}").json())["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return dict(job)


def found(client: TestClient, index: str | None = None, **filters: Any) -> set[str]:
    response = client.post("/v1/search", json=ALL | {"filters": filters, "index": index})
    assert response.status_code == 200, response.text
    return {hit["document_id"] for hit in response.json()["hits"]}


def test_an_upload_is_a_document_that_can_be_replaced_and_removed(client: TestClient, settings: Settings) -> None:
    job = upload(client, "notes/pump.md", b"# Pump\n\nThe pump was found in 1843.")
    assert (job["status"], job["document_id"], job["index"], job["error"]) == (
        "done", "uploads/notes/pump.md", "default", None,
    )  # fmt: skip
    assert found(client) == {"uploads/notes/pump.md"}
    upload(client, "notes/pump.md", b"The pump was lost in 1844.")
    text = client.get("/v1/documents/uploads/notes/pump.md/text").json()["text"]
    assert text == "The pump was lost in 1844."
    place = settings.indexes_dir / "default" / "uploads" / "notes" / "pump.md"
    assert place.read_bytes() == b"The pump was lost in 1844."
    with LocalIndex.open(settings.indexes_dir, "default", write=True) as index:  # a sync of the folder changes nothing
        summary = sync([place.parent.parent], index, HashEmbedder(), settings)
        assert (summary.unchanged, summary.added, summary.removed) == (["uploads/notes/pump.md"], [], [])
        assert index.verify() == []
    assert client.delete("/v1/documents/uploads/notes/pump.md").json() == {"removed": "uploads/notes/pump.md"}
    assert not place.exists()
    assert found(client) == set()
    assert client.delete("/v1/documents/uploads/notes/pump.md").status_code == 404


def test_files_in_an_upload_are_documents_and_go_with_it(client: TestClient, settings: Settings) -> None:
    files = {"pump.txt": "The pump is here.", "in/list.csv": "Part,Price\nPump,7"}
    job = upload(client, "old.zip", zipped(files), metadata=json.dumps({"project": "Mill"}))
    assert (job["status"], job["document_id"], job["error"], job["passages"]) == ("done", "uploads/old.zip", None, 2)
    inside = {"uploads/old.zip!/pump.txt", "uploads/old.zip!/in/list.csv"}
    assert found(client) == found(client, project="mill") == inside
    source = client.get("/v1/documents/uploads/old.zip!/in/list.csv").json()["source"]
    assert source == "uploads/old.zip!/in/list.csv"
    assert client.get("/v1/documents/uploads/old.zip").status_code == 404
    upload(client, "m.eml", mail({"rent.txt": b"The pump costs 7 euros."}))
    assert found(client) == inside | {"uploads/m.eml", "uploads/m.eml!/rent.txt"}
    upload(client, "old.zip", zipped({"pump.txt": "The pump is lost."}))
    assert found(client, folder="uploads/old.zip!") == {"uploads/old.zip!/pump.txt"}
    refused = client.delete("/v1/documents/uploads/old.zip!/pump.txt")
    assert refused.status_code == 422
    assert refused.json()["error"]["message"] == (
        "uploads/old.zip!/pump.txt lies in uploads/old.zip and would come back when that is indexed again: "
        "remove uploads/old.zip, or take the file out of it and index it again"
    )
    place = settings.indexes_dir / "default" / "uploads"
    with LocalIndex.open(settings.indexes_dir, "default", write=True) as index:  # a sync of the folder changes nothing
        summary = sync([place], index, HashEmbedder(), settings)
        assert (len(summary.unchanged), summary.added, summary.removed, summary.replaced) == (3, [], [], [])
    assert client.delete("/v1/documents/uploads/old.zip").json() == {"removed": "uploads/old.zip"}
    assert client.delete("/v1/documents/uploads/m.eml").json() == {"removed": "uploads/m.eml"}
    assert found(client) == set()
    assert [path.name for path in place.iterdir()] == [".incoming"]


def test_an_upload_of_which_some_or_nothing_can_be_read(client: TestClient, settings: Settings) -> None:
    place = settings.indexes_dir / "default" / "uploads"
    job = upload(client, "some.zip", zipped({"pump.txt": "The pump is here.", "broken.pdf": "nothing"}))
    assert (job["status"], job["passages"]) == ("done", 1)
    assert job["error"] == "some.zip!/broken.pdf: is damaged: it cannot be opened as a PDF; get a fresh copy"
    assert found(client) == {"uploads/some.zip!/pump.txt"}
    job = upload(client, "none.zip", zipped({"pump.png": "x", "in.zip": zipped({"weir.png": "x"})}))
    assert (job["status"], job["error"]) == (
        "failed",
        "none.zip: no file in it can be read: none.zip!/in.zip: not read: weir.png (not of a type that is read); "
        "not read: pump.png (not of a type that is read)",
    )
    job = upload(client, "some.zip", b"PK half of it")
    assert (job["status"], job["error"]) == (
        "failed", "some.zip: is damaged: it is not a complete archive; get a fresh copy",
    )  # fmt: skip
    assert found(client) == {"uploads/some.zip!/pump.txt"}
    assert [path.name for path in sorted(place.iterdir())] == [".incoming", "some.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "a.zip!/x.txt",
        "../../x.txt",
        "a/../../x.txt",
        "/etc/x.txt",
        "a\\..\\x.txt",
        ".x.txt",
        "a//b.txt",
        "~$a.txt",
        "x" * 201 + ".txt",
    ],
)
def test_names_that_would_be_elsewhere_are_refused(client: TestClient, settings: Settings, name: str) -> None:
    response = client.post("/v1/documents", files={"file": (name, b"text")})
    assert (response.status_code, response.json()["error"]["param"]) == (422, "file"), response.text
    assert not list(settings.indexes_dir.rglob("*.txt"))


def test_types_sizes_and_indexes_that_are_refused(client: TestClient, settings: Settings) -> None:
    assert client.post("/v1/documents", files={"file": ("a.exe", b"MZ")}).status_code == 415
    response = client.post("/v1/documents", files={"file": ("a.txt", b"x" * 200_000)})
    assert (response.status_code, response.json()["error"]["message"]) == (413, "the body is larger than 0.1 MB")
    response = client.post("/v1/documents", files={"file": ("a.txt", b"x")}, params={"index": "typo"})
    assert (response.status_code, response.json()["error"]["type"]) == (404, "index_not_found")
    response = client.post("/v1/documents", files={"file": ("a.txt", b"x")}, params={"index": "../x", "create": True})
    assert response.status_code == 422
    response = client.post("/v1/documents", files={"file": ("a.txt", b"x")}, data={"metadata": '{"a": 1}'})
    assert (response.status_code, response.json()["error"]["param"]) == (422, "metadata")
    assert client.post("/v1/documents", json={"file": "x"}).status_code in (415, 422)
    assert client.get("/v1/jobs/job_1").json()["error"]["type"] == "job_not_found"
    assert not (settings.indexes_dir.exists() and list(settings.indexes_dir.rglob("*.txt")))


def test_a_file_that_cannot_be_read_leaves_what_was_there(client: TestClient, settings: Settings) -> None:
    upload(client, "a.txt", b"The pump is here.")
    job = upload(client, "a.txt", b"\x7fELF\x00\x00\x01")
    assert job["status"] == "failed"
    assert job["error"].startswith("a.txt: ")
    assert str(settings.indexes_dir) not in job["error"]
    assert client.get("/v1/documents/uploads/a.txt/text").json()["text"] == "The pump is here."
    with LocalIndex.open(settings.indexes_dir, "default") as index:
        (told,) = unread(index.failures())
    assert (told.document_id, told.reason) == ("uploads/a.txt", job["error"].removeprefix("a.txt: "))
    assert not client.get("/v1/documents").json()["documents"][0]["stale"]
    upload(client, "a.txt", b"The pump is there.")
    with LocalIndex.open(settings.indexes_dir, "default") as index:
        assert index.failures() == []
    assert not list((settings.indexes_dir / "default" / "uploads" / ".incoming").glob("job_*"))


def test_filters_and_own_metadata(client: TestClient, settings: Settings) -> None:
    upload(client, "a.txt", b"The pump is here.", metadata=json.dumps({"project": "Mill"}))
    upload(client, "sub/b.md", b"The pump is there.")
    assert found(client) == {"uploads/a.txt", "uploads/sub/b.md"}
    assert found(client, project="mill") == {"uploads/a.txt"}
    assert found(client, type=["md", "pdf"]) == found(client, folder="uploads/sub") == {"uploads/sub/b.md"}
    assert found(client, document="uploads/a.txt", folder="uploads/sub") == set()
    assert found(client, after="2000") == {"uploads/a.txt", "uploads/sub/b.md"}
    answer = client.post("/v1/ask", json={"question": "Where is the pump?", "filters": {"type": "md"}}).json()
    assert {hit["document_id"] for hit in answer["passages"]} == {"uploads/sub/b.md"}
    response = client.post("/v1/search", json=ALL | {"filters": {"colour": "red"}})
    assert (response.status_code, response.json()["error"]["param"]) == (422, "filters")
    place = settings.indexes_dir / "default" / "uploads"
    (place / ".a.txt.metadata.json").write_text('{"project": "Ferry"}')  # by hand: the next sync sees it
    with LocalIndex.open(settings.indexes_dir, "default", write=True) as index:
        assert sync([place], index, HashEmbedder(), settings).replaced == ["uploads/a.txt"]
    assert found(client, project="ferry") == {"uploads/a.txt"}
    client.delete("/v1/documents/uploads/a.txt")
    assert [path.name for path in place.iterdir() if path.is_file()] == []


def test_indexes_side_by_side(client: TestClient) -> None:
    upload(client, "a.txt", b"The pump is here.")
    upload(client, "b.txt", b"The pump is there.", index="other", create=True)
    upload(client, "c.txt", b"The pump is gone.", index="other")
    assert client.get("/v1/indexes").json()["indexes"] == ["default", "other"]
    assert (found(client), found(client, "other")) == ({"uploads/a.txt"}, {"uploads/b.txt", "uploads/c.txt"})
    assert client.delete("/v1/documents/uploads/b.txt", params={"index": "other"}).status_code == 200
    assert found(client, "other") == {"uploads/c.txt"}


def test_an_upload_waits_for_another_writer_and_removal_says_so(client: TestClient, settings: Settings) -> None:
    upload(client, "a.txt", b"The pump is here.")
    with LocalIndex.open(settings.indexes_dir, "default", write=True):
        job = client.post("/v1/documents", files={"file": ("b.txt", b"The pump is there.")}).json()
        response = client.delete("/v1/documents/uploads/a.txt")
        assert response.status_code == 409
        assert client.get(f"/v1/jobs/{job['id']}").json()["status"] == "running"
    wait_until(lambda: client.get("/v1/documents/uploads/b.txt"), 200)


def test_what_was_accepted_before_a_restart_is_taken_up(settings: Settings) -> None:
    folder = settings.indexes_dir / "default"
    keep(io.BytesIO(b"The pump is here."), Upload("job_old", "sub/a.txt", folder / "uploads"), {"project": "Mill"})
    (folder / "uploads" / ".incoming" / "job_half").mkdir()
    (folder / "uploads" / ".incoming" / "job_half" / ".part").write_bytes(b"half")
    with serving(settings) as client:
        wait_until(lambda: client.get("/v1/documents/uploads/sub/a.txt"), 200)
        assert client.get("/v1/jobs/job_old").json()["error"] is None
        assert found(client, project="Mill") == {"uploads/sub/a.txt"}
    assert [path.name for path in (folder / "uploads" / ".incoming").iterdir()] == [".taking.lock"]
    with LocalIndex.open(settings.indexes_dir, "default", Expected(chunker=chunker_fingerprint(settings))) as index:
        assert index.verify() == []


def test_a_job_that_failed_since_the_index_was_held_leaves_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_jobs, "_BUSY_S", 0.5)
    incoming = settings.indexes_dir / "default" / "uploads" / ".incoming"
    with serving(settings) as client:
        upload(client, "a.txt", b"The pump is here.")
        with LocalIndex.open(settings.indexes_dir, "default", write=True):
            assert upload(client, "a.txt", b"The pump is there.")["status"] == "failed"
        assert not list(incoming.glob("job_*"))
        upload(client, "a.txt", b"The pump is gone.")
    with serving(settings) as client:
        time.sleep(0.5)
        assert client.get("/v1/documents/uploads/a.txt/text").json()["text"] == "The pump is gone."


def test_a_job_that_waits_when_the_service_stops_is_done_by_the_next(settings: Settings) -> None:
    with serving(settings) as client:
        upload(client, "a.txt", b"The pump is here.")
        with LocalIndex.open(settings.indexes_dir, "default", write=True):
            job = client.post("/v1/documents", files={"file": ("a.txt", b"The pump is there.")}).json()
            client.app.state.jobs.close()  # type: ignore[attr-defined]
            assert client.get(f"/v1/jobs/{job['id']}").json()["status"] == "queued"
    with serving(settings) as client:
        wait_until(lambda: client.get(f"/v1/jobs/{job['id']}"), 200)
        deadline = time.monotonic() + 20
        while client.get(f"/v1/jobs/{job['id']}").json()["status"] != "done":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert client.get("/v1/documents/uploads/a.txt/text").json()["text"] == "The pump is there."
