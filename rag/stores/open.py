"""The store that the settings name: which indexes it has, and opening one as embedder and chunker expect it.

In: settings (`store`, and for Milvus its address), and the embedder where passages or questions are to be embedded.
Out: an open index, to be closed, of which the rest of the program needs no more than `OpenIndex` says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from rag.errors import InputError
from rag.index import local
from rag.index.folders import Expected, index_folder
from rag.index.local import LocalIndex
from rag.index.schema import FILE
from rag.index.schema import Settings as MadeWith
from rag.ingest.run import Target, chunker_fingerprint
from rag.settings import Settings
from rag.stores.milvus import index as milvus
from rag.stores.milvus.index import MilvusIndex
from rag.types import Document, DocumentInfo, Index, StoredDocument


class MakesVectors(Protocol):
    """What an index has to know of an embedder, wherever that is."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...


class OpenIndex(Target, Index, Protocol):
    """What both stores offer; `rag.index.local.LocalIndex` says what each does."""

    @property
    def folder(self) -> Path: ...

    @property
    def settings(self) -> MadeWith: ...

    def documents(self) -> list[DocumentInfo]: ...

    def document(self, document_id: str) -> Document: ...

    def stored(self, document_id: str) -> StoredDocument: ...

    def __enter__(self) -> OpenIndex: ...

    def __exit__(self, *exc: object) -> None: ...


def open_index(
    settings: Settings,
    embedder: MakesVectors | None,
    *,
    write: bool = False,
    create: bool = False,
    chunker: bool = True,
    paths: bool = True,
) -> OpenIndex:
    """As `LocalIndex.open`, which says what the options do and what is raised; Milvus raises `StoreError` beside that.
    Without an embedder nothing can be embedded, and any will do; without `chunker`, too, any chunker."""
    cut = chunker_fingerprint(settings) if chunker else None
    expected = Expected(embedder.fingerprint, embedder.dimension, cut) if embedder else Expected(chunker=cut)
    return open_as(settings, expected, write=write, create=create, paths=paths)


def open_as(
    settings: Settings, expected: Expected, *, write: bool = False, create: bool = False, paths: bool = True
) -> OpenIndex:
    """The same, with what the index was made with said outright."""
    embedder, dimension, chunker = expected
    if settings.store == "local":
        return LocalIndex.open(
            settings.indexes_dir, settings.index, write=write, create=create, embedder_fingerprint=embedder,
            dimension=dimension, chunker=chunker, paths=paths,
        )  # fmt: skip
    return MilvusIndex.open(
        *_place(settings), settings.indexes_dir, settings.index, write=write, create=create,
        embedder_fingerprint=embedder, dimension=dimension, chunker=chunker, paths=paths,
    )  # fmt: skip


def list_indexes(settings: Settings) -> list[str]:
    """Their names, sorted. Raises `StoreError`."""
    return local.list_indexes(settings.indexes_dir) if settings.store == "local" else milvus.names(*_place(settings))


def identity(settings: Settings, name: str) -> object:
    """Changes when the index is made anew; None where there is none. Raises `StoreError`."""
    if settings.store != "local":
        return milvus.identity(*_place(settings), name)
    try:  # the file is held open by its readers, so its number is given to no other meanwhile
        return (index_folder(settings.indexes_dir, name) / FILE).stat().st_ino
    except (OSError, InputError):
        return None


def changed(settings: Settings, name: str) -> int:
    """When the index last changed, in Unix seconds; 0 where it is gone. Raises `StoreError`."""
    if settings.store != "local":
        return milvus.changed(*_place(settings), name)
    try:
        return int((settings.indexes_dir / name / FILE).stat().st_mtime)
    except OSError:
        return 0


def local_only(settings: Settings, command: str, instead: str) -> None:
    """Raises `InputError` where the store is Milvus, which `command` is not for."""
    if settings.store != "local":
        raise InputError(f"`{command}` is for the local store, and the store is {settings.store}: {instead}", "store")


def _place(settings: Settings) -> tuple[str, str]:
    return settings.milvus_uri, settings.milvus_token.get_secret_value()
