"""Rich text, reStructuredText, notebooks, source code, old Office files and pages that are images."""

from __future__ import annotations

import json
import shutil
import stat
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from rag.documents.options import ReadOptions
from rag.documents.read import read_document
from rag.errors import DocumentError, UnsupportedDocument
from rag.types import Document
from tests.documents.compound import compound

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(folder: Path, data: bytes | str, name: str) -> Document:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(folder / name, name)


def test_rich_text(tmp_path: Path) -> None:
    data = (
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\pard The M\'fchle\par turns \u8364?.\par"
        r"\trowd\cellx1\cellx2\intbl Part\cell Price\cell\row\trowd\cellx1\cellx2\intbl Wheel\cell 7\cell\row"
        r"\pard End\par}"
    )
    assert read(tmp_path, data, "a.rtf").text == "The Mühle\n\nturns €.\n\nPart | Price\nWheel | 7\n\nEnd"


def rich(body: str) -> str:
    fonts = (
        r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset2 Symbol;}{\f2\fcharset2 Wingdings;}{\f3\fcharset128 MS Mincho;}}"
    )
    styles = r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s7\outlinelevel1 Kapitel;}{\*\cs8 Link;}}"
    return rf"{{\rtf1\ansi\ansicpg1252\deff0{fonts}{styles}{body}}}"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\u-10179?\u-8706? and \uc2\u8364 EU.\par", "\U0001f5fe and €."),
        (r"{\f3 \'83\'41\'83A}{\f1 \'b0\u-3919?}{\f2 \'fe}\par", "アア°±☑"),
        (r"5 \'d7 10{\super 8} l of H{\sub 2}O on 4 m{\up6 2}\par", "5 × 10^8 l of H2O on 4 m^2"),
        (r"Until {\strike 4 June }9 June{\v  or so}{\deleted  gone}.\par", "Until 9 June."),
        (r"Note{\footnote\pard\plain {\chftn} By hand.} here.\par End\par", "Note here.\n\nEnd\n\nBy hand."),
        (
            r'{\field{\*\fldinst{HYPERLINK "https://wool.example/f"}}{\fldrslt{\ul Form}}}.\par',
            "Form (https://wool.example/f).",
        ),
        (r"{\field{\*\fldinst FORMCHECKBOX {\*\ffdata{\*\formfield{\fftype1\ffres1}}}}} oiled\par", "☒ oiled"),
        (
            r"{\listtext 1.\tab}wash\par{\pntext\f1\'b7\tab}dry\par\pard Done\par{\listtext (a)\tab}shear\par",
            "1. wash\n- dry\n\nDone\n\n(a) shear",
        ),
        (
            r"\trowd\trhdr\cellx1\cellx2\pard\intbl Barn\cell Ewes\cell\row\trowd\clvmgf\cellx1\cellx2\intbl "
            r"North\cell two\par lines\cell\row"
            r"\trowd\clvmrg\cellx1\cellx2\intbl\cell a|b\cell\row\pard Under\par",
            "Barn | Ewes\nNorth | two lines\nNorth | a|b\n\nUnder",
        ),
        (
            r"{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt\pard In a box\par}}{\shprslt{\pard In a box\par}}}Beside\par",
            "Beside\n\nIn a box",
        ),
        (r"{\header Top\par}{\pict\bin4 {}\'}{\*\unheard of}{\upr{ascii}{\*\ud{real}}} text\par", "Top\n\nreal text"),
        (
            r"{\footer\pard Page \chpgn\par Bank: 77\par}{\headerf Letter 12\par}It turns.\par",
            "Letter 12\n\nIt turns.\n\nBank: 77",
        ),
        (
            r"{\mmath{\*\moMath{\mf{\mfPr}{\mnum{\mr 3}}{\mden{\mr 4}}} of {\msSup{\me{\mr 10}}{\msup{\mr 6}}}}}\par",
            "3/4 of 10^6",
        ),
    ],
)
def test_what_rich_text_says(tmp_path: Path, body: str, text: str) -> None:
    assert read(tmp_path, rich(body), "a.rtf").text == text


def test_headings_and_facts_of_rich_text(tmp_path: Path) -> None:
    body = (
        r"{\info{\title The M\'fchle}{\author A. Miller}{\creatim\yr2021\mo5\dy3\hr4}}\pard\s1 Wheels\par"
        r"\pard They turn.\par"
        r"\pard\s7 Old ones\par\pard\outlinelevel0 Stones\par\pard End\par"
    )
    document = read(tmp_path, rich(body), "a.rtf")
    assert document.text == "Wheels\n\nThey turn.\n\nOld ones\n\nStones\n\nEnd"
    assert [section.path for section in document.sections] == ["Wheels", "Wheels > Old ones", "Stones"]
    assert (document.title, document.metadata["author"], document.metadata["created"]) == (
        "The Mühle",
        "A. Miller",
        "2021-05-03",
    )


RST = """\
.. |made| replace:: 1859

Mill
====

.. toctree::
   :maxdepth: 2

   other

It *turns*, see :class:`~mill.Wheel` and :doc:`the guide <guide>`. Built |made|.

.. versionadded:: 2.0
   The wheel.

.. include:: /etc/passwd

Parts
-----

- one
- two

=====  =====
Part   Price
=====  =====
Wheel  7
=====  =====
"""


def test_restructured_text_with_what_only_sphinx_knows(tmp_path: Path) -> None:
    document = read(tmp_path, RST, "a.rst")
    assert document.text == (
        "Mill\n\nIt turns, see mill.Wheel and the guide. Built 1859.\n\nNew in version 2.0 The wheel.\n\n"
        "Parts\n\n- one\n- two\n\n"
        "Part | Price\nWheel | 7"
    )
    assert [section.path for section in document.sections] == ["Mill", "Mill > Parts"]


def test_references_in_restructured_text_show_titles(tmp_path: Path) -> None:
    source = (
        ".. _oak-wheels:\n\nWheels of ``oak``\n=================\n\n"
        "See :ref:`Oak-Wheels`, :ref:`that <stones>`, :ref:`stones`, :ref:`far-away`.\n\n"
        ".. _stones:\n.. _old stones:\n\n======\nStones\n======\n\nSee :numref:`old stones`.\n"
    )
    assert read(tmp_path, source, "a.rst").text.split("\n\n") == [
        "Wheels of oak",
        "See Wheels of oak, that, Stones, far-away.",
        "Stones",
        "See Stones.",
    ]


def test_values_in_restructured_text(tmp_path: Path) -> None:
    source = "10\\ :sup:`6` l of H\\ :sub:`2`\\ O, :math:`\\frac{3}{4} x^2`, `here <https://mill.example/f>`_\n"
    assert read(tmp_path, source, "a.rst").text == "10^6 l of H2O, 3/4x^2, here (https://mill.example/f)"


def test_notebooks(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Mill\n", "It *turns*."]},
        {"cell_type": "code", "source": "x = 1\n\nprint(x)", "outputs": [
            {"output_type": "stream", "text": ["1\n"]},
            {"output_type": "display_data", "data": {"image/png": "iVBO", "text/plain": "<Figure>"}},
            {"output_type": "error", "traceback": ["boom"]},
        ]},
        {"cell_type": "raw", "source": ["plain"]},
    ]  # fmt: skip
    assert read(tmp_path, json.dumps({"cells": cells}), "a.ipynb").text == (
        "Mill\n\nIt turns.\n\nx = 1\n\nprint(x)\n\n1\n\n<Figure>\n\nplain"
    )
    with pytest.raises(DocumentError, match=r"b\.ipynb: is not a notebook although its name says so"):
        read(tmp_path, '{"cells": 3}', "b.ipynb")


def test_lines_of_source_code_stay(tmp_path: Path) -> None:
    wrapped = ["# The pump was found in the cellar of the old mill by a miller who had", "# lived there for years."]
    code = "\n".join([*wrapped, "def turn(wheel):", "    return wheel"])
    assert read(tmp_path, code, "a.py").text == code.replace("    ", "")


@pytest.mark.parametrize(("data", "expected"), [("{\\rtf1 Rich.}", "Rich."), ("<html><p>Page.</p></html>", "Page.")])
def test_other_formats_under_an_old_name(tmp_path: Path, data: str, expected: str) -> None:
    assert read(tmp_path, data, "a.doc").text == expected


def test_old_files_without_a_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnsupportedDocument) as error:
        read(tmp_path, OLE + b"\0" * 600, "a.ppt")
    assert str(error.value) == (
        f"{tmp_path / 'a.ppt'}: is of the old binary format .ppt; save it as .pptx, "
        "or install LibreOffice (the program soffice) and read it again"
    )
    with pytest.raises(DocumentError, match=r"b\.doc: is protected with a password"):
        read(tmp_path, OLE + "EncryptedPackage".encode("utf-16-le"), "b.doc")
    with pytest.raises(DocumentError, match=r"c\.doc: is not an Office file although its name says so"):
        read(tmp_path, "words", "c.doc")


def converter(folder: Path, lines: str) -> None:
    """A stand-in for LibreOffice, called with its arguments."""
    program = folder / "bin" / "soffice"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_old_files_with_a_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import docx

    made = docx.Document()
    made.add_paragraph("It turns.")
    made.save(str(tmp_path / "made.docx"))
    # $1 profile, $2 headless, $3 norestore, $4 --convert-to, $5 docx, $6 --outdir, $7 folder, $8 source
    converter(tmp_path, f'test -s "$8" && test "$5" = docx && cp {tmp_path}/made.docx "$7/file.docx"')
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert read(tmp_path, OLE + b"\0" * 600, "a.doc").text == "It turns."


def test_a_converter_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converter(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    with pytest.raises(DocumentError, match=r"a\.doc: could not be converted by LibreOffice, it may be damaged; save"):
        read(tmp_path, OLE + b"\0" * 600, "a.doc")


OCR = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


def scan(*paragraphs: str) -> Image.Image:
    """A page of 300 dots an inch with these paragraphs drawn on it, a line for each of their lines."""
    page = Image.new("L", (1700, 900), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=48)
    top = 80
    for paragraph in paragraphs:
        for line in paragraph.split("\n"):
            draw.text((100, top), line, fill=0, font=font)
            top += 70
        top += 90
    return page


@OCR
def test_pages_that_are_images_are_read(tmp_path: Path) -> None:
    first = scan("The pump was found in the cellar of the old mill by a mil-\nler who had lived there.", "It works.")
    first.save(tmp_path / "a.pdf", save_all=True, append_images=[Image.new("L", first.size, 255)], resolution=300)
    document = read_document(tmp_path / "a.pdf", "a.pdf")
    assert document.text == (
        "The pump was found in the cellar of the old mill by a miller who had lived there.\n\nIt works."
    )
    assert document.pages == (0, len(document.text))
    assert document.metadata["pages_recognised"] == "1"
    assert document.metadata["pages_without_text"] == "2"


@OCR
def test_a_language_that_is_not_installed(tmp_path: Path) -> None:
    scan("It turns.").save(tmp_path / "a.pdf", resolution=300)
    with pytest.raises(DocumentError, match=r"needs OCR in 'xyz', which tesseract does not have; install it \(Debian"):
        read_document(tmp_path / "a.pdf", "a.pdf", options=ReadOptions(ocr_languages=("xyz",)))


def test_a_file_of_today_under_an_old_name(tmp_path: Path) -> None:
    import docx

    made = docx.Document()
    made.add_paragraph("It turns.")
    made.save(str(tmp_path / "a.doc"))
    assert read_document(tmp_path / "a.doc", "a.doc").text == "It turns."


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


BOOK = record(0x809, b"\0\x06\x05\0" + bytes(12))
LOCKED = {
    "a.xls": {"Workbook": BOOK + record(0x2F, bytes(6)) + record(0x0A)},
    "a.doc": {"WordDocument": struct.pack("<HHHHHH", 0xA5EC, 193, 0, 0, 0, 0x1100) + bytes(600)},
    "a.ppt": {"Current User": bytes(12) + bytes.fromhex("dfc4d1f3") + bytes(40), "PowerPoint Document": bytes(600)},
}


@pytest.mark.parametrize("name", LOCKED)
def test_old_files_that_are_encrypted_are_called_so(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no converter is needed to tell
    with pytest.raises(DocumentError, match=rf"{name}: is protected with a password; save a copy without one"):
        read(tmp_path, compound(LOCKED[name]), name)


def test_old_files_that_are_not_encrypted_are_not_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DocumentError, match="is of the old binary format"):
        read(
            tmp_path, compound({"WordDocument": struct.pack("<6H", 0xA5EC, 193, 0, 0, 0, 0x1000) + bytes(600)}), "a.doc"
        )
    with pytest.raises(DocumentError, match="is of the old binary format"):
        read(tmp_path, compound({"Current User": bytes(12) + bytes.fromhex("5fc091e3") + bytes(40)}), "a.ppt")


@pytest.mark.parametrize("title", ["Untitled document", "No Slide Title", "Untitled Spreadsheet", "sales.csv"])
def test_titles_that_programs_give(tmp_path: Path, title: str) -> None:
    assert read(tmp_path, rf"{{\rtf1{{\info{{\title {title}}}}}It turns.\par}}", "mill.rtf").title == "mill"


def test_numbers_and_fields_of_restructured_text(tmp_path: Path) -> None:
    text = (
        ":Author: Ida\n:Status: closed\n:orphan:\n\nMill\n====\n\n(a) wheel\n(b) weir\n\nIV. four\n\n10\\ :sup:`6`.\n"
    )
    document = read(tmp_path, text, "a.rst")
    assert document.text == "Author: Ida\nStatus: closed\n\nMill\n\na. wheel\nb. weir\n\nIV. four\n\n10^6."
    assert (document.metadata["author"], document.metadata["status"]) == ("Ida", "closed")


def test_cells_of_rich_text_that_span_columns_and_rows(tmp_path: Path) -> None:
    def row(*cells: tuple[str, int, str]) -> str:
        shape = "".join(rf"{mark}\cellx{edge}" for _, edge, mark in cells)
        return rf"\trowd{shape}" + "".join(rf"\pard\intbl {text}\cell" for text, _, _ in cells) + r"\row"

    text = (
        row(("Class", 1000, r"\clvmgf"), ("Fee", 3000, ""), ("Note", 4010, r"\clvmgf"))
        + row(("", 1000, r"\clvmrg"), ("night", 2000, ""), ("week", 3000, ""), ("", 4000, r"\clvmrg"))
        + row(("dinghy", 1000, ""), ("9", 2000, ""), ("50", 3000, ""), ("a", 4000, ""))
        + r"\pard\par"
        + row(("Berth", 1500, ""), ("Boat", 4000, ""))
        + row(("12", 1500, ""), ("Gull", 4000, ""))
    )
    document = read(tmp_path, (r"{\rtf1\ansi " + text + "}").encode(), "a.rtf")
    assert document.text == "Class | Fee night | Fee week | Note\ndinghy | 9 | 50 | a\n\nBerth | Boat\n12 | Gull"
