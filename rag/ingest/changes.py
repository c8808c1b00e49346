"""Files and folders compared with what an index has of them: new, changed, moved, vanished or duplicate files.

In: paths, and what the index knows of the files behind its documents. Out: a `Change`. Reads no more than the bytes of
files whose size or time differ, parses nothing and changes nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.documents import sidecar
from rag.documents.discover import Discovery, Found, Skipped, discover
from rag.documents.versions import reader_version
from rag.types import FileState, Stamp


class Change(NamedTuple):
    """The differences between files and an index, on which a run acts."""

    changed: list[Found]
    touched: list[Found]  # same bytes, another time
    unchanged: list[str]
    vanished: list[str]
    skipped: list[Skipped]
    stamps: dict[str, Stamp]  # of changed and touched files, by document id; none for a file that cannot be reached
    reread: list[str]  # the documents among the changed ones whose file is the same, but read otherwise now


class Same(NamedTuple):
    """Two documents with the same bytes."""

    document_id: str
    other: str


def find_changes(
    paths: Sequence[Path],
    known: dict[str, FileState],
    indexes_dir: Path | None = None,
    include_hidden: bool = False,
) -> Change:
    """Compare files with what the index has; files in `indexes_dir` are no documents of a folder around it.
    `include_hidden` is the option with which files are read now. Raises `InputError` for a path that does not exist."""
    discovery = discover(paths)
    apart = [f"{indexes_dir.resolve()}{os.sep}"] if indexes_dir and is_around(paths, indexes_dir) else []
    id_of = {state.source: document_id for document_id, state in known.items()}
    skipped = [item for item in discovery.skipped if not apart or not _below(str(item.path.resolve()), apart)]
    change = Change([], [], [], [], skipped, {}, [])
    present = set()
    for file in discovery.files:
        if _below(file.source, apart):
            continue
        present.add(file.source)
        # a file keeps the id that it has, even when another of the folders above it is given this time
        document_id = id_of.get(file.source, file.document_id)
        found = file if document_id == file.document_id else file._replace(document_id=document_id)
        _compare(found, known.get(document_id), change, include_hidden)
    change.vanished.extend(_vanished(paths, discovery, present, known, apart))
    return change


def identical(change: Change, known: dict[str, FileState]) -> list[Same]:
    """The changed files that have the bytes of another one or of a document. Vanished documents are preferred as the
    `other`, since such a file was moved. Reads the bytes of all changed files."""
    first = by_content(known, without={found.document_id for found in change.changed}, rather=set(change.vanished))
    found_same = []
    for found in change.changed:
        try:
            other = first.setdefault(sha256(found.path), found.document_id)
        except OSError:
            continue  # the run will read it and report the error
        if other != found.document_id:
            found_same.append(Same(found.document_id, other))
    return found_same


def by_content(known: dict[str, FileState], without: set[str], rather: set[str]) -> dict[str, str]:
    """A document for each content, by SHA-256: one of `rather` if there is one, none of `without`."""
    ids = sorted((document_id for document_id in known if document_id not in without), key=lambda i: i not in rather)
    first: dict[str, str] = {}
    for document_id in ids:
        first.setdefault(known[document_id].sha256, document_id)
    return first


def sha256(path: Path) -> str:
    """The SHA-256 of the file's bytes, in hex. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp(file: str | Path, described: bool = True) -> Stamp:
    """The size and time of a file; if it is `described`, the time is that of its sidecar if that is later. Raises
    `OSError`."""
    stat = os.stat(file)
    return Stamp(stat.st_size, max(stat.st_mtime_ns, sidecar.changed_at(file) if described else 0))


def is_around(paths: Iterable[Path], indexes_dir: Path) -> bool:
    """True if none of the paths is in the folder of indexes, as that of uploads is: then they may contain it."""
    inside = indexes_dir.resolve()
    return not any(path.resolve().is_relative_to(inside) for path in paths)


def _compare(found: Found, state: FileState | None, change: Change, include_hidden: bool) -> None:
    """Put the file where it belongs in `change`; `state` is what the index has of the document with its id."""
    before = state if state is not None and state.source == found.source else None
    try:
        now = stamp(found.file, found.described)
        same_reading = before is None or _is_read_alike(before, found, include_hidden)
        if before is not None and before.stamp == now and same_reading:
            change.unchanged.append(found.document_id)
            return
        change.stamps[found.document_id] = now
        same_bytes = before is not None and before.sha256 == sha256(found.path)
        if same_bytes and not same_reading:
            change.reread.append(found.document_id)
        elif same_bytes and not sidecar.beside(found.path).exists():
            change.touched.append(found)
            return
    except OSError:
        pass  # the run will read it and report the error
    change.changed.append(found)


def _is_read_alike(before: FileState, found: Found, include_hidden: bool) -> bool:
    """True if the same file would be read as it was; its hidden text counts only if it holds some."""
    return before.reader == reader_version(found.path.name) and before.hidden in (None, include_hidden)


def _vanished(
    paths: Iterable[Path], discovery: Discovery, present: set[str], known: dict[str, FileState], apart: list[str]
) -> list[str]:
    """Documents of the given folders, but not of those `apart`, whose file is no longer there or no longer read."""
    roots = [f"{path.resolve()}{os.sep}" for path in paths if path.is_dir()]
    unknown = apart + [f"{skipped.path.resolve()}{os.sep}" for skipped in discovery.skipped if skipped.path.is_dir()]
    return sorted(
        document_id
        for document_id, state in known.items()
        if state.source not in present and _below(state.source, roots) and not _below(state.source, unknown)
    )


def _below(source: str, folders: Iterable[str]) -> bool:
    return any(source.startswith(folder) or folder == os.sep for folder in folders)
