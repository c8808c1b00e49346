"""Files and folders -> an index in line with them: new and changed documents are put in, vanished ones taken out.

A pipeline: files are read one after another (by worker processes, if the reader has some), cut into passages,
embedded in batches across files, and committed document by document, so that what was done stays done whenever the
process ends. A `Preparer` (rag/ingest/prepare.py) reads, cuts and embeds; the one writer of the index is here. No more
is in memory than the current batches. A file that cannot be read is reported and leaves what the index has of it
untouched. Documents in a file (members of an archive, attachments) get its stamp when all of it is in the index; if a
run ends before, or something in it cannot be read, the next one reads it again and passes over what is there.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rag.background import UNWATCHED, Run
from rag.documents.contained import container_of, file_of, is_container, printable
from rag.documents.discover import Found, Skipped
from rag.documents.options import DEFAULTS, ReadOptions
from rag.documents.unpack import Archive
from rag.errors import DocumentError, EmptyDocument, RagError, ReaderFault
from rag.ingest.changes import EMPTY, Change, Same, by_content, find_changes, unfinished
from rag.ingest.contents import Contents
from rag.ingest.failures import failed_anyhow, to_remember
from rag.ingest.naming import Renamed
from rag.ingest.prepare import BATCH_PASSAGES, FileResult, Here, Preparer, Promise, ReadFiles, read_here
from rag.ingest.roots import follow
from rag.ingest.vanished import Held
from rag.seams import DocumentSink, Embedder
from rag.settings import Settings
from rag.types import Document, Embedding, Entry, Failed, Prepared, Stamp

_log = logging.getLogger(__name__)

_PUBLISH_S = 60.0  # readers see what was committed at least this often: publishing costs some tens of milliseconds


class Failure(NamedTuple):
    """A file that could not be read, and why, in one line."""

    document_id: str
    message: str
    traceback: str = ""  # of a fault of this program, in several lines


class Note(NamedTuple):
    """A part of a file that was not read, although the file was, in one line."""

    document_id: str
    message: str


@dataclass(slots=True)
class Summary:
    """The result of a run; documents by id."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    reread: list[str] = field(default_factory=list)  # of the replaced ones, those of the same file, read otherwise now
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)  # of added and replaced documents
    moved: list[Same] = field(default_factory=list)  # added ones with the bytes of a removed one, the `other`
    duplicates: list[Same] = field(default_factory=list)  # added or replaced ones with the bytes of another that stays
    held: list[Held] = field(default_factory=list)  # paths of which so much would have been removed that nothing was
    stale: list[str] = field(default_factory=list)  # documents whose files could not be read or found, kept as they are
    renamed: list[Renamed] = field(default_factory=list)  # files and folders whose own name was taken
    failed_before: list[Failed] = field(default_factory=list)  # not tried again
    passages: int = 0  # of added and replaced documents
    embedded: int = 0  # those of them that were not in the cache
    left: int = 0  # files that a stopped run did not reach


def _failure(document_id: str, exc: DocumentError) -> Failure:
    return Failure(document_id, str(exc), exc.traceback if isinstance(exc, ReaderFault) else "")


def _id_of(outcome: FileResult) -> str:
    return outcome.document.id if isinstance(outcome, Prepared) else outcome.document_id


class _Batch(NamedTuple):
    """Documents whose passages are embedded together."""

    documents: list[Prepared]
    cached: list[Embedding | None]  # for each of their passages
    fresh: Promise  # for those that are not in the cache


def sync(
    paths: Sequence[Path],
    index: DocumentSink,
    embedder: Embedder,
    settings: Settings,
    read: ReadFiles | None = None,
    run: Run = UNWATCHED,
    options: ReadOptions = DEFAULTS,
    prune: bool = False,
) -> Summary:
    """Bring `index` in line with `paths`; a run that is stopped commits and publishes what is done, and returns.
    `options` are those with which `read` reads; without it files are read in this process. With `prune`, all that
    vanished is removed, however much it is."""
    follow(paths, index)
    change = find_changes(paths, index.files(), settings.indexes_dir, options, failures=index.failures(), prune=prune)
    reading = read or partial(read_here, options=options)
    return carry_out(change, index, Here(embedder, settings.passage_tokens, reading), run)


def carry_out(change: Change, index: DocumentSink, preparer: Preparer | None, run: Run = UNWATCHED) -> Summary:
    """Do what `find_changes` found. Without a preparer, nothing can be put in: raises `ValueError` if files have
    changed."""
    if change.changed and preparer is None:
        raise ValueError(f"{len(change.changed)} files have changed: a preparer must be given to read and embed them")
    work = _Work(change, index)
    work.forget()
    if preparer is not None and change.changed:
        try:
            work.put_in(preparer, run)
        except RagError:  # such as workers that are gone: what was committed is there for readers all the same
            index.publish()
            raise
    if not work.summary.left:
        work.touch()
        work.take_out()
    index.publish()
    return work.summary


class _Work:
    """A run over an index, and the summary that it fills."""

    def __init__(self, change: Change, index: DocumentSink) -> None:
        self.summary = Summary(
            unchanged=change.unchanged,
            skipped=change.skipped,
            held=change.held,
            stale=change.stale,
            renamed=change.renamed,
            failed_before=[failed for failed in change.failed if not failed.empty],
        )
        self.summary.skipped += [Skipped(Path(failed.file), EMPTY) for failed in change.failed if failed.empty]
        self._change = change
        self._index = index
        self._waiting: deque[_Batch] = deque()
        self._known = index.files() if change.changed else {}  # only what is put in is compared with it
        self._vanished = set(change.vanished)
        again = {name for names in change.known.values() for name in names}
        self._same_as = by_content(self._known, without=again, rather=self._vanished)
        self._contents = Contents()  # of the file at hand
        self._errors: list[tuple[str, DocumentError]] = []  # of the file at hand
        self._remembered: dict[str, list[Failed]] = {}  # failures of this run, by their file
        self._unfinished: set[str] = set()  # files of which something is not in the index
        # Documents whose stamp has to follow the file that holds them: those that stay as they are, and the others
        self._inside: dict[str, tuple[list[str], set[str]]] = {}

    def forget(self) -> None:
        """Forget failures that count no longer, and note anew those of files that are the same. Those of a file that is
        read again count until it was."""
        read = {found.source for found in self._change.changed}
        for file in self._change.forgotten - read:
            self._index.remember(file, [])
        for file, failures in self._change.remarked.items():
            self._index.remember(file, failures)

    def put_in(self, preparer: Preparer, run: Run) -> None:
        """Read and cut the files that changed, and commit them in batches. Progress is told in bytes of files."""
        files = self._change.changed
        batch: list[Prepared] = []
        done = read = 0
        total = sum(map(self._size, files))
        published = time.monotonic()
        with closing(preparer.prepared(files)) as outcomes:
            for found, outcome in outcomes:
                document_id = _id_of(outcome) or found.document_id
                run.progress(read, total, document_id)
                if self._take(found, outcome, document_id):
                    done += 1
                    read += self._size(found)
                if isinstance(outcome, Prepared):
                    batch.append(outcome)
                if sum(len(item.passages) for item in batch) >= BATCH_PASSAGES:
                    self._begin(preparer, batch)
                    self._commit(preparer.batches)
                    batch = []
                if run.stopped():
                    self.summary.left = len(files) - done
                    break
                if time.monotonic() - published > _PUBLISH_S:
                    self._index.publish()
                    published = time.monotonic()
        self._begin(preparer, batch)
        self._commit(0)
        run.progress(read if self.summary.left else total, total, "")

    def _size(self, found: Found) -> int:
        stamp = self._change.stamps.get(found.document_id)
        return (stamp.size or 0) if stamp else 0

    def touch(self) -> None:
        """Note the new stamps of files whose bytes are the same, and of documents in files that were read whole."""
        for found in self._change.touched:
            self._index.touch(found.document_id, self._change.stamps[found.document_id])
            self.summary.unchanged.append(found.document_id)
        for container, (known, new) in self._inside.items():
            stamp, whole = self._change.stamps.get(container), container not in self._unfinished
            if stamp is None:  # it could not be looked at for a moment: the next run compares it again
                continue
            for document_id in [*known, *new] if whole else known:
                self._index.touch(document_id, stamp if whole else unfinished(stamp))

    def take_out(self) -> None:
        """Remove the documents whose files vanished, and mark those whose files cannot be read."""
        put = {*self.summary.added, *self.summary.replaced}
        gone = dict.fromkeys([*self._change.vanished, *self._change.superseded])
        stale = [name for name in self._change.stale if name not in put and name not in gone]
        if stale:
            self._index.mark_stale(stale)
        self._change.stale[:] = stale  # the summary has them
        for document_id in gone:
            if document_id not in put:
                self._index.remove(document_id)
                self.summary.removed.append(document_id)

    def _take(self, found: Found, outcome: FileResult, document_id: str) -> bool:
        """Note what came of a file, or of one in it; returns True if it was the last of that file."""
        self._contents.add(outcome, document_id)
        if isinstance(outcome, DocumentError):
            self._note_error(found, outcome, document_id)
        elif isinstance(outcome, Archive):
            self._note(document_id, found.source + document_id[len(found.document_id) :], outcome.notes)
        if document_id != found.document_id:
            return False
        contents, self._contents = self._contents, Contents()
        if is_container(found.file) or isinstance(outcome, EmptyDocument):
            self._finish(document_id, contents)
        errors, self._errors = self._errors, []
        if errors or found.source in self._change.forgotten:
            before = self._change.stamps.get(document_id)
            self._remember(found.source, to_remember(found, errors, before, self._change.options))
        return True

    def _remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Remember failures of a file, beside those that were met before in this run."""
        every = self._remembered.setdefault(file, [])
        every.extend(failures)
        self._index.remember(file, every)

    def _note_error(self, found: Found, error: DocumentError, document_id: str) -> None:
        """Note that a file, or one in it, could not be read, or that there is nothing to read in it."""
        self._errors.append((document_id, error))
        if isinstance(error, EmptyDocument):
            self.summary.skipped.append(Skipped(Path(found.file + document_id[len(found.document_id) :]), EMPTY))
            return
        self.summary.failed.append(_failure(document_id, error))
        self._unfinished.add(found.document_id)
        if document_id in self._known and not self._known[document_id].stale:
            self._change.stale.append(document_id)

    def _finish(self, document_id: str, contents: Contents) -> None:
        """Note which documents of a file that was read to its end are as they were, and which are no longer there."""
        same, failed, gone = contents.settled(self._change.known.get(document_id, ()))
        self.summary.unchanged.extend(same)
        self._change.vanished.extend(gone)
        if not contents.has_failed(document_id):
            self._inside[document_id] = ([*same, *failed], contents.put - {document_id})

    def _begin(self, preparer: Preparer, batch: list[Prepared]) -> None:
        passages = [passage for item in batch for passage in item.passages]
        cached = self._index.cached_embeddings(passages)
        missing = [passage for passage, embedding in zip(passages, cached, strict=True) if embedding is None]
        self._waiting.append(_Batch(batch, cached, preparer.embed(missing)))
        self.summary.passages += len(passages)
        self.summary.embedded += len(missing)

    def _commit(self, may_wait: int) -> None:
        """Commit batches, the oldest first, until no more than `may_wait` are left."""
        while len(self._waiting) > may_wait:
            batch = self._waiting.popleft()
            try:
                fresh = iter(batch.fresh())
            except DocumentError as exc:
                self._fail(batch.documents, exc)
                continue
            embeddings = iter([embedding or next(fresh) for embedding in batch.cached])
            for item in batch.documents:
                self._replace(item, [next(embeddings) for _ in item.passages])

    def _replace(self, prepared: Prepared, embeddings: Sequence[Embedding]) -> None:
        entry = Entry(*prepared, embeddings)
        try:
            self._index.replace(entry._replace(stamp=self._stamp(entry)))
        except DocumentError as exc:
            self._fail([prepared], exc)
        else:
            self._count(entry.document)

    def _stamp(self, entry: Entry) -> Stamp:
        """The stamp of the document's file; one that no file has if something in that is not yet in the index."""
        document_id = entry.document.id
        own = self._change.stamps.get(document_id)
        if own is not None:
            return unfinished(own) if document_id in self._unfinished else own
        holder = self._change.stamps.get(container_of(document_id) or "")
        return entry.stamp if holder is None else unfinished(holder)

    def _fail(self, documents: Sequence[Prepared], exc: DocumentError) -> None:
        for document, _ in documents:
            self.summary.failed.append(_failure(document.id, exc))
            self._unfinished.add(container_of(document.id) or document.id)
            file = file_of(document.id, document.source)
            self._remember(file, [failed_anyhow(file, document.id, str(exc))])

    def _note(self, document_id: str, source: str, notes: Sequence[str]) -> None:
        for text in notes:
            self.summary.notes.append(Note(document_id, f"{printable(source)}: {text}"))
            _log.info("%s: %s", printable(source), text)

    def _count(self, document: Document) -> None:
        before = self._known.get(document.id)
        (self.summary.added if before is None else self.summary.replaced).append(document.id)
        same = before is not None and before.sha256 == document.sha256
        if before and same and (before.reader, before.hidden) != (document.reader, document.hidden):
            self.summary.reread.append(document.id)
        self._note(document.id, document.source, document.notes)
        other = self._same_as.setdefault(document.sha256, document.id)
        if other in self._vanished:
            self.summary.moved.append(Same(document.id, other))
        elif other != document.id:
            self.summary.duplicates.append(Same(document.id, other))
