"""Writing the files of dense search: choosing their kind, and training a quantised index or changing it.

In: what was saved before, and the catalogue. Out: `dense.faiss`, `dense.json` and, for a large index,
`dense.vectors`. A base that was trained for about as many rows only gets the difference; otherwise lists are trained
anew. Meanwhile readers keep what they have, and take the new files when they next move. All that takes long is written
under other names; killed before the last rename, the files are as they were, or lack the manifest without which they
are not used.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.atomic import sync_folder, write_fresh
from rag.index.catalogue import Catalogue
from rag.index.dense import exact as dense
from rag.index.dense import training, vector_file
from rag.index.dense.exact import Dense, one_thread
from rag.index.dense.loading import Searchable
from rag.index.dense.manifest import (
    DENSE_MANIFEST,
    FAISS_FILE,
    FORMAT_TRAINED,
    VECTORS,
    DenseManifest,
    Trained,
    is_large,
    write_manifest,
)
from rag.index.dense.quantised import Base, Quantised, RowIds
from rag.index.dense.vector_file import VectorFile
from rag.types import Vectors

_RETRAIN = 2.0  # times as many rows as the lists were trained for, or as few: then they are too long, or too short


def save_dense(saved: Searchable | None, at: int, catalogue: Catalogue, folder: Path) -> None:
    """Bring the files to the published generation `at`; `saved` is what they hold, if anything."""
    rows = catalogue.rows(at)
    dimension = catalogue.settings.dimension
    if is_large(len(rows), isinstance(saved, Quantised)):
        blocks = _vectors(rows, catalogue, dimension)
        save_quantised(rows, blocks, dimension, at, folder, saved.base if isinstance(saved, Quantised) else None)
        return
    before = saved if isinstance(saved, Dense) else dense.empty(dimension)
    ready = before.brought_to(rows, lambda new: catalogue.vectors(new, dimension))
    if ready is not saved:
        dense.save_exact(ready, at, folder)
        (folder / VECTORS).unlink(missing_ok=True)


def save_quantised(
    rows: RowIds, blocks: Iterator[Vectors], dimension: int, at: int, folder: Path, before: Base | None = None
) -> None:
    """Write all files of a quantised index of `rows` (ascending), whose vectors come in `blocks`. `before` is changed
    and must not be used any more."""
    fresh = folder / f"{VECTORS}.new"
    vectors_sha256 = vector_file.write_vectors(fresh, blocks)
    with one_thread():  # training is not urgent, and others use the processor
        base, recall = _trained(rows, VectorFile(fresh, len(rows), dimension), before)
    content = _encoded(base.index)
    sha256 = hashlib.sha256(content).hexdigest()
    trained = Trained(
        base.index.nlist, base.probes, base.candidates, recall, training.QUERIES, base.trained_on, vectors_sha256
    )
    told = DenseManifest(FORMAT_TRAINED, at, len(rows), dimension, len(content), sha256, trained)
    written = write_fresh(folder / FAISS_FILE, content)
    (folder / DENSE_MANIFEST).unlink(missing_ok=True)
    os.replace(written, folder / FAISS_FILE)
    os.replace(fresh, folder / VECTORS)
    sync_folder(folder)  # the size alone would not tell other vectors from these
    write_manifest(told, folder)


def _trained(rows: RowIds, vectors: VectorFile, before: Base | None) -> tuple[Base, float]:
    """A base and its recall: with the lists of `before` if they still fit and reach the wanted recall, else with new
    ones."""
    if before is not None and 1 / _RETRAIN < len(rows) / before.trained_on < _RETRAIN:
        kept = before._replace(rows=rows, index=training.fill(before.index, rows, vectors), vectors=vectors)
        base, recall = training.tuned(kept)
        if recall >= training.RECALL:
            return base, recall
    index = training.fill(training.train(vectors), rows, vectors)
    return training.tuned(Base(rows, index, 0, 0, vectors, len(rows), ""))


def _vectors(rows: RowIds, catalogue: Catalogue, dimension: int) -> Iterator[Vectors]:
    for first in range(0, len(rows), vector_file.BLOCK):
        yield catalogue.vectors(rows[first : first + vector_file.BLOCK], dimension)


def _encoded(index: Any) -> bytes:
    import faiss

    content: bytes = faiss.serialize_index(index).tobytes()
    return content
