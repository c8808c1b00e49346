"""Looks of cells in Excel's binary formats: what excel_biff.py (xls) and excel_parts.py (xlsb) tell beside values."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from rag.documents import number_formats
from rag.documents.raised import TextRun, joined_runs
from rag.documents.receipt import STRUCK, Receipt

MOST_LINKED = 1000  # cells of one link
Place = tuple[int, int]  # row and column, from 0


@dataclass(slots=True)
class SheetLooks:
    """The looks of the cells of a sheet, besides their values."""

    figures: dict[Place, tuple[float, str]] = field(default_factory=dict)  # numbers with a format, and that format
    texts: dict[Place, str] = field(default_factory=dict)  # those whose parts have looks, as they are shown
    struck: set[Place] = field(default_factory=set)
    links: dict[Place, str] = field(default_factory=dict)  # addresses
    rows: set[int] = field(default_factory=set)  # hidden by hand
    columns: list[range] = field(default_factory=list)  # hidden by hand
    filtered: bool = False  # a filter may hide rows
    comments: int = 0
    images: int = 0
    charts: int = 0
    besides: list[str] = field(default_factory=list)  # texts of boxes


@dataclass(slots=True)
class BookLooks:
    """The looks of the cells of a workbook; those of a sheet are read when they are asked for."""

    sheets: dict[str, Callable[[], SheetLooks]] = field(default_factory=dict)  # by name
    epoch_1904: bool = False

    def of(self, name: str) -> SheetLooks:
        """The looks of the sheet of that name; none if it is damaged, of which calamine tells more."""
        try:
            return self.sheets[name]() if name in self.sheets else SheetLooks()
        except (IndexError, struct.error):
            return SheetLooks()


class CellFont(NamedTuple):
    """The looks of a text, as far as they change what it says."""

    struck: bool = False
    shift: int = 0  # RAISED or LOWERED


PLAIN = CellFont()


def rich_text(
    text: str, marks: Sequence[tuple[int, int]], fonts: Sequence[CellFont], receipt: Receipt, own: CellFont = PLAIN
) -> str | None:
    """A text as it is shown, whose parts have fonts from their `marks` on: a place and the number of a font; before the
    first it is in the `own` font of its cell.

    None if no part is struck, raised or lowered; struck parts are counted.
    """
    parts = [(0, own), *((start, fonts[font]) for start, font in marks if font < len(fonts))]
    if not any(font.struck or font.shift for _, font in parts):
        return None
    runs = []
    for (start, font), (end, _) in pairwise([*parts, (len(text), CellFont())]):
        if font.struck:
            receipt.count_text(STRUCK, text[start:end])
        else:
            runs.append(TextRun(text[start:end], font.shift))
    return joined_runs(runs)


def add_figure(found: SheetLooks, place: Place, number: float, code: str) -> None:
    """Notes a number that is shown in a format."""
    if code != number_formats.GENERAL:
        found.figures[place] = (number, code)


def linked_cells(address: str, top: int, bottom: int, left: int, right: int) -> dict[Place, str]:
    """The cells of a link."""
    if not address or (bottom - top + 1) * (right - left + 1) > MOST_LINKED:
        return {}
    return {(row, column): address for row in range(top, bottom + 1) for column in range(left, right + 1)}


def packed_number(packed: int) -> float:
    """A number in 30 bits: an integer or the upper half of a float, perhaps in hundredths."""
    if packed & 2:
        number = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        number = float(struct.unpack("<d", struct.pack("<II", 0, packed & 0xFFFFFFFC))[0])
    return number / 100 if packed & 1 else number
