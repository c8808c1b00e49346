"""The line before an encoder that answers wait for: rows of token ids -> their outputs, one call after another.

In: rows of any lengths, and a deadline, which is looked at before each row. Out: for each row the model's outputs by
name, float32.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.deadline import Deadline
from rag.encoder.model import Model, Outputs
from rag.errors import Overloaded

_LOOK_S = 0.05  # between two looks of a waiting caller at its deadline
_RETRY_S = 5.0


class Session:
    """A loaded model. Any thread may call; calls take turns, since each uses all the threads that the model may
    have."""

    def __init__(self, path: Path, threads: int, most: int) -> None:
        """At most `most` calls wait. Raises `ModelError` if the file is absent, cut or no model."""
        self._model = Model(path, threads)
        self._most = most
        self._waiting = 0
        self._counting = threading.Lock()
        self._turns = threading.Lock()

    def run(self, rows: Sequence[Sequence[int]], deadline: Deadline | None = None) -> list[Outputs]:
        """The outputs of each row, in order; those with an axis of tokens have the row's length along it.

        Raises `Overloaded`, `ModelError` and the error of the deadline when it is over.
        """
        deadline = deadline or Deadline()
        with self._place():
            return [self._turn(row, deadline) for row in rows]

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn or have it."""
        return self._waiting

    @contextmanager
    def _place(self) -> Iterator[None]:
        """A place in the line. Raises `Overloaded` if it is full."""
        with self._counting:
            if self._waiting > self._most:
                raise Overloaded(
                    f"{self._waiting} questions are being read or wait, and the limit is {self._most} (setting "
                    f"'queue'): ask again in {_RETRY_S:.0f} s",
                    _RETRY_S,
                )
            self._waiting += 1
        try:
            yield
        finally:
            with self._counting:
                self._waiting -= 1

    def _turn(self, row: Sequence[int], deadline: Deadline) -> Outputs:
        while not self._turns.acquire(timeout=_LOOK_S):
            deadline.check()
        try:
            deadline.check()
            return self._model.outputs(row)
        finally:
            self._turns.release()
