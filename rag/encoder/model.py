"""A BERT encoder stored as an ONNX file: a row of token ids -> the outputs of a forward pass, on ONNX Runtime.

Rows go through one at a time: that takes no longer than batches on a processor, and the activations of a quantised
model are rounded on a scale of their batch, so in one a row's outputs would depend on the others. ONNX Runtime is
imported when a model is loaded, not with the package.

Since 1.29 ONNX Runtime sends reports of its use to its maker and keeps an id of the machine below ~/.cache: it is told
not to. Does not tokenize, and knows nothing of what the rows mean.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError

Float32Array = NDArray[np.float32]
Outputs = Mapping[str, Float32Array]  # one row's outputs by name


class Model:
    """A loaded model. Any thread may call, several at once; each call takes the threads that the model was given."""

    def __init__(self, path: Path, threads: int) -> None:
        """Raises `ModelError` if the file is absent, cut or no model."""
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before it is imported: later it has sent its first report
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
        self._masked = any(given.name == "attention_mask" for given in self._session.get_inputs())

    def outputs(self, row: Sequence[int]) -> Outputs:
        """The outputs for a row; those with an axis of tokens have the row's length along it. Raises `ModelError`."""
        ids = np.array([row], np.int64)
        given = {"input_ids": ids} | ({"attention_mask": np.ones_like(ids)} if self._masked else {})
        try:
            values = self._session.run(self._names, given)
        except Exception as exc:
            raise ModelError(f"the encoder failed ({str(exc)[:200]}): start again with fewer threads") from exc
        return {name: value[0] for name, value in zip(self._names, values, strict=True)}
