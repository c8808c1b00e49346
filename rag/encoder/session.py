"""The line before an encoder that answers wait for: rows of token ids -> their outputs, some rows at once.

In: rows of any lengths, and a deadline, which is looked at before each row. Out: for each row the model's outputs by
name, float32. Each row goes through in one thread: two rows beside each other take less time than one after the other
with two threads each, which wait for one another at every step.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rag.deadline import Deadline
from rag.encoder.model import Model, Outputs
from rag.errors import Overloaded

_LOOK_S = 0.05  # between two looks of a waiting caller at its deadline
_RETRY_S = 5.0


class EncoderSession:
    """A loaded model. Any thread may call; the rows of several calls take turns."""

    def __init__(self, path: Path, threads: int, most: int) -> None:
        """`threads` rows at once; at most `most` calls wait. Raises `ModelError` if the file is absent, cut or no
        model."""
        self._model = Model(path, threads=1)
        self._threads = threads
        self._workers = ThreadPoolExecutor(threads, "encoder")
        self._most = most
        self._waiting = 0
        self._counting = threading.Lock()

    def run(self, rows: Sequence[Sequence[int]], deadline: Deadline | None = None) -> list[Outputs]:
        """The outputs of each row, in order; those with an axis of tokens have the row's length along it.

        Raises `Overloaded`, `ModelError` and the error of the deadline when it is over.
        """
        deadline = deadline or Deadline()
        begun: deque[Future[Outputs]] = deque()
        found: list[Outputs] = []
        with self._place():
            try:
                for row in rows:
                    if len(begun) == self._threads:  # no more, so that the rows of other calls come in between
                        found.append(_result(begun.popleft(), deadline))
                    begun.append(self._workers.submit(self._outputs, row, deadline))
                found.extend(_result(one, deadline) for one in begun)
            finally:
                for one in begun:
                    one.cancel()
        return found

    @property
    def waiting(self) -> int:
        """Calls whose rows wait or go through."""
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

    def _outputs(self, row: Sequence[int], deadline: Deadline) -> Outputs:
        deadline.check()
        return self._model.outputs(row)


def _result(begun: Future[Outputs], deadline: Deadline) -> Outputs:
    """The logits of a row. Raises the error of the deadline as soon as it is over."""
    while True:
        try:
            return begun.result(_LOOK_S)
        except TimeoutError:
            deadline.check()
