"""The zip container that Office files share -> its parts as XML.

In: the bytes of a file. Out: parts, found by what they are to one another. Names are compared without their namespace,
so that both dialects of the format (transitional and strict) are read; a link to a missing picture costs nothing.
Nothing is fetched and no entity outside the file is read. Damage shows when a part is unpacked or parsed.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import NamedTuple
from xml.etree import ElementTree

from rag.documents.damaged import told_as_damage
from rag.errors import DocumentError

Element = ElementTree.Element

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of encrypted files and of those before 2007
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
PROTECTED = "is protected with a password; save a copy without one"
MAX_UNPACKED = 1 << 30  # bytes; a file that holds more is made to exhaust memory
# What zipfile raises for an archive or a member that is damaged, encrypted or packed in a way that it does not know
UNPACKING = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, RuntimeError, ValueError,
    OverflowError,
)  # fmt: skip
PARSING = (ElementTree.ParseError, ValueError, LookupError)  # the last two: for encodings that expat does not read
CORE = "core-properties"
CORE_NAMES = {"title": "title", "creator": "author", "created": "created", "language": "language"}


class Target(NamedTuple):
    """A part that another one relates to: the kind of relation (the last word of its type), and the part's path."""

    kind: str
    path: str


def open_package(data: bytes) -> zipfile.ZipFile:
    """The package, to be closed; raises `DocumentError` if it is encrypted, of the old format, damaged or too large."""
    if data.startswith(OLE):
        if ENCRYPTED in data:
            raise DocumentError(PROTECTED)
        raise DocumentError("is a file of the old binary Office format under a new name; save it anew in the new one")
    try:
        package = zipfile.ZipFile(BytesIO(data))
    except UNPACKING as exc:
        raise DocumentError("is damaged: it is not a complete Office file; get a fresh copy") from exc
    size = sum(member.file_size for member in package.infolist())
    if size > MAX_UNPACKED:
        raise DocumentError(f"would unpack to {size >> 20} MB, the limit is {MAX_UNPACKED >> 20} MB; split it")
    return package


def part(package: zipfile.ZipFile, path: str | None) -> Element | None:
    """The root of a part, None if there is no such part; raises `DocumentError` if it is damaged."""
    if path is None or path not in package.namelist():
        return None
    data = part_bytes(package, path)
    with told_as_damage(*PARSING):
        return ElementTree.fromstring(data)


def part_bytes(package: zipfile.ZipFile, path: str) -> bytes:
    """The bytes of a part that the package lists; raises `DocumentError` if they are damaged."""
    with told_as_damage(*UNPACKING):
        return package.read(path)


def target(package: zipfile.ZipFile, source: str, kind: str) -> str | None:
    """The path of the part that `source` ("" for the package) relates to as `kind` (see `Target`); None without one."""
    return next((path for found, path in targets(package, source).values() if found == kind), None)


def targets(package: zipfile.ZipFile, source: str) -> dict[str, Target]:
    """The parts that `source` relates to, by the ids that its XML uses; those outside the file are left out."""
    folder = dirname(source)
    return {
        relation.get("Id", ""): Target(
            relation.get("Type", "").rsplit("/", 1)[-1],
            normpath(join("/", folder, relation.get("Target", ""))).lstrip("/"),
        )
        for relation in _relations(package, source)
        if relation.get("TargetMode") != "External"
    }


def addresses(package: zipfile.ZipFile, source: str) -> dict[str, str]:
    """The addresses outside the file that `source` links to, by the ids that its XML uses."""
    return {
        relation.get("Id", ""): relation.get("Target", "")
        for relation in _relations(package, source)
        if relation.get("TargetMode") == "External" and relation.get("Type", "").endswith("/hyperlink")
    }


def _relations(package: zipfile.ZipFile, source: str) -> list[Element]:
    folder, file = dirname(source), source.rsplit("/", 1)[-1]
    relations = part(package, join(folder, "_rels", f"{file}.rels"))
    return [] if relations is None else list(relations)


def stated(package: zipfile.ZipFile) -> dict[str, str]:
    """Title, author, date and language as the file's properties give them, by the names in `CORE_NAMES`."""
    core = part(package, target(package, "", CORE))
    fields = [] if core is None else [(local_name(field), (field.text or "").strip()) for field in core]
    return {CORE_NAMES[key]: text for key, text in fields if key in CORE_NAMES and text}


def local_name(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]


def value(element: Element | None, attribute: str) -> str | None:
    """An attribute by its name without namespace."""
    if element is None:
        return None
    return next((text for key, text in element.attrib.items() if key.rsplit("}", 1)[-1] == attribute), None)


def relation_id(element: Element, attribute: str = "id") -> str:
    """The id by which an element names a relation, empty without one; a plain attribute may have the same name."""
    ids = (text for key, text in element.attrib.items() if key.endswith(f"/relationships}}{attribute}"))
    return next(ids, None) or value(element, attribute) or ""


def child_value(element: Element | None, child: str) -> str | None:
    """The attribute `val` of a child, in which these formats keep a property."""
    return None if element is None else value(element.find(f"{{*}}{child}"), "val")


def is_on(element: Element | None) -> bool:
    """Tells if an element that switches a property on is there and does not switch it off."""
    return element is not None and value(element, "val") not in ("0", "false", "off")
