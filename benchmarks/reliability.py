"""Events that an index survives, with their figures: `make bench-reliability`, or one part at a time with `--part`.

    kills     the writer killed after each of its file-system steps and at random moments
    cut-off   uploads, removals, backups, restores and an index of version 0.1 killed after each step of theirs
    model     an index beside a plain re-reading, under all that Hypothesis thinks up; `--examples` of 40 steps each
    commands  `rag index` killed at random moments, with the real embedder
    faults    files lost, cut short, emptied or altered; a full disk; a folder that may not be written to
    readers   searches while every document is replaced in a loop, and memory before and after 500 cycles
    sync      the first and the second run over a library of 10,000 files
    both      a writer and the service killed together, `--kills` times, with uploads and removals
    troubles  the service on a full disk, without memory, stopped under load, and other troubles around it
    together  two services and a `rag index --watch` on one folder, with uploads, edits and kills, for `--minutes`

Prints one line for each figure. Fails with a traceback where something was lost. Works in memory (/dev/shm) where there
is such a place, except for `commands` and `sync`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import both
import cut_off
import faults
import kills
import readers
import together
import troubles

from rag.index.local import LocalIndex

ROOT = Path(__file__).parent.parent
RAG = [sys.executable, "-m", "rag.cli.main"]
COMMANDS = 24  # kills of the real command, eight on each index
LIBRARY = 2_000  # documents for it: more than eight runs commit
MOST_COMMITS = 150  # documents of one run before it is killed
FILES = 10_000
STEPS = 40
WORDS = "river mill bridge harbour ferry lamp keeper engine valley stone clerk letter market winter tide".split()


def bench_kills(quick: bool) -> None:
    with _folder() as folder:
        steps = kills.after_each_step(folder, every=40 if quick else 3)
    with _folder() as folder:
        moments = kills.at_random(folder, 20 if quick else 200)
    print(
        f"kills survived with nothing lost, half there or orphaned: {steps} after a step, {moments} at random moments"
    )


def bench_cut_off(quick: bool) -> None:
    with _folder() as folder:
        kills = cut_off.after_each_step(folder, every=20 if quick else 1)
    each = ", ".join(f"{kind} {count}" for kind, count in kills.items())
    print(f"kills after a step, with documents and files in line afterwards: {sum(kills.values())} ({each})")


def bench_model(quick: bool, examples: int = 100) -> None:
    """Random work on an index and its files; fails with the steps that led to a difference."""
    from hypothesis import HealthCheck, settings
    from hypothesis.stateful import run_state_machine_as_test

    from tests.ingest.test_whole_model import WholeMachine

    count = 2 if quick else examples
    chosen = settings(
        max_examples=count, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(WholeMachine, settings=chosen)
    print(f"an index beside a plain re-reading after each step: {count} runs of up to {STEPS} steps, no difference")


def bench_commands(quick: bool) -> None:
    """Killed over and over, each run goes on where the last ended; documents that are there stay there."""
    chance, survived, counts = random.Random(5), 0, [0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_library(folder / "library", LIBRARY, 60)
        while survived < (3 if quick else COMMANDS):
            if survived % 8 == 0:
                _run(["rm", "-rf", str(folder / "indexes")], folder)
                counts = [0]
            process = subprocess.Popen(
                [*RAG, "index", "library"],
                cwd=folder,
                env=_environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            _wait_for_commits(process, folder / "indexes" / "default", counts[-1] + chance.randint(0, MOST_COMMITS))
            time.sleep(chance.uniform(0, 1))
            if process.poll() is not None:
                raise AssertionError(f"it ended by itself: {process.communicate()}")
            process.send_signal(signal.SIGKILL)
            process.communicate()
            with LocalIndex.open(folder / "indexes", "default") as index:
                assert index.repair() == [] == index.verify()
                counts.append(len(index.documents()))
            assert counts == sorted(counts), counts
            survived += 1
        done = _run([*RAG, "index", "library", "--json"], folder)
        report = json.loads(done.stdout)
        assert report["documents"] == LIBRARY
        assert len(report["added"]) == LIBRARY - counts[-1]
    print(f"`rag index` killed with the real embedder: {survived} times, nothing lost (the last left {counts[1:]})")


def _wait_for_commits(process: subprocess.Popen[bytes], index: Path, documents: int) -> None:
    """Wait until the catalogue holds so many documents, as another process sees it."""
    while process.poll() is None:
        with suppress(sqlite3.Error):
            with closing(sqlite3.connect(f"file:{index / 'catalogue.sqlite'}?mode=ro", uri=True)) as catalogue:
                (found,) = catalogue.execute("SELECT COUNT(*) FROM versions WHERE removed IS NULL").fetchone()
            if found >= documents:
                return
        time.sleep(0.02)


def bench_faults(quick: bool) -> None:
    faults.FLIPS = 2 if quick else 25
    with _folder() as folder:
        for kind, injected, found, mended, wrong in faults.damage(folder):
            print(f"files {kind}: {injected} injected, {found} found by verify, {mended} mended by repair", *wrong)
    with _folder() as folder:
        full = faults.full_disk(folder)
        print(
            "a full disk:",
            "no tmpfs may be mounted here" if full is None else f"{full[0]} put in, {full[1]} there after",
        )
    with _folder() as folder:
        there, *lines = faults.read_only(folder)
        print(f"a folder that may only be read: {there} passages found; verify: {lines[:1]}")


def bench_readers(quick: bool) -> None:
    for documents, passages in ((20, 10), (200, 10)):
        cycles, seconds = (20, 5) if quick else (500, 60) if documents == 20 else (0, 60)
        with _folder() as folder:
            found = readers.run(folder, documents, passages, cycles, seconds)
        print(
            f"readers while all of {documents * passages} passages are replaced {found.cycles} times: {found.searches} "
            f"searches, {found.failures} failed; median {found.median_ms:.1f} ms, 99 % {found.p99_ms:.1f} ms, worst "
            f"{found.worst_ms:.1f} ms ({found.cpu_worst_ms:.1f} ms of processor time)"
        )
        for what, (before, after) in (("writer", found.writer_mb), ("reader", found.reader_mb)):
            print(f"    memory of the {what}: {before:.1f} MB before, {after:.1f} MB after ({after / before - 1:+.1%})")


def bench_sync(quick: bool) -> None:
    count = 300 if quick else FILES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_library(folder / "library", count, 40)
        first = _timed(lambda: _run([*RAG, "index", "library"], folder))
        second = min(_timed(lambda: _run([*RAG, "index", "library"], folder)) for _ in range(3))
        (folder / "library" / "00" / "0.txt").write_text("Changed.")
        one = _timed(lambda: _run([*RAG, "index", "library"], folder))
    print(
        f"rag index over {count} files: first run {first:.1f} s, unchanged {second:.2f} s (1/{first / second:.0f}), "
        f"one file changed {one:.1f} s (the embedder is loaded for it)"
    )


def bench_together(quick: bool, minutes: float = 10.0) -> None:
    seconds = 20.0 if quick else 60 * minutes
    with tempfile.TemporaryDirectory() as name:
        done = together.run(Path(name), seconds)
    print(
        f"two services and a `rag index --watch` together for {seconds / 60:.1f} minutes: {done.edits} edits, "
        f"{len(done.sent)} uploads ({done.failed} that cannot be read), {done.kills} kills of a service; the index "
        f"holds what {done.documents} files hold, and no job's word was untrue"
    )


def bench_both(quick: bool, kills: int = 100) -> None:
    with _folder() as folder:
        done = both.run(folder, 10 if quick else kills)
    print(
        f"a writer and the service killed together: {done.kills} times, with {done.accepted} uploads accepted, "
        f"{done.removed} documents removed and {done.unknown} requests cut off: nothing lost, nothing half there"
    )


def bench_troubles(quick: bool) -> None:
    for name, run in list(troubles.TROUBLES.items())[: 2 if quick else None]:
        with _folder() as folder:
            print(f"{name}: {run(folder / 'work')}", flush=True)


def make_library(folder: Path, files: int, words: int) -> None:
    """Text files that all differ, a hundred in a folder."""
    chance = random.Random(1)
    for number in range(files):
        path = folder / f"{number // 100:02}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = " ".join(chance.choice(WORDS) for _ in range(words))
        path.write_text(f"Entry {number} of the register. {text.capitalize()}.")


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=True)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


PARTS: dict[str, Callable[[bool], None]] = {
    "kills": bench_kills,
    "cut-off": bench_cut_off,
    "model": bench_model,
    "commands": bench_commands,
    "faults": bench_faults,
    "readers": bench_readers,
    "sync": bench_sync,
    "both": bench_both,
    "together": bench_together,
    "troubles": bench_troubles,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What an index survives.")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it works")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the part `together`")
    parser.add_argument("--kills", type=int, default=100, help="of the part `both`")
    parser.add_argument("--examples", type=int, default=100, help="of the part `model`")
    options = parser.parse_args()
    PARTS["both"] = partial(bench_both, kills=options.kills)
    PARTS["together"] = partial(bench_together, minutes=options.minutes)
    PARTS["model"] = partial(bench_model, examples=options.examples)
    for part in options.part or PARTS:
        PARTS[part](options.quick)
