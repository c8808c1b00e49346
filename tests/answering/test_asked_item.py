"""The item of a list that a question for yes or no asks about."""

from __future__ import annotations

import pytest

from rag.answering.asked_item import in_asked_item
from rag.retrieval.question import parse_question
from tests.answering.readings import chosen

LIST = "- trainers and boots\n- hoodies\n- large earrings\n\nBoots are sold at the door."


@pytest.mark.parametrize(
    ("answer", "question", "wanted"),
    [
        ("trainers and boots\n- hoodies\n- large earrings", "Are hoodies allowed?", "hoodies"),
        ("hoodies\n- large", "Is an earring allowed?", "large earrings"),
        ("large earrings\n\nBoots are", "May I wear large earrings?", "large earrings"),
        ("hoodies\n- large", "May I wear a hat?", "hoodies\n- large"),
        ("trainers and boots\n- hoodies", "Are trainers or hoodies allowed?", "trainers and boots\n- hoodies"),
        ("trainers", "Are boots allowed?", "trainers"),  # of one item
    ],
)
def test_the_item_that_shares_the_most_words(answer: str, question: str, wanted: str) -> None:
    found = in_asked_item(parse_question(question), chosen(LIST, answer))
    assert LIST[found.span.start : found.span.end] == wanted
