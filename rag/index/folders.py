"""The folder of indexes: valid names, the indexes that are there, and making a new one.

In: names and the settings to make an index with. Out: folders, or errors that name the remedy. Reads no index.
"""

from __future__ import annotations

import re
import shutil
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from rag.errors import IndexBusy, IndexMismatch, IndexNotFound, InputError
from rag.index import schema
from rag.index.exchange import is_under_way, settle
from rag.index.lock import WriterLock
from rag.index.schema import CATALOGUE_FILE as CATALOGUE
from rag.index.spaces import shared
from rag.types import MadeWith

_TRIES = 5
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Files that earlier versions keep in the folder of indexes, and those that SQLite puts beside one.
_RESERVED = re.compile(r"keys\.(?:json|lock|new)|answers\.sqlite(?:-journal|-wal|-shm)?", re.IGNORECASE)


class Expected(NamedTuple):
    """The settings that an index is expected to have been made with; None if any value will do."""

    embedder: str | None = None
    dimension: int | None = None
    chunker: str | None = None

    def complete(self) -> MadeWith:
        """The settings to create an index with. Raises `ValueError` if one is missing."""
        if self.embedder is None or self.dimension is None or self.chunker is None:
            raise ValueError("to create an index, its embedder's fingerprint, dimension and chunker must be given")
        return MadeWith(self.embedder, self.dimension, self.chunker)


ANY = Expected()


def local_indexes(indexes_dir: Path) -> list[str]:
    """The names of the indexes in a folder, sorted; empty if there is no such folder."""
    settle(indexes_dir)
    return sorted(file.parent.name for file in indexes_dir.glob(f"*/{CATALOGUE}") if _NAME.fullmatch(file.parent.name))


def index_folder(indexes_dir: Path, name: str) -> Path:
    """The folder of the index `name`, whether it exists or not. Raises `InputError` for a name that no index can
    have."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f'"{name[:80]}" cannot be the name of an index: 1 to 64 of the letters a-z and A-Z, digits and ._- can, '
            "a letter or digit first",
            "index",
        )
    if _RESERVED.fullmatch(name):
        raise InputError(f'"{name}" cannot be the name of an index: the service has files of that name', "index")
    return indexes_dir / name


def index_not_found(indexes_dir: Path, name: str) -> IndexNotFound:
    """The error that names the index, those that are there, and the command that makes it."""
    there = ", ".join(local_indexes(indexes_dir)) or "none"
    remedy = f"make it with `rag index PATH... --index {name}`"
    return IndexNotFound(f'there is no index "{name}" in {indexes_dir} (those there: {there}): {remedy}')


def create_index(folder: Path, settings: MadeWith, wait: float) -> None:
    """Make the folder and an empty catalogue, unless there is one. Raises `IndexBusy` after `wait` seconds."""
    for _ in range(_TRIES):
        settle(folder.parent)
        if (folder / CATALOGUE).exists():
            return
        folder.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(folder)
        lock.acquire(wait)
        try:
            if is_under_way(folder):
                continue  # what takes this place is whole
            if not (folder / CATALOGUE).exists():
                schema.create_catalogue(folder, settings)
            return
        finally:
            lock.release()
    raise IndexBusy(f'index "{folder.name}" is being restored by another process: try again')


def discard_if_empty(folder: Path) -> None:
    """Delete the files of an index that holds no document, the catalogue first, unless another process writes to it;
    what else is in the folder stays."""
    lock = WriterLock(folder)
    try:
        lock.acquire(0)
    except IndexBusy:
        return  # somebody else fills it
    try:
        with closing(schema.connect_catalogue(folder)) as catalogue:
            if catalogue.execute("SELECT 1 FROM versions WHERE removed IS NULL LIMIT 1").fetchone():
                return
        for name in (CATALOGUE, f"{CATALOGUE}-wal", f"{CATALOGUE}-shm", "dense.faiss", "dense.json", "writer.lock"):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "lexical", ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()
    finally:
        lock.release()


def check_settings(folder: Path, found: MadeWith, expected: Expected, remedy: str = "") -> None:
    """Compare the settings that an index was made with to those expected. Raises `IndexMismatch` if one differs, but
    for an embedder whose vectors may stand beside those of the index;
    `remedy` is named beside setting it back, by default `--reembed`."""
    remedy = remedy or f"embed its documents anew with `rag index --reembed --index {folder.name}`"
    for what, was, now in zip(("embedder", "dimension", "chunker"), found, expected, strict=True):
        if now is not None and now != was and not (what == "embedder" and shared(str(was), str(now))):
            raise IndexMismatch(
                f'index "{folder.name}" was made with {what} {was} and is now to be used with {now}: set that back, or '
                f"{remedy}"
            )
