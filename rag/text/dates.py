"""A date as a file or a person states it -> ISO, with the precision that it has (pure).

In: ISO in all its spellings, day.month.year, names of months in the languages of Western Europe, the dates of mail, PDF
and cameras, Chinese, Japanese and Korean ones; with or without a weekday and a time. Out: the day "2024-03-05", the
month "2024-03" or the year "2024"; None for what is no date, and for days that no calendar has. Of "03/05/2024", which
may be two days, only the year is certain.

Does not handle: years of two digits (but those of mail), spans ("2019-2020"), other calendars, time zones: the day is
that which is stated.
"""

from __future__ import annotations

import datetime
import email.utils
import re
import unicodedata
from collections.abc import Iterator, Mapping

from rag.types import CREATED

_LONGEST = 100  # characters
_SHORTEST = 3  # letters of an abbreviated month
_MONTHS = """
    january januar januari janvier janeiro enero gennaio janner
    february februar februari fevrier fevereiro febrero febbraio
    march marz mars marts marzo marco maart mrt
    april avril abril aprile
    may mai maj mei mayo maio maggio
    june juni juin junio junho giugno
    july juli juillet julio julho luglio
    august augusti augustus aout agosto
    september settembre septembre septiembre setembro setiembre
    october oktober octobre octubre outubro ottobre
    november novembre noviembre novembro
    december dezember decembre diciembre dezembro dicembre desember
"""
_DAY = r"(?P<d>\d{1,2})"
_NAME = r"(?P<name>[^\W\d_]{3,})"
_YEAR = r"(?P<y>\d{4})"
_OF = r"(?:(?:of|de|del|di)\s+)?"
_CERTAIN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_YEAR}(?:-(?P<m>\d{{1,2}}))?",
        rf"{_YEAR}([-/.:])(?P<m>\d{{1,2}})\2{_DAY}",
        r"(?:D:)?(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?:T?(?:\d{4}|\d{6})(?:\.\d+)?)?(?:[Z+-](?:\d\d'?:?(?:\d\d'?)?)?'?)?",
        r"D:(?P<y>\d{4})(?P<m>\d\d)?",
        rf"{_DAY}\.\s?(?P<m>\d{{1,2}})\.\s?{_YEAR}",
        rf"(?P<m>\d{{1,2}})[./]{_YEAR}",
        rf"(?:(?:the|den|le|el|il|am)\s+)?{_DAY}(?:st|nd|rd|th|er|º|\.)?[\s/-]*{_OF}{_NAME}\.?,?[\s/-]*{_OF}{_YEAR}",
        rf"{_NAME}\.?[\s-]*(?:{_DAY}(?:st|nd|rd|th)?(?:,\s*|[\s-]+))?,?\s*{_OF}{_YEAR}",
        rf"{_YEAR}[\s,./-]+{_NAME}\.?(?:[\s./-]+{_DAY}(?:st|nd|rd|th)?)?",
        rf"{_YEAR}\s*[年년]\s*(?:(?P<m>\d{{1,2}})\s*[月월]\s*(?:{_DAY}\s*[日일])?)?",
    )
]
_EITHER = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})")
_TIME = re.compile(
    r"(?:T|,?\s+(?:at\s|um\s|à\s|@\s?)?\s*)\d{1,2}(?:[:h]\d{2}|\.\d{2}\s*uhr|\s*uhr|\s*[ap]\.?m\b).*"
    r"|(?<=\d)(?:Z|[+-]\d\d:\d\d)$",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    r"(?:mon|tue|wed|thu|fri|sat|sun|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|mo|di|mi|do|fr"
    r"|sa|so|lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie|sáb|dom|gio|maa|din|woe|don|vri|zat|zon)\w*\.?,?\s+(?:den\s+|dem\s+)?",
    re.IGNORECASE,
)


def with_date(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata, with the date of the document in ISO if it is certain; a date of zeros alone states none."""
    stated = metadata.get(CREATED, "")
    if re.search("0", stated) and not re.search(r"[^\W0TZDUtzdu]", stated):
        return {key: value for key, value in metadata.items() if key != CREATED}
    (date, *others) = sorted(days_of(stated)) or [stated]
    return dict(metadata) if others or CREATED not in metadata else {**metadata, CREATED: date}


def stated_date(text: str) -> str | None:
    """The date in ISO, as far as it is certain; None if none is.

    >>> stated_date("Tuesday, 5 March 2024"), stated_date("03/05/2024"), stated_date("2024-13-05")
    ('2024-03-05', '2024', None)
    """
    found = days_of(text)
    years = {date[:4] for date in found}
    return next(iter(found)) if len(found) == 1 else next(iter(years)) if len(years) == 1 else None


def days_of(text: str) -> set[str]:
    """The dates, in ISO, that the text may stand for, each as precise as it is."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).strip(" .,;")
    if len(plain) > _LONGEST:
        return set()
    of_mail = email.utils.parsedate(plain)
    if of_mail:
        return set(filter(None, [_iso(*of_mail[:3])]))
    day = _TIME.sub("", plain)
    for form in (day, _WEEKDAY.sub("", day, count=1) if _WEEKDAY.match(day) else ""):
        found = set(filter(None, _readings(form)))
        if found:
            return found
    return set()


def _readings(day: str) -> Iterator[str | None]:
    either = _EITHER.fullmatch(day)
    if either:
        first, _, second, year = either.groups()
        yield _iso(int(year), int(first), int(second))
        yield _iso(int(year), int(second), int(first))
    for pattern in _CERTAIN:
        found = pattern.fullmatch(day)
        if found:
            parts = found.groupdict()
            name = parts.get("name")
            month = _BY_NAME.get(_unaccented(name), 0) if name else int(parts.get("m") or -1)
            yield _iso(int(parts["y"]), month, int(parts.get("d") or -1))
            return


def _iso(year: int, month: int = -1, day: int = -1) -> str | None:
    """The date in ISO, without what is -1; None if there is none such."""
    try:
        date = datetime.date(year, max(month, 1) if month else 0, max(day, 1) if day else 0)
    except (ValueError, OverflowError):
        return None
    return date.isoformat()[: 10 if day > 0 else 7 if month > 0 else 4]


def _unaccented(name: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", name.casefold()) if not unicodedata.combining(char))


def _by_name() -> dict[str, int]:
    """The number of each month by its names and what they are shortened to, where that is one month's."""
    found: dict[str, set[int]] = {}
    for number, names in enumerate(_MONTHS.strip().split("\n"), 1):
        for name in names.split():
            for length in range(_SHORTEST, len(name) + 1):
                found.setdefault(name[:length], set()).add(number)
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1}


_BY_NAME = _by_name()
