"""Files of the binary Office formats -> whether they are encrypted, which each format tells in a place of its own.

In: the bytes of a file. Out: yes or no; no for one that is damaged, which its reader tells.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

PACKAGE = "EncryptedPackage".encode("utf-16-le")  # holds a file of today's format
ENCRYPTED_SLIDES = b"\xdf\xc4\xd1\xf3"  # MS-PPT 2.3.2, CurrentUserAtom.headerToken
FILE_PASS, END = 0x2F, 0x0A  # records of workbooks (MS-XLS 2.4.117)
STREAMS = ("Workbook", "Book", "WordDocument", "Current User")
ENCRYPTED_TEXT = 0x100  # MS-DOC 2.5.2, FibBase.fEncrypted


def is_protected(data: bytes) -> bool:
    """Tells if the file is encrypted."""
    import olefile

    if PACKAGE in data:
        return True
    with (
        suppress(OSError, ValueError, IndexError, TypeError, AttributeError, struct.error),  # of containers cut off
        BytesIO(data) as file,
        olefile.OleFileIO(file) as container,
    ):
        streams = {name: container.openstream(name).read() for name in STREAMS if container.exists(name)}
        return any(_tells(name, stream) for name, stream in streams.items())
    return False


def _tells(name: str, stream: bytes) -> bool:
    match name:
        case "WordDocument":
            return bool(struct.unpack_from("<H", stream, 10)[0] & ENCRYPTED_TEXT)
        case "Current User":
            return stream[12:16] == ENCRYPTED_SLIDES
        case _:
            return FILE_PASS in _records(stream)


def _records(stream: bytes) -> Iterator[int]:
    """Yields the types of the records of a workbook's first part."""
    place = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        if kind == END:
            return
        yield kind
        place += 4 + length
