"""The date that a file states of itself, in the notation of each format, and that of a sidecar."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.documents.read import read_document
from rag.documents.sidecar import read_sidecar, sidecar_path
from tests.documents.test_others import rich
from tests.documents.test_packages import book, opened, zipped
from tests.documents.test_pdf import lines, make_pdf

MAIL = "From: Ann <ann@example.org>\nSubject: x\nDate: {}\n\nIt turns.\n"
PAGE = "<html><head><meta name=date content='{}'></head><body><p>It turns.</p></body></html>"
HEAD = "---\ndate: {}\n---\nIt turns.\n"


def epub(date: str) -> bytes:
    parts = book({"a": "<p>It turns.</p>"}, "a")
    parts["book/content.opf"] = parts["book/content.opf"].replace("</metadata>", f"{date}</metadata>")
    return zipped(parts)


def pdf(date: str) -> bytes:
    return make_pdf([lines("It turns.")], f"/CreationDate ({date})")


def odt(date: str) -> bytes:
    return zipped(opened("text", "<text:p>It turns.</text:p>", f"<creation-date>{date}</creation-date>"))


@pytest.mark.parametrize(
    ("name", "data", "created"),
    [
        ("a.eml", MAIL.format("Tue, 05 Mar 2024 23:30:00 -0800"), "2024-03-05"),
        ("a.eml", MAIL.format("5 Mar 24 10:00 GMT"), "2024-03-05"),
        ("a.eml", MAIL.format("5. März 2024"), "2024-03-05"),
        ("a.eml", MAIL.format("the day before"), "the day before"),
        ("a.eml", MAIL.format("31 Feb 2024 10:00:00 +0000"), "31 Feb 2024 10:00:00 +0000"),
        ("a.html", PAGE.format("March 5, 2024"), "2024-03-05"),
        ("a.html", PAGE.format("2024-03-05T10:00:00+01:00"), "2024-03-05"),
        ("a.html", PAGE.format("03/05/2024"), "03/05/2024"),
        ("a.md", HEAD.format("05.03.2024"), "2024-03-05"),
        ("a.md", HEAD.format("2024-3"), "2024-03"),
        ("a.md", HEAD.format("2024-13-45"), "2024-13-45"),
        ("a.pdf", pdf("D:20240305101500+01'00'"), "2024-03-05"),
        ("a.pdf", pdf("D:20240305101500Z'"), "2024-03-05"),  # as LibreOffice writes it
        ("a.pdf", pdf("D:2024"), "2024"),
        ("a.pdf", pdf("Tue Mar 5 10:15:00 2024"), "2024-03-05"),
        ("a.pdf", pdf("D:00000000000000Z"), None),
        ("a.odt", odt("2024-03-05T10:15:00.123456789"), "2024-03-05"),
        ("a.rtf", rich(r"{\info{\creatim\yr2024\mo3\dy5\hr4}}It turns.\par"), "2024-03-05"),
        ("a.rtf", rich(r"{\info{\creatim\yr0\mo0\dy0}}It turns.\par"), None),
        ("a.epub", epub("<dc:date>1851-10</dc:date>"), "1851-10"),
        ("a.epub", epub("<dc:date event='modification'>2024-03-05</dc:date><dc:date>1851</dc:date>"), "1851"),
    ],
)
def test_what_a_file_states(tmp_path: Path, name: str, data: str | bytes, created: str | None) -> None:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    document = read_document(path, name)
    assert document.text.endswith("It turns.")
    assert document.metadata.get("created") == created


def test_what_a_sidecar_states(tmp_path: Path) -> None:
    sidecar_path(tmp_path / "a.txt").write_text(json.dumps({"created": "5 March 2024", "author": "Ann"}))
    assert read_sidecar(tmp_path / "a.txt") == {"created": "2024-03-05", "author": "Ann"}
