"""Work in the background: an iterator that stays a few items ahead, a call in a thread, and a long run that reports its
progress and asks if it has to stop.

In (`ahead`): an iterable whose items take time to come. Out: the same items in the same order, while the caller is busy
with those before. What the iterable raises is raised to the caller. A caller that stops early, by closing it, stops the
thread after the current item, and waits no longer than a second for that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from queue import Full, Queue
from typing import NamedTuple, TypeVar

T = TypeVar("T")

Progress = Callable[[int, int, str], None]  # items done, items in all, name of the current one


class Run(NamedTuple):
    """The link between a long run and its caller: progress out, a request to stop in."""

    progress: Progress = lambda done, total, name: None
    stopped: Callable[[], bool] = lambda: False  # True asks the run to keep what is done and return


UNWATCHED = Run()

_threads = ThreadPoolExecutor(32, "begun")  # kept, since a new one takes 0.4 ms to start

_PATIENCE_S = 1.0
_LOOK_S = 0.1  # how often a thread with a full queue checks if its consumer has stopped


class _Item(NamedTuple):
    value: object


class _End(NamedTuple):
    error: BaseException | None


def ahead(items: Iterable[T], size: int) -> Generator[T, None, None]:
    """Yield the items, which a thread computes at most `size` ahead of the consumer. Raises what `items` raises."""
    ready: Queue[_Item | _End] = Queue(size)
    left = threading.Event()
    thread = threading.Thread(target=_work, args=(items, ready, left), daemon=True)
    thread.start()
    try:
        while isinstance(got := ready.get(), _Item):
            yield got.value  # type: ignore[misc]
        if got.error is not None:
            raise got.error
    finally:
        left.set()
        thread.join(_PATIENCE_S)


def begun(work: Callable[[], T]) -> Callable[[], T]:
    """Start `work` in a thread at once. The function returned waits for it, and returns or raises what it did."""
    return _threads.submit(work).result


def _work(items: Iterable[T], ready: Queue[_Item | _End], left: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            if not _put(_Item(item), ready, left):
                break
    except BaseException as exc:
        error = exc
    finally:
        if isinstance(items, Generator):
            items.close()
    _put(_End(error), ready, left)


def _put(item: _Item | _End, ready: Queue[_Item | _End], left: threading.Event) -> bool:
    """Put the item in the queue; False if the consumer has stopped."""
    while not left.is_set():
        try:
            ready.put(item, timeout=_LOOK_S)
            return True
        except Full:
            continue
    return False
