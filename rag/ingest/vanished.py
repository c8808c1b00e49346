"""Documents whose files were not found -> those that are gone, those that are out of reach, and those to ask about.

In: what a walk found and left out, and what the index knows. Out: document ids. Absence is not proof: a file on a drive
that is not there, below a folder that cannot be read, or in a folder that came up empty may be there again tomorrow. So
if all, or more than half of ten or more, documents below a path would go, none of them does, unless that is wanted.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.documents.contained import container_of, file_of
from rag.documents.discover import Excluded, Found, Skipped, UnreachableFile
from rag.documents.stamps import sha256_of
from rag.ingest.naming import drive_of, place_of
from rag.types import FileState, Stamp

_MANY = 10  # documents below a path, of which more than half may not go unasked


class Walked(NamedTuple):
    """A walk: the paths that were given, the files that it found, what it left out, and folders that are no part of
    it."""

    paths: Sequence[Path]
    files: Sequence[Found]
    skipped: Sequence[Skipped]
    apart: Sequence[str]


class Held(NamedTuple):
    """A path below which so many documents would go that none does."""

    path: str
    vanished: int
    documents: int  # below the path


class Gone(NamedTuple):
    """The documents whose files were not found."""

    vanished: list[str]  # to be removed, sorted
    held: list[Held]
    stale: list[str]  # to be kept, although their files cannot be read
    kept: list[str] = []  # those of them that are missing, and kept because they are so many


class _Scope(NamedTuple):
    """A path that was given: a folder, with a slash behind, or a file."""

    path: str
    below: str

    def has(self, place: str) -> bool:
        return place.startswith(self.below) or place == self.path


def vanished(
    walked: Walked,
    known: Mapping[str, FileState],
    stamps: Mapping[str, Stamp],
    prune: bool | Collection[str] = False,
) -> Gone:
    """The documents at and below the paths, but not in folders apart, that are no longer there; `stamps` are those of
    files that are new or changed. None of those in `prune` is kept because they are so many; if it is True, none is."""
    scopes = [_scope(path) for path in walked.paths]
    present = {found.source: found.document_id for found in walked.files}
    ids = set(present.values())
    closed, left_out = _places(walked.skipped, UnreachableFile), _places(walked.skipped, Excluded)
    gone: list[str] = []
    stale: list[str] = []
    missing: list[str] = []
    for name, state in known.items():
        if name in ids or (container_of(name) or name) in ids:
            continue
        file, place = file_of(name, state.source), place_of(name, state)
        if _is_in(place, walked.apart):
            continue
        if file in present:  # it is another document by now
            gone.append(name)
        elif any(scope.has(place) for scope in scopes):
            if _is_in(place, left_out):
                gone.append(name)
            else:
                (stale if _is_in(place, closed) else missing).append(name)
    agreed = set(missing if prune is True else prune or ())
    held, kept = _held(scopes, missing, walked.files, known, stamps, agreed)
    gone += [name for name in missing if name not in kept]
    return Gone(sorted(gone), held, sorted([*stale, *kept]), sorted(kept))


def superseded(walked: Walked, known: Mapping[str, FileState]) -> list[str]:
    """The documents at and below the paths whose file was not found, and whose id another file has: they are to go,
    also if that file cannot be read. `vanished` has the others."""
    scopes, present = [_scope(path) for path in walked.paths], {found.source for found in walked.files}
    ids = {found.document_id: found.source for found in walked.files}
    spared = [*walked.apart, *_places(walked.skipped, UnreachableFile)]
    found = []
    for name, state in known.items():
        now = ids.get(name) or ids.get(container_of(name) or name)
        if now is None or now == (file := file_of(name, state.source)):
            continue
        place = place_of(name, state)
        if file in present or (any(scope.has(place) for scope in scopes) and not _is_in(place, spared)):
            found.append(name)
    return found


def _scope(path: Path) -> _Scope:
    real = os.path.realpath(path) if path.is_dir() else os.path.join(os.path.realpath(path.parent), path.name)
    return _Scope(real, real.rstrip(os.sep) + os.sep)


def _places(skipped: Iterable[Skipped], kind: type[Skipped]) -> list[str]:
    """The places of what was left out for a kind of reason: links in them are resolved, but not what they are."""
    found = [item.path for item in skipped if isinstance(item, kind)]
    return [os.path.join(os.path.realpath(path.parent), path.name) for path in found]


def _is_in(place: str, places: Sequence[str]) -> bool:
    return any(place == each or place.startswith(each.rstrip(os.sep) + os.sep) for each in places)


def _held(
    scopes: Sequence[_Scope],
    missing: Sequence[str],
    files: Sequence[Found],
    known: Mapping[str, FileState],
    stamps: Mapping[str, Stamp],
    agreed: set[str],
) -> tuple[list[Held], set[str]]:
    """The paths of which too much is missing, with the documents that are kept: none of those in `agreed`."""
    if agreed.issuperset(missing):
        return [], set()
    away = _away(missing, files, known, stamps)
    moved: set[str] | None = None
    held, kept = [], set[str]()
    for scope in scopes:
        here = {name for name in missing if scope.has(place_of(name, known[name]))}
        every = sum(scope.has(place_of(name, state)) for name, state in known.items())
        if _is_much(len(here), every) and moved is None:
            moved = _moved(missing, files, known, stamps)
        lost = here - (moved or set())
        lost = (lost if _is_much(len(lost), every) else lost & away) - agreed
        if lost:
            held.append(Held(scope.path, len(lost), every))
            kept |= lost
    return held, kept


def _is_much(gone: int, of: int) -> bool:
    return gone > 0 and (gone == of or (of >= _MANY and 2 * gone > of))


def _away(
    missing: Iterable[str], files: Iterable[Found], known: Mapping[str, FileState], stamps: Mapping[str, Stamp]
) -> set[str]:
    """The missing documents whose drive is not there: the nearest folder that is there lies on another one. A drive
    has another number after a restart, which files on it that are there tell."""
    now_of: dict[int | None, int | None] = {}
    for found in files:
        before = known.get(found.document_id)
        if before is not None and (now := stamps.get(found.document_id)) is not None:
            now_of[before.stamp.device] = now.device
    away = set()
    for name in missing:
        device = known[name].stamp.device
        if device is not None and now_of.get(device, device) != drive_of(file_of(name, known[name].source)):
            away.add(name)
    return away


def _moved(
    missing: Iterable[str], files: Iterable[Found], known: Mapping[str, FileState], stamps: Mapping[str, Stamp]
) -> set[str]:
    """The missing documents whose bytes are those of a new file, or that lie in such a file. Reads new files of equal
    sizes."""
    sizes: dict[int | None, list[Found]] = {}
    for found in files:
        if found.document_id not in known and found.document_id in stamps:
            sizes.setdefault(stamps[found.document_id].size, []).append(found)
    hashes: dict[str, str] = {}
    moved = set()
    for name in missing:
        state = known[name]
        for found in sizes.get(state.stamp.size, ()):
            now = stamps[found.document_id]
            if (now.inode, now.mtime_ns) == (state.stamp.inode, state.stamp.mtime_ns) or (
                container_of(name) is None and _hash(found, hashes) == state.sha256
            ):
                moved.add(name)
                break
    return moved


def _hash(found: Found, hashes: dict[str, str]) -> str:
    if found.source not in hashes:
        try:
            hashes[found.source] = sha256_of(found.path)
        except OSError:
            hashes[found.source] = ""
    return hashes[found.source]
