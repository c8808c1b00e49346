"""Workbooks in the XML format of Excel 2003 (SpreadsheetML), usually named .xls or .xml -> their sheets.

In: the bytes of a file. Out: the visible sheets; numbers with their formats as in xlsx. Hidden sheets, rows and columns
are left out and counted, as are struck text and comments; rows that a filter hides are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple
from xml.etree import ElementTree

from rag.documents import number_formats, ooxml
from rag.documents.damaged import told_as_damage
from rag.documents.grid import DataCell, Sheet, Span, bridge
from rag.documents.link_text import address_beside
from rag.documents.ooxml import Element, value
from rag.documents.receipt import COLUMN, COMMENT, FORMULA, ROW, SHEET, STRUCK, Receipt, quoted_name

EXCEL_XML_MARK = "urn:schemas-microsoft-com:office:spreadsheet"
NAMED = {
    "fixed": "0.00", "standard": "#,##0.00", "percent": "0.00%", "scientific": "0.00E+00", "general number": "General",
}  # fmt: skip
FURTHEST = 1 << 20  # rows and columns beyond do not exist


def excel_xml_sheets(data: bytes, receipt: Receipt) -> Iterator[Sheet]:
    """Yields the visible sheets; raises `DocumentError` if the file is damaged."""
    with told_as_damage(*ooxml.PARSING):
        root = ElementTree.fromstring(data.lstrip())  # some programs begin it on a new line
    codes = {
        value(style, "ID") or "": value(style.find("{*}NumberFormat"), "Format") or ""
        for style in root.iter()
        if style.tag.endswith("}Style")
    }
    struck = {value(style, "ID") or "" for style in root.iterfind("{*}Styles/{*}Style") if _is_struck(style)}
    book = _Book(codes, struck, receipt)
    for sheet in root.iterfind("{*}Worksheet"):
        visible = (sheet.findtext("{*}WorksheetOptions/{*}Visible") or "SheetVisible") == "SheetVisible"
        if visible or not receipt.hides_part(SHEET, quoted_name(value(sheet, "Name") or "")):
            yield _sheet(sheet, book)


class _Book(NamedTuple):
    """Parts of a workbook that the cells of all sheets refer to."""

    codes: Mapping[str, str]
    struck: set[str]  # styles
    receipt: Receipt


def _is_struck(style: Element) -> bool:
    return value(style.find("{*}Font"), "StrikeThrough") == "1"


def _sheet(sheet: Element, book: _Book) -> Sheet:
    filtered = sheet.find("{*}AutoFilter/{*}AutoFilterColumn") is not None
    columns = list(_hidden_columns(sheet))
    met: set[int] = set()
    hidden: list[int] = []
    rows: dict[int, dict[int, str]] = {}
    spans: list[Span] = []
    number = -1
    for row in sheet.iterfind("{*}Table/{*}Row"):
        number = _place(row, number)
        column = -1
        by_hand = value(row, "Hidden") == "1" and not filtered and row.find("{*}Cell/{*}Data") is not None
        left_out = by_hand and book.receipt.hides_part(ROW)
        hidden += [number] if left_out else []
        for cell in row.iterfind("{*}Cell"):
            column = _place(cell, column)
            text = "" if left_out else _text(cell, book)
            if text.strip() and any(column in some for some in columns):
                met.add(column)
                text = text if book.receipt.include_hidden else ""
            if text.strip():
                rows.setdefault(number, {})[column] = text
            across, down = _count(cell, "MergeAcross"), _count(cell, "MergeDown")
            if across or down:
                spans.append(Span(number, column, number + down, column + across))
            column += across
    bridge(rows, hidden)
    for _ in met:
        book.receipt.hides_part(COLUMN)
    return Sheet(value(sheet, "Name") or "", rows, spans)


def _hidden_columns(sheet: Element) -> Iterator[range]:
    column = -1
    for stated in sheet.iterfind("{*}Table/{*}Column"):
        column = _place(stated, column)
        last = column + _count(stated, "Span")
        if value(stated, "Hidden") == "1":
            yield range(column, last + 1)
        column = last


def _place(element: Element, before: int) -> int:
    stated = _count(element, "Index")
    return stated - 1 if stated else before + 1


def _count(element: Element, name: str) -> int:
    stated = value(element, name) or ""
    return min(int(stated), FURTHEST) if stated.isdecimal() else 0


def _text(cell: Element, book: _Book) -> str:
    data = cell.find("{*}Data")
    text = "" if data is None else "".join(data.itertext())
    book.receipt.count(COMMENT, cell.find("{*}Comment") is not None)
    book.receipt.count(FORMULA, data is None and value(cell, "Formula") is not None)
    if value(cell, "StyleID") in book.struck:
        book.receipt.count_text(STRUCK, text)
        return ""
    code = book.codes.get(value(cell, "StyleID") or "", "")
    match value(data, "Type"):
        case "Number":
            with suppress(ValueError):
                text = DataCell(
                    number_formats.formatted_number(
                        float(text), NAMED.get(code.lower(), code) or number_formats.GENERAL
                    )
                )
        case "Boolean":
            text = DataCell("TRUE" if text.strip() == "1" else "FALSE")
        case "DateTime":
            text = DataCell(text.strip().removesuffix("T00:00:00.000").replace("T", " ").removesuffix(".000"))
        case "Error":
            text = ""
    behind = address_beside(text, value(cell, "HRef"))
    return text + behind if behind else text
