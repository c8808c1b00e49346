"""The step of a rule within whose bounds the number of the question lies."""

from __future__ import annotations

import pytest

from rag.answering.choose import choose
from rag.answering.within_bounds import within_bounds
from rag.retrieval.question import parse_question
from tests.answering.readings import chosen, hit, passage, reading

FERRY = "Children under 4 may sail free.\nFrom 4 to 14 you pay half.\nAt 15 years you pay all.\nDogs sail free."
LEAVE = "- 80 hours or less: your supervisor agrees.\n- over 80 hours: the director agrees.\n- Ask 10 days before."
ROOMS = "Meetings of up to 8 people use the attic. Meetings of 9 to 20 people use the hall. It opens at 7."


def sentence(text: str, answer: str, question: str) -> str:
    """The words that are chosen in the end."""
    found = within_bounds(parse_question(question), chosen(text, answer))
    return text[found.span.start : found.span.end]


@pytest.mark.parametrize(
    ("text", "answer", "question", "wanted"),
    [
        (FERRY, "free", "What does my 7 year old pay?", "From 4 to 14 you pay half."),
        (FERRY, "free", "What does my 3 year old pay?", "free"),
        (FERRY, "half", "What does my 15 year old pay?", "half"),  # no bound admits that number
        (FERRY, "free", "What does my dog of 7 kg pay?", "free"),  # nothing bounds that unit
        (FERRY, "free", "What do my 7 year old and my 3 year old pay?", "free"),
        (LEAVE, "your supervisor", "Who agrees if I want more than 80 hours?", "- over 80 hours: the director agrees."),
        (LEAVE, "your supervisor", "Who agrees to 60 hours?", "your supervisor"),
        (LEAVE, "10 days", "How long before I take 90 hours do I ask?", "10 days"),  # which bounds no hours
        (ROOMS, "attic", "Which room is for 12 people?", "Meetings of 9 to 20 people use the hall."),
        (ROOMS, "attic", "Which room is for 30 people?", "attic"),
        (ROOMS, "attic. Meetings", "Which room is for 12 people?", "Meetings of 9 to 20 people use the hall."),
    ],
)
def test_the_sentence_that_admits_the_number(text: str, answer: str, question: str, wanted: str) -> None:
    assert sentence(text, answer, question) == wanted


def test_two_sentences_that_admit_the_number_decide_nothing() -> None:
    text = "Over 3 days: ask Ann.\nOver 5 days: ask Bob.\nUp to 2 days: ask nobody."
    assert sentence(text, "nobody", "Whom do I ask for 9 days?") == "nobody"


def test_the_best_span_of_the_reader_in_that_sentence_is_taken() -> None:
    of = passage(LEAVE)
    found = choose([hit(of)], [reading(of, "your supervisor", "the director")])
    assert found is not None
    after = within_bounds(parse_question("Who agrees to 100 hours?"), found)
    assert LEAVE[after.span.start : after.span.end] == "the director"
