"""Paths as they were given, and where they led -> the documents of one that leads elsewhere now are those of the new
place.

In: paths of a run, and the index, which notes where each led the last time. Out: documents whose files are looked for
in the new place, with the ids that they have. A path leads elsewhere if it is a link, or lies below one, that was
changed: without a note, the files of the old place would stay in the index for ever, with those of the new one beside
them. A path that was replaced by another folder or file leads where it led, and needs none of this; nor does a file
that is itself a link, by which it is known.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.documents.contained import path_now
from rag.seams import DocumentSink
from rag.types import FileState


class Moved(NamedTuple):
    """A folder that took the place of another, both with a slash behind; or a file."""

    before: str
    now: str


def follow(paths: Sequence[Path], index: DocumentSink) -> None:
    """Let the index know where the paths lead now; documents of places to which none leads any more move along."""
    noted, now, files = index.roots(), *_now(paths)
    for moved in moved_roots(noted, now, files):
        index.move_files(*moved)
    for given, place in now.items():
        before = given if given in files else None  # many files may be given, and few lead elsewhere
        if noted.get(given, before) != place:
            index.note_root(given, place)


def followed(paths: Sequence[Path], known: Mapping[str, FileState], noted: Mapping[str, str]) -> dict[str, FileState]:
    """State of files that an index knows, as it will be after `follow`; `noted` are its roots."""
    found = dict(known)
    for moved in moved_roots(noted, *_now(paths)):
        for name, state in found.items():
            place = state.stamp.place and path_now(state.stamp.place, *moved)
            found[name] = state._replace(source=path_now(state.source, *moved), stamp=state.stamp._replace(place=place))
    return found


def moved_roots(noted: Mapping[str, str], now: Mapping[str, str], files: Collection[str] = frozenset()) -> list[Moved]:
    """The places that are to move along, of paths that lead elsewhere now; `files` are those that are no folders, which
    led nowhere else if nothing is noted. One to which another path leads as well, or that lies below or around one of
    those, stays what it is."""
    before = {given: noted.get(given, given if given in files else place) for given, place in now.items()}
    changed = [given for given, place in now.items() if before[given] != place]
    if not changed:
        return []
    leads = Counter(_folder(now.get(given) or os.path.realpath(given)) for given in noted.keys() | now.keys())
    places = sorted(leads)
    found = []
    for given in changed:
        leads[_folder(now[given])] -= 1  # where it leads itself does not count
        if not any(leads[each] > 0 for each in _meeting(before[given], places)):
            end = "" if given in files else os.sep
            found.append(Moved(before[given].rstrip(os.sep) + end, now[given].rstrip(os.sep) + end))
        leads[_folder(now[given])] += 1
    return found


def _now(paths: Sequence[Path]) -> tuple[dict[str, str], set[str]]:
    """Places to which the paths lead, of a file that is itself a link that of the link; and those that are files."""
    folders = {os.path.abspath(path): os.path.realpath(path) for path in paths if path.is_dir()}
    files = {
        os.path.abspath(path): os.path.join(os.path.realpath(path.parent), path.name)
        for path in paths
        if path.is_file()
    }
    return folders | files, set(files)


def _meeting(place: str, places: Sequence[str]) -> Iterator[str]:
    """The place with a slash behind, the folders around it, and those of the sorted places that are in it."""
    folder = _folder(place)
    yield from (folder[: end + 1] for end, letter in enumerate(folder) if letter == os.sep)
    for each in places[bisect_left(places, folder) :]:
        if not each.startswith(folder):
            return
        yield each


def _folder(path: str) -> str:
    return path.rstrip(os.sep) + os.sep
