"""Electronic books (.epub) -> the blocks of their chapters, in reading order.

In: the bytes of a file. Out: blocks with the book's own headings, and what the package says of itself.
Left out: the table of contents that readers show as a menu, and pages outside the reading order. Chapters that are
missing in the file are counted. A book with copy protection is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from rag.documents import html, ooxml
from rag.documents.blocks import Content
from rag.documents.encoding import decode_page, decode_text
from rag.documents.ooxml import Element, local_name, value
from rag.documents.receipt import Kind, Receipt
from rag.errors import DocumentError

MISSING = Kind("chapter that is missing in the file", "chapters that are missing in the file", "get a fresh copy")
PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
META = {"title": "title", "creator": "author", "language": "language", "date": "created"}
FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")  # fonts made unusable elsewhere


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The text of all chapters as one page of blocks; raises `DocumentError` for damage and for copy protection."""
    receipt = receipt or Receipt()
    with ooxml.open_package(data) as book:
        _refuse_protected(book)
        container = ooxml.part(book, "META-INF/container.xml")
        roots = [] if container is None else [root for root in container.iter() if local_name(root) == "rootfile"]
        path = roots[0].get("full-path", "") if roots else ""
        package = ooxml.part(book, path)
        if package is None:
            raise DocumentError("is not an electronic book although its name says so; give it its real type's name")
        members = set(book.namelist())
        listed = list(_reading_order(package, dirname(path)))
        chapters = [chapter for chapter in listed if chapter in members]
        receipt.count(MISSING, len(listed) - len(chapters))
        sheets = [decode_text(ooxml.part_bytes(book, sheet)) for sheet in _sheets(package, dirname(path)) & members]
        pages = (decode_page(ooxml.part_bytes(book, chapter)) for chapter in chapters)
        blocks = [block for page in pages for block in html.fragment(page, receipt, sheets)]
    stated = _stated(package)
    return Content([blocks], title=stated.pop("title", ""), metadata=stated)


def _refuse_protected(book: zipfile.ZipFile) -> None:
    rules = ooxml.part(book, "META-INF/encryption.xml")
    methods = (
        [] if rules is None else [e.get("Algorithm", "") for e in rules.iter() if local_name(e) == "EncryptionMethod"]
    )
    if any(not method.startswith(FONTS) for method in methods):
        raise DocumentError("has copy protection (DRM), so its text cannot be read; get a copy without it")


def _reading_order(package: Element, folder: str) -> Iterator[str]:
    manifest = {item.get("id", ""): item for item in package.iterfind("{*}manifest/{*}item")}
    for reference in package.iterfind("{*}spine/{*}itemref"):
        item = manifest.get(reference.get("idref", ""))
        if item is None or item.get("media-type") not in PAGES or "nav" in item.get("properties", "").split():
            continue
        yield normpath(join(folder, unquote(item.get("href", ""))))


def _sheets(package: Element, folder: str) -> set[str]:
    """The paths of the book's style sheets, which say what is set high or struck."""
    items = package.iterfind("{*}manifest/{*}item")
    return {
        normpath(join(folder, unquote(item.get("href", "")))) for item in items if item.get("media-type") == "text/css"
    }


def _stated(package: Element) -> dict[str, str]:
    stated: dict[str, str] = {}
    for field in package.iterfind("{*}metadata/*"):
        if value(field, "event") == "modification":
            continue
        if local_name(field) in META and (field.text or "").strip():
            stated.setdefault(META[local_name(field)], (field.text or "").strip())
    return stated
