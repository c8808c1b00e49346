"""A question that names a day or a month -> the same question with it as the passages write it (pure).

"What happened on March 19, 2024?" is to find "2024-03-19". The search by words also looks for the other notations of
the day; when passages were found, the day is said as the best of them that holds it writes it, so that all that
compares question and passage afterwards sees the same words; so is a month ("June 2024") of which they name days in
figures. Nothing changes for other questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.days import days_in, month_of, months_in, notations
from rag.types import Hit


def other_notations(text: str) -> str:
    """The usual notations of the days that the text names, to be searched for beside it."""
    return " ".join(form for dates in days_in(text).values() for iso in sorted(dates) for form in notations(iso))


def as_written(text: str, hits: Sequence[Hit]) -> str:
    """The text with each day in the notation of the first hit that names it, and each month in that of the first hit
    that names a day of it in figures; as it is, if a hit has it so."""
    for day, dates in days_in(text).items():
        found = [other for hit in hits for other, meant in days_in(_shown(hit)).items() if meant & dates]
        if found and day not in found:
            text = _replaced(text, day, found[0])
    for month, iso in months_in(text).items():
        if not any(month.lower() in _shown(hit).lower() for hit in hits) and (other := _of_month(iso, hits)):
            text = _replaced(text, month, other)
    return text


def _of_month(iso: str, hits: Sequence[Hit]) -> str:
    """The only day of the month that the hits name in figures, as written there; of several, what they share: the month
    in the notation of the first. Empty if there is none."""
    found = {
        day: dates
        for hit in hits
        for day, dates in days_in(_shown(hit)).items()
        if {date[:7] for date in dates} == {iso} and month_of(day)
    }
    first = next(iter(found), "")
    return first if len(set(found.values())) == 1 else month_of(first)


def _replaced(text: str, written: str, other: str) -> str:
    return other.join(re.split(rf"(?<![\w.-]){re.escape(written)}(?!\w)", text))


def _shown(hit: Hit) -> str:
    return f"{hit.passage.title}\n{hit.passage.section or ''}\n{hit.passage.text}"
