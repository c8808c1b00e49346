"""OpenDocument workbooks (.ods) -> their sheets.

In: the package. Out: the visible sheets with the texts that their cells show; dates with a day as 2024-02-29. Sheets
are read row by row.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from rag.documents import ooxml
from rag.documents.damaged import told_as_damage
from rag.documents.grid import Figure, Sheet, Span
from rag.documents.number_formats import plain
from rag.documents.odf_styles import Looks
from rag.documents.ooxml import Element, local_name, value
from rag.documents.opendocument import line, refused_if_protected

MOST_REPEATED = 1000  # filled cells or rows; more fill the sheet up to its edge
FURTHEST = 1 << 21  # rows or columns; no program has more
DATE = re.compile(r"(\d{4}-\d\d-(\d\d))(?:T(\d\d:\d\d)(:\d\d)?.*)?")
TABLES = ("table", "shapes")


def sheets(package: zipfile.ZipFile) -> Iterator[Sheet]:
    """Yields the visible sheets; raises `DocumentError` for damage and for a password."""
    refused_if_protected(package)
    looks = Looks(ooxml.part(package, "styles.xml"))
    rows = _Rows(looks)
    parents: list[Element] = []
    depth = 0  # of tables; drawings may hold some of their own
    with told_as_damage(*ooxml.UNPACKING, *ooxml.PARSING), package.open("content.xml") as file:
        for event, element in ElementTree.iterparse(file, ("start", "end")):
            tag = local_name(element)
            if event == "start":
                parents.append(element)
                depth += tag in TABLES
                continue
            parents.pop()
            depth -= tag in TABLES
            if tag == "style":
                looks.add(element)
            elif tag == "table-row" and depth == 1:
                rows.add(element)
                _forget(parents[-1])
            elif tag == "table" and depth == 0:
                if looks.is_visible(value(element, "style-name")):
                    yield Sheet(value(element, "name") or "", rows.filled, rows.spans)
                rows = _Rows(looks)
                _forget(parents[-1])


def _forget(parent: Element) -> None:
    """Takes what was read out of its parent, whose attributes are still needed."""
    for child in list(parent):
        parent.remove(child)


class _Rows:
    """The cells of a sheet so far."""

    def __init__(self, looks: Looks) -> None:
        self.filled: dict[int, dict[int, str]] = {}
        self.spans: list[Span] = []
        self._looks = looks
        self._number = 0

    def add(self, row: Element) -> None:
        """Adds the next row, and its repetitions."""
        cells: dict[int, str] = {}
        column = 0
        for cell in row:
            if local_name(cell) not in ("table-cell", "covered-table-cell"):
                continue
            times = _count(cell, "number-columns-repeated")
            text = _text(cell, self._looks) if local_name(cell) == "table-cell" else ""
            if text.strip():
                cells |= dict.fromkeys(range(column, column + min(times, MOST_REPEATED)), text)
            right, bottom = _count(cell, "number-columns-spanned") - 1, _count(cell, "number-rows-spanned") - 1
            if right or bottom:
                self.spans.append(Span(self._number, column, self._number + bottom, column + right))
            column += times
        times = _count(row, "number-rows-repeated")
        for number in range(self._number, self._number + min(times, MOST_REPEATED)) if cells else ():
            self.filled[number] = dict(cells)
        self._number += times


def _text(cell: Element, looks: Looks) -> str:
    """What the cell shows; a `Figure` if it is no text."""
    shown = "\n".join(line(paragraph, looks) for paragraph in cell.iterfind("{*}p"))
    stored = value(cell, "value")
    match value(cell, "value-type"):
        case "date":
            return Figure(_date(value(cell, "date-value") or "", shown))
        case "float" | "percentage" | "currency":
            try:
                return Figure(shown or plain(float(stored or "")))
            except ValueError:
                return shown
        case "boolean":
            return Figure(shown or (value(cell, "boolean-value") or "").upper())
        case "time":
            return Figure(shown or (value(cell, "time-value") or ""))
        case _:
            return shown or (value(cell, "string-value") or "")


def _date(stored: str, shown: str) -> str:
    """The date as 2024-02-29, with the time if the cell shows it; what it shows if that has no day: "May 2024"."""
    date = DATE.fullmatch(stored)
    if date is None or (shown and not re.search(rf"(?<!\d)0?{int(date[2])}(?!\d)", shown)):
        return shown or stored
    if not shown or ":" not in shown:
        return date[1] + (f" {date[3]}" if date[3] and not shown and date[3] != "00:00" else "")
    return f"{date[1]} {date[3] or '00:00'}" + ((date[4] or "") if shown.count(":") > 1 else "")


def _count(element: Element, name: str) -> int:
    stated = value(element, name) or "1"
    return min(int(stated), FURTHEST) if stated.isdecimal() else 1
