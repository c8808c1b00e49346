"""Workbooks in Office's XML format (xlsx, xlsm) -> their sheets.

In: the package. Out: the visible sheets with the cells as they show their values: formats of numbers are applied,
struck text is left out, addresses of links stand behind the texts. A sheet is read row by row, and memory grows with
the cells that are filled, not with the range that they span.
Left out: formulas (their last values count), charts, comments, errors such as #N/A.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.etree import ElementTree

from rag.documents import number_formats, ooxml
from rag.documents.damaged import told_as_damage
from rag.documents.grid import Figure, Sheet, Span
from rag.documents.link_text import beside
from rag.documents.ooxml import Element, child_value, is_on, local_name, relation_id, value
from rag.documents.raised import LOWERED, RAISED, Run, joined

PLACE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LINK_FORMULA = re.compile(r'HYPERLINK\(\s*"((?:[^"]|"")*)"', re.IGNORECASE)
MOST_LINKED = 1000  # cells of one link
ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T00:00:00(?:\.0+)?Z?)?")
SHIFTS = {"superscript": RAISED, "subscript": LOWERED}


class _Look(NamedTuple):
    """How cells of a style are shown."""

    code: str = number_formats.GENERAL
    struck: bool = False


class _Book(NamedTuple):
    """What the cells of all sheets refer to."""

    strings: list[str]
    looks: list[_Look]
    epoch_1904: bool


def workbook(package: zipfile.ZipFile, main: str) -> Element | None:
    """The main part, None if it is none of a workbook."""
    part = ooxml.part(package, main) if main.endswith(".xml") else None
    return part if part is not None and local_name(part) == "workbook" else None


def sheets(package: zipfile.ZipFile, main: str, root: Element) -> Iterator[Sheet]:
    """Yields the visible sheets of the workbook whose main part is at that path."""
    targets = ooxml.targets(package, main)
    strings = ooxml.part(package, ooxml.target(package, main, "sharedStrings"))
    styles = ooxml.part(package, ooxml.target(package, main, "styles"))
    properties = root.find("{*}workbookPr")
    book = _Book(
        [_rich_text(item) for item in ([] if strings is None else strings.iterfind("{*}si"))],
        [] if styles is None else list(_looks(styles)),
        value(properties, "date1904") in ("1", "true", "on"),
    )
    for entry in root.iterfind("{*}sheets/{*}sheet"):
        target = targets.get(relation_id(entry))
        if target is not None and target.kind == "worksheet" and entry.get("state", "visible") == "visible":
            yield _sheet(package, target.path, entry.get("name", ""), book)


def _looks(styles: Element) -> Iterator[_Look]:
    codes = {item.get("numFmtId", ""): item.get("formatCode", "") for item in styles.iterfind("{*}numFmts/{*}numFmt")}
    struck = [is_on(font.find("{*}strike")) for font in styles.iterfind("{*}fonts/{*}font")]
    for style in styles.iterfind("{*}cellXfs/{*}xf"):
        number, font = style.get("numFmtId", "0"), style.get("fontId", "0")
        built_in = number_formats.BUILT_IN.get(int(number), number_formats.GENERAL) if number.isdecimal() else ""
        yield _Look(
            codes.get(number) or built_in or number_formats.GENERAL,
            font.isdecimal() and int(font) < len(struck) and struck[int(font)],
        )


def _rich_text(item: Element) -> str:
    """The text of a string, whose runs have looks of their own."""
    if len(item) == 1 and item[0].text and local_name(item[0]) == "t":
        return _unescaped(item[0].text)
    runs = []
    for part in item:
        if local_name(part) == "t":
            runs.append(Run(part.text or ""))
        elif local_name(part) == "r" and not is_on(part.find("{*}rPr/{*}strike")):
            shift = SHIFTS.get(child_value(part.find("{*}rPr"), "vertAlign") or "", 0)
            runs.append(Run(part.findtext("{*}t") or "", shift))
    return _unescaped(joined(runs))


def _unescaped(text: str) -> str:
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _sheet(package: zipfile.ZipFile, path: str, name: str, book: _Book) -> Sheet:
    rows: dict[int, dict[int, str]] = {}
    spans: list[Span] = []
    links: dict[tuple[int, int], str] = {}
    addresses = ooxml.addresses(package, path)
    number = -1
    for element in _elements(package, path):
        match local_name(element):
            case "row":
                stated = element.get("r", "")
                number = int(stated) - 1 if stated.isdecimal() else number + 1
                cells = dict(_cells(element, book))
                if cells:
                    rows[number] = {**rows.get(number, {}), **cells}
            case "mergeCell":
                span = _span(element.get("ref", ""))
                if span is not None:
                    spans.append(span)
            case "hyperlink":
                links |= _linked(element, addresses)
    for (row, column), address in links.items():
        text = rows.get(row, {}).get(column, "")
        if behind := beside(text, address):
            rows[row][column] = text + behind
    return Sheet(name, rows, spans)


def _elements(package: zipfile.ZipFile, path: str) -> Iterator[Element]:
    """Yields rows, merged ranges and links; what was yielded is forgotten."""
    if path not in package.namelist():
        return
    with told_as_damage(*ooxml.UNPACKING, *ooxml.PARSING), package.open(path) as file:
        parents: list[Element] = []
        for event, element in ElementTree.iterparse(file, ("start", "end")):
            if event == "start":
                parents.append(element)
                continue
            parents.pop()
            if local_name(element) in ("row", "mergeCell", "hyperlink"):
                yield element
                parents[-1].clear()


def _cells(row: Element, book: _Book) -> Iterator[tuple[int, str]]:
    column = -1
    for cell in row:
        if local_name(cell) != "c":
            continue
        place = PLACE.fullmatch(cell.get("r", ""))
        column = _column(place[1]) if place else column + 1
        text = _text(cell, book)
        if text.strip():
            yield column, text


def _text(cell: Element, book: _Book) -> str:
    """What the cell shows; a `Figure` if it is no text."""
    style = cell.get("s", "0")
    look = book.looks[int(style)] if style.isdecimal() and int(style) < len(book.looks) else _Look()
    if look.struck:
        return ""
    parts = {local_name(child): child for child in cell}
    kind, stored = cell.get("t", "n"), _content(parts.get("v")).strip()
    match kind:
        case "inlineStr":
            inner = parts.get("is")
            text = "" if inner is None else _rich_text(inner)
        case "s":
            text = book.strings[int(stored)] if stored.isdecimal() and int(stored) < len(book.strings) else ""
        case "str":
            text = _unescaped(_content(parts.get("v")))
        case "b":
            text = Figure("TRUE" if stored in ("1", "true") else "FALSE") if stored else ""
        case "e":
            text = ""
        case "d":
            date = ISO_DATE.fullmatch(stored)
            text = Figure(date[1] if date else stored.replace("T", " "))
        case _:
            text = _figure(stored, look, book)
    link = LINK_FORMULA.match(_content(parts.get("f"))) if "f" in parts else None
    return text + beside(text, link[1].replace('""', '"')) if link else text


def _content(element: Element | None) -> str:
    return "" if element is None else element.text or ""


def _figure(stored: str, look: _Look, book: _Book) -> str:
    try:
        number = float(stored)
    except ValueError:
        return stored
    if number - number != 0:  # infinite, or none
        return stored
    return Figure(number_formats.shown(number, look.code, book.epoch_1904))


def _column(letters: str) -> int:
    """A -> 0, Z -> 25, AA -> 26."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _span(reference: str) -> Span | None:
    """B2:C5 -> the rows and columns."""
    places = [PLACE.fullmatch(part) for part in reference.split(":")]
    if not places or len(places) > 2:
        return None
    first, last = places[0], places[-1]
    if first is None or last is None:
        return None
    return Span(int(first[2]) - 1, _column(first[1]), int(last[2]) - 1, _column(last[1]))


def _linked(link: Element, addresses: Mapping[str, str]) -> dict[tuple[int, int], str]:
    """The cells of a link to an address outside the file."""
    span, address = _span(link.get("ref", "")), addresses.get(relation_id(link))
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
