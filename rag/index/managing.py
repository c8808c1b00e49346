"""A local index under another name, or gone, while others may be reading it.

In: the folder of indexes and names. Out: a folder that was renamed or deleted at one stroke, by a rename: whoever reads
goes on with what it has open. Refuses an index that is being written to, or into which uploads wait.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rag.atomic import sync_folder
from rag.errors import IndexBusy, InputError
from rag.index.exchange import alone, settle
from rag.index.failures import plain_errors
from rag.index.folders import index_folder, index_not_found
from rag.index.ledger import Ledger
from rag.index.lock import WriterLock
from rag.index.schema import CATALOGUE_FILE

_INCOMING = Path("uploads", ".incoming")
_DELETED = ".deleted"  # behind the name of a folder that is being deleted
_WAIT_S = 5.0


def rename_local_index(indexes_dir: Path, name: str, new: str) -> None:
    """Give an index another name; its uploaded files and copies from servers move with it. Raises `IndexNotFound`,
    `IndexBusy`, and `InputError` for a name that no index can have, or that another has."""
    target = index_folder(indexes_dir, new)
    with _alone(indexes_dir, name) as folder, alone(target):  # no restore may put another there, and delete this one
        if os.path.lexists(target):
            raise InputError(f'there is an index or a folder "{new}" already: choose another name', "name")
        places = f"{folder.resolve()}/", f"{indexes_dir.resolve() / new}/"  # of uploads, and of copies from servers
        _move_files(folder, *places)
        try:
            _rename(folder, target)
        except (OSError, IndexBusy):
            _move_files(folder, *reversed(places))
            raise
        sync_folder(indexes_dir)


def delete_local_index(indexes_dir: Path, name: str) -> None:
    """Delete an index with its uploaded files. Raises `IndexNotFound`, `IndexBusy`."""
    with _alone(indexes_dir, name) as folder:
        gone = folder.with_name(f".{name}{_DELETED}")
        shutil.rmtree(gone, ignore_errors=True)
        _rename(folder, gone)
        sync_folder(indexes_dir)
    clear_deleted(indexes_dir)


def clear_deleted(indexes_dir: Path) -> None:
    """Delete what is left of indexes that were deleted, also by a process that was killed."""
    for gone in indexes_dir.glob(f".*{_DELETED}"):
        shutil.rmtree(gone, ignore_errors=True)


def _move_files(folder: Path, before: str, now: str) -> None:
    """Note other places of files in the folder; the catalogue is closed when its folder is renamed."""
    ledger = Ledger.open(folder)
    with closing(ledger.connection):
        ledger.move_files(before, now)


def _rename(folder: Path, target: Path) -> None:
    """Give the folder another name, unless an upload has come in meanwhile. Raises `OSError`, `IndexBusy`."""
    os.rename(folder, target)
    try:
        _check_none_waits(target, folder.name)
    except IndexBusy:
        os.rename(target, folder)
        raise


def _check_none_waits(folder: Path, name: str) -> None:
    """Raises `IndexBusy` if uploads wait in the folder of the index of that name."""
    if any(path.is_dir() and not path.name.startswith(".") for path in (folder / _INCOMING).glob("*")):
        raise IndexBusy(f'uploads wait to be put into index "{name}": try again when they are done')


@contextmanager
def _alone(indexes_dir: Path, name: str) -> Iterator[Path]:
    """The folder of the index, to which nobody writes within a `with` block."""
    folder = index_folder(indexes_dir, name)
    settle(indexes_dir)
    if not (folder / CATALOGUE_FILE).exists():
        raise index_not_found(indexes_dir, name)
    if folder.is_symlink():
        raise InputError(f'the folder of index "{name}" is a link: rename or delete it where it leads', "name")
    lock = WriterLock(folder)
    with plain_errors(folder):
        lock.acquire(_WAIT_S)
        try:
            _check_none_waits(folder, name)
            yield folder
        finally:
            lock.release()
