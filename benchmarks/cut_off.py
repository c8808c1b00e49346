"""Uploads, removals, backups, restores and an index of version 0.1, each killed after every step on the file system.

In: a folder to work in. Out: how many kills there were of each kind, with an `AssertionError` for anything that is not
as it was before or as it should be afterwards. A helper process forks for each round and has steps.c preloaded, as in
`kills.py`. Whoever comes after a kill finishes what was begun, and finds documents and files in line.
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from kills import ROOT, kill_after, writers

sys.path[:0] = [str(ROOT)]

from rag.errors import DocumentNotFound  # noqa: E402
from rag.index.backup import back_up, restore  # noqa: E402
from rag.index.folders import local_indexes  # noqa: E402
from rag.index.local import LocalIndex  # noqa: E402
from rag.ingest.changes import find_changes  # noqa: E402
from rag.ingest.incoming import Owner, Upload, keep, waiting  # noqa: E402
from rag.ingest.prepare import Here, read_here  # noqa: E402
from rag.ingest.run import carry_out  # noqa: E402
from rag.ingest.uploads import UploadOutcome, put, remove_document  # noqa: E402
from rag.settings import Settings, load_settings  # noqa: E402
from rag.stores.open import open_index  # noqa: E402
from tests.fakes import HashEmbedder  # noqa: E402

BEFORE, AFTER, BINARY = b"The pump is here.", b"The pump is there.", b"\x7fELF\x00\x00\x01"
# What version 0.1 did not make: tables, and what they hold.
LATER_TABLES = (
    "removals", "removals_known", "readers", "blocks", "passage_blocks", "receipts", "links", "sources", "failures",
    "jobs",
    "roots",
)  # fmt: skip

SCRIPT = """
import ctypes, os, sys
sys.path[:0] = [{root!r}, {root!r} + "/benchmarks"]
import faiss, tantivy
import cut_off
steps = ctypes.CDLL(None)
for line in sys.stdin:
    kind, folder, last = line.split()
    child = os.fork()
    if child == 0:
        steps.steps_arm(ctypes.c_long(int(last)))
        cut_off.act(kind, folder)
        os._exit(0)
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


def after_each_step(folder: Path, every: int = 1) -> dict[str, int]:
    """Kill each kind of work after its first, second, ... step, until it ends by itself; -> kills of each kind."""
    found = {}
    with writers(folder, SCRIPT) as helper:
        for kind, check in CHECKS.items():
            base, work = folder / f"{kind} base".replace(" ", "-"), folder / "work"
            shutil.rmtree(work, ignore_errors=True)
            make(work, kind)
            os.rename(work, base)
            for last in range(1, 100_000, every):
                shutil.rmtree(work, ignore_errors=True)
                shutil.copytree(base, work)
                if not kill_after(helper, f"{kind} {work} {last}"):
                    found[kind] = (last - 1) // every
                    break
                check(work)
                check_all(work)
    return found


def make(folder: Path, kind: str) -> None:
    """An index with files of a folder, an upload, and what this kind of work needs."""
    notes = folder / "notes"
    notes.mkdir(parents=True)
    for number in range(3):
        (notes / f"{number}.txt").write_text(f"Note {number} is about weirs.")
    index_notes(folder)
    upload(folder, BEFORE, 1)
    take_up(folder)
    if kind in ("backup", "restore"):
        back_up(folder / "indexes", "t", folder / "t.backup")
    if kind == "backup":
        (notes / "0.txt").write_text("Note 0 was changed.")
        index_notes(folder)
    if kind == "takeover":
        with closing(sqlite3.connect(place(folder) / "catalogue.sqlite")) as catalogue:
            catalogue.executescript("".join(f"DROP TABLE {table};" for table in LATER_TABLES))
    elif kind != "remove":
        upload(folder, BINARY if kind == "failing" else AFTER, 2)


def act(kind: str, folder: str) -> None:
    """Do what is to be killed."""
    work = Path(folder)
    if kind in ("upload", "failing"):
        take_up(work)
    elif kind == "remove":
        with opened(work) as index:
            remove_document("uploads/a.txt", index)
    elif kind == "backup":
        back_up(work / "indexes", "t", work / "t.backup")
    elif kind == "restore":
        restore(work / "indexes", work / "t.backup")
    else:
        index_notes(work)


def check_upload(folder: Path) -> None:
    take_up(folder)
    assert texts(folder)["uploads/a.txt"] == AFTER.decode()


def check_failing(folder: Path) -> None:
    take_up(folder)
    assert texts(folder)["uploads/a.txt"] == BEFORE.decode()


def check_removed(folder: Path) -> None:
    """Check that it is gone, or there and can be removed once more."""
    with opened(folder) as index, suppress(DocumentNotFound):
        remove_document("uploads/a.txt", index)
    assert list(texts(folder)) == ["notes/0.txt", "notes/1.txt", "notes/2.txt"]


def check_backup(folder: Path) -> None:
    """The backup of before is there, or the new one."""
    restore(folder / "indexes", folder / "t.backup", "other")
    assert texts(folder, "other")["notes/0.txt"] in ("Note 0 is about weirs.", "Note 0 was changed.")
    assert (place(folder, "other") / "uploads" / "a.txt").read_bytes() == BEFORE
    check_upload(folder)


def check_restore(folder: Path) -> None:
    """The index is there, the old or the new, and the upload still waits."""
    assert local_indexes(folder / "indexes") == ["t"]
    check_upload(folder)


def check_takeover(folder: Path) -> None:
    index_notes(folder)
    assert texts(folder)["uploads/a.txt"] == BEFORE.decode()


def check_all(folder: Path) -> None:
    """Documents and files are in line, and nothing is left over."""
    found = texts(folder)
    for number in range(3):
        assert found[f"notes/{number}.txt"] == (folder / "notes" / f"{number}.txt").read_text()
    uploads = place(folder) / "uploads"
    files = {f"uploads/{path.name}": path.read_text() for path in uploads.glob("*.txt")}
    assert files == {name: text for name, text in found.items() if name.startswith("uploads/")}
    assert [path.name for path in (uploads / ".incoming").glob("*") if path.suffix != ".lock"] == []
    with opened(folder) as index:
        change = find_changes([uploads], index.files(), folder / "indexes")
        assert change.vanished == []  # what was copied for a round has other marks, and counts as changed
        assert index.verify() == []
    if "other" in local_indexes(folder / "indexes"):
        shutil.rmtree(place(folder, "other"))
    back_up(folder / "indexes", "t", folder / "t.backup")
    restore(folder / "indexes", folder / "t.backup")
    assert texts(folder) == found
    assert [path.name for path in (folder / "indexes").iterdir()] == ["t"]


CHECKS: dict[str, Callable[[Path], None]] = {
    "upload": check_upload,
    "failing": check_failing,
    "remove": check_removed,
    "backup": check_backup,
    "restore": check_restore,
    "takeover": check_takeover,
}


def settings_of(folder: Path) -> Settings:
    return load_settings(indexes_dir=folder / "indexes", index="t", passage_tokens=40)


def opened(folder: Path) -> LocalIndex:
    index = open_index(settings_of(folder), HashEmbedder(), create=True)
    assert isinstance(index, LocalIndex)
    return index


def place(folder: Path, name: str = "t") -> Path:
    return folder / "indexes" / name


def index_notes(folder: Path) -> None:
    with opened(folder) as index:
        change = find_changes([folder / "notes"], index.files(), folder / "indexes", failures=index.failures())
        carry_out(change, index, Here(HashEmbedder(), 40, read_here))


def upload(folder: Path, content: bytes, number: int) -> None:
    """Let an upload wait, as of a service that is gone."""
    waits = Upload(f"job_{15 * 10**17 + number:016x}{number:016x}", "a.txt", place(folder) / "uploads")
    owner = Owner()
    owner.take(waits.folder, waits.job)
    keep(io.BytesIO(content), waits, {"project": "Mill"})
    owner.close()


def take_up(folder: Path) -> list[UploadOutcome]:
    """Start as a service does, and do what waits."""
    owner, done = Owner(), []
    for waits in waiting(place(folder), owner):
        with opened(folder) as index:
            done.append(put(waits, index, HashEmbedder(), settings_of(folder), read_here))
    owner.close()
    return done


def texts(folder: Path, name: str = "t") -> dict[str, str]:
    """The texts of the published documents."""
    with LocalIndex.open(folder / "indexes", name) as index, index.snapshot() as snapshot:
        return {info.id: snapshot.document(info.id).text for info in snapshot.documents()}
