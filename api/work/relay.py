"""A generator that works in a thread -> its values on the event loop, as they come.

The generator does not wait between values: what the reader has not fetched yet is kept. When the reader leaves, the
work is cancelled as `api.work.threads` does it, and the generator is closed at its next value if it has not ended by
then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing
from typing import Generic, TypeVar

from starlette.types import Receive

from api.work.threads import Threads
from rag.deadline import Deadline

T = TypeVar("T")


class Relay(Generic[T]):
    """Values of a generator that starts at once in a thread for questions; to be made on the event loop."""

    def __init__(
        self, threads: Threads, make: Callable[[Deadline], Generator[T, None, None]], receive: Receive
    ) -> None:
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._values: asyncio.Queue[tuple[T] | None] = asyncio.Queue()  # None: there will be no more
        self._task = asyncio.create_task(threads.question(self._work, receive))
        self._task.add_done_callback(self._ended)

    async def values(self, silence: float) -> AsyncGenerator[T | None, None]:
        """The values, with None for each `silence` seconds without one. Raises what the generator raises, and
        `Overloaded`."""
        try:
            while True:
                try:
                    value = await asyncio.wait_for(self._values.get(), silence)
                except TimeoutError:
                    yield None
                    continue
                if value is None:
                    self._task.result()
                    return
                yield value[0]
        finally:
            self._task.cancel()

    def _work(self, deadline: Deadline) -> None:
        with closing(self._make(deadline)) as values:
            for value in values:
                self._loop.call_soon_threadsafe(self._values.put_nowait, (value,))
                deadline.check()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio logs nothing if the reader has left
        self._values.put_nowait(None)
