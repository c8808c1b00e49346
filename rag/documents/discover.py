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
from rag.documents.contained import is_mistakable
from rag.documents.formats import HIDDEN
from rag.documents.read import is_readable
from rag.errors import InputError

MISTAKABLE = "its documents could not be told from those in the file of that name without the '!'; rename the folder"


class Found(NamedTuple):
    """A file to read. Paths are strings: making `Path`s of all files of a library takes longer than a run needs."""

    file: str
    document_id: str  # path below the root, with the root folder's own name in front
    source: str  # the file's real path, links resolved
    described: bool = True  # a sidecar may lie beside it
    known: frozenset[tuple[str, str]] = frozenset()  # documents in it that need not be read again: id and SHA-256

    @property
    def path(self) -> Path:
        """The file's path as it was found, links not resolved."""
        return Path(self.file)


class Skipped(NamedTuple):
    """A file or folder that is left out, and why, as the end of a sentence about it."""

    path: Path
    reason: str


class Unreachable(Skipped):
    """A file or folder that is there, but that could not be looked at just now."""

    __slots__ = ()


class Discovery(NamedTuple):
    """The files to read, in order of their ids, and those left out, in order of their paths."""

    files: tuple[Found, ...]
    skipped: tuple[Skipped, ...]


def discover(paths: Sequence[Path]) -> Discovery:
    """The files at and below `paths`.

    Raises `InputError` for a path that does not exist, for one whose documents could not be told from those in a file,
    and for two files that would get the same id.
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
    if is_folder and is_mistakable(_own_name(root)):
        raise InputError(f"{root}: {MISTAKABLE}", param="paths")
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
        yield Unreachable(Path(folder), f"the folder cannot be read: {exc.strerror}")
        return
    names = {entry.name for entry in entries}
    for entry in entries:
        if entry.name.startswith(HIDDEN):
            continue
        file = os.path.join(folder, entry.name)
        below = f"{document_id}/{entry.name}".lstrip("/")
        if skipped := _skipped(entry, file):
            yield skipped
        elif entry.is_dir():
            yield from _walk(file, below, os.path.join(source, entry.name))
        else:
            here = os.path.realpath(file) if entry.is_symlink() else os.path.join(source, entry.name)
            yield Found(file, below, here, sidecar.sidecar_name(entry.name) in names)


def _skipped(entry: os.DirEntry[str], file: str) -> Skipped | None:
    """The file or folder with the reason to leave it out; None if there is none.

    `entry` knows from the folder's listing what a path would have to ask for, three times a file.
    """
    try:
        entry.name.encode("utf-8")
        is_folder, is_file = entry.is_dir(), entry.is_file()
    except UnicodeEncodeError:
        return Skipped(Path(file), "its name is not valid UTF-8; rename it")
    except OSError as exc:
        return Unreachable(Path(file), f"cannot be reached: {exc.strerror}")
    if is_folder:
        reason = _reason_to_skip_folder(entry)
    elif is_file and is_readable(entry.name) and not os.access(file, os.R_OK):
        return Unreachable(Path(file), _refusal(file))
    else:
        reason = _reason_to_skip_file(entry, is_file, file)
    return Skipped(Path(file), reason) if reason else None


def _reason_to_skip_folder(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "is a link to a folder, which is not followed; give that folder itself"
    return MISTAKABLE if is_mistakable(entry.name) else ""


def _reason_to_skip_file(entry: os.DirEntry[str], is_file: bool, file: str) -> str:
    if not is_file:
        return "is a link to nothing" if entry.is_symlink() and not os.path.exists(file) else "is not a regular file"
    if not is_readable(entry.name):
        suffix = Path(entry.name).suffix
        return f"files of type {suffix.lower()} are not read" if suffix else "has no suffix that tells its type"
    return ""


def _refusal(file: str) -> str:
    """The reason why a file that is listed cannot be opened: it may not be, or its drive has gone meanwhile."""
    try:
        os.stat(file)
    except OSError as exc:
        return f"cannot be reached: {exc.strerror}"
    return "cannot be read: permission denied"
