"""Ingestion by two workers of a Ray cluster, one of which is killed in mid-run, against ingestion by one process.

In: the folder of evaluation sets: the articles of squad2, and rows of wiki_distractors as a text file each. Out:
counts, what differs between the two catalogues (nothing may, but the last digits of vectors), and the times as a ratio.

    python benchmarks/ray_ingest.py ../shared/eval --articles 8 --rows 300
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from evalset import eval_argument  # noqa: E402
from evalset import rows as rows_of  # noqa: E402

from rag.background import Progress, Run  # noqa: E402
from rag.documents.options import DEFAULTS  # noqa: E402
from rag.documents.pool import ReaderPool  # noqa: E402
from rag.ingest.changes import find_changes  # noqa: E402
from rag.ingest.prepare import Here, Preparer  # noqa: E402
from rag.ingest.ray.preparer import ray_preparer  # noqa: E402
from rag.ingest.ray.worker import Work  # noqa: E402
from rag.ingest.run import Summary, carry_out  # noqa: E402
from rag.models import load_embedder  # noqa: E402
from rag.seams import Embedder, VectorSpace  # noqa: E402
from rag.settings import Settings, load_settings  # noqa: E402
from rag.stores.open import open_index  # noqa: E402
from tests.index.catalogues import ALL_VERSIONS, DOCUMENTS, PASSAGES, largest_difference, rows  # noqa: E402

WORKERS = 2
LARGEST_DIFFERENCE = 2e-3  # of a component of a unit vector: another number of threads adds up in another order


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--articles", type=int, default=36, help="articles of squad2 (default: all)")
    parser.add_argument("--rows", type=int, default=6119, help="rows of wiki_distractors (default: all)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        library = write_library(options.eval, work / "library", options.articles, options.rows)
        begun = time.monotonic()
        with here() as (embedder, preparer):
            started = time.monotonic() - begun
            local, local_s = index(library, settings(work, "local"), embedder, preparer)
        print(f"one process: {told(local)} in {local_s:.0f} s, after {started:.0f} s to start", flush=True)
        begun = time.monotonic()
        with on_ray(work) as (embedder, preparer):
            assert embedder.dimension  # a first worker is there
            started = time.monotonic() - begun
            killed: list[int] = []
            remote, remote_s = index(library, settings(work, "ray"), embedder, preparer, killer(work, killed))
        times = f"in {remote_s:.0f} s, after {started:.0f} s to start"
        print(f"{WORKERS} workers, {len(killed)} killed: {told(remote)} {times}")
        print(f"time of Ray / time of one process: {remote_s / local_s:.2f}")
        return compare(work / "indexes" / "local", work / "indexes" / "ray", len(killed))


def write_library(evaluation: Path, library: Path, articles: int, limit: int) -> Path:
    distractors = rows_of(evaluation / "wiki_distractors", "corpus")[:limit]
    for name in ("articles", "distractors"):
        (library / name).mkdir(parents=True)
    for path in sorted((evaluation / "squad2" / "articles").iterdir())[:articles]:
        shutil.copy(path, library / "articles")
    for number, row in enumerate(distractors):
        (library / "distractors" / f"{number:05}.txt").write_text(row["text"], "utf-8")
    return library


def settings(work: Path, name: str) -> Settings:
    return load_settings(indexes_dir=work / "indexes", index=name)


@contextmanager
def here() -> Iterator[tuple[VectorSpace, Preparer]]:
    own = load_settings()
    embedder = load_embedder(own.embedder, WORKERS)
    with ReaderPool(WORKERS) as pool:
        yield embedder, Here(embedder, own.passage_tokens, pool.read)


@contextmanager
def on_ray(work: Path) -> Iterator[tuple[VectorSpace, Preparer]]:
    own = load_settings()
    (work / "workers").mkdir()
    load = partial(load_noted, own.embedder, work / "workers")
    with ray_preparer(None, WORKERS, Work(load, own.passage_tokens, DEFAULTS)) as preparer:
        yield preparer, preparer


def load_noted(name: str, folder: Path) -> Embedder:
    """Runs in a worker, whose process can then be found."""
    embedder = load_embedder(name, 1)
    (folder / str(os.getpid())).touch()
    return embedder


def killer(work: Path, killed: list[int]) -> Progress:
    """Kills a worker when half of the files are read."""

    def look(done: int, total: int, name: str) -> None:
        if not killed and 2 * done >= total:
            killed.append(int(min((work / "workers").iterdir()).name))
            os.kill(killed[0], signal.SIGKILL)

    return look


def index(
    library: Path,
    own: Settings,
    embedder: VectorSpace,
    preparer: Preparer,
    progress: Progress = lambda done, total, name: None,
) -> tuple[Summary, float]:
    """-> what was done, and the seconds that it took."""
    with open_index(own, embedder, create=True) as target:
        begun = time.monotonic()
        summary = carry_out(find_changes([library], target.files()), target, preparer, Run(progress))
        return summary, time.monotonic() - begun


def told(summary: Summary) -> str:
    return f"{len(summary.added)} documents, {summary.passages} passages, {len(summary.failed)} failed"


def compare(local: Path, remote: Path, killed: int) -> int:
    """-> 0 where nothing differs."""
    same = {
        "documents with their texts": rows(local, DOCUMENTS) == rows(remote, DOCUMENTS),
        "passages with their spans": rows(local, PASSAGES) == rows(remote, PASSAGES),
        "nothing twice": rows(local, ALL_VERSIONS) == rows(remote, ALL_VERSIONS),
    }
    for what, is_same in same.items():
        print(f"{what}: {'the same, byte for byte' if is_same else 'DIFFERENT'}")
    largest = largest_difference(local, remote)
    print(f"largest difference of a vector's component: {largest:.1e} (limit {LARGEST_DIFFERENCE:g})")
    return 0 if all(same.values()) and largest <= LARGEST_DIFFERENCE and killed == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
