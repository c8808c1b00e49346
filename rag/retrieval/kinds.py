"""A question and its vector -> the kind of answer that it asks for, by a small linear model (pure).

In: the text of a question and, if the embedded embedder made it, its unit vector. Out: the probability of each of
`KINDS`. The features are hashed runs of one to three words, with marks for beginning and end, and the vector; without a
vector the words decide alone. The weights (`kinds.npz`) are made by `training/kinds.py`. English.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any
from zlib import crc32

import numpy as np

from rag.types import QuestionKind, Vectors

KINDS: tuple[QuestionKind, ...] = (
    "fact", "yesno", "list", "steps", "why", "how", "definition", "comparison", "count", "summary", "library", "talk",
)  # fmt: skip
BUCKETS = 8192  # of hashed runs of words
DIMENSION = 384  # of the embedded embedder's vectors
SCALE = 3.0  # of the vector beside the words, whose weights have length 1
_WORD = re.compile(r"[a-z']+|\?|\d+")


def kind_shares(text: str, vector: Vectors | None = None) -> dict[QuestionKind, float]:
    """The probability (0..1) of each kind for a question. A vector of another dimension than `DIMENSION` is of another
    embedder, and is left out."""
    words, meaning, intercept = _weights()
    totals = intercept.copy()
    for bucket, value in word_features(text).items():
        totals += value * words[bucket]
    if vector is not None and vector.shape == (DIMENSION,):
        totals += SCALE * vector @ meaning
    powers = np.exp(totals - totals.max())
    return dict(zip(KINDS, (powers / powers.sum()).tolist(), strict=True))


def word_features(text: str) -> dict[int, float]:
    """The buckets of the runs of words of a text, each with its weight; the squares of the weights add up to 1."""
    words = ["^", *_WORD.findall(text.lower()), "$"]
    runs = chain.from_iterable(zip(*(words[start:] for start in range(length)), strict=False) for length in (1, 2, 3))
    counts = Counter(crc32(" ".join(run).encode()) % BUCKETS for run in runs)
    length = sum(1 + np.log(count) for count in counts.values()) ** 0.5
    return {bucket: float((1 + np.log(count)) ** 0.5 / length) for bucket, count in counts.items()}


@cache
def _weights() -> tuple[Any, Any, Any]:
    """Weights of the buckets, of the vector's numbers, and intercepts: a column for each of `KINDS`."""
    with files("rag.retrieval").joinpath("kinds.npz").open("rb") as file, np.load(file) as stored:
        return tuple(stored[name].astype(np.float32) for name in ("words", "meaning", "intercept"))
