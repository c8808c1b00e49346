"""Mode quote: what stands in the documents, in the form that the question asks for.

A list or steps: whole, with the line that announces it. Yes or no: the word first, if it is clear, then the
sentence that says so. A cell of a table: with the row and the column that it stands in. Everything
else: the sentences in which the answer stands. All of it is verbatim and cited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answering.choose import Chosen, evidence, sentences_around
from rag.answering.denied_above import announced_above, denied_above
from rag.answering.extract import MOST_SENTENCES, sentence_parts
from rag.answering.lists import Listing, announces_list, listing, without_marker
from rag.answering.matching_rows import rows_that_match, says_yes
from rag.answering.modes import Parts, at_once
from rag.answering.parts import Part, QuotedPlace
from rag.answering.rows import LookUp
from rag.answering.verdict import verdict
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.question import Question
from rag.text.structure import block_at, cells, column_names, table_header
from rag.text.terms import terms
from rag.types import Evidence, Passage

_WANTS_LIST = 0.3  # probability from which a list in which the answer stands is given whole
_ONE_OF_BOTH = 0.5  # probability that the passage says yes or no at all, from which the question is taken to ask for it
_UNCLEAR = "The documents say: "  # in place of "Yes" or "No"
_UNDER = "The documents say under “{}”: "
_EXPLAINED = ("why", "how", "definition")  # kinds of questions whose answers are to be read alone
_LEANS = re.compile(r"(?:this|that|these|those|such)\b", re.IGNORECASE)
_ONE_LOOK = 240  # characters of a paragraph or item that is read as one
_NEXT_BEST = 11.5  # logits below the best span at which one beside it may be what was asked for
_NEARLY = 2.0  # logits below the best span at which a cell of the same column is another of the things asked for


def quote(question: Question, chosen: Chosen, stored: LookUp) -> Parts:
    """The parts of the answer that the chosen span gives to the question; `stored` gives a document by its id."""
    around = sentences_around(chosen)
    above = denied_above(chosen)
    if found := _listing(question, chosen, around, stored):
        return at_once(list(_listed(chosen, found, above)), _cut(found))
    if len(around) == 1 and (cells_said := _cells(question, chosen, around[0], stored)):
        return at_once(cells_said)
    said = _with_reason(chosen, around)
    if question.kind in _EXPLAINED:
        said = _with_antecedent(chosen, said)
    said = _with_next_best(chosen, said)
    parts = sentence_parts(chosen, said[:MOST_SENTENCES])
    if question.kind == "yesno":
        parts[0] = _with_word(parts[0], chosen, around, above)
    elif above and without_marker(said[0].text):
        parts[0] = parts[0]._replace(before=f"{above}: ")
    return at_once(parts)


def _with_word(part: Part, chosen: Chosen, around: list[Evidence], denied: str) -> Part:
    """The first sentence behind the "Yes" or "No" that it bears out, if clear, and the words above that deny or
    announce it."""
    word = verdict(chosen.reading, around, denied)
    above = denied or announced_above(chosen)
    if word and above:
        return part._replace(text=f"{word}. {above}: {part.text}")
    if word:
        says_it = part.text.lower().startswith((f"{word},".lower(), f"{word}.".lower()))
        return part if says_it else part._replace(text=f"{word}. {part.text}")
    if chosen.reading.yes + chosen.reading.no >= _ONE_OF_BOTH:
        return part._replace(before=_UNDER.format(above) if above else _UNCLEAR)
    return part._replace(before=f"{above}: ") if above else part


def _with_reason(chosen: Chosen, around: list[Evidence]) -> list[Evidence]:
    """The sentences, with the one that follows if they are a "Yes." or "No." alone."""
    passage, end = chosen.passage, around[-1].end
    block = block_at(passage, around[0].start)
    if len(around) > 1 or around[0].text.strip(" .!").lower() not in ("yes", "no") or block is None:
        return around
    after = next((one for one in passage.sentences if end <= one.start < block.end), None)
    return [*around, evidence(chosen, after.start, after.end, 2)] if after else around


def _with_antecedent(chosen: Chosen, around: list[Evidence]) -> list[Evidence]:
    """The sentences, with the one before them in their block if the first leans on it ("This avoids ...")."""
    passage, start = chosen.passage, around[0].start
    block = block_at(passage, start)
    if block is None or block.kind != "prose" or not _LEANS.match(around[0].text):
        return around
    before = next((one for one in reversed(passage.sentences) if block.start <= one.start and one.end <= start), None)
    return [evidence(chosen, before.start, before.end), *around] if before else around


def _with_next_best(chosen: Chosen, around: list[Evidence]) -> list[Evidence]:
    """The sentences, with the one behind them, in the same short paragraph or item of a list, in which the reader's
    best span outside them stands, if it is not far below: "Lent to Marta." behind the title of the book."""
    passage, last = chosen.passage, around[-1]
    start, end = _line(passage, around[0].start, last.end)
    behind = [place for place in passage.sentences if last.end <= place.start and place.end <= end]
    if end - start > _ONE_LOOK:
        return around
    for span in chosen.reading.spans:
        touched = next((place for place in behind if place.start < span.end and place.end > span.start), None)
        if touched and chosen.span.score - span.score <= _NEXT_BEST:
            return [*around, evidence(chosen, touched.start, touched.end, len(around) + 1)]
    return around


def _line(passage: Passage, start: int, end: int) -> tuple[int, int]:
    """The paragraph or item of a list in which `start..end` stands; that itself in a table or code."""
    block = block_at(passage, start)
    if block is None or block.kind not in ("prose", "list") or end > block.end:
        return start, end
    text, at = passage.text, passage.start
    begins = text.rfind("\n", 0, start - at) + 1 + at
    ends = text.find("\n", end - at)
    return max(begins, block.start), min(ends + at if ends >= 0 else passage.end, block.end)


def at_place(chosen: Chosen) -> Part:
    """The first sentence of those that the span touches, or the cell in which it stands with row and column."""
    first = sentences_around(chosen)[:1]
    return _cell(chosen, first[0]) or sentence_parts(chosen, first)[0]


def _listing(question: Question, chosen: Chosen, around: Sequence[Evidence], stored: LookUp) -> Listing | None:
    """The list or the steps that the span touches, if the question asks for such, or if the span touches several lines
    or the one that announces them."""
    passage, span = chosen.passage, chosen.span
    several = "\n" in passage.text[span.start - passage.start : span.end - passage.start].strip()
    if question.wants_list < _WANTS_LIST and not several and not announces_list(around[-1].text):
        return None
    document = stored(passage.document_id)
    return listing(document, passage, span, steps=question.kind == "steps") if document else None


def _listed(chosen: Chosen, found: Listing, above: str) -> Iterator[Part]:
    """The line that announces a list, or the heading that denies it, then a line for each item, or the sentences that
    tell the steps."""
    yield from (part._replace(opens=True) for part in sentence_parts(chosen, found.lead))
    for number, item in enumerate(sentence_parts(chosen, found.items), 1):
        part = item._replace(support=VERBATIM)  # an item such as "A" says nothing alone, and none may be left out
        mark = {"numbers": f"{number}. ", "bullets": "- ", "none": ""}[found.marks]
        first = number == 1 and not found.lead
        if first and above:
            yield part._replace(before=f"{above}:\n{mark}")
            continue
        yield part._replace(before=mark if first else f"\n{mark}") if mark else part


def _cut(found: Listing) -> str:
    """A remark on a list that is too long to be quoted whole."""
    said = len(found.items)
    return f"\nThe list has {found.total} items; the first {said} are quoted." if said < found.total else ""


def _cells(question: Question, chosen: Chosen, row: Evidence, stored: LookUp) -> list[Part]:
    """The chosen cell; those of all rows that match the question as its row does; or, for a list, those of its column
    that the reader finds nearly as good. A cell that says yes or no begins with that word if it is asked for."""
    cell = _cell(chosen, row)
    if cell is None and not (_is_header(row) and question.wants_list >= _WANTS_LIST):
        return []
    if question.kind == "yesno":
        return [_with_mark(_whole_row(row) if _in_first_cell(chosen, row) else cell, chosen)] if cell else []
    if cell and _in_first_cell(chosen, row) and not question.terms.isdisjoint(terms(cells(row.text)[0][0])):
        return [_whole_row(row)]  # which is named by the question
    several = [
        part for one in rows_that_match(question, chosen, stored) if (part := _cell(one, sentences_around(one)[0]))
    ]
    if several:
        return several
    return (_column(chosen, row) if question.wants_list >= _WANTS_LIST else []) or ([cell] if cell else [])


def _is_header(row: Evidence) -> bool:
    block = block_at(row.passage, row.start)
    return block is not None and block.kind == "table" and block.header is not None and row.start == block.header[0]


def _in_first_cell(chosen: Chosen, row: Evidence) -> bool:
    found = cells(row.text)
    return len(found) > 1 and chosen.span.start - row.start < found[1][1]


def _whole_row(row: Evidence) -> Part:
    """All cells of a row behind the names of their columns: its name alone answers no question about it."""
    names = column_names(table_header(row.passage, row.start) or "")
    found = cells(row.text)
    said = [_named(names, number, text) for number, (text, _) in enumerate(found) if text]
    return Part(", ".join(said), (QuotedPlace(row, row.start, row.end),), VERBATIM)


def _with_mark(cell: Part, chosen: Chosen) -> Part:
    """The cell behind "Yes" or "No" if that is what stands in it."""
    place = cell.places[0]
    text = chosen.passage.text[place.start - chosen.passage.start : place.end - chosen.passage.start]
    word = {True: "Yes", False: "No", None: ""}[says_yes(text)]
    return cell._replace(text=f"{word}. {cell.text}") if word else cell


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
    own = [] if 0 in touched else [number for number in range(_naming(row, found)) if number not in touched]
    said = [_named(names, number, found[number][0]) for number in [*own, *touched] if found[number][0]]
    first, last = touched[0], touched[-1]
    place = QuotedPlace(row, row.start + found[first][1], row.start + found[last][1] + len(found[last][0]))
    return Part(", ".join(said), (place,), VERBATIM)


def _naming(row: Evidence, found: Sequence[tuple[str, int]]) -> int:
    """The number of cells that name the row: the first one, and as many behind it as tell it from the other rows of its
    table that begin alike."""
    block = block_at(row.passage, row.start)
    if block is None:
        return 1
    at = row.passage.start
    lines = row.passage.text[max(block.start - at, 0) : block.end - at].split("\n")
    others = [[text for text, _ in cells(line)] for line in lines if line.strip() != row.text.strip()]
    own = [text for text, _ in found]
    return next((count for count in (1, 2, 3) if not any(other[:count] == own[:count] for other in others)), 1)


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
