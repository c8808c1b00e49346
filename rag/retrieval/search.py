"""Question -> Hits: passages found by meaning and by words, scored once more by their sentences.

Two searches propose candidates, and the final score decides among them. It is the mean of four numbers, each at most 1
and comparable between questions: cosine of the passage, coverage of the question by the passage, and the best of each
over its sentences. Coverage is the share of the question's terms that a text holds, weighted by BM25's inverse document
frequency. It ranks the right passage first more often than BM25's own score, since it rewards a text that holds *all*
of the question, not one that repeats a part (docs/experiments.md). Words that a question takes from a conversation help
to find its passage; among the sentences of that only its own words decide. Passages of several documents that say the
same count once (`rag.retrieval.alike`): of those that fit equally, the one of the newest document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from rag.background import begun
from rag.retrieval.alike import alike
from rag.retrieval.days_as_written import other_notations
from rag.retrieval.naming import file_words
from rag.retrieval.question import Question
from rag.seams import Snapshot
from rag.text.dates import stated_date
from rag.text.structure import blocks_of, table_header
from rag.text.terms import STOP_WORDS, stem, terms
from rag.types import Hit, Origin, Passage, Scored, SentenceScore, StoredPassage, Vectors

CANDIDATES = 50  # of each search; the right passage is among the first 50 for 99 of 100 questions
_HEADING_CREDIT = 0.5  # of a word in the heading above a sentence, or in the head of a table above its row
_EQUAL = 0.01  # scores of one text in several documents differ by their titles and headings alone
_NO_TERMS: frozenset[str] = frozenset()
_FUNCTION_WORDS = frozenset(map(stem, STOP_WORDS))
_DIGIT = re.compile(r"\d")
_REMEMBERED = 50_000  # texts of an index
TextTerms = dict[str, frozenset[str] | None]  # the terms of a text; None if it was met once


class SeenTexts:
    """The texts that searches of one index met, with their terms from the second time on, for any number of threads.

    They belong to one generation of the index and are dropped when a search reads another one, so that nothing is kept
    of documents that were removed.
    """

    def __init__(self) -> None:
        self._of: tuple[int | None, TextTerms] = None, {}

    def at(self, generation: int) -> TextTerms:
        """The memory of this generation, which searches fill."""
        known, texts = self._of
        if generation != known:
            texts = {}
            self._of = generation, texts
        return texts


def retrieve(
    snapshot: Snapshot, question: Question, vector: Callable[[], Vectors], k: int, seen: SeenTexts | None = None
) -> list[Hit]:
    """The best `k` passages, best first. `vector` makes that of `question.standalone`, shape `(d,)`, unit length; while
    it is at work, another thread does what needs none. `seen`, kept between the searches of an index, saves time."""
    count = max(CANDIDATES, k)
    texts = (seen or SeenTexts()).at(snapshot.generation)
    by_words = begun(lambda: _by_words(snapshot, question, count, texts))
    try:
        embedded = vector()
    finally:
        found = by_words()  # a snapshot is for one thread at a time
    dense = snapshot.dense(embedded, count)
    places = _places(dense), _places(found.lexical)
    rest = _candidates(snapshot, [row for row in places[0] if row not in places[1]], found.read)
    judged = [*_judged(found.candidates, embedded), *_judged(rest, embedded)]
    once = sorted(_once_each(judged, k, snapshot), key=lambda each: -each[0].score)
    return [_hit(item, others, *places) for item, others in once]


def question_weights(snapshot: Snapshot, question: Question) -> dict[str, float]:
    """The inverse document frequency of each term of the question, and a share of it for each term from a
    conversation."""
    credits = {item.term: item.credit for item in question.carried}
    weights = snapshot.term_weights(sorted(question.terms.union(credits)))
    return {term: weight * credits.get(term, 1.0) for term, weight in weights.items()}


def coverage(found: Mapping[str, float] | Iterable[str], weights: Mapping[str, float]) -> float:
    """The share (0..1) of the total weight of `weights` that the found terms have; a mapping gives a credit to each
    term.

    >>> coverage({"bridge", "tamar"}, {"bridge": 3.0, "open": 1.0})
    0.75
    """
    total = sum(weights.values())
    credit = found if isinstance(found, Mapping) else dict.fromkeys(found, 1.0)
    return sum(weight * credit.get(term, 0.0) for term, weight in weights.items()) / total if total else 0.0


class AskedTerms:
    """The terms of a question, to be found in texts; `seen` remembers texts, see `SeenTexts`.

    Making all terms of a new sentence takes longer than all else that is done with it. Most sentences hold no term of
    the question, which their letters show; in the others only words that begin like a term matter.
    """

    def __init__(self, terms: Iterable[str], seen: TextTerms | None = None) -> None:
        self._terms = frozenset(terms)
        self._names = not self._terms.isdisjoint(_FUNCTION_WORDS)  # "WHO", which only its capitals tell
        self._seen = {} if seen is None else seen
        self._beginnings = {beginning(term) for term in self._terms}

    def among(self, text: str) -> frozenset[str]:
        """The terms of the question that `text` holds."""
        known = self._seen.get(text)
        if known is not None:
            return known & self._terms
        plain = text.isascii()
        if plain:
            lower = text.lower()
            for start in self._beginnings:
                if start in lower:
                    break
            else:
                return _NO_TERMS
        again = self._met_again(text)
        if not again and plain and not self._names and not _DIGIT.search(lower):
            words = self._words.findall(lower)
            return self._terms.intersection([stem(word) for word in words if word not in STOP_WORDS])
        known = frozenset(terms(text))
        if again:
            self._seen[text] = known
        return known & self._terms

    @cached_property
    def _words(self) -> re.Pattern[str]:
        """The pattern of words that begin like a term, for ASCII text in lower case without digits."""
        return re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, self._beginnings))})[a-z]*")

    def _met_again(self, text: str) -> bool:
        """True if a search met the text before, so that its terms are worth remembering. In a small library searches
        meet the same sentences again and again, in a large one hardly any."""
        again = text in self._seen
        if not again:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[text] = None
        return again


def beginning(term: str) -> str:
    """The characters that occur, in lower case, in every ASCII text that holds the term. The Snowball stemmer alters
    words at their ends, by up to two letters that the word does not have; numbers lose commas between digits.

    >>> [beginning(term) for term in ("relat", "sky", "1500")]
    ['rel', 's', '1']
    """
    return term[: max(len(term) - 2, 1)] if term.isalpha() else term[0]


class _Credits(NamedTuple):
    """The credits of the question's terms for a sentence: 1 for those in it, half for those in its headings."""

    by_term: dict[str, float]
    coverage: float
    asked: float  # coverage of the question's own terms alone, without those that it takes from a conversation


class _Words(NamedTuple):
    """A candidate, and the coverage of the question by its words."""

    stored: StoredPassage
    coverage: float
    credits: list[_Credits]  # of its sentences
    best: float  # the highest coverage among them


class _Candidates(NamedTuple):
    """Candidates with their vectors, stacked."""

    words: list[_Words]
    passages: Vectors
    sentences: Vectors  # of all candidates
    ends: list[int]  # the row after the last of each candidate's sentences


class _ByWords(NamedTuple):
    """The part of a search that needs no vector."""

    lexical: list[Scored]
    read: Callable[[StoredPassage], _Words]
    candidates: _Candidates


class _Judged(NamedTuple):
    """A candidate with its score and the parts of it."""

    words: _Words
    score: float
    cosine: float
    similarities: list[float]  # of its sentences, 0..1


def _by_words(snapshot: Snapshot, question: Question, count: int, seen: TextTerms) -> _ByWords:
    lexical = snapshot.lexical(f"{question.standalone} {other_notations(question.text)}".rstrip(), count)
    weights = question_weights(snapshot, question)
    own = {term: weight for term, weight in weights.items() if term in question.terms} or weights
    read = _reader(AskedTerms(weights, seen), weights, own)
    return _ByWords(lexical, read, _candidates(snapshot, [scored.row for scored in lexical], read))


def _reader(
    asked: AskedTerms, weights: Mapping[str, float], own_weights: Mapping[str, float]
) -> Callable[[StoredPassage], _Words]:
    """A function that finds the question's words in a passage. Sentences hold few different sets of its terms, so the
    coverage of each set is computed once."""

    @cache
    def credit(own: frozenset[str], above: frozenset[str]) -> _Credits:
        by_term = dict.fromkeys(above, _HEADING_CREDIT) | dict.fromkeys(own, 1.0)
        return _Credits(by_term, coverage(by_term, weights), coverage(by_term, own_weights))

    @cache
    def whole(found: frozenset[str]) -> float:
        return coverage(found, weights)

    def read(stored: StoredPassage) -> _Words:
        passage = stored.passage
        heading = asked.among(f"{passage.title}\n{passage.section or ''}\n{file_words(passage.document_id)}")
        credits = [credit(own, heading | head) for own, head in _sentences(passage, asked)]
        best = max([found.coverage for found in credits], default=0.0)
        return _Words(stored, whole(heading.union(*[found.by_term for found in credits])), credits, best)

    return read


def _candidates(snapshot: Snapshot, rows: Sequence[int], read: Callable[[StoredPassage], _Words]) -> _Candidates:
    words = [read(stored) for stored in snapshot.fetch(rows)]
    embeddings = [found.stored.embedding for found in words]
    if not embeddings:
        return _Candidates([], np.empty((0, 0), np.float32), np.empty((0, 0), np.float32), [])
    ends = np.cumsum([len(embedding.sentences) for embedding in embeddings]).tolist()
    passages = np.stack([embedding.passage for embedding in embeddings])
    return _Candidates(words, passages, np.concatenate([embedding.sentences for embedding in embeddings]), ends)


def _judged(found: _Candidates, vector: Vectors) -> list[_Judged]:
    if not found.words:
        return []
    cosines = (found.passages @ vector).tolist()
    every = np.maximum(found.sentences @ vector, 0.0).tolist()
    of_each = [every[begin:end] for begin, end in zip([0, *found.ends], found.ends, strict=False)]
    return [_judge(*parts) for parts in zip(found.words, cosines, of_each, strict=True)]


def _judge(words: _Words, cosine: float, similarities: list[float]) -> _Judged:
    score = (max(cosine, 0.0) + words.coverage + max(similarities, default=0.0) + words.best) / 4
    return _Judged(words, score, cosine, similarities)


def _best(judged: Sequence[_Judged], k: int) -> list[_Judged]:
    """The `k` candidates of highest score; equal ones in order of their passages' ids, which are made for few only."""
    least = min(sorted([item.score for item in judged], reverse=True)[:k], default=0.0)
    close = [item for item in judged if item.score >= least]
    return sorted(close, key=lambda item: (-item.score, item.words.stored.passage.id))[:k]


def _once_each(judged: Sequence[_Judged], k: int, snapshot: Snapshot) -> Iterator[tuple[_Judged, tuple[str, ...]]]:
    """The `k` best candidates that say different things, with the documents of the others that say the same."""
    count = k
    while True:
        best = _best(judged, count)
        groups = alike([item.words.stored for item in best])
        if len(groups) >= k or count >= len(judged):
            break
        count *= 2
    for places in groups[:k]:
        group = [best[place] for place in places]
        first = group[0] if len(group) == 1 else _newest(group, snapshot)
        yield first, tuple(_document(item) for item in group if item is not first)


def _newest(group: Sequence[_Judged], snapshot: Snapshot) -> _Judged:
    """The hit of the newest document, of those that fit the question as well as the first."""
    equal = [item for item in group if item.score >= group[0].score - _EQUAL]
    origins = snapshot.origins({_document(item) for item in equal})
    return max(equal, key=lambda item: (_day(origins.get(_document(item))), item.score))


def _day(origin: Origin | None) -> str:
    """The date that a document states, else the day of its file, in ISO; empty if neither is known."""
    if origin is None:
        return ""
    stated = stated_date(origin.created) if origin.created else None
    modified = origin.stamp.mtime_ns
    return stated or ("" if modified is None else datetime.fromtimestamp(modified // 10**9, UTC).date().isoformat())


def _document(item: _Judged) -> str:
    return item.words.stored.passage.document_id


def _sentences(passage: Passage, asked: AskedTerms) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """The question's terms in each sentence, and those in the head of its table if it is a row of one."""
    text, at = passage.text, passage.start
    rows = any(block.kind == "table" for block in blocks_of(passage))
    for start, end in passage.sentences:
        head = table_header(passage, start) if rows else ""
        yield asked.among(text[start - at : end - at]), asked.among(head) if head else _NO_TERMS


def _places(found: list[Scored]) -> dict[int, tuple[int, float]]:
    """The rank, from 1, and the score of each result, by row."""
    return {scored.row: (rank, scored.score) for rank, scored in enumerate(found, 1)}


def _hit(
    item: _Judged,
    also_in: tuple[str, ...],
    dense: Mapping[int, tuple[int, float]],
    lexical: Mapping[int, tuple[int, float]],
) -> Hit:
    row, passage, _ = item.words.stored
    dense_rank, _ = dense.get(row, (None, 0.0))
    lexical_rank, lexical_score = lexical.get(row, (None, 0.0))
    sentences = tuple(
        SentenceScore((2 * item.score + similarity + found.asked) / 4, similarity)
        for similarity, found in zip(item.similarities, item.words.credits, strict=True)
    )
    return Hit(passage, item.score, item.cosine, lexical_score, dense_rank, lexical_rank, sentences, also_in)
