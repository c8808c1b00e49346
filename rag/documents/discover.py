"""Files and folders -> the files to read, each with the id that it keeps.

In: paths as a person gives them. Out: files in order of their ids, and what was left out with the reason.
It opens no file but `.ragignore`; hidden ones and those of office programs' locks are passed over in silence.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from rag.documents import leaving_out, sidecar
from rag.documents.contained import is_mistakable
from rag.documents.formats import HIDDEN, is_readable
from rag.documents.leaving_out import Rules
from rag.errors import InputError

MISTAKABLE = "its documents could not be told from those in the file of that name without the '!'; rename the folder"


class Found(NamedTuple):
    """A file to read. Paths are strings: making `Path`s of all files of a library takes longer than a run needs."""

    file: str
    document_id: str  # path below the root, with the root folder's own name in front
    source: str  # the file's real path, links resolved
    described: bool = True  # a sidecar may lie beside it
    known: frozenset[tuple[str, str]] = frozenset()  # documents in it that need not be read again: id and SHA-256
    link: str = ""  # its path with the folder's links resolved, if it is itself a link
    root: str = ""  # the real path of the folder that was given; empty for a file that was given itself

    @property
    def path(self) -> Path:
        """The file's path as it was found, links not resolved."""
        return Path(self.file)

    @property
    def place(self) -> str:
        """The path by which the file was found, with all links resolved but that which it is itself."""
        return self.link or self.source


class Skipped(NamedTuple):
    """A file or folder that is left out, and why, as the end of a sentence about it."""

    path: Path
    reason: str


class UnreachableFile(Skipped):
    """A file or folder that is there, but that could not be looked at just now."""

    __slots__ = ()


class Excluded(Skipped):
    """A file or folder that a person wants left out."""

    __slots__ = ()


_NONE = frozenset[tuple[str, str]]()


class Discovery(NamedTuple):
    """The files to read, in order of their ids, and those left out, in order of their paths."""

    files: tuple[Found, ...]
    skipped: tuple[Skipped, ...]


def discover(paths: Sequence[Path], exclude: Sequence[str] = ()) -> Discovery:
    """The files at and below `paths`, but below them none that fits a pattern of `exclude` or of a `.ragignore`. A file
    with several names is there several times, and two files may have one id: `rag.ingest.naming` decides.

    Raises `InputError` for a path that does not exist, for one whose documents could not be told from those in a file,
    and for what is no pattern.
    """
    files: dict[str, Found] = {}  # by the path as it was found
    skipped: dict[Path, Skipped] = {}
    rules = leaving_out.given(exclude)
    for root in paths:
        for entry in _entries(root, rules):
            if isinstance(entry, Skipped):
                skipped[entry.path] = entry
            else:
                files.setdefault(entry.link or entry.source, entry)
    found = sorted(files.values(), key=attrgetter("document_id"))
    return Discovery(tuple(found), tuple(sorted(skipped.values())))


def _entries(root: Path, rules: Sequence[Rules]) -> Iterator[Found | Skipped]:
    try:
        is_folder = root.is_dir()
        exists = root.exists()
    except OSError as exc:
        raise InputError(f"{root}: cannot be reached: {exc.strerror}", param="paths") from exc
    if not exists:
        raise InputError(f"{root}: there is no file or folder of that name", param="paths")
    if not _is_storable(os.path.realpath(root)):
        raise InputError(f"{os.fsencode(root)!r}: a name on its path is not valid UTF-8; rename it", param="paths")
    if is_folder and is_mistakable(_own_name(root)):
        raise InputError(f"{root}: {MISTAKABLE}", param="paths")
    if is_folder:
        real = os.path.realpath(root)
        try:
            around = leaving_out.rules_above(real)
        except OSError as exc:
            yield UnreachableFile(root, f"{exc.filename} cannot be read: {exc.strerror}")
            return
        yield from _Walk(_own_name(root), real).entries(str(root), "", real, (*rules, *around))
    else:
        link = os.path.join(os.path.realpath(root.parent), root.name) if root.is_symlink() else ""
        yield Found(str(root), _own_name(root), os.path.realpath(root), link=link)


def _is_storable(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _own_name(root: Path) -> str:
    """The last name of the path as given; if that is `.` or `..`, of the path that it stands for."""
    return root.name if root.name not in ("", "..") else root.resolve().name


class _Walk:
    """A walk through the folders below a root, of which `label` begins the ids and `root` is the real path."""

    def __init__(self, label: str, root: str) -> None:
        self._label = label
        self._root = root

    def entries(self, folder: str, base: str, source: str, rules: tuple[Rules, ...]) -> Iterator[Found | Skipped]:
        """Yields what is in a folder and below; `base` is its path below the root, with a slash behind, or empty."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            names = {entry.name for entry in entries}
            if leaving_out.RULES in names:
                rules = leaving_out.within(leaving_out.of_folder(folder, base), rules)
        except OSError as exc:
            yield UnreachableFile(Path(folder), _unreadable_folder(exc, folder))
            return
        if base and leaving_out.is_cache(names) and leaving_out.left_out(rules, base) is None:
            yield Skipped(Path(folder), leaving_out.CACHE)
            return
        begin, begin_real = f"{self._label}/{base}".lstrip("/"), os.path.join(source, "")
        for entry in entries:
            name, file = entry.name, entry.path
            if name.startswith(HIDDEN):
                if name in leaving_out.VERSIONS:
                    yield Skipped(Path(file), leaving_out.reason_by_default(name, names))
            elif skipped := _skipped(entry, file) or _left_out(entry, file, base, names, rules):
                yield skipped
            elif entry.is_dir():
                yield from self.entries(file, f"{base}{name}/", begin_real + name, rules)
            else:
                here = begin_real + name
                real = os.path.realpath(file) if entry.is_symlink() else here
                described = sidecar.sidecar_name(name) in names
                link = here if real != here else ""
                yield Found(file, begin + name, real, described, _NONE, link, self._root)


def _unreadable_folder(exc: OSError, folder: str) -> str:
    if exc.filename == os.path.join(folder, leaving_out.RULES):
        return f"its {leaving_out.RULES} cannot be read: {exc.strerror}"
    return f"the folder cannot be read: {exc.strerror}"


def _left_out(entry: os.DirEntry[str], file: str, base: str, names: set[str], rules: Sequence[Rules]) -> Skipped | None:
    """The file or folder with the reason to leave it out, by a person's wish or because programs fill it."""
    is_folder = entry.is_dir()
    origin = leaving_out.left_out(rules, f"{base}{entry.name}{'/' if is_folder else ''}") if rules else None
    if origin:
        return Excluded(Path(file), f"is left out by {origin}")
    if origin is None and is_folder and (reason := leaving_out.reason_by_default(entry.name, names)):
        return Skipped(Path(file), reason)
    return None


def _skipped(entry: os.DirEntry[str], file: str) -> Skipped | None:
    """The file or folder with the reason to leave it out; None if there is none.

    `entry` knows from the folder's listing what a path would have to ask for, three times a file.
    """
    try:
        if not entry.name.isascii():
            entry.name.encode("utf-8")
        is_folder, is_file = entry.is_dir(), entry.is_file()
    except UnicodeEncodeError:
        return Skipped(Path(file), "its name is not valid UTF-8; rename it")
    except OSError as exc:
        return UnreachableFile(Path(file), f"cannot be reached: {exc.strerror}")
    if is_folder:
        reason = _reason_to_skip_folder(entry)
    elif is_file and is_readable(entry.name):
        return None if os.access(file, os.R_OK) else UnreachableFile(Path(file), _refusal(file))
    elif entry.is_symlink() and not is_file and not os.path.isdir(os.path.dirname(os.path.realpath(file))):
        return UnreachableFile(Path(file), "is a link to nothing")  # the drive to which it leads may not be there
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
    suffix = Path(entry.name).suffix
    return f"files of type {suffix.lower()} are not read" if suffix else "has no suffix that tells its type"


def _refusal(file: str) -> str:
    """The reason why a file that is listed cannot be opened: it may not be, or its drive has gone meanwhile."""
    try:
        os.stat(file)
    except OSError as exc:
        return f"cannot be reached: {exc.strerror}"
    return "cannot be read: permission denied"
