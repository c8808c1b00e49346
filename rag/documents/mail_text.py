"""Plain text of a message -> paragraphs, without the marks of quotation and the breaks that a mail program put in.

In: the decoded text of a part. Out: blocks. What is quoted ("> It turns.") is text like any other, in paragraphs of its
own; who wrote it stands in the line above it, if the writer's program put one there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.documents.blocks import Block
from rag.documents.text import text_blocks

QUOTED = re.compile(r"(?:> ?)+")
COMPARISON = re.compile(r">\s?[\d=]")  # "> 5 bar": a quotation only among other quoted lines
SIGNATURE = "-- "  # the one line that ends with a space and is not continued (RFC 3676)


def mail_blocks(text: str, flowed: bool = False, without_space: bool = False) -> list[Block]:
    """The paragraphs; `flowed`: a line that ends with a space goes on, with or `without_space` (RFC 3676)."""
    lines = list(_unquoted(text.replace("\r\n", "\n").split("\n")))
    if flowed:
        lines = list(_joined(lines, without_space))
    out: list[str] = []
    before = 0
    for level, line in lines:
        if level != before and out and out[-1].strip() and line.strip():
            out.append("")
        out.append(line)
        before = level
    return text_blocks("\n".join(out))


def _unquoted(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yields the level of quotation of each line, and the line without its marks."""
    for place, line in enumerate(lines):
        marks = QUOTED.match(line)
        beside = lines[max(0, place - 1) : place] + lines[place + 1 : place + 2]
        if marks is None or (COMPARISON.match(line) and not any(other.startswith(">") for other in beside)):
            yield 0, line
        else:
            yield marks[0].count(">"), line[marks.end() :]


def _joined(lines: list[tuple[int, str]], without_space: bool) -> Iterator[tuple[int, str]]:
    """Yields whole lines from flowed ones."""
    open_level, waiting = 0, ""
    for level, line in lines:
        line = line.removeprefix(" ") if not level else line  # a space keeps "From" and ">" at the start from harm
        if waiting and level != open_level:
            yield open_level, waiting
            waiting = ""
        if line.endswith(" ") and line != SIGNATURE:
            open_level, waiting = level, waiting + (line[:-1] if without_space else line)
        else:
            yield level, waiting + line
            waiting = ""
    if waiting:
        yield open_level, waiting
