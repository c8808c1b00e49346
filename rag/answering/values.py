"""A short answer -> the value that it states, and whether two values can both be right (pure).

In: the words of a span, or of a sentence. Out: a `Value`: numbers with units, dates, times of day, weekdays, codes, and
the words of a name. "38 %" and "thirty-eight percent", "90 minutes" and "an hour and a half", "14:05" and "2.05 pm",
"1861" and "3 November 1861", "1,018" and "about 1,000", "Marquardt" and "Dr. Helene Marquardt of Graz" can both be
right; "940 euros" and "985 euros" cannot. Values of different kinds ("two months' rent", "80 euros") are not compared.

Does not know: exchange rates, values in words other than English, phrases that are no names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import product
from typing import NamedTuple, TypeVar

from rag.text.dates import stated_date
from rag.text.terms import STOP_WORDS, stem
from rag.text.wording import fold, word_list

_NEAR = 0.1  # share by which a figure that is said to be rounded may be off
_ROUND = 0.05  # share by which one may be off that is the other with fewer digits
_SAME_SPELLING = 0.8  # similarity from which two words are spellings of one name (Elisabeth, Elizabeth)
_HALF_DAY = 12 * 60  # minutes
_MOST = 4  # numbers of a value: more are a row of a table, or a sentence
_NAME_WORDS = 8  # of a name at most
_CODE_DIGITS = 7
_YEARS = range(1400, 2100)

# Units of a dimension, each with its size.
_DIMENSIONS = """
    time sec=1 second=1 min=60 minute=60 h=3600 hr=3600 hour=3600 day=86400 night=86400 week=604800 fortnight=1209600
    time month=2629800 year=31557600
    mass g=1 gram=1 kg=1000 kilo=1000 kilogram=1000 t=1000000 tonne=1000000 lb=453.59 oz=28.35 ounce=28.35
    length mm=1 millimetre=1 millimeter=1 cm=10 centimetre=10 centimeter=10 m=1000 metre=1000 meter=1000 km=1000000
    length kilometre=1000000 kilometer=1000000 mile=1609344 ft=304.8 foot=304.8 inch=25.4
    volume ml=1 cl=10 dl=100 l=1000 litre=1000 liter=1000
    power w=1 watt=1 kw=1000 kilowatt=1000
    data kb=1 mb=1000 gb=1000000 tb=1000000000
    percent percent=1 pct=1
    euro euro=1 eur=1
    dollar dollar=1 usd=1
    pound pound=1 gbp=1
    yen yen=1
    degree degree=1 °c=1 c=1 celsius=1
"""
_UNITS = {
    stem(unit.partition("=")[0]): (dimension, float(unit.partition("=")[2]))
    for dimension, *units in map(str.split, filter(str.strip, _DIMENSIONS.splitlines()))
    for unit in units
}
_MONEY = frozenset(["euro", "dollar", "pound", "yen"])
_MONTH_NAMES = "january february march april may june july august september october november december".split()
_MONTHS = {short: number for number, name in enumerate(_MONTH_NAMES, 1) for short in (name, name[:3], f"{name[:3]}.")}
_MONTHS |= {"sept": 9, "sept.": 9}
_MONTH = rf"(?P<month>{'|'.join(_MONTH_NAMES)}|(?:{'|'.join(name[:3] for name in _MONTH_NAMES)}|sept)\b\.?)"
_DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<whole>\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4})\b",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<year>\d{{4}}))?\b",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:,?\s+(?P<year>\d{{4}}))?",
        rf"\b{_MONTH}\s+(?P<year>\d{{4}})\b",
    )
]
_TIMES = re.compile(
    r"\b(?P<h>\d{1,2})(?:[:.](?P<m>\d{2}))?\s*(?P<half>[ap])\.?\s?m\b\.?|\b(?P<h24>\d{1,2}):(?P<m24>\d{2})\b(?!:)"
    r"|\b(?P<word>noon|midnight)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\w.,])\+?\d(?:[\s/()-]{0,2}\d){6,}(?![\w%]|[.,]\d)")
_WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
_MANNER = (
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|circa|ca\.?|some|nearly|almost|under|less than|fewer than|"
    r"over|more than|up to|at least|at most)|~)\s*"
)
_ROUNDED = re.compile(rf"{_MANNER}$", re.IGNORECASE)
_ROUNDED_FIGURE = re.compile(rf"{_MANNER}[\d€$£]", re.IGNORECASE)
_SPOKEN = (  # before numbers are read
    (re.compile(r"\b(?:an?|one) (\w+) and a half\b", re.IGNORECASE), r"1.5 \1"),
    (re.compile(r"\bhalf an? (?=\w)", re.IGNORECASE), "0.5 "),
    (re.compile(r"\b(?:a )?quarter of an hour\b", re.IGNORECASE), "15 minutes"),
    (re.compile(r"\b(?:a )?dozen\b", re.IGNORECASE), "12"),
    (re.compile(r"(?:\ban? |^)(?=(?:hundred|thousand|million)\b)", re.IGNORECASE), "one "),
    (re.compile(r"\ban? (?=(?:minute|hour|day|week|month|year)\b)", re.IGNORECASE), "1 "),
    (re.compile(r"°\s?C\b"), " degrees"),
)
_PER = re.compile(
    r"(?:(?<=[\w%€$£] )an?|\b(?:per|each|every))\s+(second|minute|hour|day|night|week|month|year|person|head)\b|/(h)\b"
)
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_TITLES = frozenset("mr mrs ms miss dr prof professor sir madam the of and de von van".split())
_WORD = re.compile(r"[^\W\d_][\w'’.-]*")

T = TypeVar("T")
Date = tuple[int | None, int | None, int | None]  # year, month, day


class Quantity(NamedTuple):
    """A number with what it counts or measures."""

    number: float
    size: float  # of its unit, in the smallest of the dimension
    unit: str  # dimension, or the word that is counted; empty if there is none
    per: str = ""  # "month" of "40 euros a month"
    rounded: bool = False  # if it is said to be


class Value(NamedTuple):
    """A value that a short answer states."""

    quantities: tuple[Quantity, ...] = ()
    dates: tuple[Date, ...] = ()
    times: tuple[int, ...] = ()  # minutes since midnight
    weekdays: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()  # digits
    name: tuple[str, ...] = ()  # words in lower case; empty if it is no name


def value_of(text: str, before: str = "") -> Value:
    """The value that the text states; `before` is what stands in front of it, which may say that it is rounded."""
    dates, rest = _cut_out(text, _dates)
    times, rest = _cut_out(rest, _times)
    codes = frozenset(re.sub(r"\D", "", match[0]) for match in _CODE.finditer(rest))
    rest = _CODE.sub(" ", rest)
    weekdays = frozenset(match[0].lower().rstrip("s") for match in _WEEKDAY.finditer(rest))
    found = tuple(_quantities(rest, before))
    years = [number for number in found if not number.unit and number.number in _YEARS and _is_year(number, text)]
    dates += [(int(year.number), None, None) for year in years]
    quantities = tuple(number for number in found if number not in years)
    counted = bool(dates or times or weekdays or codes or quantities)
    return Value(quantities, tuple(dates), tuple(times), weekdays, codes, () if counted else _name(text))


def differ(one: Value, other: Value, asked: frozenset[str] = frozenset()) -> bool:
    """True if not both values can be right as the answer to one question, whose words are `asked`.

    >>> differ(value_of("940 euros"), value_of("985 euros")), differ(value_of("38 %"), value_of("38 percent"))
    (True, False)
    """
    if _are_apart(one.dates, other.dates, _same_date) or _are_apart(one.times, other.times, _same_time):
        return True
    if one.weekdays and other.weekdays and one.weekdays.isdisjoint(other.weekdays):
        return True
    if _are_apart(tuple(one.codes), tuple(other.codes), _same_code):
        return True
    return _quantities_differ(one.quantities, other.quantities) or _names_differ(one.name, other.name, asked)


def states(text: str, value: Value, asked: frozenset[str] = frozenset()) -> bool:
    """True if the text states the value too, beside others."""
    whole = value_of(text)
    if value.name:
        own = [word for word in value.name if word not in asked]
        said = set(re.findall(r"[\w'’-]+", fold(text)))
        return bool(own) and own[-1] in said
    if value.dates:
        return any(_same_date(a, b) for a, b in product(whole.dates, value.dates))
    if value.times:
        return any(_same_time(a, b) for a, b in product(whole.times, value.times))
    if value.quantities:
        return any(_comparable(a, b) and _same(a, b) for a, b in product(whole.quantities, value.quantities))
    return bool(whole.weekdays & value.weekdays or whole.codes & value.codes)


def _are_apart(one: Sequence[T], other: Sequence[T], same: Callable[[T, T], bool]) -> bool:
    """True if both have something, and none of the one is any of the other."""
    return bool(one and other) and not any(same(a, b) for a, b in product(one, other))


def _same_date(one: Date, other: Date) -> bool:
    """True if they agree in all that both state: "1861" and "3 November 1861" do."""
    shared = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return bool(shared) and all(a == b for a, b in shared)


def _same_time(one: int, other: int) -> bool:
    """True for the same time of a clock of twelve hours: "7:00" may be in the evening."""
    return one % _HALF_DAY == other % _HALF_DAY


def _same_code(one: str, other: str) -> bool:
    """True if they end in the same digits: what stands before them may be left out."""
    return one.endswith(other[-_CODE_DIGITS:]) or other.endswith(one[-_CODE_DIGITS:])


def _quantities_differ(one: tuple[Quantity, ...], other: tuple[Quantity, ...]) -> bool:
    pairs = [(a, b) for a, b in product(one, other) if _comparable(a, b)]
    if not pairs or max(len(one), len(other)) > _MOST or any(_same(a, b) for a, b in pairs):
        return False
    return not (_within(one, other) or _within(other, one))


def _comparable(one: Quantity, other: Quantity) -> bool:
    fits = one.unit == other.unit or not one.unit or not other.unit
    return fits and (one.per == other.per or not one.per or not other.per)


def _same(one: Quantity, other: Quantity) -> bool:
    a, b = one.number, other.number
    if one.unit and other.unit:
        a, b = a * one.size, b * other.size
    off = abs(a - b) / max(abs(a), abs(b), 1e-9)
    if off < 1e-3 or ((one.rounded or other.rounded) and off <= _NEAR):
        return True
    is_sum = one.unit in _MONEY or other.unit in _MONEY
    if off > _ROUND or (is_sum and max(a, b) < 1_000_000):  # sums are exact unless they are said not to be
        return False
    return _is_round_of(one.number, other.number) or _is_round_of(other.number, one.number)


def _is_round_of(short: float, exact: float) -> bool:
    """True if `short` is `exact` without decimals, or without its last two or more digits: 24 of 23.7, 1000 of 1018."""
    if short == int(short) and exact != int(exact):
        return round(exact) == short
    step = 100
    while short and short % (step * 10) == 0:
        step *= 10
    return short % step == 0 and round(exact / step) * step == short


def _within(range_of: tuple[Quantity, ...], other: tuple[Quantity, ...]) -> bool:
    """True if the first are the ends of a range in which the others lie: "20 to 30 minutes", "25 minutes"."""
    if len(range_of) < 2:
        return False
    size = max(quantity.size for quantity in range_of)
    ends = [quantity.number * (quantity.size if quantity.unit else size) for quantity in range_of]
    return all(min(ends) <= quantity.number * quantity.size <= max(ends) for quantity in other)


def _names_differ(one: tuple[str, ...], other: tuple[str, ...], asked: frozenset[str]) -> bool:
    """True if neither name is a longer form or another spelling of the other; words of the question name nothing."""
    a, b = ([word for word in name if word not in asked and stem(word) not in asked] for name in (one, other))
    if not a or not b:
        return False
    short, long = sorted((a, b), key=lambda words: (len(words), words))
    return not all(any(_same_word(word, other) for other in long) for word in short)


def _same_word(one: str, other: str) -> bool:
    if min(len(one.rstrip(".")), len(other.rstrip("."))) == 1:
        return one[0] == other[0]  # an initial
    first, second = sorted((one, other))  # the ratio depends on the order
    return one == other or SequenceMatcher(None, first, second).ratio() >= _SAME_SPELLING


def _cut_out(text: str, found: Callable[[str], Iterator[tuple[int, int, T]]]) -> tuple[list[T], str]:
    """Match of `found` in the text, and the text without it."""
    values: list[T] = []
    for start, end, value in found(text):
        values.append(value)
        text = text[:start] + " " * (end - start) + text[end:]
    return values, text


def _dates(text: str) -> Iterator[tuple[int, int, Date]]:
    taken: list[tuple[int, int]] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if any(match.start() < end and match.end() > start for start, end in taken):
                continue
            if date := _date(match.groupdict()):
                taken.append(match.span())
                yield *match.span(), date


def _date(parts: dict[str, str | None]) -> Date | None:
    if whole := parts.get("whole"):
        iso = stated_date(whole)
        numbers = [int(part) for part in iso.split("-")] if iso else []
        return (numbers[0], numbers[1] if numbers[1:] else None, numbers[2] if numbers[2:] else None) if iso else None
    month = _MONTHS.get((parts.get("month") or "").lower())
    day, year = parts.get("day"), parts.get("year")
    return None if month is None else (int(year) if year else None, month, int(day) if day else None)


def _times(text: str) -> Iterator[tuple[int, int, int]]:
    for match in _TIMES.finditer(text):
        if match["word"]:
            yield *match.span(), 0 if match["word"].lower() == "midnight" else _HALF_DAY
        elif match["h24"]:
            yield *match.span(), int(match["h24"]) * 60 + int(match["m24"])
        else:
            hour = int(match["h"]) % 12 + (12 if match["half"].lower() == "p" else 0)
            yield *match.span(), hour * 60 + int(match["m"] or 0)


def _quantities(text: str, before: str) -> Iterator[Quantity]:
    """The numbers of the text; parts of one ("2 h 30 min", "a hundred and twenty") are joined."""
    rounded = bool(_ROUNDED.search(before) or _ROUNDED_FIGURE.search(text))
    per = _PER.search(text)
    text = _PER.sub(" ", text)
    for pattern, plain in _SPOKEN:
        text = pattern.sub(plain, text)
    words = _joined(word_list(text))
    last: Quantity | None = None
    for at, word in enumerate(words):
        if not _FIGURE.fullmatch(word):
            continue
        unit, size = _unit(words, at)
        found = Quantity(float(word), size, unit, (per[1] or per[2]) if per else "", rounded)
        if last is not None and unit and last.unit == unit and last.size > size and unit not in _MONEY:
            last = last._replace(number=last.number + found.number * size / last.size)
            continue
        if last is not None:
            yield last
        last = found
    if last is not None:
        yield last


def _joined(words: Sequence[str]) -> list[str]:
    """The words with "100 and 20" as "120"."""
    out: list[str] = []
    for word in words:
        if len(out) > 1 and out[-1] == "and" and _FIGURE.fullmatch(word) and _FIGURE.fullmatch(out[-2]):
            whole, part = float(out[-2]), float(word)
            if whole >= 100 and whole % 100 == 0 and part < 100:
                out[-2:] = [f"{whole + part:g}"]
                continue
        out.append(word)
    return out


def _unit(words: Sequence[str], at: int) -> tuple[str, float]:
    """The unit of the number `words[at]`: the word behind it, or the sign of a currency before it."""
    after = words[at + 1] if at + 1 < len(words) else ""
    if after in _UNITS:
        return _UNITS[after]
    if at and words[at - 1] in _MONEY:
        return words[at - 1], 1.0
    counts = after and after not in STOP_WORDS and not _FIGURE.fullmatch(after) and len(after) > 1
    return (after, 1.0) if counts else ("", 1.0)


def _is_year(number: Quantity, text: str) -> bool:
    return re.search(rf"(?<![\w.,]){int(number.number)}(?![\w,]|\.\d)", text) is not None


def _name(text: str) -> tuple[str, ...]:
    """The words of a name; empty if a word of the text, small ones aside, has no capital."""
    words = _WORD.findall(text)
    own = [word for word in words if word.lower().rstrip(".") not in _TITLES and word.lower() not in STOP_WORDS]
    if not own or len(own) > _NAME_WORDS or not all(word[0].isupper() for word in own):
        return ()
    return tuple(fold(word).rstrip(".") for word in own)
