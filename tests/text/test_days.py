"""The days that a running text names, in all notations."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.days import days_in, month_of, months_in, notations


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("What happened on March 19, 2024?", {"March 19, 2024": ["2024-03-19"]}),
        ("on 19 March 2024, at noon", {"19 March 2024": ["2024-03-19"]}),
        ("on the 3rd of June 1998.", {"3rd of June 1998": ["1998-06-03"]}),
        ("am 4. Juni 2024", {"4. Juni 2024": ["2024-06-04"]}),
        ("log 2024-03-19: rain", {"2024-03-19": ["2024-03-19"]}),
        ("19.3.24 and 19.03.2024", {"19.3.24": ["2024-03-19"], "19.03.2024": ["2024-03-19"]}),
        ("since 1.2.71", {"1.2.71": ["1971-02-01"]}),
        ("on 03/05/2024", {"03/05/2024": ["2024-03-05", "2024-05-03"]}),
        ("on 25/12/2024", {"25/12/2024": ["2024-12-25"]}),
        ("in March 2024, or 2024", {}),
        ("version 1.2.3.4, 31.2.2024, 10.0.0.12, order 12-4567-89", {}),
        ("Flat 12 Bridge 2024", {}),
    ],
)
def test_days_as_written_with_what_they_may_be(text: str, days: dict[str, list[str]]) -> None:
    assert {written: sorted(dates) for written, dates in days_in(text).items()} == days


@given(st.dates(datetime.date(1970, 1, 1), datetime.date(2069, 12, 31)))
def test_each_notation_of_a_day_is_read_as_that_day(day: datetime.date) -> None:
    for form in notations(day.isoformat()):
        assert days_in(f"On {form}, it rained.") == {form: frozenset([day.isoformat()])}


def test_months_with_a_year() -> None:
    assert months_in("From Sept. 2023 to May of 2024, not 3 May 2024") == {
        "Sept. 2023": "2023-09",
        "May of 2024": "2024-05",
    }
    assert months_in("Room 2024, maybe 2024, 2024-05") == {}


def test_the_month_of_a_day_in_figures() -> None:
    assert [month_of(day) for day in ("2024-06-11", "11/6/24", "11. 6. 2024", "June 11, 2024")] == [
        "2024-06",
        "6/24",
        "6. 2024",
        "",
    ]
