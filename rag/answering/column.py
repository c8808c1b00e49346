"""A question for the total or the extreme of a column of numbers or days -> its cells, cited, and what was computed.

"What did we spend on groceries in total?" and a column "groceries": the cells of that column, each with the name of its
row, and their sum. "Which month had the highest energy bill?": the row in which the number of the column is highest.
"Which firm can start soonest?": the row with the first day of a column of days.
Computed is only where every cell is a number in one notation, exactly, and it is said that it was computed. A table
that states its total is not added up.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from rag.answering.choose import Chosen, sentences_around
from rag.answering.count import asked_words
from rag.answering.form import Form
from rag.answering.not_quotable import NO_SUPERLATIVES
from rag.answering.parts import Part, QuotedPlace
from rag.answering.rows import TABLES, LookUp, Rows, rows_near
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.question import Question
from rag.text.days import days_in
from rag.text.structure import cells
from rag.text.terms import terms
from rag.types import CELL_SEPARATOR, Evidence, Hit

_TOTAL = re.compile(
    r"\b(?:in total|altogether|in all|overall|sum of|add(?:s|ed)? up|(?:the|our|my|your|a) total\b(?! number)"
    r"|total (?:amount|sum|costs?|spend\w*|expenses?|of))\b",
    re.IGNORECASE,
)
_MEAN = re.compile(r"\b(?:average|(?:the|a) mean)\b", re.IGNORECASE)
_MOST = re.compile(
    r"^(?:in |on |for )?(?:which|what|who|whose|how \w+) .*(?<!at )\b"
    r"(?:(?P<high>highest|most(?! recent)|largest|biggest|greatest|maximum|longest|heaviest|tallest|dearest|oldest)"
    r"|(?P<low>lowest|least|smallest|fewest|minimum|shortest|lightest|cheapest|youngest|earliest|soonest))\b",
    re.IGNORECASE,
)
_DIMENSIONS = {  # names of columns that a superlative names without saying them
    "longest": "length duration distance", "shortest": "length duration distance height",
    "heaviest": "weight mass", "lightest": "weight mass", "tallest": "height size",
    "dearest": "price cost fee", "cheapest": "price cost fee", "expensive": "price cost fee",
    "oldest": "age", "youngest": "age",
}  # fmt: skip
_FIRST = re.compile(r"\b(?:earliest|soonest)\b", re.IGNORECASE)  # said of days and times
_PERSON = re.compile(r"^(?:who|whose)\b", re.IGNORECASE)
_PROPER = re.compile(r"(?<!^)\b[A-Z]|\d")
_RESULT = re.compile(
    r"\b(?:total\w*|sums?|altogether|overall|in all|most|least|first|last|only|record|\w{2,}est)\b", re.I
)
_LIMITS = re.compile(  # what rows are asked for is not told by words that they hold
    r"\b(?:second|third|fourth|next|\d+(?:nd|rd|th)|before|after|since|until|except|excluding|without|over|under|above|below"
    r"|more|less|not|between)\b",
    re.IGNORECASE,
)
_STATED = frozenset(terms("total totals sum sums subtotal average mean overall altogether whole balance quarter"))
_DONE = frozenset(  # what a table of its things need not say
    terms("spend spent pay paid cost costs buy bought earn earned use used make made sell sold take took get got need")
)
_SAID = frozenset(
    terms(
        "highest most largest biggest greatest maximum lowest least smallest fewest minimum longest heaviest tallest"
        " dearest oldest shortest lightest cheapest youngest earliest soonest expensive total sum average mean"
    )
)
_FEWEST = 2  # numbers that can be added up or compared
_MOST_CELLS = 60  # that are quoted for a sum
_AFFIX = re.compile(r"(?P<before>[^\d\s-]{0,3})\s?(?P<number>-?\d[\d.,]*)\s?(?P<after>[^\d\s]{0,5})")
_UNFIT = re.compile(r"[%(−–—<>≤≥~±]")  # shares have no sum, and what stands in brackets may be less than nothing
_YEAR = re.compile(r"(?:19|20)\d\d")
_NOTATIONS = (
    (re.compile(r"-?\d+"), ""),
    (re.compile(r"-?(?:\d+|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d{1,2})?"), ","),  # 1,234.50
    (re.compile(r"-?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+),\d{1,2}"), "."),  # 1.234,50
)


class _Column(NamedTuple):
    """The numbers of a column; `names` are those of its row and its own."""

    names: tuple[str, str]
    rows: list[Evidence]
    labels: list[str]
    places: list[tuple[int, int]]  # of the cells in their rows
    numbers: list[Decimal]
    affixes: tuple[str, str]  # before and behind each number, such as a currency
    days: bool  # the numbers count days


def says_result(chosen: Chosen) -> bool:
    """True if a sentence around the span says itself that it states a total or an extreme."""
    found = [word.lower() for item in sentences_around(chosen) for word in _RESULT.findall(item.text)]
    return any(word not in NO_SUPERLATIVES for word in found)


def asks_total(question: Question) -> bool:
    """True if the question asks for a sum or a mean."""
    return bool(_TOTAL.search(question.text) or _MEAN.search(question.text))


def asks_extreme(question: Question) -> bool:
    """True if the question asks for what has the most or the least of something that numbers tell."""
    return _MOST.search(question.text) is not None and not _FIRST.search(question.text)


def column_total(question: Question, hits: Sequence[Hit], stored: LookUp) -> Form | None:
    """The cells and their sum or mean; None if the question asks for neither, or no table has such a column."""
    if not asks_total(question) or _LIMITS.search(question.text):
        return None
    column = _asked_column(question, hits, stored, by_row=False)
    if column is None or len(column.rows) > _MOST_CELLS or all(_YEAR.fullmatch(str(one)) for one in column.numbers):
        return None
    if column.days:
        return None
    parts = tuple(_part(column, number) for number in range(len(column.rows)))
    name, result = "sum", sum(column.numbers, Decimal())
    if _MEAN.search(question.text):
        digits = max(-int(number.as_tuple().exponent) for number in column.numbers) + 1
        name, result = "mean", round(result / len(parts), digits)
    total = _with(column.affixes, result)
    computed = f"\nThe {name} of these {len(parts)} numbers is {total}. It was computed here; no document states it."
    return Form(parts, computed)


def column_extreme(question: Question, hits: Sequence[Hit], stored: LookUp) -> Form | None:
    """The rows whose number is the highest or lowest; None if the question asks for no such thing, or no table has such
    rows and such a column."""
    asked = None if _LIMITS.search(question.text) else _MOST.search(question.text)
    column = _asked_column(question, hits, stored, by_row=True) if asked else None
    if asked is None or column is None or column.days != bool(_FIRST.search(question.text)):
        return None
    extreme = (max if asked["high"] else min)(column.numbers)
    found = [number for number, value in enumerate(column.numbers) if value == extreme]
    parts = tuple(_part(column, number, first=number == found[0]) for number in found)
    which = "first" if column.days else "highest" if asked["high"] else "lowest"
    kind = "days" if column.days else "numbers"
    computed = f"\nThis is the {which} of the {len(column.numbers)} {kind} in the column; they were compared here."
    return Form(parts, computed)


def _asked_column(question: Question, hits: Sequence[Hit], stored: LookUp, by_row: bool) -> _Column | None:
    """The first column of numbers that the question names; `by_row` if it names the rows too."""
    asked = asked_words(question) - _SAID
    proper = frozenset(terms(" ".join(word for word in question.text.split() if _PROPER.search(word))))
    meant = asked | _dimension(question.text)
    for rows in rows_near(hits, stored, TABLES):
        if rows.header and (column := _column(rows, asked, meant, proper, by_row and not _PERSON.match(question.text))):
            return column
    return None


def _dimension(text: str) -> frozenset[str]:
    """The names that a column may have of which a superlative is asked."""
    return frozenset(terms(" ".join(_DIMENSIONS.get(word, "") for word in text.lower().rstrip("?").split())))


def _column(
    rows: Rows, asked: frozenset[str], meant: frozenset[str], proper: frozenset[str], by_row: bool
) -> _Column | None:
    """The column of numbers that most of the words `meant` name. The table holds all words of the question but one,
    which is none of the `proper` ones, with a capital or a digit. With `by_row` a word names what the rows are."""
    names = [name for name, _ in cells(rows.header)]
    words = [meant.intersection(terms(name.replace("_", " "))) for name in names]
    most = max((len(own) for own in words[1:]), default=0)
    wanted = [number for number, own in enumerate(words) if number and len(own) == most]
    held = rows.around.union(*(terms(line.text) for line in rows.lines))
    absent = asked - held - _DONE
    if not most or len(wanted) != 1 or len(absent) > 1 or absent & proper:
        return None
    if by_row and not words[0] and not asked & rows.around - words[wanted[0]]:
        return None
    lines = _asked_lines(rows, asked)
    labels = [cells(line.text)[0][0] for line in lines]
    whole = all(len(cells(line.text)) == len(names) for line in lines)
    if not whole or len(lines) < _FEWEST or any(_STATED.intersection(terms(line.text)) for line in lines):
        return None
    found = [cells(line.text)[wanted[0]] for line in lines]
    texts = [text for text, _ in found]
    days = _days(texts)
    read = _numbers(texts) if days is None else (days, ("", ""))
    if read is None or (len(lines) > _FEWEST and 2 * max(read[0]) == sum(read[0])):  # the last may be a total
        return None
    places = [(start, start + len(text)) for text, start in found]
    return _Column((names[0], names[wanted[0]]), lines, labels, places, *read, days=days is not None)


def _asked_lines(rows: Rows, asked: frozenset[str]) -> list[Evidence]:
    """The rows that hold the words of the question which no surroundings hold; all if it has none that a row holds."""
    held = {line: frozenset(terms(line.text)) for line in rows.lines}
    own = (asked - rows.around).intersection(frozenset[str]().union(*held.values()))
    return [line for line in rows.lines if own <= held[line]]


def _numbers(texts: Sequence[str]) -> tuple[list[Decimal], tuple[str, str]] | None:
    """The numbers of cells, all in one notation, and what stands before and behind each; None if they are not."""
    found = [_AFFIX.fullmatch(text) for text in texts]
    affixes = {(match["before"], match["after"]) for match in found if match}
    if not all(found) or len(affixes) != 1 or _UNFIT.search("".join(*affixes)):
        return None
    written = [match["number"] for match in found if match]
    for notation, thousands in _NOTATIONS:
        if all(map(notation.fullmatch, written)):
            plain = [text.replace(thousands, "") if thousands else text for text in written]
            return [Decimal(text.replace(",", ".")) for text in plain], next(iter(affixes))
    return None


def _days(texts: Sequence[str]) -> list[Decimal] | None:
    """The days of cells, each as the number of its day; None if a cell is not one day, or may be two."""
    found = [days_in(text).get(text, frozenset()) for text in texts]
    if not all(len(days) == 1 for days in found):
        return None
    return [Decimal(datetime.date.fromisoformat(next(iter(days))).toordinal()) for days in found]


def _part(column: _Column, number: int, first: bool | None = None) -> Part:
    """A cell behind the name of its row, the first one behind the names of both columns."""
    row, (start, end) = column.rows[number], column.places[number]
    text = f"{column.labels[number]}{CELL_SEPARATOR}{row.text[start:end]}"
    heading = f"{CELL_SEPARATOR.join(column.names)}\n- " if (number == 0 if first is None else first) else "\n- "
    return Part(text, (QuotedPlace(row, row.start + start, row.start + end),), VERBATIM, before=heading)


def _with(affixes: tuple[str, str], number: Decimal) -> str:
    before, after = affixes
    space = " " if after.isalpha() else ""
    return f"{before}{number}{space}{after}"
