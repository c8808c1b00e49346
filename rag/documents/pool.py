"""Many files -> Documents, read in processes of their own, so that no file can stop or crash the program.

In: files as discover.py finds them. Out: in the same order, for each what unpack.py makes of it: the results for the
files in it, and last its own. A file whose reader hangs, crashes or takes too much memory is one `DocumentError`: its
process is ended and another one takes its place, which goes on behind that file if it is one in another. A process
that came near its limit of memory reads no further file. Processes are
started when there is work and load no more than the readers need.

    with ReaderPool(workers=2) as pool:
        for found, result in pool.read(files):
            ...
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import NamedTuple

from rag.documents.contained import printable
from rag.documents.discover import Found
from rag.documents.options import DEFAULTS, ReadOptions
from rag.documents.pool_messages import LARGEST, NoMessage, message_of
from rag.documents.pool_process import PoolProcess
from rag.documents.pool_worker import ReaderLimits, ReadingJob
from rag.documents.unpack import Begun, Result, Spent, id_of
from rag.errors import DocumentError
from rag.types import Prepared

SECONDS = 300.0  # for a file: a book of 400 scanned pages does not fit, one of 10,000 pages of text does
MEGABYTES = 4096
AHEAD = 4  # files for each process that may be under way or wait to be handed out in order, and results of one file
MOST_LOST = 3  # processes that the files in one file may cost
FILES_BEFORE_RENEWAL = 500  # so that what a library never gives back does not add up
LONGEST_START = 60.0  # seconds until a process takes its first file, on a busy machine
LAST_WORDS = 1.0  # seconds at most between the end of a pipe and that of its process
Program = Callable[[ReaderLimits], str]  # the statements of a process, as `PoolProcess` takes them


class Time(NamedTuple):
    """The seconds for a file, of a folder or in another, and those for one with all that is in it: of these, only those
    count in which its results are waited for."""

    each: float
    whole: float = float("inf")


HOSTILE = "save it anew, or leave it out if you do not trust where it comes from"


class ReaderPool:
    """Processes that read files: a context manager for one thread; `read` may be called again when it is done."""

    def __init__(
        self,
        workers: int,
        options: ReadOptions = DEFAULTS,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
        *,
        largest: int = LARGEST,
        time_for: Callable[[Found], Time] | None = None,
        program: Program | None = None,
    ) -> None:
        """`seconds` and `megabytes` are the limits for one file, `largest` that of its result in bytes. `time_for`
        gives some files less time than `seconds`; `program` is run by the processes instead of one that reads."""
        self._options = options
        self._time_for = time_for or (lambda found: Time(seconds))
        limits = ReaderLimits(seconds, megabytes)
        statements = (program or _reads)(limits)
        self._workers = [_Worker(limits, largest, statements) for _ in range(max(1, workers))]

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, *exc: object) -> None:
        for worker in self._workers:
            worker.stop()

    def read(self, files: Iterable[Found]) -> Iterator[tuple[Found, Result | Prepared]]:
        """Yields each file with its results, in order; takes no more of `files` than keeps the processes busy."""
        waiting = iter(files)
        under_way: deque[_Task] = deque()
        try:
            while True:
                self._hand_out(waiting, under_way)
                if not under_way:
                    return
                task = under_way[0]
                while not task.results:
                    self._collect()
                    self._hand_out(waiting, under_way)
                result = task.results.popleft()
                if task.is_last(result):
                    under_way.popleft()
                yield task.found, result
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
            task = _Task(found, self._time_for(found))
            under_way.append(task)
            worker.begin(task, self._options)

    def _collect(self) -> None:
        """Waits until a process has answered or ended, or its time is over; those that are far ahead wait."""
        busy = [worker for worker in self._workers if worker.task is not None and len(worker.task.results) < AHEAD]
        began = time.monotonic()
        left = min(worker.deadline for worker in busy) - began
        wait([worker.pipe for worker in busy], timeout=max(0.0, left))
        for worker in busy:
            worker.collect(time.monotonic() - began)


class _Task:
    """A file that is being read, and its results that were not yet taken."""

    def __init__(self, found: Found, time: Time) -> None:
        self.found = found
        self.time = time
        self.waited = 0.0  # seconds for which somebody waited for its results
        self.results: deque[Result | Prepared] = deque()
        self.current = found.document_id  # or that of the one in it which is being read
        self.past: set[str] = set()  # of which there are results
        self.lost = 0  # processes

    def is_last(self, result: Result | Prepared) -> bool:
        """Tells if it is the result for the file itself."""
        return id_of(result) == self.found.document_id

    @property
    def left(self) -> float:
        """Seconds for the file with all that is in it."""
        return self.time.whole - self.waited

    def add(self, result: Result | Prepared) -> None:
        self.results.append(result)
        self.past.add(id_of(result))

    def fault(self, document_id: str, reason: str) -> DocumentError:
        """The error for the file, or for one in it."""
        inside = document_id[len(self.found.document_id) :]
        error = DocumentError(printable(f"{self.found.path}{inside}: {reason}"))
        error.document_id = document_id
        return error


class _Worker:
    """A process and the pipe to it; it is started when it is first needed, and again after it has been ended."""

    pipe: Connection
    deadline: float

    def __init__(self, limits: ReaderLimits, largest: int, statements: str) -> None:
        self.task: _Task | None = None
        self._limits = limits
        self._largest = largest
        self._statements = statements
        self._options = DEFAULTS
        self._process: PoolProcess | None = None
        self._files = 0
        self._spent = False

    def begin(self, task: _Task, options: ReadOptions) -> None:
        worn = self._spent or self._files >= FILES_BEFORE_RENEWAL
        if self._process is None or self._process.ended or worn:
            self.stop()
            self._start()
        self.task, self._options = task, options
        task.current = task.found.document_id
        self.deadline = time.monotonic() + LONGEST_START + task.time.each
        try:
            found = task.found
            self.pipe.send(ReadingJob(found.path, found.document_id, found.source, options, found.known, task.past))
        except OSError:  # it ended just now: `collect` will find that
            return

    def collect(self, waited: float) -> None:
        """Gives the task its next result if there is one by now, after so many seconds of waiting."""
        if self.task is None:
            return
        self.task.waited += waited
        if self.pipe.poll():
            try:
                said = message_of(self.pipe.recv_bytes(self._largest))
            except (EOFError, OSError) as exc:
                too_large = isinstance(exc, OSError) and exc.errno is None  # so `Connection` tells of a long message
                code = self._end(0.0 if too_large else LAST_WORDS)
                self._give_up(self.task, _too_large(self._largest) if too_large else _end_of(code))
            except NoMessage:
                self._end()
                self._give_up(self.task, f"made its reader send what is no document; {HOSTILE}")
            else:
                self._hear(self.task, said)
        elif time.monotonic() >= self.deadline:
            self._end()
            self._give_up_late(self.task)

    def _hear(self, task: _Task, said: Begun | Spent | Result | Prepared) -> None:
        self.deadline = time.monotonic() + min(task.time.each, task.left)
        if isinstance(said, Spent):
            self._spent = True
            return
        if isinstance(said, Begun):
            task.current = said.document_id
            self._files += 1
            return
        task.current = task.found.document_id
        task.add(said)
        if task.is_last(said):
            self.task = None
        elif self._spent:  # the next file in this one is read by another process
            self._go_on(task)

    def _give_up(self, task: _Task, reason: str) -> None:
        """Gives up the current file of a task, whose process has ended, and goes on behind it."""
        if task.current != task.found.document_id:
            task.add(task.fault(task.current, reason))
            self._go_on(task)
            return
        task.add(task.fault(task.current, reason))
        self.task = None

    def _give_up_late(self, task: _Task) -> None:
        """Gives up the current file of a task, or all of it if the time for that is over."""
        if task.left > 0:
            self._give_up(task, f"took more than {task.time.each:g} s to read, which is the limit; split it")
            return
        reason = f"took more than {task.time.whole:g} s to read with all that is in it, which is the limit; unpack it"
        task.add(task.fault(task.found.document_id, reason))
        self.task = None

    def _go_on(self, task: _Task) -> None:
        """Go on with another process behind a file in the file of the task; with the first `MOST_LOST` only."""
        task.lost += 1
        if task.lost < MOST_LOST:
            self.begin(task, self._options)
            return
        reason = f"was given up after {task.lost} of the files in it had crashed or hung their reader; unpack it"
        task.add(task.fault(task.found.document_id, reason))
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._end()
        self.task = None

    def _start(self) -> None:
        self._process = PoolProcess(self._statements)
        self.pipe = self._process.pipe
        self._files, self._spent = 0, False

    def _end(self, patience: float = 0.0) -> int:
        """Ends the process with all that it started, as `PoolProcess.end` does."""
        process, self._process = self._process, None
        assert process is not None
        return process.end(patience)


def _reads(limits: ReaderLimits) -> str:
    return f"from rag.documents.pool_worker import ReaderLimits, read_for_pool\nread_for_pool({{descriptor}}, {limits})"


def _too_large(largest: int) -> str:
    return f"holds more text than {largest >> 20} MB, with the places of its sentences, which is the limit; split it"


def _end_of(code: int) -> str:
    """The meaning of a reader's exit code, as the end of a sentence about the file."""
    if code == -signal.SIGKILL:
        return "was given up: its reader was killed, most likely for want of memory; split it"
    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"crashed its reader ({name}); {HOSTILE}"
