"""Files and folders -> an index that is in line with them: new and changed documents put in, vanished ones taken out.

A pipeline: files are read one after another (by worker processes, where the reader has some), cut into passages,
embedded in batches across files, and committed document by document, so that what was done stays done whenever the
process ends. No more is in memory than the batch at hand. A file that cannot be read is reported and leaves what the
index has of it untouched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from rag import own_metadata
from rag.ahead import ahead
from rag.changes import Change, Same, Stamp, by_content, find_changes
from rag.chunking import VERSION, chunk
from rag.documents import read_document
from rag.documents.discover import Found, Skipped
from rag.errors import DocumentError
from rag.index.local import FileState
from rag.settings import Settings
from rag.types import Document, Embedder, Embedding, Passage

BATCH_PASSAGES = 128  # passages that are embedded together: enough to sort them by length, few enough to lose nothing
_AHEAD = 4  # documents that are read while others are embedded
_PUBLISH_S = 60.0  # what was committed shows to readers at least this often: publishing costs some tens of milliseconds

__all__ = ["Change", "Failure", "Summary", "apply_changes", "chunker_fingerprint", "find_changes", "read_here", "sync"]

Read = Callable[[Iterable[Found]], Iterable[tuple[Found, Document | DocumentError]]]  # in the order of the files
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


class _Prepared(NamedTuple):
    """A document cut into passages, waiting for its vectors."""

    document: Document
    passages: list[Passage]
    stamp: Stamp | None


def chunker_fingerprint(settings: Settings) -> str:
    """Changes whenever documents would be cut otherwise."""
    return f"sentences-{VERSION}:{settings.passage_tokens}"


def read_here(files: Iterable[Found]) -> Iterator[tuple[Found, Document | DocumentError]]:
    """Read files in this process, without its protection against files that crash or hang a parser."""
    for found in files:
        try:
            yield found, read_document(found.path, found.document_id, found.source)
        except DocumentError as exc:
            yield found, exc


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
    run = _Run(change, index, settings)
    if change.changed:
        assert embedder is not None
        run.put_in(embedder, read, progress, stopped)
    if not run.summary.left:
        run.touch()
        run.take_out()
    index.publish()
    return run.summary


class _Run:
    """One run over an index, and the summary that it fills."""

    def __init__(self, change: Change, index: Target, settings: Settings) -> None:
        self.summary = Summary(unchanged=change.unchanged, skipped=change.skipped)
        self._change = change
        self._index = index
        self._settings = settings
        self._known = index.files() if change.changed else {}  # only what is put in is compared with it
        self._vanished = set(change.vanished)
        changed = {found.document_id for found in change.changed}
        self._same_as = by_content(self._known, without=changed, rather=self._vanished)

    def put_in(self, embedder: Embedder, read: Read, progress: Progress, stopped: Callable[[], bool]) -> None:
        """Read what changed, and commit it in batches."""
        files = self._change.changed
        batch: list[_Prepared] = []
        published = time.monotonic()
        with closing(ahead(read(files), _AHEAD)) as documents:
            for done, (found, document) in enumerate(documents):
                progress(done, len(files), found.document_id)
                try:
                    batch.append(self._prepare(found, document, embedder))
                except DocumentError as exc:
                    self.summary.failed.append(Failure(found.document_id, str(exc)))
                if sum(len(item.passages) for item in batch) >= BATCH_PASSAGES:
                    self._commit(embedder, batch)
                    batch = []
                if stopped():
                    self.summary.left = len(files) - done - 1
                    break
                if time.monotonic() - published > _PUBLISH_S:
                    self._index.publish()
                    published = time.monotonic()
        self._commit(embedder, batch)
        progress(len(files) - self.summary.left, len(files), "")

    def touch(self) -> None:
        for found in self._change.touched:
            self._index.touch(found.document_id, *self._change.stamps[found.document_id])
            self.summary.unchanged.append(found.document_id)

    def take_out(self) -> None:
        for document_id in self._change.vanished:
            self._index.remove(document_id)
            self.summary.removed.append(document_id)

    def _prepare(self, found: Found, document: Document | DocumentError, embedder: Embedder) -> _Prepared:
        if isinstance(document, DocumentError):
            raise document
        if own := own_metadata.read(found.path):
            document = replace(document, metadata={**document.metadata, **own})
        passages = cut(document, embedder, self._settings)
        return _Prepared(document, passages, self._change.stamps.get(document.id))

    def _commit(self, embedder: Embedder, batch: list[_Prepared]) -> None:
        passages = [passage for item in batch for passage in item.passages]
        embeddings = iter(self._embeddings(embedder, passages))
        for document, own_passages, stamp in batch:
            own = [next(embeddings) for _ in own_passages]
            size, mtime_ns = stamp or (None, None)
            try:
                self._index.replace(document, own_passages, own, size=size, mtime_ns=mtime_ns)
            except DocumentError as exc:
                self.summary.failed.append(Failure(document.id, str(exc)))
                continue
            self._note(document)
        self.summary.passages += len(passages)

    def _embeddings(self, embedder: Embedder, passages: Sequence[Passage]) -> list[Embedding]:
        cached = self._index.cached_embeddings(passages)
        missing = [passage for passage, embedding in zip(passages, cached, strict=True) if embedding is None]
        self.summary.embedded += len(missing)
        fresh = embedded(embedder, missing)
        return [embedding or next(fresh) for embedding in cached]

    def _note(self, document: Document) -> None:
        (self.summary.replaced if document.id in self._known else self.summary.added).append(document.id)
        other = self._same_as.setdefault(document.sha256, document.id)
        if other in self._vanished:
            self.summary.moved.append(Same(document.id, other))
        elif other != document.id:
            self.summary.duplicates.append(Same(document.id, other))


def cut(document: Document, embedder: Embedder, settings: Settings) -> list[Passage]:
    """The passages of a document, in sizes that suit the embedder."""
    spans = embedder.token_spans(document.text)
    return chunk(document, spans, settings.passage_tokens, embedder.max_tokens)


def embedded(embedder: Embedder, passages: Sequence[Passage]) -> Iterator[Embedding]:
    """One for each passage, in order; a long document goes through the model in batches, too, or the states of all of
    its tokens would be in memory at once."""
    for start in range(0, len(passages), BATCH_PASSAGES):
        yield from embedder.embed_passages(passages[start : start + BATCH_PASSAGES])
