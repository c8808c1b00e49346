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
from rag.index.dense.exact import Dense, DenseManifest, Trained, one_thread
from rag.index.dense.loading import VECTORS, Searchable
from rag.index.dense.quantised import Base, Quantised, Rows
from rag.index.dense.vector_file import VectorFile
from rag.types import Vectors

# Exact search of so many rows takes 7 ms if the other core is busy, as long as the rest of a search.
LARGE = 50_000
_SMALL_AGAIN = 0.5  # of that, an index becomes exact again: near the limit it does not change its kind each time
_RETRAIN = 2.0  # times as many rows as the lists were trained for, or as few: then they are too long, or too short
# So many rows, or that share of them if it is more, may change before the files are written again. In between, readers
# take the rest from the catalogue as they open them, which costs 5 ms for 1,000 rows, and a publish need not rewrite
# all vectors. Beside a quantised index, rows that were added since are searched exactly: 10,000 of them and as many
# removed make a search among a million take 4.1 ms instead of 2.3.
_ROWS, _SHARE = 1000, 0.1
_ROWS_QUANTISED, _SHARE_QUANTISED = 10_000, 0.02


def is_large(rows: int, quantised: bool) -> bool:
    """True if an index of `rows` passages is to be quantised; `quantised` tells if it is now."""
    return rows >= (LARGE * _SMALL_AGAIN if quantised else LARGE)


def allowance(rows: int, quantised: bool) -> float:
    """The number of rows, of `rows`, that may change before the files are written again."""
    return max(_ROWS_QUANTISED, _SHARE_QUANTISED * rows) if quantised else max(_ROWS, _SHARE * rows)


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
    rows: Rows, blocks: Iterator[Vectors], dimension: int, at: int, folder: Path, before: Base | None = None
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
    told = DenseManifest(dense.FORMAT_TRAINED, at, len(rows), dimension, len(content), sha256, trained)
    written = write_fresh(folder / dense.FILE, content)
    (folder / dense.MANIFEST).unlink(missing_ok=True)
    os.replace(written, folder / dense.FILE)
    os.replace(fresh, folder / VECTORS)
    sync_folder(folder)  # the size alone would not tell other vectors from these
    dense.write_manifest(told, folder)


def _trained(rows: Rows, vectors: VectorFile, before: Base | None) -> tuple[Base, float]:
    """A base and its recall: with the lists of `before` if they still fit and reach the wanted recall, else with new
    ones."""
    if before is not None and 1 / _RETRAIN < len(rows) / before.trained_on < _RETRAIN:
        kept = before._replace(rows=rows, index=training.fill(before.index, rows, vectors), vectors=vectors)
        base, recall = training.tuned(kept)
        if recall >= training.RECALL:
            return base, recall
    index = training.fill(training.train(vectors), rows, vectors)
    return training.tuned(Base(rows, index, 0, 0, vectors, len(rows), ""))


def _vectors(rows: Rows, catalogue: Catalogue, dimension: int) -> Iterator[Vectors]:
    for first in range(0, len(rows), vector_file.BLOCK):
        yield catalogue.vectors(rows[first : first + vector_file.BLOCK], dimension)


def _encoded(index: Any) -> bytes:
    import faiss

    content: bytes = faiss.serialize_index(index).tobytes()
    return content
