"""Errors of readers: damage is told as damage, and a fault of the program is never blamed on the file."""

from __future__ import annotations

import io
import pickle
import re
import sys
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from rag.documents import csv_tables, docx, excel_binary, markdown, text
from rag.documents.pdf import reader
from rag.documents.read import read_document
from rag.errors import DocumentError, ReaderFault, UnsupportedDocument
from tests.documents.test_pdf import lines, make_pdf
from tests.documents.test_tables import workbook

RELATIONS = """<Relationships><Relationship Id="1" Type="x/officeDocument" Target="main.xml"/></Relationships>"""
DEEP = 3000  # levels; Python follows about a thousand


def zipped(parts: dict[str, str], packing: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return buffer.getvalue()


def word(body: str, head: str = "") -> dict[str, str]:
    return {"_rels/.rels": RELATIONS, "main.xml": f"{head}<document><body>{body}</body></document>"}


def refused(folder: Path, name: str, data: bytes) -> DocumentError:
    """The error, whose message is one line that begins with the path."""
    path = folder / name
    path.write_bytes(data)
    with pytest.raises(DocumentError) as error:
        read_document(path, name)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    return error.value


LISTED = b"PK\x01\x02\x14\x03\x14\x00\x00\x00"  # the head of a member in the list at the end, with its flags
TEXT = "<p><r><t>Text that is stored as it is.</t></r></p>"
DAMAGED = [
    ("member.docx", zipped(word(TEXT)).replace(b"as it is", b"as it WAS"[:8]), "Bad CRC-32 for file 'main.xml'"),
    ("member.odt", zipped({"content.xml": "<x>" * 9}, zipfile.ZIP_DEFLATED).replace(b"\xb3", b"\xff", 1), ""),
    ("locked.pptx", zipped(word(TEXT)).replace(LISTED, LISTED[:-2] + b"\x01\x00"), "is encrypted, password required"),
    ("mark-up.docx", zipped(word("<p>")), "mismatched tag: line 1, column 21"),
    ("encoding.docx", zipped(word(TEXT, "<?xml version='1.0' encoding='utf-99'?>")), "unknown encoding"),
    (
        "sheet.xlsx",
        workbook({"One": [["a", "b"]]}).replace(b"</sheetData>", b"</sheetDatA>"),
        "it may be damaged (Bad CRC-32 for file 'xl/worksheets/sheet1.xml')",
    ),
    ("number.rtf", rb"{\rtf1 a\u9999999999999 b}", ""),
    ("cells.ipynb", b'{"cells": [{"cell_type": "code", "outputs": ["x"]}]}', "save it anew in Jupyter"),
]


@pytest.mark.parametrize(("name", "data", "reason"), DAMAGED, ids=[name for name, _, _ in DAMAGED])
def test_damage_is_told_as_damage(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    error = refused(tmp_path, name, data)
    assert type(error) is DocumentError
    assert re.search(r": (could not be read, it may be damaged|is damaged: |is not a notebook)", str(error))
    assert reason in str(error)


def test_a_page_that_pdfium_gives_up_on_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pypdfium2

    def fail(*_: object) -> Any:
        raise pypdfium2.PdfiumError("Failed to load the text of a page.")

    monkeypatch.setattr(pypdfium2.PdfPage, "get_textpage", fail)
    error = refused(tmp_path, "a.pdf", make_pdf([lines("Text.")]))
    assert type(error) is DocumentError
    assert "it may be damaged (Failed to load the text of a page.)" in str(error)


def test_a_cell_that_csv_does_not_take_is_told_as_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_tables, "LONGEST_CELL", 20)
    error = refused(tmp_path, "a.csv", b"a,b\n1," + b"2" * 30)
    assert "it may be damaged (field larger than field limit (20))" in str(error)


def test_a_panic_of_the_parser_of_workbooks_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicException(BaseException):
        pass

    def fail(*_: object) -> Any:
        raise PanicException("range start index 116 out of range for slice of length 69")

    monkeypatch.setattr(excel_binary, "_visible", fail)
    error = refused(tmp_path, "a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert type(error) is DocumentError
    assert str(error).endswith(
        "a.xls: could not be read: the parser of this kind of workbook failed (range start index 116 out of range for "
        "slice of length 69); save it as .xlsx"
    )


def test_a_header_line_on_which_the_standard_library_fails_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: EmailMessage) -> str:
        raise IndexError("list index out of range")  # what its parser of parameters does on some

    monkeypatch.setattr(EmailMessage, "get_content_type", fail)
    error = refused(tmp_path, "a.eml", b"Subject: x\nContent-Type: text/plain\n\nText.")
    assert type(error) is DocumentError
    assert "it may be damaged (list index out of range)" in str(error)


def test_a_date_that_cannot_be_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(b"Subject: x\nDate: Mon, 20 Nov 99999999999 19:12:08 -0500\n\nText.")
    document = read_document(path, "a.eml")
    assert document.text.endswith("Text.")
    assert document.metadata["created"] == "Mon, 20 Nov 99999999999 19:12:08 -0500"


def test_a_parser_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylatexenc.latexwalker", None)
    error = refused(tmp_path, "a.tex", b"Text.")
    assert type(error) is UnsupportedDocument
    assert str(error).endswith(
        "a.tex: needs the Python package pylatexenc, which is not installed; pip install pylatexenc"
    )


def test_nesting_without_end(tmp_path: Path) -> None:
    error = refused(tmp_path, "a.docx", zipped(word("<sdt>" * DEEP + TEXT + "</sdt>" * DEEP)))
    assert str(error).endswith("a.docx: is nested too deep to be read; split it")


def fail(*_: object, **__: object) -> Any:
    raise IndexError("string index out of range")


FAULTS: list[tuple[str, bytes, object, str, str]] = [
    ("a.txt", b"Text.", text, "text_blocks", "text"),
    ("a.docx", zipped(word(TEXT)), docx, "lists_merged", "docx"),
    ("a.pdf", make_pdf([lines("Text.")]), reader, "layout", "pdf/reader"),
    ("a.ipynb", b'{"cells": [{"cell_type": "markdown", "source": "x"}]}', markdown, "markdown_blocks", "notebook"),
]


@pytest.mark.parametrize(("name", "data", "module", "function", "place"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_fault_of_the_program_is_not_blamed_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, module: object, function: str, place: str
) -> None:
    monkeypatch.setattr(module, function, fail)
    error = refused(tmp_path, name, data)
    assert isinstance(error, ReaderFault)
    message = (
        rf"{tmp_path / name}: rag failed to read it \(IndexError in rag/documents/{place}\.py:\d+: string index out of "
        r"range\); this is a fault of the program, not of the file: please report it, `rag index -v` shows the "
        r"traceback"
    )
    assert re.fullmatch(message, str(error))
    assert error.traceback.startswith("Traceback (most recent call last):\n")
    assert f"rag/documents/{place}.py" in error.traceback
    assert error.traceback.endswith("\nIndexError: string index out of range\n")


def test_the_traceback_goes_with_the_error_to_another_process() -> None:
    fault = ReaderFault("a.txt: failed", "Traceback: ...")
    again = pickle.loads(pickle.dumps(fault))
    assert (type(again), str(again), again.traceback) == (ReaderFault, "a.txt: failed", "Traceback: ...")
