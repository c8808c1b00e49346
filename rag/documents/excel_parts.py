"""Workbooks of Excel in binary parts (xlsb) -> the looks of their cells.

In: the bytes of a file. Out: formats of numbers, struck cells, texts with raised, lowered and struck parts, addresses
of links, hidden rows and columns (MS-XLSB). Values, names and spans are read by calamine (excel_binary.py).
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from rag.documents import number_formats, ooxml
from rag.documents.excel_looks import (
    BookLooks,
    CellFont,
    Place,
    SheetLooks,
    add_figure,
    linked_cells,
    packed_number,
    rich_text,
)
from rag.documents.raised import LOWERED, RAISED
from rag.documents.receipt import Receipt
from rag.errors import DocumentError

SHIFTS = {1: RAISED, 2: LOWERED}


class _Kind:
    """Kinds of records."""

    ROW, PACKED, NUMBER, STRING, SHARED, FORMULA_TEXT, FORMULA = 0, 2, 5, 6, 7, 8, 9
    ITEM, FONT, FORMAT, STYLE, COLUMN, BOOK, SHEET = 19, 43, 44, 47, 60, 153, 156
    FILTER_COLUMN, LINK, STYLES, STYLES_END = 163, 494, 617, 618


class _Style(NamedTuple):
    code: str  # the format of numbers
    struck: bool


class _Book(NamedTuple):
    styles: list[_Style]
    strings: list[str | None]  # as they are shown, None for those without looks in them


def xlsb_looks(data: bytes, receipt: Receipt) -> BookLooks:
    """The looks of the cells; none of a file that is damaged, of which calamine tells more."""
    try:
        with ooxml.open_package(data) as package:
            return _looks(data, package, receipt)
    except (DocumentError, IndexError, struct.error, *ooxml.UNPACKING):
        return BookLooks()


def _looks(data: bytes, package: zipfile.ZipFile, receipt: Receipt) -> BookLooks:
    main = ooxml.target(package, "", "officeDocument") or ""
    targets = ooxml.targets(package, main)
    found = BookLooks()
    fonts, styles = _styles(package, ooxml.target(package, main, "styles"))
    book = _Book(styles, _strings(package, ooxml.target(package, main, "sharedStrings"), fonts, receipt))
    for kind, record in _records(package, main):
        if kind == _Kind.BOOK:
            found.epoch_1904 = bool(record[0] & 1)
        elif kind == _Kind.SHEET:
            relation, place = _text(record, 8)
            name, _ = _text(record, place)
            if relation in targets:
                found.sheets[name] = partial(_sheet, data, targets[relation].path, book)
    return found


def _records(package: zipfile.ZipFile, path: str | None) -> Iterator[tuple[int, bytes]]:
    """Yields the kinds of records and their bytes."""
    if path is None or path not in package.namelist():
        return
    data = ooxml.part_bytes(package, path)
    place = 0
    while place < len(data):
        kind, place = _varying(data, place, 2)
        size, place = _varying(data, place, 4)
        yield kind, data[place : place + size]
        place += size


def _varying(data: bytes, place: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place behind it."""
    number = 0
    for count in range(most):
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            break
    return number, place


def _text(record: bytes, place: int) -> tuple[str, int]:
    """A text with its length before it, and the place behind it; a length of all ones is no text."""
    (count,) = struct.unpack_from("<I", record, place)
    if count == 0xFFFFFFFF:
        return "", place + 4
    end = place + 4 + 2 * count
    return record[place + 4 : end].decode("utf-16-le", "replace"), end


def _styles(package: zipfile.ZipFile, path: str | None) -> tuple[list[CellFont], list[_Style]]:
    fonts: list[CellFont] = []
    codes: dict[int, str] = {}
    styles: list[_Style] = []
    of_cells = False
    for kind, record in _records(package, path):
        match kind:
            case _Kind.FONT:
                _, options, _, shift = struct.unpack_from("<4H", record)
                fonts.append(CellFont(bool(options & 8), SHIFTS.get(shift, 0)))
            case _Kind.FORMAT:
                codes[struct.unpack_from("<H", record)[0]] = _text(record, 2)[0]
            case _Kind.STYLES | _Kind.STYLES_END:
                of_cells = kind == _Kind.STYLES
            case _Kind.STYLE if of_cells:
                _, number, font = struct.unpack_from("<3H", record)
                code = codes.get(number) or number_formats.BUILT_IN.get(number, number_formats.GENERAL)
                styles.append(_Style(code, font < len(fonts) and fonts[font].struck))
    return fonts, styles


def _strings(package: zipfile.ZipFile, path: str | None, fonts: list[CellFont], receipt: Receipt) -> list[str | None]:
    """The strings that cells share."""
    found: list[str | None] = []
    for kind, record in _records(package, path):
        if kind != _Kind.ITEM:
            continue
        if record[0] & 1:
            text, place = _text(record, 1)
            (count,) = struct.unpack_from("<I", record, place)
            marks = [struct.unpack_from("<HH", record, place + 4 + 4 * at) for at in range(count)]
            found.append(rich_text(text, marks, fonts, receipt))
        else:
            found.append(None)
    return found


def _sheet(data: bytes, path: str, book: _Book) -> SheetLooks:
    with ooxml.open_package(data) as package:
        return _looks_of_cells(package, path, book)


def _looks_of_cells(package: zipfile.ZipFile, path: str, book: _Book) -> SheetLooks:
    found = SheetLooks()
    addresses = ooxml.addresses(package, path)
    row = 0
    for kind, record in _records(package, path):
        match kind:
            case _Kind.ROW:
                (row,) = struct.unpack_from("<I", record)
                if record[11] & 0x10 and not record[11] & 7:
                    found.rows.add(row)
            case _Kind.PACKED:
                column, style, packed = struct.unpack_from("<3I", record)
                _add_cell(found, (row, column), style, book, packed_number(packed))
            case _Kind.NUMBER | _Kind.FORMULA:
                column, style, number = struct.unpack_from("<IId", record)
                _add_cell(found, (row, column), style, book, number)
            case _Kind.STRING | _Kind.FORMULA_TEXT:
                column, style = struct.unpack_from("<II", record)
                _add_cell(found, (row, column), style, book)
            case _Kind.SHARED:
                column, style, string = struct.unpack_from("<3I", record)
                _add_cell(found, (row, column), style, book)
                if string < len(book.strings) and (text := book.strings[string]) is not None:
                    found.texts[row, column] = text
            case _:
                _add_besides(found, kind, record, addresses)
    return found


def _add_cell(found: SheetLooks, place: Place, style: int, book: _Book, number: float | None = None) -> None:
    style &= 0xFFFFFF
    if style < len(book.styles):
        if number is not None:
            add_figure(found, place, number, book.styles[style].code)
        if book.styles[style].struck:
            found.struck.add(place)


def _add_besides(found: SheetLooks, kind: int, record: bytes, addresses: Mapping[str, str]) -> None:
    match kind:
        case _Kind.COLUMN:
            first, last, _, _, options = struct.unpack_from("<4IH", record)
            if options & 1 and not options >> 8 & 7:
                found.columns.append(range(first, last + 1))
        case _Kind.FILTER_COLUMN:
            found.filtered = True
        case _Kind.LINK:
            top, bottom, left, right = struct.unpack_from("<4I", record)
            found.links |= linked_cells(addresses.get(_text(record, 16)[0], ""), top, bottom, left, right)
