"""Mail (.eml, .mbox) -> a section for each message: sender, receivers, date, text and attachments.

In: the bytes of a file. Out: blocks. The text (mail_body.py) is followed by appointments and by attachments of types
that are read; other attachments are named, and notes of those that were read in part are notes of the mail. A message
that is encrypted is refused.
"""

from __future__ import annotations

import codecs
import email
import email.policy
import email.utils
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import PurePath
from typing import NamedTuple

from rag.documents.appointments import appointment_blocks
from rag.documents.blocks import Block, Content, one_line
from rag.documents.damaged import told_as_damage
from rag.documents.encoding import decode_text, marked
from rag.documents.mail_body import (
    CALENDAR,
    ENCRYPTED,
    SAID_ELSEWHERE,
    SUFFIXES,
    body_blocks,
    decoded,
    is_body,
    parts_of,
    refuse_encrypted,
)
from rag.documents.receipt import Kind, Receipt, quoted
from rag.errors import DocumentError

MESSAGE = Kind("message that could not be read", "messages that could not be read")
ReadAttachment = Callable[[str, bytes], Content]  # suffix, bytes -> content, by the reader of that suffix
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


class _Reading(NamedTuple):
    """What reads attachments, and what counts what is not read."""

    read: ReadAttachment
    receipt: Receipt


def parse(data: bytes, read: ReadAttachment, receipt: Receipt | None = None) -> Content:
    """The sections of one message; raises `DocumentError` if it is encrypted, damaged or no message."""
    message = _message(data)
    if not message.keys():
        raise DocumentError("is not a mail message: it has no header lines; give it the name of its real type")
    blocks = list(_blocks(message, _Reading(read, receipt or Receipt()), 1))
    stated = {"author": _field(message, "From"), "created": _date(message)}
    return Content([blocks], title=_field(message, "Subject"), metadata=stated)


def parse_mailbox(data: bytes, read: ReadAttachment, receipt: Receipt | None = None) -> Content:
    """The sections of all messages of a mailbox; of one that is encrypted or damaged, only its head and the reason."""
    starts = [found for found in FIRST_LINE.finditer(data) if _begins_message(data, found)]
    if not starts:
        raise DocumentError("is not a mailbox: no line begins with 'From '; give it the name of its real type")
    ends = [found.start() for found in starts[1:]] + [len(data)]
    pieces = [data[: starts[0].start()]] + [data[start.end() : end] for start, end in zip(starts, ends, strict=True)]
    messages = [_message(ESCAPED.sub(rb"\1", piece)) for piece in pieces if piece.strip()]
    reading = _Reading(read, receipt or Receipt())
    return Content([[block for message in messages for block in _blocks_or_reason(message, reading, 1)]])


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
    _check_types(message)
    if _is_encrypted(message):
        raise DocumentError(ENCRYPTED)
    parts = list(parts_of(message))
    bodies = [part for part in parts if is_body(part, named=False)]
    bodies = bodies or [part for part in parts if is_body(part, named=True)]
    refuse_encrypted(bodies)
    yield from _head(message, level)
    yield from body_blocks(message, bodies, reading.receipt)
    appointments = [(part, appointment_blocks(decoded(part))) for part in parts if _is_calendar(part)]
    yield from dict.fromkeys(block for _, blocks in appointments for block in blocks)
    calendars = [part for part, blocks in appointments if blocks]
    for part in parts:
        if not any(part is other for other in (*bodies, *calendars)):
            yield from _attachment(part, reading, level + 1)


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


def _date(message: EmailMessage) -> str:
    try:
        return email.utils.parsedate_to_datetime(_field(message, "Date")).date().isoformat()
    except (ValueError, OverflowError):
        return ""


def _is_encrypted(message: EmailMessage) -> bool:
    if message.get_content_type() == "multipart/encrypted":
        return True
    return message.get_content_type() in ENCRYPTED_TYPES and message.get_param("smime-type") != "signed-data"


def _is_calendar(part: EmailMessage) -> bool:
    return part.get_content_type() in CALENDAR or (part.get_filename() or "").lower().endswith(".ics")


def _attachment(part: EmailMessage, reading: _Reading, level: int) -> Iterator[Block]:
    name = one_line((part.get_filename() or "").translate(WINDOWS))
    kind = part.get_content_type()
    if kind == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        if isinstance(inner, EmailMessage) and level <= DEEPEST:
            yield from _blocks_or_reason(inner, reading, level)
        else:
            reading.receipt.count(MESSAGE)
            yield Block(f"Attachment: {name or 'message'} (not read)")
        return
    if kind in SAID_ELSEWHERE or (not name and part.get_content_maintype() in ("image", "message")):
        return  # pictures in the text, and what a mail server says to programs
    payload = part.get_payload(decode=True)
    shown = name or f"message{SUFFIXES.get(kind, '')}"
    try:
        suffix = PurePath(shown).suffix.lower()
        data = payload if isinstance(payload, bytes) else b""
        content = reading.read(suffix if suffix else SUFFIXES.get(kind, ""), data)
        blocks = [block for page in content.pages for block in page]
    except Exception:  # what an attachment holds must not cost the message
        if not _is_picture_in_text(part):
            reading.receipt.line(f"attachment {quoted(shown)} was not read")
        yield Block(f"Attachment: {shown} (not read)")
        return
    for note in content.notes:
        reading.receipt.line(f"attachment {quoted(shown)}: {note}")
    yield Block(f"Attachment: {shown}", level)
    yield from (block._replace(level=block.level + level if block.level else 0) for block in blocks)


def _is_picture_in_text(part: EmailMessage) -> bool:
    """Tells if an attachment is an image that the text shows, such as the logo of a signature."""
    shown = part.get_content_disposition() == "inline" or part.get("Content-ID") is not None
    return part.get_content_maintype() == "image" and shown
