"""A claim with rounded figures -> the claim with the figures of its evidence that they round (pure).

"About 1,000 employees" is true of 998, and "in the late 1850s" of 1859, but no word of them stands in the evidence. So
a figure that is said to be rounded is put in the place of the one that it rounds; one that rounds none stays, and
counts as absent.

Does not know: roundings that the claim does not say ("1,000" for 998), units, dates other than years.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

_NEAR = 0.05  # share by which "about" may be off
_YEARS = 2  # by which "about" may be off in a year
_SHORT, _BEYOND = 0.9, 1.2  # shares of the figure that "nearly" and "more than" reach to
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_FIGURE = re.compile(rf"(?<![\w.,])(?:{_NUMBER})(?!\w|[.,]\d)")
_ROUNDED = re.compile(
    r"\b(?P<manner>about|around|roughly|approximately|circa|some|nearly|almost|just under|less than|fewer than|under|"
    rf"just over|more than|over)\s+(?P<figure>(?:{_NUMBER})(?!\w|[.,]\d))",
    re.IGNORECASE,
)
_DECADE = re.compile(r"(?:\bthe\s+)?(?:\b(?P<part>early|mid|late)[\s-]+)?\b(?P<decade>1\d\d0|20\d0)s\b", re.IGNORECASE)
_PARTS = {"early": (0, 4), "mid": (4, 6), "late": (6, 9), "": (0, 9)}  # years of a decade
_BELOW = ("nearly", "almost", "just under", "less than", "fewer than", "under")
_ABOVE = ("just over", "more than", "over")


def exactly(claim: str, evidence: Sequence[str]) -> str:
    """The claim with each rounded figure replaced by the one of the evidence that it rounds, if there is one.

    >>> exactly("It has about 1,000 employees.", ["They employ 998 people."])
    'It has 998 employees.'
    >>> exactly("It was built in the late 1850s.", ["Built in 1859."])
    'It was built in 1859.'
    """
    if not _ROUNDED.search(claim) and not _DECADE.search(claim):
        return claim
    figures = [found for text in evidence for found in _figures(text)]
    claim = _ROUNDED.sub(lambda match: _first(figures, _fits(match)) or match.group(), claim)
    return _DECADE.sub(lambda match: _first(figures, _lies_in(match)) or match.group(), claim)


@lru_cache(maxsize=2_000)
def _figures(text: str) -> tuple[tuple[str, float], ...]:
    """The figures of a text, as written and as numbers."""
    return tuple(_values(text))


def _values(text: str) -> Iterator[tuple[str, float]]:
    for match in _FIGURE.finditer(text):
        yield match.group(), float(match.group().replace(",", ""))


def _first(figures: Sequence[tuple[str, float]], fits: Callable[[float], bool]) -> str:
    return next((written for written, value in figures if fits(value)), "")


def _fits(match: re.Match[str]) -> Callable[[float], bool]:
    said, manner = float(match["figure"].replace(",", "")), " ".join(match["manner"].lower().split())
    if manner in _BELOW:
        return lambda value: _SHORT * said <= value < said
    if manner in _ABOVE:
        return lambda value: said < value <= _BEYOND * said
    may_be_year = 1000 <= said <= 2100 and match["figure"].isdigit()
    return lambda value: abs(value - said) <= (_YEARS if may_be_year else _NEAR * said)


def _lies_in(match: re.Match[str]) -> Callable[[float], bool]:
    decade, (first, last) = int(match["decade"]), _PARTS[(match["part"] or "").lower()]
    return lambda value: decade + first <= value <= decade + last and value == int(value)
