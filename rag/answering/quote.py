"""Mode quote: what stands in the documents, in the form that the question asks for.

A list or steps: every item beside the one that the reader found. Yes or no: the word first, if it is clear, then the
sentence that says so. A cell of a table: with the row and the column that it stands in. Everything
else: the sentences in which the answer stands. All of it is verbatim and cited.
"""

from __future__ import annotations

from rag.answering.choose import Chosen, evidence, sentences_around
from rag.answering.extract import sentence_parts
from rag.answering.lists import announces_list, list_items
from rag.answering.modes import Parts, at_once
from rag.answering.parts import Part, QuotedPlace
from rag.answering.verdict import verdict
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.question import Question
from rag.text.structure import cells, column_names, table_header
from rag.types import Evidence

_WANTS_LIST = 0.3  # probability from which a list in which the answer stands is given whole
_ONE_OF_BOTH = 0.5  # probability that the passage says yes or no at all, from which the question is taken to ask for it
_UNCLEAR = "The documents say: "  # in place of "Yes" or "No"
_NEARLY = 2.0  # logits below the best span at which a cell of the same column is another of the things asked for


def quote(question: Question, chosen: Chosen) -> Parts:
    """The parts of the answer that the chosen span gives to the question."""
    around = sentences_around(chosen)
    if items := _items(question, chosen, around):
        return at_once(sentence_parts(chosen, items))
    if len(around) == 1 and (cell := _cell(chosen, around[0])):
        return at_once(_column(chosen, around[0]) or [cell] if question.wants_list >= _WANTS_LIST else [cell])
    parts = sentence_parts(chosen, around)
    if question.kind == "yesno":
        if word := verdict(chosen.reading, around):
            parts[0] = parts[0]._replace(text=f"{word}. {parts[0].text}")
        elif chosen.reading.yes + chosen.reading.no >= _ONE_OF_BOTH:
            parts[0] = parts[0]._replace(before=_UNCLEAR)
    return at_once(parts)


def at_place(chosen: Chosen) -> Part:
    """The first sentence of those that the span touches, or the cell in which it stands with row and column."""
    first = sentences_around(chosen)[:1]
    return _cell(chosen, first[0]) or sentence_parts(chosen, first)[0]


def _items(question: Question, chosen: Chosen, around: list[Evidence]) -> list[Evidence]:
    """All items of the first list that the span touches, if the question asks for a list or for steps, or if the span
    touches several items or the line that announces them."""
    if question.wants_list < _WANTS_LIST and len(around) == 1 and not announces_list(around[-1].text):
        return []
    items = next((found for sentence in around if (found := list_items(sentence))), [])
    return [evidence(chosen, item.start, item.end, label) for label, item in enumerate(items, 1)]


def _cell(chosen: Chosen, row: Evidence) -> Part | None:
    """The cells of a row that the span touches, said with the row's name and their columns: "Wool, Time: 48 min"."""
    header = table_header(row.passage, row.start)
    if header is None:
        return None
    found = cells(row.text)
    names = column_names(header)
    start, end = chosen.span.start - row.start, chosen.span.end - row.start
    touched = [number for number, (text, at) in enumerate(found) if text and at < end and at + len(text) > start]
    if not touched:
        return None
    said = [_named(names, number, found[number][0]) for number in touched]
    label = found[0][0]
    if label and 0 not in touched:
        said.insert(0, label)
    first, last = touched[0], touched[-1]
    place = QuotedPlace(row, row.start + found[first][1], row.start + found[last][1] + len(found[last][0]))
    return Part(", ".join(said), (place,), VERBATIM)


def _column(chosen: Chosen, row: Evidence) -> list[Part]:
    """The cells of the row's column that the reader finds nearly as good, in the order of the rows."""
    column = _column_of(row, chosen.span.start)
    found = []
    for span in chosen.reading.spans:
        other = chosen._replace(span=span)
        (place, *more) = sentences_around(other)
        near = chosen.span.score - span.score <= _NEARLY
        in_table = table_header(place.passage, place.start) is not None
        if near and not more and in_table and _column_of(place, span.start) == column:
            found.append((span.start, _cell(other, place)))
    return [part for _, part in sorted(found, key=lambda item: item[0]) if part is not None]


def _column_of(row: Evidence, at: int) -> int:
    """The number of the cell in which the character `at` of the document stands."""
    return sum(start <= at - row.start for _, start in cells(row.text)) - 1


def _named(names: list[str], number: int, text: str) -> str:
    name = names[number] if number < len(names) else ""
    return f"{name}: {text}" if name and number else text
