"""Tables as text (csv, tsv) -> their tables, the first row of each its header, after the lines that stand above it.

In: the bytes of a file, and its suffix. Out: the table; the sign between cells is found by trying which one cuts the
first rows into equally many cells. Comments and lines that are much shorter than the table are text above it. Behind an
empty row, names above figures begin another table, and lines of one cell that end the file are text. It does not guess
whether there is a header row: the first row of a table is taken for it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import groupby, islice
from typing import NamedTuple

from rag.documents.blocks import Block, Content, table_block
from rag.documents.damaged import told_as_damage
from rag.documents.encoding import decode_text
from rag.documents.header_names import is_amount, naming_rows, spread

DELIMITERS = "\t;|,"  # the rarer a sign is in prose, the earlier, for files that two signs cut equally well
TRIED = 50  # rows
LONGEST_CELL = 1 << 27  # characters; csv's own limit of 131,072 is less than what people keep in a cell
STATED = re.compile(r'sep=(.)\r?\n|"sep=(.)"\r?\n', re.IGNORECASE)  # how Excel is told
COMMENT = "#"
OPENED = re.compile(r'(?:^|\t)"', re.MULTILINE)  # cells between tabs that open with a quotation mark ...
CLOSED = re.compile(
    r'(?:^|\t)"(?:[^"]|"")*"(?=[\t\r\n]|\Z)', re.MULTILINE
)  # ... and are closed; else it is one of inches
WHOLE = re.compile(r'"((?:[^"]|"")*)"')


class _Dialect(NamedTuple):
    """Signs by which a file parts its cells."""

    sign: str
    quoted: bool = True  # cells may stand in quotation marks, and then hold the sign and line ends


def parse(data: bytes, suffix: str = ".csv") -> Content:
    """The file as one table; raises `DocumentError` if it is not text or a cell has more than `LONGEST_CELL`."""
    text = decode_text(data).replace("\0", "")
    stated = STATED.match(text)
    if stated:
        text = text[stated.end() :]
    with told_as_damage(csv.Error):
        comments, text = _comments(text)
        dialect = _Dialect(stated[1] or stated[2]) if stated else _dialect(text, suffix)
        rows = list(_rows(text, dialect))
    above = _rows_above(rows)
    lines = [*comments, *(_line(row, dialect.sign) for row in rows[:above])]
    tables = list(_tables(rows[above:]))
    return Content([[*map(Block, lines), *(block for table in tables for block in _table_blocks(table, dialect.sign))]])


def _tables(rows: Sequence[list[str]]) -> Iterator[list[list[str]]]:
    """Yields the filled rows of each table; one begins behind an empty row, with names above figures."""
    table: list[list[str]] = []
    for stretch in _stretches(rows):
        if table and (_begins_table(stretch) or _are_lines(stretch)):
            yield table
            table = []
        table += stretch
    if table:
        yield table


def _stretches(rows: Sequence[list[str]]) -> Iterator[list[list[str]]]:
    """Yields the rows between empty ones."""
    for filled, stretch in groupby(rows, key=lambda row: bool(_width(row))):
        if filled:
            yield list(stretch)


def _begins_table(stretch: Sequence[Sequence[str]]) -> bool:
    """Tells if a stretch of rows, behind titles, begins with names of columns, the figures of which stand below."""
    titles = next((place for place, row in enumerate(stretch) if _width(row) > 1), len(stretch))
    rows = stretch[titles : titles + TRIED]
    if len(rows) < 2 or any(map(is_amount, rows[0])) or not all(cell.strip() for cell in rows[0][1 : _width(rows[0])]):
        return False
    return any(is_amount(cell) for row in rows[1:] for cell in row)


def _are_lines(stretch: Sequence[Sequence[str]]) -> bool:
    """Tells if the rows are lines of text: each has its first cell only, with some words."""
    return all(_width(row) == 1 and len(row[0].split()) > 2 for row in stretch)


def _table_blocks(table: Sequence[list[str]], sign: str) -> list[Block]:
    """The rows of a table, after its titles; lines of text, and pairs of a label and its value, as lines."""
    if _are_lines(table) or all(map(_is_pair, table)):
        return [Block("\n".join(_line(row, sign) for row in table))]
    titles = next((place for place, row in enumerate(table) if _width(row) > 1), 0)
    rows = list(table[titles:])
    headers = naming_rows(rows)
    for place in range(headers - 1):
        rows[place] = spread(rows[place], rows[place + 1])
    return [*(Block(_line(row, sign)) for row in table[:titles]), table_block(rows, headers)]


def _comments(text: str) -> tuple[list[str], str]:
    """The comments that open the file, without their sign, and the rest; a header may begin with the sign too."""
    lines: list[str] = []
    rest = text
    while rest.lstrip().startswith(COMMENT):
        line, _, after = rest.lstrip().partition("\n")
        is_last = not after.lstrip(" \t").startswith(COMMENT)
        if is_last and _is_header(line, after.partition("\n")[0]):
            return lines, rest
        lines.append(line.strip().lstrip(COMMENT).strip())
        rest = after
    return (lines, rest) if rest.strip() else ([], text)  # a file of such lines only is no table with comments


def _is_header(line: str, below: str) -> bool:
    """Tells if a line that begins with the sign of comments names the columns of the line directly below it."""
    line, below = line.strip(), below.strip()
    counts = [(line.count(sign), below.count(sign)) for sign in DELIMITERS]
    if not any(above and above == under for above, under in counts):
        return False
    return not line[1:2].isspace() or bool(re.search(r"\d", below) and not re.search(r"\d", line))


def _dialect(text: str, suffix: str) -> _Dialect:
    """The sign between cells; a comma if none of `DELIMITERS` is, a tab if the suffix says so and there are some."""
    start = "".join(islice(StringIO(text, newline=""), TRIED))
    if suffix == ".tsv" and "\t" in start:
        best = "\t"
    else:
        best = max(DELIMITERS, key=lambda sign: _evenness(text, _Dialect(sign)))
        best = best if _evenness(text, _Dialect(best)) > 0 else ","
    return _Dialect(best, quoted=best != "\t" or len(OPENED.findall(text)) == len(CLOSED.findall(text)))


def _evenness(text: str, dialect: _Dialect) -> float:
    """The share of the first rows that are cut into the commonest number of cells, beyond one.

    0 for a sign that does not occur or cuts most rows into one cell.
    """
    widths = Counter(len(row) for row in islice(_rows(text, dialect), TRIED) if _width(row))
    if not widths:
        return 0.0
    width, rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1]))
    return (width > 1) * rows / widths.total()


def _rows_above(rows: Sequence[Sequence[str]]) -> int:
    """The number of rows at the top that are no part of the table.

    They are parted from it by an empty row and narrower than the table, or narrower by far.
    """
    widths = [_width(row) for row in rows[:TRIED]]
    usual = max(
        Counter(width for width in widths if width).items(), key=lambda item: (item[1], item[0]), default=(0, 0)
    )[0]
    above = next((place for place, width in enumerate(widths) if width > max(1, usual - 2)), 0)
    for place in range(1, len(widths) - 1):
        if not widths[place] and max(1, *widths[:place]) < min(usual, widths[place + 1]):
            above = max(above, place + 1)
    return above


def _width(row: Sequence[str]) -> int:
    """The number of cells up to the last that is filled."""
    return max((place for place, cell in enumerate(row, start=1) if cell.strip()), default=0)


def _line(row: Sequence[str], sign: str) -> str:
    """A row that is no part of the table, as a line."""
    filled = list(row[: _width(row)])
    return " ".join(filled) if sign == "\t" or _is_pair(row) else f"{sign} ".join(filled)


def _is_pair(row: Sequence[str]) -> bool:
    """Tells if a row is a label, with its colon, and its value."""
    return _width(row) == 2 and row[0].rstrip().endswith(":")


def _rows(text: str, dialect: _Dialect) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_CELL)
    lines = StringIO(text, newline="")
    if not dialect.quoted:
        for row in csv.reader(lines, delimiter=dialect.sign, quoting=csv.QUOTE_NONE):
            yield [_unquoted(cell) for cell in row]
        return
    start = 0  # of the row at hand, in lines
    reader = csv.reader(lines, delimiter=dialect.sign, skipinitialspace=dialect.sign != "\t")
    for row in reader:
        if reader.line_num - start > 1 and lines.tell() == len(text) and not text.rstrip().endswith('"'):
            yield from _without_closing(text, start, dialect)  # a mark that is never closed swallows the rest
            return
        start = reader.line_num
        yield row


def _without_closing(text: str, start: int, dialect: _Dialect) -> Iterator[list[str]]:
    """The rows from a line on, each line a row of its own."""
    for line in islice(StringIO(text, newline=""), start, None):
        yield from csv.reader([line.rstrip("\r\n")], delimiter=dialect.sign, quoting=csv.QUOTE_NONE)


def _unquoted(cell: str) -> str:
    whole = WHOLE.fullmatch(cell)
    return whole[1].replace('""', '"') if whole else cell
