"""Making the trained part of a large index, and measuring what it finds.

In: vectors in a file, and their rows. Out: FAISS's inverted index of them, and the smallest number of lists to read
with which a search finds as much as is wanted of what exact search finds. Keeps nothing and writes no files.

The queries it is measured with are sums of four vectors of the index, since a question lies between passages and is no
nearer to any than such a sum. Among 100,000 vectors made of those of squad2, 8, 16, 32 and 64 of 1,264 lists had 92.7,
95.7, 98.1 and 99.4 % of the ten nearest to real questions, and 91.1, 96.1, 98.7 and 99.8 % of those to sums of four,
but 99.0 % and more of those to sums of two, for which too few lists would be read, as for vectors of the index with
noise added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.index.dense.quantised import Base, Quantised, RowIds
from rag.index.dense.vector_file import VectorFile
from rag.types import Vectors

RECALL = 0.995  # of the ten nearest, wanted: with it, some 99 % of those to real questions are found
AT = 10
QUERIES = 256
_SUMMED = 4  # vectors of the index that make a query
# So many candidates, to be compared exactly, are tried. 100 of a million found 99.7 % of the ten nearest to real
# questions and 94.9 % of the fifty nearest, 200 found 99.7 and 99.0 %. The rest is for vectors for which 4 bits are too
# coarse.
_CANDIDATES = (200, 800, 3200)
# 30 to 256 vectors a list are what FAISS's wiki recommends ("Guidelines to choose an index"); more take longer.
_SAMPLE_PER_LIST = 40
_LISTS_PER_ROOT = 4  # sqrt(n) * 4 to sqrt(n) * 16 lists, from the same page
_ROUNDS = 8  # of k-means
_CODES = 16  # that 4 bits can distinguish: training needs as many vectors
_SEED = 20
_ROUNDING = 1e-6  # scores that differ by less count as equal: of equal vectors, any may be found


def train(vectors: VectorFile) -> Any:
    """Train an empty inverted index for such vectors: lists by spherical k-means, and 4 bits for every two
    dimensions."""
    import faiss

    lists = max(1, min(round(_LISTS_PER_ROOT * vectors.count**0.5), vectors.count // _CODES))
    chosen = _sample(vectors.count, _SAMPLE_PER_LIST * lists)
    codes = vectors.dimension // 2 if vectors.dimension % 2 == 0 else vectors.dimension
    index: Any = faiss.index_factory(vectors.dimension, f"IVF{lists},PQ{codes}x4fs", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = _ROUNDS
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1  # it would only complain of fewer
    index.cp.max_points_per_centroid = _SAMPLE_PER_LIST
    sample = vectors.read(chosen)
    index.train(np.resize(sample, (max(len(sample), _CODES), vectors.dimension)))
    return index


def fill(index: Any, rows: RowIds, vectors: VectorFile) -> Any:
    """Change `index` so that it holds exactly `rows` (ascending), and return it; those that it has stay, since a row's
    vector never changes."""
    import faiss

    there = held(index)
    if len(gone := np.setdiff1d(there, rows, assume_unique=True)):
        selectors: Any = faiss
        index.remove_ids(selectors.IDSelectorBatch(gone))
    new = np.isin(rows, there, assume_unique=True, invert=True)
    for place, block in vectors.blocks():
        if new[place].any():
            index.add_with_ids(np.ascontiguousarray(block[new[place]]), rows[place][new[place]])
    return index


def held(index: Any) -> RowIds:
    """The rows in an inverted index, ascending."""
    import faiss

    lists = index.invlists
    sizes = [lists.list_size(number) for number in range(index.nlist)]
    ids = [faiss.rev_swig_ptr(lists.get_ids(number), size).copy() for number, size in enumerate(sizes) if size]
    return np.sort(np.concatenate(ids)) if ids else np.empty(0, dtype=np.int64)


def tuned(base: Base) -> tuple[Base, float]:
    """`base` with as few candidates, and then as few lists to read, as find `RECALL` of what exact search finds, or as
    much as all lists find if that is less; and its measured recall. The numbers that `base` has are kept if they are
    enough."""
    queries = between(base.vectors, QUERIES)
    tenth = _tenth_best(queries, base.vectors)

    def recall(probes: int) -> float:
        return _recall(base._replace(probes=probes), queries, tenth)

    if base.probes and (as_it_is := recall(base.probes)) >= RECALL:
        return base, as_it_is
    lists = base.index.nlist
    for candidates in _CANDIDATES:
        base = base._replace(candidates=candidates)
        if (most := recall(lists)) >= RECALL:
            break
    probes = _fewest(lambda probes: recall(probes) >= min(RECALL, most), lists)
    return base._replace(probes=probes), recall(probes)


def between(vectors: VectorFile, count: int) -> Vectors:
    """Queries for measuring, shape (count, d), of unit length."""
    chosen = vectors.read(_sample(vectors.count, _SUMMED * count))
    random = np.random.default_rng(_SEED)
    drawn = random.integers(len(chosen), size=(count, _SUMMED))
    return _unit(chosen[drawn].sum(axis=1))


def _fewest(enough: Callable[[int], bool], most: int) -> int:
    """The smallest number up to `most` that is enough, to within an eighth; `most` is taken to be enough."""
    low, high = 0, 1
    while high < most and not enough(high):
        low, high = high, min(2 * high, most)
    while high - low > max(1, high // 8):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _recall(base: Base, queries: Vectors, tenth: NDArray[np.float32]) -> float:
    index = Quantised(base, 0, base.rows[:0])
    found = [
        sum(hit.score >= least - _ROUNDING for hit in index.search(query, AT))
        for query, least in zip(queries, tenth, strict=True)
    ]
    return float(np.mean(found)) / min(AT, len(base.rows))


def _tenth_best(queries: Vectors, vectors: VectorFile) -> NDArray[np.float32]:
    """The tenth highest score of each query, by comparing it with all vectors."""
    best = np.empty((len(queries), 0), dtype=np.float32)
    for _, block in vectors.blocks():
        best = np.concatenate([best, queries @ block.T], axis=1)
        if best.shape[1] > AT:
            best = np.partition(best, -AT, axis=1)[:, -AT:]
    tenth: NDArray[np.float32] = best.min(axis=1)
    return tenth


def _sample(count: int, wanted: int) -> RowIds:
    """Positions below `count`, ascending, the same each time."""
    chosen = np.random.default_rng(_SEED).choice(count, min(count, wanted), replace=False, shuffle=False)
    return np.sort(chosen).astype(np.int64)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return found
