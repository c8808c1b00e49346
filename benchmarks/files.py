"""Growth of `rag index` with the number of files: the first run, one without changes, one with a hundred.

    python benchmarks/files.py [--sizes 10000 100000] [--changes 100] [--folder FOLDER]

Files have one short sentence each and lie a hundred in a folder. They are walked, compared, read, cut and committed as
`rag index` does it, in one process. Vectors are made up: the time of embedding is in proportion to the passages and
does not depend on how many files there are. Each run has a process of its own, which tells its time and the most memory
that it had. A run without changes is told beside a bare walk with `os.scandir` and `os.stat` of each file, in
the same process, the quickest of three for both.

Prints a line for each size, and how much more the last took than the first.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.index.folders import Expected
from rag.index.local import LocalIndex
from rag.ingest.changes import find_changes
from rag.ingest.prepare import Here, read_here
from rag.ingest.run import carry_out
from rag.types import Embedding, Passage, Vectors

DIMENSION = 384
MADE_WITH = Expected("made up", DIMENSION, "files")
EACH_FOLDER = 100


class MadeUp:
    """Vectors that cost nothing: one for all texts."""

    fingerprint, dimension, max_tokens = "made up", DIMENSION, 256
    tokenizer: Path | None = None

    def __init__(self) -> None:
        self._vector = np.zeros(DIMENSION, np.float32)
        self._vector[0] = 1.0

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        ends = [place for place, letter in enumerate(text) if letter == " "] + [len(text)]
        return list(zip([0, *(end + 1 for end in ends)], ends, strict=False))

    def embed_query(self, text: str) -> Vectors:
        return self._vector

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        return [Embedding(self._vector, np.stack([self._vector] * len(item.sentences))) for item in passages]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where to make the files; by default where temporary files go")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)  # the process of its own
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run(options.run)))
        return
    first = None
    for size in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            found = measured(Path(name), size, options.changes)
        print(told(size, options.changes, found))
        if first is not None:
            print(grown(first, (size, found)))
        first = first or (size, found)


def measured(folder: Path, size: int, changes: int) -> dict[str, dict[str, float]]:
    make(folder / "library", size)
    found = {"first": apart(folder), "unchanged": apart(folder)}
    for number in range(0, size, size // changes):
        place(folder / "library", number).write_text(f"Entry {number} was written anew.")
    return found | {"changed": apart(folder)}


def make(library: Path, size: int) -> None:
    for number in range(size):
        file = place(library, number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"Entry {number} stands in the register of the mill.")


def place(library: Path, number: int) -> Path:
    return library / f"{number // EACH_FOLDER:05}" / f"{number}.txt"


def apart(folder: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, "--run", str(folder)], capture_output=True, text=True, check=True)
    return {name: float(value) for name, value in json.loads(done.stdout).items()}


def run(folder: Path) -> dict[str, float]:
    """Bring the index in line, and walk barely beside that if nothing is to be done."""
    library, indexes = folder / "library", folder / "indexes"
    times, walks = [], []
    for _ in range(3):
        began = time.perf_counter()
        with LocalIndex.open(indexes, "files", MADE_WITH, create=True) as index:
            change = find_changes([library], index.files(), indexes, failures=index.failures())
            summary = carry_out(change, index, Here(MadeUp(), 200, read_here))
        times.append(time.perf_counter() - began)
        put = len(summary.added) + len(summary.replaced)
        if put:
            break
        began = time.perf_counter()
        files = walk(str(library))
        walks.append(time.perf_counter() - began)
        assert files == len(summary.unchanged)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"seconds": min(times), "walk": min(walks, default=0.0), "memory": memory, "put": put}


def walk(folder: str) -> int:
    files = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                files += walk(entry.path)
            else:
                os.stat(entry.path)
                files += 1
    return files


def told(size: int, changes: int, found: dict[str, dict[str, float]]) -> str:
    first, unchanged, changed = found["first"], found["unchanged"], found["changed"]
    assert (first["put"], unchanged["put"], changed["put"]) == (size, 0, changes), found
    times = unchanged["seconds"] / unchanged["walk"]
    return (
        f"{size:,} files: first run {first['seconds']:.1f} s, {first['memory']:.0f} MB; without changes "
        f"{unchanged['seconds']:.2f} s, {unchanged['memory']:.0f} MB ({times:.1f} times a bare walk of "
        f"{unchanged['walk']:.2f} s); with {changes} changes {changed['seconds']:.2f} s, {changed['memory']:.0f} MB"
    )


def grown(first: tuple[int, dict[str, dict[str, float]]], last: tuple[int, dict[str, dict[str, float]]]) -> str:
    (few, before), (many, after) = first, last
    parts = (f"{name} {after[name]['seconds'] / before[name]['seconds']:.1f} times as long" for name in before)
    return f"    {many / few:.0f} times the files: {', '.join(parts)}"


if __name__ == "__main__":
    main()
