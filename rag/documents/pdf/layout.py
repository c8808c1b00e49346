"""Lines of PDF pages, with their places -> paragraphs, lists, rows and headings.

In: for each page its pieces of text in reading order. Out: for each page its blocks. Pure: nothing here knows PDFium.
A page break ends a paragraph. Reading order is as the file gives it, but for columns that it writes line by line
(columns.py) and tables that it writes column by column (by_column.py); nothing is recognised from rules or boxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from itertools import pairwise
from typing import NamedTuple

from rag.documents.blocks import Block
from rag.documents.pdf.by_column import rows_of_columns
from rag.documents.pdf.close_cells import with_close_cells
from rag.documents.pdf.columns import without_interleaving
from rag.documents.pdf.furniture import without_furniture
from rag.documents.pdf.headings import Heading, Text, levels
from rag.documents.pdf.lines import Line, whole_lines
from rag.documents.pdf.marginal import without_marginal
from rag.documents.pdf.row_height import with_whole_rows
from rag.documents.pdf.tables import aligned_table, is_row, names_rows, wraps
from rag.documents.wrapping import BETWEEN_UNSPACED, join, whole_words
from rag.types import BlockKind

SAME_SIZE = 1.1  # quotient of two sizes up to which they count as one
FARTHEST = 3.0  # of the size: lines farther apart have nothing to do with each other
USUAL_PITCH = 0.3  # quantile of the distances between lines that stands for the distance inside paragraphs
WIDER = 1.3  # times the usual distance: where a paragraph ends
MUCH_WIDER = 1.8  # times: where even a sentence that runs on has ended
INDENT = 0.8  # of the size: how far the first line of a paragraph is set in at least
LONG_ENOUGH = 0.6  # share of the column that a line fills at least when its sentence runs on below
COLUMN = 0.75  # quantile of the widths of a page's lines that stands for the width of its columns
SAME_EDGE = 1.5  # of the size: right edges that differ by less are those of one narrow column
LEAST_PROSE = 25  # characters; shorter lines are no paragraph's unless their sentence runs on
LEAST_ROWS = 2  # lines with cells that make a table
LISTED = 4  # line breaks from which it tells something how many of them stand inside a sentence
FEW_RUN_ON = 0.15  # share of such breaks below which lines are entries of a list and not a paragraph's

BULLET = re.compile(r"[-–—•·∙▪■□◦○●‣⁃➢✓*]\s+\S")
NUMBERS = (  # ways in which the entries of a list begin
    re.compile(r"\(?\d{1,3}[.)]\s+\S"),
    re.compile(r"\(?[A-Za-z][.)]\s+\S"),
    re.compile(r"\(?[ivxIVX]{1,5}[.)]\s+\S"),
    re.compile(r"\[\w+\]\s+\S"),
    re.compile(r"\d+(?:[.-]\d+)+\s+\S"),
    re.compile(r"[A-Z][\w /]{1,30}:\s+\S"),  # "Report date: 2024-11-15"
)
COUNTED = re.compile(r"[(\[]?(\d{1,3})[.)\]]\s")
SENTENCE_END = re.compile(r"[.!?:;。！？…][\"'”’»)\]\d]*$")


class _Column(NamedTuple):
    """The measures of the column in which lines stand."""

    right: float  # edge
    width: float
    pitch: float  # distance between the lines of a paragraph, in sizes
    prose: bool  # lines break inside sentences, as far as can be told


class _Unit(NamedTuple):
    """Lines that make one line of text; `close`: it belongs to the block of the unit before it."""

    lines: list[Line]
    close: bool


class Layout(NamedTuple):
    """The blocks of each page, and an example of each kind of line that was dropped as page furniture."""

    pages: list[list[Block]]
    furniture: list[str]


def layout_blocks(pages: Sequence[Sequence[Line]], outline: Sequence[Sequence[Heading]] = ()) -> list[list[Block]]:
    """The blocks of each page, as `layout` gives them."""
    return layout(pages, outline).pages


def layout(pages: Sequence[Sequence[Line]], outline: Sequence[Sequence[Heading]] = ()) -> Layout:
    """The pages laid out. `outline` holds the headings of each; if it is of no use, their size tells them."""
    read, marginal = without_marginal(pages)
    whole, furniture = without_furniture(
        [rows_of_columns(without_interleaving(with_close_cells(with_whole_rows(lines)))) for lines in whole_lines(read)]
    )
    known = whole_words(line.text for lines in whole for line in lines)
    units = [list(_units(lines)) for lines in whole]
    texts = [[Text(join([line.text for line in unit.lines], known), unit.lines) for unit in page] for page in units]
    return Layout(
        [_joined(*page, known) for page in zip(units, texts, levels(texts, outline), strict=True)], marginal + furniture
    )


def _units(lines: Sequence[Line]) -> Iterator[_Unit]:
    """The lines of a page, those of a paragraph together."""
    pitch, width = _usual_pitch(lines), _usual_width(lines)
    unit: list[Line] = []
    close = False
    for run in _runs(lines):
        column = _Column(max(line.right for line in run), width, pitch, _is_prose(run))
        for line in run:
            if unit and _continues(unit, line, column):
                unit.append(line)
                continue
            if unit:
                yield _Unit(unit, close)
            close = bool(unit) and _belongs(unit, line, pitch)
            unit = [line]
    if unit:
        yield _Unit(unit, close)


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines of one size, one below the other."""
    run: list[Line] = []
    for line in lines:
        if run and (not _is_below(run[-1], line) or not _same_size(run[-1], line)):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _usual_pitch(lines: Sequence[Line]) -> float:
    """Distance between the lines of a paragraph, in sizes."""
    steps = sorted(_step(above, below) for above, below in pairwise(lines) if _is_below(above, below))
    return steps[int(USUAL_PITCH * (len(steps) - 1))] if steps else 1.2  # what printers use


def _usual_width(lines: Sequence[Line]) -> float:
    widths = sorted(line.right - line.left for line in lines if line.cells == 1)
    return widths[int(COLUMN * (len(widths) - 1))] if widths else 0.0


def _is_prose(run: Sequence[Line]) -> bool:
    """False for lines that hardly ever break inside a sentence: entries of a list, however long they are."""
    breaks = [_runs_on(above, below) for above, below in pairwise(run) if not SENTENCE_END.search(above.text)]
    return len(breaks) < LISTED or sum(breaks) >= FEW_RUN_ON * len(breaks)


def _runs_on(above: Line, below: Line) -> bool:
    """Tells if a sentence goes on from one line to the next, as far as its characters show."""
    if SENTENCE_END.search(above.text):
        return False
    return below.text[0].islower() or bool(BETWEEN_UNSPACED.match(f"{above.text[-1]}\n{below.text[0]}"))


def _step(above: Line, below: Line) -> float:
    return (above.baseline - above.reach - below.baseline - below.reach) / max(above.size, below.size)


def _is_below(above: Line, below: Line) -> bool:
    return 0 < _step(above, below) < FARTHEST and below.left < above.right and below.right > above.left


def _same_size(first: Line, second: Line) -> bool:
    return max(first.size, second.size) <= SAME_SIZE * min(first.size, second.size)


def _continues(unit: Sequence[Line], line: Line, column: _Column) -> bool:
    """Tells if the line goes on with the paragraph above it."""
    above = unit[-1]
    if not _same_size(above, line) or above.cells > 1 or line.cells > 1 or _begins_entry(unit, line):
        return False
    runs_on = _runs_on(above, line)
    if not _is_below(above, line):
        return runs_on and line.text[0].islower()  # in the next column
    if _step(above, line) > (MUCH_WIDER if runs_on else WIDER) * column.pitch:
        return False
    if _is_short(above, line, column.right):
        return runs_on and (_fills(above, column) or _same_edge(unit, line))
    if runs_on:
        return True
    if above.bold != line.bold or not column.prose or len(above.text) < LEAST_PROSE:
        return False
    return _is_item(unit[0]) or not _is_set_in(above, line)


def _begins_entry(unit: Sequence[Line], line: Line) -> bool:
    if BULLET.match(line.text):
        return True
    if SENTENCE_END.search(unit[-1].text):
        return any(number.match(line.text) for number in NUMBERS)
    both = any(number.match(line.text) and number.match(unit[0].text) for number in NUMBERS)
    return both and _counts_on(unit[0].text, line.text)


def _counts_on(text: str, following: str) -> bool:
    """Tells if a number goes on with the one of the entry above, as that of a date ("12. March") does not."""
    numbers = COUNTED.match(text), COUNTED.match(following)
    if numbers[0] is None or numbers[1] is None:
        return True
    return int(numbers[1][1]) - int(numbers[0][1]) in (0, 1)


def _is_item(line: Line) -> bool:
    return bool(BULLET.match(line.text)) or any(number.match(line.text) for number in NUMBERS)


def _fills(line: Line, column: _Column) -> bool:
    return line.right - line.left > LONG_ENOUGH * column.width


def _same_edge(unit: Sequence[Line], line: Line) -> bool:
    """Tells if the lines end at the edge at which their neighbours do: beside a picture the column is narrower."""
    return any(abs(unit[-1].right - near.right) < SAME_EDGE * line.size for near in (*unit[-2:-1], line))


def _is_short(above: Line, line: Line, margin: float) -> bool:
    """Tells if the next line's first word would have fitted on the line above."""
    word = line.text.split(maxsplit=1)[0]
    character = (line.right - line.left) / len(line.text)
    return above.right + character * (len(word) + 1) < margin


def _is_set_in(above: Line, line: Line) -> bool:
    """Tells if the line begins farther in than the one above, and not because both are centred."""
    centred = line.right < above.right and abs(above.left + above.right - line.left - line.right) < line.size
    return not centred and line.left - above.left >= INDENT * line.size


def _belongs(unit: Sequence[Line], line: Line, pitch: float) -> bool:
    """Tells if a new line of text stands in one block with the unit above it: rows, items, lines of an address."""
    above = unit[-1]
    if not _is_below(above, line):
        return False
    if above.cells > 1 and line.cells > 1:
        return True
    if not _same_size(above, line) or above.bold != line.bold:
        return False
    if _is_item(unit[0]) and _is_item(line):
        return True
    return len(unit) == 1 and not _is_set_in(above, line) and _step(above, line) <= WIDER * pitch


def _joined(units: Sequence[_Unit], texts: Sequence[Text], ranks: Sequence[int], known: Set[str]) -> list[Block]:
    """The blocks: units that belong together become one; a heading and a table are always one of their own."""
    joined: list[Block] = []
    place = 0
    apart = True  # the next unit begins a block whatever it is
    while place < len(units):
        row_lines = _table_lines(units[place:], ranks[place:])
        if row_lines:
            joined.append(aligned_table(row_lines, known))
            place += len(row_lines)
            apart = True
            continue
        text, level = texts[place].text, ranks[place]
        if units[place].close and not level and not apart:
            kind: BlockKind = "list" if _is_item(units[place].lines[0]) else joined[-1].kind
            joined[-1] = Block(f"{joined[-1].text}\n{text}", kind=kind)
        else:
            joined.append(Block(text, level, "table" if units[place].lines[0].cells > 1 else "prose"))
        apart = bool(level)
        place += 1
    return joined


def _table_lines(units: Sequence[_Unit], ranks: Sequence[int]) -> list[Line]:
    """The lines with cells that follow one another from here on; none if there are too few to be a table."""
    found: list[Line] = []
    for place, (unit, level) in enumerate(zip(units, ranks, strict=True)):
        line = unit.lines[0]
        if level or len(unit.lines) > 1 or (found and not _is_next_row(found, line)):
            break
        following = units[place + 1].lines[0] if place + 1 < len(units) else line
        in_table = is_row(line) or (found and wraps(found[-1], line)) or _begins_row(line, following)
        if not in_table and not (found and names_rows(found, line, following)):
            break
        found.append(line)
    return found if sum(line.cells > 1 for line in found) >= LEAST_ROWS else []


def _begins_row(line: Line, following: Line) -> bool:
    """Tells if a line without cells is the beginning of the row below it: its first cell wraps."""
    return is_row(following) and abs(line.left - following.left) < line.size and wraps(line, following)


def _is_next_row(above: Sequence[Line], line: Line) -> bool:
    """Tells if the line lies below the table, at whatever place: a row may be filled where the one above is not."""
    left, right = min(row.left for row in above), max(row.right for row in above)
    return _is_below(above[-1]._replace(left=left, right=right), line)
