"""One process that reads files for a `ReaderPool` (pool.py), one after another, until its pipe is closed.

In: jobs on the pipe whose descriptor it is given. Out: for each job what unpack.py makes of the file.
It loads readers and nothing else, and keeps to the limits that it is given even if nobody watches it any more.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Set
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from rag.documents.options import ReadOptions
from rag.documents.pool_messages import bytes_of
from rag.documents.unpack import Begun, Result, Spent, id_of, read_all
from rag.types import Prepared

SPENT = 0.7  # share of the memory from which on a process reads no further file: little of it may come back
GRACE = 2.0  # seconds after the limit at which the process ends itself, should the pool be gone


class ReaderLimits(NamedTuple):
    """The limits for one file, of a folder or in another file."""

    seconds: float
    megabytes: int  # of memory, Python and the readers' own code included


class ReadingJob(NamedTuple):
    """A file to read; the fields are those of `read_all`."""

    path: Path
    document_id: str
    source: str
    options: ReadOptions
    known: Set[tuple[str, str]]
    past: Set[str]


def read_for_pool(
    descriptor: int, limits: ReaderLimits, further: Callable[[Begun | Result], Begun | Result | Prepared] | None = None
) -> None:
    """Serves jobs until the pipe is closed. A timer of the kernel keeps the time limit, in foreign code too. `further`
    makes what is sent of what was read."""
    keep_to(limits)
    with Connection(descriptor) as pipe:
        while True:
            try:
                job: ReadingJob = pipe.recv()
            except (EOFError, OSError):
                return
            steps = read_all(*job)
            for step in map(further, steps) if further else steps:
                signal.setitimer(signal.ITIMER_REAL, 0)  # it may wait until it is taken
                if _is_spent(step, limits, job.document_id):
                    pipe.send_bytes(bytes_of(Spent()))
                pipe.send_bytes(bytes_of(step))
                if isinstance(step, Begun):
                    signal.setitimer(signal.ITIMER_REAL, limits.seconds + GRACE)


def keep_to(limits: ReaderLimits) -> None:
    """Hold this process to a limit of memory where the system keeps one (macOS refuses it), and to one thread of
    tesseract; what libraries print is nobody's."""
    import resource  # late: Windows has none

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (limits.megabytes << 20, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    os.environ["OMP_THREAD_LIMIT"] = "1"  # for tesseract: its threads wait for one another more than they compute


def _is_spent(step: Begun | Result | Prepared, limits: ReaderLimits, whole: str) -> bool:
    """True behind a file for which the memory did not suffice, or nearly not; the latter at the end of a file with all
    that is in it, since a large archive itself may be what takes so much."""
    if isinstance(step, BaseException) and isinstance(step.__cause__, MemoryError):
        return True
    if isinstance(step, Begun) or id_of(step) != whole:
        return False
    return _most_kilobytes() > SPENT * limits.megabytes * 1024


def _most_kilobytes() -> int:
    """The most memory that this process had. `ru_maxrss` of Linux is at least that of the process which started it."""
    import resource

    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most  # bytes there
