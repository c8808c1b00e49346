"""Uploads between the steps: never lost, never done twice, never in the place of a person's own file."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.errors import DocumentError, InputError, ModelError
from rag.index.backup import back_up, restore
from rag.index.local import LocalIndex
from rag.ingest import uploads
from rag.ingest.changes import find_changes
from rag.ingest.dating import dated
from rag.ingest.incoming import Owner, Upload, first_free, keep, waiting
from rag.ingest.prepare import read_here
from rag.ingest.uploads import UploadOutcome, give_up, put, remove_document
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


def put_in(settings: Settings, upload: Upload, embedder: HashEmbedder | None = None) -> UploadOutcome:
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
    assert put_in(settings, binary).done is False
    empty = kept(place, " \n", job="job_4")
    assert put_in(settings, empty).error == "a.txt: is empty: there is nothing to read in it"
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

    assert put_in(settings, archive("pump.txt", b"The pump is here.", "job_1")).done
    before = (place / "a.zip").read_bytes()
    assert not put_in(settings, archive(*member, "job_2")).done
    assert (place / "a.zip").read_bytes() == before
    with open_index(settings, None, write=True) as index:
        assert list(index.files()) == ["uploads/a.zip!/pump.txt"]


def dies_at(step: int, patch: pytest.MonkeyPatch) -> None:
    """Let the process die at a rename, a link, the commit or the end of an upload: at the one of that number."""
    left = [step]

    def dying(real: object) -> object:
        def call(*arguments: object, **more: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return real(*arguments, **more)  # type: ignore[operator]

        return call

    for name in ("replace", "link", "rename"):
        patch.setattr(os, name, dying(getattr(os, name)))
    for name in ("carry_out", "discard"):
        patch.setattr(uploads, name, dying(vars(uploads)[name]))
    patch.setattr(LocalIndex, "publish", dying(LocalIndex.publish))


def killed(settings: Settings, upload: Upload, step: int, embedder: HashEmbedder | None = None) -> bool:
    """Put an upload in, and die at a step; False if there are fewer."""
    with opened(settings) as index:
        try:
            with pytest.MonkeyPatch.context() as patch:
                dies_at(step, patch)
                put(upload, index, embedder or HashEmbedder(), settings, read_here)
        except ModelError:
            return False
        except KeyboardInterrupt:
            assert index._writer is not None
            index._writer.abandon()
            index._writer = None
            return True
    return False


@pytest.mark.parametrize("step", range(1, 14))
def test_a_service_that_dies_at_any_step_loses_nothing(settings: Settings, place: Path, step: int) -> None:
    """The next service takes up what waits, and another sync comes after."""
    put_in(settings, kept(place, "The pump is here.", project="Mill"))
    upload = kept(place, "The pump is there.", job="job_2", project="Weir")
    killed(settings, upload, step)
    owner = Owner()
    for again in waiting(place.parent, owner):
        assert put_in(settings, again).done
    owner.close()
    assert text_of(settings) == (place / "a.txt").read_text() == "The pump is there."
    with opened(settings) as index:
        assert UploadOutcome.of_text(index.outcome("job_2") or "") == UploadOutcome("uploads/a.txt", True, None, 1)
        assert index.document("uploads/a.txt").metadata["project"] == "Weir"
    assert run(settings, place).replaced == []
    assert waiting(place.parent, owner) == []


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("step", range(1, 16))
def test_a_job_that_fails_after_a_kill_at_any_step_leaves_what_was_there_or_was_done(
    settings: Settings, place: Path, step: int, fails: bool
) -> None:
    """It was killed on its way in or, if it fails, on its way out; the next attempt fails for another reason."""
    put_in(settings, kept(place, "The pump is here.", project="Mill"))
    upload = kept(place, "The pump is there.", job="job_2", project="Weir")
    killed(settings, upload, step, Fails() if fails else None)
    owner = Owner()
    for again in waiting(place.parent, owner):
        with opened(settings) as index:
            give_up(again, index, "something else")
    owner.close()
    with opened(settings) as index:
        noted = index.outcome("job_2")
        outcome = (
            UploadOutcome.of_text(noted) if noted else UploadOutcome("uploads/a.txt", False, "the model failed", 0)
        )
        project = index.document("uploads/a.txt").metadata["project"]
    assert text_of(settings) == (place / "a.txt").read_text() == f"The pump is {'there' if outcome.done else 'here'}."
    assert project == ("Weir" if outcome.done else "Mill")
    assert not (fails and outcome.done)
    assert run(settings, place).replaced == []
    assert [path.name for path in (place / ".incoming").iterdir() if path.suffix != ".lock"] == []


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


def test_an_owner_goes_on_after_its_folder_was_deleted(place: Path) -> None:
    owner, other = Owner(), Owner()
    owner.take(place, "job_1")
    shutil.rmtree(place)
    owner.take(place, "job_2")
    assert not other.has_left(place, "job_2")
    owner.close()
    assert other.has_left(place, "job_2")


def test_of_services_that_start_together_one_takes_what_waits(place: Path) -> None:
    gone = Owner()
    for number in range(10):
        gone.take(place, f"job_{number}")
        kept(place, "The pump is here.", name=f"{number}.txt", job=f"job_{number}")
    gone.close()
    owners = [Owner() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda owner: waiting(place.parent, owner), owners))
    assert sorted(upload.name for each in taken for upload in each) == [f"{number}.txt" for number in range(10)]
    for owner in owners:
        owner.close()


def test_ids_tell_the_order_whatever_the_times_of_files(place: Path) -> None:
    """A clock that was put back gives files times before those of earlier ones."""
    first, second = (f"job_{10**18 * 2 + number:016x}{0:016x}" for number in (1, 2))
    for number, job in enumerate((second, first)):
        upload = kept(place, "The pump is here.", name=f"{number}.txt", job=job)
        os.utime(upload.path, ns=(10**18 + number, 10**18 + number))
    assert [upload.job for upload in waiting(place.parent, Owner())] == [first, second]


def test_an_archive_that_fails_half_way_leaves_none_of_its_documents(settings: Settings, place: Path) -> None:
    def archive(job: str, **files: str) -> Upload:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as made:
            for name, text in files.items():
                made.writestr(f"{name}.txt", text)
        upload = Upload(job, "a.zip", place)
        keep(io.BytesIO(packed.getvalue()), upload, {})
        return upload

    class FailsLater(HashEmbedder):
        def embed_passages(self, passages: list[Passage]) -> list[Embedding]:  # type: ignore[override]
            if any("weir" in passage.text for passage in passages):
                raise ModelError("no memory")
            return super().embed_passages(passages)

    assert put_in(settings, archive("job_1", mill="The mill stands."), FailsLater()).done
    before = (place / "a.zip").read_bytes()
    many = " ".join(f"The pump {number} is here." for number in range(1_500))  # of more than two batches
    with pytest.raises(ModelError):
        put_in(settings, archive("job_2", a=many, b="The weir stands."), FailsLater())
    with opened(settings) as index:
        assert list(index.files()) == ["uploads/a.zip!/mill.txt"]
        assert index.verify() == []
    assert (place / "a.zip").read_bytes() == before
    assert run(settings, place).replaced == []


def test_what_killed_services_left_is_tidied_away_and_what_is_young_or_in_use_stays(tmp_path: Path) -> None:
    folder, owner, other = tmp_path / "uploads", Owner(), Owner()
    other.take(folder, "job_1")
    place = folder / ".incoming"
    for name in (".job_old", ".job_young"):
        (place / name).mkdir()
        (place / name / ".owner").write_text(".gone.lock")
    for name in (".old.lock", ".young.lock"):
        (place / name).touch()
    for old in (".job_old", ".old.lock", other._name):
        os.utime(place / old, (0, 0))
    assert waiting(tmp_path, owner) == []
    assert sorted(path.name for path in place.iterdir()) == sorted(
        [".job_young", ".young.lock", ".taking.lock", other._name, "job_1"]
    )
    other.close()


def numbered(number: int) -> str:
    return f"job_{15 * 10**17 + number:016x}{number:016x}"


@pytest.mark.parametrize("begun", [0, 4, 6])
def test_one_that_comes_back_does_not_take_the_place_of_a_later_one(
    settings: Settings, place: Path, begun: int
) -> None:
    """Its service was gone meanwhile, and another service took in and indexed one of the same name."""
    put_in(settings, kept(place, "The pump is here.", job=numbered(1)))
    first = kept(place, "The pump was there.", job=numbered(2))
    if begun:
        assert killed(settings, first, begun)
    assert put_in(settings, kept(place, "The pump is there.", job=numbered(3))).done
    told = put_in(settings, first)
    assert told == (
        "uploads/a.txt", False, "a.txt: a later upload of that name was indexed before this one", 0
    )  # fmt: skip
    assert text_of(settings) == (place / "a.txt").read_text() == "The pump is there."
    assert put_in(settings, first) == told


@pytest.mark.parametrize("step", range(1, 14))
def test_a_backup_has_the_files_of_its_documents(settings: Settings, place: Path, tmp_path: Path, step: int) -> None:
    """It is made after a service died at that step."""
    put_in(settings, kept(place, "The pump is here.", project="Mill"))
    killed(settings, kept(place, "The pump is there.", job="job_2", project="Weir"), step)
    back_up(settings.indexes_dir, "t", tmp_path / "t.backup")
    restore(settings.indexes_dir, tmp_path / "t.backup", "other")
    other = settings.model_copy(update={"index": "other"})
    project = {"The pump is here.": "Mill", "The pump is there.": "Weir"}[text_of(other)]
    assert (place.parent.parent / "other" / "uploads" / "a.txt").read_text() == text_of(other)
    with opened(other) as index:
        assert index.document("uploads/a.txt").metadata["project"] == project
        change = find_changes([index.folder / "uploads"], index.files(), settings.indexes_dir)
    assert (change.changed, change.vanished, change.touched) == ([], [], [])


def test_a_backup_has_the_file_of_an_upload_of_which_the_remains_were_not_deleted(
    settings: Settings, place: Path, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        assert put_in(settings, kept(place, "The pump is here.")).done
    assert (place / ".incoming" / ".job_1.done" / ".before").is_dir()
    assert back_up(settings.indexes_dir, "t", tmp_path / "t.backup").uploads == 1
    restore(settings.indexes_dir, tmp_path / "t.backup", "other")
    assert (place.parent.parent / "other" / "uploads" / "a.txt").read_text() == "The pump is here."


def test_one_that_fails_after_a_restore_leaves_the_restored_file(
    settings: Settings, place: Path, tmp_path: Path
) -> None:
    put_in(settings, kept(place, "The pump is here."))
    back_up(settings.indexes_dir, "t", tmp_path / "t.backup")
    put_in(settings, kept(place, "The pump is there.", job="job_2"))
    binary = Upload("job_3", "a.txt", place)
    keep(io.BytesIO(b"\x7fELF\x00\x00\x01"), binary, {})
    assert killed(settings, binary, 7)
    restore(settings.indexes_dir, tmp_path / "t.backup")
    assert not put_in(settings, binary).done
    assert text_of(settings) == (place / "a.txt").read_text() == "The pump is here."


def test_a_removed_file_does_not_come_back_when_an_upload_of_its_name_fails(settings: Settings, place: Path) -> None:
    put_in(settings, kept(place, "The pump is here."))
    binary = Upload("job_2", "a.txt", place)
    keep(io.BytesIO(b"\x7fELF\x00\x00\x01"), binary, {})
    assert killed(settings, binary, 7)
    with opened(settings) as index:
        remove_document("uploads/a.txt", index)
    assert not put_in(settings, binary).done
    assert not (place / "a.txt").exists()


def test_a_removal_that_was_cut_off_can_be_done_again_and_leaves_no_file(settings: Settings, place: Path) -> None:
    put_in(settings, kept(place, "The pump is here.", project="Mill"))
    with opened(settings) as index:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LocalIndex, "remove", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                remove_document("uploads/a.txt", index)
        assert [path.name for path in place.iterdir()] == [".incoming"]
        remove_document("uploads/a.txt", index)
        assert index.documents() == []


def test_numbers_of_jobs_grow_although_the_clock_was_set_back(place: Path) -> None:
    future = 10**18 * 4
    (place / ".incoming" / f"job_{future:016x}{1:016x}").mkdir(parents=True)
    assert first_free(place.parent, []) == future + 1
    assert first_free(place.parent, [f"job_{future + 7:016x}{2:016x}", "job_" + "f" * 32]) == future + 8


def test_a_file_that_is_not_indexed_is_put_back_when_an_upload_of_its_name_fails(
    settings: Settings, place: Path
) -> None:
    place.mkdir(parents=True)
    (place / "a.txt").write_text("It was put here by hand.")
    binary = Upload("job_1", "a.txt", place)
    keep(io.BytesIO(b"\x7fELF\x00\x00\x01"), binary, {})
    assert not put_in(settings, binary).done
    assert (place / "a.txt").read_text() == "It was put here by hand."
