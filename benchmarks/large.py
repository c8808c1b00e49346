"""Dense search among many vectors, quantised, against exact FAISS (IndexFlatIP) on the same vectors in the same run.

    python benchmarks/large.py [../shared/eval] [--vectors 1000000] [--seed 1]

Prints recall@10, the time of one query on one thread and its ratio, bytes of memory a vector, and what it takes to
build, to open, and to add and remove 1,000 rows. Queries are the real questions of squad2, and the sums of four vectors
with which recall is measured when an index is built.

The vectors are real ones, of the passages and sentences of squad2 (some 7,800), perturbed: each is a + 0.65 (c - d) /
|c - d|, brought to unit length, a, c and d drawn at random. Two made from the same a have a cosine of about 0.7, less
than that between near sentences of one article (0.8 and more), so the ten nearest to a question come from several; and
differences of real vectors vary along the same directions as real vectors do, which random noise would not. Where the
set is absent, the vectors that are perturbed are drawn by a seeded generator: 2,000 clusters in 64 of the dimensions.

A million take about 3 GB of memory, 2 GB of disk and ten minutes on two cores, of which the exact index has a half.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from evalset import build_index, eval_argument, rows
from numpy.typing import NDArray

from rag.index.catalogue import Catalogue
from rag.index.dense import compaction, loading, manifest, training
from rag.index.dense.exact import one_thread
from rag.index.dense.quantised import Quantised
from rag.types import Scored, Vectors

DIMENSION = 384
BLOCK = 8192
SHIFT = 0.65
QUERIES = 200
CHANGED = 1000
ROUNDS = 20

# Run apart, so that what is measured is the index and nothing that made it.
_MEMORY = """
import sys, numpy, faiss
from pathlib import Path
from rag.index import stored
folder, queries = Path(sys.argv[1]), numpy.load(sys.argv[2])
def kilobytes():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])
before = kilobytes()
index = loading.load(folder, queries.shape[1])
for query in queries: index.search(query, 10)
print((kilobytes() - before) * 1024 / len(index))
"""


class Real(NamedTuple):
    """Vectors to perturb, and queries of the same kind."""

    vectors: Vectors
    questions: Vectors | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        real = squad2(options.eval / "squad2", work) if (options.eval / "squad2").is_dir() else seeded(options.seed)
        kind = "real" if real.questions is not None else f"seeded ({options.eval / 'squad2'} is not there)"
        print(f"{options.vectors} vectors made of {len(real.vectors)} {kind} ones")
        measure(real, options.vectors, options.seed, work)


def measure(real: Real, count: int, seed: int, work: Path) -> None:
    def blocks() -> Iterator[Vectors]:
        return perturbed(real.vectors, count, seed)

    _, seconds = timed(lambda: compaction.save_quantised(np.arange(count), blocks(), DIMENSION, 1, work))
    told = manifest.dense_manifest(work).trained
    assert told is not None
    print(f"build: {seconds:.1f} s; {json.dumps(told._asdict() | {'vectors_sha256': '...'})}", flush=True)
    index, seconds = timed(lambda: loading.load_dense(work, DIMENSION))
    assert isinstance(index, Quantised)
    print(f"open: {1000 * seconds:.0f} ms")
    queries = training.between(index.base.vectors, QUERIES)
    searched = queries if real.questions is None else real.questions
    np.save(work / "queries.npy", np.concatenate([queries, searched]))
    print(f"memory: {memory(work):.0f} bytes a vector; on disk {on_disk(work) / count:.0f}", flush=True)
    exact = exact_index(blocks())
    print(f"recall@10: sums of four {recall(index, exact, queries):.4f}", flush=True)
    if real.questions is not None:
        print(f"recall@10: questions {recall(index, exact, real.questions):.4f}", flush=True)
    compare("one query", index, exact, searched)
    compare("the fifty nearest", index, exact, searched, 50)
    changes(index, exact, searched, real, seed)


def changes(index: Quantised, exact: Any, queries: Vectors, real: Real, seed: int) -> None:
    """Adding and removing, one after the other, and searching with as much changed as there may be."""
    count = len(index)
    random = np.random.default_rng(seed + 1)
    most = int(manifest.allowance(count, quantised=True))
    new = np.concatenate(list(perturbed(real.vectors, max(most, CHANGED), seed + 1)))
    rows = np.arange(count, count + len(new))
    none = rows[:0]
    added, seconds = timed(lambda: index.changed(rows[:CHANGED], none, 2, lambda some: new[some - count]))
    print(f"add {CHANGED} rows: {1000 * seconds:.1f} ms")
    gone = random.choice(count, CHANGED, replace=False)
    _, seconds = timed(lambda: added.changed(none, gone, 3, lambda some: new[some - count]))
    print(f"remove {CHANGED} rows: {1000 * seconds:.1f} ms")
    gone = np.sort(random.choice(count, most // 2, replace=False))
    full = index.changed(rows[: most // 2], gone, 2, lambda some: new[some - count])
    compare(f"{most // 2} rows added and as many removed", full, exact, queries)
    among = np.sort(random.choice(count, count // 100, replace=False))
    compare(f"held to {len(among)} rows", index, exact, queries, among=among)


def compare(what: str, index: Quantised, exact: Any, queries: Vectors, k: int = 10, among: Any = None) -> None:
    """Alternately, so that both have the same machine."""
    ours: list[float] = []
    theirs: list[float] = []
    for query in queries[:ROUNDS]:
        index.search(query, k, among)  # what it reads for the first time, the disk has to give
        ours.append(timed(lambda query=query: index.search(query, k, among))[1])  # type: ignore[misc]
        theirs.append(timed(lambda query=query: flat(exact, query, k))[1])  # type: ignore[misc]
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(
        f"{what}: {1000 * mine:.2f} ms ({1000 * min(ours):.2f} to {1000 * max(ours):.2f}), "
        f"exact over all {1000 * other:.1f} ms ({1000 * min(theirs):.1f} to {1000 * max(theirs):.1f}), "
        f"1/{other / mine:.0f}",
        flush=True,
    )


def recall(index: Quantised, exact: Any, queries: Vectors) -> float:
    _, rows = exact.search(queries, 10)
    found = [{hit.row for hit in index.search(query, 10)} for query in queries]
    return float(np.mean([len(some & set(all_.tolist())) / 10 for some, all_ in zip(found, rows, strict=True)]))


def flat(exact: Any, query: Vectors, k: int) -> list[Scored]:
    with one_thread():
        scores, rows = exact.search(query[None], k)
    return [Scored(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True)]


def exact_index(blocks: Iterator[Vectors]) -> Any:
    import faiss

    index: Any = faiss.IndexFlatIP(DIMENSION)
    for block in blocks:
        index.add(block)
    return index


def memory(work: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", _MEMORY, str(work), str(work / "queries.npy")]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def on_disk(work: Path) -> int:
    return sum((work / name).stat().st_size for name in (manifest.FAISS_FILE, manifest.VECTORS))


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return call(), time.perf_counter() - start


def perturbed(vectors: Vectors, count: int, seed: int) -> Iterator[Vectors]:
    random = np.random.default_rng(seed)
    for first in range(0, count, BLOCK):
        a, c, d = (vectors[random.integers(len(vectors), size=min(BLOCK, count - first))] for _ in range(3))
        yield unit(a + SHIFT * unit(c - d))


def unit(vectors: NDArray[np.floating[Any]]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


def squad2(folder: Path, work: Path) -> Real:
    """Indexed as a person would, so the vectors are those that searches meet."""
    from rag.models import load_embedder
    from rag.settings import load_settings

    settings = load_settings(indexes_dir=work, index="squad2")
    embedder = load_embedder(settings.embedder, settings.threads)
    with build_index(rows(folder, "corpus"), work / "texts", settings, embedder) as index:
        catalogue = Catalogue.open(index.folder)
        pairs = [embedding for _, embedding, _ in catalogue.contents(catalogue.state().published)]
        catalogue.close()
    vectors = np.concatenate([v for pair in pairs for v in (pair.passage[None], pair.sentences)])
    questions = rows(folder, "questions")
    chosen = np.random.default_rng(0).choice(len(questions), min(QUERIES, len(questions)), replace=False)
    return Real(unit(vectors), np.stack([embedder.embed_query(questions[at]["question"]) for at in chosen]))


def seeded(seed: int) -> Real:
    random = np.random.default_rng(seed)
    directions = random.standard_normal((64, DIMENSION)) / 8
    centres = random.standard_normal((2000, 64)) @ directions
    near = centres[random.integers(2000, size=8000)] + 0.5 * random.standard_normal((8000, 64)) @ directions
    return Real(unit(near + 0.02 * random.standard_normal((8000, DIMENSION))), None)


if __name__ == "__main__":
    main()
