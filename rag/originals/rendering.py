"""A stretch of a document -> its blocks as a page shows them: headings with their levels, rows of tables as cells.

In: a document and a stretch of its text. Out: the blocks in it, cut at line ends, no more characters than a page takes
at once, and where those before and behind begin. Pure; texts are as the document has them, each with its place.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from rag.text.structure import blocks_in, cells
from rag.types import BlockKind, BlockSpan, Document, LinkSpan, Section


class Piece(NamedTuple):
    """A text and the place at which it begins in the document."""

    start: int
    text: str


class ShownBlock(NamedTuple):
    """A block, or the lines of it that lie in the stretch."""

    kind: BlockKind
    start: int
    end: int
    level: int  # of a heading, from 1; 0 for all else
    page: int | None  # 1-based, on which it begins
    header: tuple[Piece, ...] | None  # of a table: the cells of its header row, wherever that stands
    rows: tuple[tuple[Piece, ...], ...]  # the cells of each row of a table, the lines of all else; without the header


class Rendered(NamedTuple):
    """The blocks of a stretch; `before` and `behind` are the places at which the text goes on, None at its ends."""

    blocks: list[ShownBlock]
    links: list[LinkSpan]
    before: int | None  # the end of the text before
    behind: int | None  # the start of the text behind


def rendered(document: Document, start: int, end: int, most: int) -> Rendered:
    """The blocks that lie in `start..end`, at least in part, cut at line ends; of the first `most` characters only, but
    for one line at least."""
    levels = _levels(document.sections)
    taken: list[tuple[BlockSpan, Piece]] = []
    behind: int | None = None
    for block, line in _lines(document, start):
        first = taken[0][1].start if taken else line.start
        if line.start >= end or (taken and line.start + len(line.text) > first + most):
            behind = line.start
            break
        taken.append((block, line))
    shown = [
        _shown(document, block, [line for _, line in lines], levels)
        for block, lines in groupby(taken, key=lambda each: each[0])
    ]
    links = [link for link in document.links if shown and link.end > shown[0].start and link.start < shown[-1].end]
    first = shown[0].start if shown else min(start, len(document.text))
    return Rendered(shown, links, first if document.text[:first].strip() else None, behind)


def _lines(document: Document, start: int) -> Iterator[tuple[BlockSpan, Piece]]:
    """The lines that end behind a place, each with its block."""
    text = document.text
    blocks = document.blocks or blocks_in(text, [section.start for section in document.sections])
    first = max(0, bisect_right(blocks, start, key=lambda block: block.start) - 1)
    for block in blocks[first:]:
        place = block.start
        for line in text[block.start : block.end].split("\n"):
            if place + len(line) > start:
                yield block, Piece(place, line)
            place += len(line) + 1


def _shown(document: Document, block: BlockSpan, lines: Sequence[Piece], levels: Mapping[int, int]) -> ShownBlock:
    header = block.header if block.kind == "table" else None
    named = _cells(Piece(header[0], document.text[slice(*header)])) if header else None
    rows = [line for line in lines if header is None or line.start != header[0]]
    return ShownBlock(
        block.kind,
        lines[0].start,
        lines[-1].start + len(lines[-1].text),
        levels.get(block.start, 1) if block.kind == "heading" else 0,
        bisect_right(document.pages, lines[0].start) or None,
        named,
        tuple(_cells(row) if block.kind == "table" else (row,) for row in rows),
    )


def _cells(row: Piece) -> tuple[Piece, ...]:
    return tuple(Piece(row.start + place, text) for text, place in cells(row.text))


def _levels(sections: Sequence[Section]) -> dict[int, int]:
    """The level of each heading by its place, from 1: those whose paths begin with its own lie below it."""
    levels: dict[int, int] = {}
    above: list[str] = []
    for section in sections:
        while above and not section.path.startswith(f"{above[-1]} > "):
            above.pop()
        above.append(section.path)
        levels[section.start] = len(above)
    return levels
