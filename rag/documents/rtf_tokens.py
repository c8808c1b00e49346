"""The bytes of a rich text file -> its tokens, and the encodings of its fonts."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

PATTERN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?\d{1,19})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z'])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\", re.DOTALL
)
# `\fcharset` -> encoding
CHARSETS = {
    0: "cp1252", 2: "latin-1", 77: "mac_roman", 78: "cp932", 79: "cp949", 80: "gb18030", 81: "big5", 83: "cp1255",
    84: "cp1256", 85: "mac_greek", 86: "mac_turkish", 87: "cp874", 88: "mac_latin2", 89: "mac_cyrillic", 128: "cp932",
    129: "cp949", 130: "johab", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255",
    178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
FAMILIES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}


class RtfToken(NamedTuple):
    """A piece of the file."""

    kind: str  # "word", "sign", "open", "close", "bytes"; `byte` for one that is written as a number
    text: str = ""
    number: int | None = None
    data: bytes = b""


def tokenise(data: bytes) -> Iterator[RtfToken]:
    """Yields the tokens; what `\\bin` announces is left out."""
    place = 0
    while (match := PATTERN.match(data, place)) is not None:
        place = match.end()
        word, number, byte, sign, brace, plain = match.groups()
        if word is not None:
            stated = None if number is None else int(number)
            if word == b"bin":
                place += max(0, stated or 0)
            else:
                yield RtfToken("word", word.decode("ascii"), stated)
        elif byte is not None:
            yield RtfToken("byte", data=bytes.fromhex(byte.decode("ascii")))
        elif sign is not None:
            yield RtfToken("sign", sign.decode("latin-1"))
        elif brace is not None:
            yield RtfToken("open" if brace == b"{" else "close")
        elif plain is not None:
            yield RtfToken("bytes", data=plain)


def encoding_of(word: str, number: int | None) -> str | None:
    """The encoding that a word of the file's head states."""
    if word == "ansicpg":
        name = "utf-8" if number == 65001 else f"cp{number}"
        try:
            return codecs.lookup(name).name
        except LookupError:
            return "cp1252"
    return FAMILIES.get(word)


def decoded_bytes(data: bytes, encoding: str) -> str:
    """The text of bytes as they stand; some programs write UTF-8 without saying so."""
    if len(data) > 1 and not data.isascii():
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return data.decode(encoding, "replace")
