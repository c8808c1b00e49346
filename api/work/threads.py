"""Blocking calls -> threads, so that the event loop never waits and `/healthz` answers at any time.

Questions and everything else have threads of their own, so that a list of documents does not wait behind questions.
Does not order or cancel anything: the language model's own queue orders questions, deadlines cancel them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from rag.errors import Overloaded

T = TypeVar("T")

READERS = 8  # threads that search, list documents and open indexes: tens of milliseconds each
# More threads than questions that may wait for the language model, so that its queue is full first: it knows how long
# the wait is. Questions that do not need the model are limited by these threads alone.
SPARE = 4
RETRY_AFTER_S = 5.0


class Threads:
    """Threads of the service; to be made on the event loop that uses them."""

    def __init__(self, queue: int) -> None:
        self._questions = CapacityLimiter(queue + SPARE)
        self._readers = CapacityLimiter(READERS)

    async def question(self, call: Callable[[], T]) -> T:
        """Call in a thread for questions. Raises `Overloaded` at once if all are taken."""
        if self._questions.available_tokens < 1:
            taken = int(self._questions.total_tokens)
            raise Overloaded(f"{taken} questions are being answered or wait already: try again later", RETRY_AFTER_S)
        return await to_thread.run_sync(call, limiter=self._questions)

    async def reading(self, call: Callable[[], T]) -> T:
        """Call in a thread for everything else; waits for one that is free."""
        return await to_thread.run_sync(call, limiter=self._readers)
