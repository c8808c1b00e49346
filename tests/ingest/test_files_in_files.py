"""Documents in files: they come, change, move and go with the file that holds them; nothing stored is lost by an
error, a stopped run or a drive that goes away."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.background import Run
from rag.documents import versions
from rag.documents.discover import Found
from rag.documents.unpack import Result
from rag.errors import DocumentNotFound, InputError
from rag.index.local import LocalIndex
from rag.ingest import run as ingestion
from rag.ingest.changes import Same, find_changes
from rag.ingest.prepare import ReadFiles, read_here
from rag.ingest.reembed import reembed
from rag.ingest.run import Note, Summary, sync
from rag.ingest.uploads import remove_document
from rag.settings import Settings, load_settings
from rag.stores.open import open_index
from rag.types import Document, Entry, FileState
from tests.documents.test_pdf import first_object, lines, make_pdf
from tests.documents.test_unpack import mail, zipped
from tests.fakes import HashEmbedder

BINARY = b"\x7fELF" + bytes(range(1, 9)) * 8
FILES = {"wheel.txt": "The wheel turns.", "sub/weir.txt": "The weir stands.", "pump.txt": "The pump was found."}
IDS = [f"lib/a.zip!/{name}" for name in sorted(FILES)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(indexes_dir=tmp_path / "indexes", index="t", passage_tokens=40)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "a.zip").write_bytes(zipped(FILES))
    return folder


def opened(settings: Settings) -> LocalIndex:
    index = open_index(settings, HashEmbedder(), create=True)
    assert isinstance(index, LocalIndex)
    return index


def run(settings: Settings, *paths: Path, read: ReadFiles = read_here, watch: Run | None = None) -> Summary:
    """The summary of a run, after which the index has nothing twice and nothing damaged."""
    with opened(settings) as index:
        summary = sync(list(paths), index, HashEmbedder(), settings, read=read, run=watch or Run(), prune=True)
        assert index.verify() == []
        return summary


def texts(settings: Settings) -> dict[str, str]:
    with opened(settings) as index:
        return {info.id: index.document(info.id).text for info in index.documents()}


def states(settings: Settings) -> dict[str, FileState]:
    with opened(settings) as index:
        return index.files()


def saved(path: Path, data: bytes) -> None:
    """Write a file with a time of its own: two writes may fall into one tick of the clock."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_bytes(data)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def changes_of(summary: Summary) -> tuple[list[str], list[str], list[str], list[str]]:
    return summary.added, summary.replaced, summary.removed, sorted(summary.unchanged)


def test_members_are_added_and_a_second_run_reads_nothing(settings: Settings, library: Path) -> None:
    first = run(settings, library)
    assert (sorted(first.added), first.embedded) == (IDS, 3)
    stamps = {state.stamp[:2] for state in states(settings).values()}
    stat = (library / "a.zip").stat()
    assert stamps == {(stat.st_size, stat.st_mtime_ns)}
    change = find_changes([library], states(settings))
    assert (change.changed, sorted(change.unchanged), change.vanished) == ([], IDS, [])
    assert changes_of(run(settings, library)) == ([], [], [], IDS)


def test_of_an_archive_that_changed_only_what_changed_is_read(settings: Settings, library: Path) -> None:
    run(settings, library)
    before = texts(settings)
    saved(
        library / "a.zip", zipped({"wheel.txt": "The wheel turns.", "pump.txt": "The pump was lost.", "b.txt": "New."})
    )
    summary = run(settings, library)
    assert changes_of(summary) == (
        ["lib/a.zip!/b.txt"], ["lib/a.zip!/pump.txt"], ["lib/a.zip!/sub/weir.txt"], ["lib/a.zip!/wheel.txt"],
    )  # fmt: skip
    assert summary.embedded == 2
    assert texts(settings) == {
        "lib/a.zip!/b.txt": "New.",
        "lib/a.zip!/pump.txt": "The pump was lost.",
        "lib/a.zip!/wheel.txt": before["lib/a.zip!/wheel.txt"],
    }
    assert changes_of(run(settings, library))[:3] == ([], [], [])


def test_an_archive_that_is_packed_or_saved_anew_changes_nothing(settings: Settings, library: Path) -> None:
    run(settings, library)
    saved(library / "a.zip", zipped(FILES, packing=0))
    assert changes_of(run(settings, library)) == ([], [], [], IDS)
    saved(library / "a.zip", (library / "a.zip").read_bytes())
    assert changes_of(run(settings, library)) == ([], [], [], IDS)
    assert find_changes([library], states(settings)).changed == []


def test_members_move_and_go_with_their_archive(settings: Settings, library: Path) -> None:
    run(settings, library)
    (library / "a.zip").rename(library / "z.zip")
    moved = run(settings, library)
    to = [name.replace("a.zip", "z.zip") for name in IDS]
    assert (sorted(moved.added), moved.removed, moved.embedded) == (to, IDS, 0)
    assert sorted(moved.moved) == [Same(new, old) for new, old in zip(to, IDS, strict=True)]
    (library / "z.zip").unlink()
    assert run(settings, library).removed == to
    assert texts(settings) == {}


def test_an_archive_keeps_its_ids_when_another_folder_above_it_is_given(settings: Settings, library: Path) -> None:
    run(settings, library)
    saved(library / "a.zip", zipped({**FILES, "pump.txt": "The pump was lost."}))
    assert changes_of(run(settings, library / "a.zip"))[:3] == ([], ["lib/a.zip!/pump.txt"], [])
    assert changes_of(run(settings, library.parent / "lib"))[:3] == ([], [], [])


def test_a_member_that_cannot_be_read_is_a_failure_each_time_and_all_are_read_once(
    settings: Settings, library: Path
) -> None:
    saved(library / "a.zip", zipped({**FILES, "broken.pdf": "nothing"}))
    first = run(settings, library)
    assert sorted(first.added) == IDS
    failure = (
        "lib/a.zip!/broken.pdf",
        f"{library}/a.zip!/broken.pdf: is damaged: it cannot be opened as a PDF; get a fresh copy",
    )
    assert [(each.document_id, each.message) for each in first.failed] == [failure]
    second = run(settings, library)
    assert changes_of(second) == ([], [], [], IDS)
    assert [(each.document_id, each.message) for each in second.failed_before] == [failure]
    assert second.failed == []
    saved(library / "a.zip", zipped({**FILES, "broken.pdf": "nothing", "sub/weir.txt": BINARY}))
    third = run(settings, library)
    assert [each.document_id for each in third.failed] == ["lib/a.zip!/sub/weir.txt", "lib/a.zip!/broken.pdf"]
    assert texts(settings)["lib/a.zip!/sub/weir.txt"] == "The weir stands."  # what is stored of it stays
    saved(library / "a.zip", zipped(FILES))
    assert changes_of(run(settings, library)) == ([], [], [], IDS)
    assert find_changes([library], states(settings)).changed == []


@pytest.mark.parametrize("data", [b"PK\x03\x04 half of an archive", zipped(FILES)[:-30], b""])
def test_an_archive_that_is_damaged_or_half_written_loses_nothing(
    settings: Settings, library: Path, data: bytes
) -> None:
    run(settings, library)
    before = texts(settings)
    whole = (library / "a.zip").read_bytes()
    saved(library / "a.zip", data)
    summary = run(settings, library)
    assert [each.document_id for each in summary.failed] == ["lib/a.zip"]
    assert (summary.removed, texts(settings)) == ([], before)
    saved(library / "a.zip", whole)
    assert changes_of(run(settings, library)) == ([], [], [], IDS)


def test_an_archive_in_an_archive_that_is_damaged_loses_nothing(settings: Settings, library: Path) -> None:
    inner = zipped({"deep.txt": "The well is deep."})
    saved(library / "a.zip", zipped({"in.zip": inner, "wheel.txt": "The wheel turns."}))
    run(settings, library)
    saved(library / "a.zip", zipped({"in.zip": inner[:-9], "new.txt": "New."}))
    summary = run(settings, library)
    assert (summary.added, summary.removed) == (["lib/a.zip!/new.txt"], ["lib/a.zip!/wheel.txt"])
    assert [each.document_id for each in summary.failed] == ["lib/a.zip!/in.zip"]
    assert texts(settings) == {"lib/a.zip!/in.zip!/deep.txt": "The well is deep.", "lib/a.zip!/new.txt": "New."}


def test_what_is_not_read_is_in_the_report(settings: Settings, library: Path) -> None:
    saved(library / "a.zip", zipped({"in.zip": zipped({"a.png": "x"}), "b.png": "x", "wheel.txt": "The wheel turns."}))
    reason = "(not of a type that is read)"
    assert run(settings, library).notes == [
        Note("lib/a.zip!/in.zip", f"{library}/a.zip!/in.zip: not read: a.png {reason}"),
        Note("lib/a.zip", f"{library}/a.zip: not read: b.png {reason}"),
    ]
    assert run(settings, library).notes == []  # as all else that was not read of files that did not change


def test_attachments_come_and_go_with_their_mail(settings: Settings, library: Path) -> None:
    (library / "a.zip").unlink()
    saved(library / "m.eml", mail({"list.csv": b"Part\nWheel", "rent.txt": b"The rent is 70 euros."}))
    assert run(settings, library).added == ["lib/m.eml!/list.csv", "lib/m.eml!/rent.txt", "lib/m.eml"]
    assert texts(settings)["lib/m.eml"].endswith("Attachment: list.csv\nAttachment: rent.txt")
    assert changes_of(run(settings, library))[:3] == ([], [], [])
    saved(library / "m.eml", (library / "m.eml").read_bytes())
    change = find_changes([library], states(settings))
    touched = ["lib/m.eml", "lib/m.eml!/list.csv", "lib/m.eml!/rent.txt"]
    assert (change.changed, [found.document_id for found in change.touched]) == ([], touched)
    assert changes_of(run(settings, library)) == ([], [], [], touched)
    saved(library / "m.eml", mail({"rent.txt": b"The rent is 70 euros."}))
    assert changes_of(run(settings, library)) == (
        [], ["lib/m.eml"], ["lib/m.eml!/list.csv"], ["lib/m.eml!/rent.txt"],
    )  # fmt: skip
    saved(library / "m.eml", mail({}))
    assert changes_of(run(settings, library)) == ([], ["lib/m.eml"], ["lib/m.eml!/rent.txt"], [])
    assert find_changes([library], states(settings)).changed == []


@pytest.mark.parametrize("others", [{}, {"list.csv": b"Part\nWheel"}])
def test_an_attachment_that_fails_is_named_again_and_its_mail_is_not_read_anew(
    settings: Settings, library: Path, others: dict[str, bytes]
) -> None:
    (library / "a.zip").unlink()
    saved(library / "m.eml", mail({**others, "broken.docx": b"PK nothing"}))
    assert [each.document_id for each in run(settings, library).failed] == ["lib/m.eml!/broken.docx"]
    second = run(settings, library)
    assert changes_of(second) == ([], [], [], ["lib/m.eml", *(f"lib/m.eml!/{name}" for name in others)])
    assert [each.document_id for each in second.failed_before] == ["lib/m.eml!/broken.docx"]


def test_documents_of_a_reader_that_changed_are_read_again(
    settings: Settings, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library / "m.eml").write_bytes(mail({"list.csv": b"Part\nWheel", "rent.txt": b"The rent is 70 euros."}))
    monkeypatch.setattr(versions, "_VERSIONS", {})
    run(settings, library)
    monkeypatch.setattr(versions, "_VERSIONS", {".csv": 7, ".md": 7})
    summary = run(settings, library)
    assert (summary.replaced, summary.reread, summary.added) == (["lib/m.eml!/list.csv"], ["lib/m.eml!/list.csv"], [])
    assert sorted(summary.unchanged) == [*IDS, "lib/m.eml", "lib/m.eml!/rent.txt"]
    monkeypatch.setattr(versions, "_VERSIONS", {".csv": 7, ".md": 7, ".eml": 7})
    assert find_changes([library], states(settings)).reread == ["lib/m.eml"]
    summary = run(settings, library)
    assert (summary.replaced, summary.reread, summary.embedded) == (["lib/m.eml"], ["lib/m.eml"], 0)
    assert changes_of(run(settings, library))[:3] == ([], [], [])


def report(texts: Mapping[str, str]) -> bytes:
    """A PDF with these files in it."""
    first = first_object(1)
    names = " ".join(f"({name}) {first + 2 * place} 0 R" for place, name in enumerate(texts))
    more = []
    for place, (name, text) in enumerate(texts.items()):
        more.append(f"<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F {first + 2 * place + 1} 0 R >> >>")
        more.append(f"<< /Type /EmbeddedFile /Length {len(text)} >>\nstream\n{text}\nendstream")
    return make_pdf([lines("It turns.")], catalog=f"/Names << /EmbeddedFiles << /Names [{names}] >> >>", more=more)


def test_files_in_a_pdf_come_and_go_with_it_and_it_is_not_read_for_them_alone(
    settings: Settings, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(library / "a.zip", zipped({"r.pdf": report({"data.csv": "Part\nWheel"})}))
    saved(library / "s.pdf", report({"data.csv": "Part\nWeir"}))
    own, inside = ["lib/a.zip!/r.pdf", "lib/s.pdf"], ["lib/a.zip!/r.pdf!/data.csv", "lib/s.pdf!/data.csv"]
    assert sorted(run(settings, library).added) == sorted(own + inside)
    saved(library / "a.zip", zipped({"b.txt": "New.", "r.pdf": report({"data.csv": "Part\nWheel"})}))
    assert changes_of(run(settings, library)) == (["lib/a.zip!/b.txt"], [], [], sorted(own + inside))
    monkeypatch.setattr(versions, "_VERSIONS", {**versions._VERSIONS, ".csv": 9})
    summary = run(settings, library)
    assert (sorted(summary.reread), sorted(summary.replaced)) == (inside, sorted(own + inside))
    assert changes_of(run(settings, library))[:3] == ([], [], [])
    saved(library / "s.pdf", report({"broken.pdf": "nothing"}))
    for before in (False, True):
        summary = run(settings, library)
        failed = summary.failed_before if before else summary.failed
        assert [each.document_id for each in failed] == ["lib/s.pdf!/broken.pdf"]
    assert sorted(texts(settings)) == ["lib/a.zip!/b.txt", own[0], inside[0], own[1]]


def test_mail_of_an_index_of_an_earlier_version_is_read_again_and_its_attachments_come(
    settings: Settings, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library / "a.zip").unlink()
    (library / "m.eml").write_bytes(mail({"list.csv": b"Part\nWheel"}))

    def before(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        return ((found, result) for found, result in read_here(files) if "!/" not in str(getattr(result, "id", "")))

    monkeypatch.setattr(versions, "_VERSIONS", {".eml": 2})
    run(settings, library, read=before)
    monkeypatch.undo()
    summary = run(settings, library)
    assert (summary.added, summary.replaced, summary.reread) == (["lib/m.eml!/list.csv"], ["lib/m.eml"], ["lib/m.eml"])


def test_metadata_beside_an_archive_is_that_of_its_members(settings: Settings, library: Path) -> None:
    run(settings, library)
    (library / ".a.zip.metadata.json").write_text('{"project": "Mill"}')
    os.utime(library / ".a.zip.metadata.json", ns=(2**62, 2**62))
    assert sorted(run(settings, library).replaced) == IDS
    with opened(settings) as index:
        assert {info.metadata["project"] for info in index.documents()} == {"Mill"}
    assert changes_of(run(settings, library))[:3] == ([], [], [])


@pytest.mark.parametrize("seen", range(1, 6))
def test_a_run_that_is_stopped_in_an_archive_is_continued_there(settings: Settings, library: Path, seen: int) -> None:
    (library / "b.txt").write_text("Beside it.")
    calls: list[str] = []
    first = run(settings, library, watch=Run(lambda done, total, name: calls.append(name), lambda: len(calls) == seen))
    assert (len(first.added), first.left) == (min(seen, 3) + (seen == 5), 2 if seen < 4 else 1 if seen < 5 else 0)
    second = run(settings, library)
    assert sorted(first.added + second.added) == [*IDS, "lib/b.txt"]
    assert (second.replaced, second.removed) == ([], [])
    assert changes_of(run(settings, library)) == ([], [], [], [*IDS, "lib/b.txt"])


def test_a_run_that_dies_after_any_commit_is_continued(
    settings: Settings, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each document is committed by itself, and the run dies after the first, the second, and so on."""
    monkeypatch.setattr(ingestion, "BATCH_PASSAGES", 1)
    (library / "m.eml").write_bytes(mail({"list.csv": b"Part\nWheel", "rent.txt": b"The rent is 70 euros."}))
    expected = [*IDS, "lib/m.eml", "lib/m.eml!/list.csv", "lib/m.eml!/rent.txt"]
    for commits in range(6):
        with opened(settings) as index:
            with pytest.raises(KeyboardInterrupt):
                sync([library], Dying(index, commits), HashEmbedder(), settings)
            assert len(index.files()) == commits
        summary = run(settings, library)
        assert (sorted(summary.added + summary.unchanged), summary.removed) == (expected, [])
        assert len(summary.added) == 6 - commits
        assert changes_of(run(settings, library)) == ([], [], [], expected)
        shutil.rmtree(settings.indexes_dir)


def test_a_member_that_cannot_be_stored_leaves_its_archive_to_the_next_run(settings: Settings, library: Path) -> None:
    """The embedder or the index may refuse what was read well."""

    def half(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        for found, result in read_here(files):
            if isinstance(result, Document) and result.id == IDS[1]:
                result = replace(result, metadata={"half": "\ud800"})
            yield found, result

    first = run(settings, library, read=half)
    assert (sorted(first.added), [each.document_id for each in first.failed]) == ([IDS[0], IDS[2]], [IDS[1]])
    second = run(settings, library)
    assert changes_of(second) == ([IDS[1]], [], [], [IDS[0], IDS[2]])
    assert find_changes([library], states(settings)).changed == []


def test_an_older_archive_that_comes_back_under_its_old_time_is_read_again(settings: Settings, library: Path) -> None:
    run(settings, library)
    old, stamp = (library / "a.zip").read_bytes(), (library / "a.zip").stat().st_mtime_ns
    saved(library / "a.zip", zipped({"wheel.txt": "The wheel turns.", "pump.txt": BINARY}))
    assert run(settings, library).removed == [IDS[1]]
    (library / "a.zip").write_bytes(old)
    os.utime(library / "a.zip", ns=(stamp, stamp))
    assert changes_of(run(settings, library)) == ([IDS[1]], [], [], [IDS[0], IDS[2]])


class Dying:
    """A sink that ends the process instead of a commit."""

    def __init__(self, index: LocalIndex, commits: int) -> None:
        self.files, self.cached_embeddings, self.publish = index.files, index.cached_embeddings, index.publish
        self.touch, self.remove, self._replace = index.touch, index.remove, index.replace
        self.mark_stale, self.failures, self.remember = index.mark_stale, index.failures, index.remember
        self.roots, self.note_root, self.move_files = index.roots, index.note_root, index.move_files
        self._left = commits

    def replace(self, entry: Entry) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        self._replace(entry)


def test_an_archive_that_changes_while_it_is_read_is_read_again(settings: Settings, library: Path) -> None:
    def read_and_change(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        for number, (found, result) in enumerate(read_here(files)):
            if number == 0:
                saved(found.path, zipped({"wheel.txt": "Written meanwhile."}))
            yield found, result

    assert sorted(run(settings, library, read=read_and_change).added) == IDS
    summary = run(settings, library)
    assert (summary.replaced, summary.removed) == (["lib/a.zip!/wheel.txt"], [IDS[0], IDS[1]])
    assert texts(settings) == {"lib/a.zip!/wheel.txt": "Written meanwhile."}


def test_a_folder_that_goes_away_in_mid_run_loses_nothing(settings: Settings, library: Path) -> None:
    (library / "b.txt").write_text("Beside it.")
    run(settings, library)
    before = texts(settings)
    saved(library / "a.zip", zipped({**FILES, "wheel.txt": "The wheel stands."}))
    saved(library / "b.txt", b"Something else.")

    def gone(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        library.rename(library.parent / "away")
        yield from read_here(files)

    summary = run(settings, library, read=gone)
    assert [each.document_id for each in summary.failed] == ["lib/a.zip", "lib/b.txt"]
    assert (summary.removed, texts(settings)) == ([], before)
    with pytest.raises(InputError, match="lib: there is no file or folder of that name$"):
        run(settings, library)
    (library.parent / "away").rename(library)
    assert sorted(run(settings, library).replaced) == ["lib/a.zip!/wheel.txt", "lib/b.txt"]


@pytest.mark.parametrize("away", ["sub", "sub/b.txt"])
def test_a_folder_or_file_that_cannot_be_reached_while_folders_are_listed_loses_nothing(
    settings: Settings, library: Path, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    """As of a network drive, whose entries are listed and then gone."""
    (library / "sub").mkdir()
    (library / "sub" / "b.txt").write_text("Below.")
    (library / "sub" / "c.zip").write_bytes(zipped({"d.txt": "In it."}))
    run(settings, library)
    before = texts(settings)
    scandir = os.scandir

    def listed(folder: str) -> object:
        place = library / away
        if folder == str(library / "sub") and place.is_dir():
            shutil.rmtree(place)
        entries = list(scandir(folder))
        if folder == str(library / "sub") and place.exists():
            place.unlink()
        return _Listing(entries)

    monkeypatch.setattr(os, "scandir", listed)
    summary = run(settings, library)
    reason = "the folder cannot be read" if away == "sub" else "cannot be reached"
    assert [(item.path, item.reason) for item in summary.skipped] == [
        (library / away, f"{reason}: No such file or directory")
    ]
    assert (summary.removed, texts(settings)) == ([], before)
    monkeypatch.undo()
    assert run(settings, library).removed == [name for name in sorted(before) if name.startswith(f"lib/{away}")]


class _Listing(list["os.DirEntry[str]"]):
    def __enter__(self) -> _Listing:
        return self

    def __exit__(self, *exc: object) -> None: ...


@pytest.mark.parametrize("name", [unicodedata.normalize("NFD", "ü" * 81) + "\n.txt", "x\ny.zip", "x" * 251 + ".txt"])
def test_names_that_are_long_or_hold_a_line_break(settings: Settings, library: Path, name: str) -> None:
    """A name of 250 bytes has no room for that of a sidecar beside it."""
    data = zipped(FILES) if name.endswith(".zip") else b"It turns."
    (library / "a.zip").unlink()
    saved(library / name, data)
    summary = run(settings, library)
    assert (len(summary.added), summary.failed) == (3 if name.endswith(".zip") else 1, [])
    assert changes_of(run(settings, library))[:3] == ([], [], [])
    saved(library / name, BINARY)
    (failure,) = run(settings, library).failed
    assert "\n" not in failure.message
    (library / name).unlink()
    assert len(run(settings, library).removed) == len(summary.added)


def test_a_folder_whose_documents_would_look_like_members_is_named(settings: Settings, library: Path) -> None:
    (library / "a.zip!").mkdir()
    (library / "a.zip!" / "wheel.txt").write_text("Another wheel.")
    (library / "oh!").mkdir()
    (library / "oh!" / "wheel.txt").write_text("A third wheel.")
    summary = run(settings, library)
    reason = "its documents could not be told from those in the file of that name without the '!'; rename the folder"
    assert [(item.path.name, item.reason) for item in summary.skipped] == [("a.zip!", reason)]
    assert sorted(summary.added) == [*IDS, "lib/oh!/wheel.txt"]
    with pytest.raises(InputError, match=r"a\.zip!: its documents could not be told"):
        run(settings, library / "a.zip!")


def test_an_archive_is_removed_with_what_is_in_it_and_a_member_alone_is_not(settings: Settings, library: Path) -> None:
    (library / "m.eml").write_bytes(mail({"list.csv": b"Part\nWheel"}))
    run(settings, library)
    with opened(settings) as index:
        with pytest.raises(InputError) as refused:
            remove_document(IDS[0], index)
        assert str(refused.value) == (
            "lib/a.zip!/pump.txt lies in lib/a.zip and would come back when that is indexed again: remove lib/a.zip, "
            "or take the file out of it and index it again"
        )
        remove_document("lib/a.zip", index)
        assert sorted(index.files()) == ["lib/m.eml", "lib/m.eml!/list.csv"]
        for absent in ("lib/a.zip", IDS[0], "lib/m.eml!/other.csv"):
            with pytest.raises(DocumentNotFound):
                remove_document(absent, index)
        remove_document("lib/m.eml", index)
        assert index.files() == {}
    assert sorted(run(settings, library).added) == [*IDS, "lib/m.eml", "lib/m.eml!/list.csv"]


@pytest.mark.parametrize("stop_after", [None, 2, 4])
def test_embedding_anew_keeps_what_lies_in_files(settings: Settings, library: Path, stop_after: int | None) -> None:
    class Other(HashEmbedder):
        fingerprint = "hash-2"

    (library / "m.eml").write_bytes(mail({"list.csv": b"Part\nWheel", "rent.txt": b"The rent is 70 euros."}))
    run(settings, library)
    before = states(settings)
    calls: list[str] = []
    with opened(settings) as index:
        stopped = Run(lambda done, total, name: calls.append(name), lambda: len(calls) == stop_after)
        summary = reembed(index, Other(), settings, stopped)
        assert summary.left == (0 if stop_after is None else 6 - stop_after)
        reembed(index, Other(), settings)
        assert index.files() == before
        assert find_changes([library], index.files()).changed == []


TREES = st.dictionaries(
    st.sampled_from(["a.txt", "b.md", "c/d.txt", "e.eml", "f.zip"]),
    st.sampled_from(["One.", "Two.", "", "\x7fELF\0\0"]),
    max_size=5,
)


def made(tree: Mapping[str, str]) -> bytes:
    """An archive of these texts; an archive or mail in it holds the text as a file."""
    kinds = {".eml": lambda text: mail({"in.txt": text.encode()}), ".zip": lambda text: zipped({"in.txt": text})}
    return zipped({name: kinds.get(name[-4:], str.encode)(text) for name, text in tree.items()})


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(st.lists(TREES, min_size=2, max_size=4))
def test_runs_over_an_archive_that_changes_end_where_a_first_run_over_it_does(
    tmp_path_factory: pytest.TempPathFactory, trees: list[dict[str, str]]
) -> None:
    """But for what cannot be read any more, of which the index keeps what it has."""
    place = tmp_path_factory.mktemp("runs")
    library = place / "lib"
    library.mkdir()
    settings = load_settings(indexes_dir=place / "indexes", index="t", passage_tokens=40)
    for tree in trees:
        saved(library / "a.zip", made(tree))
        last = run(settings, library)
    again = run(settings, library)
    assert changes_of(again)[:3] == ([], [], [])
    assert [each.document_id for each in again.failed] == [each.document_id for each in last.failed]
    fresh = settings.model_copy(update={"index": "fresh"})
    run(fresh, library)
    failed = {each.document_id for each in last.failed}
    kept = {name: text for name, text in texts(settings).items() if name not in failed}
    assert kept == texts(fresh)
    old, new = states(settings), states(fresh)
    assert {name: old[name] for name in new} == new
