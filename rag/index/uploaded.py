"""The files of an index beside its catalogue that nothing can make again, as they belong to one generation of it.

In: the folder of an index and a connection that stays at one generation. Out: files, with their paths in the index. A
file that was put in place for an upload that is not committed is not among them: what was there before is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rag.documents import sidecar

CALIBRATION = "calibration.json"  # the threshold of refusal that the owner had measured
UPLOADS = "uploads"  # the folder of uploaded files; begins the ids of their documents, and of no others
INCOMING = ".incoming"  # in it, uploads that wait, each in the folder of its job
BEFORE = ".before"  # in the folder of a job that was begun: what was in its place
MARKS = ".marks"  # beside it


class KeptFile(NamedTuple):
    """A file to keep, and its path in the index."""

    path: Path
    inside: str


def kept_files(folder: Path, begun: dict[str, Path]) -> Iterator[KeptFile]:
    """The calibration and the uploaded files, in order; `begun` is what `begun_uploads` returned."""
    if (folder / CALIBRATION).is_file():
        yield KeptFile(folder / CALIBRATION, CALIBRATION)
    uploads = folder / UPLOADS
    for path in sorted(uploads.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and inside.parts[1] != INCOMING and inside.as_posix() not in begun:
            yield KeptFile(path, inside.as_posix())
    for name, path in sorted(begun.items()):
        if path.is_file():
            yield KeptFile(path, name)


def begun_uploads(folder: Path, connection: sqlite3.Connection) -> dict[str, Path]:
    """The files of uploads that were put in their places and are not committed, by their paths in the index, with the
    paths of what was there before, if anything was."""
    found: dict[str, Path] = {}
    jobs = [before for before in (folder / UPLOADS / INCOMING).glob(f"[!.]*/{BEFORE}") if before.is_dir()]
    for before in sorted(jobs, key=lambda path: path.stat().st_mtime_ns):
        job = before.parent
        files = [path.relative_to(job) for path in job.rglob("*") if path.is_file()]
        for file in files:
            if not any(part.startswith(".") for part in file.parts) and not _is_committed(job.name, connection):
                for each in (Path(UPLOADS) / file, sidecar.sidecar_path(Path(UPLOADS) / file)):
                    found.setdefault(each.as_posix(), before / each.name)  # of several, the first has what was there
    return found


def _is_committed(job: str, connection: sqlite3.Connection) -> bool:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchone()
    return bool(there and connection.execute("SELECT 1 FROM jobs WHERE job = ?", (job,)).fetchone())
