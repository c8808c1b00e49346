"""The days that a running text names, in all notations."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.days import days_in, notations


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
