"""Ranges that a text names with words and numbers."""

from __future__ import annotations

import math

import pytest

from rag.text.bounds import Bound, bounds


@pytest.mark.parametrize(
    ("text", "least", "most", "is_open", "unit"),
    [
        ("over 80 hours", 80, math.inf, True, "hour"),
        ("more than £150", 150, math.inf, True, "pound"),
        ("above twelve kg", 12, math.inf, True, "kg"),
        ("at least 50 pieces", 50, math.inf, False, "piec"),
        ("15+ years", 15, math.inf, False, "year"),
        ("aged 65 or over", 65, math.inf, False, ""),
        ("under 14s", -math.inf, 14, True, ""),
        ("less than seven years old", -math.inf, 7, True, "year"),
        ("80 hours or less", -math.inf, 80, False, "hour"),
        ("up to 30 minutes", -math.inf, 30, False, "minut"),
        ("no more than 3 guests", -math.inf, 3, False, "guest"),
        ("between 3 and 15 years", 3, 15, False, "year"),
        ("between £5 and £10", 5, 10, False, "pound"),
        ("£50 to £500", 50, 500, False, "pound"),
        ("from 14 to 17 you may", 14, 17, False, ""),
        ("29 to 8 days before", 8, 29, False, "day"),
        ("8 – 10 people", 8, 10, False, "person"),
        ("3 to 8 weeks", 21, 56, False, "day"),
        ("boats longer than 12 m", 12, math.inf, True, "metr"),
    ],
)
def test_words_that_bound_a_number(text: str, least: float, most: float, is_open: bool, unit: str) -> None:
    assert bounds(text) == [Bound(least, most, is_open, unit, True)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("my 15 year old", [(15, "year")]),
        ("7 hours and 3 days", [(7, "hour"), (3, "day")]),
        ("2 weeks", [(14, "day")]),
        ("for £300", [(300, "pound")]),
        ("room 12", [(12, "")]),
        ("none", []),
    ],
)
def test_a_number_alone_is_a_range_of_its_own(text: str, numbers: list[tuple[float, str]]) -> None:
    assert bounds(text) == [Bound(number, number, False, unit, False) for number, unit in numbers]


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("over 80 hours", "80 hours or less", False),
        ("over 80 hours", "more than 80 hours", True),
        ("80 hours", "80 hours or less", True),
        ("80 hours", "under 80 hours", False),
        ("100 hours", "over 80 hours", True),
        ("20 minutes", "less than 30 minutes", True),
        ("14 days", "more than 30 days", False),
        ("12 people", "9 to 20 people", True),
    ],
)
def test_two_ranges_meet_if_a_number_is_in_both(one: str, other: str, wanted: bool) -> None:
    ((first,), (second,)) = bounds(one), bounds(other)
    assert first.meets(second) is second.meets(first) is wanted
