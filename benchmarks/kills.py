"""A writer that is killed at random moments, and after each step that it takes on the file system.

In: a folder to work in and how many kills. Out: how many there were, with an `AssertionError` for anything lost, half
there or orphaned. A helper process loads the program once, with steps.c preloaded, and forks a writer for each round.
What the writer notes of calls that returned is compared with what is found (tests/index/test_kill.py).
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from tests.index.test_kill import check, open_index, state_of  # noqa: E402

CHANGES = 13  # of a round, of which four are published and three removals: every kind of step is among them
LONGEST_S = 0.25

HELPER = """
import ctypes, os, sys
sys.path[:0] = [{root!r}]
import faiss, tantivy
from tests.index.test_kill import write_for_ever
steps = ctypes.CDLL(None)
for line in sys.stdin:
    folder, log, first, changes, last = line.split()
    child = os.fork()
    if child == 0:
        steps.steps_arm(ctypes.c_long(int(last)))
        write_for_ever(folder, log, int(first), int(changes))
        os._exit(0)
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@contextlib.contextmanager
def writers(folder: Path, script: str = HELPER) -> Iterator[subprocess.Popen[str]]:
    """The helper process. Needs a C compiler."""
    library = folder / "steps.so"
    source = Path(__file__).with_name("steps.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    script = script.format(root=str(ROOT))
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def after_each_step(folder: Path, every: int = 1) -> int:
    """Kill after the first, second, ... step of the same round until one ends by itself; -> kills."""
    base = folder / "base"
    with open_index(base, write=True) as index:
        for number in range(5):
            index.replace(state_of(number))
    work, log, kills = folder / "work", folder / "log", 0
    with writers(folder) as helper:
        for last in range(1, 100_000, every):
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(base, work)
            log.write_text("".join(f"put {number}\n" for number in range(5)))
            if not _round(helper, work, log, 5, CHANGES, last):
                return kills
            kills += 1
            check(work, log.read_text().splitlines(), write=last % 2 == 0)
    raise AssertionError("a round never ended")


def at_random(folder: Path, rounds: int, seed: int = 20) -> int:
    """Kill at random moments, ten times in each index, so that what one writer left is the next one's start."""
    chance, log, kills = random.Random(seed), folder / "log", 0
    work = folder / "work"
    with writers(folder) as helper:
        for turn in range(rounds):
            if turn % 10 == 0:
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir()
                log.write_text("")
            begun = [int(line.split()[1]) for line in log.read_text().splitlines()]
            first = max(begun, default=-1) + 1
            kills += _round(helper, work, log, first, 100_000, 0, chance.uniform(0, LONGEST_S))
            if (work / "k" / "catalogue.sqlite").exists():
                check(work, log.read_text().splitlines(), write=turn % 2 == 0)
    return kills


def _round(
    helper: subprocess.Popen[str], folder: Path, log: Path, first: int, changes: int, last: int, seconds: float = 0
) -> bool:
    """True if the writer was killed."""
    return kill_after(helper, f"{folder} {log} {first} {changes} {last}", None if last else seconds)


def kill_after(helper: subprocess.Popen[str], line: str, seconds: float | None = None) -> bool:
    """One round of what the line says, killed after so many seconds, if any; -> whether it was killed."""
    assert helper.stdin is not None
    assert helper.stdout is not None
    helper.stdin.write(f"{line}\n")
    helper.stdin.flush()
    writer = int(helper.stdout.readline())
    if seconds is not None:
        time.sleep(seconds)
        os.kill(writer, signal.SIGKILL)
    code = int(helper.stdout.readline())
    assert code in (0, -signal.SIGKILL), f"the writer failed: {code}"
    return code != 0
