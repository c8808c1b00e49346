"""Tables that a text draws with signs -> tables.

In: the lines of a paragraph. Out: the rows of a table that stands in it, with borders of signs (+---+, |, box-drawing
characters) or columns of a fixed width below a rule of dashes. Pure. Cells on several lines are one cell where rules
part the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.documents.blocks import Block, table_blocks

DRAWN = str.maketrans(
    {**dict.fromkeys("─━═╌┄╍┅", "-"), **dict.fromkeys("│┃║╎┆", "|")}
    | dict.fromkeys("┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╒╤╕╞╪╡╘╧╛╓╥╖╟╫╢╙╨╜┏┳┓┣╋┫┗┻┛╭╮╰╯", "+")
)
RULE = re.compile(r"\s*+[+|]?[-=: ]{2,}+(?:[+|][-=: ]++)+[+|]?\s*+|\s*+\+[-=]{3,}+\+\s*+")
DASHES = re.compile(r"\s*+(?:-{2,}+|={2,}+)(?:\s++(?:-{2,}+|={2,}+))+\s*+")
BAR = "|"
STRETCH = re.compile(r"[-=]+")
LEAST_ROWS = 2  # lines with cells


class _Found(NamedTuple):
    """A table in some lines: the first and the one behind the last, and its rows."""

    begin: int
    end: int
    rows: list[list[str]]


def drawn_blocks(lines: Sequence[str]) -> tuple[Sequence[str], list[Block], Sequence[str]]:
    """The lines before a table, its blocks, and the lines behind it; no blocks and no lines behind if none is drawn."""
    found = _with_borders([line.translate(DRAWN) for line in lines]) or _with_columns(lines)
    if found is None:
        return lines, [], []
    return lines[: found.begin], table_blocks(found.rows), lines[found.end :]


def _with_borders(lines: Sequence[str]) -> _Found | None:
    """The table whose cells stand between bars, with rules of dashes."""
    rules = [place for place, line in enumerate(lines) if RULE.fullmatch(line) and "-" in line.replace("=", "-")]
    if not rules:
        return None
    begin, end = rules[0], rules[-1] + 1
    if begin and not lines[begin].lstrip().startswith("+") and BAR in lines[begin - 1]:
        begin -= 1  # names above a first rule without corners
    while end < len(lines) and BAR in lines[end]:
        end += 1
    groups: list[list[list[str]]] = [[]]
    for place in range(begin, end):
        if place in rules:
            groups.append([])
        elif BAR in lines[place]:
            groups[-1].append(_cells(lines[place]))
        else:
            return None
    filled = [group for group in groups if group]
    parted = len(filled) > 2 and all(_is_one_row(group) for group in filled)
    rows = [_joined(group) for group in filled] if parted else [row for group in filled for row in _whole(group)]
    return _Found(begin, end, rows) if len(rows) >= LEAST_ROWS and len({len(row) for row in rows}) == 1 else None


def _is_one_row(group: Sequence[Sequence[str]]) -> bool:
    return len(group) == 1 or any(not cell for row in group[1:] for cell in row)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def _whole(group: Sequence[list[str]]) -> list[list[str]]:
    """The rows, each with the lines below it that leave its first cell empty."""
    rows: list[list[str]] = []
    for row in group:
        if rows and row and not row[0] and len(row) == len(rows[-1]) and rows[-1][0]:
            rows[-1] = _joined([rows[-1], row])
        else:
            rows.append(row)
    return rows


def _joined(group: Sequence[Sequence[str]]) -> list[str]:
    return [" ".join(filter(None, cells)) for cells in zip(*group, strict=False)]


def _with_columns(lines: Sequence[str]) -> _Found | None:
    """The table whose columns have the places of the dashes below their names."""
    rules = [place for place, line in enumerate(lines) if DASHES.fullmatch(line)]
    names = next((place for place in rules if place and not DASHES.fullmatch(lines[place - 1])), None)
    if names is None:
        return None
    starts = [found.start() for found in STRETCH.finditer(lines[names])]
    rows = [_cut(lines[names - 1], starts)]
    end = names + 1
    while end < len(lines) and (DASHES.fullmatch(lines[end]) or _cut(lines[end], starts) is not None):
        if not DASHES.fullmatch(lines[end]):
            rows.append(_cut(lines[end], starts))
        end += 1
    whole = [row for row in rows if row is not None]
    begin = names - 1 - (names > 1 and DASHES.fullmatch(lines[names - 2]) is not None)
    return _Found(begin, end, whole) if len(whole) == len(rows) >= LEAST_ROWS else None


def _cut(line: str, starts: Sequence[int]) -> list[str] | None:
    """The line cut before each place; None if a word stands across one, or the line has one cell."""
    if any(len(line) > start > 0 and not line[start - 1].isspace() for start in starts[1:]):
        return None
    ends = [*starts[1:], len(line) + 1]
    cells = [line[start:end].strip() for start, end in zip([0, *starts[1:]], ends, strict=True)]
    return cells if sum(map(bool, cells)) > 1 else None
