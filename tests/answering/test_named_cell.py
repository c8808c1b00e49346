"""The cell of a table that the question names, in the place of the one that was chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.choose import Chosen
from rag.answering.named_cell import in_named_cell
from rag.retrieval.question import parse_question
from rag.types import BlockSpan, StoredDocument
from tests.answering.readings import chosen, stored

COSTS = "Month | Food | Heat\nMay | 433 | 12\nJune 2024 | 528 | 9\nJuly | | 7"
YEARS = "Kind | Margin 2018 | Margin 2019\nPaint | 49.0% | 49.1%\nCanvas | 40.6% | 40.7%"
BUSES = "Stop | Weekday | Saturday first | Saturday last\nQuay | 06:14 | 07:02 | 00:04\nMill | 06:20 | 07:08 | 00:10"
LOANS = "Item | How many at once | Renewals | Charge per day\nBook 7 | 20 | 3 | 0.20\nTent | 1 | none | 2.00"
DATES = "Release | Date\n1.19.1 | 2022-02-21\n1.19.2 | 2022-03-21"


def moved(text: str, answer: str, question: str) -> str:
    """The words that are chosen in the end, of a document that is one table."""
    found = in_named_cell(parse_question(question), chosen(text, answer), lambda id_: _table(chosen(text, answer)))
    return text[found.span.start : found.span.end]


def _table(of: Chosen) -> StoredDocument:
    text = of.passage.text
    return stored(of.passage, blocks=[BlockSpan(0, len(text), "table", (0, text.index("\n")))])


@pytest.mark.parametrize(
    ("text", "answer", "question", "wanted"),
    [
        (COSTS, "433", "How much was food in June 2024?", "528"),
        (COSTS, "433", "How much was food in May?", "433"),
        (COSTS, "433", "How much was food in winter?", "433"),  # no row is named
        (COSTS, "433", "How much was food in May and in June 2024?", "528"),  # by two words
        (COSTS, "433", "How much was food in July?", "433"),  # whose cell is empty
        (COSTS, "43", "How much was food in May?", "43"),  # a part of the cell stays
        (YEARS, "40.6%", "Which margin has paint in 2019?", "49.1%"),
        (YEARS, "40.6%", "Which margin has canvas in 2018?", "40.6%"),
        (YEARS, "49.0%", "Which margin has paint?", "49.0%"),
        (YEARS, "49.0%", "Which margin has paint in 2018 and 2019?", "49.0%"),
        (BUSES, "07:02", "When does the last bus leave the quay on a Saturday?", "00:04"),
        (BUSES, "06:14", "When does the bus leave the quay?", "06:14"),  # no column is named
        (BUSES, "07:02", "When does the bus leave the quay on Saturday?", "07:02"),
        (BUSES, "07:02", "What are the first and the last bus on Saturday?", "07:02"),
        (BUSES, "06:14 | 07:02 | 00:04\nMill", "When does the last bus leave the mill on Saturday?", "00:10"),
        (BUSES, "06:14 | 07:02 | 00:04\nMill", "When do buses leave on Saturday?", "06:14 | 07:02 | 00:04\nMill"),
        (BUSES, "Quay", "Does the last bus stop at the mill?", "Mill"),  # which asks about a row
        (LOANS, "1", "How often can a tent be renewed?", "none"),  # nothing names the column that was chosen
        (LOANS, "1", "What is charged per day for a tent?", "2.00"),
        (LOANS, "1", "Is a tent charged when renewed?", "1"),  # two are named equally
        (LOANS, "20", "For how long is item Book 7 lent?", "20"),  # "item" stands over what names the row
        (DATES, "1.19.2", "What came out on 2022-02-21?", "1.19.1"),
    ],
)
def test_the_row_and_the_column_that_the_question_names(text: str, answer: str, question: str, wanted: str) -> None:
    assert moved(text, answer, question) == wanted


def test_a_follow_up_names_the_row_in_the_turns_before() -> None:
    found = chosen(BUSES, "06:20")
    asked = replace(parse_question("And on Saturday?"), subject=("bus", "quay"))
    after = in_named_cell(asked, found, lambda id_: _table(found))
    assert BUSES[after.span.start : after.span.end] == "06:14"
    asked = replace(parse_question("And from the mill on Saturday?"), subject=("bus", "quay"))
    assert in_named_cell(asked, found, lambda id_: _table(found)) == found


def test_a_row_that_the_question_speaks_of_in_part_stays() -> None:
    fees = "Who | Fee\nAdult | 215\nJunior (under 18) | 60"
    found = chosen(fees, "60")
    asked = replace(parse_question("And for a junior?"), subject=("fee", "adult"))
    assert in_named_cell(asked, found, lambda id_: _table(found)) == found


def test_rows_that_are_named_equally_decide_nothing() -> None:
    text = "Who | Where\nAnn | Oslo\nBob | Rome\nCid | Rome"
    assert moved(text, "Ann", "Who lives in Rome?") == "Ann"


def test_prose_is_left_alone() -> None:
    found = chosen("In May it cost 433. In June it cost 528.", "433")
    assert in_named_cell(parse_question("How much in June?"), found, lambda id_: stored(found.passage)) == found


CELL = st.sampled_from(["May", "June", "12", "2019", "a b", ""])


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=2, max_size=5), st.data())
def test_what_is_chosen_is_always_within_one_cell(rows: list[tuple[str, str, str]], data: st.DataObject) -> None:
    text = "\n".join(" | ".join(row) for row in [("Name", "In 2018", "In 2019"), *rows])
    words = [word for row in rows for cell in row for word in cell.split()]
    if not words:
        return
    answer = data.draw(st.sampled_from(words))
    asked = " ".join(data.draw(st.lists(CELL, min_size=1, max_size=3))) + " what?"
    found = moved(text, answer, asked)
    assert found == answer or found in {cell for row in rows for cell in row if cell}
