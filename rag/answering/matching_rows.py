"""A cell that the reader chose -> that cell of every row which matches the question as its row does (pure).

"Who are the bakers?" finds one of them: a row matches if it has the same words in the columns in which the chosen row
has words of the question ("Baker"), or says yes in a column that the question names ("need a cox"). Where the chosen
words are the name of a column and several things are asked for, all of that column's cells match.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.answering.choose import Chosen
from rag.answering.rows import TABLES, LookUp, Rows, rows_near
from rag.retrieval.question import Question
from rag.text.structure import cells
from rag.text.terms import terms
from rag.types import Evidence

MOST_ROWS = 20  # that match: more are read better in the table itself
_YES = frozenset(["yes", "y", "x", "true", "✓", "✔", "☑", "☒"])
_NO = frozenset(["no", "n", "false", "✗", "✘", "☐", "-", "–", ""])
_DENIES = re.compile(r"\b(?:no|not|without|never|neither|except)\b|n['’]t\b", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]|\d{4}")


def rows_that_match(question: Question, chosen: Chosen, stored: LookUp) -> list[Chosen]:
    """The cells, in the order of their rows; empty if none but the chosen row matches, or no table is known."""
    start = chosen.span.start
    for rows in rows_near([chosen.hit], stored, TABLES):
        column = _column(rows, start)
        if column is None:
            continue
        at = next((number for number, line in enumerate(rows.lines) if line.start <= start < line.end), None)
        found = rows.lines if at is None else _alike(question, rows, at, column)
        return [_moved(chosen, line, column) for line in found] if 1 < len(found) <= MOST_ROWS else []
    return []


def says_yes(text: str) -> bool | None:
    """True or False if the text of a cell is a yes or a no, None if it is neither.

    >>> says_yes("Yes"), says_yes("✗"), says_yes("48 min")
    (True, False, None)
    """
    word = text.strip(" .").lower()
    return True if word in _YES else False if word in _NO and word else None


def _column(rows: Rows, place: int) -> int | None:
    """The number of the column in which the place stands, in a row or the header; None if it is not of this table."""
    line = next((line for line in rows.lines if line.start <= place < line.end), None)
    if line is not None:
        return _cell_at(line.text, place - line.start)
    first = rows.lines[0].start if rows.lines else rows.start
    return _cell_at(rows.header, place - rows.start) if rows.header and rows.start <= place < first else None


def _cell_at(text: str, place: int) -> int:
    return max(sum(start <= place for _, start in cells(text)) - 1, 0)


def _alike(question: Question, rows: Rows, at: int, column: int) -> list[Evidence]:
    """The rows that have the same words as the row `at` in the columns that match the question."""
    asked = terms(question.text)
    own = [text for text, _ in cells(rows.lines[at].text)]
    named = [number for number, text in enumerate(own) if number != column and _is_named(text, asked)]
    table = [[text for text, _ in cells(line.text)] for line in rows.lines]
    if marked := _marked(rows, table, column, asked):
        if named or _DENIES.search(question.text):
            return []
        return [line for line, row in zip(rows.lines, table, strict=True) if says_yes(row[marked])]
    if not named:
        return []
    return [
        line
        for line, row in zip(rows.lines, table, strict=True)
        if len(row) == len(own) and all(terms(row[number]) == terms(own[number]) for number in named)
    ]


def _is_named(text: str, asked: Sequence[str]) -> bool:
    words = terms(text)
    return bool(words and _LETTERS.search(text)) and any(
        words == asked[place : place + len(words)] for place in range(len(asked) - len(words) + 1)
    )


def _marked(rows: Rows, table: Sequence[Sequence[str]], column: int, asked: Sequence[str]) -> int | None:
    """The only column of yes and no that the question names; None if there is none."""
    names = [terms(name) for name, _ in cells(rows.header)]
    found = [
        number
        for number, name in enumerate(names)
        if number not in (0, column)
        and name
        and set(name) <= set(asked)
        and all(len(row) == len(names) and row[number].strip().lower() in _YES | _NO for row in table)
    ]
    return found[0] if len(found) == 1 else None


def _moved(chosen: Chosen, row: Evidence, column: int) -> Chosen:
    """The choice of the row's cell; of the row's first character if it has none in that column."""
    found = cells(row.text)
    text, at = found[column] if column < len(found) else ("", 0)
    start = row.start + at
    span = chosen.span._replace(start=start, end=max(start + len(text), start + 1))
    return chosen._replace(span=span, hit=replace(chosen.hit, passage=row.passage))
