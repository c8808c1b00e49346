"""Speed of this project against others on the same machine: `make bench`, `make bench-quick`.

    python benchmarks/speed.py [../shared/eval] [--generated] [--limit N] [--rounds N] [--only ROW ...] [--peers FOLDER]
    python benchmarks/speed.py --quick [--store]

Ours and the peer are measured in turns, in processes of their own, with the same texts, questions, model files and
cores; what a peer's settings are stands in `benchmarks/peer.py`. Prints a markdown table and writes it, with every
round, to `benchmarks/results/DATE.md` and `.json`. Exit codes: 0 well, 1 a required figure was not reached, 2 the
evaluation set is not there (`--generated` makes texts instead).

`--quick` takes less than two minutes and needs neither set nor peers' environment: figures on generated texts, compared
with those in `benchmarks/results/baseline.json`, of processors with and without bfloat16 separately. It says what moved
by more than both spreads, and exits with 1 where something got slower. `--store` makes its figures the ones to compare
with.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import baseline
import rows
from evalset import eval_argument
from measure import Result, Row, measure, table
from ours import Ours
from peers import DEFAULT_CACHE, PACKAGES, PeerError, peer_python
from serving import ROOT
from workload import Workload, generated, squad2

from rag.processor import has_bfloat16, processor_flags
from rag.settings import load_settings

RESULTS = ROOT / "benchmarks" / "results"
QUICK_DOCUMENTS = 120

Make = Callable[[Ours], Row]

# Searches before what loads further models: the fewer processes there are, the less they disturb each other.
ROWS: dict[str, Callable[[Ours, int], Row]] = {
    "again": lambda ours, rounds: rows.again(ours, 2 * rounds),
    "cold-search": lambda ours, rounds: rows.cold(ours, rounds, "search", 0.7),
    "cold-ask": lambda ours, rounds: rows.cold(ours, rounds, "ask", 1.2),
    "embed": lambda ours, rounds: rows.embed(ours, rounds),
    "index": lambda ours, rounds: rows.index(ours, rounds),
    "search": lambda ours, rounds: rows.search(ours, 2 * rounds, 60),
    "vectors": lambda ours, rounds: rows.vectors(ours, 2 * rounds, 100),
    "http": lambda ours, rounds: rows.over_http(ours, 2 * rounds, 60),
    "first-sentence": lambda ours, rounds: rows.first_sentence(ours, rounds, 8),
    "answer": lambda ours, rounds: rows.answer(ours, rounds, 8),
    "answer-converted": lambda ours, rounds: rows.answer(ours, rounds, 8, converted=True),
    "askers": lambda ours, rounds: rows.askers(ours, rounds, 16),
    "writers": lambda ours, rounds: rows.writers(ours, rounds, 16),
    "alone": lambda ours, rounds: rows.alone(ours, rounds, 8),
}
QUICK: dict[str, Make] = {
    "again": lambda ours: rows.again(ours, 5),
    "cold-search": lambda ours: rows.cold(ours, 2, "search", 0.7),
    "embed": lambda ours: rows.embed(ours, 5, 24),
    "search": lambda ours: rows.query(ours, 5, 20),
    "http": lambda ours: rows.over_http(ours, 5, 30, share=True),
    "answer": lambda ours: rows.evidence_read(ours, 5, 3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--generated", action="store_true", help="texts of a seeded generator instead of squad2")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N paragraphs only")
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement (default: 5)")
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument(
        "--peers", type=Path, default=DEFAULT_CACHE, help=f"their environment; default: {DEFAULT_CACHE}"
    )
    parser.add_argument("--quick", action="store_true", help="the cheap figures, against those that are stored")
    parser.add_argument("--store", action="store_true", help="with --quick: store the figures")
    options = parser.parse_args()
    raise SystemExit(quick(options) if options.quick else whole(options))


def whole(options: argparse.Namespace) -> int:
    workload = (generated() if options.generated else squad2(options.eval)).limited(options.limit)
    chosen = {name: _of_rounds(ROWS[name], options.rounds) for name in options.only or ROWS}
    try:
        python = peer_python(options.peers)
    except PeerError as error:
        raise SystemExit(f"the peers: {error}") from None
    made = f"{workload.name}, {processor()}, {time.strftime('%Y-%m-%d')}"
    results = []
    for result in run(workload, python, chosen):  # hours may pass: what is measured is written at once
        results.append(result)
        write(made, results)
    print(f"{made}\n\n{table(results)}")
    return int(any(result.reached is False for result in results))


def _of_rounds(make: Callable[[Ours, int], Row], rounds: int) -> Make:
    return lambda ours: make(ours, rounds)


def write(made: str, results: list[Result]) -> None:
    """`benchmarks/results/DATE.json` with every round, and `.md` with the table."""
    RESULTS.mkdir(exist_ok=True)
    place = RESULTS / time.strftime("%Y-%m-%d")
    stored = {"made": made, "versions": versions(), "rows": [result.stored() for result in results]}
    place.with_suffix(".json").write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
    place.with_suffix(".md").write_text(f"{made}\n\n{table(results)}", "utf-8")


def quick(options: argparse.Namespace) -> int:
    results = list(run(generated(QUICK_DOCUMENTS), Path(sys.executable), QUICK))
    print(table(results))
    file, kind = RESULTS / "baseline.json", "bfloat16" if has_bfloat16() else "no bfloat16"
    if options.store:
        baseline.store(file, kind, results)
        print(f"stored as the figures of processors with {kind}")
        return 0
    lines, slower = baseline.compare(baseline.load(file, kind), results)
    print("\n".join(lines) or f"nothing is stored of processors with {kind}: --store does that")
    return int(slower)


def run(workload: Workload, python: Path, chosen: dict[str, Make]) -> Iterator[Result]:
    """Each row when it is made; what a peer cannot do is a row without figures."""
    with tempfile.TemporaryDirectory() as work, Ours(Path(work), workload, python) as ours:
        for name, make in chosen.items():
            began = time.perf_counter()
            try:
                result = measure(make(ours))
            except PeerError as error:
                result = Result(name, "", "faster", None, missing=str(error))
            print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            yield result


def processor() -> str:
    """Properties of the processor that decide the figures, and nothing that names the machine."""
    vectors = "AVX-512" if "avx512f" in processor_flags() else "AVX2" if "avx2" in processor_flags() else "no AVX2"
    bfloat16 = "bfloat16" if has_bfloat16() else "no bfloat16"
    cores = load_settings().threads
    return f"{cores} cores, {platform.machine()}, {vectors}, {bfloat16}"


def versions() -> dict[str, str]:
    names = ("rag-cited", "torch", "sentence-transformers", "faiss-cpu", "llama-cpp-python")
    return {name: version(name) for name in names} | {"txtai": PACKAGES[0].removeprefix("txtai==")}


if __name__ == "__main__":
    main()
