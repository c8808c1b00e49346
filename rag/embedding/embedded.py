"""The embedded model, all-MiniLM-L6-v2 with matrices of 8 bits: texts -> unit vectors, on ONNX Runtime.

A passage goes through the model once and gives two things: its own vector, and one for each of its sentences, pooled
from the same token states ("late chunking", arXiv 2409.04701). A text that is longer than the model takes is read in
windows. Texts go through one by one, each in one thread, so a vector depends on nothing but its text; products of
integers are exact, so it is the same on all processors up to rounding in float32.

Does not handle: other models than the embedded one; `rag.embedding.passages` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rag.embedding.pooling import late_chunked, unit
from rag.embedding.tokens import read_tokenizer, token_spans
from rag.encoder.model import Model
from rag.errors import ModelError
from rag.settings import EMBEDDED_EMBEDDER
from rag.text.encodable import encodable
from rag.types import Embedding, Passage, Sentence, Vectors

SHA256 = "1a19594da065825583ef5c625cb215596f1eee95217023184812c2332a325e91"  # of model/embedder.onnx
_MOST_TOKENS = 256  # length with which the model was trained, special tokens included
_SPECIAL = 2


class _Window(NamedTuple):
    """A stretch of a text that the model takes at once."""

    ids: list[int]
    offsets: Any  # places of the tokens in the text, shape (tokens, 2); (0, 0) for special ones


class EmbeddedEmbedder:
    """The `Embedder` that comes with the package. Calls may come from any thread, several at once."""

    fingerprint = f"{EMBEDDED_EMBEDDER}:int8-{SHA256[:12]}:{_MOST_TOKENS}+late"
    dimension = 384
    max_tokens = _MOST_TOKENS - _SPECIAL

    def __init__(self, model: Path, vocabulary: Path, threads: int) -> None:
        """Raises `ModelError` if a file is absent, cut or of another kind."""
        for path in (model, vocabulary):
            if not path.is_file():
                raise ModelError(f"{path} is not there: install the package anew")
        self._model = Model(model, threads=1)
        try:
            self._tokenizer: Any = read_tokenizer(vocabulary)
        except Exception as exc:  # the tokenizers library raises plain exceptions
            raise ModelError(f"{vocabulary} is no tokenizer ({exc}): install the package anew") from exc
        self.tokenizer = vocabulary
        self._workers = ThreadPoolExecutor(threads, "embedding")

    @classmethod
    def load(cls, threads: int) -> EmbeddedEmbedder:
        """The model that comes with the package; `threads` passages at once. Raises `ModelError`."""
        folder = files("rag.embedding").joinpath("model")
        with as_file(folder.joinpath("embedder.onnx")) as model, as_file(folder.joinpath("tokenizer.json")) as words:
            return cls(model, words, threads)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """The place of each token in `text`, in characters; special tokens are left out."""
        return token_spans(self._tokenizer, text)

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, shape `(d,)`. It goes through in the thread that asks: a second one would save
        a third of the time on idle cores, and wait for the other at every step on busy ones."""
        return self._embed(text, ()).passage

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        """The embedding of each passage, in order."""
        return list(self._workers.map(self._embed_passage, passages))

    def _embed_passage(self, passage: Passage) -> Embedding:
        sentences = [Sentence(s.start - passage.start, s.end - passage.start) for s in passage.sentences]
        return self._embed(passage.text, sentences)

    def _embed(self, text: str, sentences: Sequence[Sentence]) -> Embedding:
        windows = self._windows(text)
        states = [self._model.outputs(window.ids)["states"] for window in windows]
        weights = [len(window.ids) for window in windows]
        whole = unit(np.average([unit(window.mean(axis=0)) for window in states], axis=0, weights=weights))
        return late_chunked(np.concatenate(states), np.concatenate([w.offsets for w in windows]), whole, sentences)

    def _windows(self, text: str) -> list[_Window]:
        whole = self._window(text, 0)
        if len(whole.ids) <= _MOST_TOKENS:
            return [whole]
        starts = [start for start, _ in self.token_spans(text)][:: self.max_tokens]
        return [
            self._window(text[left:right], left) for left, right in zip(starts, [*starts[1:], len(text)], strict=True)
        ]

    def _window(self, text: str, shift: int) -> _Window:
        encoded = self._tokenizer.encode(encodable(text))
        offsets = np.array(encoded.offsets, np.int64).reshape(-1, 2)
        offsets[offsets[:, 1] > offsets[:, 0]] += shift
        return _Window(encoded.ids, offsets)
