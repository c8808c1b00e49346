"""Uploads that are meant to do harm, or meet bad luck: many, slow, in each other's place, on a disk that is full."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.work import upload_jobs
from rag.documents.discover import Found
from rag.documents.pool import ReaderPool, Time
from rag.embedding.embedded import EmbeddedEmbedder
from rag.index.lock import WriterLock
from rag.ingest import prepare, uploads
from rag.ingest.incoming import Owner, Upload, keep, waiting
from rag.models import Models
from rag.settings import Settings
from tests.api.fakes import wait_until
from tests.api.test_documents import found, serving, upload
from tests.fakes import WordReader


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(indexes_dir=tmp_path / "indexes", upload_mb=5)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with serving(settings) as client:
        yield client


def kept(settings: Settings) -> list[str]:
    """What waits, and what was put in its place; not the lock of the service."""
    folder = settings.indexes_dir / "default" / "uploads"
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return sorted(path.relative_to(folder).as_posix() for path in files)


def send(client: TestClient, name: str, content: bytes = b"The pump is here.", **more: Any) -> Any:
    return client.post("/v1/documents", files={"file": (name, content)}, **more)


def test_the_service_starts_on_a_disk_that_can_only_be_read_and_what_waits_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(settings) as client:
        send(client, "a.txt")
        wait_until(lambda: client.get("/v1/documents/uploads/a.txt"), 200, 60)
    keep(io.BytesIO(b"Waits."), Upload("job_1", "b.txt", settings.indexes_dir / "default" / "uploads"), {})

    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with monkeypatch.context() as patch:
        patch.setattr("rag.ingest.incoming.FileLock", refuse)
        with serving(settings) as client:
            assert client.get("/v1/documents/uploads/a.txt").status_code == 200
            assert client.get("/v1/documents/uploads/b.txt").status_code == 404
    with serving(settings) as client:
        wait_until(lambda: client.get("/v1/documents/uploads/b.txt"), 200, 60)


def test_the_service_starts_whatever_number_waits_and_takes_no_more_than_its_limit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_jobs, "_WAITING", 3)
    folder = settings.indexes_dir / "default" / "uploads"
    for number in range(8):
        keep(io.BytesIO(b"The pump is here."), Upload(f"job_{number}", f"{number}.txt", folder), {})
    hold = threading.Event()
    put = uploads.put

    def slow(*arguments: Any) -> Any:
        assert hold.wait(30)
        return put(*arguments)

    monkeypatch.setattr(uploads, "put", slow)
    with serving(settings) as client:
        before = kept(settings)
        refused = send(client, "more.txt")
        assert (refused.status_code, refused.json()["error"]["message"]) == (
            429,
            "3 uploads wait already: try again later",
        )
        assert refused.headers["retry-after"] == "60"
        assert kept(settings) == before  # nothing was written
        hold.set()
        for number in range(8):
            wait_until(lambda number=number: client.get(f"/v1/documents/uploads/{number}.txt"), 200, 30)  # type: ignore[misc]
        assert send(client, "more.txt").status_code == 202


def test_after_a_restart_uploads_of_one_name_take_effect_in_the_order_in_which_they_came(settings: Settings) -> None:
    folder = settings.indexes_dir / "default" / "uploads"
    names = [f"job_{name:032x}" for name in (7, 3, 9, 1, 5)]  # ids of an earlier version say nothing of the order
    for number, name in enumerate(names):
        waits = Upload(name, "same.txt", folder)
        keep(io.BytesIO(f"The pump has number {number}.".encode()), waits, {})
        os.utime(waits.path, ns=(10**18 + number, 10**18 + number))
    owner = Owner()
    assert [one.job for one in waiting(folder.parent, owner)] == names
    owner.close()
    with serving(settings) as client:
        wait_until(lambda: client.get("/v1/documents/uploads/same.txt"), 200, 30)
        wait_until(lambda: client.get(f"/v1/jobs/{names[-1]}"), 200)
        end = time.monotonic() + 30
        while client.get(f"/v1/jobs/{names[-1]}").json()["status"] != "done":
            assert time.monotonic() < end
            time.sleep(0.02)
        assert client.get("/v1/documents/uploads/same.txt/text").json()["text"] == "The pump has number 4."


def test_ids_of_jobs_sort_as_they_came(client: TestClient) -> None:
    ids = [send(client, f"{number}.txt").json()["id"] for number in range(5)]
    assert ids == sorted(ids)


def test_a_name_below_a_document_or_above_one_is_refused_before_anything_is_written(
    client: TestClient, settings: Settings
) -> None:
    upload(client, "x.txt", b"The first pump.")
    upload(client, "y/z.txt", b"The second pump.")
    for name, message in (
        ("x.txt/y.txt", "'x.txt/y.txt' would lie in 'x.txt', which is a document: rename it"),
        ("x.txt/a/b.txt", "'x.txt/a/b.txt' would lie in 'x.txt', which is a document: rename it"),
    ):
        refused = send(client, name)
        assert (refused.status_code, refused.json()["error"]["message"]) == (422, message)
    (settings.indexes_dir / "default" / "uploads" / "d.txt").mkdir()
    assert send(client, "d.txt").json()["error"]["message"] == (
        "'d.txt' is a folder with documents: choose another name"
    )
    assert kept(settings) == ["x.txt", "y/z.txt"]
    assert found(client) == {"uploads/x.txt", "uploads/y/z.txt"}


def test_a_name_that_was_taken_while_it_waited_is_a_job_that_failed_and_changes_nothing(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, "x.txt", b"The first pump.")
    check, calls = uploads.check_place, iter([lambda one: None])
    monkeypatch.setattr(uploads, "check_place", lambda one: next(calls, check)(one))  # it was free when it came
    job = upload(client, "x.txt/y.txt", b"The second pump.")
    assert (job["status"], job["error"]) == (
        "failed",
        "'x.txt/y.txt' would lie in 'x.txt', which is a document: rename it",
    )
    assert (kept(settings), found(client)) == (["x.txt"], {"uploads/x.txt"})


@pytest.mark.parametrize("late", [False, True])
def test_an_upload_does_not_bring_back_an_index_that_was_deleted_or_renamed_meanwhile(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    assert client.post("/v1/indexes", json={"name": "letters"}).status_code == 201
    take = Owner.take

    def taken(self: Owner, folder: Path, job: str, create: bool = True) -> None:
        if late:
            take(self, folder, job, create)
        if not late or not gone:
            gone.append(client.delete("/v1/indexes/letters").status_code)
        if not late:
            take(self, folder, job, create)

    gone: list[int] = []
    monkeypatch.setattr(Owner, "take", taken)
    sent = send(client, "a.txt", params={"index": "letters"})
    if late:  # it waits already
        assert (gone, sent.status_code) == ([409], 202)
        return
    assert (gone[0], sent.status_code, sent.json()["error"]["type"]) == (200, 404, "index_not_found")
    assert not (settings.indexes_dir / "letters").exists()


def test_an_upload_that_comes_when_its_index_gets_another_name_is_not_lost(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between the look at what waits and the renaming of the folder."""
    assert client.post("/v1/indexes", json={"name": "letters"}).status_code == 201
    rename, sent = os.rename, []

    def renamed(source: Path, target: Path) -> None:
        if Path(target).name == "mail":
            Owner().take(Path(source) / "uploads", waits := f"job_{1:032x}")
            keep(io.BytesIO(b"The pump."), Upload(waits, "a.txt", Path(source) / "uploads"), {})
            sent.append(waits)
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("rag.index.managing.os.rename", renamed)
        refused = client.patch("/v1/indexes/letters", json={"name": "mail"})
    assert (refused.status_code, refused.json()["error"]["type"]) == (409, "index_busy")
    assert not (settings.indexes_dir / "mail").exists()
    assert [one.job for one in waiting(settings.indexes_dir / "letters", Owner())] == sent


def test_an_upload_whose_index_was_taken_away_by_hand_fails_and_makes_none(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.post("/v1/indexes", json={"name": "letters"}).status_code == 201
    read = uploads.read_ahead

    def removed(one: Upload, how: Any) -> Any:
        found = read(one, how)
        shutil.rmtree(settings.indexes_dir / "letters")
        return found

    monkeypatch.setattr(uploads, "read_ahead", removed)
    job = send(client, "a.txt", params={"index": "letters"}).json()["id"]
    until = time.monotonic() + 30
    while (state := client.get(f"/v1/jobs/{job}").json()["status"]) not in ("done", "failed"):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert state == "failed"
    assert not (settings.indexes_dir / "letters").exists()


DEEP = "[" * 60_000
COMPACT = json.dumps({f"{number:05}": "a" for number in range(5_000)}, separators=(",", ":"))  # is kept with spaces
NAMES = "/".join(["é" * 90] * 6) + "/x.txt"  # fewer than 1,000 characters, and more bytes


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("a.txt", {"data": {"metadata": DEEP}}, "metadata must be a JSON object whose values are texts"),
        ("/".join(["d" * 190] * 21) + "/x.txt", {}, "cannot be the name of a document: use at most 1,000 bytes"),
        (NAMES, {}, "cannot be the name of a document: use at most 1,000 bytes"),
        ("a.txt", {"data": {"metadata": json.dumps({"a": "x" * 64_000})}}, "metadata has more than 64,000 bytes"),
        ("a.txt", {"data": {"metadata": COMPACT}}, "metadata has more than 64,000 bytes"),
        ("a.txt", {"params": {"index": "keys.json", "create": True}}, "the service has files of that name"),
        ("a.txt", {"params": {"index": "answers.sqlite", "create": True}}, "the service has files of that name"),
    ],
    ids=["deep metadata", "a long name", "many bytes", "much metadata", "metadata without spaces", "keys", "answers"],
)
def test_what_cannot_be_kept_is_a_4xx_of_one_line(
    client: TestClient, name: str, more: dict[str, Any], message: str
) -> None:
    refused = send(client, name, **more)
    assert refused.status_code == 422, refused.text
    assert message in refused.json()["error"]["message"]
    assert "\n" not in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("number", "status", "begins"),
    [
        (errno.ENOSPC, 507, "no space left on the disk of the server: nothing was changed"),
        (errno.EDQUOT, 507, "no space left on the disk of the server: nothing was changed"),
        (errno.EROFS, 507, "the disk of the server cannot be written: nothing was changed"),
        (errno.ENAMETOOLONG, 422, "the name is too long"),
        (errno.EIO, 500, "something went wrong here"),
    ],
)
def test_a_disk_that_does_not_take_a_file(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int, status: int, begins: str
) -> None:
    upload(client, "a.txt", b"The pump is here.")

    def full(source: BinaryIO, target: BinaryIO, length: int = 0) -> None:
        target.write(b"half")
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        refused = send(client, "a.txt", b"Another pump.")
    assert (refused.status_code, refused.json()["error"]["message"][: len(begins)]) == (status, begins)
    assert kept(settings) == ["a.txt"]
    assert client.get("/v1/documents/uploads/a.txt/text").json()["text"] == "The pump is here."
    assert upload(client, "a.txt", b"Another pump.")["status"] == "done"  # its place among those that wait is free


def test_a_folder_of_temporary_files_that_is_full(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **named: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", full)
    refused = send(client, "a.txt", b"The pump. " * 300_000)
    assert (refused.status_code, refused.json()["error"]["type"]) == (507, "no_space")


@pytest.mark.parametrize("slow_name", ["slow.txt", "slow.eml"])
def test_a_slow_file_holds_up_neither_others_nor_a_removal(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, slow_name: str
) -> None:
    upload(client, "there.txt", b"The pump is here.")
    hold, read = threading.Event(), ReaderPool.read

    def slow(self: ReaderPool, files: Any) -> Any:
        for one in files:
            if one.document_id == f"uploads/{slow_name}":
                assert hold.wait(30)
            yield from read(self, [one])

    monkeypatch.setattr(ReaderPool, "read", slow)
    job = send(client, slow_name, b"Subject: The pump\n\nThe pump is here.").json()["id"]
    others = [f"{number}.txt" for number in range(12)]
    for name in others:
        send(client, name)
    began = time.monotonic()
    assert client.delete("/v1/documents/uploads/there.txt").status_code == 200
    assert time.monotonic() - began < 4  # it does not wait for the file that is being read
    free = [name for name in others if upload_jobs.lane("default", name) != upload_jobs.lane("default", slow_name)]
    assert len(free) >= 4
    for name in free:
        wait_until(lambda name=name: client.get(f"/v1/documents/uploads/{name}"), 200, 30)  # type: ignore[misc]
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "running"
    hold.set()
    wait_until(lambda: client.get(f"/v1/documents/uploads/{slow_name}"), 200, 30)


@pytest.mark.parametrize(
    ("name", "megabytes", "each", "whole"),
    [
        ("a.txt", 0, 30, inf),
        ("a.txt", 3, 60, inf),
        ("a.pdf", 3, 150, 150),
        ("a.zip", 100, 300, 600),
        ("b", None, 30, inf),
    ],
)
def test_the_time_to_read_an_upload_goes_with_its_size(
    tmp_path: Path, name: str, megabytes: int | None, each: float, whole: float
) -> None:
    if megabytes is not None:
        with (tmp_path / name).open("wb") as file:
            file.truncate(megabytes * 1_000_000)
    assert upload_jobs.reading_time(Found(str(tmp_path / name), name, "")) == Time(each, whole)


def test_text_that_is_made_to_cost_is_cut_in_the_reading_process(
    settings: Settings, embedder: EmbeddedEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unused(*arguments: Any) -> Any:
        raise AssertionError("cut in the process of the service")

    monkeypatch.setattr(prepare, "cut", unused)
    app = create_app(settings, lambda settings: Models(embedder, reader=WordReader()))
    with TestClient(app) as client:
        wait_until(lambda: client.get("/v1/jobs/none"), 404)
        assert upload(client, "a.txt", b"The pump is here.")["passages"] == 1
        monkeypatch.setattr(upload_jobs, "_FILE_S", 1.0)
        monkeypatch.setattr(upload_jobs, "_MEGABYTE_S", 0.0)
        late = upload(client, "hostile.txt", b"1 " * 2_000_000)
    assert (late["status"], late["error"]) == (
        "failed",
        "hostile.txt: took more than 1 s to read, which is the limit; split it",
    )


def test_an_upload_that_failed_for_want_of_its_index_is_not_put_in_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.index.local import LocalIndex

    monkeypatch.setattr(upload_jobs, "_BUSY_S", 0.1)
    monkeypatch.setattr(upload_jobs, "_RETRY_S", 0.05)
    with serving(settings) as client:
        upload(client, "a.txt", b"The newer pump.")
        with LocalIndex.open(settings.indexes_dir, "default", write=True):
            job = upload(client, "a.txt", b"The older pump.")
        assert (job["status"], "another process" in job["error"] or "writ" in job["error"]) == ("failed", True)
        assert kept(settings) == ["a.txt"]
    with serving(settings) as client:
        assert client.get("/v1/documents/uploads/a.txt/text").json()["text"] == "The newer pump."
    assert json.dumps(kept(settings)) == '["a.txt"]'


def test_another_process_gets_its_turn_between_uploads(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, "first.txt", b"The pump is here.")
    put = uploads.put

    def slow(*arguments: Any) -> Any:
        time.sleep(0.2)
        return put(*arguments)

    monkeypatch.setattr(uploads, "put", slow)
    jobs = [send(client, f"{number}.txt").json()["id"] for number in range(20)]
    for _ in range(3):
        lock = WriterLock(settings.indexes_dir / "default")
        lock.acquire(1.5)
        lock.release()
    assert any(client.get(f"/v1/jobs/{job}").json()["status"] == "queued" for job in jobs)


def test_what_came_of_a_job_is_known_after_a_restart_and_to_another_service(settings: Settings) -> None:
    with serving(settings) as client, serving(settings) as other:
        done = upload(client, "a.txt", b"The pump is here.")
        failed = upload(client, "b.txt", b" ")
        assert [other.get(f"/v1/jobs/{job['id']}").json() for job in (done, failed)] == [done, failed]
        Owner().take(settings.indexes_dir / "default" / "uploads", waits := f"job_{1:032x}")
        keep(io.BytesIO(b"x"), Upload(waits, "c.txt", settings.indexes_dir / "default" / "uploads"), {})
        expected = {"id": waits, "status": "queued", "index": "default", "document_id": "uploads/c.txt"}
        assert other.get(f"/v1/jobs/{waits}").json() == expected | {"error": None, "passages": 0}
    with serving(settings) as client:
        assert [client.get(f"/v1/jobs/{job['id']}").json() for job in (done, failed)] == [done, failed]
        assert failed["error"] == "b.txt: is empty: there is nothing to read in it"


def test_ids_go_on_above_those_that_wait_whatever_the_clock_says(settings: Settings) -> None:
    later = f"job_{time.time_ns() + 10**15:016x}{0:016x}"
    keep(io.BytesIO(b"The pump."), Upload(later, "a.txt", settings.indexes_dir / "default" / "uploads"), {})
    with serving(settings) as client:
        assert send(client, "b.txt").json()["id"] > later
