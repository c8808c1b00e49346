"""Archives (.zip) -> the files in them.

In: the bytes of an archive. Out: content without text, whose members are the files of the archive in its order; each is
unpacked when it is asked for, and never beyond the size that the archive states for it. Hidden files are passed over in
silence, as in folders. Members are not told apart here by type or path (contained.py does).
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from functools import partial
from io import BytesIO

from rag.documents.blocks import Content
from rag.documents.contained import MOST_TIMES, TWICE, Member, tidy
from rag.documents.damaged import told_as_damage
from rag.documents.formats import HIDDEN
from rag.documents.ooxml import UNPACKING
from rag.errors import DocumentError

UTF_8 = 0x800  # flag of a member: its name is UTF-8
ENCRYPTED = 0x1
PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # of the others, some unpack without a limit
ALWAYS_ALLOWED = 1 << 20  # bytes that a member may have, however well it is packed


def parse(data: bytes) -> Content:
    """The members of the archive; raises `DocumentError` if it is damaged."""
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except UNPACKING as exc:
        raise DocumentError("is damaged: it is not a complete archive; get a fresh copy") from exc
    members = list(_members(archive))
    return Content([], members=members, notes=() if members else ("holds no files",))


def _members(archive: zipfile.ZipFile) -> Iterator[Member]:
    infos = [info for info in archive.infolist() if not info.filename.endswith(("/", "\\"))]
    names = [_name(info) for info in infos]
    last = {tidy(name): info for name, info in zip(names, infos, strict=True)}  # which is unpacked over the others
    for name, info in zip(names, infos, strict=True):
        if any(part.startswith(HIDDEN) and part != ".." for part in tidy(name).split("/")):
            continue
        reason = _reason(info) or (TWICE if last[tidy(name)] is not info else "")
        yield Member(name, partial(_unpacked, archive, info), info.file_size, reason)


def _name(info: zipfile.ZipInfo) -> str:
    """The member's path. Many programs write UTF-8 without saying so, and the library then takes it for code page
    437."""
    if info.flag_bits & UTF_8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _reason(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link, which is not followed"
    if info.flag_bits & ENCRYPTED:
        return "encrypted; unpack it with its password"
    if info.file_size == 0:
        return "empty"
    if info.compress_type not in PACKINGS:
        return "packed in a way that is not read; unpack it"
    if info.file_size > ALWAYS_ALLOWED and info.file_size > MOST_TIMES * info.compress_size:
        return f"would unpack to more than {MOST_TIMES} times its size; unpack it if you trust where it comes from"
    return ""


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with told_as_damage(*UNPACKING), archive.open(info) as file:
        return file.read(info.file_size)
