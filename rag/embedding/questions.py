"""The embedded model for questions: their vectors come from llama.cpp at once; torch is loaded only for passages.

Importing sentence_transformers takes seconds, and a process that answers questions embeds nothing else. Vectors are
those of `rag.embedding.passages` to a cosine of 0.99999 and better, so both share an index.

Does not handle: other models than the embedded one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.embedding.encoder import Encoder
from rag.embedding.encoder_file import encoder_file
from rag.embedding.passages import MINILM_SHA256, SentenceTransformerEmbedder, embedder_folder
from rag.errors import ModelError
from rag.settings import EMBEDDED_EMBEDDER
from rag.types import Embedding, Passage, Vectors

_MOST_TOKENS = 256  # length with which the model was trained, special tokens included
_SPECIAL = 2


class QuestionEmbedder:
    """An `Embedder` that embeds questions itself. Passages and texts longer than the model's window go to
    `SentenceTransformerEmbedder`, which is loaded when it is first needed. Calls may come from any thread."""

    fingerprint = f"{EMBEDDED_EMBEDDER}:{MINILM_SHA256[:16]}:{_MOST_TOKENS}+late"
    max_tokens = _MOST_TOKENS - _SPECIAL

    def __init__(self, encoder: Encoder, tokenizer: Any, threads: int) -> None:
        self._encoder = encoder
        self._tokenizer = tokenizer
        self._threads = threads
        self._loading = threading.Lock()
        self._whole: SentenceTransformerEmbedder | None = None
        self.dimension = encoder.dimension

    @classmethod
    def load(cls, cache_dir: Path, threads: int) -> QuestionEmbedder:
        """Load the embedded model. Raises `ModelError` if it is not installed or its hash differs, or if the file that
        llama.cpp reads cannot be written below `cache_dir`."""
        folder = Path(embedder_folder(EMBEDDED_EMBEDDER))
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as exc:
            raise ModelError(f"the embedded model in {folder} cannot be loaded ({exc}): install it again") from exc
        tokenizer.no_padding()
        tokenizer.no_truncation()
        # One thread: with two, a question of 18 tokens took 4.4 ms instead of 6.8 on idle cores, but on busy ones up to
        # 25, since each waits for the other in every one of 200 steps.
        encoder = Encoder(encoder_file(folder, cache_dir), _MOST_TOKENS, threads=1)
        return cls(encoder, tokenizer, threads)

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, shape `(d,)`."""
        ids = self._tokenizer.encode(text).ids
        if len(ids) > _MOST_TOKENS:
            return self._passages().embed_query(text)
        mean = self._encoder.states(ids).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """See `Embedder.token_spans`; loads torch."""
        return self._passages().token_spans(text)

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        """See `Embedder.embed_passages`; loads torch."""
        return self._passages().embed_passages(passages)

    def _passages(self) -> SentenceTransformerEmbedder:
        with self._loading:
            if self._whole is None:
                self._whole = SentenceTransformerEmbedder.load(EMBEDDED_EMBEDDER, self._threads)
            return self._whole
