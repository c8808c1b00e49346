"""`MilvusIndex`: an index on a Milvus server, or in a file of Milvus Lite, as the one `Index` that the rest sees.

In: the address of Milvus and a name. Out: snapshots to read, and for the one process that writes, documents put in and
taken out. Any number of processes on any machines read; they hold nothing but the generation that they read last.

Does not repair anything: what Milvus stores, it keeps. `rag.stores.milvus.schema` says what Milvus Lite cannot show.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from rag.errors import RagError
from rag.index.folders import ANY, Expected, check_settings, index_folder
from rag.index.rules import embedding_key
from rag.index.sources import ShowSource, with_path
from rag.stores.milvus import rows, schema
from rag.stores.milvus.server import Server, connect_milvus
from rag.stores.milvus.snapshot import MilvusSnapshot, MilvusView
from rag.stores.milvus.state import Meta
from rag.stores.milvus.writer import MilvusWriter
from rag.types import (
    Document,
    DocumentInfo,
    Embedding,
    Entry,
    Failed,
    FileState,
    Filters,
    MadeWith,
    Passage,
    Stamp,
    StoredDocument,
)

REMEDY = "index its documents under another name"


def milvus_names(uri: str, token: str) -> list[str]:
    """The names of the indexes there, sorted. Raises `StoreError`."""
    return schema.index_names(connect_milvus(uri, token))


def milvus_identity(uri: str, token: str, name: str) -> str | None:
    """A text that changes when the index is made anew; None if there is none. Raises `StoreError`."""
    return Meta(connect_milvus(uri, token), name).made()


def published_at(uri: str, token: str, name: str) -> int:
    """The time at which the index was last published, in Unix seconds; 0 if it never was. Raises `StoreError`."""
    server = connect_milvus(uri, token)
    recent = Meta(server, name).state().recent if name in schema.index_names(server) else ()
    return int(recent[-1][1]) if recent else 0


class MilvusIndex:
    """`rag.seams.WritableIndex` on Milvus. Any number of threads may take snapshots and write; writes queue up."""

    def __init__(self, server: Server, folder: Path, shown: ShowSource = with_path) -> None:
        self.name = folder.name
        self.folder = folder  # where uploaded files are kept; the index itself has none
        self._server = server
        self._meta = Meta(server, self.name)
        self._shown = shown
        self._writer: MilvusWriter | None = None
        self._closed = False
        self._view: MilvusView | None = None
        self._moving = threading.Lock()

    @classmethod
    def open(
        cls,
        uri: str,
        token: str,
        indexes_dir: Path,
        name: str,
        expected: Expected = ANY,
        *,
        write: bool = False,
        create: bool = False,
        shown: ShowSource = with_path,
    ) -> MilvusIndex:
        """Open the index `name` as `LocalIndex.open` does; `indexes_dir` is the folder in which uploaded files stay.

        Raises `StoreError` if Milvus cannot be reached or refuses, `InputError`, `IndexNotFound`, `IndexMismatch`, and
        `IndexBusy` if another process writes.
        """
        folder = index_folder(indexes_dir, name)
        wanted = expected.complete() if create else None
        server = connect_milvus(uri, token, patient=write or create)
        index = cls(server, folder, shown)
        if wanted and name not in schema.index_names(server):
            schema.create_collections(server, name, wanted)
        if wanted:
            index._meta.make(wanted)
        check_settings(folder, index.settings, expected, REMEDY)
        if write or create:
            index._writer = MilvusWriter.open(server, name, index.settings)
        return index

    @property
    def settings(self) -> MadeWith:
        """The embedder, dimension and chunker that the index was made with."""
        return self._usable().settings()

    def snapshot(self, filters: Filters | None = None) -> MilvusSnapshot:
        """The newest published generation, to be used in a `with` block; searches are held to documents that fit."""
        return MilvusSnapshot(self._current(), filters)

    def documents(self) -> list[DocumentInfo]:
        """The published documents, sorted by id."""
        return self._current().reader.documents()

    def document(self, document_id: str) -> Document:
        """A published document. Raises `DocumentNotFound`."""
        return self._current().reader.document(document_id)

    def stored(self, document_id: str) -> StoredDocument:
        """A published document with its passages and their vectors. Raises `DocumentNotFound`."""
        return self._current().reader.stored(document_id)

    def files(self) -> dict[str, FileState]:
        """The states of the files behind the documents, by document id, as committed, published or not; ingestion
        compares files with them."""
        self._usable()
        name = schema.collection(self.name, schema.DOCUMENTS)
        found = self._server.query(name, f"removed == {schema.NEVER}", rows.ABOUT)
        return {row["document"]: rows.state_of(row) for row in sorted(found, key=lambda row: str(row["document"]))}

    def cached_embeddings(self, passages: Sequence[Passage]) -> list[Embedding | None]:
        """The embeddings with which passages of the same text and sentence boundaries were committed before, in order;
        None for passages that were not."""
        dimension = self._view.settings.dimension if self._view else self.settings.dimension
        keys = [
            rows.embedding_keys(embedding_key(passage).hex(), len(passage.sentences), dimension) for passage in passages
        ]
        every = list(dict.fromkeys(key for group in keys for key in group))
        name = schema.collection(self.name, schema.BLOBS)
        found = {row["key"]: row["value"] for row in self._server.get(name, every, ["key", "value"])}
        return [
            rows.embedding((found[key] for key in group), dimension) if all(key in found for key in group) else None
            for group in keys
        ]

    def replace(self, entry: Entry) -> None:
        """Add the document, or put it in place of the one with its id; killed at any point, all of it is done or
        nothing. Raises `DocumentError` as `LocalIndex.replace` does, and if Milvus does not take it."""
        self._writing().replace(entry)

    def touch(self, document_id: str, stamp: Stamp) -> None:
        """Note a new size and time of a file whose content is the same. Raises `DocumentNotFound`."""
        self._writing().touch(document_id, stamp)

    def mark_stale(self, document_ids: Iterable[str]) -> None:
        """Note that the files behind these documents could not be read, or not be found; readers see it at once."""
        self._writing().mark_stale(document_ids)

    def failures(self, most: int | None = None) -> list[Failed]:
        """The files, and files in them, that could not be read when they were last tried, by id: all, or `most` of
        them."""
        return self._usable().failures()[:most]

    def remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Remember these failures of a file, and of files in it, in place of those before; readers see it at once."""
        self._writing().remember(file, failures)

    def at_once(self) -> AbstractContextManager[None]:
        """Undo the changes of a `with` block if it ends with an error; within it, `publish` does nothing."""
        return self._writing().at_once()

    def roots(self) -> dict[str, str]:
        """Real paths to which given folders, and files below links, led the last time, by their paths as given."""
        return self._usable().roots()

    def note_root(self, given: str, place: str) -> None:
        """Note where a folder or file that was given leads."""
        self._writing().note_root(given, place)

    def move_files(self, before: str, now: str) -> None:
        """Note that what lay at `before`, a folder with a slash behind or a file with what is in it, lies at `now`."""
        self._writing().move_files(before, now)

    def outcome(self, job: str) -> str | None:
        """The outcome of an upload, as it was noted; None if that is not known."""
        return self._usable().outcome(job)

    def outcomes_after(self, job: str) -> dict[str, str]:
        """Outcomes of the uploads whose ids sort behind this one, by id."""
        return self._usable().outcomes_after(job)

    def note_outcome(self, job: str, outcome: str) -> None:
        """Note what came of an upload; the newest some thousands are kept."""
        self._writing().note_outcome(job, outcome)

    def remove(self, document_id: str) -> None:
        """Remove the document; readers see that when it is published. Raises `DocumentNotFound`."""
        self._writing().remove(document_id)

    def publish(self) -> int:
        """Make what was committed visible to readers; returns the generation."""
        return self._writing().publish()

    def close(self) -> None:
        """Give the right to write back; the index cannot be used any more."""
        writer, self._writer, self._closed = self._writer, None, True
        if writer is not None:
            writer.close()

    def __enter__(self) -> MilvusIndex:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _current(self) -> MilvusView:
        state = self._usable().state()
        with self._moving:
            if self._view is None or self._view.state != state:
                self._view = MilvusView(self._server, self.name, self.settings, state, self._shown)
            return self._view

    def _usable(self) -> Meta:
        if self._closed:
            raise RagError(f'index "{self.name}" was closed: open it again')
        return self._meta

    def _writing(self) -> MilvusWriter:
        if self._writer is None:
            raise RagError(f'index "{self.name}" is open for reading only')
        return self._writer
