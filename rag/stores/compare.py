"""Two indexes that should be the same: counted, compared piece by piece for a sample, and searched side by side.

In: two open indexes. Out: what was compared and what differs. The sample is passages drawn with a seed; each gives
three searches, for which no model is needed: its vector, its words by BM25, and its first sentence as a question, which
goes the whole way to the hits of an answer. Vectors and hits must agree to within rounding, equal scores in any order.
BM25 alone is only reported: the local store keeps the length of a passage in one byte, so near scores change places.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rag.errors import InputError
from rag.retrieval.question import Question, parse_question
from rag.retrieval.search import retrieve
from rag.seams import Index, Snapshot
from rag.types import Scored, StoredDocument, StoredPassage, Vectors

TOP = 10
_MARGIN = 10  # ranks below the first ten at which a hit with an equal score may stand
_ROUNDING = 1e-5  # of scores that are computed in float32


class Ranked(NamedTuple):
    """A hit by the id of its passage, whatever number its store gives it."""

    passage_id: str
    score: float


@dataclass(slots=True)
class Check:
    """The result of a comparison: what both indexes have, and of the sample, what differs and how many searches have
    the same first ten."""

    documents: tuple[int, int]
    passages: tuple[int, int]
    listed_alike: bool  # every line of the lists of documents
    compared: int = 0  # documents, with text, spans and vectors
    different: list[str] = field(default_factory=list)  # ids of documents
    searches: int = 0  # of each kind
    dense: int = 0
    hits: int = 0
    lexical: float = 0.0  # searches, each counted by the share of its first ten that both have

    @property
    def equal(self) -> bool:
        """True if lists, sampled documents, dense searches and hits agree; BM25 alone does not count."""
        return self.listed_alike and not self.different and self.dense == self.hits == self.searches


def compare_indexes(one: Index, other: Index, searches: int, seed: int = 0) -> Check:
    """Compare two indexes by searches for `searches` passages, or for all if there are fewer."""
    lists = one.documents(), other.documents()
    first, second = (sum(info.passages for info in infos) for infos in lists)
    check = Check((len(lists[0]), len(lists[1])), (first, second), lists[0] == lists[1])
    ids = sorted({info.id for info in lists[0]} & {info.id for info in lists[1]})
    chance = random.Random(seed)
    chance.shuffle(ids)
    each = -(-searches // max(len(ids), 1))  # passages of a document
    for name in ids:
        if check.searches >= searches:
            break
        here, there = one.stored(name), other.stored(name)
        check.compared += 1
        if not _alike(here, there):
            check.different.append(name)
        with one.snapshot() as a, other.snapshot() as b:
            for stored in chance.sample(here.passages, min(each, len(here.passages))):
                _search(check, stored, a, b)
    return check


def _search(check: Check, stored: StoredPassage, one: Snapshot, other: Snapshot) -> None:
    if (asked := _question(stored)) is None:
        return
    question, vector = asked
    check.searches += 1
    check.dense += _agree(*(_dense(snapshot, stored) for snapshot in (one, other)))
    check.hits += _agree(
        *(
            [Ranked(hit.passage.id, hit.score) for hit in retrieve(snapshot, question, lambda: vector, TOP + _MARGIN)]
            for snapshot in (one, other)
        )
    )
    words = [{hit.passage_id for hit in _lexical(snapshot, stored.passage.text)} for snapshot in (one, other)]
    check.lexical += len(words[0] & words[1]) / max(len(words[0] | words[1]), 1) if any(words) else 1.0


def _question(stored: StoredPassage) -> tuple[Question, Vectors] | None:
    """The first sentence and its vector; None if it cannot be a question: signs alone, or too long."""
    if not stored.passage.sentences:
        return None
    start, end = stored.passage.sentences[0]
    try:
        asked = parse_question(stored.passage.text[start - stored.passage.start : end - stored.passage.start])
    except InputError:
        return None
    return asked, stored.embedding.sentences[0]


def _dense(snapshot: Snapshot, stored: StoredPassage) -> list[Ranked]:
    return _named(snapshot, snapshot.dense(stored.embedding.passage, TOP + _MARGIN))


def _lexical(snapshot: Snapshot, text: str) -> list[Ranked]:
    return _named(snapshot, snapshot.lexical(text, TOP))


def _named(snapshot: Snapshot, found: Sequence[Scored]) -> list[Ranked]:
    stored = snapshot.fetch([hit.row for hit in found])
    return [Ranked(each.passage.id, hit.score) for each, hit in zip(stored, found, strict=True)]


def _agree(one: Sequence[Ranked], other: Sequence[Ranked]) -> bool:
    """True if each has the first ten of the other, with the same scores."""
    return _has(dict(other), one[:TOP]) and _has(dict(one), other[:TOP])


def _has(scores: Mapping[str, float], first: Sequence[Ranked]) -> bool:
    return all(abs(scores.get(hit.passage_id, np.inf) - hit.score) <= _ROUNDING for hit in first)


def _alike(one: StoredDocument, other: StoredDocument) -> bool:
    """True if the documents are equal to the character and to the bit."""
    return one.document == other.document and len(one.passages) == len(other.passages) and all(
        here.passage == there.passage
        and np.array_equal(here.embedding.passage, there.embedding.passage)
        and np.array_equal(here.embedding.sentences, there.embedding.sentences)
        for here, there in zip(one.passages, other.passages, strict=True)
    )  # fmt: skip
