"""A writer that is killed at any moment loses nothing that it was told is committed, and shows nothing by halves.

A helper process loads the program once and forks a writer for each round; the writer notes in a log what `replace`,
`remove` and `publish` have returned from, and is killed. What the log tells is compared with what is found.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rag.index.folders import Expected
from rag.index.local import LocalIndex
from rag.types import Entry, Passage
from tests.index.contract import DIMENSION, fast_folder, ids, make_entry, unit_vector

ROUNDS = 20
ROUNDS_IN_ONE_INDEX = 5
LONGEST_S = 0.25
DOCUMENTS = 5

HELPER = """
import os, sys
sys.path[:0] = [{root!r}]
import faiss, tantivy
from tests.index.test_kill import write_for_ever
for line in sys.stdin:
    folder, log, first = line.split()
    child = os.fork()
    if child == 0:
        write_for_ever(folder, log, int(first))
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def state_of(number: int) -> Entry:
    """Change `number` is to this document, whose every passage tells the number."""
    words = f"change{number} of the document"
    return make_entry(f"doc{number % DOCUMENTS}", [f"{part} of {words}." for part in ("Head", "Body", "Tail")])


def write_for_ever(folder: str, log: str, first: int, changes: int = 100_000) -> None:
    """Replace, remove and publish until killed; every line of the log is one system call."""
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    index = open_index(Path(folder), write=True)
    published = {info.id for info in index.documents()}
    for number in range(first, first + changes):
        entry = state_of(number)
        os.write(out, f"begin {number}\n".encode())
        if number % 4 == 3 and entry.document.id in published:
            index.remove(entry.document.id)
            published.discard(entry.document.id)
            os.write(out, f"removed {number}\n".encode())
        else:
            index.replace(entry)
            published.add(entry.document.id)
            os.write(out, f"put {number}\n".encode())
        if number % 3 == 0:
            index.publish()
    index.close()


def open_index(folder: Path, write: bool = False) -> LocalIndex:
    return LocalIndex.open(folder, "k", Expected("e", DIMENSION, "c"), write=write, create=write)


@pytest.fixture
def helper() -> Iterator[subprocess.Popen[str]]:
    script = HELPER.format(root=str(Path(__file__).parent.parent.parent))
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def folder() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


def test_a_killed_writer_loses_nothing(helper: subprocess.Popen[str], folder: Path) -> None:
    chance = random.Random(20)
    log, reached = folder / "log", []
    for turn in range(ROUNDS):
        if turn % ROUNDS_IN_ONE_INDEX == 0:
            shutil.rmtree(folder / "k", ignore_errors=True)
            log.write_text("")
        kill_after(helper, folder, log, chance.uniform(0, LONGEST_S))
        lines = log.read_text().splitlines()
        if (folder / "k" / "catalogue.sqlite").exists():
            check(folder, lines, write=turn % 2 == 0)
        else:
            assert lines == []
        reached.append(len(lines))
    assert max(reached) > 20, f"the writer never got anywhere: {reached}"


def kill_after(helper: subprocess.Popen[str], folder: Path, log: Path, seconds: float) -> None:
    """One round: a new writer goes on where the last was killed."""
    assert helper.stdin is not None
    assert helper.stdout is not None
    begun = [int(line.split()[1]) for line in log.read_text().splitlines()]
    helper.stdin.write(f"{folder} {log} {max(begun, default=-1) + 1}\n")
    helper.stdin.flush()
    writer = int(helper.stdout.readline())
    time.sleep(seconds)
    os.kill(writer, signal.SIGKILL)
    assert helper.stdout.readline() == "gone\n"


def check(folder: Path, lines: list[str], write: bool) -> None:
    """What is there is what the log says; a change that was begun and not told as made may or may not have been, until
    another of its document is."""
    possible: dict[str, set[int | None]] = {}
    for line in lines:
        what, number = line.split()[0], int(line.split()[1])
        before = possible.get(f"doc{number % DOCUMENTS}", {None})
        after: dict[str, set[int | None]] = {"begin": before | {number, None}, "put": {number}, "removed": {None}}
        possible[f"doc{number % DOCUMENTS}"] = after[what]
    with open_index(folder, write=write) as index, index.snapshot() as snapshot:
        found = {info.id: snapshot.document(info.id) for info in snapshot.documents()}
        for document_id in {*possible, *found}:
            states = [None if number is None else state_of(number).document for number in possible[document_id]]
            assert found.get(document_id) in states, document_id
        wanted = [f"{document.id}:{p.start}-{p.end}" for document in found.values() for p in passages_of(document.text)]
        assert sorted(ids(snapshot, snapshot.dense(unit_vector("any"), 1000))) == sorted(wanted)
        assert sorted(ids(snapshot, snapshot.lexical("document", 1000))) == sorted(wanted)
        for document in found.values():
            text = document.text.split("\n\n")[1]
            (hit,) = snapshot.dense(unit_vector(text), 1)
            assert hit.score == pytest.approx(1.0, abs=1e-5)
            assert snapshot.fetch([hit.row])[0].passage.text == text
    with open_index(folder) as index:
        assert index.verify() == []


def passages_of(text: str) -> Sequence[Passage]:
    number = int(text.split("change")[1].split()[0])
    return state_of(number).passages
