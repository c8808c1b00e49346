"""Token ids -> token states, through a BERT encoder in numpy: one short text at a time, without torch.

In: the weights of a `BertModel` as its safetensors file has them, and its `config.json`. A question has some fifteen
tokens, for which the libraries of training need a hundredfold of the time to be imported (docs/experiments.md).
Does not handle: batches, padding, masks, other positions than absolute ones; passages go through torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag.types import Vectors


class Bert:
    """`weights` by name, float32; calls may come from any thread."""

    def __init__(self, weights: Mapping[str, Vectors], config: Mapping[str, Any]) -> None:
        self._weights = weights
        self._layers = int(config["num_hidden_layers"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = np.float32(config["layer_norm_eps"])
        self.dimension = int(config["hidden_size"])

    def states(self, ids: Sequence[int]) -> Vectors:
        """-> shape `(tokens, d)`, of the last layer."""
        weights = self._weights
        state = (
            weights["embeddings.word_embeddings.weight"][list(ids)]
            + weights["embeddings.position_embeddings.weight"][: len(ids)]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        state = self._norm(state, "embeddings.LayerNorm")
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            seen = self._dense(self._attention(state, f"{layer}.attention.self"), f"{layer}.attention.output.dense")
            state = self._norm(state + seen, f"{layer}.attention.output.LayerNorm")
            thought = self._dense(gelu(self._dense(state, f"{layer}.intermediate.dense")), f"{layer}.output.dense")
            state = self._norm(state + thought, f"{layer}.output.LayerNorm")
        return state

    def _attention(self, state: Vectors, name: str) -> Vectors:
        """Of all tokens to all tokens, each head by itself."""
        tokens, width = state.shape
        query, key, value = (
            self._dense(state, f"{name}.{part}").reshape(tokens, self._heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1]))
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return np.asarray((shares @ value).transpose(1, 0, 2).reshape(tokens, width))

    def _dense(self, state: Vectors, name: str) -> Vectors:
        return state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, state: Vectors, name: str) -> Vectors:
        centred = state - state.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self._epsilon)
        return np.asarray(centred / deviation * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"])


def gelu(x: Vectors) -> Vectors:
    """x times the normal distribution's share below x (arXiv 1606.08415), by `erf`."""
    return x * np.float32(0.5) * (1 + erf(x / np.float32(np.sqrt(2.0))))


def erf(x: Vectors) -> Vectors:
    """The error function, wrong by at most 1.5e-7 beside rounding: Abramowitz and Stegun, 7.1.26."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    sum_ = t * np.float32(1.061405429) - np.float32(1.453152027)
    for coefficient in (1.421413741, -0.284496736, 0.254829592):
        sum_ = sum_ * t + np.float32(coefficient)
    return np.asarray(np.sign(x) * (1 - sum_ * t * np.exp(-x * x)))
