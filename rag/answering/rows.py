"""Passages -> the tables, lists and runs of lines that they lead to, whole, line by line (pure but for the look-up).

In: hits, and a function that gives a whole document. Out: `Rows`, in the order of the hits, each once: what stands in a
row, and the words around it (title, headings, header row, the line that announces it) that hold for every row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from rag.text.structure import blocks_of, header_of, rows_start
from rag.text.terms import terms
from rag.types import BlockKind, BlockSpan, Evidence, Hit, Passage, StoredDocument, StoredPassage

TABLES: tuple[BlockKind, ...] = ("table",)
_KINDS: tuple[BlockKind, ...] = ("table", "list", "prose")
_FEWEST_LINES = 3  # of prose that is a run of lines, such as a diary
_ANNOUNCES = 25  # words of a line that announces what follows
_CLOSED = (".", "!", "?")


LookUp: TypeAlias = Callable[[str], StoredDocument | None]  # by document id; None if it is no longer what was found


class Rows(NamedTuple):
    """The rows of a table, the items of a list, or lines that stand together."""

    kind: BlockKind
    document: str  # its id
    start: int  # of the block in it
    section: str | None
    header: str  # of a table; empty if it has none
    lines: list[Evidence]  # one for each row, without the header
    around: frozenset[str]  # terms that hold for every row
    named: frozenset[str]  # those of them that are of the document's title and file


def rows_near(hits: Sequence[Hit], stored: LookUp, kinds: Collection[BlockKind] = _KINDS) -> Iterator[Rows]:
    """The tables, lists and runs of lines of the hits; a document is looked up only if it is needed."""
    seen: set[tuple[str, int]] = set()
    for hit in hits:
        id_ = hit.passage.document_id
        for near in blocks_of(hit.passage):
            if near.kind not in kinds or (near.kind == "prose" and not _has_lines(hit.passage, near)):
                continue
            document = stored(id_)
            if document is None:
                continue
            block, before = _whole_block(document, near)
            if (id_, block.start) in seen:
                continue
            seen.add((id_, block.start))
            found = _rows(document, hit.passage, near, block, before)
            if found.kind != "prose" or len(found.lines) >= _FEWEST_LINES:
                yield found


def _has_lines(passage: Passage, block: BlockSpan) -> bool:
    return "\n" in passage.text[max(block.start - passage.start, 0) : block.end - passage.start]


def _rows(stored: StoredDocument, near: Passage, part: BlockSpan, block: BlockSpan, before: str) -> Rows:
    header = header_of(near, part) if block.kind == "table" else ""
    named = frozenset(terms(f"{near.title}\n{near.document_id.rpartition('/')[2].rpartition('.')[0]}"))
    around = named.union(terms(f"{near.section or ''}\n{before}\n{header}"))
    lines = list(_lines(stored, block))
    return Rows(block.kind, near.document_id, block.start, near.section, header, lines, around, named)


def _whole_block(stored: StoredDocument, near: BlockSpan) -> tuple[BlockSpan, str]:
    """The block of the document of which `near` is the part that a passage holds, and the line that announces it."""
    blocks = stored.document.blocks
    number = bisect_right(blocks, near.start, key=lambda block: block.start) - 1
    if number < 0 or near.start >= blocks[number].end:
        return near, ""
    before = stored.document.text[blocks[number - 1].start : blocks[number - 1].end] if number else ""
    announces = "\n" not in before and len(before.split()) <= _ANNOUNCES and not before.endswith(_CLOSED)
    return blocks[number], before if announces else ""


def _lines(stored: StoredDocument, block: BlockSpan) -> Iterator[Evidence]:
    """The lines of the block below its header, each as far as it stands in one passage."""
    passages: list[StoredPassage] = stored.passages
    start = rows_start(block)
    for line in stored.document.text[start : block.end].split("\n"):
        number = bisect_right(passages, start, key=lambda stored: stored.passage.start) - 1
        passage = passages[max(number, 0)].passage if passages else None
        if line.strip() and passage is not None and passage.start <= start < passage.end:
            end = min(start + len(line.rstrip()), passage.end)
            yield Evidence(1, passage, start, end, passage.text[start - passage.start : end - passage.start], 0.0)
        start += len(line) + 1
