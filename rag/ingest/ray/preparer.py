"""Reading, cutting and embedding by the workers of a Ray cluster; a `Preparer` for the pipeline of rag/ingest/run.py.

In: files and passages, as the pipeline hands them over. Out: documents in the order of the files, and vectors. The
index stays with the pipeline, in this process. No more is under way than the workers need to stay busy. The tasks of a
worker that is lost are given to another, and a new worker takes its place.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from rag.documents.discover import Found
from rag.errors import DocumentError, IndexMismatch, RagError
from rag.ingest.prepare import FileResult, Promise, in_batches
from rag.ingest.ray.cluster import Cluster, connected
from rag.ingest.ray.worker import GROUPS, Made, Work, Worker
from rag.types import Embedding, Passage

EACH = 2  # tasks of a kind that a worker has: one under way, and the next
AHEAD = 4  # documents for each worker that are read or wait to be committed in order
BATCHES = 2  # for each worker, that are embedded or wait to be committed in order
ATTEMPTS = 4  # workers that a task may lose before it is taken to be the cause
FETCH_S = 60.0  # for a result from another machine
START_S = 180.0  # without any worker: loading a model takes ten seconds, a new machine in a cloud two minutes

_log = logging.getLogger(__name__)


class _Task:
    """A call of a worker's method, and its result when `done`."""

    def __init__(self, method: str, argument: Any) -> None:
        self.method = method
        self.argument = argument
        self.lost = 0  # workers
        self.done = False
        self.result: Any = None

    def end(self, result: Any) -> None:
        self.done, self.result, self.argument = True, result, None


class _Member:
    """A worker, the reference of its beginning until that is over, and those of what it has to do."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self.beginning: Any = actor.begin.remote()
        self.tasks: dict[Any, _Task] = {}

    def has_room(self, task: _Task) -> bool:
        """True if the worker can take the task. A task that has lost a worker before is tried alone, so that others do
        not suffer from it."""
        if self.beginning is not None or any(other.lost for other in self.tasks.values()):
            return False
        if task.lost:
            return not self.tasks
        return sum(other.method == task.method for other in self.tasks.values()) < EACH


class RayPreparer:
    """A `Preparer` whose work is done by a Ray cluster. Made by `ray_preparer`; used by one thread."""

    def __init__(self, cluster: Cluster, workers: int, work: Work) -> None:
        self._cluster = cluster
        self._ray = cluster.ray
        self._work = work
        self._kind = self._ray.remote(num_cpus=1, concurrency_groups=GROUPS)(Worker)
        self._queues: dict[str, deque[_Task]] = {"embed": deque(), "prepare": deque()}
        self._members = [self._start() for _ in range(workers)]
        self._made: Made | None = None
        self._lost_in_a_row = 0
        self._ready = time.monotonic()  # when there last was a worker

    @property
    def made(self) -> Made:
        """The embedder of the workers; waits for a first worker. Raises `RagError` if none can start."""
        while self._made is None:
            self._step()
        return self._made

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the workers' embedder; waits for a first worker."""
        return self.made.fingerprint

    @property
    def dimension(self) -> int:
        """The dimension of the workers' embedder; waits for a first worker."""
        return self.made.dimension

    @property
    def batches(self) -> int:
        """The number of batches that may wait for their vectors while further documents are prepared."""
        return BATCHES * len(self._members)

    def prepared(self, files: Sequence[Found]) -> Generator[tuple[Found, FileResult], None, None]:
        """Have files read and cut, some ahead for each worker; yields outcomes in the order of the files. To be
        closed."""
        waiting: deque[tuple[Found, _Task]] = deque()
        rest = iter(files)
        try:
            while True:
                while len(waiting) < AHEAD * len(self._members) and (found := next(rest, None)):
                    absolute = found._replace(file=os.path.abspath(found.file))  # a worker has a folder of its own
                    waiting.append((found, self._submit("prepare", absolute)))
                if not waiting:
                    return
                found, task = waiting.popleft()
                for outcome in self._result(task):
                    yield found, outcome
        finally:
            self._queues["prepare"].clear()

    def embed(self, passages: Sequence[Passage]) -> Promise:
        """Have passages embedded in batches; the promise raises `DocumentError` if one was given up."""
        tasks = [self._submit("embed", batch) for batch in in_batches(passages)]

        def wait() -> list[Embedding]:
            results = [self._result(task) for task in tasks]
            if failed := [result for result in results if isinstance(result, DocumentError)]:
                raise failed[0]
            return [embedding for result in results for embedding in result]

        return wait

    def close(self) -> None:
        """End all workers."""
        for member in self._members:
            self._end(member)

    def _start(self) -> _Member:
        return _Member(self._kind.remote(self._work))

    def _end(self, member: _Member) -> None:
        with contextlib.suppress(Exception):  # of a cluster that is gone
            self._ray.kill(member.actor)

    def _submit(self, method: str, argument: Any) -> _Task:
        task = _Task(method, argument)
        self._queues[method].append(task)
        self._hand_out()
        return task

    def _result(self, task: _Task) -> Any:
        while not task.done:
            self._step()
        return task.result

    def _hand_out(self) -> None:
        """Give queued tasks to those workers that have least to do."""
        for method, queue in self._queues.items():
            while queue and (free := [member for member in self._members if member.has_room(queue[0])]):
                member = min(free, key=lambda member: len(member.tasks))
                task = queue.popleft()
                call = getattr(member.actor, method).options(concurrency_group=method)
                member.tasks[call.remote(task.argument)] = task

    def _step(self) -> None:
        """Collect results; waits up to a second until one is ready."""
        self._cluster.check()
        of = {ref: member for member in self._members for ref in (member.beginning, *member.tasks) if ref is not None}
        ready, _ = self._ray.wait(list(of), timeout=1.0)
        if ready or any(member.beginning is None for member in self._members):
            self._ready = time.monotonic()
        elif time.monotonic() - self._ready > START_S:
            raise RagError(f"no worker of the Ray cluster could start within {START_S:g} s: {self._processors()}")
        for ref in ready:
            self._collect(ref, of[ref])
        self._hand_out()

    def _collect(self, ref: Any, member: _Member) -> None:
        try:
            result = self._ray.get(ref, timeout=FETCH_S)
        except self._ray.exceptions.RayTaskError as exc:
            raise _as_ours(exc) from exc
        except self._ray.exceptions.RayError as exc:
            self._replace(member, exc)
            return
        if ref == member.beginning:
            self._let_in(member, result)
        else:
            self._lost_in_a_row = 0
            member.tasks.pop(ref).end(result)

    def _let_in(self, member: _Member, made: Made) -> None:
        first = self._made = self._made or made
        if made[:2] != first[:2]:
            raise IndexMismatch(
                f"the workers have different embedders: {first.fingerprint} on {first.node} and "
                f"{made.fingerprint} on {made.node}; install the same on all machines"
            )
        member.beginning = None

    def _replace(self, member: _Member, exc: Exception) -> None:
        """Start another worker for one that is lost; its tasks go back to the front of the queues."""
        self._lost_in_a_row += 1
        if self._lost_in_a_row > ATTEMPTS * len(self._members):
            raise self._cluster.gone(f"workers are lost as soon as they start; the last one: {_reason(exc)}")
        _log.warning("a worker was lost, and what it had is given to others: %s", _reason(exc))
        self._end(member)
        self._members[self._members.index(member)] = self._start()
        for task in reversed(member.tasks.values()):
            task.lost += 1
            if task.lost < ATTEMPTS:
                self._queues[task.method].appendleft(task)
            else:
                task.end([_given_up(task)] if task.method == "prepare" else _given_up(task))
                self._lost_in_a_row = 0

    def _processors(self) -> str:
        here, free = (which().get("CPU", 0) for which in (self._ray.cluster_resources, self._ray.available_resources))
        return f"it has {here:g} processors, of which {free:g} are free"


@contextlib.contextmanager
def ray_preparer(address: str | None, workers: int | None, work: Work) -> Iterator[RayPreparer]:
    """A preparer with `workers` on the cluster at the address, by default one for each of its processors; without an
    address, on this machine. Raises `RagError` if Ray is missing, or there is no such cluster, or none that can be
    used."""
    with connected(address, workers or 1) as cluster:
        preparer = RayPreparer(cluster, workers or max(1, int(cluster.ray.cluster_resources().get("CPU", 1))), work)
        try:
            yield preparer
        finally:
            preparer.close()


def _given_up(task: _Task) -> DocumentError:
    what = task.argument.file if task.method == "prepare" else "passages"
    return DocumentError(f"{what}: given up after {task.lost} workers were lost with it; try it without --ray")


def _as_ours(exc: Any) -> RagError:
    cause = exc.cause
    return cause if isinstance(cause, RagError) else RagError(f"a worker failed: {type(cause).__name__}: {cause}")


def _reason(exc: Exception) -> str:
    """The sentence that gives the reason, out of the many of Ray."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("The actor is dead because")]
    return (said or lines or [type(exc).__name__])[0].split(". ")[0][:160]
