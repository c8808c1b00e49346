"""An index in one file: written while others write, checked before it takes the place of what is there."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.cli.main import main
from rag.errors import IndexBusy, InputError, RagError
from rag.index import backup, exchange
from rag.index.backup import back_up, restore
from rag.index.failures import plain_errors
from rag.index.folders import local_indexes
from rag.ingest.incoming import Owner
from tests.index.contract import BRIDGES, BRIDGES_AGAIN, make_entry, published_state, put
from tests.index.test_local import EVERY, everything, folder_of_books, open_index


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_of_books() as folder:
        yield folder


def state(folder: Path) -> object:
    with open_index(folder) as index:
        assert index.verify() == []
        return everything(index)


def test_what_was_backed_up_comes_back_with_uploads_and_calibration(folder: Path) -> None:
    books = folder / "books"
    (books / "uploads" / "sub").mkdir(parents=True)
    (books / "uploads" / "sub" / "a.txt").write_text("uploaded")
    (books / "uploads" / ".incoming" / "job_1").mkdir(parents=True)
    (books / "uploads" / ".incoming" / "job_1" / "b.txt").write_text("waits")
    (books / "calibration.json").write_text("{}")
    done = back_up(folder, "books", folder / "b.backup")
    assert (done.name, done.documents, done.uploads) == ("books", 2, 1)
    before = state(folder)
    with open_index(folder, write=True) as index:
        put(index, BRIDGES_AGAIN, make_entry("new.txt", ["Something new."]))
    (books / "uploads" / "sub" / "a.txt").write_text("another")
    assert restore(folder, folder / "b.backup") == done
    assert state(folder) == before == (EVERY, {p.id for p in BRIDGES.passages})
    assert (books / "uploads" / "sub" / "a.txt").read_text() == "uploaded"
    assert (books / "uploads" / ".incoming" / "job_1" / "b.txt").read_text() == "waits"
    assert (books / "calibration.json").read_text() == "{}"
    assert sorted(path.name for path in folder.iterdir()) == ["b.backup", "books"]


def test_it_is_restored_under_another_name_beside_the_first(folder: Path) -> None:
    back_up(folder, "books", folder / "b.backup")
    assert restore(folder, folder / "b.backup", "again").name == "again"
    shutil.rmtree(folder / "books")
    (folder / "again").rename(folder / "books")
    assert state(folder) == (EVERY, {p.id for p in BRIDGES.passages})


def test_a_log_left_beside_the_catalogue_does_no_harm(folder: Path) -> None:
    """The process that wrote was killed, so that its log is there."""
    back_up(folder, "books", folder / "b.backup")
    index = open_index(folder, write=True)
    put(index, *(make_entry(f"{number}.txt", [f"Entry {number}."]) for number in range(50)))
    shutil.copytree(folder / "books", folder / "killed")
    index.close()
    shutil.rmtree(folder / "books")
    (folder / "killed").rename(folder / "books")
    assert (folder / "books" / "catalogue.sqlite-wal").stat().st_size > 0
    restore(folder, folder / "b.backup")
    assert state(folder) == (EVERY, {p.id for p in BRIDGES.passages})


@pytest.mark.parametrize("log", [True, False])
def test_a_whole_catalogue_that_cannot_be_read_is_not_called_damaged(folder: Path, log: bool) -> None:
    """SQLite calls it so if the log of another lies beside it, or if it is written to by a process it does not see."""
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    if log:
        (folder / "books" / "catalogue.sqlite-wal").write_bytes(b"of another")
    with pytest.raises(RagError) as told, plain_errors(folder / "books"):
        raise error
    expected = "is whole, but a log that is not its own lies beside it" if log else "was written to while it was read"
    assert expected in str(told.value)
    (folder / "books" / "catalogue.sqlite").write_bytes(b"SQLite format 3\0" + b"garbage" * 1000)
    with pytest.raises(RagError, match="is damaged"), plain_errors(folder / "books"):
        raise error


def test_it_is_written_while_another_thread_writes_and_is_of_one_generation(folder: Path) -> None:
    with open_index(folder, write=True) as index:
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                put(index, make_entry("x.txt", [f"Entry {number}."]), make_entry("y.txt", [f"Entry {number}."]))
                number += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(5):
                back_up(folder, "books", folder / "b.backup")
        finally:
            stop.set()
            thread.join()
    restore(folder, folder / "b.backup")
    with open_index(folder) as index:
        assert index.verify() == []
        assert {"a/bridges.txt", "mills.txt"} <= published_state(index)[1]


def cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def cut_its_end(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


def alter(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[content.index(b"SQLite format 3") + 5000] ^= 1
    file.write_bytes(bytes(content))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def another(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.txt", "nothing")


def leads_out(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../evil.txt", "evil")
        files = [{"name": "../evil.txt", "size": 4, "sha256": ""}]
        told = {"format": 1, "index": "books", "documents": 1, "files": files}
        archive.writestr(backup.MANIFEST, json.dumps(told))


def of_manifest(text: str) -> Callable[[Path], None]:
    def harm(file: Path) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(backup.MANIFEST, text)

    return harm


NO_MANIFESTS = (
    "[1]", "7", "[" * 100_000, '{"format": 1}', '{"format": 1, "index": 7, "documents": 1, "files": []}',
    '{"format": 1, "index": "books", "documents": 1, "files": []}',
    '{"format": 1, "index": "b", "documents": 1, "files": [{"name": "catalogue.sqlite", "size": "1", "sha256": ""}]}',
    '{"format": 1, "index": "books", "documents": 1, "files": {"a": 1}}',
)  # fmt: skip


@pytest.mark.parametrize(
    "harm", [cut_short, cut_its_end, alter, empty, another, leads_out, *map(of_manifest, NO_MANIFESTS)]
)
def test_a_file_that_is_not_whole_changes_nothing(folder: Path, harm: Callable[[Path], None]) -> None:
    back_up(folder, "books", folder / "b.backup")
    with open_index(folder, write=True) as index:
        put(index, BRIDGES_AGAIN)
    before = state(folder)
    harm(folder / "b.backup")
    with pytest.raises(RagError) as error:
        restore(folder, folder / "b.backup")
    assert "\n" not in str(error.value)
    assert state(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == ["b.backup", "books"]


def test_a_backup_is_no_part_of_itself(folder: Path) -> None:
    (folder / "books" / "uploads").mkdir()
    (folder / "books" / "uploads" / "a.txt").write_text("uploaded")
    with pytest.raises(InputError, match="cannot be inside the index"):
        back_up(folder, "books", folder / "books" / "uploads" / "b.backup")
    assert [path.name for path in (folder / "books" / "uploads").iterdir()] == ["a.txt"]


def test_a_file_whose_name_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "books" / "uploads").mkdir()
    Path(os.fsdecode(os.fsencode(folder / "books" / "uploads") + b"/\xff.txt")).write_text("uploaded")
    with pytest.raises(RagError, match="not valid UTF-8"):
        back_up(folder, "books", folder / "b.backup")
    assert not list(folder.glob("b.backup*"))


def test_it_is_written_when_the_clock_stands_before_1980(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.localtime", lambda seconds=None: time.gmtime(0))
    back_up(folder, "books", folder / "b.backup")
    assert restore(folder, folder / "b.backup").documents == 2


def test_while_another_writes_nothing_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_WAIT_S", 0.1)
    back_up(folder, "books", folder / "b.backup")
    with open_index(folder, write=True), pytest.raises(IndexBusy):
        restore(folder, folder / "b.backup")
    assert state(folder) == (EVERY, {p.id for p in BRIDGES.passages})


def test_of_two_restores_of_a_name_the_second_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would unpack into one folder, and the end of one would delete what the other had made."""
    back_up(folder, "books", folder / "b.backup")
    with open_index(folder, write=True) as index:
        put(index, make_entry("new.txt", ["Something new."]))
    check = backup._check

    def restore_again(fresh: Path, file: Path) -> None:
        with pytest.raises(IndexBusy, match="is being restored by another process"):
            restore(folder, file)
        assert restore(folder, file, "other").name == "other"
        check(fresh, file)

    with monkeypatch.context() as patch:
        patch.setattr(
            backup,
            "_check",
            lambda fresh, file: (restore_again if fresh.name == ".books.restoring" else check)(fresh, file),
        )
        restore(folder, folder / "b.backup")
    assert state(folder) == (EVERY, {p.id for p in BRIDGES.passages})
    assert sorted(path.name for path in folder.iterdir()) == ["b.backup", "books", "other"]


def dies(killed_at: int, patch: pytest.MonkeyPatch) -> None:
    """Let the process die before the rename of a folder that has this number."""
    rename, calls = os.rename, [0]

    def renamed(source: Path, target: Path) -> None:
        calls[0] += Path(source).name in ("books", ".books.restoring", ".books.restored", "job_1", "job_2")
        if calls[0] == killed_at:
            raise KeyboardInterrupt
        rename(source, target)

    patch.setattr(exchange.os, "rename", renamed)  # type: ignore[attr-defined]


@pytest.mark.parametrize("then", ["restore", "list", "create", "upload"])
@pytest.mark.parametrize("killed_at", [1, 2, 3, 4, 5])
def test_a_restore_that_was_killed_leaves_the_old_index_or_the_new_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int, then: str
) -> None:
    """It dies before one of its renames; whoever comes next finds an index, and what waits to be indexed."""
    back_up(folder, "books", folder / "b.backup")
    with open_index(folder, write=True) as index:
        put(index, make_entry("new.txt", ["Something new."]))
    waits = folder / "books" / "uploads" / ".incoming"
    for job in ("job_1", "job_2"):
        (waits / job).mkdir(parents=True)
        (waits / job / "b.txt").write_text(job)
    with monkeypatch.context() as patch:
        dies(killed_at, patch)
        with pytest.raises(KeyboardInterrupt):
            restore(folder, folder / "b.backup")
    if then == "restore":
        restore(folder, folder / "b.backup")
    elif then == "upload":
        Owner().take(folder / "books" / "uploads", "job_3")
    if then != "create":
        assert local_indexes(folder) == ["books"]
    with open_index(folder, create=True) as index:
        documents = [info.id for info in index.documents()]
        assert index.verify() == []
    assert ("new.txt" in documents) == (killed_at <= 2 and then != "restore")
    assert {"a/bridges.txt", "mills.txt"} <= set(documents)
    assert sorted(path.read_text() for path in waits.rglob("b.txt")) == ["job_1", "job_2"]
    restore(folder, folder / "b.backup")
    assert state(folder) == (EVERY, {p.id for p in BRIDGES.passages})
    assert sorted(path.name for path in folder.iterdir()) == ["b.backup", "books"]
    assert sorted(path.read_text() for path in waits.rglob("b.txt")) == ["job_1", "job_2"]


def test_the_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--indexes-dir", str(folder)]
    file = folder / "b.backup"
    assert main(["backup", "books", str(file), *place]) == 0
    size = file.stat().st_size
    assert capsys.readouterr().out == f"wrote index 'books' to {file}: 2 documents, 0 uploaded files, {size:,} bytes\n"
    assert main(["restore", str(file), "--index", "other", *place]) == 0
    assert capsys.readouterr().out.startswith(f"restored index 'other' from {file}: 2 documents")
    assert main(["backup", "nope", str(file), *place]) == 2
    assert "make it with `rag index PATH... --index nope`" in capsys.readouterr().err
    assert main(["restore", str(folder / "nope"), *place]) == 2
    with pytest.raises(InputError, match="a backup is a file in a folder that is there"):
        back_up(folder, "books", folder / "no" / "b.backup")
