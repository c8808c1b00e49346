"""A place in a document -> the whole list or procedure that it belongs to, line by line (pure).

A list is what the reader of the file says is one, or lines that begin with bullets or numbers. It is given whole,
across the borders of passages, with the line that announces it; a list in an item of another is a list of its own, and
numbered steps go on behind code or a note between them. Steps that are told in prose are a paragraph, or lines that
announce code, with that code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from rag.text.structure import blocks_in
from rag.types import AnswerSpan, BlockKind, BlockSpan, Evidence, Passage, StoredDocument

MOST_LINES = 40  # of a list that an answer quotes
_MOST_SENTENCES = 12  # of a paragraph or a chain of lines that is quoted as steps
_LONGEST_CODE = 160  # characters of code that is quoted with the line that announces it
_MARKER = re.compile(r"(?:(?P<bullet>[-*+•–])|(?P<number>\d{1,3})[.)]|[a-z][.)])\s+")


class DocumentLine(NamedTuple):
    """A line of a document, as a place in it."""

    start: int
    end: int
    block: int  # the number of its block
    kind: BlockKind
    item: bool  # True if it begins an item of a list
    ordinal: int | None  # of a numbered item
    mark: str = ""  # that items of one list share: the bullet, "1" for numbers, "a" for letters; empty without one


class Listing(NamedTuple):
    """A list or the steps of a procedure."""

    lead: tuple[Evidence, ...]  # what announces it, as sentences
    items: tuple[Evidence, ...]  # the first `MOST_LINES`, each whole as far as it stands in one passage
    marks: Literal["numbers", "bullets", "none"]
    total: int  # of all items


def listing(stored: StoredDocument, passage: Passage, span: AnswerSpan, steps: bool) -> Listing | None:
    """The list, or the procedure if `steps` are asked for, that the span touches or announces first; None if there is
    none, or if the document is no longer that of the passage."""
    text = stored.document.text
    if text[passage.start : passage.end] != passage.text:
        return None
    lines = _section(stored, span)
    touched = [number for number, line in enumerate(lines) if line.start < span.end and line.end > span.start]
    within = len(touched) == 1 and not steps and _is_within(lines[touched[0]], passage, span)
    for number in [] if within else touched:
        if found := _run(lines, number, text, steps):
            return _listing(stored, lines, found, span)
    return _told(stored, lines, touched, text) if steps and touched else None


def announces_list(text: str) -> bool:
    """True if this line introduces a list ("Passengers bring:")."""
    return text.rstrip().endswith(":")


def without_marker(text: str) -> int:
    """The number of characters that the bullet or number of a list item takes.

    >>> without_marker("- flour"), without_marker("flour")
    (2, 0)
    """
    match = _MARKER.match(text)
    return match.end() if match else 0


def _is_within(line: DocumentLine, passage: Passage, span: AnswerSpan) -> bool:
    """True if the span stands in a later sentence of an item, which may name several things itself."""
    return line.item and any(line.start < one.start <= span.start for one in passage.sentences)


def _section(stored: StoredDocument, span: AnswerSpan) -> list[DocumentLine]:
    """The lines between the headings and tables around the span."""
    text = stored.document.text
    blocks = stored.document.blocks or blocks_in(text)
    borders = [block for block in blocks if block.kind in ("heading", "table")]
    start = max((block.end for block in borders if block.end <= span.start), default=0)
    end = min((block.start for block in borders if block.start >= span.end), default=len(text))
    return [
        line
        for number, block in enumerate(blocks)
        if start <= block.start and block.end <= end
        for line in _lines(text, number, block)
    ]


def _lines(text: str, number: int, block: BlockSpan) -> Iterator[DocumentLine]:
    start = block.start
    found: list[DocumentLine] = []
    for part in text[block.start : block.end].split("\n"):
        begin = start + len(part) - len(part.lstrip())
        match = _MARKER.match(part.strip()) if block.kind in ("list", "prose") else None
        if part.strip():
            ordinal = int(match["number"]) if match and match["number"] else None
            mark = (match["bullet"] or ("1" if match["number"] else "a")) if match else ""
            found.append(
                DocumentLine(begin, start + len(part.rstrip()), number, block.kind, match is not None, ordinal, mark)
            )
        start += len(part) + 1
    if block.kind == "list" and not any(line.item for line in found):  # terms and what they mean
        found = [line._replace(item=True) for line in found]
    yield from found


def _run(lines: Sequence[DocumentLine], at: int, text: str, steps: bool) -> range | None:
    """The lines of the list that the line `at` belongs to or announces."""
    if not _in_list(lines, at):
        follows = at + 1 < len(lines) and lines[at + 1].item
        announces = announces_list(text[lines[at].start : lines[at].end])
        if not follows or not (announces or (steps and lines[at + 1].ordinal == 1)):
            return None
        at += 1
    if not steps and _is_heading(lines, _begins(lines, at)):
        return None
    around = frozenset[str]() if steps else _marks_around(lines, at)
    first = last = at
    while (before := _before(lines, first, steps)) is not None and lines[_begins(lines, before)].mark not in around:
        first = before
    while (after := _after(lines, last, steps)) is not None and lines[_begins(lines, after)].mark not in around:
        last = after
    return range(first, last + 1)


def _begins(lines: Sequence[DocumentLine], at: int) -> int:
    """The line that begins the item with which the line `at` goes on in the same block."""
    while at > 0 and not lines[at].item and lines[at - 1].block == lines[at].block:
        at -= 1
    return at


def _marks_around(lines: Sequence[DocumentLine], at: int) -> frozenset[str]:
    """The marks of the lists in whose items that of the line `at` stands: those that the block has before its own."""
    own = lines[_begins(lines, at)].mark
    marks = [line.mark for line in lines if line.item and line.block == lines[at].block]
    return frozenset(marks[: marks.index(own)]) if own in marks else frozenset()


def _in_list(lines: Sequence[DocumentLine], at: int) -> bool:
    """True if the line is an item, or goes on with one in the same block."""
    return lines[_begins(lines, at)].item


def _after(lines: Sequence[DocumentLine], at: int, steps: bool) -> int | None:
    """The next line of the list behind the line `at`; None at its end."""
    following = at + 1
    if following >= len(lines):
        return None
    if lines[following].block == lines[at].block:
        return following if lines[following].item or lines[at].kind == "list" else None
    ordinal = next((line.ordinal for line in reversed(lines[:following]) if line.ordinal is not None), None)
    ahead = next((n for n in range(following, len(lines)) if lines[n].item), None)
    if ordinal is None or ahead is None or lines[ahead].ordinal != ordinal + 1:
        return None
    return ahead if steps or not _is_heading(lines, ahead) else None


def _before(lines: Sequence[DocumentLine], at: int, steps: bool) -> int | None:
    """The line of the list before the line `at`; None at its beginning."""
    if at == 0:
        return None
    if lines[at - 1].block == lines[at].block:
        return at - 1 if _in_list(lines, at - 1) else None
    ordinal = lines[at].ordinal
    behind = next((n for n in range(at - 1, -1, -1) if lines[n].item), None)
    if ordinal is None or behind is None or lines[behind].ordinal != ordinal - 1:
        return None
    return behind if steps or not _is_heading(lines, at) else None


def _is_heading(lines: Sequence[DocumentLine], at: int) -> bool:
    """True if text of its own follows the numbered line in its block: the heading of a section, not an item."""
    following = at + 1
    return (
        lines[at].kind == "prose"
        and following < len(lines)
        and lines[following].block == lines[at].block
        and not lines[following].item
    )


def _listing(stored: StoredDocument, lines: Sequence[DocumentLine], run: range, span: AnswerSpan) -> Listing | None:
    text = stored.document.text
    items: list[tuple[int, int]] = []
    for line in (lines[number] for number in run):
        if line.item or not items:
            items.append((line.start, line.end))
        elif line.kind != "code" and line.block == lines[run[0]].block:
            items[-1] = (items[-1][0], line.end)
    found = [item for start, end in items[:MOST_LINES] if (item := _evidence(stored, start, end))]
    numbered = all(lines[number].ordinal is not None for number in run if lines[number].item)
    above = lines[run.start - 1] if run.start else None
    if above is None or above.kind == "code" or above.item:
        lead: tuple[Evidence, ...] = ()
    elif announces_list(text[above.start : above.end]):
        lead = _sentences(stored, above.start, above.end)[-1:]
    else:
        lead = tuple(one for one in _sentences(stored, above.start, above.end) if one.end > span.start)
    return Listing(lead, tuple(found), "numbers" if numbered else "bullets", len(items)) if found else None


def _told(stored: StoredDocument, lines: Sequence[DocumentLine], touched: Sequence[int], text: str) -> Listing | None:
    """The steps that a paragraph tells, or that lines tell which announce code."""
    first, last = touched[0], touched[-1]
    if any(lines[number].kind != "prose" for number in (first, last)):
        return None
    chain = [number for number in range(len(lines)) if _announces_code(lines, number, text)]
    found: list[Evidence | None]
    if first in chain:
        found = [_with_code(stored, lines, number) for number in chain]
    else:
        blocks = {lines[number].block for number in touched}
        inside = [number for number, line in enumerate(lines) if line.block in blocks]
        sentences = _sentences(stored, lines[inside[0]].start, lines[inside[-1]].end)
        found = list(sentences)
        if sentences and _announces_code(lines, inside[-1], text):
            found[-1] = _with_code(stored, lines, inside[-1], sentences[-1].start)
    items = tuple(item for item in found if item is not None)
    marks: Literal["bullets", "none"] = "bullets" if first in chain else "none"
    return Listing((), items, marks, len(items)) if 1 < len(items) <= _MOST_SENTENCES else None


def _announces_code(lines: Sequence[DocumentLine], number: int, text: str) -> bool:
    line = lines[number]
    follows = number + 1 < len(lines) and lines[number + 1].kind == "code"
    return line.kind == "prose" and follows and announces_list(text[line.start : line.end])


def _with_code(
    stored: StoredDocument, lines: Sequence[DocumentLine], number: int, start: int | None = None
) -> Evidence | None:
    """A line, from `start` on, with the code that it announces, if that is short."""
    line = lines[number] if start is None else lines[number]._replace(start=start)
    code = [other for other in lines[number + 1 :] if other.block == lines[number + 1].block]
    short = len(code) == 1 and code[0].end - code[0].start <= _LONGEST_CODE
    whole = _evidence(stored, line.start, code[0].end) if short else None
    return whole or _evidence(stored, line.start, line.end)


def _sentences(stored: StoredDocument, start: int, end: int) -> tuple[Evidence, ...]:
    """The sentences of the passages between two places."""
    return tuple(
        Evidence(1, passage, one.start, one.end, stored.document.text[one.start : one.end], 0.0)
        for passage in (each.passage for each in stored.passages)
        if passage.start < end and passage.end > start
        for one in passage.sentences
        if start <= one.start and one.end <= end
    )


def _evidence(stored: StoredDocument, start: int, end: int) -> Evidence | None:
    """The characters `start..end`, as far as the passage in which they begin holds them."""
    for passage in (each.passage for each in stored.passages):
        if passage.start <= start < passage.end:
            stop = min(end, passage.end)
            return Evidence(1, passage, start, stop, stored.document.text[start:stop], 0.0)
    return None
