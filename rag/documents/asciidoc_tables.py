"""A table of AsciiDoc -> its rows, and how many of them name the columns.

In: the lines between its delimiters, the attributes before it, and its sign between cells. Out: cells.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rag.documents.markup_page import Cell

CELL_SIGNS = {"|": "|", "!": "!", ",": ",", ":": ":"}
CELL = re.compile(
    r"(?<=\s)(?:(?P<times>\d+)\*|(?P<across>\d+)?(?:\.(?P<down>\d+))?\+)?[<^>]?(?:\.[<^>])?(?P<style>[adehlmsv])?$"
)
COLUMNS = re.compile(r"""cols\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w*<>^.%]+))""")
TIMES = re.compile(r"(\d+)\*")
HEADER = re.compile(r"%header|%autowidth\.header|opt(?:ion)?s?\s*=\s*\"?[^\"\]=]*\bheader")
SEPARATOR = re.compile(r"separator\s*=\s*\"?(\S)\"?")
FORMAT = re.compile(r"format\s*=\s*\"?(csv|dsv|tsv)")
MOST_COLUMNS = 1000


class _Spec(NamedTuple):
    """Specification of a cell, which stands before its sign."""

    times: int = 1
    across: int = 1
    down: int = 1
    style: str = ""


def asciidoc_rows(
    lines: Sequence[str], attributes: str, sign: str, shown: Callable[[str], str]
) -> tuple[list[list[Cell]], int]:
    """The rows and the number of header rows; `shown` makes markup of words."""
    form = FORMAT.search(attributes)
    separator = SEPARATOR.search(attributes)
    if form or sign in ",:":
        mark = (
            separator[1]
            if separator
            else {"tsv": "\t", "dsv": ":"}.get(form[1] if form else "", sign if sign in ",:" else ",")
        )
        found = [[Cell(shown(cell.strip())) for cell in row] for row in csv.reader([*lines], delimiter=mark) if row]
        return found, int(bool(HEADER.search(attributes)) or _opens_with_header(lines))
    mark = separator[1] if separator else sign
    cells = list(_cells(lines, mark, shown))
    width = _width(attributes) or _cells_in(next(filter(str.strip, lines), ""), mark)
    table = list(_in_rows(cells, max(1, min(width, MOST_COLUMNS))))
    names = bool(HEADER.search(attributes)) or (_opens_with_header(lines) and _cells_in(lines[0], mark) == width)
    return table, int(names and len(table) > 1)


def _cells(lines: Sequence[str], mark: str, shown: Callable[[str], str]) -> Iterator[tuple[Cell, int]]:
    """Yields each cell and how often it stands there."""
    pieces = re.split(rf"(?<!\\){re.escape(mark)}", "\n".join(lines))
    spec = _spec(f"\n{pieces[0]}")
    for place, piece in enumerate(pieces[1:], start=2):
        following = CELL.search(piece) if place < len(pieces) else None
        words = piece[: len(piece) - len(following[0])] if following else piece
        yield Cell(_shown(words.replace(f"\\{mark}", mark), spec.style, shown), spec.across, spec.down), spec.times
        spec = _spec(piece)


def _spec(piece: str) -> _Spec:
    found = CELL.search(piece)
    if found is None:
        return _Spec()
    times, across, down = (max(1, min(int(found[name] or 1), MOST_COLUMNS)) for name in ("times", "across", "down"))
    return _Spec(times, across, down, found["style"] or "")


def _shown(words: str, style: str, shown: Callable[[str], str]) -> str:
    if style in ("a", "l"):
        return "<br>".join(shown(line.strip()) for line in words.split("\n") if line.strip() not in ("", "+"))
    paragraphs = re.split(r"\n\s*\n", words.strip())
    return "<br>".join(shown(" ".join(paragraph.split())) for paragraph in paragraphs)


def _in_rows(cells: Sequence[tuple[Cell, int]], width: int) -> Iterator[list[Cell]]:
    """Yields rows of so many columns, fewer where cells of the rows above reach down."""
    below: list[int] = [0] * width  # rows that a cell above still reaches into, by column
    row: list[Cell] = []
    column = 0
    for cell, times in cells:
        for _ in range(times):
            while column < width and below[column]:
                column += 1
            for place in range(column, min(column + cell.across, width)):
                below[place] = cell.down
            row.append(cell)
            column += cell.across
            while column < width and below[column]:
                column += 1
            if column >= width:
                yield row
                row, column, below = [], 0, [max(0, left - 1) for left in below]
    if row:
        yield row


def _width(attributes: str) -> int:
    """The number of columns that are stated, 0 if none is."""
    stated = COLUMNS.search(attributes)
    if stated is None:
        return 0
    columns = re.split("[,;]", stated[1] or stated[2] or stated[3])
    return sum(int(times[1]) if (times := TIMES.match(column.strip())) else 1 for column in columns)


def _cells_in(line: str, mark: str) -> int:
    pieces = re.split(rf"(?<!\\){re.escape(mark)}", line)
    return sum(spec.across * spec.times for spec in map(_spec, [f"\n{pieces[0]}", *pieces[1:]][:-1]))


def _opens_with_header(lines: Sequence[str]) -> bool:
    """Tells if the first line is parted from the next by an empty one, which makes it the header."""
    return len(lines) > 2 and bool(lines[0].strip()) and not lines[1].strip()
