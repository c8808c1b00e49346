"""Mail (.eml, .mbox) -> a section for each message: sender, receivers, date, text and attachments.

In: the bytes of a file. Out: blocks. Of a text that comes in several forms the first is taken, which is the plain
one, unless another says more; parts that stand one after another are all read. Appointments and attachments of types
that are read follow their message, other attachments are named. A message that is encrypted is refused.
"""

from __future__ import annotations

import codecs
import email
import email.policy
import email.utils
import re
from collections.abc import Callable, Iterable, Iterator
from email.message import EmailMessage
from pathlib import PurePath

from rag.documents import html
from rag.documents.appointments import appointment_blocks
from rag.documents.blocks import Block, Content, one_line
from rag.documents.damaged import told_as_damage
from rag.documents.encoding import decode_labelled, decode_page, decode_text, marked
from rag.documents.formats import DATA, OFFICE, TEXT
from rag.documents.mail_text import mail_blocks
from rag.errors import DocumentError

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
PGP = re.compile(r"-----BEGIN PGP MESSAGE-----.*?(?:-----END PGP MESSAGE-----|\Z)", re.DOTALL)
PGP_SIGNATURE = re.compile(r"-----BEGIN PGP SIGNATURE-----.*?(?:-----END PGP SIGNATURE-----|\Z)", re.DOTALL)
PGP_SIGNED = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\s*(?:Hash: [^\n]*\n)?")
ENCRYPTED = "is an encrypted message: its text cannot be read; save it decrypted"
ENCRYPTED_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
LEAST_SAID = 0.8  # of the letters and figures of another form of the text; a shorter one leaves something out
LEAST_REPEATED = 4  # words; fewer may stand in another text by chance
ADDRESS = re.compile(r"https?://\S+")  # stands in one form of a text and not in the other
WORDS = re.compile(r"\w+")
CALENDAR = frozenset({"text/calendar", "application/ics"})
SAID_ELSEWHERE = frozenset({"text/x-amp-html"})  # the same as the HTML beside it, for programs that run it
WRITTEN = frozenset({"text/plain", "text/html"})
SUFFIXES = {media_type: suffix for suffix, media_type in reversed({**TEXT, **OFFICE, **DATA}.items())}  # the first
# The bytes 80 to 9F of Windows-1252, which mail programs send as Latin-1, in which they are controls
WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
DEEPEST = 4  # messages attached to messages


def parse(data: bytes, read: ReadAttachment) -> Content:
    """The sections of one message; raises `DocumentError` if it is encrypted, damaged or no message."""
    message = _message(data)
    if not message.keys():
        raise DocumentError("is not a mail message: it has no header lines; give it the name of its real type")
    blocks = list(_blocks(message, read, 1))
    stated = {"author": _field(message, "From"), "created": _date(message)}
    return Content([blocks], title=_field(message, "Subject"), metadata=stated)


def parse_mailbox(data: bytes, read: ReadAttachment) -> Content:
    """The sections of all messages of a mailbox; of one that is encrypted or damaged, only its head and the reason."""
    starts = [found for found in FIRST_LINE.finditer(data) if _begins_message(data, found)]
    if not starts:
        raise DocumentError("is not a mailbox: no line begins with 'From '; give it the name of its real type")
    ends = [found.start() for found in starts[1:]] + [len(data)]
    pieces = [data[: starts[0].start()]] + [data[start.end() : end] for start, end in zip(starts, ends, strict=True)]
    messages = [_message(ESCAPED.sub(rb"\1", piece)) for piece in pieces if piece.strip()]
    return Content([[block for message in messages for block in _blocks_or_reason(message, read, 1)]])


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


def _blocks(message: EmailMessage, read: ReadAttachment, level: int) -> Iterator[Block]:
    _check_types(message)
    if _is_encrypted(message):
        raise DocumentError(ENCRYPTED)
    parts = list(_parts(message))
    bodies = [part for part in parts if _is_body(part, named=False)]
    bodies = bodies or [part for part in parts if _is_body(part, named=True)]
    _refuse_encrypted(bodies)
    yield from _head(message, level)
    yield from _told(message, bodies)
    appointments = [(part, appointment_blocks(_decoded(part))) for part in parts if _is_calendar(part)]
    yield from dict.fromkeys(block for _, blocks in appointments for block in blocks)
    calendars = [part for part, blocks in appointments if blocks]
    for part in parts:
        if not any(part is other for other in (*bodies, *calendars)):
            yield from _attachment(part, read, level + 1)


def _blocks_or_reason(message: EmailMessage, read: ReadAttachment, level: int) -> list[Block]:
    """The blocks of one of several messages; if it is encrypted or damaged, its head and the reason."""
    try:
        return list(_blocks(message, read, level))
    except DocumentError as exc:
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


def _refuse_encrypted(bodies: Iterable[EmailMessage]) -> None:
    written = "\n\n".join(_decoded(part) for part in bodies if part.get_content_type() != "text/html")
    if PGP.search(written) and not _readable(written).strip():
        raise DocumentError(ENCRYPTED)


def _readable(text: str) -> str:
    """The text without what only PGP can use."""
    return PGP_SIGNED.sub("", PGP_SIGNATURE.sub("", PGP.sub("", text)))


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts of the message that hold no others of it: texts, files, attached messages."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.iter_parts():
            if isinstance(part, EmailMessage):
                yield from _parts(part)
    else:
        yield message


def _is_body(part: EmailMessage, named: bool) -> bool:
    """Tells if a part is a text of the message itself; `named`: also one with a name."""
    kind = part.get_content_type()
    if part.is_attachment() or kind in CALENDAR or kind in SAID_ELSEWHERE:
        return False
    if part.get_filename():
        return named and kind in WRITTEN
    if part.get_content_maintype() == "multipart":  # ... whose parts cannot be found
        return True
    return part.get_content_maintype() == "text" and (kind in WRITTEN or kind not in SUFFIXES)


def _is_calendar(part: EmailMessage) -> bool:
    return part.get_content_type() in CALENDAR or (part.get_filename() or "").lower().endswith(".ics")


def _told(part: EmailMessage, bodies: list[EmailMessage]) -> list[Block]:
    """The blocks of the texts in a part: of alternatives the first, unless another says more; else of all of them."""
    if any(part is body for body in bodies):
        return _text_blocks(part)
    if not part.is_multipart() or part.get_content_maintype() != "multipart":
        return []
    several = [_told(inner, bodies) for inner in part.iter_parts() if isinstance(inner, EmailMessage)]
    if part.get_content_type() != "multipart/alternative":
        return [block for blocks in _once(several) for block in blocks]
    best: list[Block] = []
    for blocks in several:
        if _size(best) < LEAST_SAID * _size(blocks):
            best = blocks
    return best


def _once(several: list[list[Block]]) -> Iterator[list[Block]]:
    """Yields the texts that follow one another, without those that another one repeats in full."""
    said = [f" {' '.join(_words(blocks))} " for blocks in several]
    for place, blocks in enumerate(several):
        whole = said[place].count(" ") > LEAST_REPEATED
        longer = whole and any(said[place] in other for other in said if len(other) > len(said[place]))
        if not longer and said[place] not in said[:place]:
            yield blocks


def _text_blocks(part: EmailMessage) -> list[Block]:
    if part.get_content_type() == "text/html":
        return html.fragment(_decoded(part))
    flowed = str(part.get_param("format", "")).lower() == "flowed"
    return mail_blocks(_readable(_decoded(part)), flowed, str(part.get_param("delsp", "")).lower() == "yes")


def _decoded(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "surrogateescape")
    label = part.get_content_charset()
    try:
        if label:
            return decode_labelled(raw, str(label))
        return decode_page(raw) if part.get_content_type() == "text/html" else decode_text(raw)
    except DocumentError:  # a part that is no text must not cost the message
        return raw.decode("utf-8", errors="replace")


def _attachment(part: EmailMessage, read: ReadAttachment, level: int) -> Iterator[Block]:
    name = one_line((part.get_filename() or "").translate(WINDOWS))
    kind = part.get_content_type()
    if kind == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        if isinstance(inner, EmailMessage) and level <= DEEPEST:
            yield from _blocks_or_reason(inner, read, level)
        else:
            yield Block(f"Attachment: {name or 'message'} (not read)")
        return
    if kind in SAID_ELSEWHERE or (not name and part.get_content_maintype() in ("image", "message")):
        return  # pictures in the text, and what a mail server says to programs
    payload = part.get_payload(decode=True)
    shown = name or f"message{SUFFIXES.get(kind, '')}"
    try:
        suffix = PurePath(shown).suffix.lower()
        content = read(suffix if suffix else SUFFIXES.get(kind, ""), payload if isinstance(payload, bytes) else b"")
        blocks = [block for page in content.pages for block in page]
    except Exception:  # what an attachment holds must not cost the message
        yield Block(f"Attachment: {shown} (not read)")
        return
    yield Block(f"Attachment: {shown}", level)
    yield from (block._replace(level=block.level + level if block.level else 0) for block in blocks)


def _size(blocks: list[Block]) -> int:
    """The number of letters and figures, without those of addresses."""
    return sum(map(len, _words(blocks)))


def _words(blocks: list[Block]) -> list[str]:
    return [word for block in blocks for word in WORDS.findall(ADDRESS.sub("", block.text))]
