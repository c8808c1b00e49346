"""Mail: header lines, the right one of several bodies, attachments, mailboxes, encryption."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.types import Document

HEAD = "From: Ann <ann@example.org>\nTo: bob@example.org\nDate: Tue, 05 Mar 2024 10:00:00 +0100\n"
SHOWN = "From: Ann <ann@example.org>\nTo: bob@example.org\nDate: Tue, 05 Mar 2024 10:00:00 +0100"


def read(folder: Path, data: bytes | str, name: str = "a.eml") -> Document:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(folder / name, name)


def message(plain: str, markup: str = "") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ann <ann@example.org>", "bob@example.org", "The mill ☸"
    made["Date"] = "Tue, 05 Mar 2024 10:00:00 +0100"
    made.set_content(plain)
    if markup:
        made.add_alternative(markup, subtype="html")
    return made


def test_who_wrote_what_and_when(tmp_path: Path) -> None:
    document = read(tmp_path, bytes(message("It turns.\n\nAgain.")))
    assert document.text == f"The mill ☸\n\n{SHOWN}\n\nIt turns.\n\nAgain."
    assert document.title == "The mill ☸"
    assert document.metadata == {
        "media_type": "message/rfc822", "author": "Ann <ann@example.org>", "created": "2024-03-05",
    }  # fmt: skip


def test_one_of_two_bodies_is_taken(tmp_path: Path) -> None:
    assert read(tmp_path, bytes(message("Plain words.", "<p>Other <b>words</b>.</p>"))).text.endswith(
        "\n\nPlain words."
    )
    markup = "<p>The whole story, told at length and in many words.</p>"
    assert read(tmp_path, bytes(message("See HTML.", markup))).text.endswith(f"\n\n{markup[3:-4]}")


def test_attachments_follow_as_sections(tmp_path: Path) -> None:
    made = message("See the list.")
    made.add_attachment(b"Part,Price\nWheel,7\n", maintype="text", subtype="csv", filename="parts.csv")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="mill.png")
    made.add_attachment(b"no zip", maintype="application", subtype="zip", filename="broken.docx")
    made.add_attachment(message("An older one."))
    document = read(tmp_path, bytes(made))
    assert document.text == (
        f"The mill ☸\n\n{SHOWN}\n\nSee the list.\n\nAttachment: parts.csv\n\nPart | Price\nWheel | 7\n\n"
        "Attachment: mill.png (not read)\n\nAttachment: broken.docx (not read)\n\n"
        f"The mill ☸\n\n{SHOWN}\n\nAn older one."
    )
    paths = [section.path for section in document.sections]
    assert paths == ["The mill ☸", "The mill ☸ > Attachment: parts.csv", "The mill ☸ > The mill ☸"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_message_saved_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    data = f"{HEAD}Subject: Mühle\n\nSie dreht sich.\n".encode(encoding)
    assert read(tmp_path, data).text == f"Mühle\n\n{SHOWN}\n\nSie dreht sich."


def test_malformed_header_lines(tmp_path: Path) -> None:
    data = (
        HEAD.encode()
        + b'Subject: x\nContent-Type: text/plain; charset = "no-such"Content: 8bit\n\nGr\xfc\xdfe aus Wells'
    )
    assert read(tmp_path, data).text == f"x\n\n{SHOWN}\n\nGrüße aus Wells"
    data = b"From: =?utf-8?q?a?= <\nTo: ,,;\nSubject: x\nDate: soon\n\nIt turns."
    assert read(tmp_path, data).text.endswith("It turns.")


PGP = "-----BEGIN PGP MESSAGE-----\n\nhIwDY32hYGCE8MkBA\n-----END PGP MESSAGE-----\n"
SMIME = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB"
MULTIPART = 'Content-Type: multipart/encrypted; boundary="b"\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n'


@pytest.mark.parametrize("rest", [f"\n{PGP}", SMIME, MULTIPART])
def test_encrypted_messages_are_refused(tmp_path: Path, rest: str) -> None:
    with pytest.raises(DocumentError, match=r"a\.eml: is an encrypted message: its text cannot be read; save it decr"):
        read(tmp_path, f"{HEAD}{rest}")


def test_what_is_written_around_a_cipher_is_kept(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEAD}Subject: x\n\nHello.\n\n{PGP}").text == f"x\n\n{SHOWN}\n\nHello."


def test_a_mailbox_is_a_section_for_each_message(tmp_path: Path) -> None:
    first = f"From ann Tue Mar  5 10:00:00 2024\n{HEAD}Subject: One\n\nIt turns.\n\n>From here on.\n"
    second = f"From bob Tue Mar  5 11:00:00 2024\n{HEAD}Subject: Two\n\n{PGP}"
    document = read(tmp_path, f"{first}\n{second}", "a.mbox")
    cipher = "This message is an encrypted message: its text cannot be read; save it decrypted."
    assert document.text == f"One\n\n{SHOWN}\n\nIt turns.\n\nFrom here on.\n\nTwo\n\n{SHOWN}\n\n{cipher}"
    assert [section.path for section in document.sections] == ["One", "Two"]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.eml", "a mail message: it has no header"), ("a.mbox", "a mailbox: no line")]
)
def test_what_is_no_mail(tmp_path: Path, name: str, kind: str) -> None:
    with pytest.raises(DocumentError, match=rf"{name}: is not {kind}"):
        read(tmp_path, "\nJust words.", name)
