"""A place in one of several versions of a document -> the same place in the version that is meant (pure).

A lease and its renewal, price lists of two years: documents of one title, whose sections are called the same, answer
equally well, and the reader chooses by chance. The version of the year that the question names is meant; if it names
none, the newest one. The date of a version is the year in the name of its file, else that which the document states.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.answering.choose import RETRIEVAL_WEIGHT, Chosen
from rag.retrieval.question import Question
from rag.text.terms import terms
from rag.types import Hit, Passage, PassageReading

_EQUAL = 3.0  # logits below the chosen place at which that of another version answers as well
_EARLIER = re.compile(
    r"\b(?:old|older|previous|previously|former|formerly|earlier|before|original|originally|until)\b", re.I
)
_DIGITS = re.compile(r"\d+")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


DayOf = Callable[[str], str | None]


def in_version(
    question: Question,
    chosen: Chosen,
    hits: Sequence[Hit],
    readings: Sequence[PassageReading],
    day_of: DayOf,
) -> Chosen:
    """The choice, or that of the same section of the version that is meant; `day_of` gives the date of a document in
    ISO, by its id."""
    others = [
        chosen._replace(hit=hit, reading=reading, span=reading.spans[0])
        for hit, reading in zip(hits, readings, strict=True)
        if reading.spans and _is_version(hit, chosen, question) and _score(hit, reading) >= _score(*chosen[:2]) - _EQUAL
    ]
    if not others or _EARLIER.search(question.text):
        return chosen
    versions = [chosen, *others]
    dates = [_date(one.passage.document_id, day_of) for one in versions]
    asked = frozenset(_YEAR.findall(question.text))
    if asked:
        of_year = [one for one, date in zip(versions, dates, strict=True) if date[:4] in asked]
        return of_year[0] if of_year else chosen
    return versions[dates.index(max(dates))]


def _is_version(hit: Hit, chosen: Chosen, question: Question) -> bool:
    """True if the hit stands in the same section of another document of the same title, whatever their figures, and
    holds all words of the question that the chosen passage holds."""
    one, other = hit.passage, chosen.passage
    same = _DIGITS.sub("", f"{one.title}\n{one.section}") == _DIGITS.sub("", f"{other.title}\n{other.section}")
    return one.document_id != other.document_id and same and _held(other, question) <= _held(one, question)


def _held(passage: Passage, question: Question) -> frozenset[str]:
    held = frozenset(terms(f"{passage.title}\n{passage.section or ''}\n{passage.text}"))
    return frozenset(word for word in question.terms & held if not _DIGITS.search(word))


def _score(hit: Hit, reading: PassageReading) -> float:
    return reading.score + RETRIEVAL_WEIGHT * hit.score


def _date(document_id: str, day_of: DayOf) -> str:
    years = _YEAR.findall(document_id.rpartition("/")[2])
    return years[-1] if years else day_of(document_id) or ""
