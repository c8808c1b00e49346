"""Rows of one index in Milvus -> documents, passages and vectors, whole.

In: a connection, an index, and an expression on the ledger that says which versions are there. Out: what was put in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag.errors import DocumentNotFound, RagError
from rag.index.sources import ShowSource
from rag.stores.milvus import rows
from rag.stores.milvus.schema import BLOBS, DOCUMENTS, PASSAGES, collection
from rag.stores.milvus.server import MilvusRow, Server, text_of
from rag.types import Document, DocumentInfo, Origin, StoredDocument, StoredPassage


@dataclass(frozen=True, slots=True)
class MilvusReader:
    """A reader of one generation of an index; `where` is the expression on the ledger that its versions fit."""

    server: Server
    index: str
    dimension: int
    where: str
    shown: ShowSource

    def documents(self) -> list[DocumentInfo]:
        """The documents, sorted by id."""
        found = self.server.query(collection(self.index, DOCUMENTS), self.where, rows.ABOUT)
        return sorted((rows.info(row, self.shown) for row in found), key=lambda info: info.id)

    def origins(self, document_ids: Iterable[str]) -> dict[str, Origin]:
        """The origins of these documents, by id."""
        names = ", ".join(map(text_of, document_ids))
        if not names:
            return {}
        where = f"document in [{names}] and {self.where}"
        found = self.server.query(collection(self.index, DOCUMENTS), where, rows.ABOUT)
        return {row["document"]: rows.origin(row) for row in found}

    def document(self, document_id: str) -> Document:
        """A document with its text. Raises `DocumentNotFound`."""
        return self._document(self._version(document_id))

    def notes(self, document_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Parts of these documents' files that were not read, by document id; none for those that were read whole."""
        wanted = ", ".join(map(text_of, document_ids))
        where = f"document in [{wanted}] and {self.where}"
        found = self.server.query(collection(self.index, DOCUMENTS), where, rows.ABOUT) if wanted else ()
        return {row["document"]: notes for row in found if (notes := rows.notes_of(row))}

    def stored(self, document_id: str) -> StoredDocument:
        """A document with its text, its passages and their vectors. Raises `DocumentNotFound`."""
        version = self._version(document_id)
        found = self.server.query(
            collection(self.index, PASSAGES), f"version == {version['version']}", rows.PASSAGE_FIELDS
        )
        each = sorted(found, key=lambda row: int(row["row"]))
        return StoredDocument(self._document(version), self.passages(each))

    def passages(self, found: Sequence[MilvusRow]) -> list[StoredPassage]:
        """The passages of these rows, in their order, with their vectors. Raises `RagError` if a vector is missing."""
        each = [rows.passage(row, self.shown) for row in found]
        keys = [
            rows.embedding_keys(row["embedding"], len(passage.sentences), self.dimension)
            for row, passage in zip(found, each, strict=True)
        ]
        parts = self._blobs({key for group in keys for key in group})
        return [
            StoredPassage(row["row"], passage, rows.embedding((parts[key] for key in group), self.dimension))
            for row, passage, group in zip(found, each, keys, strict=True)
        ]

    def _blobs(self, keys: Iterable[str]) -> dict[str, str]:
        """The values of the blobs with these keys. Raises `RagError` if one is missing."""
        wanted = list(keys)
        found = self.server.get(collection(self.index, BLOBS), wanted, ["key", "value"])
        values = {row["key"]: row["value"] for row in found}
        if missing := set(wanted) - set(values):
            raise RagError(
                f'index "{self.index}" lacks {len(missing)} of its own texts or vectors: index the documents again'
            )
        return values

    def _version(self, document_id: str) -> MilvusRow:
        where = f"document == {text_of(document_id)} and {self.where}"
        for row in self.server.query(collection(self.index, DOCUMENTS), where, rows.ABOUT):
            return row
        raise document_not_found(self.index, document_id)

    def _document(self, version: MilvusRow) -> Document:
        keys = rows.text_keys(version["version"], rows.part_count(version))
        parts = self._blobs(keys)
        document = rows.document_of(rows.info(version, self.shown), (parts[key] for key in keys))
        state = rows.state_of(version)
        return replace(document, reader=state.reader, hidden=state.hidden)


def document_not_found(index: str, document_id: str) -> DocumentNotFound:
    """The error that names the document and the command that lists those of the index."""
    return DocumentNotFound(
        f'index "{index}" has no document "{document_id[:200]}": `rag documents --index {index}` lists those it has'
    )
