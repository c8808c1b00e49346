"""Work in the background: an iterator that is a few items ahead and no more, a call that is under way, and a long run
that tells how far it is and asks if it has to stop.

In (`ahead`): an iterable whose items take time to come. Out: the same items in the same order, while the caller is busy
with those before. What the iterable raises is raised to the caller. A caller that stops early, by closing it, stops the
thread after the item at hand, and waits no longer than a second for that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from queue import Full, Queue
from typing import NamedTuple, TypeVar

T = TypeVar("T")

Progress = Callable[[int, int, str], None]  # items done, items in all, name of the one at hand


class Run(NamedTuple):
    """The connection of a long run to whoever waits for it."""

    progress: Progress = lambda done, total, name: None
    stopped: Callable[[], bool] = lambda: False  # True asks the run to keep what is done and return


UNWATCHED = Run()

_threads = ThreadPoolExecutor(32, "begun")  # kept, since a new one takes 0.4 ms to start

_PATIENCE_S = 1.0
_LOOK_S = 0.1  # how often a thread whose items nobody takes looks whether anybody ever will


class _Item(NamedTuple):
    value: object


class _End(NamedTuple):
    error: BaseException | None


def ahead(items: Iterable[T], size: int) -> Generator[T, None, None]:
    """At most `size` items are ready before they are asked for."""
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
    """`work` begins at once; what comes back waits for it, and returns or raises what it did."""
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
    """False where nobody takes items any more."""
    while not left.is_set():
        try:
            ready.put(item, timeout=_LOOK_S)
            return True
        except Full:
            continue
    return False
