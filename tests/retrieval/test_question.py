"""What kind of answer a question asks for, and what is no question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.retrieval.question import MAX_QUESTION, parse_question
from rag.text.terms import stem, terms, tokens


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("How many crews rowed?", "factual", "number"),
        ("How long a timeline was proposed?", "factual", "number"),
        ("What percentage of members voted?", "factual", "number"),
        ("How much did the members pay?", "factual", "money"),
        ("How much water is used?", "factual", "number"),
        ("In what year did it open?", "factual", "time"),
        ("When was the bar closed?", "factual", "time"),
        ("Who drew the map?", "factual", "person"),
        ("Which town lies on the river?", "factual", "place"),
        ("What is the main focus of the meeting?", "factual", "any"),
        ("Why was the bar closed?", "descriptive", "any"),
        ("How does the valve work?", "descriptive", "any"),
        ("Describe the voyage.", "descriptive", "any"),
        ("How does a pilot know how far the ship has come?", "descriptive", "number"),
        ("What can be the reason for a pale crust?", "descriptive", "any"),
        ("What do bakers mean by hydration?", "descriptive", "any"),
        ("What made the club close the bar?", "descriptive", "any"),
        ("The lamp shows red. What should I do?", "descriptive", "any"),
        ("Does the ferry carry cars?", "descriptive", "any"),
        ("May I bring a dog, and if not, why?", "descriptive", "any"),
        ("What law explains why a stone falls?", "factual", "any"),
        ("What did the mill cost?", "factual", "money"),
        ("In which year was the bar opened?", "factual", "time"),
        ("Which ingredients go into the dough?", "list", "any"),
        ("What are the duties of the warden?", "list", "any"),
        ("List the error codes", "list", "any"),
        ("What error codes are there?", "list", "any"),
        ("What powers the lamp?", "factual", "any"),
        ("What powers does the warden have?", "list", "any"),
        ("Wo liegt der Hafen?", "descriptive", "any"),
        ("Wann war das in Rom?", "descriptive", "any"),
    ],
)
def test_kind_and_expected_type(text: str, kind: str, expected: str) -> None:
    question = parse_question(text)
    assert (question.kind, question.expected) == (kind, expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "the question is empty"),
        (" \n?! ", "the question is empty"),
        (7, "a question is text; this is int"),
        (None, "a question is text; this is NoneType"),
        ("x" * (MAX_QUESTION + 1), "the question has 2,001 characters and the limit is 2,000"),
    ],
)
def test_what_is_no_question_is_refused(value: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_question(value)
    assert caught.value.param == "question"


@given(st.text(max_size=300))
def test_any_text_is_a_question_or_refused(text: str) -> None:
    try:
        assert parse_question(text).text.strip()
    except InputError:
        assert not any(character.isalnum() for character in text)


def test_terms_are_folded_stemmed_and_without_stop_words() -> None:
    assert tokens("The Mills' 1,500.5 t of 東京都") == ["the", "mills", "1500.5", "t", "of", "東京", "京都"]
    assert terms("Which nations invited the LEADERS?") == ["nation", "invit", "leader"]
    assert terms("ﬁve Straße 2,000") == ["five", "straße", "2000"]
    assert stem("nations") == stem("nation")


@given(st.text(max_size=100))
def test_terms_do_not_depend_on_case_or_surroundings(text: str) -> None:
    assert terms(f"  {text}\n") == terms(text)
    assert all(term and term == term.lower() for term in terms(text))


def test_vowel_signs_belong_to_their_word() -> None:
    assert tokens("चक्की चलती है। שָׁלוֹם") == ["चक्की", "चलती", "है", "שָׁלוֹם"]
    assert tokens("ໂຮງສີ มัน") == ["ໂຮ", "ຮງ", "ງສ", "ສີ", "มั", "ัน"]
