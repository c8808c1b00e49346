"""Errors of SQLite and of the operating system -> one clear line of the package's own errors."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from rag.errors import IndexBusy, RagError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def plain_errors(folder: Path) -> Iterator[None]:
    """Raise errors of SQLite and of the operating system again as `RagError`s that name the index in `folder`, within a
    `with` block."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(error, folder) from error
    except OSError as error:
        raise _from_system(error, folder) from error


def _from_sqlite(error: sqlite3.Error, folder: Path) -> RagError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code, the rest refines it
    if code == sqlite3.SQLITE_FULL:
        return _full(folder)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        if _is_whole_by_itself(folder):
            return _beside_another(folder)
        return RagError(
            f"{folder / 'catalogue.sqlite'} is damaged ({error}): restore it from a backup, "
            f"or remove the folder {folder} and run `rag index PATH... --index {folder.name}` again"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return _denied(folder, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return IndexBusy(f'the catalogue of index "{folder.name}" is locked by another process: try again')
    return RagError(f'index "{folder.name}" in {folder.parent}: {error}')


def _is_whole_by_itself(folder: Path) -> bool:
    """True if the catalogue is whole when what lies beside it is not looked at."""
    uri = f"file:{quote(str((folder / 'catalogue.sqlite').absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return [row[0] for row in connection.execute("PRAGMA quick_check(1)")] == ["ok"]
    except sqlite3.Error:
        return False


def _beside_another(folder: Path) -> RagError:
    """The error for a whole catalogue that could not be read: somebody wrote to it meanwhile, or a log lies beside it
    that is another's."""
    if os.access(folder, os.W_OK) and (folder / "catalogue.sqlite-wal").exists():
        return RagError(
            f"{folder / 'catalogue.sqlite'} is whole, but a log that is not its own lies beside it: was it copied? "
            "Stop what uses the index and delete catalogue.sqlite-wal and catalogue.sqlite-shm"
        )
    return IndexBusy(f'the catalogue of index "{folder.name}" was written to while it was read: try again')


def _from_system(error: OSError, folder: Path) -> RagError:
    if error.errno in _FULL:
        return _full(folder)
    if error.errno in _DENIED:
        return _denied(folder, error.strerror or str(error))
    return RagError(f'index "{folder.name}" in {folder.parent}: {error}')


def _full(folder: Path) -> RagError:
    return RagError(f"no space left on the disk of {folder}: free some and run the command again; nothing was lost")


def _denied(folder: Path, why: str) -> RagError:
    return RagError(f"{folder} cannot be opened or written ({why}): an index needs a folder that you may write to")
