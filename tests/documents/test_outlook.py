"""Messages of Outlook (.msg), written here stream by stream."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from compressed_rtf import compress

from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.types import Document
from tests.documents.compound import Tree, compound, outlook, part

NAME, ADDRESS, KIND, DATA, FILE = 0x3001, 0x39FE, 0x0C15, 0x3701, 0x3707
SENT = datetime(2024, 3, 5, 9, 30, tzinfo=UTC)


def read(folder: Path, tree: Tree) -> Document:
    (folder / "a.msg").write_bytes(compound(tree))
    return read_document(folder / "a.msg", "a.msg")


def test_who_wrote_what_and_when(tmp_path: Path) -> None:
    people = [
        part({NAME: "Max Hahn", ADDRESS: "max@kiln.example", KIND: 1}),
        part({NAME: "Roe, Ella", 0x3003: "/O=KILN/CN=ELLA", KIND: 2}),
    ]
    message = outlook(
        people, Subject="Glaze for May", sent=SENT, body="It needs 12 kg of ash.\r\n\r\nIda", From="Brandt, Ida",
        from_address="ida@kiln.example",
    )  # fmt: skip
    document = read(tmp_path, message)
    assert document.text == (
        'Glaze for May\n\nFrom: "Brandt, Ida" <ida@kiln.example>\nTo: Max Hahn <max@kiln.example>\nCc: Roe, Ella\n'
        "Date: Tue, 05 Mar 2024 09:30:00 +0000\n\nIt needs 12 kg of ash.\n\nIda"
    )
    assert document.title == "Glaze for May"
    assert document.metadata == {
        "media_type": "application/vnd.ms-outlook",
        "author": '"Brandt, Ida" <ida@kiln.example>',
        "created": "2024-03-05",
    }


def test_attachments_and_attached_messages(tmp_path: Path) -> None:
    attached = [
        part({FILE: "ash.csv", DATA: b"Wood,Ash\nBeech,7\n"}),
        part({FILE: "big.bin", DATA: b"\0" * 5000}),  # beyond 4,096 bytes streams are kept otherwise
        part({NAME: "Older", DATA: outlook(head=24, Subject="Older", body="It was 9 kg.")}),
    ]
    assert read(tmp_path, outlook(attachments=attached, Subject="New", body="See below.")).text == (
        "New\n\nSee below.\n\nAttachment: ash.csv\nAttachment: big.bin\n\nOlder\n\nIt was 9 kg."
    )


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"body": ("Für 5 €", "cp1252"), "page": 1252}, "Für 5 €"),
        ({"body": ("Печь", "cp1251"), "page": 1251}, "Печь"),
        ({"html": b"<p>One</p><table><tr><td>a<td>1</table>"}, "One\n\na | 1"),
        ({"body": "One", "html": b"<p>One, and <b>much</b> more of it</p>"}, "One, and much more of it"),
        ({"rich": compress(rb"{\rtf1\ansi 10{\super 6} g\par}")}, "10^6 g"),
        (
            {"kind": "IPM.Appointment", "begin": SENT, "end": SENT.replace(hour=11), "body": "Bring wood."},
            "When: 2024-03-05 09:30 to 2024-03-05 11:30 UTC\n\nBring wood.",
        ),
    ],
)
def test_texts(tmp_path: Path, properties: dict[str, Any], text: str) -> None:
    assert read(tmp_path, outlook(Subject="Kiln", **properties)).text == f"Kiln\n\n{text}"


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"WordDocument": b"x" * 99}, "is not a message of Outlook although its name says so; give it the name of its"),
        (
            outlook(kind="IPM.Note.SMIME", body="x"),
            "is an encrypted message: its text cannot be read; save it decrypted",
        ),
        (outlook(Subject="Kiln", rich=b"\x10\0\0\0\1\0\0\0ABCD\0\0\0\0"), "could not be read, it may be damaged"),
    ],
)
def test_messages_that_are_refused(tmp_path: Path, tree: Tree, reason: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(tmp_path, tree)
    assert str(error.value).startswith(f"{tmp_path / 'a.msg'}: {reason}")


def test_a_file_that_is_cut_off_is_damage(tmp_path: Path) -> None:
    data = compound(outlook(Subject="Kiln", body="ash " * 3000))
    for size in (600, 2000, len(data) - 600):
        (tmp_path / "a.msg").write_bytes(data[:size])
        with pytest.raises(DocumentError, match=r"a\.msg: (could not be read, it may be damaged|is not a message)"):
            read_document(tmp_path / "a.msg", "a.msg")
