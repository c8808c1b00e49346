"""What is on in a month or on a day, from every document that names it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.agenda import agenda
from rag.retrieval.question import parse_question
from tests.answering.readings import hit, passage

TEXTS = {
    "ferry.txt": "The ferry leaves on Fri 18 July 2031 at 17:30. It comes back in August.",
    "mail.txt": "The draft is due by 25 July. You may go after that.",
    "plan-2031.txt": "19-21 July | Ribe\n2.7.2031 | Oslo\nJuly 30 | Oslo",
    "plan-2030.txt": "We were in Bergen on 4 July.",
    "note.txt": "It rained in July.",
}
DAYS = {"mail.txt": "2031-05-02", "note.txt": "2029-07-07"}


def said(question: str, *names: str) -> list[str] | None:
    """The lines of the answer."""
    hits = [hit(replace(passage(TEXTS[name], document=name), title="Notes")) for name in names or TEXTS]
    form = agenda(parse_question(question), hits, DAYS.get)
    return None if form is None else [part.text for part in form.parts] + [form.remark.strip()]


def test_the_days_of_a_month_in_their_order_and_of_that_year_alone() -> None:
    assert said("What do I have to do in July 2031?") == [
        "2.7.2031 | Oslo",
        "The ferry leaves on Fri 18 July 2031 at 17:30.",
        "19-21 July | Ribe",
        "The draft is due by 25 July.",
        "July 30 | Oslo",
        "These are the places found that name July 2031.",
    ]


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("what's on in July?", 7),
        ("What is due on 25 July 2031?", None),  # one place alone: the ordinary way
        ("What happens in July 2030?", None),
        ("What is planned for August 2031?", None),
        ("What did we spend in July 2031?", None),  # another question
        ("What is on the table?", None),
        ("Which appointments do I have in July 2031?", 5),
    ],
)
def test_the_questions_that_ask_for_it(question: str, lines: int | None) -> None:
    found = said(question)
    assert (None if found is None else len(found) - 1) == lines


def test_a_verb_is_no_month() -> None:
    assert said("What is planned for May?", "mail.txt", "ferry.txt") is None
