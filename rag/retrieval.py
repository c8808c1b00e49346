"""Question -> Hits: passages found by meaning and by words, scored once more by their sentences.

Two searches propose candidates, and the final score decides among them. It is the mean of four numbers, each at most 1
and comparable between questions: cosine of the passage, coverage of the question by the passage, and the best of each
over its sentences. Coverage is the share of the question's terms that a text holds, weighted by BM25's inverse document
frequency. Against BM25's own score in that place it finds the right passage first more often, since it asks whether
*all* of the question is there instead of how often a part is (docs/experiments.md). What a question takes from a
conversation helps to find its passage; among the sentences of that its own words decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rag.evidence import table_header
from rag.question import Question
from rag.terms import terms
from rag.types import Hit, Passage, Scored, Sentence, SentenceScore, Snapshot, StoredPassage, Vectors

CANDIDATES = 50  # of each search; the right passage is among the first 50 for 99 of 100 questions
_HEADING_CREDIT = 0.5  # a sentence counts the words of the heading above it half, as a table row those of its head


def retrieve(snapshot: Snapshot, question: Question, vector: Vectors, k: int) -> list[Hit]:
    """The best `k` passages, best first; `vector` is that of `question.standalone`, shape `(d,)`, unit length."""
    dense = snapshot.dense(vector, max(CANDIDATES, k))
    lexical = snapshot.lexical(question.standalone, max(CANDIDATES, k))
    weights = question_weights(snapshot, question)
    rows = list(dict.fromkeys(scored.row for scored in dense + lexical))
    judged = [_judge(stored, vector, weights) for stored in snapshot.fetch(rows)]
    best = sorted(judged, key=lambda item: (-item.score, item.passage.id))[:k]
    asked = {term: weight for term, weight in weights.items() if term in question.terms} or weights
    places = _places(dense), _places(lexical)
    return [_hit(item, asked, *places) for item in best]


def question_weights(snapshot: Snapshot, question: Question) -> dict[str, float]:
    """Inverse document frequency of each term of the question; of each that it takes from a conversation, a share."""
    credits = {item.term: item.credit for item in question.carried}
    weights = snapshot.term_weights(sorted(question.terms.union(credits)))
    return {term: weight * credits.get(term, 1.0) for term, weight in weights.items()}


def coverage(found: Mapping[str, float] | Iterable[str], weights: Mapping[str, float]) -> float:
    """Share of the total weight of `weights` that the found terms have, 0..1; a mapping gives a credit to each term.

    >>> coverage({"bridge", "tamar"}, {"bridge": 3.0, "open": 1.0})
    0.75
    """
    total = sum(weights.values())
    credit = found if isinstance(found, Mapping) else dict.fromkeys(found, 1.0)
    return sum(weight * credit.get(term, 0.0) for term, weight in weights.items()) / total if total else 0.0


@lru_cache(maxsize=50_000)
def content_terms(text: str) -> frozenset[str]:
    """The distinct content terms of a sentence or heading, remembered, since searches meet the same ones again."""
    return frozenset(terms(text))


class _Judged(NamedTuple):
    """A candidate with what its score is made of."""

    row: int
    passage: Passage
    score: float
    cosine: float
    similarities: Vectors  # of its sentences, 0..1
    credits: list[dict[str, float]]  # of each sentence, for the terms of the question that it holds


def _judge(stored: StoredPassage, vector: Vectors, weights: Mapping[str, float]) -> _Judged:
    passage = stored.passage
    cosine = float(stored.embedding.passage @ vector)
    similarities = np.maximum(stored.embedding.sentences @ vector, 0.0)
    heading = content_terms(f"{passage.title}\n{passage.section or ''}") & weights.keys()
    credits = [_credits(passage, sentence, heading, weights) for sentence in passage.sentences]
    whole = coverage(heading.union(*credits), weights)
    best = max((coverage(found, weights) for found in credits), default=0.0)
    score = (max(cosine, 0.0) + whole + float(max(similarities, default=0.0)) + best) / 4
    return _Judged(stored.row, passage, score, cosine, similarities, credits)


def _credits(
    passage: Passage, sentence: Sentence, heading: frozenset[str], weights: Mapping[str, float]
) -> dict[str, float]:
    """The question's terms in a sentence, and half of those in what it stands under."""
    own = content_terms(passage.text[sentence.start - passage.start : sentence.end - passage.start]) & weights.keys()
    head = table_header(passage, sentence.start, sentence.end)
    above = heading | (content_terms(head) & weights.keys()) if head else heading
    return dict.fromkeys(above, _HEADING_CREDIT) | dict.fromkeys(own, 1.0)


def _places(found: list[Scored]) -> dict[int, tuple[int, float]]:
    """By row, the rank from 1 and the score."""
    return {scored.row: (rank, scored.score) for rank, scored in enumerate(found, 1)}


def _hit(
    item: _Judged,
    asked: Mapping[str, float],
    dense: Mapping[int, tuple[int, float]],
    lexical: Mapping[int, tuple[int, float]],
) -> Hit:
    """`asked` are the weights of the question's own terms."""
    dense_rank, _ = dense.get(item.row, (None, 0.0))
    lexical_rank, lexical_score = lexical.get(item.row, (None, 0.0))
    sentences = tuple(
        SentenceScore((2 * item.score + float(similarity) + coverage(found, asked)) / 4, float(similarity))
        for similarity, found in zip(item.similarities, item.credits, strict=True)
    )
    return Hit(item.passage, item.score, item.cosine, lexical_score, dense_rank, lexical_rank, sentences)
