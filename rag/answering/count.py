"""A question for a number that no sentence states -> the rows or items that match it, cited.

A row matches if it holds the words of the question that its surroundings (title, headings, header row, the line that
announces it) do not hold already. The number of rows is said only if all that match stand in one table or list, or in
lists under one heading, and if the question has no condition that words do not tell ("more than", "not").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.answering.choose import Chosen, sentences_around
from rag.answering.extract import MOST_SENTENCES
from rag.answering.form import Form
from rag.answering.lists import without_marker
from rag.answering.parts import Part, quoted
from rag.answering.rows import LookUp, Rows, rows_near
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.question import Question
from rag.text.structure import cells, column_names, table_header
from rag.text.terms import terms
from rag.types import Evidence, Hit

_ASKS = re.compile(
    r"\bhow many\b|\bhow much\b(?=.*\b(?:did|was|were|have|has|had)\b)|\bin total\b|\bthe (?:total )?number of\b"
    r"|\btotal (?:number|amount|sum|cost)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(  # "9/10" is a mark or a date
    r"(?<![\d/])\d+(?![\d/])|\b(?:no|none|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty"
    r"|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|once|twice|half|dozens?|pair|both"
    r"|single)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:no|not|never|without|except|only|more|less|fewer|over|under|above|below|at (?:least|most)|between|before"
    r"|after|since|until|different|distinct|how much|per|average)\b|n't\b",
    re.IGNORECASE,
)
_FEWEST = 2  # words of the question that can match: one alone, such as "companies", is in any list
_SAID = frozenset(terms("many much number total count sum altogether overall amount times document file library"))
_SHARE = 2 / 3  # of the words that a table must hold with its surroundings: "spend" is in no household budget
_NOT_COUNTED = "\nI can quote these places, not count them."


class _Match(NamedTuple):
    """The matching lines of a table or list."""

    rows: Rows
    lines: list[Evidence]
    held: frozenset[str]  # words of the question that it holds, with its surroundings


def asks_count(question: Question) -> bool:
    """True if the question asks for a number of things, or a sum."""
    return bool(_ASKS.search(question.text))


def states_number(chosen: Chosen, question: Question) -> bool:
    """True if the span that was found holds a number, in figures or as a word; in a table, a number that has to do with
    the question, by its cell, its row's name or its column's."""
    passage, start, end = chosen.passage, chosen.span.start, chosen.span.end
    if not _NUMBER.search(passage.text[start - passage.start : end - passage.start]):
        return False
    header = table_header(passage, start)
    if header is None:
        return True
    row = sentences_around(chosen)[0]
    found, names = cells(row.text), column_names(header)
    number = max(sum(at <= start - row.start for _, at in found) - 1, 0)
    name = names[number] if number < len(names) else ""
    return not asked_words(question).isdisjoint(terms(f"{found[0][0]} {found[number][0]} {name}"))


def count(question: Question, hits: Sequence[Hit], stored: LookUp, whole: bool = False) -> Form | None:
    """The rows that match; None if there are none. With `whole`, as for a question that would be refused, they hold
    all of its words, with their surroundings."""
    asked = asked_words(question)
    if len(asked) < _FEWEST:
        return None
    found = [match for rows in rows_near(hits, stored) if (match := _match(asked, rows))]
    found = [match for match in found if not whole or match.held == asked]
    if not found:
        return None
    best = max(len(match.rows.named & asked) for match in found)  # the document that the question names
    found = [match for match in found if len(match.rows.named & asked) == best]
    first, *rest = [part for match in found for part in _quoted(match)][:MOST_SENTENCES]
    parts = (first._replace(before=(first.before or "").lstrip()), *rest)
    if _CONDITION.search(question.text) or not _countable(found, asked):
        return Form(parts, _NOT_COUNTED, sure=False)
    number = sum(len(match.lines) for match in found)
    shown = f"; the first {len(parts)} are quoted" if len(parts) < number else ""
    lines = "line matches" if number == 1 else f"lines of {_of(len(found))} match"
    return Form(
        parts,
        f"\n{number:,} {lines}{shown}. They were counted, not added up.",
        sure=all(m.held == asked for m in found),
    )


def asked_words(question: Question) -> frozenset[str]:
    """The words of a question by which rows can match."""
    return frozenset(question.terms) - _SAID


def _match(asked: frozenset[str], rows: Rows) -> _Match | None:
    """The rows that hold the words which their surroundings do not; all of them if the header or the surroundings hold
    what is asked. Lines of prose match only as a whole."""
    held = {line: frozenset(terms(line.text)) for line in rows.lines}
    own = (asked - rows.around).intersection(frozenset[str]().union(*held.values()))
    all_held = own | (asked & rows.around)
    if len(all_held) < _SHARE * len(asked) or not (
        own or asked & frozenset(terms(rows.header)) or asked <= rows.around
    ):
        return None
    if rows.kind == "prose" and own:
        return None
    lines = [line for line in rows.lines if own <= held[line]]
    return _Match(rows, lines, all_held) if lines else None


def _countable(found: Sequence[_Match], asked: frozenset[str]) -> bool:
    """True if a row stands for one of the things that are asked for, and all rows stand together."""
    first = found[0].rows
    together = all((match.rows.document, match.rows.section) == (first.document, first.section) for match in found)
    tables = [match.rows for match in found if match.rows.kind == "table"]
    if tables and len(found) > 1:
        return False
    return together and all(_is_named_by_first(rows.header, asked) for rows in tables)


def _is_named_by_first(header: str, asked: frozenset[str]) -> bool:
    """True if the words of the question in the header of a table are those of its first column."""
    if not header:
        return True
    first = cells(header)[0][0]
    return asked.intersection(terms(header)) <= frozenset(terms(first))


def _of(lists: int) -> str:
    return "one table or list" if lists == 1 else f"{lists} lists under one heading"


def _quoted(match: _Match) -> Iterator[Part]:
    """A line for each row, the first after the header of its table."""
    for number, row in enumerate(match.lines):
        header = match.rows.header if number == 0 else ""
        part = quoted(row, without_marker(row.text), len(row.text), VERBATIM)
        yield part._replace(before=f"\n{header}\n- " if header else "\n- ")
