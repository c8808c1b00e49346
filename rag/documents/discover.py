"""Files and folders -> the files to read, each with the id that it keeps.

In: paths as a person gives them. Out: files in order of their ids, and what was left out with the reason.
It opens no file; hidden ones and those of office programs' locks are passed over in silence.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.documents import is_readable
from rag.errors import InputError

LOCK_PREFIX = "~$"  # what Word and Excel lay beside a file that is open


class Found(NamedTuple):
    path: Path
    document_id: str  # path below the root, with the root folder's own name in front


class Skipped(NamedTuple):
    path: Path
    reason: str


class Discovery(NamedTuple):
    files: tuple[Found, ...]
    skipped: tuple[Skipped, ...]


def discover(paths: Sequence[Path]) -> Discovery:
    """Raises `InputError` for a path that does not exist and for two files that would get the same id."""
    files: dict[str, Path] = {}
    skipped: dict[Path, Skipped] = {}
    for root in paths:
        for entry in _entries(root):
            if isinstance(entry, Skipped):
                skipped[entry.path] = entry
            elif _same_file(files.setdefault(entry.document_id, entry.path), entry.path):
                continue
            else:
                raise InputError(
                    f"{files[entry.document_id]} and {entry.path} would both be the document {entry.document_id}; "
                    "rename one of them, or give a folder that holds both",
                    param="paths",
                )
    found = (Found(path, document_id) for document_id, path in sorted(files.items()))
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
        yield from _walk(root, _own_name(root))
    else:
        yield Found(root, _own_name(root))


def _own_name(root: Path) -> str:
    """The last name of the path as given; where that is `.` or `..`, of the path that it stands for."""
    return root.name if root.name not in ("", "..") else root.resolve().name


def _walk(folder: Path, document_id: str) -> Iterator[Found | Skipped]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as exc:
        yield Skipped(folder, f"the folder cannot be read: {exc.strerror}")
        return
    for name in names:
        if name.startswith((".", LOCK_PREFIX)):
            continue
        path = folder / name
        reason = _reason_to_skip(path)
        below = f"{document_id}/{name}".lstrip("/")
        if reason:
            yield Skipped(path, reason)
        elif path.is_dir():
            yield from _walk(path, below)
        else:
            yield Found(path, below)


def _reason_to_skip(path: Path) -> str:
    try:
        str(path).encode("utf-8")
        is_folder, is_file = path.is_dir(), path.is_file()
    except UnicodeEncodeError:
        return "its name is not valid UTF-8; rename it"
    except OSError as exc:
        return f"cannot be reached: {exc.strerror}"
    if is_folder:
        return "is a link to a folder, which is not followed; give that folder itself" if path.is_symlink() else ""
    if not is_file:
        return "is a link to nothing" if path.is_symlink() and not path.exists() else "is not a regular file"
    if not is_readable(path):
        return (
            f"files of type {path.suffix.lower()} are not read" if path.suffix else "has no suffix that tells its type"
        )
    return "" if os.access(path, os.R_OK) else "cannot be read: permission denied"


def _same_file(first: Path, second: Path) -> bool:
    return first == second or first.resolve() == second.resolve()
