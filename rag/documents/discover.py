"""Files and folders -> the files to read, each with the id that it keeps.

In: paths as a person gives them. Out: files in order of their ids, and what was left out with the reason.
It opens no file; hidden ones and those of office programs' locks are passed over in silence.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.documents import sidecar
from rag.documents.read import is_readable
from rag.errors import InputError

LOCK_PREFIX = "~$"  # what Word and Excel lay beside a file that is open


class Found(NamedTuple):
    """A file to read. Paths are strings: making `Path`s of all files of a library takes longer than a run needs."""

    file: str
    document_id: str  # path below the root, with the root folder's own name in front
    source: str  # the file's real path, links resolved
    described: bool = True  # a sidecar may lie beside it

    @property
    def path(self) -> Path:
        """The file's path as it was found, links not resolved."""
        return Path(self.file)


class Skipped(NamedTuple):
    """A file or folder that is left out, and why, as the end of a sentence about it."""

    path: Path
    reason: str


class Discovery(NamedTuple):
    """The files to read, in order of their ids, and those left out, in order of their paths."""

    files: tuple[Found, ...]
    skipped: tuple[Skipped, ...]


def discover(paths: Sequence[Path]) -> Discovery:
    """The files at and below `paths`.

    Raises `InputError` for a path that does not exist and for two files that would get the same id.
    """
    files: dict[str, Found] = {}
    skipped: dict[Path, Skipped] = {}
    for root in paths:
        for entry in _entries(root):
            if isinstance(entry, Skipped):
                skipped[entry.path] = entry
            elif files.setdefault(entry.document_id, entry).source != entry.source:
                raise InputError(
                    f"{files[entry.document_id].file} and {entry.file} would both be the document {entry.document_id}; "
                    "rename one of them, or give a folder that holds both",
                    param="paths",
                )
    found = sorted(files.values(), key=lambda entry: entry.document_id)
    return Discovery(tuple(found), tuple(sorted(skipped.values())))


def _entries(root: Path) -> Iterator[Found | Skipped]:
    try:
        is_folder = root.is_dir()
        exists = root.exists()
    except OSError as exc:
        raise InputError(f"{root}: cannot be reached: {exc.strerror}", param="paths") from exc
    if not exists:
        raise InputError(f"{root}: there is no file or folder of that name", param="paths")
    if is_folder:
        yield from _walk(str(root), _own_name(root), os.path.realpath(root))
    else:
        yield Found(str(root), _own_name(root), os.path.realpath(root))


def _own_name(root: Path) -> str:
    """The last name of the path as given; if that is `.` or `..`, of the path that it stands for."""
    return root.name if root.name not in ("", "..") else root.resolve().name


def _walk(folder: str, document_id: str, source: str) -> Iterator[Found | Skipped]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as exc:
        yield Skipped(Path(folder), f"the folder cannot be read: {exc.strerror}")
        return
    names = {entry.name for entry in entries}
    for entry in entries:
        if entry.name.startswith((".", LOCK_PREFIX)):
            continue
        file = os.path.join(folder, entry.name)
        below = f"{document_id}/{entry.name}".lstrip("/")
        if reason := _reason_to_skip(entry, file):
            yield Skipped(Path(file), reason)
        elif entry.is_dir():
            yield from _walk(file, below, os.path.join(source, entry.name))
        else:
            here = os.path.realpath(file) if entry.is_symlink() else os.path.join(source, entry.name)
            yield Found(file, below, here, sidecar.sidecar_name(entry.name) in names)


def _reason_to_skip(entry: os.DirEntry[str], file: str) -> str:
    """The reason to leave the file or folder out; empty if there is none.

    `entry` knows from the folder's listing what a path would have to ask for, three times a file.
    """
    try:
        entry.name.encode("utf-8")
        is_folder, is_file = entry.is_dir(), entry.is_file()
    except UnicodeEncodeError:
        return "its name is not valid UTF-8; rename it"
    except OSError as exc:
        return f"cannot be reached: {exc.strerror}"
    if is_folder:
        return "is a link to a folder, which is not followed; give that folder itself" if entry.is_symlink() else ""
    if not is_file:
        return "is a link to nothing" if entry.is_symlink() and not os.path.exists(file) else "is not a regular file"
    if not is_readable(entry.name):
        suffix = Path(entry.name).suffix
        return f"files of type {suffix.lower()} are not read" if suffix else "has no suffix that tells its type"
    return "" if os.access(file, os.R_OK) else "cannot be read: permission denied"
