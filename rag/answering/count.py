"""A question for a number that no sentence states -> the rows or items that match it, cited.

A row matches if it holds the words of the question that its table's surroundings (title, headings, header row) do not
hold already. The number of rows is said only if all that match stand in one table or list; sums are not computed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rag.answering.choose import Chosen
from rag.answering.extract import MOST_SENTENCES
from rag.answering.form import Form
from rag.answering.lists import without_marker
from rag.answering.parts import Part, quoted
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.question import Question
from rag.text.structure import blocks_of, header_of, rows_start, table_header
from rag.text.terms import terms
from rag.types import BlockSpan, Evidence, Hit, Passage, StoredDocument

_ASKS = re.compile(
    r"\bhow (?:many|much)\b|\bin total\b|\bthe (?:total )?number of\b|\btotal (?:number|amount|sum|cost)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:no|none|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty"
    r"|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|once|twice|half|dozens?|pair|both|single)\b",
    re.IGNORECASE,
)
_FEWEST = 2  # words of the question that can match: one alone, such as "companies", is in any list
_SAID = frozenset(terms("many much number total count sum altogether overall amount times document file library"))
_SHARE = 2 / 3  # of the words that a table must hold with its surroundings: "spend" is in no household budget
_NOT_COUNTED = "\nI can quote these places, not count them."


class _Rows(NamedTuple):
    """The matching rows of one table or list."""

    place: tuple[str, int]  # the document and the start of the block in it
    rows: list[Evidence]


def asks_count(question: Question) -> bool:
    """True if the question asks for a number of things, or a sum."""
    return bool(_ASKS.search(question.text))


def states_number(chosen: Chosen) -> bool:
    """True if the span that was found holds a number, in figures or as a word."""
    start, end = chosen.span.start - chosen.passage.start, chosen.span.end - chosen.passage.start
    return bool(_NUMBER.search(chosen.passage.text[start:end]))


def count(question: Question, hits: Sequence[Hit], stored: Callable[[str], StoredDocument]) -> Form | None:
    """The rows that match; None if there are none."""
    asked = frozenset(question.terms) - _SAID
    if len(asked) < _FEWEST:
        return None
    found = list(_matching(asked, hits, stored))
    if not found:
        return None
    first, *rest = [part for block in found for part in _quoted(block.rows)][:MOST_SENTENCES]
    parts = (first._replace(before=(first.before or "").lstrip()), *rest)
    if len(found) > 1:
        return Form(parts, _NOT_COUNTED)
    rows = found[0].rows
    shown = f"; the first {len(parts)} are quoted" if len(parts) < len(rows) else ""
    lines = "line matches" if len(rows) == 1 else "lines of one table or list match"
    return Form(parts, f"\n{len(rows):,} {lines}{shown}. They were counted, not added up.")


def _matching(asked: frozenset[str], hits: Sequence[Hit], stored: Callable[[str], StoredDocument]) -> Iterator[_Rows]:
    """The tables and lists of the hits in which rows match, each once."""
    whole: dict[str, StoredDocument] = {}
    seen: set[tuple[str, int]] = set()
    for hit in hits:
        id_ = hit.passage.document_id
        for near in blocks_of(hit.passage):
            if near.kind not in ("table", "list"):
                continue
            document = whole[id_] = whole.get(id_) or stored(id_)
            block = _whole_block(document, near)
            if (id_, block.start) not in seen:
                seen.add((id_, block.start))
                if rows := _rows(asked, document, block, hit.passage):
                    yield _Rows((id_, block.start), rows)


def _whole_block(stored: StoredDocument, near: BlockSpan) -> BlockSpan:
    """The block of the document of which `near` is the part that a passage holds."""
    blocks = stored.document.blocks
    number = bisect_right(blocks, near.start, key=lambda block: block.start) - 1
    return blocks[number] if number >= 0 and near.start < blocks[number].end else near


def _rows(asked: frozenset[str], stored: StoredDocument, block: BlockSpan, near: Passage) -> list[Evidence]:
    """The rows or items of the block that hold the words which its surroundings do not; all of them if its header or
    its surroundings hold what is asked."""
    header = frozenset(terms(header_of(near, block)))
    around = header.union(terms(f"{near.title}\n{near.section or ''}"))
    lines = list(_lines(stored, block))
    held = {line: frozenset(terms(line.text)) for line in lines}
    own = (asked - around).intersection(frozenset[str]().union(*held.values()))
    if len(own | (asked & around)) < _SHARE * len(asked) or not (own or asked & header or asked <= around):
        return []
    return [line for line in lines if own <= held[line]]


def _lines(stored: StoredDocument, block: BlockSpan) -> Iterator[Evidence]:
    start = rows_start(block)
    for _, passage, _ in stored.passages:
        if passage.start < block.end and passage.end > start:
            for first, last in passage.sentences:
                if start <= first and last <= block.end:
                    text = passage.text[first - passage.start : last - passage.start]
                    yield Evidence(1, passage, first, last, text, 0.0)


def _quoted(rows: Sequence[Evidence]) -> Iterator[Part]:
    """A line for each row, the first after the header of its table."""
    for number, row in enumerate(rows):
        header = table_header(row.passage, row.start) if number == 0 else None
        part = quoted(row, without_marker(row.text), len(row.text), VERBATIM)
        yield part._replace(before=f"\n{header}\n- " if header else "\n- ")
