"""Bytes of unknown encoding -> text, for every format that is text.

In: the bytes of a file. Out: its text, or a `DocumentError` if they are not text.
It does not repair text that was encoded twice, nor guess the language.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from rag.documents.code_pages import code_page_of, is_latin
from rag.documents.latin_pages import latin_page_of
from rag.errors import DocumentError

# Longest first: the mark of UTF-32 begins with that of UTF-16
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 4096  # bytes at the start in which UTF-16 without its mark shows by every other byte being zero
# Encodings still met in files, the likelier first: short Western texts fit several of them equally well.
ENCODINGS = [
    "cp1252", "cp932", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949", "cp1251", "koi8_r", "cp1250", "cp1254",
    "cp1253", "cp1256", "cp1255", "cp1257", "cp1258", "tis_620", "cp866", "cp852",
]  # fmt: skip
LATIN = ["cp1252", "cp1250", "cp1254", "cp1257", "cp1258"]  # whose letters stand among those of ASCII
GUESSED_FROM = 1 << 20  # bytes; more would not make the guess better, only slower
EQUALLY_CLEAN = 0.01  # differences that say nothing: in charset-normalizer's ratio of mess ...
EQUALLY_FLUENT = 0.1  # ... and in its likeness to a language
FEW_BROKEN = 0.1  # broken sequences for each sound one up to which it is UTF-8 with accidents
NOT_TEXT = "is not text although its name says so; give it the name of its real type"
MOST_CONTROLS = 0.01  # share of control characters above which bytes are not text; prose has none
FEW_CONTROLS = 4  # ... and the number that is an accident also in a short file, in which they are at most
MOST_IN_SHORT = 0.1  # this share
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # without ESC, which colours terminal output
OVERSTRUCK = re.compile("[^\n]\b")  # bold and underlined letters of printers and manuals: "N\bN", "_\bN"
END_OF_FILE = b"\0\x1a"  # Ctrl-Z ends files of DOS, zeros fill the last block of a disk or tape
GAP = re.compile(rb"\0{2,}")  # left in a log by a power cut: what stands before and after are two lines

CHARSET_WITHIN = 4096  # bytes; the standard asks for the declaration in the first 1024, not all pages comply
CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
# What browsers read under these names (WHATWG Encoding Standard)
READ_AS = {
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252",
    "l1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "ansi_x3.4-1968": "cp1252", "windows-1252": "cp1252",
    "x-cp1252": "cp1252", "iso-8859-9": "cp1254", "latin5": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030", "gbk": "gb18030", "big5": "big5hkscs",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms_kanji": "cp932",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "iso-8859-8-i": "iso-8859-8",
}  # fmt: skip


def decode_text(data: bytes) -> str:
    """The text, decoded by its byte order mark, else as UTF-8, else by the likeliest old encoding.

    Raises `DocumentError` for bytes that are not text.
    """
    encoding = marked(data)
    text = data.decode(encoding, errors="replace") if encoding else _unmarked(data)
    if "\b" in text:
        text = OVERSTRUCK.sub("", text)
    controls = len(CONTROL.findall(text))
    if controls > max(MOST_CONTROLS * len(text), min(FEW_CONTROLS, max(1, MOST_IN_SHORT * len(text)))):
        raise DocumentError(NOT_TEXT)
    return text.replace("\0", "")


def decode_labelled(data: bytes, label: str) -> str:
    """The text of bytes whose encoding is named beside them, as by a header line of mail.

    Read as browsers read that name, and as `decode_text` does if the name is unknown or wrong: text that is called
    Latin-1 or ASCII and is sound UTF-8 is that.
    """
    label = label.strip().strip("\"'").lower()
    name = READ_AS.get(label, label)
    if name == "cp1252":
        with suppress(UnicodeDecodeError):
            return data.decode("utf-8")
    try:
        return data.decode(codecs.lookup(name).name)
    except (LookupError, ValueError):  # also a zero in the name
        return decode_text(data)


def decode_page(data: bytes) -> str:
    """The text of an HTML page, which may declare its encoding; decoded as `decode_text` does if it does not.

    Raises `DocumentError` for bytes that are not text.
    """
    declared = CHARSET.search(data[:CHARSET_WITHIN])
    if declared is None or marked(data):
        return decode_text(data)
    name = declared[1].decode("ascii", "replace").lower()
    return decode_labelled(data, "utf-8" if name.startswith("utf-16") else name)  # who can read the name has no UTF-16


def marked(data: bytes) -> str | None:
    """The encoding that a byte order mark or the zeros of UTF-16 give away; None for any other."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[:SAMPLE]
    zeros = [sample[place::4].count(0) for place in range(4)]
    if min(zeros[1:3]) > len(sample) // 5 and min(zeros[0], zeros[3]) <= len(sample) // 160:  # UTF-32
        return "utf-32-le" if zeros[3] > zeros[0] else "utf-32-be"
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) // 4 and min(even, odd) < len(sample) // 40:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _unmarked(data: bytes) -> str:
    data = GAP.sub(b"\0\n", data.rstrip(END_OF_FILE))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    sound = sum(not character.isascii() for character in text) - broken
    if broken <= FEW_BROKEN * sound:
        return text
    return _mixed(data) or data.decode(_guessed(data), errors="replace")


def _mixed(data: bytes) -> str:
    """The text of lines some of which are UTF-8 and some Latin, as programs append them; empty if it is none."""
    lines = data.split(b"\n")
    foreign = [line for line in lines if not line.isascii()]
    others = b"\n".join(line for line in foreign if not _is_utf8(line))
    if others.count(b"\n") + 1 == len(foreign) or not is_latin(others[:GUESSED_FROM]):
        return ""
    page = _guessed(others)
    return "\n".join(line.decode("utf-8" if _is_utf8(line) else page, errors="replace") for line in lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    sample = data if len(data) <= GUESSED_FROM else data[:GUESSED_FROM].rpartition(b"\n")[0]
    if page := code_page_of(sample) or latin_page_of(sample):
        return page
    latin = is_latin(sample)
    matches = from_bytes(sample, cp_isolation=LATIN if latin else ENCODINGS)
    best = matches.best()
    if best is None and latin:
        return LATIN[0]
    if best is None:
        raise DocumentError("is not text in any encoding that is known here; save it as UTF-8")
    clean = [match for match in matches if match.chaos <= best.chaos + EQUALLY_CLEAN]
    close = [match for match in clean if match.coherence >= best.coherence - EQUALLY_FLUENT]
    good = {name for match in close for name in match.could_be_from_charset}
    return next((name for name in ENCODINGS if name in good), best.encoding)
