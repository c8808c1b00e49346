"""Another catalogue made beside the one in use, with another embedder or chunker, to take its place in one transaction.

In: documents with new passages and vectors. Out: a folder `reembedding` in the index's own, with nothing but a
catalogue in it. It is committed document by document, so a run that is killed can be resumed; the index knows
nothing of it until `Ledger.adopt`. Needs the index's writer lock to be held by the caller.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from rag.index import schema
from rag.index.catalogue import Catalogue
from rag.index.failures import plain_errors
from rag.index.ledger import Ledger
from rag.index.rules import check_entry, embedding_key
from rag.types import Document, Embedding, Entry, Failed, FileState, MadeWith, Passage, Stamp

FOLDER = "reembedding"


class Staged:
    """A catalogue in the making, as the `DocumentSink` of ingestion; `vectors` is a catalogue with embeddings to take
    over."""

    def __init__(self, folder: Path, ledger: Ledger, vectors: Catalogue | None) -> None:
        self.folder = folder
        self._ledger = ledger
        self._vectors = vectors

    @classmethod
    def open(cls, index_folder: Path, settings: MadeWith, current: Catalogue) -> Staged:
        """Continue what was begun with the same settings, or begin. `current` is the catalogue in use."""
        folder = index_folder / FOLDER
        with plain_errors(index_folder):
            if (folder / schema.CATALOGUE_FILE).exists():
                ledger = Ledger.open(folder)
                if ledger.settings == settings:
                    return cls(folder, ledger, _if_same_embedder(current, settings))
                ledger.close()
            drop(index_folder)
            folder.mkdir()
            schema.create_catalogue(folder, settings)
            return cls(folder, Ledger.open(folder), _if_same_embedder(current, settings))

    def files(self) -> dict[str, FileState]:
        """The states of the files behind the staged documents, by document id."""
        return self._ledger.files()

    def document(self, document_id: str) -> Document:
        """A staged document. Raises `DocumentNotFound`."""
        return self._ledger.document(document_id, self._ledger.state().generation)

    def cached_embeddings(self, passages: Sequence[Passage]) -> list[Embedding | None]:
        """The embeddings of passages with the same text and sentences, in order; None for passages that have none
        yet."""
        keys = [embedding_key(passage) for passage in passages]
        own = self._ledger.embedded(keys)
        if self._vectors is None:
            return own
        return [mine or other for mine, other in zip(own, self._vectors.embedded(keys), strict=True)]

    def replace(self, entry: Entry) -> None:
        """Stage the document in place of the one with its id. Raises `DocumentError` if passages or vectors do not fit
        it."""
        check_entry(entry, self._ledger.settings.dimension)
        with plain_errors(self.folder):
            self._ledger.replace(entry)

    def touch(self, document_id: str, stamp: Stamp) -> None:
        """Note a new size and time of a file whose content is the same. Raises `DocumentNotFound`."""
        with plain_errors(self.folder):
            self._ledger.touch(document_id, stamp)

    def mark_stale(self, document_ids: Iterable[str]) -> None:
        """Note that the files behind these documents could not be read, or not be found."""
        with plain_errors(self.folder):
            self._ledger.mark_stale(document_ids)

    def failures(self, most: int | None = None) -> list[Failed]:
        """None: documents come from the index, not from files."""
        return []

    def remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Remember nothing, for the same reason."""

    def roots(self) -> dict[str, str]:
        """None, for the same reason."""
        return {}

    def note_root(self, given: str, place: str) -> None:
        """Note nothing."""

    def move_files(self, before: str, now: str) -> None:
        """Move nothing."""

    def remove(self, document_id: str) -> None:
        """Take a document out of what is staged. Raises `DocumentNotFound`."""
        with plain_errors(self.folder):
            self._ledger.remove(document_id)

    def publish(self) -> int:
        """Wait for the disk, and drop what was replaced; returns the generation."""
        with plain_errors(self.folder):
            generation = self._ledger.state().generation
            self._ledger.publish(generation)
            return generation

    def close(self) -> None:
        """Close the catalogue; what is staged stays for a later `open`."""
        self._ledger.close()


def drop(index_folder: Path) -> None:
    """Delete what was staged, if anything."""
    shutil.rmtree(index_folder / FOLDER, ignore_errors=True)


def _if_same_embedder(current: Catalogue, settings: MadeWith) -> Catalogue | None:
    return current if current.settings.embedder == settings.embedder else None
