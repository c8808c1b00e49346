"""Plain text -> paragraphs.

In: bytes. Out: blocks, one for each paragraph; a paragraph that was wrapped at a fixed column is one line again. A chat
that WhatsApp exported has a block for each message.
It guesses no headings: a document of this format has no sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.documents.blocks import Block, Content, visible
from rag.documents.chat_text import chat_blocks
from rag.documents.drawn_tables import drawn_blocks
from rag.documents.encoding import decode_text
from rag.documents.help_text import joined_help
from rag.documents.wrapping import UNSPACED, join
from rag.text.structure import cells

TERMINAL_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

WRAP_COLUMNS = range(50, 121)  # widths at which people and programs wrap prose
LONGEST_FILLED = 0.95  # quantile of the widths of filled lines that stands for the column; beyond it are odd ones
SLACK = 5  # columns by which programs that balance lines stay short of a full one
ENOUGH_FILLED = 0.7  # share of the breaks inside sentences at which the line had to be full if the text is wrapped
LIST_ITEM = re.compile(r"(?:[-*+•·‣–—]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s")
BLANK = re.compile(r"\n(?:[^\S\n]*\n)+")
PROSE = re.compile(r"\s*+[^\W_\d](?:[^{}=<>;\\|_*#$\s]*+\s){4,}[^{}=<>;\\|_*#$\s]*$")  # a line of a literal block
LEAST_PROSE, PROSE_SHARE = 3, 0.7  # lines, and their share, from which it is no code
COLUMNS = re.compile(r"\S(?:\t+| {3,})\S")  # aligned by hand: a table, not prose


def parse(data: bytes, unwrap: bool = True) -> Content:
    """The paragraphs of a file; `unwrap=False` is for logs and source code, whose lines are never to be joined."""
    text = decode_text(data)
    return Content([(unwrap and chat_blocks(visible(text).split("\n"))) or text_blocks(text, unwrap)])


def text_blocks(text: str, unwrap: bool = True) -> list[Block]:
    """The paragraphs of a text that is decoded."""
    text = visible(TERMINAL_COLOUR.sub("", text)).expandtabs()
    text = joined_help(text) if unwrap else text
    paragraphs = [paragraph.split("\n") for paragraph in BLANK.split(text)]
    column = _wrap_column(paragraphs) if unwrap else 0
    if not unwrap:
        return [_block(paragraph, unwrap) for paragraph in paragraphs]
    return [block for paragraph in paragraphs for block in _paragraph_blocks(paragraph, column)]


def _paragraph_blocks(lines: Sequence[str], column: int) -> Iterator[Block]:
    """Yields the lines as one block, or as those before, in and behind a table that is drawn there."""
    before, table, after = drawn_blocks(lines)
    if before:
        yield _block(_unwrapped(before, column), True)
    yield from table
    if after:
        yield from _paragraph_blocks(after, column)


def _block(lines: Sequence[str], unwrap: bool) -> Block:
    """The lines as a table if all have as many cells; as a list if one after the first is an item."""
    text = "\n".join(lines)
    if not unwrap:
        return Block(text, kind="code")
    counts = {len(cells(line)) for line in lines if line.strip()}
    if len(lines) > 1 and len(counts) == 1 and counts.pop() > 1:
        return Block(text, kind="table")
    return Block(text, kind="list" if any(LIST_ITEM.match(line.lstrip()) for line in lines[1:]) else "prose")


def literal_lines(text: str) -> str:
    """The lines of a literal block: help texts with an option a line, prose unwrapped, code as it is."""
    text = joined_help(text.expandtabs())
    lines = [line for line in text.split("\n") if line.strip()]
    prose = sum(PROSE.match(line) is not None for line in lines)
    if len(lines) < LEAST_PROSE or prose < PROSE_SHARE * len(lines):
        return text
    paragraphs = [paragraph.split("\n") for paragraph in BLANK.split(text)]
    column = _wrap_column(paragraphs)
    return "\n\n".join("\n".join(_unwrapped(paragraph, column)) for paragraph in paragraphs)


def _wrap_column(paragraphs: Sequence[Sequence[str]]) -> int:
    """The column at which the text was wrapped, 0 if it was not.

    Learned from the line breaks that stand inside a sentence: in a wrapped text the next word did not fit there.
    """
    breaks = [
        (_width(line), _first_word(after))
        for lines in paragraphs
        for line, after in pairwise(lines)
        if _runs_on(after) and _width(line) in WRAP_COLUMNS and not _starts_unit(after, line)
    ]
    if not breaks:
        return 0
    widths = sorted(width for width, _ in breaks)
    column = widths[int(LONGEST_FILLED * (len(widths) - 1))]
    filled = sum(_is_filled(width, word, column) for width, word in breaks)
    return column if filled >= ENOUGH_FILLED * len(breaks) else 0


def _unwrapped(lines: Sequence[str], column: int) -> list[str]:
    """The lines, each joined with the one before it if only the column parted them."""
    units = [[lines[0]]]
    for line, after in pairwise(lines):
        if column and _is_filled(_width(line), _first_word(after), column) and not _starts_unit(after, line):
            units[-1].append(after)
        else:
            units.append([after])
    return [join(unit) for unit in units]


def _is_filled(width: int, next_word: int, column: int) -> bool:
    return column - SLACK < width + 1 + next_word and width <= column + SLACK


def _starts_unit(line: str, before: str) -> bool:
    """Tells if a line is a list item, a row with aligned columns, or set in deeper than the line before it."""
    if LIST_ITEM.match(line.lstrip()) or COLUMNS.search(line.strip()) or COLUMNS.search(before.strip()):
        return True
    return _indent(line) > _indent(before) and not LIST_ITEM.match(before.lstrip())


def _runs_on(line: str) -> bool:
    """Tells if a line begins inside a sentence, as far as its first character shows."""
    first = line.lstrip()[:1]
    return first.islower() or bool(re.match(f"[{UNSPACED}]", first))


def _first_word(line: str) -> int:
    """The number of columns of the shortest beginning of the line that cannot be broken."""
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    return 2 if re.match(f"[{UNSPACED}]", word) else _width(word)


def _width(line: str) -> int:
    """The number of columns on a screen: characters of unspaced scripts take two."""
    line = line.rstrip()
    return len(line) if line.isascii() else len(line) + len(re.findall(f"[{UNSPACED}]", line))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
