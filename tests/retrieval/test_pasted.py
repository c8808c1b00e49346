"""The question in a text that was pasted with it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.pasted import MAX_PASTED, without_pasted

LETTER = "Dear Ann, the boat is back in its shed and the sail is dry. " * 5 + "Would you like it? I hope so. "


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (f"{LETTER}\nYours, Bo\n\nWhen does the lease of the shed end?", "When does the lease of the shed end?"),
        (f"{LETTER}\n\nWhen does the lease\nof the shed end?", "When does the lease of the shed end?"),
        (f"{LETTER} Yours, Bo When does the lease end?", "When does the lease end?"),
        (f"{LETTER}\nWho pays? And when? Thanks!", "Who pays? And when?"),
        (f"Who pays for the shed?\n\n{LETTER}", "Who pays for the shed?"),
        (f"{LETTER}\nWann endet die Pacht?", "Wann endet die Pacht?"),
    ],
)
def test_the_question_is_at_the_end_or_in_front(text: str, question: str) -> None:
    found = without_pasted(text)
    assert found.question == question
    assert "the boat is back in its shed" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "The sail is dry. When does the lease end?",  # little more than a question
        "The boat is back in its shed and the sail is dry. " * 9,  # asks nothing
        "When " + "and where " * 60 + "does it end?",  # one long question
        "x" * MAX_PASTED + " Who?",
        "",
    ],
)
def test_a_text_without_another_question_is_one(text: str) -> None:
    assert without_pasted(text) == (text, "")


@given(st.text(alphabet="ab .?\n\"'Who", max_size=600))
def test_no_text_takes_long_and_a_question_remains(text: str) -> None:
    begun = time.monotonic()
    found = without_pasted(text)
    assert time.monotonic() - begun < 1
    assert found == (text, "") or (found.question.strip() and len(found.text.split()) >= 40)
