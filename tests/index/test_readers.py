"""Processes and threads that read and write one index at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import IndexBusy
from rag.index.local import LocalIndex
from rag.seams import Snapshot
from rag.types import Entry
from tests.index.contract import (
    BRIDGES,
    BRIDGES_AGAIN,
    MILLS,
    fast_folder,
    make_entry,
    published_state,
    put,
    unit_vector,
)
from tests.index.test_local import EVERY, folder_of_books, open_index

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_of_books() as folder:
        yield folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


WRITER = """
import sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from tests.index.contract import BRIDGES_AGAIN, put
from tests.index.test_local import open_index
with open_index(Path({folder!r}), write=True) as index:
    print("open", flush=True)
    for line in sys.stdin:
        print(put(index, BRIDGES_AGAIN), flush=True)
"""


@pytest.fixture
def other_writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the index open for writing, and replaces a document for each line it is given."""
    script = WRITER.format(root=str(ROOT), folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.kill()
        process.communicate()


class TestProcesses:
    def test_the_second_writer_is_told_who_is_first(self, folder: Path, other_writer: subprocess.Popen[str]) -> None:
        with pytest.raises(IndexBusy, match=rf'index "books" is being written to by process {other_writer.pid}:'):
            open_index(folder, write=True)
        with open_index(folder) as index, pytest.raises(IndexBusy):
            index.verify()
        other_writer.kill()
        other_writer.wait()
        open_index(folder, write=True).close()

    def test_a_reader_sees_what_another_process_publishes(
        self, folder: Path, other_writer: subprocess.Popen[str]
    ) -> None:
        assert other_writer.stdin is not None
        assert other_writer.stdout is not None
        with open_index(folder) as index:
            assert published_state(index) == (2, {"mills.txt", "a/bridges.txt"}, EVERY)
            with index.snapshot() as before:
                other_writer.stdin.write("replace\n")
                other_writer.stdin.flush()
                assert other_writer.stdout.readline() == "3\n"
                assert before.document("a/bridges.txt") == BRIDGES.document
            expected = {p.id for p in [*MILLS.passages, *BRIDGES_AGAIN.passages]}
            assert published_state(index) == (3, {"mills.txt", "a/bridges.txt"}, expected)


def check_versions(snapshot: Snapshot) -> None:
    """Three passages of each of the two documents, all of one version, by either search."""
    found = snapshot.fetch([hit.row for hit in snapshot.dense(unit_vector("any"), 100)])
    by_document: dict[str, set[str]] = {}
    for stored in found:
        by_document.setdefault(stored.passage.document_id, set()).add(stored.passage.text.split()[-1])
        text = snapshot.document(stored.passage.document_id).text
        assert text[stored.passage.start : stored.passage.end] == stored.passage.text
    assert len(found) == 6
    for document_id, versions in by_document.items():
        (version,) = versions
        hits = snapshot.lexical(version.rstrip("."), 10)
        stored_hits = snapshot.fetch([hit.row for hit in hits])
        assert sum(stored.passage.document_id == document_id for stored in stored_hits) == 3


def test_readers_in_threads_never_see_half_a_change(tmp_path: Path) -> None:
    """Two documents of three passages, all of which name their version; a writer replaces them by turns."""

    def version(document_id: str, number: int) -> Entry:
        words = f"{document_id} is at version{number}"
        return make_entry(document_id, [f"{part} of {words}." for part in ("Head", "Body", "Tail")])

    writer = open_index(tmp_path, create=True)
    put(writer, version("a", 0), version("b", 0))
    done, failures, seen = threading.Event(), [], [set[int]() for _ in range(4)]

    def read(index: LocalIndex, generations: set[int]) -> None:
        last = 0
        while not done.is_set():
            with index.snapshot() as snapshot:
                generation = snapshot.generation
                check_versions(snapshot)
            assert generation >= last
            last = generation
            generations.add(generation)

    def guarded(index: LocalIndex, generations: set[int]) -> None:
        try:
            read(index, generations)
        except BaseException as error:
            failures.append(error)

    reader = open_index(tmp_path)
    threads = [
        threading.Thread(target=guarded, args=(index, generations))
        for index, generations in zip((reader, reader, reader, writer), seen, strict=True)
    ]
    for thread in threads:
        thread.start()
    for number in range(1, 13):
        generation = put(writer, version("ab"[number % 2], number))
        time.sleep(0.01)
    time.sleep(0.1)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(max(generations) == generation and len(generations) > 3 for generations in seen), seen
    reader.close()
    writer.close()


def test_a_reader_that_may_not_write_follows_a_writer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens the file as one to which nobody writes, as long as there is no log."""
    access = os.access
    with open_index(folder) as warm:
        warm.documents()
    for left in ("-wal", "-shm"):
        (folder / "books" / f"catalogue.sqlite{left}").unlink(missing_ok=True)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    with open_index(folder) as reader:
        assert [info.id for info in reader.documents()] == ["a/bridges.txt", "mills.txt"]
        monkeypatch.undo()
        with open_index(folder, write=True) as writer:
            monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
            put(writer, make_entry("new.txt", ["Something new."]))
            assert [info.id for info in reader.documents()] == ["a/bridges.txt", "mills.txt", "new.txt"]
            put(writer, *(make_entry(f"{number}.txt", [f"Entry {number}."]) for number in range(300)))
            assert len(reader.documents()) == 303
        assert len(reader.documents()) == 303


def test_few_connections_are_kept_of_many_that_were_used_at_once(folder: Path) -> None:
    with open_index(folder) as index:
        many = [index.snapshot() for _ in range(30)]
        assert {snapshot.generation for snapshot in many} == {many[0].generation}
        for snapshot in many:
            snapshot.__exit__(None, None, None)
        assert len(index._readers._idle) == 8
        with index.snapshot() as snapshot:
            assert snapshot.generation == many[0].generation
