"""Many files -> Documents, read in processes of their own, so that no file can stop or crash the program.

In: files as discover.py finds them. Out: in the same order, for each a `Document` or the `DocumentError` that says why
there is none. A file whose reader hangs, crashes or takes too much memory is one such error: its process is ended and
another one takes its place. Processes are started when there is work and load no more than the readers need.

    with ReaderPool(workers=2) as pool:
        for found, result in pool.read(files):
            ...
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait

from rag.documents.discover import Found
from rag.documents.pool_worker import ReaderLimits, ReadingJob
from rag.documents.read import DEFAULTS, Options
from rag.errors import DocumentError
from rag.types import Document

Result = Document | DocumentError

SECONDS = 300.0  # for a file: a book of 400 scanned pages does not fit, one of 10,000 pages of text does
MEGABYTES = 4096
AHEAD = 4  # files for each process that may be under way or wait to be handed out in order
FILES_BEFORE_RENEWAL = 500  # so that what a library never gives back does not add up
LONGEST_START = 60.0  # seconds until a process takes its first file, on a busy machine
LAST_WORDS = 1.0  # seconds at most between the end of a pipe and that of its process
START = (
    "from rag.documents.pool_worker import ReaderLimits, read_for_pool\n"
    "read_for_pool({descriptor}, ReaderLimits({seconds}, {megabytes}))"
)
HOSTILE = "save it anew, or leave it out if you do not trust where it comes from"


class ReaderPool:
    """Processes that read files: a context manager for one thread; `read` may be called again when it is done."""

    def __init__(
        self, workers: int, options: Options = DEFAULTS, seconds: float = SECONDS, megabytes: int = MEGABYTES
    ) -> None:
        """`seconds` and `megabytes` are the limits for one file."""
        self._options = options
        self._limits = ReaderLimits(seconds, megabytes)
        self._workers = [_Worker(self._limits) for _ in range(max(1, workers))]

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, *exc: object) -> None:
        for worker in self._workers:
            worker.stop()

    def read(self, files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        """Yields each file with its result, in order; takes no more of `files` than keeps the processes busy."""
        waiting = iter(files)
        under_way: deque[_Task] = deque()
        try:
            while True:
                self._hand_out(waiting, under_way)
                if not under_way:
                    return
                while under_way[0].result is None:
                    self._collect()
                    self._hand_out(waiting, under_way)
                task = under_way.popleft()
                assert task.result is not None
                yield task.found, task.result
        finally:  # a caller that stops early leaves no half-read file behind
            for worker in self._workers:
                if worker.task is not None:
                    worker.stop()

    def _hand_out(self, waiting: Iterator[Found], under_way: deque[_Task]) -> None:
        for worker in self._workers:
            if worker.task is not None or len(under_way) >= AHEAD * len(self._workers):
                continue
            found = next(waiting, None)
            if found is None:
                return
            task = _Task(found)
            under_way.append(task)
            worker.begin(task, self._options)

    def _collect(self) -> None:
        """Waits until a process has answered or ended, or its time is over."""
        busy = [worker for worker in self._workers if worker.task is not None]
        left = min(worker.deadline for worker in busy) - time.monotonic()
        wait([worker.pipe for worker in busy], timeout=max(0.0, left))
        for worker in busy:
            worker.collect()


class _Task:
    """A file that is being read, and its result when there is one."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.result: Result | None = None


class _Worker:
    """A process and the pipe to it; it is started when it is first needed, and again after it has been ended."""

    pipe: Connection
    deadline: float

    def __init__(self, limits: ReaderLimits) -> None:
        self.task: _Task | None = None
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0

    def begin(self, task: _Task, options: Options) -> None:
        if self._process is None or self._process.poll() is not None or self._files >= FILES_BEFORE_RENEWAL:
            self.stop()
            self._start()
        self.task = task
        self.deadline = time.monotonic() + LONGEST_START + self._limits.seconds
        self._files += 1
        try:
            found = task.found
            self.pipe.send(ReadingJob(found.path, found.document_id, found.source, options))
        except OSError:  # it ended just now: `collect` will find that
            return

    def collect(self) -> None:
        """Gives the task its result if there is one by now."""
        if self.task is None:
            return
        if self.pipe.poll():
            try:
                said: Result | None = self.pipe.recv()
            except (EOFError, OSError):
                said = self._fault(_end_of(self._end(LAST_WORDS)))
            if said is None:  # it begins with the file
                self.deadline = time.monotonic() + self._limits.seconds
                return
            result = said
        elif time.monotonic() >= self.deadline:
            self._end()
            result = self._fault(f"took more than {self._limits.seconds:g} s to read, which is the limit; split it")
        else:
            return
        self.task.result, self.task = result, None

    def stop(self) -> None:
        if self._process is not None:
            self._end()
        self.task = None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            start = START.format(descriptor=theirs.fileno(), **self._limits._asdict())
            self._process = subprocess.Popen(
                [sys.executable, "-c", start],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # so that what it starts (OCR, converters) can be ended with it
            )
        self.pipe = Connection(ours.detach())
        self._files = 0

    def _end(self, patience: float = 0.0) -> int:
        """Ends the process with all that it started; -> its exit code, negative for a signal.

        One that is ending by itself is left `patience` seconds, for the sake of that code.
        """
        process, self._process = self._process, None
        assert process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self.pipe.close()
        return process.wait()

    def _fault(self, reason: str) -> DocumentError:
        assert self.task is not None
        return DocumentError(f"{self.task.found.path}: {reason}")


def _end_of(code: int) -> str:
    """The meaning of a reader's exit code, as the end of a sentence about the file."""
    if code == -signal.SIGKILL:
        return "was given up: its reader was killed, most likely for want of memory; split it"
    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"crashed its reader ({name}); {HOSTILE}"
