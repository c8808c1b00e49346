"""Rows of one index in Milvus -> documents, passages and vectors, whole.

In: a connection, an index, and an expression on the ledger that says which versions are there. Out: what was put in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.errors import DocumentNotFound, RagError
from rag.stores.milvus import rows
from rag.stores.milvus.schema import BLOBS, DOCUMENTS, PASSAGES, collection
from rag.stores.milvus.server import Row, Server, text_of
from rag.types import Document, DocumentInfo, StoredDocument, StoredPassage


def documents(server: Server, index: str, where: str, paths: bool) -> list[DocumentInfo]:
    """Those of the ledger that fit an expression, by id."""
    found = server.query(collection(index, DOCUMENTS), where, rows.ABOUT)
    return sorted((rows.info(row, paths) for row in found), key=lambda info: info.id)


def document(server: Server, index: str, document_id: str, where: str, paths: bool) -> Document:
    """Raises `DocumentNotFound`."""
    return _document(server, index, _version(server, index, document_id, where), paths)


def stored(server: Server, index: str, document_id: str, where: str, dimension: int, paths: bool) -> StoredDocument:
    """The same, with its passages and their vectors. Raises `DocumentNotFound`."""
    version = _version(server, index, document_id, where)
    found = server.query(collection(index, PASSAGES), f"version == {version['version']}", rows.PLACE)
    each = sorted(found, key=lambda row: int(row["row"]))
    return StoredDocument(_document(server, index, version, paths), passages(server, index, each, dimension, paths))


def passages(server: Server, index: str, found: Sequence[Row], dimension: int, paths: bool) -> list[StoredPassage]:
    """What these rows stand for, in their order, with their vectors."""
    each = [rows.passage(row, paths) for row in found]
    keys = [
        rows.embedding_keys(row["embedding"], len(passage.sentences), dimension)
        for row, passage in zip(found, each, strict=True)
    ]
    parts = blobs(server, index, {key for group in keys for key in group})
    return [
        StoredPassage(row["row"], passage, rows.embedding((parts[key] for key in group), dimension))
        for row, passage, group in zip(found, each, keys, strict=True)
    ]


def not_found(index: str, document_id: str) -> DocumentNotFound:
    return DocumentNotFound(
        f'index "{index}" has no document "{document_id[:200]}": `rag documents --index {index}` lists those it has'
    )


def blobs(server: Server, index: str, keys: Iterable[str]) -> dict[str, str]:
    """Raises `RagError` where one is missing."""
    wanted = list(keys)
    found = {row["key"]: row["value"] for row in server.get(collection(index, BLOBS), wanted, ["key", "value"])}
    if missing := set(wanted) - set(found):
        raise RagError(f'index "{index}" lacks {len(missing)} of its own texts or vectors: index the documents again')
    return found


def _version(server: Server, index: str, document_id: str, where: str) -> Row:
    where = f"document == {text_of(document_id)} and {where}"
    for row in server.query(collection(index, DOCUMENTS), where, rows.ABOUT):
        return row
    raise not_found(index, document_id)


def _document(server: Server, index: str, version: Row, paths: bool) -> Document:
    keys = rows.text_keys(version["version"], rows.parts_of(version))
    parts = blobs(server, index, keys)
    return rows.document(rows.info(version, paths), (parts[key] for key in keys))
