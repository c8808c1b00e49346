"""Word documents in one XML file (WordprocessingML 2003, and the flat form of .docx) -> the same documents as .docx.

In: the bytes of a file, usually named .xml or .doc. Out: its blocks by the reader of .docx. The format of 2003 differs
from .docx in little: numbers that Word computed stand beside their paragraphs, notes in them, addresses at their links.
"""

from __future__ import annotations

import base64
import binascii
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from xml.etree import ElementTree

from rag.documents import docx, ooxml
from rag.documents.blocks import Content
from rag.documents.damaged import told_as_damage
from rag.documents.ooxml import Element, child_value, local_name, value
from rag.documents.receipt import Receipt
from rag.errors import DocumentError

WORD = "http://schemas.microsoft.com/office/word/2003/wordml"
FLAT = "http://schemas.microsoft.com/office/2006/xmlPackage"
EXCEL = "urn:schemas-microsoft-com:office:spreadsheet"
MARK = re.compile(rb"<(?:\w+:)?(wordDocument|package|Workbook)\b")
WITHIN = 1 << 14  # bytes in which the root element begins
STATED = {"Title": "title", "Author": "creator", "Created": "created"}
APART = {"footnote": "footnotes", "endnote": "endnotes", "hdr": "header", "ftr": "footer"}  # what are parts today
RENAMED = {"listPr": "numPr", "ilfo": "numId", "vmerge": "vMerge", "hlink": "hyperlink"}
NOT_READ = frozenset({"Word.Comment", "Word.Deletion"})  # types of annotations
FORMS = {
    "0": "decimal", "1": "upperRoman", "2": "lowerRoman", "3": "upperLetter", "4": "lowerLetter", "5": "ordinal",
    "22": "decimalZero", "23": "bullet", "255": "none",
}  # fmt: skip
LINK = "link"  # before the number of a link in its id


def kind(data: bytes) -> str:
    """The namespace of an Office document in XML: `WORD`, `FLAT` or `EXCEL`; empty for any other file."""
    start = data[:WITHIN]
    if MARK.search(start.replace(b"\0", b"")) is None:
        return ""
    return next((name for name in (WORD, FLAT, EXCEL) if name.encode() in start), "")


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The blocks; raises `DocumentError` if the file is damaged."""
    with told_as_damage(*ooxml.PARSING):
        root = ElementTree.fromstring(data)
    return docx.parse_docx(_packed(root) if local_name(root) == "package" else _modern(root), receipt)


def _packed(root: Element) -> bytes:
    """The flat form as the container that it would be."""
    parts: dict[str, bytes] = {}
    for part in root:
        name, markup, data = (
            (value(part, "name") or "").lstrip("/"),
            part.find("{*}xmlData"),
            part.find("{*}binaryData"),
        )
        if markup is not None and len(markup):
            parts[name] = ElementTree.tostring(markup[0])
        elif data is not None:
            with told_as_damage(binascii.Error):
                parts[name] = base64.b64decode("".join(data.itertext()))
    return _zipped(parts)


def _modern(root: Element) -> bytes:
    """The document of 2003 as a container of today."""
    body = root.find("{*}body")
    if body is None:
        raise DocumentError("is not a Word document although it says so; give it the name of its real type")
    _taken_out(body, lambda element: value(element, "type") in NOT_READ)
    parts: dict[str, Element] = {}
    for tag, name in APART.items():
        taken = _taken_out(body, lambda element, tag=tag: local_name(element) == tag)  # type: ignore[misc]
        if taken:
            parts[name] = _element(name, taken)
    links = _links(body)
    for element in body.iter():
        element.tag = f"{{{WORD}}}{RENAMED.get(local_name(element), local_name(element))}"
    styles, lists = root.find("{*}styles"), root.find("{*}lists")
    parts |= {} if styles is None else {"styles": styles}
    parts |= {} if lists is None else {"numbering": _numbering(lists)}
    related = [(name, name, f"{name}.xml", False) for name in parts]
    related += [(f"{LINK}{place}", "hyperlink", address, True) for place, address in enumerate(links)]
    parts |= {"document": _element("document", [body]), "core": _element("core", _stated(root))}
    written = {f"{name}.xml": ElementTree.tostring(part) for name, part in parts.items()}
    written["_rels/.rels"] = _relations(
        [("1", "officeDocument", "document.xml", False), ("2", ooxml.CORE, "core.xml", False)]
    )
    written["_rels/document.xml.rels"] = _relations(related)
    return _zipped(written)


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return file.getvalue()


def _relations(related: Sequence[tuple[str, str, str, bool]]) -> bytes:
    """A part that relates ids to targets, by their kinds; those outside the file are external."""
    root = ElementTree.Element("Relationships")
    for name, kind, target, external in related:
        mode = {"TargetMode": "External"} if external else {}
        ElementTree.SubElement(root, "Relationship", {"Id": name, "Type": f"x/{kind}", "Target": target, **mode})
    return ElementTree.tostring(root)


def _element(name: str, children: Sequence[Element]) -> Element:
    element = ElementTree.Element(name)
    element.extend(children)
    return element


def _taken_out(body: Element, is_meant: Callable[[Element], bool]) -> list[Element]:
    """The elements that are meant, which are taken out of those that they stand in."""
    taken = []
    for parent in list(body.iter()):
        for child in list(parent):
            if is_meant(child):
                parent.remove(child)
                taken.append(child)
    return taken


def _links(body: Element) -> list[str]:
    """The addresses of links, which get ids."""
    addresses: list[str] = []
    for link in body.iter():
        if local_name(link) == "hlink":
            link.set("id", f"{LINK}{len(addresses)}")
            addresses.append(value(link, "dest") or "")
    return addresses


def _numbering(lists: Element) -> Element:
    """The definitions of lists under the names of today."""
    found = _element("numbering", [])
    for item in lists:
        if local_name(item) == "listDef":
            abstract = ElementTree.SubElement(found, "abstractNum", {"abstractNumId": value(item, "listDefId") or ""})
            for level in item.iterfind("{*}lvl"):
                form = ElementTree.SubElement(level, "numFmt")
                form.set("val", FORMS.get(child_value(level, "nfc") or "0", "decimal"))
                abstract.append(level)
        elif local_name(item) == "list":
            number = ElementTree.SubElement(found, "num", {"numId": value(item, "ilfo") or ""})
            ElementTree.SubElement(number, "abstractNumId", {"val": child_value(item, "ilst") or ""})
            number.extend(item.iterfind("{*}lvlOverride"))
    return found


def _stated(root: Element) -> list[Element]:
    """Properties that the file states of itself, under the names of today."""
    found = []
    for field in root.iterfind("{*}DocumentProperties/*"):
        if local_name(field) in STATED:
            element = ElementTree.Element(STATED[local_name(field)])
            element.text = field.text
            found.append(element)
    return found
