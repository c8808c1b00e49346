"""Uploads between the steps: never lost, never done twice, never in the place of a person's own file."""

from __future__ import annotations

import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.errors import DocumentError, InputError, ModelError
from rag.ingest import uploads
from rag.ingest.changes import find_changes
from rag.ingest.dating import dated
from rag.ingest.prepare import read_here
from rag.ingest.run import Summary
from rag.ingest.uploads import Owner, Upload, keep, put, remove_document, waiting
from rag.settings import Settings
from rag.stores.open import open_index
from rag.types import Embedding, Passage
from tests.fakes import HashEmbedder
from tests.ingest.test_vanished import opened, run, write


@pytest.fixture
def place(settings: Settings) -> Path:
    return settings.indexes_dir / "t" / "uploads"


def kept(place: Path, text: str, name: str = "a.txt", job: str = "job_1", **metadata: str) -> Upload:
    upload = Upload(job, name, place)
    keep(io.BytesIO(text.encode()), upload, metadata)
    return upload


def put_in(settings: Settings, upload: Upload, embedder: HashEmbedder | None = None) -> Summary:
    with opened(settings) as index:
        return put(upload, index, embedder or HashEmbedder(), settings, read_here)


def text_of(settings: Settings, document_id: str = "uploads/a.txt") -> str:
    with opened(settings) as index:
        return index.document(document_id).text


class Fails(HashEmbedder):
    def embed_passages(self, passages: list[Passage]) -> list[Embedding]:  # type: ignore[override]
        raise ModelError("no memory")


def test_a_sync_of_the_folder_changes_nothing(settings: Settings, place: Path) -> None:
    put_in(settings, kept(place, "The pump is here.", project="Mill"))
    with opened(settings) as index:
        change = find_changes([place], index.files(), settings.indexes_dir)
    assert (change.changed, change.vanished, change.held) == ([], [], [])


@pytest.mark.parametrize("first", [True, False])
def test_one_that_fails_leaves_what_was_in_its_place(settings: Settings, place: Path, first: bool) -> None:
    if not first:
        put_in(settings, kept(place, "The pump is here.", project="Mill"))
    with pytest.raises(ModelError):
        put_in(settings, kept(place, "The pump is there.", job="job_2"), Fails())
    binary = Upload("job_3", "a.txt", place)
    keep(io.BytesIO(b"\x7fELF\x00\x00\x01"), binary, {})
    assert len(put_in(settings, binary).failed) == 1
    empty = kept(place, " \n", job="job_4")
    assert put_in(settings, empty).failed[0].message == f"{empty.path}: is empty: there is nothing to read in it"
    assert sorted(path.name for path in place.iterdir() if path.name != ".incoming") == (
        [] if first else [".a.txt.metadata.json", "a.txt"]
    )
    if not first:
        assert text_of(settings) == (place / "a.txt").read_text() == "The pump is here."


@pytest.mark.parametrize("member", [("notes.txt", b"\x7fELF\x00\x00\x01"), ("picture.png", b"\x89PNG")])
def test_an_archive_of_which_nothing_can_be_read_takes_no_document_away(
    settings: Settings, place: Path, member: tuple[str, bytes]
) -> None:
    def archive(name: str, content: bytes, job: str) -> Upload:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as files:
            files.writestr(name, content)
        upload = Upload(job, "a.zip", place)
        keep(io.BytesIO(packed.getvalue()), upload, {})
        return upload

    assert put_in(settings, archive("pump.txt", b"The pump is here.", "job_1")).added == ["uploads/a.zip!/pump.txt"]
    before = (place / "a.zip").read_bytes()
    assert put_in(settings, archive(*member, "job_2")).failed != []
    assert (place / "a.zip").read_bytes() == before
    with open_index(settings, None, write=True) as index:
        assert list(index.files()) == ["uploads/a.zip!/pump.txt"]


@pytest.mark.parametrize("step", range(1, 9))
def test_a_service_that_dies_at_any_step_loses_nothing(
    settings: Settings, place: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """It dies at a rename, a link or the end; the next service takes up what waits, and another upload comes after."""
    put_in(settings, kept(place, "The pump is here.", project="Mill"))
    upload = kept(place, "The pump is there.", job="job_2", project="Weir")
    left = [step]

    def dying(real: object) -> object:
        def call(*arguments: object, **more: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return real(*arguments, **more)  # type: ignore[operator]

        return call

    with monkeypatch.context() as patch, opened(settings) as index:
        for name in ("replace", "link"):
            patch.setattr(uploads.os, name, dying(getattr(os, name)))  # type: ignore[attr-defined]
        for name in ("carry_out", "discard"):
            patch.setattr(uploads, name, dying(vars(uploads)[name]))
        try:
            put(upload, index, HashEmbedder(), settings, read_here)
        except KeyboardInterrupt:
            patch.undo()
    owner = Owner()
    for again in waiting(place.parent, owner):
        put_in(settings, again)
    owner.close()
    assert text_of(settings) == (place / "a.txt").read_text() == "The pump is there."
    assert run(settings, place).replaced == []
    with opened(settings) as index:
        assert index.document("uploads/a.txt").metadata["project"] == "Weir"
    assert waiting(place.parent, owner) == []


def test_one_that_cannot_be_put_in_its_place_is_not_committed(settings: Settings, place: Path) -> None:
    (place / "a.txt").mkdir(parents=True)
    (place / "a.txt" / "own.txt").write_text("own")
    with pytest.raises(InputError, match=r"b\.txt' would lie in 'a\.txt/own\.txt', which is a document"):
        put_in(settings, kept(place, "The pump is here.", name="a.txt/own.txt/b.txt"))
    (place / "gone").symlink_to(place / "nowhere")
    with pytest.raises(DocumentError, match=r"b\.txt: cannot be put in its place: "):
        put_in(settings, kept(place, "The pump is here.", name="gone/b.txt", job="job_2"))
    with opened(settings) as index:
        assert index.documents() == []
    assert (place / "a.txt" / "own.txt").read_text() == "own"


def test_uploads_are_taken_in_their_order_and_only_from_services_that_are_gone(place: Path) -> None:
    first, second = Owner(), Owner()
    first.take(place, "job_z")
    kept(place, "The pump is here.", job="job_z")
    first.take(place, "job_b")  # its file is being received
    first.take(place, "job_a")
    later = kept(place, "The pump is there.", name="b.txt", job="job_a")
    os.utime(later.path, ns=(later.path.stat().st_mtime_ns + 10**9,) * 2)
    assert waiting(place.parent, second) == []
    assert (place / ".incoming" / "job_b").is_dir()
    first.close()
    assert [upload.job for upload in waiting(place.parent, second)] == ["job_z", "job_a"]
    assert not (place / ".incoming" / "job_b").exists()
    assert waiting(place.parent, first) == []
    assert waiting(place.parent, second) == []
    second.close()


def test_a_persons_own_document_is_neither_replaced_nor_its_upload_removed(
    settings: Settings, place: Path, tmp_path: Path
) -> None:
    """An earlier version gave ids that begin with `uploads/` to documents of a person's own folder."""
    write(tmp_path / "uploads", "a.txt")
    with opened(settings) as index:
        change = find_changes([tmp_path / "uploads"], index.files(), None)
    own = change.changed[0]._replace(document_id="uploads/a.txt")
    with opened(settings) as index:
        from rag.ingest.prepare import Here
        from rag.ingest.run import carry_out

        change.changed[0] = own
        carry_out(change, index, Here(HashEmbedder(), 40, read_here))
    with pytest.raises(InputError, match=r"uploads/a\.txt is the document of .*, which was not uploaded"):
        put_in(settings, kept(place, "The pump is here."))
    assert text_of(settings) == "The note a.txt is about pumps."
    (place / "a.txt").write_text("the only copy")
    with opened(settings) as index:
        remove_document("uploads/a.txt", index)
        assert index.documents() == []
    assert (place / "a.txt").read_text() == "the only copy"
    assert (tmp_path / "uploads" / "a.txt").exists()


def test_one_that_fails_is_told_of_until_another_is_put_in_or_removed(
    settings: Settings, place: Path, tmp_path: Path
) -> None:
    put_in(settings, kept(place, "The pump is here.", project="Mill"))
    write(tmp_path / "notes", "n.txt")
    for job in ("job_2", "job_3"):
        binary = Upload(job, "a.txt", place)
        keep(io.BytesIO(b"\x7fELF\x00\x00\x01"), binary, {"project": "Weir"})
        put_in(settings, binary)
        run(settings, tmp_path)  # a folder around the index
        with opened(settings) as index:
            assert [failed.document_id for failed in index.failures()] == ["uploads/a.txt"]
            (origin,) = index.snapshot().origins(["uploads/a.txt"]).values()
            assert dated("uploads/a.txt", origin).stale is False
            change = find_changes([place], index.files(), settings.indexes_dir)
        assert (change.changed, change.touched, change.unchanged) == ([], [], ["uploads/a.txt"])
        if job == "job_2":
            put_in(settings, kept(place, "The pump is here again.", job="job_4"))
            with opened(settings) as index:
                assert index.failures() == []
    with opened(settings) as index:
        remove_document("uploads/a.txt", index)
        assert index.failures() == []


def test_one_that_fails_between_leaves_what_was_there_as_it_is_known(settings: Settings, place: Path) -> None:
    put_in(settings, kept(place, "The pump is here.", project="Mill"))
    with pytest.raises(ModelError):
        put_in(settings, kept(place, "The pump is there.", job="job_2", project="Weir"), Fails())
    with opened(settings) as index:
        (origin,) = index.snapshot().origins(["uploads/a.txt"]).values()
        assert dated("uploads/a.txt", origin).stale is False


def test_owners_take_jobs_in_several_threads(place: Path) -> None:
    owner, other = Owner(), Owner()
    jobs = [f"job_{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job: owner.take(place, job), jobs))
    assert not any(other.has_left(place, job) for job in jobs)
    owner.close()
    assert all(other.has_left(place, job) for job in jobs)
