"""Files and folders -> an index that is in line with them: new and changed documents put in, vanished ones taken out.

A pipeline: files are read one after another (by worker processes, where the reader has some), cut into passages,
embedded in batches across files, and committed document by document, so that what was done stays done whenever the
process ends. Who reads, cuts and embeds is a `Preparer` (preparing.py); the one writer of the index is here. No more
is in memory than the batches at hand. A file that cannot be read is reported and leaves what the index has of it
untouched.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from rag.documents.discover import Skipped
from rag.errors import DocumentError, RagError
from rag.index.local import FileState
from rag.ingest.changes import Change, Same, by_content, find_changes
from rag.ingest.chunking import VERSION
from rag.ingest.prepare import BATCH_PASSAGES, Here, Prepared, Preparer, Promise, Read, read_here
from rag.settings import Settings
from rag.types import Document, Embedder, Embedding, Passage

_PUBLISH_S = 60.0  # what was committed shows to readers at least this often: publishing costs some tens of milliseconds

__all__ = [
    "BATCH_PASSAGES",
    "Change",
    "Failure",
    "Progress",
    "Read",
    "Summary",
    "Target",
    "apply_changes",
    "carry_out",
    "chunker_fingerprint",
    "find_changes",
    "read_here",
    "sync",
]

Progress = Callable[[int, int, str], None]  # files done, files in all, and the name of the one at hand


class Target(Protocol):
    """What a run needs of the index that it fills; `rag.index.local.LocalIndex` says what each does."""

    def files(self) -> dict[str, FileState]: ...

    def cached_embeddings(self, passages: Sequence[Passage]) -> list[Embedding | None]: ...

    def replace(
        self,
        document: Document,
        passages: Sequence[Passage],
        embeddings: Sequence[Embedding],
        *,
        size: int | None = None,
        mtime_ns: int | None = None,
    ) -> None: ...

    def touch(self, document_id: str, size: int | None, mtime_ns: int | None) -> None: ...

    def remove(self, document_id: str) -> None: ...

    def publish(self) -> int: ...


class Failure(NamedTuple):
    """A file that could not be read, and why, in one line."""

    document_id: str
    message: str


@dataclass(slots=True)
class Summary:
    """What a run did; documents by id."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    moved: list[Same] = field(default_factory=list)  # added ones whose bytes were those of a removed one, the `other`
    duplicates: list[Same] = field(default_factory=list)  # added or replaced ones with the bytes of another that stays
    passages: int = 0  # of added and replaced documents
    embedded: int = 0  # of them, those that were not in the cache
    left: int = 0  # files that a stopped run did not come to


class _Batch(NamedTuple):
    """Documents whose passages are embedded together."""

    documents: list[Prepared]
    cached: list[Embedding | None]  # for each of their passages
    fresh: Promise  # for those that are not in the cache


def chunker_fingerprint(settings: Settings) -> str:
    """Changes whenever documents would be cut otherwise."""
    return f"sentences-{VERSION}:{settings.passage_tokens}"


def sync(
    paths: Sequence[Path],
    index: Target,
    embedder: Embedder,
    settings: Settings,
    progress: Progress = lambda done, total, name: None,
    read: Read = read_here,
    stopped: Callable[[], bool] = lambda: False,
) -> Summary:
    """Bring `index` in line with `paths`; when `stopped` says so, commit and publish what is done, and return."""
    known = index.files()
    change = find_changes(paths, known, settings.indexes_dir)
    return apply_changes(change, index, embedder, settings, progress, read, stopped)


def apply_changes(
    change: Change,
    index: Target,
    embedder: Embedder | None,
    settings: Settings,
    progress: Progress = lambda done, total, name: None,
    read: Read = read_here,
    stopped: Callable[[], bool] = lambda: False,
) -> Summary:
    """Do what `find_changes` found; the embedder may be None where no file changed."""
    here = None if embedder is None else Here(embedder, settings.passage_tokens, read)
    return carry_out(change, index, here, progress, stopped)


def carry_out(
    change: Change,
    index: Target,
    preparer: Preparer | None,
    progress: Progress = lambda done, total, name: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Summary:
    """As `apply_changes`, whoever reads and embeds; the preparer may be None where no file changed."""
    run = _Run(change, index)
    if change.changed:
        assert preparer is not None
        try:
            run.put_in(preparer, progress, stopped)
        except RagError:  # such as workers that are gone: what was committed is there for readers all the same
            index.publish()
            raise
    if not run.summary.left:
        run.touch()
        run.take_out()
    index.publish()
    return run.summary


class _Run:
    """One run over an index, and the summary that it fills."""

    def __init__(self, change: Change, index: Target) -> None:
        self.summary = Summary(unchanged=change.unchanged, skipped=change.skipped)
        self._change = change
        self._index = index
        self._waiting: deque[_Batch] = deque()
        self._known = index.files() if change.changed else {}  # only what is put in is compared with it
        self._vanished = set(change.vanished)
        changed = {found.document_id for found in change.changed}
        self._same_as = by_content(self._known, without=changed, rather=self._vanished)

    def put_in(self, preparer: Preparer, progress: Progress, stopped: Callable[[], bool]) -> None:
        """Have read what changed, and commit it in batches."""
        files = self._change.changed
        batch: list[Prepared] = []
        published = time.monotonic()
        with closing(preparer.prepared(files)) as documents:
            for done, (found, prepared) in enumerate(documents):
                progress(done, len(files), found.document_id)
                if isinstance(prepared, DocumentError):
                    self.summary.failed.append(Failure(found.document_id, str(prepared)))
                else:
                    batch.append(prepared)
                if sum(len(item.passages) for item in batch) >= BATCH_PASSAGES:
                    self._begin(preparer, batch)
                    self._commit(preparer.batches)
                    batch = []
                if stopped():
                    self.summary.left = len(files) - done - 1
                    break
                if time.monotonic() - published > _PUBLISH_S:
                    self._index.publish()
                    published = time.monotonic()
        self._begin(preparer, batch)
        self._commit(0)
        progress(len(files) - self.summary.left, len(files), "")

    def touch(self) -> None:
        for found in self._change.touched:
            self._index.touch(found.document_id, *self._change.stamps[found.document_id])
            self.summary.unchanged.append(found.document_id)

    def take_out(self) -> None:
        for document_id in self._change.vanished:
            self._index.remove(document_id)
            self.summary.removed.append(document_id)

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
        document, passages = prepared
        size, mtime_ns = self._change.stamps.get(document.id) or (None, None)
        try:
            self._index.replace(document, passages, embeddings, size=size, mtime_ns=mtime_ns)
        except DocumentError as exc:
            self._fail([prepared], exc)
        else:
            self._note(document)

    def _fail(self, documents: Sequence[Prepared], exc: DocumentError) -> None:
        self.summary.failed.extend(Failure(document.id, str(exc)) for document, _ in documents)

    def _note(self, document: Document) -> None:
        (self.summary.replaced if document.id in self._known else self.summary.added).append(document.id)
        other = self._same_as.setdefault(document.sha256, document.id)
        if other in self._vanished:
            self.summary.moved.append(Same(document.id, other))
        elif other != document.id:
            self.summary.duplicates.append(Same(document.id, other))
