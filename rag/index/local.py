"""`LocalIndex`: catalogue, FAISS and Tantivy in one folder as the one `Index` that the rest of the program sees.

In: a name below the folder of indexes. Out: snapshots to read, and for the one process that writes, documents put in
and taken out. A reader stays at the generation that it has until another is published, then moves to it whole.
Derived files that it finds behind, missing or damaged it makes again if no writer is at work; otherwise it uses FAISS
and Tantivy in memory, made from the catalogue, so reading never waits for writing.

Does not watch the folder: `snapshot()` compares one number. The format on disk is described in `indexes/README.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.index import folders
from rag.index.damage import Damaged
from rag.index.dense.manifest import Trained, dense_manifest
from rag.index.failures import plain_errors
from rag.index.folders import ANY, Expected
from rag.index.lock import WriterLock
from rag.index.readers import Readers
from rag.index.rules import embedding_key
from rag.index.schema import CATALOGUE_FILE as CATALOGUE
from rag.index.sources import ShowSource, with_path
from rag.index.writer import LocalWriter
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

if TYPE_CHECKING:
    from rag.index.snapshot import LocalSnapshot
    from rag.index.staging import Staged
    from rag.index.verify import Problem

# Long enough for a reader that holds the lock to repair a small index, short enough for a person who waits.
_WRITER_WAIT_S = 0.5


class LocalIndex:
    """`rag.seams.WritableIndex` on one folder. Any number of threads may take snapshots and write; writes queue up."""

    def __init__(self, folder: Path, shown: ShowSource = with_path) -> None:
        self._folder = folder
        self._writer: LocalWriter | None = None
        self._readers = Readers(folder, self._mend, shown)

    @classmethod
    def open(
        cls,
        indexes_dir: Path,
        name: str,
        expected: Expected = ANY,
        *,
        write: bool = False,
        create: bool = False,
        shown: ShowSource = with_path,
    ) -> LocalIndex:
        """Open the index `name`; `create` makes it if it is not there and implies `write`. `shown` decides what is read
        as the `source` of documents.

        The embedder, dimension and chunker that `expected` gives are compared with those that the index was made with;
        to create, all three are needed. Raises `InputError` for a name that no index can have, `IndexNotFound`,
        `IndexMismatch`, `IndexBusy` if another process writes, and `RagError` if the catalogue is damaged.
        """
        folder = folders.index_folder(indexes_dir, name)
        with plain_errors(folder):
            if create:
                folders.create_index(folder, expected.complete(), _WRITER_WAIT_S)
            if not (folder / CATALOGUE).exists() and name not in folders.local_indexes(indexes_dir):
                raise folders.index_not_found(indexes_dir, name)
        index = cls(folder, shown)
        index._check(expected)
        if write or create:
            index._writer = LocalWriter.open(folder, _WRITER_WAIT_S)
            try:
                index._check(expected)  # another may have taken its place while this one waited
            except BaseException:
                index.close()
                raise
        return index

    def _check(self, expected: Expected) -> None:
        settings = self.settings
        folders.check_settings(self._folder, settings, expected)
        self._readers.expect(settings)

    @property
    def name(self) -> str:
        """The name of the index, which is that of its folder."""
        return self._folder.name

    @property
    def folder(self) -> Path:
        """The folder of the index, for its own files and for uploads."""
        return self._folder

    @property
    def settings(self) -> MadeWith:
        """The embedder, dimension and chunker that the index was made with."""
        with self._readers.reading() as catalogue:
            return catalogue.settings

    def snapshot(self, filters: Filters | None = None) -> LocalSnapshot:
        """The newest published generation, to be used in a `with` block; searches are held to documents that fit."""
        return self._readers.snapshot(filters)

    def documents(self) -> list[DocumentInfo]:
        """The published documents, sorted by id; needs neither FAISS nor Tantivy."""
        with self._readers.reading() as catalogue:
            return catalogue.documents(catalogue.state().published)

    def document(self, document_id: str) -> Document:
        """A published document; needs neither FAISS nor Tantivy. Raises `DocumentNotFound`."""
        with self._readers.reading() as catalogue:
            return catalogue.document(document_id, catalogue.state().published)

    def stored(self, document_id: str) -> StoredDocument:
        """A published document with its passages and their vectors. Raises `DocumentNotFound`."""
        with self._readers.reading() as catalogue:
            return catalogue.stored(document_id, catalogue.state().published)

    def files(self) -> dict[str, FileState]:
        """The states of the files behind the documents, by document id, as committed, published or not; ingestion
        compares files with them."""
        with self._readers.reading() as catalogue:
            return catalogue.files()

    def cached_embeddings(self, passages: Sequence[Passage]) -> list[Embedding | None]:
        """The embeddings with which passages of the same text and sentence boundaries were committed before, in order;
        None for passages that were not. Vectors of removed passages are kept until the next `publish`."""
        with self._readers.reading() as catalogue:
            return catalogue.embedded([embedding_key(passage) for passage in passages])

    def replace(self, entry: Entry) -> None:
        """Add the document, or put it in place of the one with its id, in one transaction; readers see it when it is
        published. The stamp of its file is kept for `files`. Raises `DocumentError` if passages or vectors do not fit
        it."""
        self._writing().replace(entry)

    def touch(self, document_id: str, stamp: Stamp) -> None:
        """Note a new size and time of a file whose content is the same. Raises `DocumentNotFound`."""
        self._writing().touch(document_id, stamp)

    def mark_stale(self, document_ids: Iterable[str]) -> None:
        """Note that the files behind these documents could not be read, or not be found; readers see it at once."""
        self._writing().mark_stale(document_ids)

    def failures(self, most: int | None = None) -> list[Failed]:
        """The files, and files in them, that could not be read when they were last tried, by id; the last `most`."""
        with self._readers.reading() as catalogue:
            return catalogue.failures(most)

    def remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Remember these failures of a file, and of files in it, in place of those before."""
        self._writing().remember(file, failures)

    def roots(self) -> dict[str, str]:
        """Real paths to which the given folders led the last time, by their paths as they were given."""
        with self._readers.reading() as catalogue:
            return catalogue.roots()

    def note_root(self, given: str, place: str) -> None:
        """Note where a folder that was given leads."""
        self._writing().note_root(given, place)

    def move_files(self, before: str, now: str) -> None:
        """Note that what lay at `before`, a folder with a slash behind or a file with what is in it, lies at `now`."""
        self._writing().move_files(before, now)

    def at_once(self) -> AbstractContextManager[None]:
        """Commit the changes of a `with` block in one transaction, or none of them; within it, `publish` does nothing
        and what is read is as it was before."""
        return self._writing().at_once()

    def outcome(self, job: str) -> str | None:
        """The outcome of an upload, as it was noted; None if that is not known."""
        with self._readers.reading() as catalogue:
            return catalogue.outcome(job)

    def outcomes_after(self, job: str) -> dict[str, str]:
        """Outcomes of the uploads whose ids sort behind this one, by id."""
        with self._readers.reading() as catalogue:
            return catalogue.outcomes_after(job)

    def note_outcome(self, job: str, outcome: str) -> None:
        """Note what came of an upload; the newest some thousands are kept."""
        self._writing().note_outcome(job, outcome)

    def remove(self, document_id: str) -> None:
        """Remove the document; readers see that when it is published. Raises `DocumentNotFound`."""
        self._writing().remove(document_id)

    def publish(self) -> int:
        """Make what was committed visible to readers; returns the generation."""
        return self._writing().publish()

    def stage(self, settings: MadeWith) -> Staged:
        """A catalogue beside this one, for the same documents with another embedder or chunker; to be given to `adopt`.
        One that was begun with these settings is continued."""
        return self._writing().stage(settings)

    def adopt(self, staged: Staged) -> None:
        """Put what was staged in place of all that this index has, in one transaction. Readers that are open refuse
        further snapshots with `IndexMismatch`, since their embedder is no longer that of the index."""
        self._writing().adopt(staged)
        self._readers.expect(self.settings)

    def verify(self) -> list[Problem]:
        """Check everything against the catalogue and change nothing; about 3 s for 10,000 passages. Raises `IndexBusy`
        while another process writes."""
        if self._writer is not None:
            return self._writer.verify()
        from rag.index.verify import problems

        lock = WriterLock(self._folder)
        with plain_errors(self._folder):
            lock.acquire(_WRITER_WAIT_S)
            try:
                with self._readers.reading() as catalogue:
                    return problems(self._folder, catalogue)
            finally:
                lock.release()

    def trained(self) -> Trained | None:
        """The measurements of the last quantisation of dense search; None if search is exact."""
        with suppress(Damaged):
            return dense_manifest(self._folder).trained
        return None

    def repair(self) -> list[Problem]:
        """Publish what is not, make again what `verify` finds wrong with FAISS and Tantivy, and return the problems
        that remain: the catalogue is the truth, and there is nothing to repair it from. Raises `IndexBusy`."""
        if self._writer is not None:
            return self._writer.repair()
        writer = LocalWriter.open(self._folder, _WRITER_WAIT_S)
        try:
            return writer.repair()
        finally:
            writer.close()

    def close(self) -> None:
        """Save what is due and release the lock. Snapshots that are open stay usable until they are closed."""
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.close()
        finally:
            self._readers.close()

    def __enter__(self) -> LocalIndex:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _mend(self) -> bool:
        """Make derived files again, as the writer or in the place of one; False while another process writes, and if
        the folder cannot be written."""
        try:
            if self._writer is not None:
                self._writer.mend()
                return True
            writer = LocalWriter.open(self._folder, wait=0)
            try:
                writer.mend()
            finally:
                writer.close()
        except RagError:
            return False
        return True

    def _writing(self) -> LocalWriter:
        if self._writer is None:
            raise RagError(f'index "{self.name}" is open for reading only')
        return self._writer
