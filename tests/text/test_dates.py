"""Dates as files state them: what each notation says, with which precision, and what says none."""

from __future__ import annotations

import datetime
import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.dates import stated_date, with_date

DAY = "2021-11-04"


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("2021", "2021"),
        ("2021-11", "2021-11"),
        ("2021-1", "2021-01"),
        *[
            (stated, DAY)
            for stated in (
                DAY, "2021-11-4", "20211104", "2021/11/04", "2021/11/4", "2021.11.04", "2021:11:04 07:08:09",
                f"{DAY}T07:08:09Z", f"{DAY} 07:08:09.123+01:00", f"{DAY}+01:00", f"{DAY}Z", "20211104T070809Z",
                "November 4, 2021", "Nov 4 2021", "Nov. 4th, 2021", "Thursday, November 4, 2021", "4 November 2021",
                "4th of November 2021", "the 4th November, 2021", "Thu 04-Nov-2021", "4Nov2021", "2021 November 4",
                "04.11.2021", "4.11.2021", "4. 11. 2021", "4. November 2021", "Donnerstag, den 4. November 2021",
                "Do, 4. Nov. 2021 um 7.08 Uhr", "jeudi 4 novembre 2021", "jueves, 4 de noviembre de 2021",
                "4 de novembro de 2021", "giovedì 4 novembre 2021", "donderdag 4 november 2021",
                "D:20211104070809+01'00'", "D:20211104070809Z", "D:20211104070809Z00'00'", "D:20211104",
                "Thu, 4 Nov 2021 07:08:09 +0100", "4 Nov 21 07:08", "Thu Nov  4 07:08:09 2021",
                "Thu Nov 04 2021 07:08:09 GMT+0100 (CET)", "November 4, 2021 at 7:08 pm", "4 November 2021, 7am",
                "2021年11月4日", "2021년 11월 4일", "２０２１年１１月４日", " 4 November 2021. ",
            )
        ],
        ("1er mars 2021", "2021-03-01"),
        ("5. März 2021", "2021-03-05"),
        ("mar. 16 mars 2021", "2021-03-16"),
        ("16 agosto 2021", "2021-08-16"),
        ("13/11/2021", "2021-11-13"),
        ("11/13/2021", "2021-11-13"),
        ("11/11/2021", "2021-11-11"),
        ("04/11/2021", "2021"),  # in April or November
        ("4-11-2021 07:08", "2021"),
        ("D:2021", "2021"),
        ("D:202111", "2021-11"),
        ("November 2021", "2021-11"),
        ("Nov. 2021", "2021-11"),
        ("noviembre de 2021", "2021-11"),
        ("11/2021", "2021-11"),
        ("11.2021", "2021-11"),
        ("2021年11月", "2021-11"),
    ],
)  # fmt: skip
def test_a_date_in_each_notation(stated: str, date: str) -> None:
    assert stated_date(stated) == date


@pytest.mark.parametrize(
    "stated",
    """2021-13-45 2021-02-29 20211304 2021-00-04 2021-11-00 31.11.2021 31/11/2021 2021-13 13/2021 0000-00-00 0000
    D:20211304070809Z 1635984000 1635984000123 2021110407 99999999 2021-W44 2021-308 2019-2021 2019/20 4.11.21 04/11/21
    yesterday 07:08:09""".split()
    + ["", "November 4", "32 November 2021", "Novelty 4, 2021", "Autumn 2021", "c. 1850", "Thu, 31 Nov 2021 07:08:09"]
    + ["4 November 2021 or later", "Nov 4 2021 " * 20],
)
def test_what_is_no_date(stated: str) -> None:
    assert stated_date(stated) is None


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "D:%Y%m%d"]))
def test_each_day_is_read_as_it_was_written(day: datetime.date, notation: str) -> None:
    written = day.strftime(notation.replace("%Y", f"{day.year:04}"))
    assert stated_date(written) == day.isoformat()
    assert stated_date(day.isoformat()) == day.isoformat()


@given(st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2068, 12, 31)))
def test_dates_of_mail(moment: datetime.datetime) -> None:
    assert stated_date(email.utils.format_datetime(moment)) == moment.date().isoformat()


@given(st.text() | st.text("0123456789-/.:TZD, MarchMai年月日", max_size=30))
def test_any_text_is_a_date_that_there_is_or_none(text: str) -> None:
    found = stated_date(text)
    if found is not None:
        assert datetime.date.fromisoformat(found + "-01-01"[: 10 - len(found)])
        assert stated_date(found) == found


def test_the_date_of_a_document_is_kept_in_iso_if_it_is_certain() -> None:
    assert with_date({"created": "4 November 2021", "author": "Ada"}) == {"created": DAY, "author": "Ada"}
    for uncertain in ("04/11/2021", "gestern", "2021-13-45"):
        assert with_date({"created": uncertain}) == {"created": uncertain}
    for nothing in ("0000-00-00T00:00:00Z", "D:00000000000000", "0"):
        assert with_date({"created": nothing, "author": "Ada"}) == {"author": "Ada"}
    assert with_date({"author": "Ada"}) == {"author": "Ada"}
