"""An index -> one file, while it is read and written; and that file -> an index, checked before it is put in place.

In: the folder of indexes and a name. Out: a zip archive without compression of the catalogue at one generation, the
calibration, the uploaded files, and `backup.json`, which has the size and the hash of each. What is derived is left
out and made anew. Files of folders are not part of it.

A restored index takes the place of another by renames of folders (`rag.index.exchange`), so that none of the files of
that one (such as a log of SQLite) is left beside those of this one.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from rag.atomic import sync_folder
from rag.errors import InputError, RagError
from rag.index.catalogue import Catalogue
from rag.index.exchange import alone, clear, exchange, in_the_making, settle
from rag.index.failures import plain_errors
from rag.index.folders import index_folder, index_not_found
from rag.index.relocate import relocate
from rag.index.schema import CATALOGUE_FILE, connect_catalogue
from rag.index.uploaded import UPLOADS, begun_uploads, kept_files
from rag.index.writer import LocalWriter

MANIFEST = "backup.json"
FORMAT = 1
_MANIFEST_BYTES = 512 << 20  # some hundred bytes for each uploaded file
_TRIES = 5
_BLOCK = 1 << 20
_PAGES = 4096  # of the catalogue that are copied at once; in between, writers go on


class Backup(NamedTuple):
    """Contents of a backup."""

    name: str
    documents: int
    uploads: int  # files
    bytes: int


def back_up(indexes_dir: Path, name: str, file: Path) -> Backup:
    """Write the index to `file`, whole or not at all; what stood there is replaced. Raises `IndexNotFound`."""
    folder = index_folder(indexes_dir, name)
    if not (folder / CATALOGUE_FILE).exists():
        raise index_not_found(indexes_dir, name)
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise InputError(
            f"{file}: a backup is a file in a folder that is there; name one such as {name}.backup", "file"
        )
    if file.resolve().is_relative_to(folder.resolve()):  # it would be a part of itself
        raise InputError(f"{file}: a backup cannot be inside the index: name a file elsewhere", "file")
    part, copy = file.with_name(f"{file.name}.part"), file.with_name(f"{file.name}.catalogue")
    with plain_errors(folder):
        try:
            about = _archive(folder, part, copy)
            with part.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(part, file)
            sync_folder(file.absolute().parent)
        finally:
            for left in (part, copy, copy.with_name(f"{copy.name}-journal")):
                left.unlink(missing_ok=True)
    return _told(name, about, file.stat().st_size)


def restore(indexes_dir: Path, file: Path, name: str | None = None) -> Backup:
    """Check the backup and put it in the place of the index of its name, or of `name`, if there is one. Raises
    `RagError` with that index as it was if the file is not whole, and `IndexBusy` if another process writes."""
    about = _manifest(file)
    folder = index_folder(indexes_dir, name or about["index"])
    if folder.is_symlink():
        raise InputError(f'the folder of index "{folder.name}" is a link: restore it where it leads', "index")
    indexes_dir.mkdir(parents=True, exist_ok=True)
    with plain_errors(folder), alone(folder):
        settle(indexes_dir)
        clear(folder)
        try:
            fresh = in_the_making(folder)
            fresh.mkdir(parents=True)
            _unpack(file, about, fresh)
            _check(fresh, file)
            _make_whole(fresh, about, folder)
            exchange(folder)
        finally:
            clear(folder)
    return _told(folder.name, about, file.stat().st_size)


def _told(name: str, about: Mapping[str, Any], size: int) -> Backup:
    uploads = sum(item["name"].startswith(f"{UPLOADS}/") for item in about["files"])
    return Backup(name, int(about["documents"]), uploads, size)


def _archive(folder: Path, part: Path, copy: Path) -> dict[str, Any]:
    """Write the archive, and return what it says of itself. Files are read anew, some times, if an upload was indexed,
    begun or removed meanwhile, so that they are those of the generation that is copied."""
    for left in reversed(range(_TRIES)):
        with (
            closing(connect_catalogue(folder)) as source,
            zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as archive,
        ):
            source.execute("BEGIN")
            before = _moment(folder, source)  # the catalogue to be copied is that of now
            try:
                told = [_add(archive, path, inside) for path, inside in kept_files(folder, before[1])]
            except FileNotFoundError:
                if not left:
                    raise
                continue
            with closing(connect_catalogue(folder)) as now:
                if left and _moment(folder, now) != before:
                    continue
            documents = _copy_catalogue(source, copy)
            about = {
                "format": FORMAT,
                "index": folder.name,
                "folder": str(folder.resolve()),
                "documents": documents,
                "files": [_add(archive, copy, CATALOGUE_FILE), *told],
            }
            # with a date of its own: the clock may stand before 1980, which a zip archive cannot tell
            archive.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(about, ensure_ascii=False, indent=1))
            break
    return about


def _moment(folder: Path, connection: sqlite3.Connection) -> tuple[tuple[int, int], dict[str, Path]]:
    """The number of uploaded documents and the last version of one, and the uploads that are under way."""
    found = connection.execute(
        "SELECT COUNT(*), MAX(version) FROM versions WHERE removed IS NULL AND document BETWEEN ? AND ?",
        (f"{UPLOADS}/", f"{UPLOADS}0"),  # the sign behind a slash is a nought
    )
    return found.fetchone(), begun_uploads(folder, connection)


def _copy_catalogue(source: sqlite3.Connection, copy: Path) -> int:
    """Copy the catalogue at the generation of the connection; returns the number of documents."""
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(copy)) as target:
        source.backup(target, pages=_PAGES)
        target.execute("PRAGMA journal_mode = DELETE")
        found = target.execute("SELECT COUNT(*) FROM versions WHERE removed IS NULL").fetchone()
    return int(found[0])


def _add(archive: zipfile.ZipFile, path: Path, inside: str) -> dict[str, Any]:
    try:
        inside.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise RagError(f"{path}: its name is not valid UTF-8, so that it cannot be kept: rename it") from exc
    digest, size, modified = hashlib.sha256(), 0, path.stat().st_mtime_ns
    with path.open("rb") as source, archive.open(inside, "w", force_zip64=True) as target:
        while block := source.read(_BLOCK):
            digest.update(block)
            target.write(block)
            size += len(block)
    return {"name": inside, "size": size, "sha256": digest.hexdigest(), "mtime_ns": modified}


def _manifest(file: Path) -> dict[str, Any]:
    """The backup's own manifest. Raises `InputError` if there is no such file, `RagError` if it is no backup."""
    if not file.is_file():
        raise InputError(f"{file}: there is no file of that name", "file")
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(MANIFEST).file_size > _MANIFEST_BYTES:
                raise ValueError(f"{MANIFEST} is too large")
            about = json.loads(archive.read(MANIFEST))
            if isinstance(about, dict) and about.get("format", FORMAT) != FORMAT:
                told = str(about["format"])[:20]
                raise RagError(f"{file} has format {told} and this version reads format {FORMAT}: upgrade rag")
            return _checked(about)
    except (zipfile.BadZipFile, LookupError, ValueError, TypeError, RecursionError, EOFError, OSError) as exc:
        raise RagError(
            f"{file} is no backup of `rag backup`, or was cut short ({_line(exc)}): nothing was changed; "
            "take another copy"
        ) from exc


def _line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


def _checked(about: Any) -> dict[str, Any]:
    """The manifest, if it has what a manifest has. Raises `LookupError`, `ValueError`, `TypeError`."""
    texts = [about["index"], *(item["name"] for item in about["files"]), *(item["sha256"] for item in about["files"])]
    numbers = [about["documents"], *(item["size"] for item in about["files"])]
    numbers += [item["mtime_ns"] for item in about["files"] if "mtime_ns" in item]
    if not all(isinstance(one, str) for one in texts) or not all(type(one) is int for one in numbers):
        raise TypeError(f"{MANIFEST} is not as this program writes it")
    if not isinstance(about.get("folder", ""), str) or CATALOGUE_FILE not in {item["name"] for item in about["files"]}:
        raise ValueError(f"{MANIFEST} names no catalogue")
    return dict(about)


def _unpack(file: Path, about: dict[str, Any], fresh: Path) -> None:
    """Write the files of a backup into a folder. Raises `RagError` if one is not as it was."""
    inside = fresh.resolve()
    with zipfile.ZipFile(file) as archive:
        for told in about["files"]:
            target = (fresh / told["name"]).resolve()
            if not target.is_relative_to(inside) or target == inside:
                raise RagError(f"{file}: {told['name']!r} leads out of the index: this is no backup of this program")
            target.parent.mkdir(parents=True, exist_ok=True)
            if _extract(archive, told["name"], target, told["size"]) != told["sha256"]:
                raise RagError(f"{file} is damaged: {told['name']} is not as it was; nothing was changed")


def _extract(archive: zipfile.ZipFile, name: str, target: Path, size: int) -> str:
    """Write a member to its place; returns its hash, or an empty text if it cannot be read or is larger."""
    digest, written = hashlib.sha256(), 0
    try:
        with archive.open(name) as source, target.open("xb") as out:
            while block := source.read(_BLOCK):
                written += len(block)
                if written > size:
                    return ""
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    except (KeyError, zipfile.BadZipFile, EOFError):
        return ""
    return digest.hexdigest()


def _check(fresh: Path, file: Path) -> None:
    """Check the catalogue by itself. Raises `RagError`, `IndexMismatch`."""
    with plain_errors(fresh), closing(Catalogue.open(fresh).connection) as connection:
        faults = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    if faults != ["ok"]:
        raise RagError(f"{file} holds a damaged catalogue ({faults[0]}): nothing was changed; take another copy")
    with closing(sqlite3.connect(fresh / CATALOGUE_FILE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _make_whole(fresh: Path, about: dict[str, Any], folder: Path) -> None:
    """Make what is derived from the catalogue, and let it know its uploaded files where they will be."""
    writer = LocalWriter.open(fresh, wait=0)
    try:
        relocate(writer.ledger, about, fresh, folder)
        writer.mend()
    finally:
        writer.close()
