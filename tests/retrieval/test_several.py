"""Questions that ask for two things, and those that only look so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.several import questions_in


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        (
            "What is the fee for adults and for children?",
            ("What is the fee for adults?", "What is the fee for children?"),
        ),
        (
            "How many boats were there at the end of May, and at the end of June?",
            ("How many boats were there at the end of May?", "How many boats were there at the end of June?"),
        ),
        ("Who owns the ferry, and when does it leave?", ("Who owns the ferry?", "when does it leave?")),
        ("When is rent due and to whom is it paid?", ("When is rent due?", "to whom is it paid?")),
        (
            "For the diary: when is the fair and when the regatta?",
            ("For the diary: when is the fair?", "For the diary: when the regatta?"),
        ),
        ("Is there a berth left and what does it cost?", ("Is there a berth left?", "what does it cost?")),
        ("Are dogs allowed, and do they pay?", ("Are dogs allowed?", "do they pay?")),
        (
            "What does a dog cost on the ferry and at the inn?",
            ("What does a dog cost on the ferry?", "What does a dog cost at the inn?"),
        ),
        (
            "What wages did the Corran Mill pay in 1911 and Ardgour in 1923?",
            ("What wages did the Corran Mill pay in 1911?", "What wages did Ardgour pay in 1923?"),
        ),
        ("what is the tide table? and where is it kept", ("what is the tide table?", "where is it kept")),
    ],
)
def test_two_questions_are_told_apart(text: str, questions: tuple[str, str]) -> None:
    assert questions_in(text) == questions


@pytest.mark.parametrize(
    "text",
    [
        "When and where is the meeting?",
        "Who built the mill and the bridge?",
        "What is the distance from the mill to the quay and the inn?",
        "The miller and what other people live there?",
        "Why did people fall ill and die?",
        "Is it open in May and in June?",
        "Is it open on Saturday and Sunday?",
        "What happened in May and on Sunday?",
        "What did Ada build in 1911 and sell?",
        "",
    ],
)
def test_one_question_stays_one(text: str) -> None:
    assert questions_in(text) == (text,)


@given(st.text(st.sampled_from("what who for and at in ab,? \n"), max_size=200))
def test_any_text_gives_one_or_two_questions(text: str) -> None:
    found = questions_in(text)
    assert found == (text,) or (len(found) == 2 and all(found))
