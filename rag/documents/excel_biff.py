"""Workbooks of Excel 97 to 2003 (xls) -> the looks of their cells.

In: the bytes of a file. Out: formats of numbers, struck cells, texts with raised, lowered and struck parts, addresses
of links, texts of boxes, hidden rows and columns, the numbers of comments and images (MS-XLS). Values, names and spans
are read by calamine (excel_binary.py). Older files have no looks here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import NamedTuple

from rag.documents import number_formats
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
from rag.documents.receipt import STRUCK, Receipt

BEGIN, END, CONTINUE, ENCRYPTED = 0x0809, 0x000A, 0x003C, 0x002F  # kinds of records
FONT, FORMAT, STYLE, SHEET, STRINGS, EPOCH = 0x0031, 0x041E, 0x00E0, 0x0085, 0x00FC, 0x0022
NUMBER, PACKED, ROW_OF_PACKED, FORMULA, STRING, LABEL = 0x0203, 0x027E, 0x00BD, 0x0006, 0x00FD, 0x0204
ROW, COLUMN, NOTE, LINK, FILTERED, OBJECT, BOX = 0x0208, 0x007D, 0x001C, 0x01B8, 0x009B, 0x005D, 0x01B6
PASSED = frozenset({0x0201, 0x00BE, 0x00D7, 0x0205, 0x0207, 0x04BC})  # cells without a value and what shows none
CHART, PICTURE, COMMENT = 5, 8, 25  # kinds of objects
BIFF_8 = 0x0600
SHIFTS = {1: RAISED, 2: LOWERED}
WEB_ADDRESS = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")  # the class of such a link


class _Style(NamedTuple):
    code: str  # the format of numbers
    struck: bool


class _Record(NamedTuple):
    """A record: its kind and the place of its bytes in the stream."""

    kind: int
    start: int
    end: int


def biff_looks(data: bytes, receipt: Receipt) -> BookLooks:
    """The looks of the cells; none of a file that is not read or is damaged, of which calamine tells more."""
    import olefile

    try:
        with BytesIO(data) as file, olefile.OleFileIO(file) as container:
            stream = container.openstream("Workbook").read()
        book = _Book(stream, receipt)
        for place, name in book.sheets:
            book.looks.sheets[name] = partial(_sheet_looks, stream, place, book)
    except (OSError, ValueError, IndexError, TypeError, AttributeError, OverflowError, struct.error):
        return BookLooks()
    return book.looks


def _records(stream: bytes, place: int) -> Iterator[_Record]:
    """Yields the records up to the end of the part that begins at `place`; charts are parts within it."""
    size, depth, head = len(stream), 0, struct.Struct("<HH").unpack_from
    while place + 4 <= size:
        kind, length = head(stream, place)
        end = place + 4 + length
        if kind not in PASSED:
            yield _Record(kind, place + 4, end)
        place = end
        if kind in (BEGIN, END):
            depth += 1 if kind == BEGIN else -1
            if not depth:
                return


class _Book:
    """Styles and strings that the sheets of a workbook share."""

    def __init__(self, stream: bytes, receipt: Receipt) -> None:
        self.looks = BookLooks()
        self.sheets: list[tuple[int, str]] = []  # place and name
        self.fonts: list[CellFont] = []
        self.receipt = receipt
        self._codes: dict[int, str] = {}
        self._stream = stream
        styles: list[tuple[int, int]] = []  # font and format
        strings: list[bytes] = []
        last = 0
        for record in _records(stream, 0):
            if record.kind == STYLE:
                styles.append(struct.unpack_from("<HH", stream, record.start))
            elif record.kind == STRINGS or (record.kind == CONTINUE and last == STRINGS):
                strings.append(stream[record.start : record.end])
            else:
                self._take(record)
            last = record.kind if record.kind != CONTINUE else last
        self.styles = [self._style(*numbers) for numbers in styles]
        self.strings = list(_strings(strings, self.fonts, receipt))

    def _take(self, record: _Record) -> None:
        kind, start, end = record
        if kind == ENCRYPTED or (kind == BEGIN and struct.unpack_from("<H", self._stream, start)[0] != BIFF_8):
            raise ValueError("encrypted, or an older format")
        if kind == FONT:
            _, options, _, _, shift = struct.unpack_from("<5H", self._stream, start)
            self.fonts.append(CellFont(bool(options & 8), SHIFTS.get(shift, 0)))
            if len(self.fonts) == 4:
                self.fonts.append(CellFont())  # no font has the number 4
        elif kind == FORMAT:
            (number,) = struct.unpack_from("<H", self._stream, start)
            self._codes[number] = _short_text(self._stream[start + 2 : end], 2)
        elif kind == SHEET:
            (place,) = struct.unpack_from("<I", self._stream, start)
            self.sheets.append((place, _short_text(self._stream[start + 6 : end], 1)))
        elif kind == EPOCH:
            self.looks.epoch_1904 = self._stream[start] == 1

    def _style(self, font: int, number: int) -> _Style:
        code = self._codes.get(number) or number_formats.BUILT_IN.get(number, number_formats.GENERAL)
        return _Style(code, font < len(self.fonts) and self.fonts[font].struck)


def _short_text(data: bytes, width: int) -> str:
    """A text with its number of characters in so many bytes, then a byte that tells how wide they are."""
    count = int.from_bytes(data[:width], "little")
    wide = data[width] & 1
    inner = data[width + 1 : width + 1 + count * (1 + wide)]
    return inner.decode("utf-16-le" if wide else "latin-1", "replace")


class _Pieces:
    """The bytes of a list of strings, which go on from one record in the next."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._number = 0
        self._place = 0

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end of all."""
        found = b""
        while count > len(found) and self._number < len(self._pieces):
            piece = self._pieces[self._number]
            part = piece[self._place : self._place + count - len(found)]
            found += part
            self._place += len(part)
            if self._place >= len(piece):
                self._number, self._place = self._number + 1, 0
        return found

    def text(self, count: int, wide: int) -> str:
        """The next characters; each record says anew how wide they are."""
        text = ""
        while count > 0 and self._number < len(self._pieces):
            begun = self._place > 0
            fitting = min(count, (len(self._pieces[self._number]) - self._place) // (1 + wide))
            text += self.take(fitting * (1 + wide)).decode("utf-16-le" if wide else "latin-1", "replace")
            count -= fitting
            if count > 0:
                if self._place or not begun:  # half a character, or nothing at all
                    self._number, self._place = self._number + 1, 0
                wide = (self.take(1) or b"\0")[0] & 1
        return text


class _String(NamedTuple):
    """A string whose parts have looks: as it is shown, None if that is as it is written; its text, its marks."""

    shown: str | None
    text: str
    marks: list[tuple[int, int]]


def _strings(pieces: Sequence[bytes], fonts: Sequence[CellFont], receipt: Receipt) -> Iterator[_String | None]:
    """Yields the strings that cells refer to, None for those without looks in them."""
    reader = _Pieces(pieces)
    head = reader.take(8)
    for _ in range(struct.unpack("<II", head)[1] if len(head) == 8 else 0):
        head = reader.take(3)
        if len(head) < 3:
            return
        count, flags = struct.unpack("<HB", head)
        (runs,) = struct.unpack("<H", reader.take(2)) if flags & 8 else (0,)
        (further,) = struct.unpack("<I", reader.take(4)) if flags & 4 else (0,)
        text = reader.text(count, flags & 1)
        marks = [struct.unpack("<HH", reader.take(4)) for _ in range(runs)]
        reader.take(further)
        yield _String(rich_text(text, marks, fonts, receipt), text, marks) if marks else None


def _sheet_looks(stream: bytes, place: int, book: _Book) -> SheetLooks:
    return _Sheet(stream, place, book).looks


class _Sheet:
    """The looks of the cells of a sheet, whose part of the stream begins at a place."""

    def __init__(self, stream: bytes, place: int, book: _Book) -> None:
        self.looks = SheetLooks()
        self._stream = stream
        self._book = book
        take = {
            NUMBER: self._number,
            PACKED: self._packed,
            ROW_OF_PACKED: self._row_of_packed,
            FORMULA: self._formula,
            STRING: self._string,
            LABEL: self._label,
            ROW: self._row,
            COLUMN: self._column,
            LINK: self._link,
        }
        drawn, waiting = 0, 0  # the kind of the last object, and the characters of its text that are still to come
        for record in _records(stream, place):
            if record.kind in take:
                take[record.kind](record)
            elif record.kind == OBJECT:
                (drawn,) = struct.unpack_from("<H", stream, record.start + 4)
                self.looks.images += drawn == PICTURE
                self.looks.charts += drawn == CHART
            elif record.kind == BOX:
                waiting = struct.unpack_from("<H", stream, record.start + 10)[0] if drawn != COMMENT else 0
            elif record.kind == CONTINUE and waiting:
                self.looks.besides.append(
                    _Pieces([stream[record.start + 1 : record.end]]).text(waiting, stream[record.start] & 1)
                )
                waiting = 0
            self.looks.comments += record.kind == NOTE
            self.looks.filtered = self.looks.filtered or record.kind == FILTERED

    def _number(self, record: _Record) -> None:
        row, column, style, number = struct.unpack_from("<HHHd", self._stream, record.start)
        self._add((row, column), style, number)

    def _packed(self, record: _Record) -> None:
        row, column, style, packed = struct.unpack_from("<HHHI", self._stream, record.start)
        self._add((row, column), style, packed_number(packed))

    def _row_of_packed(self, record: _Record) -> None:
        row, first = struct.unpack_from("<HH", self._stream, record.start)
        for column, at in enumerate(range(record.start + 4, record.end - 2, 6), start=first):
            style, packed = struct.unpack_from("<HI", self._stream, at)
            self._add((row, column), style, packed_number(packed))

    def _formula(self, record: _Record) -> None:
        row, column, style, number = struct.unpack_from("<HHHd", self._stream, record.start)
        is_other = self._stream[record.start + 12 : record.start + 14] == b"\xff\xff"  # a text, a truth value, an error
        self._add((row, column), style, None if is_other else number)

    def _string(self, record: _Record) -> None:
        row, column, style, string = struct.unpack_from("<HHHI", self._stream, record.start)
        self._add((row, column), style)
        found = self._book.strings[string] if string < len(self._book.strings) else None
        if found is None:
            return
        shown = found.shown
        if (row, column) in self.looks.struck:  # the looks of its first part are those of the cell
            self.looks.struck.discard((row, column))
            shown = rich_text(found.text, found.marks, self._book.fonts, Receipt(), CellFont(struck=True))
            self._book.receipt.count_text(STRUCK, found.text[: found.marks[0][0]])
        if shown is not None:
            self.looks.texts[row, column] = shown

    def _label(self, record: _Record) -> None:
        row, column, style = struct.unpack_from("<3H", self._stream, record.start)
        self._add((row, column), style)

    def _add(self, place: Place, style: int, number: float | None = None) -> None:
        if style >= len(self._book.styles):
            return
        look = self._book.styles[style]
        if number is not None:
            add_figure(self.looks, place, number, look.code)
        if look.struck:
            self.looks.struck.add(place)

    def _row(self, record: _Record) -> None:
        (options,) = struct.unpack_from("<H", self._stream, record.start + 12)
        if options & 0x20 and not options & 7:
            self.looks.rows.add(struct.unpack_from("<H", self._stream, record.start)[0])

    def _column(self, record: _Record) -> None:
        first, last, _, _, options = struct.unpack_from("<5H", self._stream, record.start)
        if options & 1 and not options >> 8 & 7:
            self.looks.columns.append(range(first, last + 1))

    def _link(self, record: _Record) -> None:
        begin = self._stream.find(WEB_ADDRESS, record.start + 32, record.end) + len(WEB_ADDRESS)
        if begin < len(WEB_ADDRESS):
            return
        (size,) = struct.unpack_from("<I", self._stream, begin)
        address = self._stream[begin + 4 : begin + 4 + size].decode("utf-16-le", "replace").partition("\0")[0]
        self.looks.links |= linked_cells(address, *struct.unpack_from("<4H", self._stream, record.start))
