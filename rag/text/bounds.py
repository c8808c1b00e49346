"""The bounds that a text sets with numbers: "over 80 hours", "between 3 and 15 years", "under 14s" (pure).

Out: for each number, or pair of them, the range that its words name and the word of its unit as a stem; a number beside
which no such words stand is a range of its own. English.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.text.wording import word_list

_OPEN_BELOW = ("over", "more than", "abov", "exceed", "longer than", "older than", "beyond", "later than")
_FROM = ("at least", "minimum of", "no less than", "not less than", "no fewer than")
_OPEN_ABOVE = ("under", "below", "less than", "fewer than", "younger than", "shorter than", "befor the age of")
_TO = ("up to", "at most", "no more than", "not more than", "no longer than", "not longer than", "maximum of")
_OR_MORE, _OR_LESS = frozenset("more older over longer abov".split()), frozenset("less fewer younger under".split())
_NO_UNIT = frozenset(
    "or and to a an the in on at of for if is are per you we i do can must may will have need not".split()
)
_CURRENCIES = frozenset(["pound", "dollar", "euro", "percent"])
_DAYS = {"week": 7, "fortnight": 14}  # in a unit that rules are written in
_LONGEST = 3  # words that name a bound
_METRES = re.compile(r"(?<=\d) ?m\b")  # which may be millions elsewhere
_DASH = re.compile(r"(?<=\d)\s?[-–]\s?(?=\d)")


class Bound(NamedTuple):
    """A range of numbers of one unit; `least` and `most` are in it unless they are `open`."""

    least: float
    most: float
    open: bool  # neither end belongs to it
    unit: str  # stem; empty if none stands there
    is_range: bool  # words name a bound, and not one number alone

    def meets(self, other: Bound) -> bool:
        """True if a number is in both."""
        least, most = max(self.least, other.least), min(self.most, other.most)
        return least < most or (least == most and self._holds(least) and other._holds(least))

    def _holds(self, number: float) -> bool:
        return self.least < number < self.most if self.open else self.least <= number <= self.most


def bounds(text: str) -> list[Bound]:
    """The ranges and numbers of a text, in order.

    >>> [(one.least, one.most, one.unit) for one in bounds("Fewer than 3 years, or 60 to 65 years")]
    [(-inf, 3.0, 'year'), (60.0, 65.0, 'year')]
    """
    words = word_list(_METRES.sub(" metres", _DASH.sub(" to ", text).replace("+", " or more ")))
    found: list[Bound] = []
    at = 0
    while at < len(words):
        first = _number(words[at])
        if first is None:
            at += 1
            continue
        unit, behind = _unit(words, at)
        joins = words[behind] if behind < len(words) else ""
        other = behind + 1 + (unit in _CURRENCIES and words[behind + 1 : behind + 2] == [unit])
        second = _number(words[other]) if other < len(words) else None
        paired = joins == "to" or (joins == "and" and "between" in words[max(at - 2, 0) : at])
        if second is not None and paired:
            unit, behind = _unit(words, other)
            found.append(Bound(min(first, second), max(first, second), False, unit, True))
        else:
            one = _one_sided(words, at, behind, first, unit)
            if one.is_range and not unit and joins == "or":  # "15+ years"
                one = one._replace(unit=_noun(words, behind + 2))
            found.append(one)
        at = behind
    return [_in_days(one) for one in found]


def _in_days(bound: Bound) -> Bound:
    days = _DAYS.get(bound.unit)
    if days is None:
        return bound
    return bound._replace(least=bound.least * days, most=bound.most * days, unit="day")


def _one_sided(words: Sequence[str], at: int, behind: int, number: float, unit: str) -> Bound:
    before = " ".join(words[max(at - _LONGEST - (unit in _CURRENCIES), 0) : at]).removesuffix(f" {unit}")
    after = words[behind + 1] if words[behind : behind + 1] == ["or"] and behind + 1 < len(words) else ""
    if before.endswith(_TO) or after in _OR_LESS:
        return Bound(-math.inf, number, False, unit, True)
    if before.endswith(_FROM) or after in _OR_MORE:
        return Bound(number, math.inf, False, unit, True)
    if before.endswith(_OPEN_BELOW):
        return Bound(number, math.inf, True, unit, True)
    if before.endswith(_OPEN_ABOVE):
        return Bound(-math.inf, number, True, unit, True)
    return Bound(number, number, False, unit, False)


def _unit(words: Sequence[str], at: int) -> tuple[str, int]:
    """The unit of the number at that word, and the word behind both."""
    if at and words[at - 1] in _CURRENCIES:
        return words[at - 1], at + 1
    own = _noun(words, at + 1) if not words[at].endswith("s") else ""  # "under 14s" names people
    return own, at + 2 if own else at + 1


def _noun(words: Sequence[str], at: int) -> str:
    """The word if it can be a unit, else an empty string."""
    word = words[at] if at < len(words) else ""
    return word if word.isalpha() and word not in _NO_UNIT else ""


def _number(word: str) -> float | None:
    """The number that a word is, or the plural of: "14s"."""
    digits = word.removesuffix("s")
    return float(digits) if digits.replace(".", "", 1).isdecimal() and digits.isascii() else None
