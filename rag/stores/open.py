"""The store that the settings name: listing its indexes, and opening one as embedder and chunker expect it.

In: settings (`store`, and for Milvus its address), and the embedder if passages or questions are to be embedded.
Out: an open index, to be closed, of which the rest of the program needs no more than `WritableIndex` says. The modules
of Milvus are imported where they are used.
"""

from __future__ import annotations

from rag.errors import InputError
from rag.index.folders import Expected, check_settings, discard_if_empty, index_folder, local_indexes
from rag.index.local import LocalIndex
from rag.index.schema import CATALOGUE_FILE, is_published
from rag.index.sources import ShowSource, with_path
from rag.ingest.chunking import chunker_fingerprint
from rag.seams import Index, VectorSpace, WritableIndex
from rag.settings import Settings


def open_index(
    settings: Settings,
    embedder: VectorSpace | None,
    *,
    write: bool = False,
    create: bool = False,
    chunker: bool = True,
    shown: ShowSource = with_path,
) -> WritableIndex:
    """Open the index `settings.index` in the store that the settings name; options and errors are those of
    `LocalIndex.open`, and Milvus raises `StoreError` beside them. Without an embedder nothing can be embedded, and the
    index may be made with any; without `chunker`, with any chunker too."""
    expected = expected_of(settings, embedder) if chunker else Expected(*_space(embedder))
    return open_as(settings, expected, write=write, create=create, shown=shown)


def open_as(
    settings: Settings, expected: Expected, *, write: bool = False, create: bool = False, shown: ShowSource = with_path
) -> WritableIndex:
    """Open the index `settings.index`, made with what `expected` gives; all else is as in `open_index`."""
    if settings.store == "local":
        return LocalIndex.open(settings.indexes_dir, settings.index, expected, write=write, create=create, shown=shown)
    from rag.stores.milvus.index import MilvusIndex

    return MilvusIndex.open(
        *_place(settings), settings.indexes_dir, settings.index, expected, write=write, create=create, shown=shown
    )


def expected_of(settings: Settings, embedder: VectorSpace | None) -> Expected:
    """The embedder, dimension and chunker of an index that is filled with these settings and this embedder."""
    return Expected(*_space(embedder), chunker_fingerprint(settings))


def check_made_with(index: Index, settings: Settings, embedder: VectorSpace) -> None:
    """Compare an index with the settings and the embedder. Raises `IndexMismatch` if it was made with another embedder
    or chunker."""
    remedy = ""
    if settings.store != "local":
        from rag.stores.milvus.index import REMEDY as remedy
    check_settings(index.folder, index.settings, expected_of(settings, embedder), remedy)


def _space(embedder: VectorSpace | None) -> tuple[str | None, int | None]:
    return (embedder.fingerprint, embedder.dimension) if embedder else (None, None)


def list_indexes(settings: Settings) -> list[str]:
    """The names of the indexes in the store, sorted. Raises `StoreError`."""
    if settings.store == "local":
        return local_indexes(settings.indexes_dir)
    from rag.stores.milvus.index import milvus_names

    return milvus_names(*_place(settings))


def index_identity(settings: Settings, name: str) -> object:
    """A value that changes when the index is made anew; None if there is none. Raises `StoreError`."""
    if settings.store != "local":
        from rag.stores.milvus.index import milvus_identity

        return milvus_identity(*_place(settings), name)
    try:  # the file is held open by its readers, so its number is given to no other meanwhile
        return (index_folder(settings.indexes_dir, name) / CATALOGUE_FILE).stat().st_ino
    except (OSError, InputError):
        return None


def index_changed_at(settings: Settings, name: str) -> int:
    """The time of the last change of the index, in Unix seconds; 0 if it is gone, or nothing of it is published yet.
    Raises `StoreError`."""
    if settings.store != "local":
        from rag.stores.milvus.index import published_at

        return published_at(*_place(settings), name)
    folder = settings.indexes_dir / name
    try:
        return int((folder / CATALOGUE_FILE).stat().st_mtime) if is_published(folder) else 0
    except OSError:
        return 0


def discard_empty(settings: Settings) -> None:
    """Take away an index that this process just made, if it still holds no document; on Milvus it stays."""
    if settings.store == "local":
        discard_if_empty(index_folder(settings.indexes_dir, settings.index))


def make_index(settings: Settings, embedder: VectorSpace) -> None:
    """Make the index `settings.index`, without documents. Raises `InputError` for a name that no index can have or that
    another has."""
    if settings.index in list_indexes(settings) or index_folder(settings.indexes_dir, settings.index).exists():
        raise InputError(f'there is an index or a folder "{settings.index}" already: choose another name', "name")
    open_index(settings, embedder, create=True).close()


def rename_index(settings: Settings, name: str, new: str) -> None:
    """Give an index another name. Raises `IndexNotFound`, `IndexBusy`, and `InputError` for a name that cannot be
    taken, and on Milvus."""
    local_only(settings, "PATCH /v1/indexes", "index the files again under the new name, with --index NAME")
    from rag.index.managing import rename_local_index

    rename_local_index(settings.indexes_dir, name, new)


def delete_index(settings: Settings, name: str) -> None:
    """Delete an index with its uploaded files. Raises `IndexNotFound`, `IndexBusy`, and `InputError` on Milvus."""
    local_only(settings, "DELETE /v1/indexes", "remove its documents instead, with `rag documents remove`")
    from rag.index.managing import delete_local_index

    delete_local_index(settings.indexes_dir, name)


def local_only(settings: Settings, command: str, instead: str) -> None:
    """Refuse a command that only the local store has: raises `InputError` with the command to use `instead`, if the
    store is Milvus."""
    if settings.store != "local":
        raise InputError(f"`{command}` is for the local store, and the store is {settings.store}: {instead}", "store")


def _place(settings: Settings) -> tuple[str, str]:
    return settings.milvus_uri, settings.milvus_token.get_secret_value()
