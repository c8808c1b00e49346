"""Token states -> unit vectors of a text and of its sentences (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.types import Embedding, Sentence, Vectors


def late_chunked(states: Vectors, offsets: Any, whole: Vectors, sentences: Sequence[Sentence]) -> Embedding:
    """The embedding of a text whose unit vector is `whole`, with the vector of each sentence pooled from the states of
    its own tokens ("late chunking"). `states` has shape (tokens, d); `offsets`, (tokens, 2), are the places of the
    tokens in the text, `(0, 0)` for special ones."""
    return Embedding(
        whole, stacked_rows([pooled(states, offsets, sentence, whole) for sentence in sentences], len(whole))
    )


def pooled(states: Vectors, offsets: Any, sentence: Sentence, whole: Vectors) -> Vectors:
    """The mean of the sentence's token states, as unit vector; `whole` if no token falls into the sentence."""
    inside = (offsets[:, 0] >= sentence.start) & (offsets[:, 1] <= sentence.end) & (offsets[:, 1] > offsets[:, 0])
    return unit(states[inside].mean(axis=0)) if inside.any() else whole


def unit(vector: Any) -> Vectors:
    """The vector at length 1, float32; zeros stay zeros."""
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm if norm > 0 else vector, np.float32)


def stacked_rows(vectors: list[Vectors], dimension: int) -> Vectors:
    """The vectors as rows of an array, which may have none."""
    return np.stack(vectors) if vectors else np.empty((0, dimension), np.float32)
