"""A process that dies at a step: at a call that changes the file system, or before or after a commit.

Nothing more is done after that step, as if the process had been killed: whatever a handler tries fails in the same way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rag.index.ledger import Ledger
from rag.index.local import LocalIndex

_CALLS = ("replace", "rename", "link", "unlink", "mkdir", "rmdir", "fsync", "utime")


class Died(BaseException):
    """The end of a process. No handler of the program catches it."""


@contextmanager
def dying_at(step: int | None) -> Iterator[list[int]]:
    """Raise `Died` at the step of that number, counted from 1, and at each later one; at none if it is None. Yields a
    list with the number of steps that are left, which is below 0 afterwards if it died."""
    left = [step or 1 << 30]

    def count() -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise Died

    def counted(real: Any) -> Any:
        def call(*arguments: Any, **more: Any) -> Any:
            count()
            return real(*arguments, **more)

        return call

    transaction = Ledger._transaction

    @contextmanager
    def _transaction(ledger: Ledger) -> Iterator[None]:
        with transaction(ledger):
            yield
            count()
        count()

    with pytest.MonkeyPatch.context() as patch:
        for name in _CALLS:
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(Ledger, "_transaction", _transaction)
        try:
            yield left
        except Died:
            assert step is not None


def abandon(index: LocalIndex) -> None:
    """Let go of an index as the end of a process does."""
    if index._writer is not None:
        index._writer.abandon()
        index._writer = None
    index.close()
