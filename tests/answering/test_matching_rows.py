"""Rows of a table that match a question as the chosen one does."""

from __future__ import annotations

import pytest

from rag.answering.matching_rows import MOST_ROWS, rows_that_match, says_yes
from rag.answering.quote import quote
from rag.retrieval.question import parse_question
from rag.types import BlockSpan, StoredDocument
from tests.answering.readings import chosen, stored

STAFF = "Name | Role | Leave\nIrma | Baker | 25\nOmar | Driver | 22\nTeo | Baker | 30"
BOATS = "Class | Crew | Cox\nSkiff | 2 | no\nGig | 5 | yes\nEight | 8 | yes"


def table_of(text: str) -> StoredDocument:
    return stored(chosen(text, text[:3]).passage, blocks=[BlockSpan(0, len(text), "table", (0, text.index("\n")))])


def matched(text: str, answer: str, question: str) -> list[str]:
    found = rows_that_match(parse_question(question), chosen(text, answer), lambda id_: table_of(text))
    return [text[one.span.start : one.span.end] for one in found]


def said(text: str, answer: str, question: str) -> list[str]:
    return [part.text for part in quote(parse_question(question), chosen(text, answer), lambda id_: table_of(text))]


@pytest.mark.parametrize(
    ("text", "answer", "question", "wanted"),
    [
        (STAFF, "Irma", "Who are the bakers?", ["Irma", "Teo"]),
        (STAFF, "30", "How much leave do bakers have?", ["25", "30"]),
        (STAFF, "30", "How much leave does Teo have?", []),
        (STAFF, "30", "How much leave does the baker Teo have?", []),  # in two columns, which one row has alike
        (STAFF, "Omar", "Who are the drivers?", []),
        (STAFF, "Irma", "Who works here?", []),
        (BOATS, "Skiff", "Which boats need a cox?", ["Gig", "Eight"]),
        (BOATS, "Gig", "Which boats do not need a cox?", []),
        (BOATS, "Class", "Which classes are there?", ["Skiff", "Gig", "Eight"]),
        ("Who | Bed\nAnn | 2\nBob | 2", "Ann", "Who are the 2 people?", []),  # a figure alone names nothing
    ],
)
def test_the_rows_that_match(text: str, answer: str, question: str, wanted: list[str]) -> None:
    assert matched(text, answer, question) == wanted


def test_too_many_rows_are_not_given() -> None:
    rows = "\n".join(f"{name} | Baker" for name in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: MOST_ROWS + 1])
    assert matched(f"Name | Role\n{rows}", "A", "Who are the bakers?") == []


def test_prose_and_documents_that_are_gone_have_no_rows() -> None:
    found = chosen("Irma is a baker.", "Irma")
    assert rows_that_match(parse_question("Who are the bakers?"), found, lambda id_: stored(found.passage)) == []
    assert rows_that_match(parse_question("Who are the bakers?"), chosen(STAFF, "Irma"), lambda id_: None) == []


def test_a_cell_that_says_yes_or_no_answers_such_a_question() -> None:
    assert said(BOATS, "yes", "Does the gig have a cox?") == ["Yes. Gig, Cox: yes"]
    assert said(BOATS, "no", "Does the skiff have a cox?") == ["No. Skiff, Cox: no"]
    assert said(STAFF, "Driver", "Is Omar a driver?") == ["Omar, Role: Driver"]


def test_a_row_that_the_question_names_is_said_whole() -> None:
    assert said(STAFF, "Irma", "Does Irma work here?") == ["Irma, Role: Baker, Leave: 25"]
    assert said(STAFF, "Irma", "Tell me about Irma") == ["Irma, Role: Baker, Leave: 25"]
    assert said(STAFF, "Irma", "Who is the tallest?") == ["Irma"]


def test_the_name_of_a_column_is_a_list_of_its_cells() -> None:
    assert said(BOATS, "Class", "Which classes of boats are there?") == ["Skiff", "Gig", "Eight"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("Yes", True), ("x", True), ("✓", True), ("no.", False), ("✗", False), ("", None), ("48", None)],
)
def test_yes_and_no_in_cells(text: str, wanted: bool | None) -> None:
    assert says_yes(text) is wanted
