"""Mail: header lines, the right one of several bodies, attachments, mailboxes, encryption."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from rag.documents.appointments import appointment_blocks
from rag.documents.read import read_document
from rag.documents.unpack import read_all
from rag.errors import DocumentError
from rag.types import Document
from tests.documents.compound import compound, outlook

HEAD = "From: Ann <ann@example.org>\nTo: bob@example.org\nDate: Tue, 05 Mar 2024 10:00:00 +0100\n"
SHOWN = "From: Ann <ann@example.org>\nTo: bob@example.org\nDate: Tue, 05 Mar 2024 10:00:00 +0100"


def read(folder: Path, data: bytes | str, name: str = "a.eml") -> Document:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(folder / name, name)


def attached(folder: Path, data: bytes | str, name: str = "a.eml") -> dict[str, str]:
    """The texts of the attachments that are read, by their ids."""
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    results = read_all(folder / name, name)
    return {each.id: each.text for each in results if isinstance(each, Document) and each.id != name}


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


def test_attachments_are_named_in_the_text_and_are_documents_of_their_own(tmp_path: Path) -> None:
    made = message("See the list.")
    made.add_attachment(b"Part,Price\nWheel,7\n", maintype="text", subtype="csv", filename="parts.csv")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="mill.png")
    made.add_attachment(b"no zip", maintype="application", subtype="zip", filename="broken.docx")
    made.add_attachment(message("An older one."))
    document = read(tmp_path, bytes(made))
    assert document.text == (
        f"The mill ☸\n\n{SHOWN}\n\nSee the list.\n\n"
        "Attachment: parts.csv\nAttachment: mill.png\nAttachment: broken.docx\n\n"
        f"The mill ☸\n\n{SHOWN}\n\nAn older one."
    )
    assert [section.path for section in document.sections] == ["The mill ☸", "The mill ☸ > The mill ☸"]
    assert document.notes == ("not read: mill.png (not of a type that is read)",)
    assert attached(tmp_path, bytes(made)) == {"a.eml!/parts.csv": "Part | Price\nWheel | 7"}
    errors = [str(each) for each in read_all(tmp_path / "a.eml", "a.eml") if isinstance(each, DocumentError)]
    assert errors == [f"{tmp_path}/a.eml!/broken.docx: is damaged: it is not a complete Office file; get a fresh copy"]


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


def body(folder: Path, head: str, data: str | bytes) -> str:
    """The text of a message with these header lines, after the lines that every message here has."""
    raw = data.encode() if isinstance(data, str) else data
    return read(folder, f"{HEAD}Subject: x\n{head}\n\n".encode() + raw).text.removeprefix(f"x\n\n{SHOWN}\n\n")


def parts(kind: str, *several: str) -> str:
    """Parts of a message, each of which begins with its type."""
    opened = "".join(f"--b\nContent-Type: {part}\n" for part in several)
    return f'Content-Type: multipart/{kind}; boundary="b"\n\n{opened}--b--\n'


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("iso-8859-1", b"The miller\x92s toll \x96 7 \x80", "The miller’s toll – 7 €"),
        ("ISO-8859-1", "Mühle, 7 €".encode(), "Mühle, 7 €"),  # labelled wrongly
        ("us-ascii", b"\x93It turns\x94", "“It turns”"),
        ("US-ASCII", "Mühle".encode(), "Mühle"),
        ("windows-1252", b"7 \x80", "7 €"),
        ("gb2312", "朱镕基的水车".encode("gb18030"), "朱镕基的水车"),
        ("ks_c_5601-1987", "똠방각하".encode("cp949"), "똠방각하"),
        ("iso-8859-9", b"7 \x80 \xfe", "7 € ş"),
        ('"utf-8\0"', "Mühle".encode(), "Mühle"),
        ("unknown-8bit", b"M\xfchle am Bach", "Mühle am Bach"),
    ],
)
def test_encodings_are_labelled_as_mail_programs_do(tmp_path: Path, label: str, data: bytes, text: str) -> None:
    assert body(tmp_path, f"Content-Type: text/plain; charset={label}", data) == text


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (b"=?iso-8859-1?Q?The_miller=92s_toll:_7_=80?=", "The miller’s toll: 7 €"),
        ("Die Mühle".encode(), "Die Mühle"),
        (b"Die M\xfchle", "Die Mühle"),
    ],
)
def test_encodings_of_header_lines(tmp_path: Path, subject: bytes, shown: str) -> None:
    assert read(tmp_path, b"Subject: " + subject + b"\nFrom: ann@example.org\n\nIt turns.").title == shown


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: text/plain; name=body.txt\nContent-Disposition: inline; filename=body.txt",
        "Content-Type: text/plain; charset=utf-8; name=body.txt",
        'Content-Type: multipart/mixed; boundary="none"',  # its parts cannot be found
    ],
)
def test_a_text_that_has_a_name_or_the_wrong_type_is_read(tmp_path: Path, head: str) -> None:
    assert body(tmp_path, head, "It turns.") == "It turns."


def test_a_message_that_is_one_attachment_is_read(tmp_path: Path) -> None:
    head = "Content-Type: text/csv; name=parts.csv\nContent-Disposition: attachment; filename=parts.csv"
    assert body(tmp_path, head, "Part,Price\nWheel,7\n") == "Attachment: parts.csv"
    assert attached(tmp_path, (tmp_path / "a.eml").read_bytes()) == {"a.eml!/parts.csv": "Part | Price\nWheel | 7"}


def test_files_without_a_name_are_read_by_their_type(tmp_path: Path) -> None:
    data = parts("mixed", "text/plain\n\nSee the list.\n", "text/csv\n\nPart,Price\nWheel,7\n", "image/png\n\nx\n")
    mail = f"{HEAD}Subject: x\n{data}"
    assert read(tmp_path, mail).text.endswith("\n\nSee the list.\n\nAttachment: message.csv")
    assert attached(tmp_path, mail) == {"a.eml!/message.csv": "Part | Price\nWheel | 7"}
    assert read(tmp_path, mail).notes == ()


def test_a_name_that_hides_the_type_of_an_attachment_gets_its_suffix(tmp_path: Path) -> None:
    made = message("See the lists.")
    for name in ("Rent No. 5", "rent.csv", "C:\\Rent\\rent.csv", "rent (2).csv"):
        made.add_attachment(f"Rent\n{name}\n".encode(), maintype="text", subtype="csv", filename=name)
    made.add_attachment(b"MIIB", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    assert attached(tmp_path, bytes(made)) == {
        "a.eml!/Rent No. 5.csv": "Rent\nRent No. 5",
        "a.eml!/rent.csv": "Rent\nrent.csv",
        "a.eml!/rent (2).csv": "Rent\nC:\\Rent\\rent.csv",
        "a.eml!/rent (2) (2).csv": "Rent\nrent (2).csv",
    }
    assert read(tmp_path, bytes(made)).notes == ()


def test_attachments_of_a_mailbox_have_the_number_of_their_message(tmp_path: Path) -> None:
    data = b""
    for number in (1, 2, 3):
        made = message(f"Bill {number}.")
        if number != 2:
            made.add_attachment(f"Due {number} euros.", filename="bill.txt")
        data += b"From ann Tue Mar  5 10:00:00 2024\n" + bytes(made) + b"\n"
    assert attached(tmp_path, data, "a.mbox") == {
        "a.mbox!/1/bill.txt": "Due 1 euros.",
        "a.mbox!/3/bill.txt": "Due 3 euros.",
    }
    assert "Due" not in read(tmp_path, data, "a.mbox").text


DECISION = "<p>The weir stays closed until the wheel is mended.</p>"


@pytest.mark.parametrize(
    ("kind", "plain", "markup", "expected"),
    [
        ("mixed", "Dear all, this is decided.", DECISION, f"Dear all, this is decided.\n\n{DECISION[3:-4]}"),
        ("mixed", "The weir stays closed.", DECISION, DECISION[3:-4]),  # the same words, and more of them
        ("mixed", "It turns.", "<p>It turns.</p>", "It turns."),
        ("alternative", "Dear all, below is the decision.", DECISION, DECISION[3:-4]),
        (
            "alternative",
            "The weir stays closed, the wheel is bent.",
            DECISION,
            "The weir stays closed, the wheel is bent.",
        ),
    ],
)
def test_of_several_texts_the_one_that_says_more(
    tmp_path: Path, kind: str, plain: str, markup: str, expected: str
) -> None:
    data = parts(kind, f"text/plain\n\n{plain}\n", f"text/html\n\n{markup}\n", f"text/x-amp-html\n\n{markup}\n")
    assert read(tmp_path, f"{HEAD}Subject: x\n{data}").text == f"x\n\n{SHOWN}\n\n{expected}"


QUOTED = """\
Yes, on Monday.

On Tue, 5 Mar 2024, Ann wrote:
> The pump was found in the cellar of the old mill by a miller who had
> lived there for thirty years without ever having looked behind the
> wooden wall. It still worked.
>> Where was
>> it found?
>
> Ann
"""


def test_quoted_lines_lose_their_marks(tmp_path: Path) -> None:
    assert body(tmp_path, "", QUOTED) == (
        "Yes, on Monday.\n\nOn Tue, 5 Mar 2024, Ann wrote:\n\n"
        "The pump was found in the cellar of the old mill by a miller who had lived there for thirty years without "
        "ever having looked behind the wooden wall. It still worked.\n\nWhere was\nit found?\n\nAnn"
    )
    assert body(tmp_path, "", "The alarm sounds at\n> 5 bar\nor\n>= 90 degrees.") == (
        "The alarm sounds at\n> 5 bar\nor\n>= 90 degrees."
    )


def test_flowed_lines_go_on(tmp_path: Path) -> None:
    flowed = "Content-Type: text/plain; format=flowed"
    assert body(tmp_path, flowed, "The wheel \nturns.\n> The \n> stones\n>> wait.\n From here\n-- \nAnn") == (
        "The wheel turns.\n\nThe stones\n\nwait.\n\nFrom here\n--\nAnn"
    )
    assert body(tmp_path, f"{flowed}; delsp=yes", "水車が \n回る。") == "水車が回る。"


def test_what_is_attached_to_an_attached_message_comes_once(tmp_path: Path) -> None:
    inner = message("An older one.")
    inner.add_attachment(b"Part,Price\nWheel,7\n", maintype="text", subtype="csv", filename="parts.csv")
    outer = message("See below.")
    outer.add_attachment(inner)
    assert read(tmp_path, bytes(outer)).text == (
        f"The mill ☸\n\n{SHOWN}\n\nSee below.\n\nThe mill ☸\n\n{SHOWN}\n\nAn older one.\n\nAttachment: parts.csv"
    )
    assert attached(tmp_path, bytes(outer)) == {"a.eml!/parts.csv": "Part | Price\nWheel | 7"}


def test_an_attached_message_that_is_encrypted_does_not_cost_the_other(tmp_path: Path) -> None:
    outer = message("See below.")
    outer.add_attachment(message(PGP))
    cipher = "This message is an encrypted message: its text cannot be read; save it decrypted."
    assert read(tmp_path, bytes(outer)).text.endswith(f"See below.\n\nThe mill ☸\n\n{SHOWN}\n\n{cipher}")


INVITATION = """\
BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/London
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:The wheel\\, inspected
DTSTART;TZID=Europe/London:20240305T093000
DTEND;TZID=Europe/London:20240305T110000
RRULE:FREQ=WEEKLY;UNTIL=20240630
LOCATION:Old Mill
ORGANIZER;CN="Ann Miller":mailto:ann@example.org
ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org
ATTENDEE:mailto:cid@example.o
 rg
DESCRIPTION:Bring boots.\\nThe weir is wet.
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
END:VCALENDAR
"""
APPOINTMENT = """\
Appointment: The wheel, inspected
When: 2024-03-05 09:30 to 11:00 (Europe/London)
Repeats: weekly, until 2024-06-30
Where: Old Mill
Organiser: Ann Miller <ann@example.org>
Invited: Bob <bob@example.org>, cid@example.org
Bring boots.
The weir is wet."""


def test_appointments_are_read_once(tmp_path: Path) -> None:
    plain, calendar = "text/plain\n\nPlease come.\n", f"text/calendar; method=REQUEST\n\n{INVITATION}"
    invitation = f'application/ics; name="invite.ics"\nContent-Disposition: attachment\n\n{INVITATION}'
    data = parts("mixed", plain, calendar, invitation)
    assert read(tmp_path, f"{HEAD}Subject: x\n{data}").text == f"x\n\n{SHOWN}\n\nPlease come.\n\n{APPOINTMENT}"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("DTSTART;VALUE=DATE:20240305\nDTEND;VALUE=DATE:20240306", "When: 2024-03-05"),
        ("DTSTART;VALUE=DATE:20240305\nDTEND;VALUE=DATE:20240308", "When: 2024-03-05 to 2024-03-07"),
        ("DTSTART:20240305T093000Z\nDTEND:20240306T020000Z", "When: 2024-03-05 09:30 UTC to 2024-03-06 02:00 UTC"),
        ("DTSTART:20240305T093000\nDURATION:PT1H30M", "When: 2024-03-05 09:30 for 1 h 30 min"),
        ("DTSTART:20240305T093000Z\nSTATUS:CANCELLED", "When: 2024-03-05 09:30 UTC\nStatus: cancelled"),
    ],
)
def test_times_of_appointments(lines: str, expected: str) -> None:
    (block,) = appointment_blocks(f"BEGIN:VEVENT\nSUMMARY:Wheel\n{lines}\nEND:VEVENT")
    assert block.text == f"Appointment: Wheel\n{expected}"


def test_sentences_that_begin_with_from_part_no_messages(tmp_path: Path) -> None:
    first = f"From ann Tue Mar  5 10:00:00 2024\n{HEAD}Subject: One\n\nDear all,\n\n"
    kept = (
        "From Monday on the weir is closed.\nIt opens at 10:30.\n\nFrom 9:00 on, ask Bob.\nAnn\n\nFrom now:\nNote: no."
    )
    second = f"From bob@example.org Tue Mar  5 11:00:00 2024\n{HEAD}Subject: Two\n\nIt turns.\n"
    third = f"From bob\nMessage-ID: <1@example.org>\n{HEAD}Subject: Three\n\nIt stands.\n"
    assert read(tmp_path, f"{first}{kept}\n\n{second}\n{third}", "a.mbox").text == (
        f"One\n\n{SHOWN}\n\nDear all,\n\n{kept}\n\nTwo\n\n{SHOWN}\n\nIt turns.\n\nThree\n\n{SHOWN}\n\nIt stands."
    )


def test_what_stands_before_the_first_message_of_a_mailbox_is_read(tmp_path: Path) -> None:
    data = f"{HEAD}Subject: One\n\nIt turns.\n\nFrom bob Tue Mar  5 11:00:00 2024\n{HEAD}Subject: Two\n\nIt stands.\n"
    assert read(tmp_path, data, "a.mbox").text == f"One\n\n{SHOWN}\n\nIt turns.\n\nTwo\n\n{SHOWN}\n\nIt stands."


def test_a_message_that_was_sent_in_pieces_is_named(tmp_path: Path) -> None:
    piece = (
        'From: ann@mill.example\nSubject: Plan\nContent-Type: message/partial; id="a@b"; number=2; total=3\n\nof it.\n'
    )
    with pytest.raises(
        DocumentError, match=r"a\.eml: is piece 2 of 3 of a message that was sent in pieces; save it whole"
    ):
        read(tmp_path, piece)
    box = (
        f"From ann Mon Jan  1 10:00:00 2024\n{piece}\nFrom bob Mon Jan  1 11:00:00 2024\nSubject: Whole\n\nIt turns.\n"
    )
    text = read(tmp_path, box, "a.mbox").text
    assert "This message is piece 2 of 3 of a message that was sent in pieces; save it whole." in text
    assert text.endswith("Whole\n\nIt turns.")


def test_messages_of_the_other_kind_under_a_name(tmp_path: Path) -> None:
    written = read(tmp_path, "From: ann@mill.example\nSubject: Plan\n\nIt turns.\n", "a.msg")
    assert (written.title, written.text) == ("Plan", "Plan\n\nFrom: ann@mill.example\n\nIt turns.")
    kept = read(tmp_path, compound(outlook(Subject="Plan", body="It turns.")), "a.eml")
    assert (kept.title, kept.text) == ("Plan", "Plan\n\nIt turns.")
