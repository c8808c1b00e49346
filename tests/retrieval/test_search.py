"""Coverage, fusion and the choice of evidence, with the arithmetic visible."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ModelError
from rag.retrieval import search as retrieval
from rag.retrieval.evidence import select_evidence, with_antecedent
from rag.retrieval.question import Carried, parse_question
from rag.retrieval.search import AskedTerms, SeenTexts, coverage, retrieve
from rag.text.sentences import split_sentences
from rag.text.structure import table_header
from rag.text.terms import terms
from rag.types import (
    Document,
    DocumentInfo,
    Embedding,
    Evidence,
    Hit,
    Origin,
    Passage,
    Scored,
    Sentence,
    SentenceScore,
    StoredDocument,
    StoredPassage,
    Vectors,
)


def passage(text: str, document_id: str = "a.txt", title: str = "", section: str | None = None) -> Passage:
    sentences = tuple(sentence for _, sentence in split_sentences(text))
    return Passage(document_id, title, document_id, 0, len(text), text, sentences, section)


OPENING = parse_question("opening hours")


def unit(*values: float) -> Vectors:
    vector = np.array(values, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


class FakeSnapshot:
    """Two searches whose results are given; every term weighs the same unless said otherwise."""

    generation = 7

    def __init__(self, stored: Sequence[StoredPassage], dense: list[Scored], lexical: list[Scored]) -> None:
        self._stored = {item.row: item for item in stored}
        self._dense, self._lexical = dense, lexical
        self.fetched: list[list[int]] = []
        self.searched = threading.Event()

    def dense(self, vector: Vectors, k: int) -> list[Scored]:
        return self._dense[:k]

    def lexical(self, query: str, k: int) -> list[Scored]:
        return self._lexical[:k]

    def fetch(self, rows: Sequence[int]) -> list[StoredPassage]:
        self.fetched.append(list(rows))
        self.searched.set()
        return [self._stored[row] for row in rows]

    def term_weights(self, terms: Iterable[str]) -> dict[str, float]:
        return dict.fromkeys(terms, 2.0)

    def held(self, terms: Iterable[str]) -> frozenset[str]:
        return frozenset(terms)

    def documents(self) -> list[DocumentInfo]:
        return []

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        return []

    def info(self, document_id: str) -> DocumentInfo | None:
        return None

    def origins(self, document_ids: Iterable[str]) -> dict[str, Origin]:
        return {}

    def document(self, document_id: str) -> Document:
        raise AssertionError

    def stored(self, document_id: str) -> StoredDocument:
        raise AssertionError

    def notes(self, document_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return {}

    def __enter__(self) -> FakeSnapshot:
        return self

    def __exit__(self, *exc: object) -> None: ...


def test_the_score_is_the_mean_of_cosines_and_coverages_of_passage_and_best_sentence() -> None:
    text = "The bridge was opened in May. Boats wait."
    stored = StoredPassage(1, passage(text), Embedding(unit(3, 4), np.stack([unit(4, 3), unit(0, 1)])))
    snapshot = FakeSnapshot([stored], [Scored(1, 0.6)], [])
    (hit,) = retrieve(snapshot, parse_question("When was the bridge opened for boats?"), lambda: unit(1, 0), 5)
    # terms bridge, open, boat: the passage has all, the first sentence two of three, the second one
    assert hit.score == pytest.approx((0.6 + 1.0 + 0.8 + 2 / 3) / 4)
    assert [found.score for found in hit.sentences] == pytest.approx(
        [(2 * hit.score + 0.8 + 2 / 3) / 4, (2 * hit.score + 0.0 + 1 / 3) / 4]
    )
    assert [found.similarity for found in hit.sentences] == pytest.approx([0.8, 0.0])
    assert (hit.dense_rank, hit.lexical_rank, hit.lexical_score) == (1, None, 0.0)


def test_a_passage_of_either_search_is_a_candidate_and_the_better_one_comes_first() -> None:
    near = StoredPassage(1, passage("Nothing here.", "near"), Embedding(unit(1, 0), unit(1, 0)[None]))
    worded = StoredPassage(2, passage("Copper ore was mined.", "worded"), Embedding(unit(1, 1), unit(1, 1)[None]))
    snapshot = FakeSnapshot([near, worded], [Scored(1, 1.0)], [Scored(2, 9.5)])
    hits = retrieve(snapshot, parse_question("copper ore mined"), lambda: unit(1, 0), 5)
    assert [hit.passage.document_id for hit in hits] == ["worded", "near"]
    assert (hits[0].dense_rank, hits[0].lexical_rank, hits[0].lexical_score) == (None, 1, 9.5)


def test_what_words_find_is_read_while_the_vector_is_made_and_nothing_twice() -> None:
    stored = [StoredPassage(n, passage(f"Ore {n}.", f"{n}"), Embedding(unit(1, 0), unit(1, 0)[None])) for n in range(3)]
    snapshot = FakeSnapshot(stored, [Scored(0, 1.0), Scored(1, 1.0)], [Scored(1, 3.0), Scored(2, 2.0)])

    def vector() -> Vectors:
        assert snapshot.searched.wait(10)
        return unit(1, 0)

    assert len(retrieve(snapshot, parse_question("ore"), vector, 9)) == 3
    assert snapshot.fetched == [[1, 2], [0]]


def test_a_vector_that_cannot_be_made_leaves_nobody_at_work_on_the_snapshot() -> None:
    stored = [StoredPassage(0, passage("Ore."), Embedding(unit(1, 0), unit(1, 0)[None]))]
    snapshot = FakeSnapshot(stored, [], [Scored(0, 3.0)])

    def vector() -> Vectors:
        raise ModelError("the embedder failed")

    with pytest.raises(ModelError, match="the embedder failed"):
        retrieve(snapshot, parse_question("ore"), vector, 9)
    assert snapshot.fetched == [[0]]


def test_words_of_the_heading_count_half_for_a_sentence_below_it() -> None:
    stored = StoredPassage(1, passage("Ten to five.", section="Opening hours"), Embedding(unit(0, 1), unit(0, 1)[None]))
    (hit,) = retrieve(
        FakeSnapshot([stored], [Scored(1, 0.0)], []), parse_question("opening hours"), lambda: unit(1, 0), 1
    )
    assert hit.score == pytest.approx((0 + 1 + 0 + 0.5) / 4)


def test_a_word_of_the_heading_that_a_sentence_says_itself_counts_whole() -> None:
    found = passage("Hours are ten to five.", section="Opening hours")
    stored = StoredPassage(1, found, Embedding(unit(0, 1), unit(0, 1)[None]))
    (hit,) = retrieve(
        FakeSnapshot([stored], [Scored(1, 0.0)], []), parse_question("opening hours"), lambda: unit(1, 0), 1
    )
    assert hit.score == pytest.approx((0 + 1 + 0 + (0.5 + 1) / 2) / 4)


def test_words_of_a_title_count_for_a_passage_and_those_that_it_lacks_do_not() -> None:
    found = passage("Ten to five.", title="Opening")
    stored = StoredPassage(1, found, Embedding(unit(0, 1), unit(0, 1)[None]))
    (hit,) = retrieve(
        FakeSnapshot([stored], [Scored(1, 0.0)], []), parse_question("opening hours"), lambda: unit(1, 0), 1
    )
    assert hit.score == pytest.approx((0 + 1 / 2 + 0 + 0.5 / 2) / 4)


def test_what_is_carried_from_the_conversation_finds_the_passage_and_does_not_choose_its_sentence() -> None:
    text = "The mill was built in May. It was sold."
    stored = StoredPassage(1, passage(text), Embedding(unit(0, 1), np.stack([unit(0, 1)] * 2)))
    question = replace(parse_question("When was it sold?"), carried=(Carried("mill", "mill", 0.5),))
    (hit,) = retrieve(FakeSnapshot([stored], [Scored(1, 0.0)], []), question, lambda: unit(1, 0), 1)
    # terms sold (2) and mill (half of 2): the passage has both, the second sentence sold, which alone is asked
    assert hit.score == pytest.approx((0 + 1 + 0 + 2 / 3) / 4)
    assert [found.score for found in hit.sentences] == pytest.approx([2 * hit.score / 4, (2 * hit.score + 1) / 4])


def test_equal_scores_come_in_order_of_passage_id() -> None:
    stored = [
        StoredPassage(n, passage(f"Ore {n}.", f"{9 - n}.txt"), Embedding(unit(1, 0), unit(1, 0)[None]))
        for n in range(6)
    ]
    snapshot = FakeSnapshot(stored, [Scored(n, 1.0) for n in range(6)], [])
    hits = retrieve(snapshot, parse_question("ore"), lambda: unit(1, 0), 4)
    assert [hit.passage.document_id for hit in hits] == ["4.txt", "5.txt", "6.txt", "7.txt"]


TABLE = """Faults of the mill.

Code | Meaning | Remedy
E4 | Stone blocked | Open the lid. Turn it.
E5 | Sack full | Empty it"""


def test_a_table_row_counts_the_words_of_the_first_row_half() -> None:
    stored = StoredPassage(1, passage(TABLE), Embedding(unit(0, 1), np.stack([unit(0, 1)] * 4)))
    (hit,) = retrieve(
        FakeSnapshot([stored], [Scored(1, 0.0)], []), parse_question("remedy sack"), lambda: unit(1, 0), 1
    )
    assert hit.score == pytest.approx((0 + 1 + 0 + (1 + 0.5) / 2) / 4)


def test_a_table_row_is_one_sentence_and_is_shown_below_the_first_row() -> None:
    found = passage(TABLE)
    rows = [TABLE[sentence.start : sentence.end] for sentence in found.sentences]
    assert rows[2] == "E4 | Stone blocked | Open the lid. Turn it."
    heads = [table_header(found, sentence.start) for sentence in found.sentences]
    assert heads == [None, None, "Code | Meaning | Remedy", "Code | Meaning | Remedy"]
    item = Evidence(1, found, *found.sentences[3], rows[3], 1.0)
    assert with_antecedent(item) == "Code | Meaning | Remedy\nE5 | Sack full | Empty it"


@given(st.dictionaries(st.text("ab", max_size=2), st.floats(0, 10)), st.sets(st.text("ab", max_size=2)))
def test_coverage_is_a_share(weights: dict[str, float], found: set[str]) -> None:
    assert 0 <= coverage(found, weights) <= 1 + 1e-9
    assert coverage(weights.keys(), weights) == pytest.approx(1.0 if sum(weights.values()) else 0.0)


def hit(text: str, scores: tuple[float, ...], document_id: str = "a.txt") -> Hit:
    sentences = tuple(SentenceScore(score, score / 2) for score in scores)
    return Hit(passage(text, document_id), 0.5, 0.5, 0.0, 1, None, sentences)


def test_evidence_is_ranked_across_passages_without_repeats() -> None:
    hits = [hit("One is here. Two is there.", (0.2, 0.9)), hit("Two is there. Three is far.", (0.8, 0.5), "b.txt")]
    evidence = select_evidence(hits, 3, 100, len)
    assert [(item.label, item.text, item.passage.document_id) for item in evidence] == [
        (1, "Two is there.", "a.txt"),
        (2, "Three is far.", "b.txt"),
        (3, "One is here.", "a.txt"),
    ]
    assert all(item.passage.text[item.start : item.end] == item.text for item in evidence)
    assert [(item.score, item.similarity) for item in evidence] == [(0.9, 0.45), (0.5, 0.25), (0.2, 0.1)]


def test_evidence_keeps_to_its_budget_and_goes_on_to_what_fits() -> None:
    hits = [hit("A rather long sentence stands here. Short.", (0.9, 0.1))]
    assert [item.text for item in select_evidence(hits, 3, 10, len)] == ["Short."]


def test_a_sentence_that_refers_back_is_shown_with_the_one_before() -> None:
    text = "Ada built the mill. It burned in 1859."
    found = passage(text)
    item = Evidence(1, found, *found.sentences[1], "It burned in 1859.", 1.0)
    assert with_antecedent(item) == text
    assert found.sentences[1] == Sentence(20, 38)


ENDINGS = [
    "",
    "s",
    "es",
    "ies",
    "ied",
    "ying",
    "ing",
    "ed",
    "ational",
    "ization",
    "fulness",
    "ousli",
    "ably",
    "ly",
    "y",
]
WORDS = st.builds(
    str.__add__, st.text(st.sampled_from("aeiouybdglnrstz"), min_size=1, max_size=6), st.sampled_from(ENDINGS)
)


ODD = """Dying skies 1,500 3.5 ﬁne the WHO US IT AND who us AM mg 5mg v1.2.3 1,00,000 m^2 3m² 10⁶ straße STRASSE café
    doing 木 木曜 max_tokens whos 12a""".split()


@given(
    st.lists(st.one_of(WORDS, st.text(max_size=8), st.sampled_from(ODD))),
    st.sampled_from([" ", " ", "'", "_", "-", "(", "", "^", "\n"]),
)
def test_the_terms_of_a_question_are_found_as_by_making_all_terms_of_a_text(words: list[str], between: str) -> None:
    text = between.join(words)
    held = frozenset(terms(text))
    seen: dict[str, frozenset[str] | None] = {}
    # What is remembered of a text when one question was asked must serve the next, which asks for more.
    for asked in (frozenset(list(held)[::2]) | {"absent"}, held, frozenset({"absent"})):
        for _ in range(3):  # a text that is new, met before, and known
            assert AskedTerms(asked, seen).among(text) == held & asked


def test_texts_that_were_met_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "_REMEMBERED", 3)
    seen: dict[str, frozenset[str] | None] = {}
    asked = AskedTerms({"mill"}, seen)
    for text in [f"The mill of {name}" for name in ("Ada", "Bo", "Cy", "Di", "Ada", "Di")] * 3:
        assert asked.among(text) == {"mill"}
        assert len(seen) <= 3


def test_texts_of_removed_documents_are_forgotten_with_the_next_search() -> None:
    mill = StoredPassage(1, passage("Ada built the mill.", "mill"), Embedding(unit(1, 0), unit(1, 0)[None]))
    quay = StoredPassage(2, passage("Bo built the quay.", "quay"), Embedding(unit(0, 1), unit(0, 1)[None]))
    seen, question = SeenTexts(), parse_question("Who built the mill?")
    snapshot = FakeSnapshot([mill, quay], [Scored(1, 1.0), Scored(2, 0.0)], [])
    first, second, third = (retrieve(snapshot, question, lambda: unit(1, 0), 2, seen) for _ in range(3))
    assert first == second == third == retrieve(snapshot, question, lambda: unit(1, 0), 2)
    assert seen.at(7)["Ada built the mill."] == frozenset({"ada", "built", "mill"})  # met more than once
    assert "Bo built the quay." in seen.at(7)

    left = FakeSnapshot([quay], [Scored(2, 0.0)], [])
    left.generation = 8
    assert [hit.passage.document_id for hit in retrieve(left, question, lambda: unit(1, 0), 2, seen)] == ["quay"]
    assert "Bo built the quay." in seen.at(8)
    assert "Ada built the mill." not in seen.at(8)
    assert seen.at(7) == {}


def test_the_terms_of_a_question_are_looked_for_in_capitals_and_in_the_middle_of_a_line() -> None:
    assert AskedTerms({"relat", "ore"}).among("COPPER ORE, (Relational) and 1,500 t") == {"relat", "ore"}
    assert AskedTerms({"1500"}).among("1,500 t") == {"1500"}
    assert AskedTerms({"relat"}).among("its_relation, _relational_") == {"relat"}
    assert AskedTerms({"who"}).among("Who wrote to the WHO?") == {"who"}
    assert AskedTerms({"who"}).among("Who wrote to whom?") == frozenset()
    assert AskedTerms({"relat"}).among("relish") == frozenset()
    assert AskedTerms({"relat"}).among("the prerelational, unrelation") == frozenset()  # no word begins so
