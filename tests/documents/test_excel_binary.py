"""Workbooks in Excel's binary formats (xls, xlsb): cells show what a person sees in them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.types import Document
from tests.documents.compound import compound
from tests.documents.test_packages import zipped

INCLUDE = "; rag index --include-hidden reads it"
FORMATS = ("00000", "0.0%", "[h]:mm", '#,##0.00 "kr"')  # of the styles from 1 on
PLAIN, STRUCK = 0, len(FORMATS) + 1


def read(folder: Path, name: str, data: bytes) -> Document:
    (folder / name).write_bytes(data)
    return read_document(folder / name, name)


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def short_text(text: str, width: str = "<HB") -> bytes:
    return struct.pack(width, len(text), 0) + text.encode("latin-1")


def font(options: int = 0, shift: int = 0) -> bytes:
    return record(0x31, struct.pack("<HHHHHBBBB", 200, options, 8, 400, shift, 0, 0, 0, 0) + short_text("Arial", "<BB"))


def number(row: int, column: int, value: float, style: int) -> bytes:
    return record(0x203, struct.pack("<HHHd", row, column, style, value))


def text(row: int, column: int, string: int, style: int = PLAIN) -> bytes:
    return record(0xFD, struct.pack("<HHHI", row, column, style, string))


def strings(*texts: tuple[str, list[tuple[int, int]]]) -> bytes:
    """Strings, each with the places from which on its parts have other fonts."""
    parts = [struct.pack("<II", len(texts), len(texts))]
    for said, marks in texts:
        runs = struct.pack("<H", len(marks)) if marks else b""
        parts += [struct.pack("<HB", len(said), 8 if marks else 0), runs, said.encode("latin-1")]
        parts += [struct.pack("<HH", *mark) for mark in marks]
    return record(0xFC, b"".join(parts))


def xls(cells: bytes, shared: bytes = b"", besides: bytes = b"") -> bytes:
    """A workbook of one sheet; font 5 is raised, 6 struck: no font has the number 4."""
    begin = struct.pack("<HHHHII", 0x600, 5, 0xDBB, 0x7CC, 0, 6)
    fonts = font() * 4 + font(shift=1) + font(options=8)
    formats = b"".join(record(0x41E, struct.pack("<H", 164 + at) + short_text(code)) for at, code in enumerate(FORMATS))
    styles = [(0, 0), *((0, 164 + at) for at in range(len(FORMATS))), (6, 0)]
    looks = b"".join(record(0xE0, struct.pack("<HHH", *style, 0) + bytes(14)) for style in styles)
    head = record(0x809, begin) + fonts + formats + looks
    rest = shared + record(0x0A)
    place = len(head) + len(record(0x85, bytes(6) + short_text("Flock", "<BB"))) + len(rest)
    sheet = record(0x85, struct.pack("<IBB", place, 0, 0) + short_text("Flock", "<BB"))
    body = record(0x809, begin[:2] + struct.pack("<H", 0x10) + begin[4:]) + besides + cells + record(0x0A)
    return compound({"Workbook": head + sheet + rest + body})


def test_numbers_of_xls_are_shown_as_their_formats_say(tmp_path: Path) -> None:
    shared = strings(("Barn", []), ("Code", []), ("Lame", []), ("Time", []), ("Fee", []), ("North", []))
    names = b"".join(text(0, column, column) for column in range(5))
    row = (
        text(1, 0, 5) + number(1, 1, 1234, 1) + number(1, 2, 0.125, 2) + number(1, 3, 1.25, 3) + number(1, 4, 1299.5, 4)
    )
    packed = record(0xBD, struct.pack("<HHHIHIH", 2, 1, 1, 99 << 2 | 2, 2, 50 << 2 | 3, 2))  # 99, and 50 hundredths
    document = read(tmp_path, "a.xls", xls(names + row + packed, shared))
    assert document.text == (
        "Flock\n\nBarn | Code | Lame | Time | Fee\nNorth | 01234 | 12.5% | 30:00 | 1,299.50 kr\n| 00099 | 50.0%"
    )
    assert document.notes == ()


def test_texts_of_xls_keep_what_is_raised_and_lose_what_is_struck(tmp_path: Path) -> None:
    shared = strings(("106 litres, old new", [(2, 5), (3, 0), (12, 6), (16, 0)]), ("Gone", []), ("Barn", []))
    address = "https://mill.example"
    link = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b") + struct.pack("<I", 2 * len(address) + 2)
    link = (
        struct.pack("<4H", 2, 2, 1, 1)
        + bytes(16)
        + struct.pack("<II", 2, 3)
        + link
        + address.encode("utf-16-le")
        + b"\0\0"
    )
    cells = (
        text(0, 0, 2)
        + text(0, 1, 2)
        + text(1, 0, 0)
        + text(1, 1, 1, STRUCK)
        + text(2, 0, 2)
        + record(0x204, struct.pack("<HHH", 2, 1, PLAIN) + short_text("here"))
    )
    document = read(tmp_path, "a.xls", xls(cells + record(0x1B8, link) + record(0x1C, bytes(12)), shared))
    assert document.text == "Flock\n\nBarn | Barn\n10^6 litres, new\nBarn | here (https://mill.example)"
    assert sorted(document.notes) == ["1 comment", "8 characters of struck text"]


def test_what_xls_hides_or_draws(tmp_path: Path) -> None:
    shared = strings(("Barn", []), ("Key", []), ("North", []))
    cells = text(0, 0, 0) + text(0, 1, 1) + text(1, 0, 2) + text(1, 1, 1) + text(2, 0, 2) + text(2, 1, 1)
    row = record(0x208, struct.pack("<HHHHHHI", 2, 0, 2, 0, 0, 0, 0x20))
    column = record(0x7D, struct.pack("<HHHHHH", 1, 1, 0, 0, 1, 0))
    picture = record(0x5D, struct.pack("<HHHH", 0x15, 0x12, 8, 1) + bytes(18))
    box = record(0x5D, struct.pack("<HHHH", 0x15, 0x12, 6, 2) + bytes(18))
    box += record(0x1B6, bytes(10) + struct.pack("<HH", 5, 16) + bytes(4)) + record(0x3C, b"\0Shear")
    document = read(tmp_path, "a.xls", xls(cells + picture + box, shared, column + row))
    assert document.text == "Flock\n\nBarn\nNorth\n\nShear"
    assert sorted(document.notes) == [
        f"1 hidden column{INCLUDE}",
        f"1 hidden row{INCLUDE}",
        "1 image without a description",
    ]


def part(*records: tuple[int, bytes]) -> bytes:
    """A binary part of an xlsb."""
    parts = []
    for kind, data in records:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        parts.append(head + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data)
    return b"".join(parts)


def wide(said: str) -> bytes:
    return struct.pack("<I", len(said)) + said.encode("utf-16-le")


def test_numbers_and_texts_of_xlsb(tmp_path: Path) -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'

    def related(*parts: str) -> bytes:
        entries = (part.split("=") for part in parts)
        return relations.format(
            "".join(
                f'<Relationship Id="{key}" Type="{kind}/{name}" Target="{target}"/>' for key, name, target in entries
            )
        ).encode()

    looks = [(0, 0), (164, 0), (0, 1)]  # format and font
    styles = part(
        (43, struct.pack("<4H", 220, 0, 400, 0)), (43, struct.pack("<4H", 220, 8, 400, 0)),
        (43, struct.pack("<4H", 220, 0, 400, 1)), (44, struct.pack("<H", 164) + wide("00000")), (617, bytes(4)),
        *((47, struct.pack("<3H", 0, *look) + bytes(10)) for look in looks), (618, b""),
    )  # fmt: skip
    raised = b"\1" + wide("106 litres") + struct.pack("<IHHHH", 2, 2, 2, 3, 0)
    shared = part(
        (159, struct.pack("<II", 3, 3)),
        (19, raised),
        (19, b"\0" + wide("Gone")),
        (19, b"\0" + wide("Tank")),
        (160, b""),
    )
    row = [(0, struct.pack("<IIHBBBI", at, 0, 300, 0, 0, 0, 0)) for at in range(2)]
    sheet = part(
        (129, b""),
        (148, struct.pack("<4I", 0, 1, 0, 2)), (145, b""), row[0],
        (7, struct.pack("<3I", 0, 0, 2)), (7, struct.pack("<3I", 1, 0, 2)),
        row[1],
        (7, struct.pack("<3I", 0, 0, 0)), (5, struct.pack("<IId", 1, 1, 99.0)), (7, struct.pack("<3I", 2, 2, 1)),
        (146, b""), (130, b""),
    )  # fmt: skip
    book = part(
        (131, b""), (143, b""), (156, struct.pack("<II", 0, 1) + wide("r1") + wide("Flock")), (144, b""), (132, b"")
    )
    data = zipped({
        "[Content_Types].xml": "<Types/>", "_rels/.rels": related("r=officeDocument=xl/workbook.bin"),
        "xl/workbook.bin": book,
        "xl/_rels/workbook.bin.rels": related(
            "r1=worksheet=worksheets/sheet1.bin", "r2=styles=styles.bin", "r3=sharedStrings=sharedStrings.bin"
        ),
        "xl/styles.bin": styles, "xl/sharedStrings.bin": shared, "xl/worksheets/sheet1.bin": sheet,
    })  # fmt: skip
    document = read(tmp_path, "a.xlsb", data)
    assert document.text == "Flock\n\nTank | Tank\n10^6 litres | 00099"
    assert document.notes == ("4 characters of struck text",)


@pytest.mark.parametrize("end", [40, 700, 1500])
def test_workbooks_that_are_cut_off_are_damage(tmp_path: Path, end: int) -> None:
    whole = xls(text(0, 0, 0) + number(1, 0, 7, 1), strings(("Barn", [(1, 5)])))
    with pytest.raises(DocumentError, match=r"a\.xls: is (?:damaged|empty)"):
        read(tmp_path, "a.xls", whole[:end])
