"""Folders as they were given, and where they led -> the documents of one that leads elsewhere now are those of the new
place.

In: paths of a run, and the index, which notes where each led the last time. Out: documents whose files are looked for
in the new place, with the ids that they have. A path leads elsewhere if it is a link, or lies below one, that was
changed: without a note, the files of the old place would stay in the index for ever, with those of the new one beside
them. A path that was replaced by another folder leads where it led, and needs none of this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.seams import DocumentSink
from rag.types import FileState


class Moved(NamedTuple):
    """A folder that took the place of another; both with a slash behind."""

    before: str
    now: str


def follow(paths: Sequence[Path], index: DocumentSink) -> None:
    """Let the index know where the paths lead now; documents of places to which none leads any more move along."""
    noted, now = index.roots(), _now(paths)
    for moved in moved_roots(noted, now):
        index.move_files(*moved)
    for given, place in now.items():
        if noted.get(given) != place:
            index.note_root(given, place)


def followed(paths: Sequence[Path], known: Mapping[str, FileState], noted: Mapping[str, str]) -> dict[str, FileState]:
    """State of files that an index knows, as it will be after `follow`; `noted` are its roots."""
    found = dict(known)
    for moved in moved_roots(noted, _now(paths)):
        for name, state in found.items():
            stamp = state.stamp._replace(place=_moved(state.stamp.place, moved))
            found[name] = state._replace(source=_moved(state.source, moved) or state.source, stamp=stamp)
    return found


def moved_roots(noted: Mapping[str, str], now: Mapping[str, str]) -> list[Moved]:
    """The places that are to move along, of paths that lead elsewhere now. One to which another path leads as well, or
    that lies below or around one of those, stays what it is."""
    found = []
    for given, place in now.items():
        before = noted.get(given)
        if before is None or before == place:
            continue
        others = {now.get(other) or os.path.realpath(other) for other in noted.keys() | now.keys() if other != given}
        if not any(_meet(before, other) for other in others):
            found.append(Moved(_below(before), _below(place)))
    return found


def _now(paths: Sequence[Path]) -> dict[str, str]:
    return {os.path.abspath(path): os.path.realpath(path) for path in paths if path.is_dir()}


def _meet(one: str, other: str) -> bool:
    return _below(one).startswith(_below(other)) or _below(other).startswith(_below(one))


def _below(folder: str) -> str:
    return folder.rstrip(os.sep) + os.sep


def _moved(path: str | None, moved: Moved) -> str | None:
    return moved.now + path[len(moved.before) :] if path is not None and path.startswith(moved.before) else path
