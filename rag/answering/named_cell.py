"""A cell that the reader chose -> the cell of the same table in the row and the column that the question names (pure).

The reader tells the rows of a table apart less well than what is in them: asked for December it may give the cell of
November. A row is named by its cells that stand in the question word for word. If another row of the table is named by
more words than the chosen one, and by more than every other, its cell is meant. So is that of a column which the
question names by the words of the chosen one and by more ("Saturday first", "Saturday last"). Of columns whose names
differ by a figure alone ("Margin 2018", "Margin 2019"), the one whose figure stands in the question is meant. Where the
question has no word of the chosen column, the one of which it has the most words is meant, but for those whose cells
name the row: a bus is not asked for by "bus 42".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.choose import Chosen
from rag.answering.rows import TABLES, LookUp, Rows, rows_near
from rag.retrieval.question import Question
from rag.text.structure import cells, table_header
from rag.text.terms import terms
from rag.text.wording import is_figure
from rag.types import Evidence


def in_named_cell(question: Question, chosen: Chosen, stored: LookUp) -> Chosen:
    """The choice, moved to the row and the column that the question names if they are others; `stored` gives a
    document."""
    start, end = chosen.span.start, chosen.span.end
    if table_header(chosen.passage, start) is None:
        return chosen
    rows = next((rows for rows in rows_near([chosen.hit], stored, TABLES) if _line_at(rows, start) is not None), None)
    at = _line_at(rows, start) if rows else None
    if rows is None or at is None:
        return chosen
    asked = terms(question.text)
    if end > rows.lines[at].end:
        return _one_cell(rows, chosen, asked)
    column = _column_at(rows.lines[at], start)
    if column == 0 and question.kind == "yesno":  # asks about a row, which its name does not answer
        return _moved(chosen, rows.lines[_row(rows, at, -1, asked)], 0)
    row = _row(rows, at, column, asked)
    named = _column(rows.header, column, asked, rows.lines[row])
    if row == at and question.terms.isdisjoint(terms(rows.lines[at].text)):  # a follow-up names it in the turns before
        row = _row(rows, at, column, terms(question.to_read))
    return chosen if (row, named) == (at, column) else _moved(chosen, rows.lines[row], named)


def _one_cell(rows: Rows, chosen: Chosen, asked: Sequence[str]) -> Chosen:
    """The choice of the cell whose row and column the question names, in place of a span over several rows; as it was
    if it names none or several."""
    lines = [_named_by(line, -1, asked) for line in rows.lines]
    columns = [len(set(terms(name)).intersection(asked)) for name, _ in cells(rows.header)]
    if not max(lines, default=0) or not max(columns[1:], default=0):
        return chosen
    if lines.count(max(lines)) > 1 or columns[1:].count(max(columns[1:])) > 1:
        return chosen
    return _moved(chosen, rows.lines[lines.index(max(lines))], columns.index(max(columns[1:]), 1))


def _row(rows: Rows, at: int, column: int, asked: Sequence[str]) -> int:
    """The number of the row that is named by the most words; `at` if that is not another one."""
    named = [_named_by(line, column, asked) for line in rows.lines]
    most = max(named)
    return at if named[at] == most or named.count(most) > 1 else named.index(most)


def _column(header: str, column: int, asked: Sequence[str], row: Evidence) -> int:
    """The only column that the question names by all the words by which it names the chosen one and by more, or whose
    name differs by its figures alone, which stand in the question; `column` if there is none or several. A column whose
    cell in the row stands in the question is not asked for."""
    names = [terms(name) for name, _ in cells(header)]
    if column >= len(names):
        return column
    said = [set(name).intersection(asked) for name in names]
    own = said[column]
    known = {number for number, (text, _) in enumerate(cells(row.text)) if _stands_in(terms(text) or [""], asked)}
    better = [number for number in range(1, len(names)) if own < said[number] and (own or number not in known)]
    most = max((len(said[number]) for number in better), default=0)
    meant = [number for number in better if len(said[number]) == most]
    if not better and _figures(names[column]) and not _figures(names[column]) <= set(asked):
        alike = [number for number, name in enumerate(names) if _words(name) == _words(names[column])]
        meant = [number for number in alike if _figures(names[number]) and _figures(names[number]) <= set(asked)]
    return meant[0] if len(meant) == 1 else column


def _figures(name: Sequence[str]) -> set[str]:
    return {word for word in name if is_figure(word)}


def _words(name: Sequence[str]) -> list[str]:
    return [word for word in name if not is_figure(word)]


def _line_at(rows: Rows, place: int) -> int | None:
    return next((number for number, line in enumerate(rows.lines) if line.start <= place < line.end), None)


def _column_at(line: Evidence, place: int) -> int:
    return sum(start <= place - line.start for _, start in cells(line.text)) - 1


def _named_by(line: Evidence, column: int, asked: Sequence[str]) -> int:
    """The number of words in the cells of the row, but for one column, that stand in the question as in the cell."""
    others = [terms(text) for number, (text, _) in enumerate(cells(line.text)) if number != column]
    return sum(len(words) for words in others if words and _stands_in(words, asked))


def _stands_in(words: Sequence[str], asked: Sequence[str]) -> bool:
    return any(list(words) == list(asked[at : at + len(words)]) for at in range(len(asked) - len(words) + 1))


def _moved(chosen: Chosen, row: Evidence, column: int) -> Chosen:
    """The choice of the cell of the row; as it was if that cell is empty or absent."""
    found = cells(row.text)
    if column >= len(found) or not found[column][0]:
        return chosen
    text, at = found[column]
    start = row.start + at
    span = chosen.span._replace(start=start, end=start + len(text))
    return chosen._replace(span=span, hit=replace(chosen.hit, passage=row.passage))
