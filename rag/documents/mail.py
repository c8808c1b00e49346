"""Mail (.eml, .mbox) -> a section for each message: sender, receivers, date, text and attachments.

In: the bytes of a file. Out: blocks. Of a text that comes both plain and as HTML one is taken, the plain one unless it
says much less. Attachments of types that are read follow their message as sections; others are named.
A message that is encrypted is refused.
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

from rag.documents import html, text
from rag.documents.blocks import Block, Content, one_line
from rag.documents.damaged import told_as_damage
from rag.documents.encoding import decode_text, marked
from rag.errors import DocumentError

ReadAttachment = Callable[[str, bytes], Content]  # suffix, bytes -> content, by the reader of that suffix
SHOWN = ("From", "To", "Cc", "Date")
FIRST_LINE = re.compile(rb"^From [^\n]*\n", re.MULTILINE)  # of a message in a mailbox, after a blank line
BLANK = (b"\n\n", b"\r\n")  # before the first line
ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
PGP = re.compile(r"-----BEGIN PGP MESSAGE-----.*?(?:-----END PGP MESSAGE-----|\Z)", re.DOTALL)
PGP_SIGNATURE = re.compile(r"-----BEGIN PGP SIGNATURE-----.*?(?:-----END PGP SIGNATURE-----|\Z)", re.DOTALL)
PGP_SIGNED = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\s*(?:Hash: [^\n]*\n)?")
ENCRYPTED = "is an encrypted message: its text cannot be read; save it decrypted"
ENCRYPTED_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
LEAST_PLAIN = 0.2  # of the HTML's characters; a shorter plain text only says that there is HTML
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
    starts = [
        found
        for found in FIRST_LINE.finditer(data)
        if found.start() == 0 or data[found.start() - 2 : found.start()] in BLANK
    ]
    if not starts:
        raise DocumentError("is not a mailbox: no line begins with 'From '; give it the name of its real type")
    ends = [found.start() for found in starts[1:]] + [len(data)]
    blocks: list[Block] = []
    for start, end in zip(starts, ends, strict=True):
        message = _message(ESCAPED.sub(rb"\1", data[start.end() : end]))
        try:
            blocks += _blocks(message, read, 1)
        except DocumentError as exc:
            blocks += [*_head(message, 1), Block(f"This message {exc}.")]
    return Content([blocks])


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
    body = _body(message)
    yield from _head(message, level)
    yield from body
    for part in message.walk() if message.is_multipart() else ():
        if part.is_attachment() or part.get_filename() or part.get_content_type() == "message/rfc822":
            yield from _attachment(part, read, level + 1)


def _head(message: EmailMessage, level: int) -> list[Block]:
    lines = [f"{name}: {value}" for name in SHOWN if (value := _field(message, name))]
    return [Block(_field(message, "Subject"), level), Block("\n".join(lines))]


def _field(message: EmailMessage, name: str) -> str:
    try:
        return one_line(str(message.get(name, "")))
    except Exception:  # the standard library's parser of header lines fails on some that are malformed
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return one_line(str(raw))


def _date(message: EmailMessage) -> str:
    try:
        return email.utils.parsedate_to_datetime(_field(message, "Date")).date().isoformat()
    except (ValueError, OverflowError):
        return ""


def _is_encrypted(message: EmailMessage) -> bool:
    if message.get_content_type() == "multipart/encrypted":
        return True
    return message.get_content_type() in ENCRYPTED_TYPES and message.get_param("smime-type") != "signed-data"


def _body(message: EmailMessage) -> list[Block]:
    plain, markup = [], []
    for part in _inline_parts(message):
        if part.get_content_type() == "text/html":
            markup.append(_decoded(part))
        else:
            plain.append(_decoded(part))
    written = "\n\n".join(plain)
    readable = PGP_SIGNED.sub("", PGP_SIGNATURE.sub("", PGP.sub("", written)))
    if readable.strip() == "" != written.strip() and PGP.search(written):
        raise DocumentError(ENCRYPTED)
    from_plain = text.text_blocks(readable)
    from_markup = [block for page in markup for block in html.fragment(page)]
    return from_plain if _size(from_plain) > LEAST_PLAIN * _size(from_markup) else from_markup


def _inline_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """The texts of the message itself, not those of messages attached to it."""
    if message.get_content_type() == "message/rfc822" or message.is_attachment():
        return
    if message.is_multipart():
        for part in message.iter_parts():
            if isinstance(part, EmailMessage):
                yield from _inline_parts(part)
    elif message.get_content_maintype() == "text" and not message.get_filename():
        yield message


def _decoded(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(payload).encode("utf-8", "surrogateescape")
    try:
        return raw.decode(str(part.get_content_charset() or "utf-8"))
    except (LookupError, UnicodeError):
        return decode_text(raw)


def _attachment(part: EmailMessage, read: ReadAttachment, level: int) -> Iterator[Block]:
    name = one_line(part.get_filename() or "message")
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        if isinstance(inner, EmailMessage) and level <= DEEPEST:
            yield from _blocks(inner, read, level)
        return
    payload = part.get_payload(decode=True)
    try:
        content = read(PurePath(name).suffix.lower(), payload if isinstance(payload, bytes) else b"")
        blocks = [block for page in content.pages for block in page]
    except Exception:  # what an attachment holds must not cost the message
        yield Block(f"Attachment: {name} (not read)")
        return
    yield Block(f"Attachment: {name}", level)
    yield from (block._replace(level=block.level + level if block.level else 0) for block in blocks)


def _size(blocks: list[Block]) -> int:
    return sum(len(block.text) for block in blocks)
