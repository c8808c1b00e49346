"""What kind of answer a question asks for, and what is no question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.retrieval.question import MAX_QUESTION, parse_question
from rag.text.terms import stem, terms, tokens


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("When was the bar closed?", "fact"),
        ("How much did the members pay?", "fact"),
        ("Why was the bar closed?", "why"),
        ("May I bring a dog?", "yesno"),
        ("Does the ferry carry cars?", "yesno"),
        ("how do I empty the sack", "steps"),
    ],
)
def test_the_kind_of_answer_that_is_asked_for(text: str, kind: str) -> None:
    assert parse_question(text).kind == kind


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
    assert terms("ﬁve Straße 2,000") == ["five", "strass", "2000"]
    assert stem("nations") == stem("nation")


@given(st.text(max_size=100))
def test_terms_do_not_depend_on_case_or_surroundings(text: str) -> None:
    assert terms(f"  {text}\n") == terms(text)
    assert all(term and term == term.lower() for term in terms(text))


def test_vowel_signs_belong_to_their_word() -> None:
    assert tokens("चक्की चलती है। שָׁלוֹם") == ["चक्की", "चलती", "है", "שָׁלוֹם"]
    assert tokens("ໂຮງສີ มัน") == ["ໂຮ", "ຮງ", "ງສ", "ສີ", "มั", "ัน"]
