"""The passage and the span that are chosen, and the sentences around it."""

from __future__ import annotations

import pytest

from rag.answering.choose import NO_RIVAL, RETRIEVAL_WEIGHT, choose, sentences_around, without_questions
from rag.types import PassageReading
from tests.answering.readings import chosen, hit, passage, reading

MILL = "Ada Hart built the mill in 1859. It cost 1,400 pounds."
FERRY = "Tom Byrne built the ferry in 1874."


def test_the_best_span_of_all_passages() -> None:
    passages = [passage(MILL), passage(FERRY, document="b.txt")]
    readings = [reading(passages[0], "Ada Hart", score=2.0), reading(passages[1], "Tom Byrne", score=6.0)]
    found = choose([hit(passages[0], 0.5), hit(passages[1], 0.4)], readings)
    assert found is not None
    assert (found.passage, found.span) == (passages[1], readings[1].spans[0])
    assert found.score == pytest.approx(6.0 + RETRIEVAL_WEIGHT * 0.4)
    assert found.lead == pytest.approx(-0.1)


def test_how_well_a_passage_was_found_counts() -> None:
    passages = [passage(MILL), passage(FERRY, document="b.txt")]
    readings = [reading(passages[0], "Ada Hart", score=5.0), reading(passages[1], "Tom Byrne", score=6.0)]
    found = choose([hit(passages[0], 0.9), hit(passages[1], 0.1)], readings)
    assert found is not None
    assert found.passage == passages[0]


def test_the_lead_is_what_the_passage_was_found_worse_by_than_the_best() -> None:
    passages = [passage(MILL), passage(FERRY, document="b.txt")]
    readings = [reading(passages[0], "Ada Hart", score=7.0), reading(passages[1], "Tom Byrne", score=1.0)]
    found = choose([hit(passages[0], 0.4), hit(passages[1], 0.45)], readings)
    assert found is not None
    assert found.passage == passages[0]
    assert found.lead == pytest.approx(-0.05)
    assert chosen(MILL, "Ada Hart").lead == 0.0


def test_the_margin_is_to_the_best_span_that_says_something_else() -> None:
    passages = [passage(MILL), passage(f"{FERRY} Ada  Hart watched.", document="b.txt")]
    other, again = reading(passages[1], "Tom Byrne", score=3.0), reading(passages[1], "Ada  Hart", score=4.5)
    both = other._replace(spans=(*again.spans, *other.spans))
    found = choose([hit(passages[0], 0.5), hit(passages[1], 0.4)], [reading(passages[0], "Ada Hart", score=6.0), both])
    assert found is not None
    assert found.passage == passages[0]
    assert found.margin == pytest.approx(6.0 - 3.0 + RETRIEVAL_WEIGHT * 0.1)


def test_the_margin_of_a_span_without_a_rival_is_the_largest() -> None:
    assert chosen(MILL, "Ada Hart").margin == NO_RIVAL


def test_nothing_to_choose() -> None:
    assert choose([], []) is None
    empty = passage("")
    assert choose([hit(empty)], [PassageReading(empty, (), 0.0, 0.0, 0.0)]) is None


@pytest.mark.parametrize(
    ("answer", "sentences"),
    [
        ("1859", ["Ada Hart built the mill in 1859."]),
        ("1859. It cost", ["Ada Hart built the mill in 1859.", "It cost 1,400 pounds."]),
    ],
)
def test_sentences_that_a_span_touches(answer: str, sentences: list[str]) -> None:
    around = sentences_around(chosen(MILL, answer, start=100))
    assert [item.text for item in around] == sentences
    assert [item.label for item in around] == list(range(1, len(sentences) + 1))
    assert around[0].start == 100


ASKED = "Is the ferry safe? May I bring a dog? Dogs are welcome."


def test_a_sentence_that_asks_is_no_answer_but_what_follows_it_is() -> None:
    (read,) = without_questions("Is the ferry safe", [reading(passage(ASKED), "ferry", "dog", "welcome")])
    assert [ASKED[span.start : span.end] for span in read.spans] == ["dog", "welcome"]
    found = chosen(ASKED, "dog")
    assert [item.text for item in sentences_around(found)] == ["Dogs are welcome."]


def test_a_sentence_that_says_the_question_again_is_no_answer() -> None:
    of = passage("The ferry does not come.")
    assert without_questions("the ferry does not come", [reading(of, "ferry")])[0].spans == ()
    assert without_questions("The ferry does not come today", [reading(of, "ferry")])[0].spans != ()
