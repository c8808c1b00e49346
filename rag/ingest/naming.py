"""Files as they were found, and the documents of an index -> each file once, with the id of its document.

A file keeps the id that it has, by whatever path it is found. Of several paths to one file (links, paths that overlap)
the one counts that the index knows, else its real one. The id of another file that is still there is never taken: all
of a second folder named `notes` is below `notes (2)`. A folder that was moved or renamed keeps the name that its
documents have. In: values. Out: values; it looks at files, but only at those that are new to the index, and at those
whose id or place in question they come upon.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from rag.documents.contained import container_of, file_of
from rag.documents.discover import Found
from rag.documents.stamps import stamp
from rag.index.uploaded import UPLOADS
from rag.types import FileState, Stamp

_TRIED = 1_000  # files of a folder, from all over it, that are compared with known ones to see if it was moved


class Renamed(NamedTuple):
    """A file or folder whose documents have another name than its own, since that is taken."""

    path: str
    name: str


class NamedFiles(NamedTuple):
    """Each file once, in order of the ids, and those that got another name than their own."""

    files: list[Found]
    renamed: list[Renamed]


def place_of(document_id: str, state: FileState) -> str:
    """The path by which the file of a folder was found that is or holds the document."""
    return state.stamp.place or file_of(document_id, state.source)


def name_files(files: Sequence[Found], known: Mapping[str, FileState], own_uploads: bool = False) -> NamedFiles:
    """The files with their ids; `own_uploads` says that the files are those of the folder of uploads."""
    names = _Names(known, own_uploads)
    chosen = [names.known(group) for group in _by_source(files)]
    names.take(found.document_id for found in chosen if names.is_known(found.source))
    new = [found for found in chosen if not names.is_known(found.source)]
    renamed: list[Renamed] = []
    fresh = dict(names.given(new, renamed))
    every = [fresh.get(found.source, found) for found in chosen]
    return NamedFiles(sorted(every, key=attrgetter("document_id")), renamed)


def _by_source(files: Sequence[Found]) -> Iterable[list[Found]]:
    groups: dict[str, list[Found]] = {}
    for found in files:
        groups.setdefault(found.source, []).append(found)
    return groups.values()


class _Owner(NamedTuple):
    """The file of a folder that an id stands for in the index."""

    file: str
    place: str
    stamp: Stamp


class _Names:
    """The ids of an index and of a run, and who has them."""

    def __init__(self, known: Mapping[str, FileState], own_uploads: bool) -> None:
        self._states: dict[str, tuple[str, FileState]] = {}  # by id of a file, with its path
        self._ids: dict[str, list[str]] = {}  # by the file
        self._own_uploads = own_uploads
        self._taken: set[str] = set()  # in this run
        for name, state in known.items():
            document_id = container_of(name) or name
            if document_id not in self._states:
                file = state.source if document_id is name else file_of(name, state.source)
                self._states[document_id] = file, state
                self._ids.setdefault(file, []).append(document_id)

    @cached_property
    def _owners(self) -> dict[str, _Owner]:
        """Owner of each id; most runs have nothing to compare with it."""
        return {
            document_id: _Owner(file, state.stamp.place or file, state.stamp)
            for document_id, (file, state) in self._states.items()
        }

    def is_known(self, file: str) -> bool:
        """True if the index has documents of the file."""
        return file in self._ids

    def take(self, ids: Iterable[str]) -> None:
        """Note ids that this run uses."""
        self._taken.update(ids)

    def known(self, group: Sequence[Found]) -> Found:
        """One of the paths to a file, with the id that the file has, if any."""
        ids = self._ids.get(group[0].source, ())
        if len(group) == 1 and len(ids) == 1:
            (found,), (document_id,) = group, ids
            if not found.link and found.document_id == document_id:
                return found
        else:
            found = min(group, key=lambda found: (found.document_id not in ids, bool(found.link), found.file))
            document_id = found.document_id if found.document_id in ids or not ids else min(ids)
            real = [each for each in group if not each.link]
            found = real[0] if real else found
        if ids and found.link and self._owners[document_id].place == found.source:
            # Its real place is known, and counts for more than a link to it, with the metadata that lie there
            found = found._replace(file=found.source, link="", described=True)
        return found if found.document_id == document_id else found._replace(document_id=document_id)

    def given(self, new: Sequence[Found], renamed: list[Renamed]) -> Iterator[tuple[str, Found]]:
        """Yield files that are new to the index, with their ids, by their sources."""
        roots: dict[str, list[Found]] = {}
        for found in new:
            roots.setdefault(found.root, []).append(found)
        for root in sorted(roots):
            label = self._label(root, roots[root], renamed) if root else ""
            for found in roots[root]:
                wanted = f"{label}/{_below(root, found)}".lstrip("/") if root else found.document_id
                document_id = self._free(wanted, found)
                if document_id != wanted:
                    renamed.append(Renamed(found.file, document_id))
                self._taken.add(document_id)
                yield found.source, found._replace(document_id=document_id)

    def _label(self, root: str, files: Sequence[Found], renamed: list[Renamed]) -> str:
        """The name that begins the ids of the files below a root: that which they have, or one that is free."""
        own = files[0].document_id[: -len(_below(root, files[0])) - 1]
        if label := self._known_label(root) or self._moved_label(root, files):
            return label
        label = own
        number = 1
        while label and self._is_taken(label):
            number += 1
            label = f"{own} ({number})"
        if label != own:
            renamed.append(Renamed(root, label))
        return label

    def _known_label(self, root: str) -> str | None:
        below = root.rstrip(os.sep) + os.sep
        labels: Counter[str] = Counter()
        for document_id, owner in self._owners.items():
            if owner.place.startswith(below):
                rest = "/" + owner.place[len(below) :]
                if document_id.endswith(rest):
                    labels[document_id[: -len(rest)]] += 1
        return labels.most_common(1)[0][0] if labels else None

    def _moved_label(self, root: str, files: Sequence[Found]) -> str | None:
        """The name of a folder of the index that is no longer where it was, and of which these are the files."""
        by_marks: dict[tuple[int | None, ...], list[str]] = {}
        for document_id, owner in self._owners.items():
            for marks in _marks(owner.stamp):
                by_marks.setdefault(marks, []).append(document_id)
        for found in files[:: 1 + len(files) // _TRIED] if by_marks else ():
            try:
                now = stamp(found.file, described=False)
            except OSError:
                continue
            rest = "/" + _below(root, found)
            for marks in _marks(now):
                for document_id in by_marks.get(marks, ()):
                    if document_id.endswith(rest) and not os.path.lexists(self._owners[document_id].place):
                        return document_id[: -len(rest)]
        return None

    def _is_taken(self, label: str) -> bool:
        if label == UPLOADS and not self._own_uploads:
            return True
        below = f"{label}/"
        return any(name.startswith(below) for name in self._taken) or any(
            name.startswith(below) and not _is_gone(owner) for name, owner in self._owners.items()
        )

    def _free(self, wanted: str, found: Found) -> str:
        """The id that is wanted, or one with a number behind it if another file has that."""
        stem, suffix = os.path.splitext(wanted)
        number, document_id = 1, wanted
        while document_id in self._taken or not self._may_have(document_id, found):
            number += 1
            document_id = f"{stem} ({number}){suffix}"
        return document_id

    def _may_have(self, document_id: str, found: Found) -> bool:
        owner = self._owners.get(document_id)
        if owner is None or owner.place == found.place:
            return True
        if os.path.lexists(owner.place):
            return False
        return _is_gone(owner) or _has_marks(found, owner.stamp)


def _marks(now: Stamp) -> Iterator[tuple[int | None, ...]]:
    """Marks of which a file keeps one if its folder is moved: if it was changed since, it still has its number."""
    yield now.size, now.mtime_ns
    if now.inode is not None:
        yield now.device, now.inode, None


def _is_gone(owner: _Owner) -> bool:
    """True if a file is no longer where it was found, and its drive is there. False if that drive is not known."""
    if owner.stamp.device is None or os.path.lexists(owner.place):
        return False
    return drive_of(owner.file) == owner.stamp.device


def drive_of(file: str) -> int | None:
    """The number of the drive of the nearest folder above a file that is there; None if that cannot be told. Of a link,
    the file is that to which it leads, since the stamp tells the drive of that."""
    folder = os.path.dirname(file)
    while True:
        try:
            return os.stat(folder).st_dev
        except (FileNotFoundError, NotADirectoryError):
            if folder == (folder := os.path.dirname(folder)):
                return None
        except OSError:
            return None


def _has_marks(found: Found, before: Stamp) -> bool:
    try:
        stat = os.stat(found.file)
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (before.size, before.mtime_ns)


def _below(root: str, found: Found) -> str:
    """The file's path below the root, with slashes."""
    return found.place[len(root.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
