"""Hand-written stand-ins for the seams, for tests that are not about models."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.deadline import Deadline
from rag.types import AnswerSpan, Embedding, Passage, PassageReading, Vectors

_WORD = re.compile(r"\w+|[^\w\s]")


class HashEmbedder:
    """A vector for every word, drawn from its hash; texts are the sum of their words. Fast, and the same everywhere."""

    fingerprint = "hash-1"
    dimension = 16
    max_tokens = 60
    tokenizer: Path | None = None

    def __init__(self) -> None:
        self.embedded = 0  # passages, to see what the cache spared

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in _WORD.finditer(text)]

    def embed_query(self, text: str) -> Vectors:
        total = sum((_vector(word) for word in _WORD.findall(text.lower())), np.full(16, 1e-3))
        return np.asarray(total / np.linalg.norm(total), np.float32)

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        self.embedded += len(passages)
        return [self._passage(passage) for passage in passages]

    def _passage(self, passage: Passage) -> Embedding:
        texts = [passage.text[s.start - passage.start : s.end - passage.start] for s in passage.sentences]
        return Embedding(self.embed_query(passage.text), np.stack([self.embed_query(text) for text in texts]))


class WordReader:
    """A `PassageReader` without a model: the span is the sentence with most of the question's words, and its score is
    their number."""

    name = "words"

    def read(
        self, question: str, passages: Sequence[Passage], deadline: Deadline | None = None
    ) -> list[PassageReading]:
        (deadline or Deadline()).check()
        asked = _words(question)
        return [_reading(asked, passage) for passage in passages]


def _reading(asked: set[str], passage: Passage) -> PassageReading:
    spans = [
        AnswerSpan(start, end, float(len(asked & _words(passage.text[start - passage.start : end - passage.start]))))
        for start, end in passage.sentences
    ]
    spans.sort(key=lambda span: -span.score)  # stable: the first of equals
    return PassageReading(passage, tuple(spans[:1]), spans[0].score if spans else 0.0, 0.0, 0.0)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _vector(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(16)
