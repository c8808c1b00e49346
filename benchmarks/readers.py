"""Readers of an index whose every document is being replaced in a loop: how long searches take, and how much memory.

In: a folder, documents and passages of the index, seconds or cycles. Out: latencies of whole searches (snapshot, both
searches, fetch) in another process than the writer's, failures, and the resident memory of both before and after.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np  # noqa: E402

from tests.index.contract import put, unit_vector  # noqa: E402
from tests.index.test_kill import open_index  # noqa: E402

WARM_UP = 500  # cycles before memory is measured: until then the allocator still grows (docs/experiments.md)
_PAGE = 4096

READER = """
import sys
sys.path[:0] = [{here!r}]
import readers
readers.read_until_told({folder!r})
"""


class Outcome(NamedTuple):
    """Milliseconds and megabytes; memory as (after the warm-up, at the end)."""

    cycles: int
    searches: int
    failures: int
    median_ms: float
    p99_ms: float
    worst_ms: float
    cpu_worst_ms: float  # of the reader's own processor time: what the machine's other work cannot lengthen
    writer_mb: tuple[float, float]
    reader_mb: tuple[float, float]


def run(folder: Path, documents: int, passages: int, cycles: int, seconds: float) -> Outcome:
    """A cycle replaces every document and publishes; ends after `cycles`, or `seconds` where that is later."""
    with open_index(folder, write=True) as index:
        _cycle(index, documents, passages, 0)
        script = READER.format(here=str(Path(__file__).parent), folder=str(folder))
        reader = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        began, done = time.monotonic(), 0
        memory: list[tuple[float, float]] = []
        while done < cycles + WARM_UP or time.monotonic() - began < seconds:
            done += 1
            _cycle(index, documents, passages, done)
            if done == WARM_UP:
                memory.append((_resident("self"), _resident(str(reader.pid))))
        memory.append((_resident("self"), _resident(str(reader.pid))))
        told, _ = reader.communicate("stop\n")
    found = json.loads(told)
    times = np.array(found["wall"]) * 1000
    return Outcome(
        done,
        len(times),
        found["failures"],
        float(np.median(times)),
        float(np.percentile(times, 99)),
        float(times.max()),
        max(found["cpu"]) * 1000,
        (memory[0][0], memory[-1][0]),
        (memory[0][1], memory[-1][1]),
    )


def read_until_told(folder: str) -> None:
    """Search without a pause until a line comes on standard input; print what happened as JSON."""
    import threading

    told = threading.Event()

    def wait() -> None:
        sys.stdin.readline()
        told.set()

    threading.Thread(target=wait, daemon=True).start()
    wall: list[float] = []
    cpu: list[float] = []
    failures = 0
    with open_index(Path(folder)) as index:
        _search(index)
        print("ready", flush=True)
        while not told.is_set():
            began, began_cpu = time.perf_counter(), time.thread_time()
            try:
                failures += not _search(index)
            except Exception as error:
                print(error, file=sys.stderr)
                failures += 1
            wall.append(time.perf_counter() - began)
            cpu.append(time.thread_time() - began_cpu)
            time.sleep(0.002)
    print(json.dumps({"wall": wall[-200_000:], "cpu": cpu[-200_000:], "failures": failures}))


def _search(index: object) -> bool:
    """Check that what is found is of one state: every passage of both searches names the same change."""
    with index.snapshot() as snapshot:  # type: ignore[attr-defined]
        dense = snapshot.dense(unit_vector("any"), 50)
        lexical = snapshot.lexical("common words", 50)
        stored = snapshot.fetch(list({hit.row for hit in [*dense, *lexical]}))
        return len({item.passage.text.rsplit(" ", 1)[1] for item in stored}) == 1 and len(dense) == len(lexical) == 50


def _cycle(index: object, documents: int, passages: int, number: int) -> None:
    from tests.index.contract import make_entry

    put(
        index,  # type: ignore[arg-type]
        *(
            make_entry(
                f"doc{document}", [f"Common words {document} and {n} of change {number}" for n in range(passages)]
            )
            for document in range(documents)
        ),
    )


def _resident(process: str) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * _PAGE / 1e6
