"""Dense search as it is on disk, exact or quantised: reading it, and bringing it to a generation.

In: the folder, and the catalogue in a transaction that sees the wanted generation. Out: a `Dense` or a `Quantised` for
exactly its rows. Writes nothing; `rag.index.dense.compaction` does. `dense.json` tells which of the two there is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np

from rag.index.catalogue import Catalogue
from rag.index.damage import Damaged
from rag.index.dense import exact as dense
from rag.index.dense.exact import Dense
from rag.index.dense.manifest import DENSE_MANIFEST, VECTORS, DenseManifest, Trained, content_of, dense_manifest
from rag.index.dense.quantised import Base, Quantised, RowIds
from rag.index.dense.training import held
from rag.index.dense.vector_file import VectorFile
from rag.types import Vectors

Searchable: TypeAlias = Dense | Quantised


def load_dense(folder: Path, dimension: int) -> Searchable:
    """Read what was saved, of whatever generation. Raises `Damaged`; of the file of exact vectors only the size is
    checked, since reading 1.5 kB for each would take longer than all else."""
    told = dense_manifest(folder)
    content = content_of(folder, told, dimension)
    if told.trained is None:
        with dense.decoding(folder):
            return dense.decode_dense(content)
    base = _base(content, told, told.trained, folder)
    # one file may be from before a writer put others in place, and one from after
    if dense_manifest(folder) != told:
        raise Damaged(folder / DENSE_MANIFEST, "was written anew")
    return Quantised(base, told.generation, np.empty(0, dtype=np.int64))


def check_vectors(found: Quantised, folder: Path) -> None:
    """Read all exact vectors. Raises `Damaged` if they are not those that were written."""
    told = dense_manifest(folder).trained
    if told is None or found.base.vectors.digest() != told.vectors_sha256:
        raise Damaged(folder / VECTORS, f"is not the file that {DENSE_MANIFEST} tells of")


def is_superseded(found: Searchable, folder: Path) -> bool:
    """True if a quantised index was written since `found` was read, or the base of `found` is no longer what the folder
    has."""
    try:
        told = dense_manifest(folder)
    except Damaged:
        return False
    return told.sha256 != found.base.sha256 if isinstance(found, Quantised) else told.trained is not None


def in_change(folder: Path) -> bool:
    """True while a quantised index is being put in place, which takes some milliseconds."""
    return (folder / VECTORS).exists() and not (folder / DENSE_MANIFEST).exists()


def brought_to(at: int, found: Searchable, catalogue: Catalogue) -> Searchable:
    """`found` for the rows of the published generation `at`: a `Quantised` by what changed since its generation, if the
    catalogue still knows that; otherwise by comparing all rows."""
    dimension = catalogue.settings.dimension

    def vectors_of(rows: RowIds) -> Vectors:
        return catalogue.vectors(rows, dimension)

    if isinstance(found, Dense):
        return found.brought_to(catalogue.rows(at), vectors_of)
    if found.generation == at:
        return found
    if change := catalogue.change(found.generation, at):
        return found.changed(change.added, change.removed, at, vectors_of)
    return found.brought_to(catalogue.rows(at), at, vectors_of)


def _base(content: bytes, told: DenseManifest, trained: Trained, folder: Path) -> Base:
    import faiss

    with dense.decoding(folder):
        index = faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))
        rows = held(index)
    vectors = VectorFile(folder / VECTORS, told.vectors, told.dimension)
    return Base(rows, index, trained.probes, trained.candidates, vectors, trained.trained_on, told.sha256)
