"""Mail (.eml, .mbox, .msg) -> a section for each message: sender, receivers, date, text and attachments.

In: the bytes of a file. Out: blocks, and the attachments as members. The text (mail_body.py) is followed by
appointments, by the names of attachments, which are documents of their own, and by attached messages. A message that is
encrypted is refused.
"""

from __future__ import annotations

import codecs
import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from functools import partial
from posixpath import basename, splitext
from typing import NamedTuple

from rag.documents.appointments import appointment_blocks
from rag.documents.blocks import Block, Content, one_line
from rag.documents.contained import Member, distinct
from rag.documents.damaged import told_as_damage
from rag.documents.encoding import decode_text, marked
from rag.documents.formats import MEDIA_TYPES
from rag.documents.mail_body import (
    CALENDAR,
    ENCRYPTED,
    SAID_ELSEWHERE,
    SUFFIXES,
    body_blocks,
    decoded_part,
    is_body,
    mail_parts,
    refuse_encrypted,
)
from rag.documents.ooxml import OLE
from rag.documents.receipt import Kind, Receipt
from rag.errors import DocumentError

SHOWN = ("From", "To", "Cc", "Date")
FIRST_LINE = re.compile(rb"^From [^\n]*\n", re.MULTILINE)  # of a message in a mailbox, after a blank line
BLANK = (b"\n\n", b"\r\n")  # before the first line
# "From now on ..." begins a sentence; the first line of a message has a time, and header lines follow it.
TIME = re.compile(rb"\d\d?:\d\d")
HEADER_LINE = re.compile(rb"[!-9;-~]+:")
SENDER_LINE = re.compile(rb"^From:[^\n]*@", re.MULTILINE | re.IGNORECASE)
OTHER_LINE = re.compile(rb"^(?:Date|Subject|Message-ID|Received):", re.MULTILINE | re.IGNORECASE)
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
HEAD_WITHIN = 1 << 16  # bytes
ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
ENCRYPTED_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
# The bytes 80 to 9F of Windows-1252, which mail programs send as Latin-1, in which they are controls
WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
DEEPEST = 4  # messages attached to messages
ATTACHED = "message/rfc822"
CODED = frozenset({"base64"})
DELIVERY = "message/delivery-status"
MESSAGE = Kind("message that could not be read", "messages that could not be read")
PIECE = "message/partial"
STATED = frozenset({"from", "date", "subject", "message-id", "received"})  # one of these header lines all messages have
SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})


class _Reading(NamedTuple):
    """The attachments that were met, and what counts what is not read."""

    attached: list[EmailMessage]
    receipt: Receipt


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The sections of one message; raises `DocumentError` if it is encrypted, damaged or no message."""
    if data.startswith(OLE):
        return parse_outlook(data, receipt)
    message = _message(data)
    if not message.keys():
        raise DocumentError("is not a mail message: it has no header lines; give it the name of its real type")
    return _content(message, receipt)


def parse_outlook(data: bytes, receipt: Receipt | None = None) -> Content:
    """The sections of one message of Outlook (.msg); raises `DocumentError` as `parse` does."""
    from rag.documents import outlook

    if not data.startswith(OLE) and not STATED.isdisjoint(name.lower() for name in _message(data)):
        return parse(data, receipt)
    return _content(outlook.message(data), receipt)


def _content(message: EmailMessage, receipt: Receipt | None) -> Content:
    attached: list[EmailMessage] = []
    blocks = list(_blocks(message, _Reading(attached, receipt or Receipt()), 1))
    stated = {"author": _field(message, "From"), "created": _field(message, "Date")}
    return Content([blocks], title=_field(message, "Subject"), metadata=stated, members=_members(attached))


def parse_mailbox(data: bytes, receipt: Receipt | None = None) -> Content:
    """The sections of all messages of a mailbox; of one that is encrypted or damaged, only its head and the reason.

    Attachments are named with the number of their message, since many have the same: "12/lease.pdf".
    """
    starts = [found for found in FIRST_LINE.finditer(data) if _begins_message(data, found)]
    if not starts:
        raise DocumentError("is not a mailbox: no line begins with 'From '; give it the name of its real type")
    ends = [found.start() for found in starts[1:]] + [len(data)]
    pieces = [data[: starts[0].start()]] + [data[start.end() : end] for start, end in zip(starts, ends, strict=True)]
    messages = [_message(ESCAPED.sub(rb"\1", piece)) for piece in pieces if piece.strip()]
    receipt = receipt or Receipt()
    blocks: list[Block] = []
    members: list[Member] = []
    for number, message in enumerate(messages, 1):
        attached: list[EmailMessage] = []
        blocks += _blocks_or_reason(message, _Reading(attached, receipt), 1)
        members += (member._replace(name=f"{number}/{member.name}") for member in _members(attached))
    return Content([blocks], members=members, headed=len(messages) == 1)  # one of several does not name the mailbox


def _begins_message(data: bytes, found: re.Match[bytes]) -> bool:
    """Tells if a line "From ..." parts two messages, and is not the beginning of a sentence of one."""
    if found.start() == 0:
        return True
    if data[found.start() - 2 : found.start()] not in BLANK:
        return False
    head = END_OF_HEAD.split(data[found.end() : found.end() + HEAD_WITHIN], maxsplit=1)[0]
    if not HEADER_LINE.match(head):
        return False
    return bool(TIME.search(found[0]) or (SENDER_LINE.search(head) and OTHER_LINE.search(head)))


def _message(data: bytes) -> EmailMessage:
    encoding = marked(data)
    if encoding:  # the whole message, header lines too, was saved as UTF-16
        data = data.decode(encoding, errors="replace").lstrip("\ufeff").encode()
    data = data.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
    with told_as_damage(Exception):  # see `_check_types`
        return email.message_from_bytes(data, policy=email.policy.default)


def _check_types(message: EmailMessage) -> None:
    """Raises `DocumentError` if a header line that tells the type or name of a part cannot be parsed.

    The standard library parses such lines when it is asked for them, and fails on some malformed ones with errors of
    any kind.
    """
    with told_as_damage(Exception):
        for part in message.walk():
            for find in (part.get_content_type, part.get_content_charset, part.get_filename, part.is_attachment):
                find()
            part.get_param("smime-type")


def _blocks(message: EmailMessage, reading: _Reading, level: int) -> Iterator[Block]:
    """Yields the blocks of a message, and notes its attachments."""
    _check_types(message)
    if _is_encrypted(message):
        raise DocumentError(ENCRYPTED)
    if message.get_content_type() == PIECE:
        number, total = (message.get_param(name, "?") for name in ("number", "total"))
        raise DocumentError(f"is piece {number} of {total} of a message that was sent in pieces; save it whole")
    parts = list(mail_parts(message))
    bodies = [part for part in parts if is_body(part, named=False)]
    bodies = bodies or [part for part in parts if is_body(part, named=True)]
    refuse_encrypted(bodies)
    yield from _head(message, level)
    yield from body_blocks(message, bodies, reading.receipt)
    appointments = [(part, appointment_blocks(decoded_part(part))) for part in parts if _is_calendar(part)]
    yield from dict.fromkeys(block for _, blocks in appointments for block in blocks)
    calendars = [part for part, blocks in appointments if blocks]
    others = [part for part in parts if not any(part is other for other in (*bodies, *calendars))]
    files = [part for part in others if _is_file(part)]
    reading.attached.extend(files)
    if files:
        yield Block("\n".join(f"Attachment: {_name(part)}" for part in files))
    for part in others:
        if part.get_content_type() == DELIVERY:
            yield from _delivery(part)
        if part.get_content_type() == ATTACHED:
            yield from _attached_message(part, reading, level + 1)


def _blocks_or_reason(message: EmailMessage, reading: _Reading, level: int) -> list[Block]:
    """The blocks of one of several messages; if it is encrypted or damaged, its head and the reason."""
    try:
        return list(_blocks(message, reading, level))
    except DocumentError as exc:
        reading.receipt.count(MESSAGE)
        return [*_head(message, level), Block(f"This message {exc}.")]


def _head(message: EmailMessage, level: int) -> list[Block]:
    lines = [f"{name}: {value}" for name in SHOWN if (value := _field(message, name))]
    return [Block(_field(message, "Subject"), level), Block("\n".join(lines))]


def _field(message: EmailMessage, name: str) -> str:
    raw = str(next((value for key, value in message.raw_items() if key.lower() == name.lower()), ""))
    if not raw.isascii():  # written without the encoding of header lines
        return one_line(decode_text(raw.encode("utf-8", "surrogateescape")))
    try:
        return one_line(str(message.get(name, "")).translate(WINDOWS))
    except Exception:  # the standard library's parser of header lines fails on some that are malformed
        return one_line(raw)


def _is_encrypted(message: EmailMessage) -> bool:
    if message.get_content_type() == "multipart/encrypted":
        return True
    return message.get_content_type() in ENCRYPTED_TYPES and message.get_param("smime-type") != "signed-data"


def _is_calendar(part: EmailMessage) -> bool:
    return part.get_content_type() in CALENDAR or (part.get_filename() or "").lower().endswith(".ics")


def _delivery(part: EmailMessage) -> Iterator[Block]:
    """Yields what a mail server says of the delivery, to each receiver in a block."""
    for told in part.get_payload() if part.is_multipart() else ():
        if isinstance(told, EmailMessage):
            yield Block("\n".join(f"{name}: {_field(told, name)}" for name, _ in told.items()))


def _attached_message(part: EmailMessage, reading: _Reading, level: int) -> Iterator[Block]:
    inner = part.get_payload(0) if part.is_multipart() else None
    coded = str(part.get("Content-Transfer-Encoding", "")).strip().lower() in CODED
    if coded and isinstance(inner, EmailMessage) and not inner.keys():  # against the standard, but done
        part = EmailMessage()
        part["Content-Transfer-Encoding"] = "base64"
        part.set_payload(inner.get_payload())
        inner = _message(_payload(part))
    if isinstance(inner, EmailMessage) and level <= DEEPEST:
        yield from _blocks_or_reason(inner, reading, level)
    else:
        reading.receipt.count(MESSAGE)
        yield Block(f"Attachment: {_name(part)} (not read)")


def _is_file(part: EmailMessage) -> bool:
    """Tells if a part is an attached file, and not a picture in the text, a signature, or what a mail server says to
    programs."""
    kind = part.get_content_type()
    if kind == ATTACHED or kind in SAID_ELSEWHERE or kind in SIGNATURES:
        return False
    if part.get_content_maintype() == "image" and (
        part.get_content_disposition() == "inline" or part.get("Content-ID") is not None
    ):
        return False
    return bool(_stated_name(part)) or part.get_content_maintype() not in ("image", "message")


def _members(attached: Iterable[EmailMessage]) -> list[Member]:
    parts = list(attached)
    return [
        Member(name, partial(_payload, part)) for name, part in zip(distinct(map(_name, parts)), parts, strict=True)
    ]


def _name(part: EmailMessage) -> str:
    """The name of an attached file, without folders; it gets the suffix of its type if its own is none that is read."""
    name, suffix = _stated_name(part), SUFFIXES.get(part.get_content_type(), "")
    return (name or "message") if splitext(name)[1].lower() in MEDIA_TYPES else f"{name or 'message'}{suffix}"


def _stated_name(part: EmailMessage) -> str:
    name = one_line((part.get_filename() or "").translate(WINDOWS))
    return basename(name.replace("\\", "/").rstrip("/"))


def _payload(part: EmailMessage) -> bytes:
    with told_as_damage(Exception):  # the standard library's decoders fail on some malformed parts
        payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
