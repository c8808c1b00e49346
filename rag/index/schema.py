"""The catalogue's file: its tables, making it, opening it.

In: a folder. Out: a SQLite connection to a file of the right format, or an error that says what to do about the file
that is there. What the columns mean is in `indexes/README.md`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from rag.atomic import sync_folder
from rag.errors import IndexMismatch, RagError
from rag.types import MadeWith

CATALOGUE_FILE = "catalogue.sqlite"
FORMAT = "1"  # of the tables below
BUSY_S = 5.0  # the wait for another connection's lock; in WAL mode only recovery and closing hold one for long
# A passage's sentence vectors are about 9 kB: with SQLite's usual pages of 4096 bytes each lies on three of them, and
# fetching 50 passages took 1.2 ms rather than 0.5 ms.
_PAGE_BYTES = 8192

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE state (generation INTEGER NOT NULL, published INTEGER NOT NULL, pruned INTEGER NOT NULL);
CREATE TABLE versions (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL, title TEXT NOT NULL, source TEXT NOT NULL, sha256 TEXT NOT NULL,
    passages INTEGER NOT NULL, characters INTEGER NOT NULL, pages INTEGER, metadata TEXT NOT NULL,
    size INTEGER, mtime_ns INTEGER, added INTEGER NOT NULL, removed INTEGER);
CREATE UNIQUE INDEX versions_live ON versions (document) WHERE removed IS NULL;
CREATE INDEX versions_removed ON versions (removed) WHERE removed IS NOT NULL;
CREATE INDEX versions_added ON versions (added);
CREATE TABLE texts (
    version INTEGER PRIMARY KEY, text TEXT NOT NULL, pages TEXT NOT NULL, sections TEXT NOT NULL);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL, embedding INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, section TEXT, sentences TEXT NOT NULL, pages TEXT NOT NULL,
    text TEXT NOT NULL);
CREATE INDEX passages_version ON passages (version);
CREATE INDEX passages_embedding ON passages (embedding);
CREATE TABLE embeddings (
    embedding INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, passage BLOB NOT NULL, sentences BLOB NOT NULL);
INSERT INTO state VALUES (0, 0, 0);
"""


def create_catalogue(folder: Path, settings: MadeWith) -> None:
    """Make an empty catalogue under another name and rename it, so that a file of the right name is a whole one."""
    fresh = folder / f"{CATALOGUE_FILE}.new"
    for leftover in folder.glob(f"{CATALOGUE_FILE}.new*"):
        leftover.unlink()
    connection = sqlite3.connect(fresh, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.executescript(f"BEGIN; {_TABLES} COMMIT;")
        meta = {"format": FORMAT, **settings._asdict()}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in meta.items()])
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
    os.replace(fresh, folder / CATALOGUE_FILE)
    sync_folder(folder)


def connect_catalogue(folder: Path) -> sqlite3.Connection:
    """Open the file, which must be there, and check that it is a catalogue of this format. Raises `RagError` if it is
    none, `IndexMismatch` if its format is another."""
    file = folder / CATALOGUE_FILE
    if file.stat().st_size == 0:
        raise _unusable(folder, "is empty (0 bytes)")
    uri = f"file:{quote(str(file.absolute()))}?{_mode(folder)}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _check_format(folder, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def is_published(folder: Path) -> bool:
    """True unless readers can see no document yet, since the first run that fills the index has published none. A file
    that cannot be read counts as published: opening it tells what is wrong."""
    try:
        with closing(connect_catalogue(folder)) as connection:
            published: int = connection.execute("SELECT published FROM state").fetchone()[0]
    except (RagError, sqlite3.Error):
        return True
    return published > 0


def identity(folder: Path) -> tuple[int, int] | None:
    """The numbers of the file that is in place, of its drive and on it; None if there is none."""
    try:
        found = (folder / CATALOGUE_FILE).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def unwritten(folder: Path) -> tuple[int, int, int] | None:
    """The number, size and time of a file that is opened as one to which nobody writes, as `_mode` says; None for one
    that is opened with its log."""
    if os.access(folder, os.W_OK) or (folder / f"{CATALOGUE_FILE}-wal").exists():
        return None
    found = (folder / CATALOGUE_FILE).stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _mode(folder: Path) -> str:
    """The parameters of the URI. In a folder that may only be read, SQLite cannot make the files that go with a log. If
    there is no log either, nobody has the index open for writing, and SQLite need not look for one."""
    if os.access(folder, os.W_OK):
        return "mode=rw"
    return "mode=ro" if unwritten(folder) is None else "mode=ro&immutable=1"


def _check_format(folder: Path, connection: sqlite3.Connection) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"meta", "state", "versions", "texts", "passages", "embeddings"} <= tables:
        raise _unusable(folder, "is not a catalogue: it lacks tables")
    found = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    if found != (FORMAT,):
        raise IndexMismatch(
            f'index "{folder.name}" has format {found and found[0]} and this version reads format {FORMAT}: '
            f"remove the folder {folder} and run `rag index PATH... --index {folder.name}` again"
        )


def _unusable(folder: Path, why: str) -> RagError:
    return RagError(
        f"{folder / CATALOGUE_FILE} {why}: restore it from a backup, or remove the folder {folder} "
        f"and run `rag index PATH... --index {folder.name}` again"
    )
