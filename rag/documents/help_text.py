"""Lines that are kept as they are, such as the help of a program -> the same, an option with its whole help on a line.

In: the lines of a literal block or a text. Out: the same lines, but for those that go on with the words above them: set
in as far as these begin behind a gap, or below an option that stands alone. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.documents.wrapping import join

# A word or an option, a gap, and words that may go on below one another
DESCRIBED = re.compile(r"(\s*\S+(?: \S+){0,5}\s{2,})(?=[^\W_]\S* \S)(?!.*\S {2,}\S)")
OPTION = re.compile(r"\s*--?[^\W_][\w-]*(?:[ =,]\S+){0,4}\s*$")
WORDS = re.compile(r"\s*[\"'(\[</]*[^\W_](?!.*(?:\S {2,}\S|[{};]$))")
LEAST_SET_IN = 2  # columns by which the help of an option is


def joined_help(text: str) -> str:
    """The text with the help of each option, and each description beside a name, on one line."""
    lines = text.split("\n")
    done: list[list[str]] = []
    column = 0  # at which the words above begin
    for place, line in enumerate(lines):
        if column and _indent(line) == column and WORDS.match(line):
            done[-1].append(line)
            continue
        done.append([line])
        column = _column(lines, place)
    return "\n".join(_one(parts) for parts in done)


def _column(lines: Sequence[str], place: int) -> int:
    """The column at which words that go on with a line begin, 0 if none can."""
    line = lines[place]
    if described := DESCRIBED.match(line):
        return described.end()
    following = lines[place + 1] if place + 1 < len(lines) else ""
    set_in = _indent(following) >= _indent(line) + LEAST_SET_IN
    return _indent(following) if OPTION.match(line) and set_in and not OPTION.match(following) else 0


def _one(parts: Sequence[str]) -> str:
    """The lines as one, set in as the first."""
    first = parts[0]
    return first if len(parts) == 1 else first[: _indent(first)] + join(parts)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
