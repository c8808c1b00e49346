"""An index in the place of another, by renames of folders; and what a killed process left between them.

In: the folder of an index, and one beside it that is to take its place. Out: the place has the one or the other, whole,
whenever the process ends: from the moment at which the new one is called `.NAME.restored` it is whole, and whoever next
looks for the index finishes what was begun. Uploads that wait in the old one wait in the new one afterwards.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rag.atomic import sync_folder
from rag.errors import IndexBusy
from rag.index.lock import WriterLock
from rag.index.schema import CATALOGUE_FILE
from rag.index.uploaded import BEFORE, INCOMING, MARKS, UPLOADS

_FRESH, _READY, _OLD, _LOCK = "restoring", "restored", "replaced", "restoring.lock"
_INCOMING = Path(UPLOADS, INCOMING)
_WAIT_S = 5.0
_TRIES = 5


def in_the_making(folder: Path) -> Path:
    """The path of a folder that is to take the place of the index, while it is not yet whole."""
    return _beside(folder, _FRESH)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the right to put another index in the place of this one. Raises `IndexBusy` if another process does so."""
    lock = FileLock(_beside(folder, _LOCK))
    try:
        held = lock.acquire(timeout=0)
    except Timeout as exc:
        raise IndexBusy(
            f'index "{folder.name}" is being restored by another process: wait until that has finished, and try again'
        ) from exc
    with held:
        try:
            yield
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)  # while it is held, so that nobody else's is deleted


def exchange(folder: Path) -> None:
    """Put the folder `in_the_making`, which is whole, in the place of the index, if there is one. Raises `IndexBusy` if
    another process writes to that, and `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = WriterLock(folder)
    lock.acquire(_WAIT_S)
    try:
        os.rename(in_the_making(folder), _beside(folder, _READY))
        sync_folder(folder.parent)
        os.rename(folder, _beside(folder, _OLD))
        _put(_beside(folder, _READY), folder)
    finally:
        lock.release()
    sync_folder(folder.parent)


def settle(indexes_dir: Path) -> None:
    """Finish exchanges that were cut off, and help along one that is under way; nothing is deleted. Does nothing in a
    folder that may only be read."""
    for old in indexes_dir.glob(f".*.{_OLD}"):
        folder = indexes_dir / old.name[1 : -len(_OLD) - 1]
        with suppress(OSError, IndexBusy):
            if not (folder / CATALOGUE_FILE).exists():
                ready = _beside(folder, _READY)
                _put(ready if ready.exists() else old, folder)
            _keep_waiting(old, folder)


def clear(folder: Path) -> None:
    """Delete what exchanges have left beside the index, after `settle`."""
    old = _beside(folder, _OLD)
    if old.exists() and not (folder / CATALOGUE_FILE).exists():
        return
    shutil.rmtree(in_the_making(folder), ignore_errors=True)
    shutil.rmtree(_beside(folder, _READY), ignore_errors=True)
    if old.exists():
        _keep_waiting(old, folder)
        shutil.rmtree(old, ignore_errors=True)


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}")


def _put(whole: Path, folder: Path) -> None:
    """Rename a whole index to its place. Another process may do the same at this moment, or have made a folder there
    for an upload or a lock."""
    for left in reversed(range(_TRIES)):
        try:
            os.rename(whole, folder)
            return
        except OSError:
            if (folder / CATALOGUE_FILE).exists() and not whole.exists():
                return
            if not left or (folder / CATALOGUE_FILE).exists() or not folder.is_dir():
                raise
        _clear_away(folder, whole)


def _clear_away(folder: Path, whole: Path) -> None:
    """Delete a folder without an index, when nobody holds its lock any more; what waits in it comes along."""
    lock = WriterLock(folder)
    with suppress(FileNotFoundError):
        lock.acquire(_WAIT_S)
        try:
            if not (folder / CATALOGUE_FILE).exists():
                _keep_waiting(folder, whole)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            lock.release()


def is_under_way(folder: Path) -> bool:
    """True while another index takes the place of this one, or if that was cut off: nothing may be made there."""
    return _beside(folder, _OLD).exists() and not (folder / CATALOGUE_FILE).exists()


def _keep_waiting(old: Path, folder: Path) -> None:
    """Move what waits to be indexed, and the locks of those who took it in, from one folder to another."""
    if not (old / _INCOMING).is_dir():
        return
    (folder / _INCOMING).mkdir(parents=True, exist_ok=True)
    for path in list((old / _INCOMING).iterdir()):
        target = folder / _INCOMING / path.name
        with suppress(FileNotFoundError):  # another process has moved it
            if not target.exists():
                _begin_anew(path)
                os.rename(path, target)


def _begin_anew(job: Path) -> None:
    """Forget how far an upload had come in the old index: it is begun anew in the new one, which has other files."""
    for name in (BEFORE, MARKS):
        left = job / name
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif job.is_dir():
            left.unlink(missing_ok=True)
