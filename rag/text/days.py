"""The days that a running text names, and the notations in which other texts may name them (pure).

In: text. Out: each day as it is written there, with the ISO dates that it may stand for: "19.3.24" -> 2024-03-19, while
"03/05/2024" may be two days. Years of two digits are those of the century around 2000.

Months with a year are told apart from days. Does not handle: days without a year, years alone, days in words ("the
fifth of May").
"""

from __future__ import annotations

import datetime
import re

from rag.text.dates import days_of

_ORDINAL = r"(?:st|nd|rd|th|\.)?"
_NAMED = re.compile(
    rf"(?<![\w./-])(?:\d{{4}}[-/.]\d\d?[-/.]\d\d?|\d\d?([./-])\s?\d\d?\1\s?(?:\d{{4}}|\d\d)"
    rf"|\d\d?{_ORDINAL}\s(?:of\s)?[^\W\d_]{{3,9}}\.?,?\s\d{{4}}|[^\W\d_]{{3,9}}\.?\s\d\d?{_ORDINAL},?\s\d{{4}})(?![\w/-])"
)
_MONTH = re.compile(r"(?<![\w./-])[^\W\d_]{3,9}\.?,?\s(?:of\s)?\d{4}(?![\w/-])")
_SHORT_YEAR = re.compile(r"(?<=[./-])\s?(\d\d)$")
_FIGURES = re.compile(r"(?P<first>\d{4}[-/.]\d\d?)[-/.]\d\d?|\d\d?[./-]\s?(?P<last>\d\d?[./-]\s?\d{2,4})")
_TURN = 70  # "69" is 2069, "70" is 1970, as POSIX has it


def days_in(text: str) -> dict[str, frozenset[str]]:
    """The days that the text names, as they are written, with the ISO dates that each may be.

    >>> days_in("Between March 19, 2024 and 4.6.24")
    {'March 19, 2024': frozenset({'2024-03-19'}), '4.6.24': frozenset({'2024-06-04'})}
    """
    written = dict.fromkeys(match.group() for match in _NAMED.finditer(text))
    found = {day: frozenset(iso for iso in days_of(_with_century(day)) if len(iso) == 10) for day in written}
    return {day: dates for day, dates in found.items() if dates}


def months_in(text: str) -> dict[str, str]:
    """The months of a year that the text names outside its days, as they are written, each as ISO has it.

    >>> months_in("Between June 2024 and 4 March 2025")
    {'June 2024': '2024-06'}
    """
    days = [match.span() for match in _NAMED.finditer(text)]
    found = {
        match.group(): {iso[:7] for iso in days_of(f"1 {match.group().replace('of ', '')}") if len(iso) == 10}
        for match in _MONTH.finditer(text)
        if not any(start <= match.start() < end for start, end in days)
    }
    return {month: isos.pop() for month, isos in found.items() if len(isos) == 1}


def month_of(day: str) -> str:
    """The rest of a day in figures without the day of the month; empty if it is written otherwise.

    >>> month_of("2024-06-11"), month_of("11.06.2024"), month_of("11 June 2024")
    ('2024-06', '06.2024', '')
    """
    if not (match := _FIGURES.fullmatch(day)):
        return ""
    return match["first"] or match["last"]


def notations(iso: str) -> list[str]:
    """The usual notations of a day.

    >>> notations("2024-03-05")[:4]
    ['2024-03-05', '5.3.2024', '05.03.2024', '5.3.24']
    """
    day = datetime.date.fromisoformat(iso)
    y, m, d = day.year, day.month, day.day
    short = f"{y % 100:02}"
    return [iso, f"{d}.{m}.{y}", f"{d:02}.{m:02}.{y}", f"{d}.{m}.{short}", f"{d:02}.{m:02}.{short}", _in_words(day)]


def _in_words(day: datetime.date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS = "January February March April May June July August September October November December".split()


def _with_century(day: str) -> str:
    if re.match(r"\d{4}", day):
        return day
    return _SHORT_YEAR.sub(lambda found: f"{'19' if int(found[1]) >= _TURN else '20'}{found[1]}", day)
