"""A question for what is on in a month or on a day -> the sentences of the found passages that name it, by day.

"What do I have to do in July 2025?" has no single answer: bookings, letters and plans each name days of that month. A
year counts if the sentence names it, else that of the title, the headings or the file's name, else the document's date.
English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.answering.form import POLITE, Form
from rag.answering.lists import without_marker
from rag.answering.parts import Part, quoted
from rag.answering.version import DayOf
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.naming import file_words
from rag.retrieval.question import Question
from rag.text.days import days_in
from rag.types import Evidence, Hit, Passage

MOST = 12  # sentences that are quoted
_FEWEST = 2
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(rf"{name[:3]}(?:{name[3:]})?" for name in _MONTHS).replace("sep(?:", "sept?(?:")
_ASKS = re.compile(
    rf"^{POLITE}(?:what (?:do|must|should|did) (?:i|we) (?:have|need|got)? ?(?:to do|planned|booked|on)"
    r"|what (?:happens|is happening|happened|is on|was on|is due|is planned|is there to do|is scheduled|is coming up)"
    r"|what's (?:on|due|happening|planned|scheduled|coming up)"
    r"|(?:what|which) (?:appointments|dates|deadlines|events|plans) (?:do (?:i|we) have|are there))\b.*?"
    rf"\b(?:in|on|for|during)\s+(?:the\s+)?(?P<day>\d{{1,2}})?(?:st|nd|rd|th)?\s?(?:of\s)?(?P<month>(?:{_MONTH}))\b\.?"
    r"(?:\s(?P<after>\d{1,2})(?:st|nd|rd|th)?\b(?!\d))?,?\s?(?P<year>\d{4})?\s*\?*$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class _When(NamedTuple):
    month: int
    day: int | None
    year: str | None
    said: str


class _Found(NamedTuple):
    day: int
    order: int
    evidence: Evidence


def agenda(question: Question, hits: Sequence[Hit], day_of: DayOf) -> Form | None:
    """The sentences; None if the question asks for no such thing, or fewer than two name that time. `day_of` gives the
    date of a document in ISO, by its id."""
    when = _when(question.text)
    if when is None:
        return None
    found = [one for hit in hits for one in _of_passage(hit.passage, when, day_of)]
    once = {(one.evidence.passage.document_id, one.evidence.start): one for one in found}
    if len(once) < _FEWEST:
        return None
    sentences = sorted(once.values(), key=lambda one: (one.day, one.order))[:MOST]
    parts = [_part(one.evidence, first=number == 0) for number, one in enumerate(sentences)]
    return Form(tuple(parts), f"\nThese are the places found that name {when.said}.")


def _when(text: str) -> _When | None:
    match = _ASKS.search(text)
    if match is None:
        return None
    month = next(number for number, name in enumerate(_MONTHS, 1) if name.startswith(match["month"].lower()[:3]))
    day = match["day"] or match["after"]
    said = " ".join(word for word in (day, _MONTHS[month - 1].capitalize(), match["year"]) if word)
    return _When(month, int(day) if day else None, match["year"], said)


def _of_passage(passage: Passage, when: _When, day_of: DayOf) -> Iterator[_Found]:
    around = f"{passage.title} {passage.section or ''} {file_words(passage.document_id)}"
    for start, end in passage.sentences:
        text = passage.text[start - passage.start : end - passage.start]
        days = _days(text, when)
        if not days or (when.day and when.day not in days):
            continue
        years = _YEAR.findall(text) or _YEAR.findall(around) or [(day_of(passage.document_id) or "")[:4]]
        if when.year is None or when.year in years or years == [""]:
            yield _Found(when.day or min(days), start, Evidence(1, passage, start, end, text, 0.0))


def _days(text: str, when: _When) -> set[int]:
    """The days of that month that the text names, 0 for the month alone."""
    name = _MONTHS[when.month - 1]
    pattern = rf"(?:(\d{{1,2}})(?:st|nd|rd|th|\.)?\s)?\b((?:{name}|{name[:3]})\b)\.?(?:\s(\d{{1,2}})(?!\d))?"
    named = [match for match in re.finditer(pattern, text, re.IGNORECASE) if match[2][0].isupper()]  # "may" is a verb
    found = {int(match[1] or match[3] or 0) for match in named}
    figures = {day for dates in days_in(text).values() for day in dates if int(day[5:7]) == when.month}
    return found | {int(day[8:10]) for day in figures}


def _part(evidence: Evidence, first: bool) -> Part:
    part = quoted(evidence, without_marker(evidence.text), len(evidence.text), VERBATIM)
    return part._replace(before="- " if first else "\n- ")
