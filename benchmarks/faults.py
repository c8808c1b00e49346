"""Files of an index that are lost, cut short, emptied or altered in one bit: found by `verify`, mended by `repair`.

In: a folder to work in. Out: how many faults there were of each kind, and those that were not found or not mended.
Also: a disk that is full (a small tmpfs, where this user may mount one) and a folder that may not be written to.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from rag.errors import RagError  # noqa: E402
from rag.types import Entry  # noqa: E402
from tests.index.contract import make_entry, published_state, put  # noqa: E402
from tests.index.test_local import open_index  # noqa: E402

DOCUMENTS = 20
FLIPS = 8  # of each file, at random places
# Only names of other files: Tantivy collects garbage by it, and searching needs it not.
UNREAD = {".managed.json", ".tantivy-meta.lock", ".tantivy-writer.lock"}


class Outcome(NamedTuple):
    """Outcome of one kind of fault."""

    kind: str
    injected: int
    found: int
    mended: int
    wrong: list[str]  # files of faults that were not found or not mended


def damage(folder: Path, seed: int = 3) -> list[Outcome]:
    """Every derived file, damaged in every way, one fault at a time."""
    base, work = folder / "base", folder / "work"
    with open_index(base, create=True) as index:
        put(index, *(document(number) for number in range(DOCUMENTS)))
    with open_index(base) as index:
        expected = published_state(index)
    return [
        _outcome(kind, faults, base, work, expected)
        for kind, faults in _faults(base / "books", random.Random(seed)).items()
    ]


def document(number: int, size: int = 4) -> Entry:
    return make_entry(f"doc{number}", [f"Part {part} of document {number}." for part in range(size)])


def _faults(place: Path, chance: random.Random) -> dict[str, list[tuple[str, Callable[[Path], object]]]]:
    files = [path for path in sorted(place.rglob("*")) if path.is_file()]
    names = [
        path.relative_to(place).as_posix()
        for path in files
        if path.name not in UNREAD and not path.name.startswith(("catalogue", "writer"))
    ]
    binary = [name for name in names if not name.endswith(".json")]
    return {
        "cut short by half": [(name, lambda path: os.truncate(path, path.stat().st_size // 2)) for name in names],
        "cut short by a byte": [(name, lambda path: os.truncate(path, path.stat().st_size - 1)) for name in binary],
        "emptied": [(name, lambda path: path.write_bytes(b"")) for name in names],
        "lost": [(name, Path.unlink) for name in names],
        "one bit altered": [(name, _flip(chance.random())) for name in binary for _ in range(FLIPS)],
    }


def _flip(place: float) -> Callable[[Path], object]:
    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        bit = int(place * 8 * len(content))
        content[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(content)

    return flip


def _outcome(
    kind: str, faults: list[tuple[str, Callable[[Path], object]]], base: Path, work: Path, expected: object
) -> Outcome:
    found = mended = 0
    wrong = []
    for name, inject in faults:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(base, work)
        path = work / "books" / name
        inject(path)
        was_there = path.exists()
        with open_index(work) as index:
            is_found = bool(index.verify())
            is_mended = index.repair() == [] == index.verify() and published_state(index) == expected
        kept = not was_there or bool(list((work / "books").glob("*.damaged-*")))
        found, mended = found + is_found, mended + (is_mended and kept)
        if not (is_found and is_mended and kept):
            wrong.append(f"{name} ({'not found' if not is_found else 'not mended' if not is_mended else 'deleted'})")
    return Outcome(kind, len(faults), found, mended, wrong)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path | None]:
    """A tmpfs; None where it cannot be mounted."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def full_disk(folder: Path) -> tuple[int, int] | None:
    """Documents are put in until the disk is full, then some space is made; -> documents that `replace` returned for,
    and those that are there afterwards, whole. None where no tmpfs can be mounted."""
    with small_disk(folder / "disk", 3) as disk:
        if disk is None:
            return None
        ballast = disk / "ballast"
        ballast.write_bytes(b"\0" * 400_000)
        done, said = 0, ""
        try:
            with open_index(disk, create=True) as index:
                for number in range(10_000):
                    index.replace(document(number, 40))
                    done += 1
                    if number % 5 == 0:
                        index.publish()
        except RagError as error:
            said = str(error)
        assert "no space left on the disk" in said
        ballast.unlink()
        with open_index(disk, write=True) as index:
            assert index.repair() == []
            documents = index.documents()
            assert all(info.passages == 40 for info in documents)
            return done, len(documents)


READ_ONLY = """
import os, sys
sys.path[:0] = [{root!r}]
from pathlib import Path
import faiss, tantivy
from tests.index.contract import published_state
from tests.index.test_local import open_index
from rag.errors import RagError
os.setuid(65534)
with open_index(Path({folder!r})) as index:
    print(len(published_state(index)[1]))
    try:
        index.verify()
    except RagError as error:
        print(error)
try:
    open_index(Path({folder!r}), write=True)
except RagError as error:
    print(error)
"""


def read_only(folder: Path) -> list[str]:
    """Answers to another user, who may only read: the documents that he finds, and the lines that he is told."""
    with open_index(folder / "shared", create=True) as index:
        put(index, *(document(number) for number in range(DOCUMENTS)))
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    script = READ_ONLY.format(root=str(ROOT), folder=str(folder / "shared"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() or done.stderr.splitlines()[-1:]
