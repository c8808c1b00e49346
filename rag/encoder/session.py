"""Rows of token ids -> the outputs of a BERT encoder that is stored as an ONNX file.

In: rows of any lengths. Out: for each row the model's outputs by name, float32. Rows go through one at a time: that
takes no longer than batches on a processor, and the activations of a quantised model are rounded on a scale of their
batch, so in one a row's outputs would depend on the others. The deadline is looked at before each. ONNX Runtime is
imported when a session is opened, not with the package.

Does not tokenize, and knows nothing of what the rows mean.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.deadline import Deadline
from rag.errors import ModelError, Overloaded

Floats = NDArray[np.float32]
Outputs = Mapping[str, Floats]  # one row's outputs by name

_LOOK_S = 0.05  # between two looks of a waiting caller at its deadline
_RETRY_S = 5.0


class Session:
    """A loaded model. Any thread may call; calls take turns, since each uses all the threads that the model may
    have."""

    def __init__(self, path: Path, threads: int, most: int) -> None:
        """At most `most` calls wait. Raises `ModelError` if the file is absent, cut or no model."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # threads that wait must not spin: on a busy machine they take the time of those that work
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # ONNX Runtime's errors have no base class of their own
            reason = str(exc).split("\n", 1)[0][:200]
            raise ModelError(f"{path} cannot be loaded as a model ({reason}): install the package anew") from exc
        self._names: list[str] = [output.name for output in self._session.get_outputs()]
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
            return self._forward(row)
        finally:
            self._turns.release()

    def _forward(self, row: Sequence[int]) -> Outputs:
        ids = np.array([row], np.int64)
        try:
            values = self._session.run(self._names, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        except Exception as exc:
            raise ModelError(f"the encoder failed ({str(exc)[:200]}): start again with fewer threads") from exc
        return {name: value[0] for name, value in zip(self._names, values, strict=True)}
