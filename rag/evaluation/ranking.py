"""A ranking of documents against those that are relevant (pure).

Binary relevance, as trec_eval computes it for judgements of 0 and 1. The tests compare with it through ir-measures,
which is no dependency: its pytrec-eval-terrier has no wheel for Linux on arm, and builds only with a download.

>>> ranking, gold = ["a", "x", "b"], {"a", "b"}
>>> recall(ranking, gold, 2), reciprocal_rank(ranking, gold, 10), round(ndcg(ranking, gold, 10), 4)
(0.5, 1.0, 0.9197)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log2


def recall(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """Share of the relevant documents that are among the first `k`; `gold` must not be empty."""
    return len(set(ranking[:k]) & set(gold)) / len(gold)


def reciprocal_rank(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """1 / rank of the first relevant document, 0.0 if none is among the first `k` (Voorhees 1999, TREC-8 QA)."""
    return next((1 / rank for rank, name in enumerate(ranking[:k], 1) if name in gold), 0.0)


def ndcg(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """The gain, 1 / log2(rank + 1) summed over the relevant among the first `k`, over that of the best ranking.

    Järvelin and Kekäläinen 2002, Cumulated gain-based evaluation of IR techniques.
    """
    gain = sum(1 / log2(rank + 1) for rank, name in enumerate(ranking[:k], 1) if name in gold)
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(len(gold), k) + 1))
