"""OpenDocument workbooks (.ods) -> their sheets.

In: the package. Out: the visible sheets with the texts that their cells show; dates with a day as 2024-02-29. Sheets
are read row by row. Texts of boxes and descriptions of images stand behind the cells. Hidden sheets, rows and columns
are left out and counted, as are comments, images without a description and objects; rows that a filter hides are read.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from rag.documents import ooxml
from rag.documents.damaged import told_as_damage
from rag.documents.descriptions import described
from rag.documents.grid import DataCell, Sheet, Span, bridge
from rag.documents.number_formats import plain
from rag.documents.odf_styles import Looks, TextStyle
from rag.documents.ooxml import Element, local_name, value
from rag.documents.opendocument import OdfContext, line, refused_if_protected
from rag.documents.receipt import COLUMN, COMMENT, FORMULA, IMAGE, OBJECT, ROW, SHEET, STRUCK, Receipt, quoted_name
from rag.documents.unseen import WHITE

MOST_REPEATED = 1000  # filled cells or rows; more fill the sheet up to its edge
FURTHEST = 1 << 21  # rows or columns; no program has more
DATE = re.compile(r"(\d{4}-\d\d-(\d\d))(?:T(\d\d:\d\d)(:\d\d)?.*)?")
TABLES = ("table", "shapes")


def ods_sheets(package: zipfile.ZipFile, receipt: Receipt) -> Iterator[Sheet]:
    """Yields the visible sheets; raises `DocumentError` for damage and for a password."""
    refused_if_protected(package)
    looks = Looks(ooxml.part(package, "styles.xml"))
    source = OdfContext(looks, receipt)
    rows = _Rows(source)
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
            elif tag == "table-column" and depth == 1:
                rows.add_column(element)
            elif tag == "table" and depth == 0:
                name, visible = value(element, "name") or "", looks.is_visible(value(element, "style-name"))
                rows.finish()
                if visible or ((rows.filled or rows.besides) and not receipt.hides_part(SHEET, quoted_name(name))):
                    yield Sheet(name, rows.filled, rows.spans, rows.besides)
                rows = _Rows(source)
                _forget(parents[-1])
            else:
                rows.besides += filter(None, _drawn(element, tag, source))


def _forget(parent: Element) -> None:
    """Takes what was read out of its parent, whose attributes are still needed."""
    for child in list(parent):
        parent.remove(child)


def _drawn(element: Element, tag: str, source: OdfContext) -> Iterator[str]:
    """Yields the text of a box or the description of an image, and counts what has none; charts aside, whose values are
    those of cells."""
    match tag:
        case "annotation":
            source.receipt.count(COMMENT)
        case "object-ole":
            source.receipt.count(OBJECT)
        case "custom-shape" | "text-box":
            paragraphs = [part for part in element.iter() if local_name(part) == "p"]
            yield "\n".join(line(paragraph, source, TextStyle(paper=None)) for paragraph in paragraphs).strip()
        case "frame":
            inside = {local_name(child): child for child in element}
            if "image" in inside and inside.keys().isdisjoint(("object", "object-ole")):
                stated = [inside[name].text for name in ("desc", "title") if name in inside]
                source.receipt.count(IMAGE, not stated)
                yield described(next(filter(None, stated), None))


class _Rows:
    """The cells of a sheet so far."""

    def __init__(self, source: OdfContext) -> None:
        self.filled: dict[int, dict[int, str]] = {}
        self.spans: list[Span] = []
        self.besides: list[str] = []  # texts that are drawn
        self._source = source
        self._number = 0
        self._columns = 0
        self._hidden: list[range] = []  # columns
        self._met: set[int] = set()  # hidden columns that hold something
        self._left_out: list[int] = []  # rows

    def add_column(self, column: Element) -> None:
        """Adds the next column, and its repetitions."""
        times = _count(column, "number-columns-repeated")
        if value(column, "visibility") == "collapse":
            self._hidden.append(range(self._columns, self._columns + times))
        self._columns += times

    def finish(self) -> None:
        """Counts the hidden columns that hold something, and lets no hidden row part others."""
        bridge(self.filled, self._left_out)
        for _ in self._met:
            self._source.receipt.hides_part(COLUMN)

    def add(self, row: Element) -> None:
        """Adds the next row, and its repetitions."""
        cells: dict[int, str] = {}
        column = 0
        for cell in row:
            if local_name(cell) not in ("table-cell", "covered-table-cell"):
                continue
            times = _count(cell, "number-columns-repeated")
            text = _text(cell, self._source) if local_name(cell) == "table-cell" else ""
            if text.strip():
                cells |= dict.fromkeys(self._seen(range(column, column + min(times, MOST_REPEATED))), text)
            right, bottom = _count(cell, "number-columns-spanned") - 1, _count(cell, "number-rows-spanned") - 1
            if right or bottom:
                self.spans.append(Span(self._number, column, self._number + bottom, column + right))
            column += times
        times = _count(row, "number-rows-repeated")
        if cells and value(row, "visibility") == "collapse" and self._source.receipt.hides_part(ROW):
            cells = {}
            self._left_out += range(self._number, self._number + min(times, MOST_REPEATED))
        for number in range(self._number, self._number + min(times, MOST_REPEATED)) if cells else ():
            self.filled[number] = dict(cells)
        self._number += times

    def _seen(self, columns: range) -> list[int]:
        """The columns that are read."""
        hidden = {column for column in columns if any(column in some for some in self._hidden)}
        self._met |= hidden
        return [column for column in columns if column not in hidden or self._source.receipt.include_hidden]


def _text(cell: Element, source: OdfContext) -> str:
    """The text that the cell shows, empty if it is struck or not seen; a `DataCell` if it is no text."""
    style = value(cell, "style-name")
    look = source.looks.of(style, TextStyle(paper=source.looks.paper(style, WHITE)))
    plainly = look._replace(hidden=False, struck=False, points=None, colour=None)
    text = _shown(cell, source, plainly)
    if look.struck:
        source.receipt.count_text(STRUCK, text)
        return ""
    return "" if look.is_unseen and source.receipt.hides(text) else text


def _shown(cell: Element, source: OdfContext, look: TextStyle) -> str:
    shown = "\n".join(line(paragraph, source, look) for paragraph in cell.iterfind("{*}p"))
    stored = value(cell, "value")
    kind = value(cell, "value-type")
    source.receipt.count(FORMULA, kind is None and not shown and value(cell, "formula") is not None)
    match kind:
        case "date":
            return DataCell(_date(value(cell, "date-value") or "", shown))
        case "float" | "percentage" | "currency":
            try:
                return DataCell(shown or plain(float(stored or "")))
            except ValueError:
                return shown
        case "boolean":
            return DataCell(shown or (value(cell, "boolean-value") or "").upper())
        case "time":
            return DataCell(shown or (value(cell, "time-value") or ""))
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
