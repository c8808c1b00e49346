"""Cells -> numbers that can be added up, and which questions ask for a total or an extreme."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rag.answering.column import _MOST, _TOTAL, _numbers


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
