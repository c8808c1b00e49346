"""Document -> Passages with their sentences, as spans of the document's text (pure).

A passage is a run of whole sentences of one section, about `target` tokens long and never longer than `limit`; it
begins and ends at block boundaries where blocks allow it, and does not end with a line that announces what follows
("You need:"). Every sentence is in exactly one passage. Headings are part
of a passage's text, so that they are searched, but no sentence of it, so that they are never quoted as an answer.

Does not handle: overlap between passages (sentences are matched one by one, so none is needed), meaning.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from rag.settings import Settings
from rag.types import BlockSpan, Document, Passage, Sentence

VERSION = "2"  # an index keeps it in its fingerprint: grows when passages cut before could not stand beside new ones


class _Unit(NamedTuple):
    """A sentence or heading, with what decides where a passage may end."""

    start: int
    end: int
    section: int  # number of its section; -1 before the first
    block: int
    heading: bool
    announces: bool  # ends with a colon
    tokens: int


def chunk(document: Document, token_spans: Sequence[tuple[int, int]], target: int, limit: int) -> list[Passage]:
    """Cut `document` into passages of about `target` and at most `limit` tokens.

    `token_spans` are the `(start, end)` of each token of `document.text`, in order, as `Embedder.token_spans` gives
    them. A sentence of more than `limit` tokens is cut at token boundaries, at white space if there is any.
    """
    from rag.text.structure import blocks_in

    starts = [start for start, _ in token_spans]
    blocks = document.blocks or blocks_in(document.text, (section.start for section in document.sections))
    units = list(_units(document, blocks, starts, limit))
    passages = []
    for _, group in groupby(units, key=lambda unit: unit.section):
        passages += [_passage(document, blocks, run) for run in _pack(list(group), min(target, limit), limit)]
    return passages


def _units(document: Document, blocks: Sequence[BlockSpan], starts: list[int], limit: int) -> Iterator[_Unit]:
    from rag.text.sentences import split_sentences  # not at the top, since every command needs `chunker_fingerprint`

    section_starts = [section.start for section in document.sections]
    for block, sentence in split_sentences(document.text, blocks):
        for start, end in _cut(document.text, sentence, starts, limit):
            section = bisect_right(section_starts, start) - 1
            heading = blocks[block].kind == "heading"
            announces = document.text[start:end].endswith(":")
            yield _Unit(start, end, section, block, heading, announces, _count(starts, start, end))


def _count(starts: list[int], start: int, end: int) -> int:
    return bisect_left(starts, end) - bisect_left(starts, start)


def _cut(text: str, sentence: Sentence, starts: list[int], limit: int) -> Iterator[Sentence]:
    """The sentence itself, or pieces of at most `limit` tokens if it is longer."""
    start, end = sentence
    while _count(starts, start, end) > limit:
        stop = starts[bisect_left(starts, start) + limit]
        space = max(text.rfind(" ", start + 1, stop + 1), text.rfind("\n", start + 1, stop + 1))
        stop = space if space > start + (stop - start) // 2 else stop
        yield Sentence(start, start + len(text[start:stop].rstrip()))
        start = stop + len(text[stop:end]) - len(text[stop:end].lstrip())
    yield Sentence(start, end)


def _pack(units: list[_Unit], target: int, limit: int) -> Iterator[list[_Unit]]:
    """Fill passages block by block; a block that is longer than a passage is shared out evenly over several."""
    current: list[_Unit] = []
    size = 0
    for _, group in groupby(units, key=lambda unit: unit.block):
        block = list(group)
        length = sum(unit.tokens for unit in block)
        only_heading = all(unit.heading for unit in current)
        if not only_heading and size + length > target:
            done, current = _apart(current)
            if done:
                yield done
            size = sum(unit.tokens for unit in current)
        if size + length <= limit:
            current, size = current + block, size + length
            continue
        *full, current = _share(current + block, target, limit)
        yield from full
        size = sum(unit.tokens for unit in current)
    if current:
        yield current


def _apart(units: list[_Unit]) -> tuple[list[_Unit], list[_Unit]]:
    """The units of a passage that is full, and those that belong to what follows: its last block if that announces the
    next, with the headings above if there is nothing else."""
    if not units[-1].announces:
        return units, []
    place = next(number for number, unit in enumerate(units) if unit.block == units[-1].block)
    if all(unit.heading for unit in units[:place]):
        place = 0
    return units[:place], units[place:]


def _share(units: list[_Unit], target: int, limit: int) -> list[list[_Unit]]:
    """Cut a long block into runs of nearly equal length, none above `limit`."""
    total = sum(unit.tokens for unit in units)
    runs = max(1, -(-total // target))
    goal = total / runs
    shares: list[list[_Unit]] = [[]]
    size = before = 0  # tokens of the last share, and of all units so far
    for unit in units:
        due = before + unit.tokens / 2 > goal * len(shares) and not all(u.heading for u in shares[-1])
        if shares[-1] and (due or size + unit.tokens > limit):
            shares.append([])
            size = 0
        shares[-1].append(unit)
        size += unit.tokens
        before += unit.tokens
    return shares


def _passage(document: Document, blocks: Sequence[BlockSpan], units: list[_Unit]) -> Passage:
    start, end = units[0].start, units[-1].end
    sentences = tuple(Sentence(unit.start, unit.end) for unit in units if not unit.heading)
    if not sentences:  # a section that is only a heading
        sentences = tuple(Sentence(unit.start, unit.end) for unit in units)
    section = document.sections[units[0].section].path if units[0].section >= 0 else None
    pages = tuple(bisect_right(document.pages, sentence.start) for sentence in sentences) if document.pages else ()
    inside = [_clipped(block, start, end) for block in blocks[units[0].block : units[-1].block + 1]]
    if document.text[start - 1 : start] not in ("", "\n"):  # within a row, of which the columns are not counted
        inside[0] = inside[0]._replace(header=None)
    header = next((block.header for block in inside if block.header and block.header[0] < start), None)
    return Passage(
        document.id, document.title, document.source, start, end, document.text[start:end], sentences, section, pages,
        tuple(block if block.header == header else _without_far_header(block, start) for block in inside),
        document.text[slice(*header)] if header else "",
    )  # fmt: skip


def _clipped(block: BlockSpan, start: int, end: int) -> BlockSpan:
    """The part of the block within `start..end`; a header that is cut names nothing."""
    cut = block.header is not None and (block.header[0] < start < block.header[1] or block.header[1] > end)
    header = None if cut else block.header
    return BlockSpan(max(block.start, start), min(block.end, end), block.kind, header)


def _without_far_header(block: BlockSpan, start: int) -> BlockSpan:
    """The block without a header before `start`, of which a passage keeps only one."""
    return block if block.header is None or block.header[0] >= start else block._replace(header=None)


def chunker_fingerprint(settings: Settings) -> str:
    """A text that changes whenever documents would be cut differently."""
    return f"sentences-{VERSION}:{settings.passage_tokens}"
