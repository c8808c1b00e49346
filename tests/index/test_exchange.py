"""Another index in the place of one that is being read, or that somebody waits to write to."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import IndexBusy, IndexMismatch, InputError
from rag.index import backup, exchange
from rag.index.backup import back_up, restore
from rag.index.folders import Expected, create_index
from rag.index.local import LocalIndex
from rag.index.lock import WriterLock
from rag.index.managing import rename_local_index
from rag.types import MadeWith
from tests.index.contract import BRIDGES, DIMENSION, MILLS, make_entry, put, unit_vector
from tests.index.test_local import EVERY, everything, folder_of_books, open_index


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with the index and its backup, since which a document was added."""
    with folder_of_books() as folder:
        back_up(folder, "books", folder / "b.backup")
        with open_index(folder, write=True) as index:
            put(index, make_entry("new.txt", ["Something new."]))
        yield folder


def at_the_lock(patch: pytest.MonkeyPatch, then: threading.Event, folder: Path) -> None:
    """Restore the backup when somebody has opened the file of the lock, and is about to lock it; the folder that was
    replaced is not deleted yet."""
    lock, begun = fcntl.flock, threading.Event()

    def locked(file: int, operation: int) -> None:
        if operation & fcntl.LOCK_EX and not begun.is_set():
            begun.set()
            restore(folder, folder / "b.backup")
            then.set()
        lock(file, operation)

    patch.setattr(backup, "clear", lambda place: None)
    patch.setattr(fcntl, "flock", locked)


def test_a_writer_that_waits_does_not_write_into_the_folder_that_was_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    with monkeypatch.context() as patch:
        at_the_lock(patch, done, folder)
        writer = open_index(folder, write=True)
    assert done.is_set()
    with writer:
        assert sorted(writer.files()) == ["a/bridges.txt", "mills.txt"]
        with pytest.raises(IndexBusy):
            open_index(folder, write=True)
        put(writer, make_entry("later.txt", ["Something later."]))
    with open_index(folder) as index:
        assert [info.id for info in index.documents()] == ["a/bridges.txt", "later.txt", "mills.txt"]
        assert index.verify() == []


def test_a_writer_learns_that_another_embedder_made_what_took_the_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder / "other"
    LocalIndex.open(other, "books", Expected("e2", DIMENSION, "c1"), create=True).close()
    back_up(other, "books", folder / "b.backup")
    with monkeypatch.context() as patch:
        at_the_lock(patch, threading.Event(), folder)
        with pytest.raises(IndexMismatch, match="made with embedder e2"):
            open_index(folder, write=True)
    WriterLock(folder / "books").acquire(0)  # it is free


def test_a_lock_in_a_folder_that_is_to_be_cleared_away_is_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two renames of a restore there is no folder, and somebody may make one."""
    rename, there, books = os.rename, [], folder / "books"

    def renamed(source: Path, target: Path) -> None:
        rename(source, target)
        if Path(target).name == ".books.replaced":
            books.mkdir()
            held = WriterLock(books)
            held.acquire(0)

            def leave() -> None:
                there.append((books / "writer.lock").exists() and not (books / "catalogue.sqlite").exists())
                held.release()

            threading.Timer(0.3, leave).start()

    monkeypatch.setattr(exchange.os, "rename", renamed)  # type: ignore[attr-defined]
    restore(folder, folder / "b.backup")
    assert there == [True]
    with open_index(folder) as index:
        assert everything(index)[0] == EVERY


def test_no_index_is_made_where_another_is_being_put(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has just seen that there is none, makes none: both would be lost."""
    rename, books = os.rename, folder / "books"

    def renamed(source: Path, target: Path) -> None:
        rename(source, target)
        if Path(target).name == ".books.replaced":
            with monkeypatch.context() as patch:
                patch.setattr("rag.index.folders.settle", lambda indexes_dir: None)
                with pytest.raises(IndexBusy, match="is being restored"):
                    create_index(books, MadeWith("e1", DIMENSION, "c1"), 1)

    with monkeypatch.context() as patch:
        patch.setattr(exchange.os, "rename", renamed)  # type: ignore[attr-defined]
        restore(folder, folder / "b.backup")
    with open_index(folder) as index:
        assert everything(index)[0] == EVERY


@pytest.mark.parametrize("searched", [True, False])
def test_readers_follow_what_took_the_place(folder: Path, searched: bool) -> None:
    """Numbers of rows and generations of the two have nothing to do with each other."""
    with open_index(folder) as index:
        before = index.snapshot()
        if searched:
            before.dense(unit_vector("any"), 100)
        assert len(index.documents()) == 3
        restore(folder, folder / "b.backup")
        with open_index(folder, write=True) as writer:
            writer.remove("mills.txt")
            put(writer, make_entry("mills.txt", ["Other mills.", "And others."]))
        found = {before.fetch([row])[0].passage.id for row, _ in before.dense(unit_vector("any"), 100)}
        assert found == EVERY | {p.id for p in make_entry("new.txt", ["Something new."]).passages}
        before.close()
        assert [info.id for info in index.documents()] == ["a/bridges.txt", "mills.txt"]
        assert index.document("mills.txt").text.startswith("Other mills.")
        assert everything(index)[0] == {p.id for p in BRIDGES.passages} | {
            p.id for p in make_entry("mills.txt", ["Other mills.", "And others."]).passages
        }


def test_no_restore_deletes_an_index_that_takes_its_name_meanwhile(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = backup._check

    def checked(fresh: Path, file: Path) -> None:
        with pytest.raises(IndexBusy, match="is being restored"):
            rename_local_index(folder, "books", "again")
        check(fresh, file)

    monkeypatch.setattr(backup, "_check", checked)
    restore(folder, folder / "b.backup", "again")
    with open_index(folder) as index:
        assert len(index.documents()) == 3
        assert MILLS.document.id in index.files()


def test_an_index_whose_folder_is_a_link_is_restored_where_it_leads(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "books").rename(folder / "elsewhere" / "books")
    (folder / "books").symlink_to(folder / "elsewhere" / "books")
    with pytest.raises(InputError, match="is a link"):
        restore(folder, folder / "b.backup")
    assert sorted(path.name for path in folder.iterdir()) == ["b.backup", "books", "elsewhere"]
    assert restore(folder / "elsewhere", folder / "b.backup").documents == 2
