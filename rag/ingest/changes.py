"""Files and folders compared with what an index has of them: new, changed, moved, vanished or duplicate files.

In: paths, and what the index knows of the files behind its documents. Out: a `Change`. Reads no more than the bytes of
files whose size or time differ, parses nothing and changes nothing. The documents of one file (itself, and those in it)
are compared together: they have its stamp, once all of it is in the index.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.documents import sidecar
from rag.documents.contained import container_of, file_of, holders_of, is_container, stays_closed
from rag.documents.discover import Discovery, Found, Skipped, Unreachable, discover
from rag.documents.versions import reader_version
from rag.types import FileState, Stamp


class Change(NamedTuple):
    """The differences between files and an index, on which a run acts."""

    changed: list[Found]
    touched: list[Found]  # same bytes, another time; those in a file are here as well
    unchanged: list[str]
    vanished: list[str]
    skipped: list[Skipped]
    stamps: dict[str, Stamp]  # of changed and touched files, by document id; none for a file that cannot be reached
    reread: list[str]  # the documents among the changed ones whose file is the same, but read otherwise now
    known: dict[str, list[str]]  # what the index has of each changed file: itself and those in it, by ids; if anything


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
    id_of = {file_of(name, state.source): container_of(name) or name for name, state in known.items()}
    inside = by_container(known)
    skipped = [item for item in discovery.skipped if not apart or not _below(str(item.path.resolve()), apart)]
    change = Change([], [], [], [], skipped, {}, [], {})
    present = set()
    for file in discovery.files:
        if _below(file.source, apart):
            continue
        present.add(file.source)
        # a file keeps the id that it has, even when another of the folders above it is given this time
        document_id = id_of.get(file.source, file.document_id)
        found = file if document_id == file.document_id else file._replace(document_id=document_id)
        names = [name for name in (document_id, *inside.get(document_id, ())) if name in known]
        states = {name: known[name] for name in names if file_of(name, known[name].source) == found.source}
        if _compare(found, states, change, include_hidden) and names:
            change.known[document_id] = names
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


def by_container(known: Iterable[str]) -> dict[str, list[str]]:
    """The ids of documents that lie in files, by the id of the file of a folder in which they do."""
    found: dict[str, list[str]] = {}
    for document_id in known:
        if container := container_of(document_id):
            found.setdefault(container, []).append(document_id)
    return found


def unfinished(stamp: Stamp) -> Stamp:
    """The stamp of a document in a file, or of a file with others in it, of which not all is in the index: no file has
    it, so that the next run reads the file again."""
    return Stamp(None, stamp.mtime_ns)


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


def _compare(found: Found, before: dict[str, FileState], change: Change, include_hidden: bool) -> bool:
    """Put the file where it belongs in `change`; `before` are the states of its documents in the index. True if it is
    to be read."""
    try:
        now = stamp(found.file, found.described)
        old = {name for name, state in before.items() if not _is_read_alike(name, state, include_hidden)}
        if before and not old and all(state.stamp == now for state in before.values()):
            change.unchanged.extend(before)
            return False
        change.stamps[found.document_id] = now
        own = before.get(found.document_id)
        same_bytes = own is not None and own.sha256 == sha256(found.path)
        described = sidecar.changed_at(found.file) > 0
        if same_bytes and found.document_id in old:
            change.reread.append(found.document_id)
        elif same_bytes and not old and not described and _is_whole(before):
            change.touched.extend(found._replace(document_id=name) for name in before)
            change.stamps.update(dict.fromkeys(before, now))
            return False
        if is_container(found.file) and not described:
            found = found._replace(known=_known(before, old, found.document_id))
    except OSError:
        pass  # the run will read it and report the error
    change.changed.append(found)
    return True


def _known(before: dict[str, FileState], old: set[str], document_id: str) -> frozenset[tuple[str, str]]:
    """The documents of a file that need not be read again, as `Found.known`; `old` are those of a reader of before."""
    opened = {holder for name in old for holder in holders_of(name)}
    if document_id in before and not _is_whole({document_id: before[document_id]}):
        opened.add(document_id)  # something in it could not be read, and is tried again
    again = old | {name for name in opened if stays_closed(name)}
    return frozenset((name, state.sha256) for name, state in before.items() if name not in again)


def _is_whole(states: dict[str, FileState]) -> bool:
    """True if all that is in a file was read when it was last read."""
    stamps = {state.stamp for state in states.values()}
    return len(stamps) == 1 and all(each != unfinished(each) or each.mtime_ns is None for each in stamps)


def _is_read_alike(name: str, before: FileState, include_hidden: bool) -> bool:
    """True if the same file would be read as it was; its hidden text counts only if it holds some."""
    return before.reader == reader_version(name) and before.hidden in (None, include_hidden)


def _vanished(
    paths: Iterable[Path], discovery: Discovery, present: set[str], known: dict[str, FileState], apart: list[str]
) -> list[str]:
    """Documents of the given folders, but not of those `apart`, whose file is no longer there or no longer read. One
    that could not be looked at may be there."""
    roots = [f"{path.resolve()}{os.sep}" for path in paths if path.is_dir()]
    unreachable = {str(skipped.path.resolve()) for skipped in discovery.skipped if isinstance(skipped, Unreachable)}
    unknown = apart + [f"{path}{os.sep}" for path in unreachable]
    vanished = []
    for document_id, state in known.items():
        file = file_of(document_id, state.source)
        if file not in present and file not in unreachable and _below(file, roots) and not _below(file, unknown):
            vanished.append(document_id)
    return sorted(vanished)


def _below(source: str, folders: Iterable[str]) -> bool:
    return any(source.startswith(folder) or folder == os.sep for folder in folders)
