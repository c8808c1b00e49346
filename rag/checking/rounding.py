"""A claim with rounded figures -> the claim with the figures of its evidence that they round (pure).

"About 1,000 employees" is true of 998 employees, and "in the late 1850s" of 1859, but no word of them stands in the
evidence. So a figure that is said to be rounded is put in the place of the one that it rounds. It must be clear which
that is: of what is counted, the evidence has one figure alone; of years, one alone fits, and it has its sentence for
itself. A figure that stands in the evidence as it is said, or that rounds none, stays as it is.

Does not know: roundings that the claim does not say ("1,000" for 998), units, dates other than years.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.remembered import remembered
from rag.text.terms import STOP_WORDS, stem

_NEAR = 0.05  # share by which "about" may be off
_YEARS = 2  # by which "about" may be off in a year
_SHORT, _BEYOND = 0.9, 1.2  # shares of the figure that "nearly" and "more than" reach to
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_FIGURE = re.compile(rf"(?<![\w.,])(?P<figure>{_NUMBER})(?!\w|[.,]\d)(?:[\s-]+(?P<counted>[^\W\d_]+))?")
_ROUNDED = re.compile(
    r"\b(?P<manner>about|around|roughly|approximately|circa|some|nearly|almost|just under|less than|fewer than|under|"
    rf"just over|more than|over)\s+(?P<figure>(?:{_NUMBER})(?!\w|[.,]\d))(?=(?:[\s-]+(?P<counted>[^\W\d_]+))?)",
    re.IGNORECASE,
)
_DECADE = re.compile(r"(?:\bthe\s+)?(?:\b(?P<part>early|mid|late)[\s-]+)?\b(?P<decade>1\d\d0|20\d0)s\b", re.IGNORECASE)
_PARTS = {"early": (0, 4), "mid": (4, 6), "late": (6, 9), "": (0, 9)}  # years of a decade
_BELOW = ("nearly", "almost", "just under", "less than", "fewer than", "under")
_ABOVE = ("just over", "more than", "over")
_SENTENCE_END = re.compile(r"[.!?]\s|\n")
_YEAR = re.compile(r"1\d{3}|20\d\d")


def exactly(claim: str, evidence: Sequence[str]) -> str:
    """The claim with each rounded figure replaced by the one of the evidence that it rounds, if it is clear which.

    >>> exactly("It has about 1,000 employees.", ["They have 998 employees."])
    'It has 998 employees.'
    >>> exactly("It was built in the late 1850s.", ["Built in 1859."])
    'It was built in 1859.'
    """
    claim = _ROUNDED.sub(lambda match: _rounded(match, evidence) or match.group(), claim)
    return _DECADE.sub(lambda match: _of_decade(match, evidence) or match.group(), claim)


def _rounded(match: re.Match[str], evidence: Sequence[str]) -> str:
    """The figure that is rounded, as the evidence writes it; empty if it is not clear."""
    counted = _stem(match["counted"])
    if not counted and _YEAR.fullmatch(match["figure"]):
        year = int(match["figure"])
        return "" if _stands_in(match["figure"], evidence) else _only_year(year - _YEARS, year + _YEARS, evidence)
    figures = frozenset[str]().union(*(_counts(text).get(counted, frozenset()) for text in evidence)) if counted else ()
    if len(figures) != 1:
        return ""
    (figure,) = figures
    return figure if _fits(_value(figure), _value(match["figure"]), " ".join(match["manner"].lower().split())) else ""


def _of_decade(match: re.Match[str], evidence: Sequence[str]) -> str:
    decade, (first, last) = int(match["decade"]), _PARTS[(match["part"] or "").lower()]
    if _stands_in(f"{match['decade']}s", evidence):
        return ""
    return _only_year(decade + first, decade + last, evidence)


def _fits(value: float, said: float, manner: str) -> bool:
    if manner in _BELOW:
        return _SHORT * said <= value < said
    if manner in _ABOVE:
        return said < value <= _BEYOND * said
    return abs(value - said) <= _NEAR * said


def _only_year(first: int, last: int, evidence: Sequence[str]) -> str:
    """The year of `first..last` that the evidence has, if there is one alone and no other year in its sentence."""
    fitting = [
        years for text in evidence for years in _years(text) if any(first <= int(year) <= last for year in years)
    ]
    return next(iter(fitting[0])) if len(fitting) == 1 and len(fitting[0]) == 1 else ""


@remembered(1_000_000)
def _counts(text: str) -> dict[str, frozenset[str]]:
    """The figures of a text, as written, by the stem of the word behind them."""
    found: dict[str, frozenset[str]] = {}
    for match in _FIGURE.finditer(text):
        if counted := _stem(match["counted"]):
            found[counted] = found.get(counted, frozenset()) | {match["figure"]}
    return found


@remembered(1_000_000)
def _years(text: str) -> list[frozenset[str]]:
    """The years of each sentence that has one: figures of four digits that count nothing."""
    found = []
    for sentence in _SENTENCE_END.split(text):
        years = {
            m["figure"] for m in _FIGURE.finditer(sentence) if _YEAR.fullmatch(m["figure"]) and not _stem(m["counted"])
        }
        if years:
            found.append(frozenset(years))
    return found


def _stands_in(word: str, evidence: Sequence[str]) -> bool:
    return any(re.search(rf"(?<!\w){word}(?!\w)", text) for text in evidence)


def _stem(word: str | None) -> str:
    """The stem of a word; empty for function words."""
    return "" if word is None or word.lower() in STOP_WORDS else stem(word.lower())


def _value(figure: str) -> float:
    return float(figure.replace(",", ""))
