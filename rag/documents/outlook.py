"""Messages of Outlook (.msg) -> the same messages as those of the standard library, which mail.py reads.

In: the bytes of a file: a container of streams (OLE), one for each property (MS-OXMSG). Out: a message with its header
lines, its text as plain text and HTML, and its attachments, attached messages among them. A text that is there as
rich text only is read by rtf.py.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rag.documents import rtf
from rag.documents.blocks import one_line
from rag.documents.damaged import told_as_damage
from rag.documents.encoding import decode_page, decode_text
from rag.documents.mail_body import ENCRYPTED
from rag.errors import DocumentError

if TYPE_CHECKING:
    from olefile import OleFileIO

# Properties by their numbers (MS-OXPROPS)
CLASS, SUBJECT, SENT, DELIVERED = 0x001A, 0x0037, 0x0039, 0x0E06
SENDER, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1F, 0x5D01
AUTHOR, AUTHOR_ADDRESS, AUTHOR_SMTP = 0x0042, 0x0065, 0x5D02
TO, CC, BODY, HTML, RICH = 0x0E04, 0x0E03, 0x1000, 0x1013, 0x1009
BEGIN, END = 0x0060, 0x0061
NAME, ADDRESS, SMTP, KIND = 0x3001, 0x3003, 0x39FE, 0x0C15
DATA, LONG_NAME, SHORT_NAME = 0x3701, 0x3707, 0x3704
CODE_PAGES = (0x3FFD, 0x3FDE)  # of the texts that are not Unicode, of the HTML
UNICODE, ANSI, BINARY, OBJECT, TIME, NUMBER = 0x001F, 0x001E, 0x0102, 0x000D, 0x0040, 0x0003
RECIPIENTS = {1: "To", 2: "Cc"}
HEADS = {0: 32, 1: 24}  # bytes at the start of the fixed properties: of the file, of a message in it; 8 of any other
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
DEEPEST = 4  # messages attached to messages
NO_MESSAGE = "is not a message of Outlook although its name says so; give it the name of its real type"


def message(data: bytes) -> EmailMessage:
    """The message; raises `DocumentError` if the file is damaged, encrypted or no message of Outlook."""
    import olefile

    if not olefile.isOleFile(data=data):
        raise DocumentError(NO_MESSAGE)
    # What olefile raises for streams that are cut off, in a circle or too long
    with (
        told_as_damage(OSError, ValueError, IndexError, TypeError, AttributeError, OverflowError, struct.error),
        BytesIO(data) as file,
        olefile.OleFileIO(file) as container,
    ):
        if not container.exists("__properties_version1.0"):
            raise DocumentError(NO_MESSAGE)
        return _message(container, [], 0)


class _Properties:
    """The properties of a message, a recipient or an attachment."""

    def __init__(self, container: OleFileIO, place: list[str], head: int, encoding: str = "utf-8") -> None:
        """`encoding`: of texts that are not Unicode, if the properties do not name it."""
        self._container = container
        self._place = place
        self._fixed: dict[int, bytes] = {}
        stream = container.openstream([*place, "__properties_version1.0"]).read()
        for start in range(head, len(stream) - 15, 16):
            (tag,) = struct.unpack_from("<I", stream, start)
            self._fixed[tag] = stream[start + 8 : start + 16]
        pages = (self.number(page) for page in CODE_PAGES)
        self.encoding = next((f"cp{page}" for page in pages if page and page != 65001), encoding)

    def text(self, number: int) -> str:
        """A text, empty if there is none."""
        data = self._stream(number, UNICODE)
        if data is not None:
            return data.decode("utf-16-le", errors="replace").rstrip("\0")
        data = self._stream(number, ANSI)
        return "" if data is None else self._decoded(data).rstrip("\0")

    def line(self, number: int) -> str:
        """A text on one line."""
        return one_line(self.text(number))

    def number(self, number: int) -> int:
        """A number, 0 if there is none."""
        value = self._fixed.get(number << 16 | NUMBER)
        return 0 if value is None else int.from_bytes(value[:4], "little")

    def time(self, number: int) -> datetime | None:
        """A time in UTC."""
        value = self._fixed.get(number << 16 | TIME)
        try:
            ticks = int.from_bytes(value or b"", "little")  # 0: not known
            return EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None

    def within(self, number: int) -> list[str] | None:
        """The place of an object, such as an attached message."""
        place = [*self._place, f"__substg1.0_{number:04X}{OBJECT:04X}"]
        return place if self._container.exists([*place, "__properties_version1.0"]) else None

    def data(self, number: int) -> bytes | None:
        """Bytes, None if there are none."""
        return self._stream(number, BINARY)

    def _stream(self, number: int, kind: int) -> bytes | None:
        place = [*self._place, f"__substg1.0_{number:04X}{kind:04X}"]
        if self._container.get_type(place) != 2:  # a stream
            return None
        return bytes(self._container.openstream(place).read())

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode(self.encoding)
        except (LookupError, UnicodeDecodeError):
            return decode_text(data)


def _message(container: OleFileIO, place: list[str], depth: int) -> EmailMessage:
    told = _Properties(container, place, HEADS[min(depth, 1)])
    kind = told.line(CLASS).lower()
    if kind.startswith("ipm.note.smime") and not kind.endswith("multipartsigned"):
        raise DocumentError(ENCRYPTED)
    found = EmailMessage()
    for name, value in _head(container, place, told).items():
        if value:
            found[name] = value
    _set_text(found, told, _appointment(told) if kind.startswith("ipm.appointment") else "")
    for attached in _parts(container, place, "__attach_version1.0_#"):
        _attach(found, container, attached, depth, told.encoding)
    return found


def _head(container: OleFileIO, place: list[str], told: _Properties) -> dict[str, str]:
    """The header lines by their names, empty if there is none."""
    sender = _person(told.line(AUTHOR) or told.line(SENDER), [told.line(number) for number in
                     (AUTHOR_SMTP, SENDER_SMTP, AUTHOR_ADDRESS, SENDER_ADDRESS)])  # fmt: skip
    people: dict[str, list[str]] = {"To": [], "Cc": []}
    for recipient in _parts(container, place, "__recip_version1.0_#"):
        one = _Properties(container, recipient, 8, told.encoding)
        field = RECIPIENTS.get(one.number(KIND))
        if field:
            people[field].append(_person(one.line(NAME), [one.line(SMTP), one.line(ADDRESS)]))
    sent = told.time(SENT) or told.time(DELIVERED)
    return {
        "Subject": told.line(SUBJECT),
        "From": sender,
        "To": ", ".join(people["To"]) or told.line(TO),
        "Cc": ", ".join(people["Cc"]) or told.line(CC),
        "Date": format_datetime(sent) if sent else "",
    }


def _person(name: str, addresses: list[str]) -> str:
    """A person as a header line names one; addresses that only Exchange knows ("/O=MILL/CN=ANN") are left out."""
    address = next((found for found in addresses if "@" in found), "")
    return formataddr((name if name != address else "", address)) if address.isascii() and address else name


def _parts(container: OleFileIO, place: list[str], prefix: str) -> Iterator[list[str]]:
    """Yields the places of the recipients or attachments, in their order."""
    names = {entry[len(place)] for entry in container.listdir(streams=True, storages=True)
             if entry[: len(place)] == place and len(entry) > len(place)}  # fmt: skip
    for name in sorted(name for name in names if name.startswith(prefix)):
        if container.exists([*place, name, "__properties_version1.0"]):
            yield [*place, name]


def _set_text(found: EmailMessage, told: _Properties, before: str) -> None:
    plain = told.text(BODY)
    page = told.data(HTML)
    markup = told.text(HTML) if page is None else decode_page(page)
    rich = told.data(RICH)
    if rich and not plain.strip() and not markup.strip():
        plain = _plain(rich)
    found.set_content(_sound(before + plain))
    if markup.strip():
        found.add_alternative(_sound(before.replace("\n", "<br>") + markup), subtype="html")


def _plain(rich: bytes) -> str:
    """The text of compressed rich text."""
    from compressed_rtf import decompress

    with told_as_damage(Exception):  # it knows no errors of its own
        data = decompress(rich)
    return "\n\n".join(block.text for page in rtf.parse(data).pages for block in page)


def _appointment(told: _Properties) -> str:
    begin, end = told.time(BEGIN), told.time(END)
    until = f" to {end:%Y-%m-%d %H:%M}" if end else ""
    return f"When: {begin:%Y-%m-%d %H:%M}{until} UTC\n\n" if begin else ""


def _attach(found: EmailMessage, container: OleFileIO, place: list[str], depth: int, encoding: str) -> None:
    told = _Properties(container, place, 8, encoding)
    name = told.line(LONG_NAME) or told.line(SHORT_NAME) or told.line(NAME)
    inner = told.within(DATA)
    if inner is not None and depth < DEEPEST:
        found.add_attachment(_message(container, inner, depth + 1))
        return
    data: Any = told.data(DATA) or b""
    found.add_attachment(data, maintype="application", subtype="octet-stream", filename=PurePath(name or "file").name)


def _sound(text: str) -> str:
    """The text without halves of characters, which no mail can carry, and with plain line ends."""
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
