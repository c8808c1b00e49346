"""Files and folders compared with what an index has of them: new, changed, moved, vanished or duplicate files.

In: paths, and what the index knows of the files behind its documents. Out: a `Change`. Reads no more than the bytes of
files whose marks differ, and of a few others in turn; parses nothing and changes nothing. The documents of one file
(itself, and those in it) are compared together: they have its stamp, once all of it is in the index.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rag.documents.contained import container_of, file_of, holders_of, is_container, stays_closed
from rag.documents.discover import Discovery, Found, Skipped, discover
from rag.documents.formats import OFFICE
from rag.documents.options import DEFAULTS, ReadOptions
from rag.documents.stamps import SETTLED_NS, sha256_of, stamp_of
from rag.documents.versions import reader_version
from rag.ingest.failures import as_before
from rag.ingest.naming import Renamed, name_files
from rag.ingest.vanished import Held, Walked, superseded, vanished
from rag.types import Failed, FileState, Stamp

EMPTY = "is empty"
_SAMPLE = 8  # unchanged files whose bytes are compared in a run, for drives that tell no time of change
_SAMPLE_BYTES = 1 << 20  # the size of the largest of these


@dataclass(slots=True)
class Change:
    """The differences between files and an index, on which a run acts."""

    changed: list[Found] = field(default_factory=list)
    touched: list[Found] = field(default_factory=list)  # same bytes, other marks; those in a file are here as well
    unchanged: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    # Of changed and touched files, by document id; none for a file that cannot be reached
    stamps: dict[str, Stamp] = field(default_factory=dict)
    reread: list[str] = field(default_factory=list)  # those of the changed ones whose file is the same, read otherwise
    # What the index has of each changed file: itself and those in it, by ids; if anything
    known: dict[str, list[str]] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)  # paths of which too much would go: nothing of them is removed
    kept: list[str] = field(default_factory=list)  # documents that are missing below them
    superseded: list[str] = field(default_factory=list)  # whose file is gone, and whose id another file has
    stale: list[str] = field(default_factory=list)  # documents whose file cannot be read, or is missing and kept
    renamed: list[Renamed] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)  # as before, and not to be tried again
    remarked: dict[str, list[Failed]] = field(default_factory=dict)  # those of them to be noted anew, by their file
    forgotten: set[str] = field(default_factory=set)  # files whose failures count no longer
    options: ReadOptions = DEFAULTS  # with which the changed files are read


class Same(NamedTuple):
    """Two documents with the same bytes."""

    document_id: str
    other: str


def find_changes(
    paths: Sequence[Path],
    known: dict[str, FileState],
    indexes_dir: Path | None = None,
    options: ReadOptions = DEFAULTS,
    failures: Iterable[Failed] = (),
    exclude: Sequence[str] = (),
    prune: bool | Collection[str] = False,
    missed: Sequence[Skipped] = (),
) -> Change:
    """Compare files with what the index has; files in `indexes_dir` are no documents of a folder around it. `options`
    are those with which files are read now; `prune` names documents that may go however many they are, or is True for
    all; `missed` are copies that could not be brought up to date. Raises `InputError` for a path that does not
    exist."""
    discovery = _without(discover(paths, exclude), missed)
    around = indexes_dir is None or is_around(paths, indexes_dir)
    apart = [f"{indexes_dir.resolve()}{os.sep}"] if indexes_dir and around else []
    found = [file for file in discovery.files if not apart or not _below(file.source, apart)]
    failures = list(failures)
    names = name_files(found, {**_of_failures(failures, known), **known}, own_uploads=not around)
    skipped = [item for item in discovery.skipped if not apart or not _below(os.path.realpath(item.path), apart)]
    change = Change(skipped=skipped, renamed=names.renamed, options=options)
    comparison = _Comparison(known, change, failures)
    present = [file for file in names.files if comparison.add(file)]
    comparison.sample()
    comparison.forget(paths, {file.source for file in present}, apart)
    walked = Walked(paths, present, discovery.skipped, apart)
    gone = vanished(walked, known, change.stamps, prune)
    change.vanished, change.held, change.kept = gone.vanished, gone.held, gone.kept
    replaced = superseded(walked, known)
    change.superseded = [] if change.held else replaced  # where so much is missing, nothing goes unasked
    stale = [*gone.stale, *(replaced if change.held else ())]
    change.stale = [name for name in stale if not known[name].stale]
    return change


def _of_failures(failures: Iterable[Failed], known: Mapping[str, FileState]) -> dict[str, FileState]:
    """Files that could not be read, as if the index had their documents: they keep their ids as well, since they may be
    readable again, and an id of theirs is no other's meanwhile."""
    of_folders = [failed for failed in failures if container_of(failed.document_id) is None]
    if not of_folders:
        return {}
    files = {file_of(name, state.source) for name, state in known.items()}
    return {
        failed.document_id: FileState(failed.sha256, failed.stamp, failed.file)
        for failed in of_folders
        if failed.document_id not in known and failed.file not in files and os.path.lexists(failed.file)
    }


def _without(discovery: Discovery, missed: Sequence[Skipped]) -> Discovery:
    """Change that was found, but for copies that are not as new as they might be: those are kept as they were read."""
    if not missed:
        return discovery
    old = {os.path.realpath(item.path) for item in missed}
    files = tuple(found for found in discovery.files if found.source not in old)
    return Discovery(files, (*discovery.skipped, *missed))


def identical(change: Change, known: dict[str, FileState]) -> list[Same]:
    """The changed files that have the bytes of another one or of a document. Vanished documents are preferred as the
    `other`, since such a file was moved. Reads the bytes of all changed files."""
    first = by_content(known, without={found.document_id for found in change.changed}, rather=set(change.vanished))
    found_same = []
    for found in change.changed:
        try:
            other = first.setdefault(sha256_of(found.path), found.document_id)
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
    return stamp._replace(size=None)


def by_content(known: dict[str, FileState], without: set[str], rather: set[str]) -> dict[str, str]:
    """A document for each content, by SHA-256: one of `rather` if there is one, none of `without`."""
    ids = sorted((document_id for document_id in known if document_id not in without), key=lambda i: i not in rather)
    first: dict[str, str] = {}
    for document_id in ids:
        first.setdefault(known[document_id].sha256, document_id)
    return first


def is_around(paths: Iterable[Path], indexes_dir: Path) -> bool:
    """True if none of the paths is in the folder of indexes, as that of uploads is: then they may contain it."""
    inside = indexes_dir.resolve()
    return not any(path.resolve().is_relative_to(inside) for path in paths)


class _Comparison:
    """The comparison of files, one after another, with what an index has of them."""

    def __init__(self, known: Mapping[str, FileState], change: Change, failures: Iterable[Failed]) -> None:
        self._known = known
        self._inside = by_container(known)
        self._change = change
        self._failures: dict[str, list[Failed]] = {}
        for failed in failures:
            self._failures.setdefault(failed.file, []).append(failed)
        self._quiet_since = time.time_ns() - SETTLED_NS  # files that were changed before have got another time since
        self._unchanged: list[Found] = []  # those without others in them
        self._whole: set[str] = set()  # files that are as they were when all of them was read

    def add(self, found: Found) -> bool:
        """Put the file where it belongs in the change; False if it is empty, and so no document."""
        return self._is_as_it_was(found) or self._add(found)

    def _is_as_it_was(self, found: Found) -> bool:
        """Put a file that is one document, and is in all as the index has it, among the unchanged ones: a short way for
        most files. False for any other."""
        name = found.document_id
        state = self._known.get(name)
        if state is None or state.stale or state.source != found.source or found.described:
            return False
        if name in self._inside or found.source in self._failures:
            return False
        size, modified, changed, inode, own, place, device = state.stamp
        if not size or own or changed is None or changed > self._quiet_since or place != (found.link or found.source):
            return False
        try:
            now = os.stat(found.file)
        except OSError:
            return False
        if (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (size, modified, changed):
            return False
        if (now.st_ino, now.st_dev) != (inode, device) or not _is_read_alike(name, state, self._change.options):
            return False
        self._change.unchanged.append(name)
        self._unchanged.append(found)
        return True

    def _add(self, found: Found) -> bool:
        names = [found.document_id, *self._inside.get(found.document_id, ())]
        states = {name: self._known[name] for name in names if name in self._known}
        before = {name: state for name, state in states.items() if file_of(name, state.source) == found.source}
        now = None
        try:
            now = stamp_of(found)
            if now.size == 0 and not (before and _is_never_empty(found.file)):
                self._change.skipped.append(Skipped(found.path, EMPTY))
                return False
            if self._is_done(found, before, now):
                return True
            found = found._replace(known=self._known_in(found, before, now))
        except OSError:
            pass  # the run will read it and report the error
        if now is not None:
            self._change.stamps[found.document_id] = now
        if states:
            self._change.known[found.document_id] = list(states)
        self._change.changed.append(found)
        return True

    def sample(self) -> None:
        """Compare the bytes of a few files that seem unchanged; which, the clock says."""
        files, states = self._unchanged, self._known
        first = time.time_ns() // 1000 % len(files) if files else 0
        for found in (files[first:] + files[:first])[:_SAMPLE]:
            state = states[found.document_id]
            try:
                if (state.stamp.size or 0) > _SAMPLE_BYTES or sha256_of(found.path) == state.sha256:
                    continue
                self._change.stamps[found.document_id] = stamp_of(found)
            except OSError:
                continue
            self._change.unchanged.remove(found.document_id)
            self._change.known[found.document_id] = [found.document_id]
            self._change.changed.append(found)

    def forget(self, paths: Sequence[Path], present: set[str], apart: Sequence[str]) -> None:
        """Note the files whose failures count no longer: they are read again or as the index has them, gone, or left
        out of the paths; `present` are those that were found."""
        over = self._whole | {found.source for found in self._change.changed}
        roots = [os.path.realpath(path).rstrip(os.sep) + os.sep for path in paths]
        for file in self._failures:
            lost = file not in present and (_below(file, roots) or not os.path.lexists(file))
            if file in over or (lost and not _below(file, apart)):
                self._change.forgotten.add(file)

    def _is_done(self, found: Found, before: dict[str, FileState], now: Stamp) -> bool:
        """True if the file need not be read: it is as it was, or failed as it is."""
        change = self._change
        old = self._old(before)
        if before and not old and now.ctime_ns is not None and _have_marks(before, now):
            self._keep(found, before, now)
            return True
        failures = [] if old else self._settled(found, before)
        if again := as_before(found, now, failures, change.options):
            change.failed.extend(again.failed)
            change.unchanged.extend(before)
            if again.remarked:
                change.remarked[found.source] = again.failed
            return True
        own = before.get(found.document_id)
        if own is None or own.sha256 != sha256_of(found.path):
            return False
        if found.document_id in old:
            change.reread.append(found.document_id)
        elif not old and not _is_described_anew(own.stamp, now) and _is_whole(before):
            self._touch(found, before, now)
            return True
        return False

    def _settled(self, found: Found, before: Mapping[str, FileState]) -> list[Failed]:
        """The failures of a file; none if a run was killed before it marked or removed the documents that failed."""
        failures = self._failures.get(found.source, [])
        names = [failed.document_id for failed in failures]
        return [] if any(name in before and not before[name].stale for name in names) else failures

    def _keep(self, found: Found, before: dict[str, FileState], now: Stamp) -> None:
        if not all(failed.empty for failed in self._failures.get(found.source, ())):
            self._whole.add(found.source)
        if any(state.stale or state.stamp != now for state in before.values()):
            self._touch(found, before, now)
            return
        self._change.unchanged.extend(before)
        if len(before) == 1 and found.document_id in before:
            self._unchanged.append(found)

    def _touch(self, found: Found, before: Iterable[str], now: Stamp) -> None:
        self._change.touched.extend(found._replace(document_id=name) for name in before)
        self._change.stamps.update(dict.fromkeys(before, now))

    def _old(self, before: Mapping[str, FileState]) -> set[str]:
        """The documents that would be read otherwise now."""
        return {name for name, state in before.items() if not _is_read_alike(name, state, self._change.options)}

    def _known_in(self, found: Found, before: dict[str, FileState], now: Stamp) -> frozenset[tuple[str, str]]:
        """The documents of a file that need not be read again, as `Found.known`."""
        if not is_container(found.file) or any(_is_described_anew(state.stamp, now) for state in before.values()):
            return frozenset()
        old = self._old(before)  # by a reader of before
        opened = {holder for name in old for holder in holders_of(name)}
        own = before.get(found.document_id)
        if own is not None and not _is_whole({found.document_id: own}):
            opened.add(found.document_id)  # something in it could not be read, and is tried again
        again = old | {name for name in opened if stays_closed(name)}
        return frozenset((name, state.sha256) for name, state in before.items() if name not in again)


def _is_never_empty(file: str) -> bool:
    """True for files of types whose programs write something even without text: one of no bytes was cut short."""
    return is_container(file) or os.path.splitext(file)[1].lower() in OFFICE


def _have_marks(states: Mapping[str, FileState], now: Stamp) -> bool:
    marks = now.marks()
    return all(state.stamp.marks() == marks for state in states.values())


def _is_described_anew(before: Stamp, now: Stamp) -> bool:
    """True if the metadata beside a file were changed. Of metadata that a version before this one read, it is only
    known that its time counted as that of the file if it was later."""
    if before.inode is None:
        return bool(now.own) or before.mtime_ns != now.mtime_ns
    return before.own != now.own


def _is_whole(states: Mapping[str, FileState]) -> bool:
    """True if all that is in a file was read when it was last read."""
    stamps = {state.stamp for state in states.values()}
    return len(stamps) == 1 and all(each.size is not None or each.mtime_ns is None for each in stamps)


def _is_read_alike(name: str, before: FileState, options: ReadOptions) -> bool:
    """True if the same file would be read as it was; its hidden text counts only if it holds some, and its images only
    if there is OCR now."""
    if before.reader != reader_version(name) or before.hidden not in (None, options.include_hidden):
        return False
    return before.ocr is None or before.ocr == "+".join(options.ocr_languages) or not _has_ocr()


def _has_ocr() -> bool:
    from rag.documents.pdf.ocr import is_installed

    return is_installed()


def _below(source: str, folders: Iterable[str]) -> bool:
    return any(source.startswith(folder) or folder == os.sep for folder in folders)
