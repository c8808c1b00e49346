"""Workbooks in the XML format of Excel 2003 (SpreadsheetML), usually named .xls or .xml -> their sheets.

In: the bytes of a file. Out: the visible sheets; numbers with their formats as in xlsx.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from xml.etree import ElementTree

from rag.documents import number_formats, ooxml
from rag.documents.damaged import told_as_damage
from rag.documents.grid import Figure, Sheet, Span
from rag.documents.link_text import beside
from rag.documents.ooxml import Element, value

MARK = "urn:schemas-microsoft-com:office:spreadsheet"
NAMED = {
    "fixed": "0.00", "standard": "#,##0.00", "percent": "0.00%", "scientific": "0.00E+00", "general number": "General",
}  # fmt: skip
FURTHEST = 1 << 20  # rows and columns beyond do not exist


def sheets(data: bytes) -> Iterator[Sheet]:
    """Yields the visible sheets; raises `DocumentError` if the file is damaged."""
    with told_as_damage(*ooxml.PARSING):
        root = ElementTree.fromstring(data.lstrip())  # some programs begin it on a new line
    codes = {
        value(style, "ID") or "": value(style.find("{*}NumberFormat"), "Format") or ""
        for style in root.iter()
        if style.tag.endswith("}Style")
    }
    for sheet in root.iterfind("{*}Worksheet"):
        if (sheet.findtext("{*}WorksheetOptions/{*}Visible") or "SheetVisible") == "SheetVisible":
            yield _sheet(sheet, codes)


def _sheet(sheet: Element, codes: Mapping[str, str]) -> Sheet:
    rows: dict[int, dict[int, str]] = {}
    spans: list[Span] = []
    number = -1
    for row in sheet.iterfind("{*}Table/{*}Row"):
        number = _place(row, number)
        column = -1
        for cell in row.iterfind("{*}Cell"):
            column = _place(cell, column)
            text = _text(cell, codes)
            if text.strip():
                rows.setdefault(number, {})[column] = text
            across, down = _count(cell, "MergeAcross"), _count(cell, "MergeDown")
            if across or down:
                spans.append(Span(number, column, number + down, column + across))
            column += across
    return Sheet(value(sheet, "Name") or "", rows, spans)


def _place(element: Element, before: int) -> int:
    stated = _count(element, "Index")
    return stated - 1 if stated else before + 1


def _count(element: Element, name: str) -> int:
    stated = value(element, name) or ""
    return min(int(stated), FURTHEST) if stated.isdecimal() else 0


def _text(cell: Element, codes: Mapping[str, str]) -> str:
    data = cell.find("{*}Data")
    text = "" if data is None else "".join(data.itertext())
    code = codes.get(value(cell, "StyleID") or "", "")
    match value(data, "Type"):
        case "Number":
            with suppress(ValueError):
                text = Figure(
                    number_formats.shown(float(text), NAMED.get(code.lower(), code) or number_formats.GENERAL)
                )
        case "Boolean":
            text = Figure("TRUE" if text.strip() == "1" else "FALSE")
        case "DateTime":
            text = Figure(text.strip().removesuffix("T00:00:00.000").replace("T", " ").removesuffix(".000"))
        case "Error":
            text = ""
    behind = beside(text, value(cell, "HRef"))
    return text + behind if behind else text
