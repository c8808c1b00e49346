"""The one gate for blocking work: each piece gets a thread of its kind and a deadline, and is given up when it ends.

In: calls that take a `Deadline`. Out: what they return. Questions, reads, writes, costly checks, originals and probes
have threads of their own, so that none waits behind another kind and `/healthz` and `/readyz` answer at any time.
However a call ends (an answer, an error, a client that left, a cancelled tool, the stop of the service), its deadline
is cancelled, and the work ends at its next look at it. A place counts as taken until its thread is free. Does not
order anything: the language model's own queue orders questions.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from starlette.types import Receive

from api.work.disconnect import watch
from rag.deadline import Deadline
from rag.errors import Overloaded

T = TypeVar("T")

# More threads than questions that may wait for the language model, so that its queue is full first: it knows how long
# the wait is. Questions that do not need the model are limited by these threads alone.
SPARE = 4
READERS = 8  # threads that search, list documents and open indexes: tens of milliseconds each
WRITERS = 4  # threads that keep uploads and remove documents
COSTLY = 2  # threads that check and embed texts for others: as many as two cores have time for
VIEWERS = 4  # threads that show originals, in two processes: a second for a page, a minute for one that OCR reads
PROBES = 2  # threads for `/readyz` and `/metrics`
WAITING = 64  # calls that may wait for a thread that reads or writes
FEW = 8  # calls that may wait for a costly one, or for a probe
READ_S = 30.0  # for a call that reads or writes, waiting included
VIEW_S = 180.0  # for a call that shows an original: slides are laid out within 140 s
PROBE_S = 5.0
RETRY_AFTER_S = 5.0
_STOP_S = 5.0  # for work under way when the service has stopped


class Threads:
    """The gate of a service; to be made on the event loop that uses it. A question may take `seconds`."""

    def __init__(self, questions: int, seconds: float) -> None:
        self._seconds = seconds
        self._questions = _Lane("question", questions + SPARE, 0, "questions are being answered or wait")
        self._readers = _Lane("reader", READERS, WAITING, "requests that read are under way or wait")
        self._writers = _Lane("writer", WRITERS, WAITING, "uploads and removals are under way or wait")
        self._costly = _Lane("costly", COSTLY, FEW, "texts are being checked or embedded, or wait")
        self._viewers = _Lane("viewer", VIEWERS, WAITING, "pages and files are being shown or wait")
        self._probes = _Lane("probe", PROBES, FEW, "probes are under way or wait")
        self._lanes = (self._questions, self._readers, self._writers, self._costly, self._viewers, self._probes)
        self._deadlines: set[Deadline] = set()

    async def question(self, work: Callable[[Deadline], T], receive: Receive | None = None) -> T:
        """Answer a question; `receive` tells when its client leaves. Raises `Overloaded` at once if all threads are
        taken, and what `work` raises."""
        return await self._run(self._questions, work, Deadline(self._seconds), receive)

    async def reading(self, work: Callable[[], T], receive: Receive | None = None) -> T:
        """Read something, in tens of milliseconds; waits for a free thread. Raises `Overloaded` if many wait, and
        `DeadlineExceeded` after `READ_S`, also if a disk that does not answer holds the thread for longer."""
        return await self._run(self._readers, lambda _: work(), Deadline(READ_S, None), receive, leaves=True)

    async def writing(self, work: Callable[[], T]) -> T:
        """Write something, also if the client leaves once it has begun. Raises `Overloaded` if many wait, and
        `DeadlineExceeded` if no thread is free within `READ_S`."""
        return await self._run(self._writers, lambda _: work(), Deadline(READ_S, None), None)

    async def costly(self, work: Callable[[Deadline], T], seconds: float, receive: Receive | None = None) -> T:
        """Work for `seconds` at most, waiting not included. Raises `Overloaded` if several wait, and what `work`
        raises."""
        limit = Deadline(self._seconds)

        def begun(deadline: Deadline) -> T:
            deadline.shorten(seconds)
            return work(deadline)

        return await self._run(self._costly, begun, limit, receive)

    async def viewing(self, work: Callable[[Deadline], T], receive: Receive | None = None) -> T:
        """Show a part of an original. Raises `Overloaded` if many wait, and `DeadlineExceeded` after `VIEW_S`."""
        return await self._run(self._viewers, work, Deadline(VIEW_S, None), receive)

    async def probing(self, work: Callable[[], T]) -> T:
        """Look at the state of the service. Raises `DeadlineExceeded` after `PROBE_S`, and `Overloaded`."""
        return await self._run(self._probes, lambda _: work(), Deadline(PROBE_S, None), None, leaves=True)

    def close(self) -> None:
        """Give up all work, and wait some seconds for its end. Blocks."""
        for deadline in list(self._deadlines):
            deadline.cancel()
        until = time.monotonic() + _STOP_S
        while any(lane.taken for lane in self._lanes) and time.monotonic() < until:
            time.sleep(0.01)

    async def _run(
        self,
        lane: _Lane,
        work: Callable[[Deadline], T],
        deadline: Deadline,
        receive: Receive | None,
        leaves: bool = False,
    ) -> T:
        self._deadlines.add(deadline)
        watching = asyncio.create_task(watch(receive, deadline)) if receive else None
        try:
            return await lane.run(work, deadline, leaves)
        finally:
            deadline.cancel()
            self._deadlines.discard(deadline)
            if watching is not None:
                watching.cancel()


class _Lane:
    """Daemon threads for one kind of work, started as they are needed; `waiting` more calls may wait for one. Threads
    of an executor would be waited for at the end of the process, however long they take."""

    def __init__(self, name: str, threads: int, waiting: int, what: str) -> None:
        self._name = name
        self._threads = threads
        self._most = threads + waiting
        self._what = what
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._started = 0
        self._lock = threading.Lock()
        self.taken = 0  # calls under way or waiting

    async def run(self, work: Callable[[Deadline], T], deadline: Deadline, leaves: bool) -> T:
        """Call in a thread. Raises `Overloaded` at once if too many wait, and the error of the deadline if that is over
        before a thread is free, or, if `leaves`, before the call has ended: then its thread stays taken until it
        does."""
        future: Future[T] = Future()
        with self._lock:
            if self.taken >= self._most:
                raise Overloaded(f"{self._most} {self._what} already: try again later", RETRY_AFTER_S)
            self.taken += 1
            start = self._started < min(self.taken, self._threads)
            self._started += start
        self._calls.put((future, partial(contextvars.copy_context().run, _begun, work, deadline)))
        if start:
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return await _in_time(future, deadline, leaves)

    def _work(self) -> None:
        while True:
            self._one(*self._calls.get())

    def _one(self, future: Future[Any], call: Callable[[], Any]) -> None:
        """Make a call; nothing of it is kept afterwards."""
        try:
            error, result = None, call() if future.set_running_or_notify_cancel() else None
        except BaseException as exc:
            error, result = exc, None
        with self._lock:  # before anybody hears of the end, so that whoever does finds the place free
            self.taken -= 1
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


async def _in_time(future: Future[T], deadline: Deadline, leaves: bool) -> T:
    """The result of a call. At the end of its time it is withdrawn if it has not begun, and left if it may be."""
    waiting, late = asyncio.wrap_future(future), False

    def end() -> None:
        nonlocal late
        late = waiting.cancel() if leaves else future.cancel()

    left = deadline.left
    alarm = None if left == float("inf") else asyncio.get_running_loop().call_later(max(0.0, left) + 0.001, end)
    try:
        return await waiting
    except asyncio.CancelledError:
        if late:
            deadline.check()
        raise
    finally:
        if alarm is not None:
            alarm.cancel()


def _begun(work: Callable[[Deadline], T], deadline: Deadline) -> T:
    deadline.check()  # nobody may wait for it any more
    return work(deadline)
