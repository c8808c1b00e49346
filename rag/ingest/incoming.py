"""Uploads that wait to be indexed: a folder of files for each, told apart by the service that took it in.

In: a name and bytes. Out: `INDEX/uploads/.incoming/JOB/`, and what waits there, in the order in which it came. A
service holds the lock of its uploads, so that another that starts takes only those of services that are gone. What is
to be done with an upload is in `rag.ingest.uploads`.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from filelock import FileLock, Timeout

from rag.atomic import sync_folder, write_whole
from rag.documents import sidecar
from rag.index.uploaded import INCOMING, UPLOADS

_OWNER = ".owner"  # in the folder of a job: the name of the lock of the service that has it
_TAKING = ".taking.lock"  # held while a service looks for the jobs of those that are gone
_DONE = ".done"  # behind the name of a folder of which nothing is wanted any more
_WAIT_S = 5.0
_YOUNG_S = 3600.0
_NUMBERED = re.compile(r"job_([0-9a-f]{16})[0-9a-f]{16}")
_SOME_YEARS = range(14 * 10**17, 50 * 10**17)  # nanoseconds since 1970, from 2014 to 2128


class Upload(NamedTuple):
    """A file that waits to be indexed."""

    job: str
    name: str
    folder: Path  # `uploads` of its index

    @property
    def path(self) -> Path:
        """The path of the file while it waits."""
        return self.folder / INCOMING / self.job / self.name

    @property
    def document_id(self) -> str:
        """The id of the document that the file becomes."""
        return f"{UPLOADS}/{self.name}"

    @property
    def came(self) -> int:
        """The time at which it came, in nanoseconds since 1970; jobs of earlier versions have no number for it, and
        count by their file. Raises `OSError` for one of these that is gone."""
        number = number_of(self.job)
        return number if number in _SOME_YEARS else self.path.stat().st_mtime_ns


def number_of(job: str) -> int:
    """The number of a job, above those of jobs that came before; 0 for an id that has none."""
    found = _NUMBERED.fullmatch(job)
    return int(found[1], 16) if found else 0


def came_after(job: str, other: str) -> bool:
    """True if the ids tell that the one upload came after the other."""
    return number_of(job) in _SOME_YEARS and number_of(other) in _SOME_YEARS and number_of(job) > number_of(other)


def first_free(index_folder: Path, noted: Iterable[str]) -> int:
    """A number for the next job: that of now, or one above those that wait or are `noted`, if the clock was set
    back."""
    jobs = [*noted, *(path.name for path in (index_folder / UPLOADS / INCOMING).glob("job_*"))]
    return max([time.time_ns(), *(number_of(job) + 1 for job in jobs if number_of(job) in _SOME_YEARS)])


class Owner:
    """A service, as the owner of the uploads that it takes in; its locks are released when it ends, however it ends."""

    def __init__(self) -> None:
        self._name = f".{uuid.uuid4().hex}.lock"
        self._locks: dict[Path, FileLock] = {}
        self._one_at_a_time = threading.Lock()

    def take(self, folder: Path, job: str, create: bool = True) -> None:
        """Note that the job, below a folder of uploads, is of this service. For any thread. Raises `OSError`; unless
        `create` is set, that is a `FileNotFoundError` if the index has no folder (any more)."""
        incoming = folder / INCOMING
        with self._one_at_a_time:
            if incoming in self._locks and not (incoming / self._name).exists():
                self._locks.pop(incoming).release()  # its folder was deleted, and what waited with it
            if incoming not in self._locks:
                if create:
                    folder.parent.mkdir(parents=True, exist_ok=True)
                _make_below(folder.parent, incoming)
                lock = FileLock(incoming / self._name, thread_local=False)
                lock.acquire(timeout=_WAIT_S)
                self._locks[incoming] = lock
        if (incoming / job).exists():
            write_whole(incoming / job / _OWNER, self._name.encode())
            return
        fresh = incoming / f".{job}"  # a folder that is there has an owner
        try:
            fresh.mkdir()
            (fresh / _OWNER).write_text(self._name)
            os.rename(fresh, incoming / job)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def has_left(self, folder: Path, job: str) -> bool:
        """True if the service that took the job in is gone. Jobs of earlier versions of this program have no owner."""
        try:
            name = (folder / INCOMING / job / _OWNER).read_text()
        except OSError:
            return True
        file = folder / INCOMING / name
        if name == self._name or not file.exists():
            return name != self._name
        lock = FileLock(file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        return True

    def close(self) -> None:
        """Release the locks: what still waits may be taken by another service."""
        with self._one_at_a_time:
            for incoming, lock in self._locks.items():
                (incoming / self._name).unlink(missing_ok=True)
                lock.release()
            self._locks.clear()


def keep(content: BinaryIO, upload: Upload, metadata: Mapping[str, str], taken: bool = False) -> None:
    """Write the file and its metadata where they wait, onto the disk; the file is there whole or not at all. Raises
    `OSError`, which is a `FileNotFoundError` if the job was `taken` and its folder is gone."""
    if not taken:
        upload.path.parent.mkdir(parents=True, exist_ok=True)
    _make_below(upload.folder / INCOMING / upload.job, upload.path.parent)
    partial = upload.folder / INCOMING / upload.job / ".part"
    with partial.open("xb") as out:
        shutil.copyfileobj(content, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
    sidecar.write_sidecar(upload.path, metadata)
    partial.rename(upload.path)
    sync_folder(upload.path.parent)


def _make_below(folder: Path, inner: Path) -> None:
    """Make a folder and those around it, as far as `folder`, which must be there: an index that was renamed or deleted
    meanwhile must not come back as an empty folder. Raises `FileNotFoundError`."""
    for each in reversed([inner, *inner.parents]):
        if each != folder and each.is_relative_to(folder):
            each.mkdir(exist_ok=True)


def waiting(index_folder: Path, owner: Owner) -> list[Upload]:
    """The files that were kept and not indexed when their service ended, in the order in which they came; they are of
    `owner` from now on. Remains of others are removed."""
    folder = index_folder / UPLOADS
    incoming = folder / INCOMING
    if not incoming.is_dir():
        return []
    found: list[Upload] = []
    with FileLock(incoming / _TAKING):  # two services that start do not take the same ones
        _tidy(folder, owner)
        for job in sorted(incoming.iterdir()):
            if job.name.endswith(_DONE):
                shutil.rmtree(job, ignore_errors=True)
            if job.name.startswith(".") or not job.is_dir() or not owner.has_left(folder, job.name):
                continue
            files = [path for path in job.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(job))]
            if not files:
                shutil.rmtree(job, ignore_errors=True)
                continue
            owner.take(folder, job.name)
            found += [Upload(job.name, path.relative_to(job).as_posix(), folder) for path in files]
    return sorted(found, key=lambda upload: (upload.came, upload.job))


def _tidy(folder: Path, owner: Owner) -> None:
    """Delete what services left that were killed: folders of jobs that were never made whole, and their locks. What is
    young may be of one that is just taking an upload in."""
    for left in list((folder / INCOMING).iterdir()):
        unmade, lock = left.name.startswith(".job_") and left.is_dir(), left.suffix == ".lock" and left.name != _TAKING
        if not (unmade or lock) or time.time() - left.stat().st_mtime < _YOUNG_S:
            continue
        if unmade and owner.has_left(folder, left.name):
            shutil.rmtree(left, ignore_errors=True)
        if lock:
            with suppress(Timeout), FileLock(left).acquire(timeout=0):
                left.unlink(missing_ok=True)


def is_waiting(index_folder: Path, job: str) -> str | None:
    """The id of the document that a job is to make, as long as its file waits there, in whichever service."""
    folder = index_folder / UPLOADS / INCOMING / job
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return next((f"{UPLOADS}/{path.as_posix()}" for path in files if not _is_hidden(path)), None)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def discard(upload: Upload) -> None:
    """Delete what waits of an upload, whole or in part, at one stroke, so that no later start takes it up."""
    job = upload.folder / INCOMING / upload.job
    done = job.with_name(f".{upload.job}{_DONE}")
    try:
        os.rename(job, done)
    except OSError:  # it was never there, or was deleted with its index
        done = job
    shutil.rmtree(done, ignore_errors=True)
