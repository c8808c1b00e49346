"""Cells -> numbers that can be added up, and which questions ask for a total or an extreme."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rag.answering.column import _MOST, _TOTAL, _numbers, column_extreme, column_total
from rag.retrieval.question import parse_question
from rag.types import BlockSpan
from tests.answering.readings import hit, passage, stored


@pytest.mark.parametrize(
    ("cells", "numbers", "affixes"),
    [
        (["412", "-3", "0"], ["412", "-3", "0"], ("", "")),
        (["12.5", "8.25"], ["12.5", "8.25"], ("", "")),
        (["1,234.50", "12"], ["1234.50", "12"], ("", "")),
        (["1.234,50", "12,00"], ["1234.50", "12.00"], ("", "")),
        (["€12", "€ 7"], ["12", "7"], ("€", "")),
        (["12 kg", "7kg"], ["12", "7"], ("", "kg")),
    ],
)
def test_numbers_of_one_notation(cells: list[str], numbers: list[str], affixes: tuple[str, str]) -> None:
    assert _numbers(cells) == ([Decimal(number) for number in numbers], affixes)


@pytest.mark.parametrize(
    "cells",
    [
        ["412", ""],
        ["412", "about 3"],
        ["1.234", "1,234"],  # a thousand or one and a bit
        ["12 kg", "7 t"],
        ["12 %", "7 %"],
        ["(12)", "(7)"],
        ["2031-03-19", "2031-03-20"],
        ["9:30", "10:15"],
        ["19.3.31", "20.3.31"],
        ["0,750", "1,250"],  # kilograms, not a thousand and more
        ["−5", "−12"],
        ["≥ 5", "≥ 12"],
    ],
)
def test_what_is_no_number_or_may_be_another_is_not_computed(cells: list[str]) -> None:
    assert _numbers(cells) is None


@pytest.mark.parametrize(
    ("text", "total", "extreme"),
    [
        ("What did we spend on paint in total?", True, False),
        ("What is the total cost of the rope?", True, False),
        ("Which month had the lowest harbour fee?", False, True),
        ("In which month was the most paint bought?", False, True),
        ("Which months had at most 100 for paint?", False, False),
        ("Which months had at least three visits?", False, False),
        ("What is the most recent month with a fee?", False, False),
        ("What is the total number of the house?", False, False),
    ],
)
def test_the_questions_that_ask_for_it(text: str, total: bool, extreme: bool) -> None:
    assert (bool(_TOTAL.search(text)), bool(_MOST.search(text))) == (total, extreme)


HARVEST = "Plant | Bed | Crop kg\nLeeks | 1 | 23.5\nPotatoes | 2 | 41\nBeans | 3 | 12.2"
STAFF = "Name | Role | Days of leave\nIrma | Baker | 25\nTeo | Driver | 30"
OFFERS = "Firm | Price | Earliest start\nHolm | 640 | 11 May 2031\nVik | 590 | 2 June 2031\nAas | 700 | 27 April 2031"
BOATS = "Class | Crew | Length m\nSkiff | 2 | 8.2\nGig | 7 | 9.7"


def computed(table: str, question: str, total: bool = False) -> str | None:
    """The cells that are quoted and the remark behind them, None if nothing is computed."""
    of = passage(table, document="garden.csv", section="Boats of the club")
    document = stored(of, blocks=[BlockSpan(0, len(table), "table", (0, table.index("\n")))])
    form = (column_total if total else column_extreme)(parse_question(question), [hit(of)], lambda id_: document)
    return (
        None if form is None else f"{'; '.join(part.text for part in form.parts)}: {form.remark.split('.')[0].strip()}"
    )


@pytest.mark.parametrize(
    ("table", "question", "wanted"),
    [
        (HARVEST, "Which plant gave the largest crop?", "Potatoes | 41: This is the highest of the 3 numbers in"),
        (HARVEST, "Which plant had the smallest crop?", "Beans | 12.2: This is the lowest of the 3 numbers in"),
        (HARVEST, "Which plant gave the largest crop in 2019?", None),  # a year that the table does not have
        (HARVEST, "Which plant gave Ada the largest crop?", None),
        (HARVEST, "Which plant gave us kindly the largest crop?", None),  # two words that it does not have
        (STAFF, "Who has the most days of leave?", "Teo | 30: This is the highest of the 2 numbers in"),
        (STAFF, "Which town has the most days of leave?", None),  # no row is a town
        (BOATS, "How long is the longest boat?", "Gig | 9.7: This is the highest of the 2 numbers in"),
        (BOATS, "What is the heaviest boat?", None),
        (OFFERS, "Which firm can start soonest?", "Aas | 27 April 2031: This is the first of the 3 days in"),
        (OFFERS, "Which firm has the earliest start?", "Aas | 27 April 2031: This is the first of the 3 days in"),
        (OFFERS, "Which firm has the lowest price?", "Vik | 590: This is the lowest of the 3 numbers in"),
        (OFFERS, "Which firm has the highest start?", None),  # days are not high
        (OFFERS, "Which firm has the earliest price?", None),
        (OFFERS.replace("27 April 2031", "spring"), "Which firm can start soonest?", None),
        (OFFERS.replace("27 April 2031", "4/5/2031"), "Which firm can start soonest?", None),  # April or May
    ],
)
def test_the_row_with_the_most(table: str, question: str, wanted: str | None) -> None:
    found = computed(table, question)
    assert found is None if wanted is None else found is not None and found.startswith(wanted)


def test_the_sum_and_the_mean_of_a_column() -> None:
    cells = "Leeks | 23.5; Potatoes | 41; Beans | 12.2"
    assert computed(HARVEST, "What is the total crop?", True) == f"{cells}: The sum of these 3 numbers is 76"
    mean = computed(HARVEST, "What is the average crop?", True)
    assert mean == f"{cells}: The mean of these 3 numbers is 25"
    assert computed(HARVEST, "What does crop mean?", True) is None
    assert (
        computed(OFFERS, "What is the total price?", True)
        == "Holm | 640; Vik | 590; Aas | 700: The sum of these 3 numbers is 1930"
    )
    assert computed(OFFERS, "What is the average start?", True) is None  # of days
