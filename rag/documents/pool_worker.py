"""One process that reads files for a `ReaderPool` (pool.py), one after another, until its pipe is closed.

In: jobs on the pipe whose descriptor it is given. Out: for each job what unpack.py makes of the file.
It loads readers and nothing else, and keeps to the limits that it is given even if nobody watches it any more.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Set
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from rag.documents.read import Options
from rag.documents.unpack import Begun, read_all

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
    options: Options
    known: Set[tuple[str, str]]
    past: Set[str]


def read_for_pool(descriptor: int, limits: ReaderLimits) -> None:
    """Serves jobs until the pipe is closed. A timer of the kernel keeps the time limit, in foreign code too."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limits.megabytes << 20, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # what libraries print is nobody's answer
    os.environ["OMP_THREAD_LIMIT"] = "1"  # for tesseract: its threads wait for one another more than they compute
    with Connection(descriptor) as pipe:
        while True:
            try:
                job: ReadingJob = pipe.recv()
            except (EOFError, OSError):
                return
            for step in read_all(*job):
                signal.setitimer(signal.ITIMER_REAL, 0)  # it may wait until it is taken
                pipe.send(step)
                if isinstance(step, Begun):
                    signal.setitimer(signal.ITIMER_REAL, limits.seconds + GRACE)
