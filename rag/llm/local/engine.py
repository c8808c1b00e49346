"""Tasks -> their results: one thread owns the decoder and advances several tasks in one llama.cpp batch.

A task is a generator that yields the runs it wants read and is sent their logits, so that its code reads as if it ran
alone. It gets sequences of its own. Tasks wait in a bounded queue and are begun in order, as soon as there are
sequences and cells for all that they may need. Each step takes the next runs of as many tasks as fit into
`STEP_TOKENS`, those that waited longest first: many that write one token each, or one that reads a long text.

Does not know what tasks are for.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

from rag.deadline import Deadline
from rag.errors import Cancelled, ModelError, Overloaded
from rag.llm.local.decoder import MAX_SEQUENCES, PREFIXES, Decoder, Interrupted, Logits, TokenRun

# Tokens of one step. More gain little, at best a seventh in each doubling if the processor has bfloat16, and keep
# others waiting; one token each of 15 tasks takes thrice the time of one (docs/experiments.md).
STEP_TOKENS = 256
LOOK_S = 0.05  # between two looks of a waiting caller at its deadline
_DOUBT = 1.5  # factor by which a wait may exceed the expected one: tasks differ in length
_FIRST_GUESS_S = 1.0  # assumed length of a task before one has been timed

Steps = Generator[Sequence[TokenRun], list[Logits], Any]


class Task(NamedTuple):
    """A task for the engine. `steps` is called with the numbers of its sequences, which stand at the end of `prefix`,
    and a function that takes pieces of the result before it is complete; it returns the result."""

    prefix: Sequence[int]
    sequences: int  # used at once
    cells: int  # most tokens that are appended to them in all
    steps: Callable[[Sequence[int], Callable[[str], None]], Steps]


class _Ended(NamedTuple):
    result: Any
    error: BaseException | None = None


class _Request:
    """A task with its state: its place in the queue, its sequences, and the pieces and result that its caller reads."""

    def __init__(self, task: Task, deadline: Deadline) -> None:
        self.task = task
        self.deadline = deadline
        self.out: queue.SimpleQueue[str | _Ended] = queue.SimpleQueue()
        self.left = False  # nobody takes from `out` any more
        self.sequences: list[int] = []
        self.steps: Steps | None = None
        self.runs: Sequence[TokenRun] = ()

    @property
    def over(self) -> bool:
        return self.left or self.deadline.over


class Engine:
    """The thread that owns a decoder and runs tasks on it; `close` ends both."""

    def __init__(self, decoder: Decoder, waiting: int) -> None:
        self._decoder = decoder
        self._most = waiting
        self._waiting: deque[_Request] = deque()
        self._active: list[_Request] = []  # the owner thread's own
        self._free = list(range(PREFIXES, MAX_SEQUENCES))
        self._changed = threading.Condition()
        self._closed = False
        self._seconds = _FIRST_GUESS_S  # between the ends of two tasks while there is work
        self._last = 0.0
        self._thread = threading.Thread(target=self._work, name="llama.cpp", daemon=True)
        self._thread.start()

    def submit(self, task: Task, deadline: Deadline | None) -> Generator[str, None, Any]:
        """An iterator over the task's pieces, which returns its result; closing it cancels the task.

        The task is in the queue when this returns. Raises `Overloaded`, and `ModelError` for a task that never fits;
        the iterator raises the errors of the task and of its deadline.
        """
        needs = len(task.prefix) + task.cells
        if needs > self._decoder.cells or task.sequences > MAX_SEQUENCES - PREFIXES:
            raise ModelError(f"a text of {needs} tokens is too long for the language model (setting 'context_tokens')")
        request = _Request(task, deadline or Deadline())
        with self._changed:
            if self._closed:
                raise ModelError("the language model was closed; load it again")
            wait = self._seconds * (len(self._waiting) + len(self._active) + 1)
            if len(self._waiting) >= self._most:
                raise _overloaded(
                    f"{len(self._waiting) + 1} questions would wait for the language model", "queue", wait
                )
            if len(self._waiting) and _DOUBT * wait > request.deadline.left:  # refused now rather than after a wait
                raise _overloaded(f"an answer would take some {wait:.0f} s", "answer_seconds", wait)
            self._waiting.append(request)
            self._changed.notify()
        return self._pieces(request)

    @property
    def waiting(self) -> int:
        """The number of tasks in the queue, without those under way."""
        return len(self._waiting)

    def close(self) -> None:
        """Finish the tasks in the queue, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _pieces(self, request: _Request) -> Generator[str, None, Any]:
        try:
            while True:
                try:
                    item = request.out.get(timeout=LOOK_S)
                except queue.Empty:
                    request.deadline.check()
                    continue
                if not isinstance(item, _Ended):
                    yield item
                elif item.error is None:
                    return item.result
                else:
                    raise item.error
        finally:
            self._leave(request)

    def _leave(self, request: _Request) -> None:
        """Cancel a request: its place in the queue is free at once; if it is under way, the owner thread drops it."""
        request.left = True
        with self._changed:
            if request in self._waiting:
                self._waiting.remove(request)
            elif request.sequences:
                self._decoder.interrupt()

    # The methods below run in the owner thread.

    def _work(self) -> None:
        while self._wait():
            self._decoder.resume()  # before looking for ended requests: later interruptions belong to this step
            for request in [request for request in self._active if request.over]:
                self._end(request, error=Cancelled("the answer is not wanted any more"))
            self._begin()
            self._advance(self._choose())
        self._decoder.close()

    def _wait(self) -> bool:
        """Wait until there is something to do; False if the engine was closed and nothing is left."""
        with self._changed:
            if not self._active and not self._waiting:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                self._last = time.monotonic()
            return bool(self._active or self._waiting)

    def _begin(self) -> None:
        """Start the requests of the queue for which there is room, in order."""
        while request := self._next():
            try:
                if request.task.prefix:
                    prefix = self._decoder.hold(request.task.prefix)
                    for sequence in request.sequences:
                        self._decoder.fork(prefix, sequence)
                request.steps = request.task.steps(request.sequences, request.out.put)
                request.runs = next(request.steps)
            except Interrupted:  # meant for another request: the prefix is read in the next step
                self._give_back(request)
                with self._changed:
                    self._waiting.appendleft(request)
                return
            except StopIteration as stop:
                self._end(request, stop.value)
            except BaseException as exc:
                self._end(request, error=exc)
            else:
                self._active.append(request)

    def _next(self) -> _Request | None:
        """The first request of the queue, with sequences of its own, if there is room for it; else None."""
        cells = sum(request.task.cells for request in self._active)
        pending = sum(_tokens(request) for request in self._active)
        with self._changed:
            if not self._waiting or pending >= STEP_TOKENS:
                return None
            task = self._waiting[0].task
            needs = len(task.prefix) + cells + task.cells
            if task.sequences > len(self._free) or needs > self._decoder.cells:
                return None
            if needs + self._decoder.cells_beside(task.prefix) > self._decoder.cells:
                if self._active:  # their copies of a prefix would keep its cells
                    return None
                self._decoder.forget()
            request = self._waiting.popleft()
            request.sequences = [self._free.pop() for _ in range(task.sequences)]
        return request

    def _choose(self) -> list[_Request]:
        """The requests that take part in the next step; they move to the end of the line."""
        chosen: list[_Request] = []
        tokens = 0
        for request in self._active:
            if not chosen or tokens + _tokens(request) <= STEP_TOKENS:
                chosen.append(request)
                tokens += _tokens(request)
        self._active = [request for request in self._active if request not in chosen] + chosen
        return chosen

    def _advance(self, chosen: Sequence[_Request]) -> None:
        """Run one step of these requests. If it fails for several together, it is tried for each alone."""
        if not chosen:
            return
        try:
            logits = iter(self._decoder.run([run for request in chosen for run in request.runs]))
        except Interrupted:
            return
        except BaseException as exc:
            if len(chosen) == 1:
                self._end(chosen[0], error=exc)
            else:
                for request in chosen:
                    self._advance([request])
            return
        for request in chosen:
            self._send(request, [next(logits) for _ in request.runs])

    def _send(self, request: _Request, logits: list[Logits]) -> None:
        assert request.steps is not None
        try:
            request.runs = request.steps.send(logits)
        except StopIteration as stop:
            self._end(request, stop.value)
        except BaseException as exc:  # passed to the waiting caller; the owner thread goes on
            self._end(request, error=exc)

    def _end(self, request: _Request, result: Any = None, error: BaseException | None = None) -> None:
        if request.steps is not None:
            request.steps.close()
        if request in self._active:
            self._active.remove(request)
        self._give_back(request)
        now = time.monotonic()
        self._seconds += 0.2 * (now - self._last - self._seconds)
        self._last = now
        request.out.put(_Ended(result, error))

    def _give_back(self, request: _Request) -> None:
        for sequence in request.sequences:
            self._decoder.drop(sequence)
        self._free += request.sequences
        request.sequences = []


def _overloaded(what: str, setting: str, wait: float) -> Overloaded:
    wait = max(wait, 1.0)
    return Overloaded(f"{what}, more than the setting '{setting}' allows; ask again in {wait:.0f} s", wait)


def _tokens(request: _Request) -> int:
    return sum(len(run.tokens) for run in request.runs)
