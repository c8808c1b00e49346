"""Workbooks in Office's XML format (xlsx, xlsm) -> their sheets.

In: the package. Out: the visible sheets with the cells as they show their values: formats of numbers are applied,
addresses of links stand behind the texts. A sheet is read row by row, and memory grows with the cells that are filled,
not with the range that they span.
Left out and counted: hidden sheets, rows and columns (but rows that a filter or a collapsed group hides are read), text
that is struck or not seen, comments, what else is drawn. Left out: formulas (their last values count), charts, whose
values are those of cells, errors such as #N/A.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree

from rag.documents import number_formats, ooxml
from rag.documents.damaged import told_as_damage
from rag.documents.grid import DataCell, Sheet, Span, bridge
from rag.documents.link_text import address_beside
from rag.documents.ooxml import Element, child_value, is_on, local_name, relation_id, value
from rag.documents.raised import LOWERED, RAISED, TextRun, joined_runs
from rag.documents.receipt import COLUMN, FORMULA, ROW, SHEET, STRUCK, Receipt, quoted_name
from rag.documents.xlsx_besides import is_covered, styled_ranges, tables, texts_besides
from rag.documents.xlsx_looks import CellStyle, looks
from rag.documents.xlsx_places import CELL_REFERENCE, column_number, span_of

ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LINK_FORMULA = re.compile(r'HYPERLINK\(\s*"((?:[^"]|"")*)"', re.IGNORECASE)
MOST_LINKED = 1000  # cells of one link
ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T00:00:00(?:\.0+)?Z?)?")
YIELDED = frozenset({"col", "row", "mergeCell", "hyperlink", "conditionalFormatting", "filterColumn"})
SHIFTS = {"superscript": RAISED, "subscript": LOWERED}


class _Book(NamedTuple):
    """Parts of a workbook that the cells of all sheets refer to."""

    strings: list[str]
    looks: list[CellStyle]
    epoch_1904: bool
    receipt: Receipt


def workbook(package: zipfile.ZipFile, main: str) -> Element | None:
    """The main part, None if it is none of a workbook."""
    part = ooxml.part(package, main) if main.endswith(".xml") else None
    return part if part is not None and local_name(part) == "workbook" else None


def xlsx_sheets(package: zipfile.ZipFile, main: str, root: Element, receipt: Receipt) -> Iterator[Sheet]:
    """Yields the visible sheets of the workbook whose main part is at that path."""
    targets = ooxml.targets(package, main)
    strings = ooxml.part(package, ooxml.target(package, main, "sharedStrings"))
    styles = ooxml.part(package, ooxml.target(package, main, "styles"))
    properties = root.find("{*}workbookPr")
    book = _Book(
        [_rich_text(item, receipt) for item in ([] if strings is None else strings.iterfind("{*}si"))],
        [] if styles is None else list(looks(styles)),
        value(properties, "date1904") in ("1", "true", "on"),
        receipt,
    )
    for entry in root.iterfind("{*}sheets/{*}sheet"):
        target = targets.get(relation_id(entry))
        if target is None or target.kind != "worksheet":
            continue
        name = entry.get("name", "")
        if entry.get("state", "visible") == "visible" or not receipt.hides_part(SHEET, quoted_name(name)):
            sheet = _sheet(package, target.path, name, book)
            yield sheet._replace(besides=tuple(texts_besides(package, target.path, receipt)))


def _rich_text(item: Element, receipt: Receipt) -> str:
    """The text of a string, whose runs have looks of their own."""
    if len(item) == 1 and item[0].text and local_name(item[0]) == "t":
        return _unescaped(item[0].text)
    runs = []
    for part in item:
        if local_name(part) == "t":
            runs.append(TextRun(part.text or ""))
        elif local_name(part) == "r" and is_on(part.find("{*}rPr/{*}strike")):
            receipt.count_text(STRUCK, part.findtext("{*}t") or "")
        elif local_name(part) == "r":
            shift = SHIFTS.get(child_value(part.find("{*}rPr"), "vertAlign") or "", 0)
            runs.append(TextRun(part.findtext("{*}t") or "", shift))
    return _unescaped(joined_runs(runs))


def _unescaped(text: str) -> str:
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


@dataclass(slots=True)
class _Rows:
    """The cells of a sheet so far, and what is not seen of them."""

    filled: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden: dict[int, dict[int, str]] = field(default_factory=dict)  # rows, which a filter may have hidden
    blank: dict[tuple[int, int], str] = field(default_factory=dict)  # cells in the colour of their text
    columns: list[range] = field(default_factory=list)  # hidden ones
    spans: list[Span] = field(default_factory=list)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    styled: list[str] = field(default_factory=list)  # ranges with conditional formats
    filtered: bool = False
    number: int = -1  # of the row


def _sheet(package: zipfile.ZipFile, path: str, name: str, book: _Book) -> Sheet:
    rows = _Rows()
    addresses = ooxml.addresses(package, path)
    for element in _elements(package, path):
        if local_name(element) == "row":
            _add_row(rows, element, book)
        else:
            _add_besides(rows, element, addresses)
    _settle(rows, tables(package, path), book.receipt)
    for (row, column), address in rows.links.items():
        text = rows.filled.get(row, {}).get(column, "")
        book.receipt.leads("", text, address)
        if behind := address_beside(text, address):
            rows.filled[row][column] = text + behind
    return Sheet(name, rows.filled, rows.spans)


def _add_besides(rows: _Rows, element: Element, addresses: Mapping[str, str]) -> None:
    """Adds what a sheet says of its rows and columns."""
    match local_name(element):
        case "col" if _is_set(element, "hidden") and element.get("outlineLevel", "0") == "0":
            rows.columns.append(_columns(element))
        case "mergeCell":
            span = span_of(element.get("ref", ""))
            rows.spans += [] if span is None else [span]
        case "hyperlink":
            rows.links |= _linked(element, addresses)
        case "conditionalFormatting":
            rows.styled.append(element.get("sqref", ""))
        case "filterColumn":
            rows.filtered = True


def _add_row(rows: _Rows, element: Element, book: _Book) -> None:
    stated = element.get("r", "")
    rows.number = int(stated) - 1 if stated.isdecimal() else rows.number + 1
    cells: dict[int, str] = {}
    for column, text, blank in _cells(element, book):
        if blank:
            rows.blank[rows.number, column] = text
        else:
            cells[column] = text
    if not cells:
        return
    by_hand = _is_set(element, "hidden") and element.get("outlineLevel", "0") == "0"
    place = rows.hidden if by_hand else rows.filled
    place[rows.number] = {**place.get(rows.number, {}), **cells}


def _settle(rows: _Rows, found: Sequence[Element], receipt: Receipt) -> None:
    """Decides which of the rows, columns and cells that may not be seen are read."""
    filtered = rows.filtered or any(part.find("{*}autoFilter/{*}filterColumn") is not None for part in found)
    left_out = [number for number in rows.hidden if not filtered and receipt.hides_part(ROW)]
    for number in rows.hidden.keys() - left_out:
        rows.filled[number] = {**rows.filled.get(number, {}), **rows.hidden[number]}
    styled = styled_ranges(rows.styled, found)
    for (number, column), text in rows.blank.items():
        if is_covered(number, column, styled) or not receipt.hides(text):
            rows.filled.setdefault(number, {})[column] = text
    bridge(rows.filled, left_out)
    met = {column for cells in rows.filled.values() for column in cells} if rows.columns else set()
    unseen = {column for column in met if any(column in some for some in rows.columns)}
    dropped = {column for column in unseen if receipt.hides_part(COLUMN)}
    for number, cells in list(rows.filled.items()) if dropped else ():
        rows.filled[number] = {column: text for column, text in cells.items() if column not in dropped}
        if cells and not rows.filled[number]:
            del rows.filled[number]


def _is_set(element: Element, attribute: str) -> bool:
    return element.get(attribute) in ("1", "true", "on")


def _columns(element: Element) -> range:
    first, last = element.get("min", ""), element.get("max", "")
    return range(int(first) - 1, int(last)) if first.isdecimal() and last.isdecimal() else range(0)


def _elements(package: zipfile.ZipFile, path: str) -> Iterator[Element]:
    """Yields columns, rows, merged ranges, links and formats; what was yielded is forgotten."""
    if path not in package.namelist():
        return
    with told_as_damage(*ooxml.UNPACKING, *ooxml.PARSING), package.open(path) as file:
        parents: list[Element] = []
        for event, element in ElementTree.iterparse(file, ("start", "end")):
            if event == "start":
                parents.append(element)
                continue
            parents.pop()
            if local_name(element) in YIELDED:
                yield element
                parents[-1].clear()


def _cells(row: Element, book: _Book) -> Iterator[tuple[int, str, bool]]:
    """Yields columns with their texts, and if a text has the colour of its cell."""
    column = -1
    for cell in row:
        if local_name(cell) != "c":
            continue
        place = CELL_REFERENCE.fullmatch(cell.get("r", ""))
        column = column_number(place[1]) if place else column + 1
        style = cell.get("s", "0")
        look = book.looks[int(style)] if style.isdecimal() and int(style) < len(book.looks) else CellStyle()
        text = _text(cell, look, book)
        if look.struck:
            book.receipt.count_text(STRUCK, text)
        elif text.strip() and not (look.tiny and book.receipt.hides(text)):
            yield column, text, look.blank


def _text(cell: Element, look: CellStyle, book: _Book) -> str:
    """The text that the cell shows; a `DataCell` if it is no text."""
    parts = {local_name(child): child for child in cell}
    kind, stored = cell.get("t", "n"), _content(parts.get("v")).strip()
    book.receipt.count(FORMULA, "f" in parts and not stored and kind != "str")
    match kind:
        case "inlineStr":
            inner = parts.get("is")
            text = "" if inner is None else _rich_text(inner, book.receipt)
        case "s":
            text = book.strings[int(stored)] if stored.isdecimal() and int(stored) < len(book.strings) else ""
        case "str":
            text = _unescaped(_content(parts.get("v")))
        case "b":
            text = DataCell("TRUE" if stored in ("1", "true") else "FALSE") if stored else ""
        case "e":
            text = ""
        case "d":
            date = ISO_DATE.fullmatch(stored)
            text = DataCell(date[1] if date else stored.replace("T", " "))
        case _:
            text = _figure(stored, look, book)
    link = LINK_FORMULA.match(_content(parts.get("f"))) if "f" in parts else None
    return text + address_beside(text, link[1].replace('""', '"')) if link else text


def _content(element: Element | None) -> str:
    return "" if element is None else element.text or ""


def _figure(stored: str, look: CellStyle, book: _Book) -> str:
    try:
        number = float(stored)
    except ValueError:
        return stored
    if number - number != 0:  # infinite, or none
        return stored
    return DataCell(number_formats.formatted_number(number, look.code, book.epoch_1904))


def _linked(link: Element, addresses: Mapping[str, str]) -> dict[tuple[int, int], str]:
    """The cells of a link to an address outside the file."""
    span, address = span_of(link.get("ref", "")), addresses.get(relation_id(link))
    if span is None or not address:
        return {}
    height, width = span.bottom - span.top + 1, span.right - span.left + 1
    if height * width > MOST_LINKED:
        return {}
    return {
        (row, column): address
        for row in range(span.top, span.bottom + 1)
        for column in range(span.left, span.right + 1)
    }
