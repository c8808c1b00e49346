"""Token ids -> token states, through a BERT encoder on llama.cpp: one short text at a time, without torch.

In: a GGUF file as `rag.embedding.encoder_file` writes it. A question has some fifteen tokens; torch and transformers
need seconds to be imported, and numpy three times as long for them (docs/experiments.md).
Does not handle: batches of several texts; passages go through torch, which is faster for them.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import ModelError
from rag.llm.local.decoder import silence
from rag.processor import spin_briefly
from rag.types import Vectors


class Encoder:
    """A loaded model; calls may come from any thread and are served one after another."""

    def __init__(self, path: Path, most_tokens: int, threads: int) -> None:
        """Load the file at `path`. Raises `ModelError` if llama.cpp refuses it."""
        spin_briefly()
        import llama_cpp

        silence(llama_cpp)
        llama_cpp.llama_backend_init()
        self._lib: Any = llama_cpp
        self._lock = threading.Lock()
        self.most_tokens = most_tokens
        model = llama_cpp.llama_model_load_from_file(os.fsencode(path), llama_cpp.llama_model_default_params())
        if not model:
            raise ModelError(f"llama.cpp cannot load {path}: remove it, and it is made again")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = most_tokens
        params.n_threads = params.n_threads_batch = threads
        params.embeddings = True
        params.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_NONE
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED  # slower for so few tokens
        self._context = llama_cpp.llama_init_from_model(model, params)
        if not self._context:
            llama_cpp.llama_model_free(model)
            raise ModelError(f"{path} was read, but a context of {most_tokens} tokens could not be made")
        self.dimension = int(llama_cpp.llama_model_n_embd(model))
        self._batch = batch = llama_cpp.llama_batch_init(most_tokens, 0, 1)
        for place in range(most_tokens):
            batch.pos[place], batch.logits[place] = place, True
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, 0
        weakref.finalize(self, _free, llama_cpp, self._batch, self._context, model)

    def states(self, ids: Sequence[int]) -> Vectors:
        """The states of the last layer, shape `(tokens, d)`. The number of `ids`, 1 to `most_tokens`, is not
        checked."""
        with self._lock:
            batch = self._batch
            batch.n_tokens = len(ids)
            for place, token in enumerate(ids):
                batch.token[place] = token
            status = self._lib.llama_encode(self._context, batch)
            if status != 0:
                raise ModelError(f"the embedder could not read a text of {len(ids)} tokens: llama_encode gave {status}")
            found = self._lib.llama_get_embeddings(self._context)
            return np.ctypeslib.as_array(found, shape=(len(ids), self.dimension)).copy()


def _free(llama_cpp: Any, batch: Any, context: Any, model: Any) -> None:
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
