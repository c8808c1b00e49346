"""The last answer, found again in the passages, and spans that would repeat it."""

from __future__ import annotations

import pytest

from rag.answering.choose import PREFERRED, RETRIEVAL_WEIGHT, choose
from rag.answering.follow_up import asks_again, said_in, without_repeated
from rag.retrieval.question import Earlier
from rag.text.terms import terms
from rag.types import AnswerSpan, Hit, Passage, PassageReading, Sentence

TEXT = "The boat costs 300 euros, payable in May. It is blue. The anchor weighs 12 kg."
SENTENCES = (Sentence(100, 141), Sentence(142, 153), Sentence(154, 178))
PASSAGE = Passage("boat.txt", "boat", "boat.txt", 100, 178, TEXT, SENTENCES)
COST, MAY, WEIGHT = AnswerSpan(115, 124, 5.0), AnswerSpan(137, 140, 2.0), AnswerSpan(172, 177, 0.5)


def reading(*spans: AnswerSpan, passage: Passage = PASSAGE) -> PassageReading:
    return PassageReading(passage, spans, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("The boat costs 300 euros, payable in May [1].", SENTENCES[:1]),
        ("Yes. The boat costs 300 euros,\npayable in May. [1] The anchor weighs 12 kg [2].", SENTENCES[::2]),
        ("300 euros [1].", SENTENCES[:1]),  # the short form
        ("00 euros", ()),  # part of a word
        ("It costs three hundred.", ()),
        ("[1]", ()),
        ("", ()),
    ],
)
def test_sentences_that_an_answer_says(answer: str, said: tuple[Sentence, ...]) -> None:
    assert said_in(PASSAGE, answer) == list(said)


def test_the_words_of_the_last_answer_come_later_and_others_of_its_sentence_do_not() -> None:
    before = {PASSAGE.id: reading(AnswerSpan(172, 177, 9.0), COST)}  # the best one is not in what was said
    (found,) = without_repeated([reading(COST, MAY, WEIGHT)], before, "The boat costs 300 euros, payable in May [1].")
    assert found.spans == (MAY, COST._replace(score=1.0), WEIGHT)
    wider = COST._replace(start=111)  # "costs 300 euros": the same with a word more
    (found,) = without_repeated([reading(wider)], before, "300 euros")
    assert found.spans == (wider._replace(score=1.0),)


def test_what_was_not_said_or_not_read_again_is_as_it_was() -> None:
    whole = reading(COST, MAY)
    assert without_repeated([whole], {PASSAGE.id: reading(COST)}, "The anchor weighs 12 kg.") == [whole]
    assert without_repeated([whole], {}, "300 euros") == [whole]


def test_the_same_question_is_asked_again_in_other_order_or_form() -> None:
    earlier = Earlier("What does the boat cost?", "300 euros [1].")
    assert asks_again(frozenset(terms("And what did boats cost?")), earlier)
    assert not asks_again(frozenset(terms("And what does it weigh?")), earlier)


def test_of_equals_the_document_of_the_last_answer_is_chosen() -> None:
    other = Passage("ship.txt", "ship", "ship.txt", 100, 178, TEXT, SENTENCES)
    hits = [Hit(other, 0.5, 0.5, 0.0, 1, 1), Hit(PASSAGE, 0.5, 0.5, 0.0, 2, 2)]
    readings = [reading(COST, passage=other), reading(COST)]
    alone, after = choose(hits, readings), choose(hits, readings, {"boat.txt"})
    assert alone is not None
    assert after is not None
    assert (alone.passage, after.passage) == (other, PASSAGE)
    assert after.score == COST.score + RETRIEVAL_WEIGHT * 0.5 + PREFERRED
    better = reading(COST._replace(score=COST.score + PREFERRED + 0.1), passage=other)
    still = choose(hits, [better, readings[1]], {"boat.txt"})
    assert still is not None
    assert still.passage is other
