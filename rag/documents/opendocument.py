"""OpenDocument texts (.odt) and presentations (.odp) -> blocks, by slide for presentations.

In: the bytes of a file. Out: paragraphs, headings, lists and tables in the order of the text, and title, author, date
and language that the file states. Text boxes follow the paragraph that they are anchored in, footnotes the end of the
text.
Left out: what is deleted, comments, headers and footers, and the numbers that programs compute for lists.
"""

from __future__ import annotations

from collections.abc import Iterator

from rag.documents import ooxml
from rag.documents.blocks import Block, Content, table_blocks
from rag.documents.ooxml import Element, local_name, value
from rag.errors import DocumentError

META = {"title": "title", "creator": "author", "date": "created", "creation-date": "created", "language": "language"}
LEFT_OUT = frozenset({"annotation", "annotation-end", "tracked-changes", "forms", "sequence-decls", "ruby-text"})
MOST_REPEATED = 1000  # cells or spaces; more fill the sheet up to its edge
ITEM = "- "


def parse(data: bytes) -> Content:
    """The blocks of the text, or of each slide; raises `DocumentError` for damage, a password or another type."""
    with ooxml.opened(data) as package:
        manifest = ooxml.part(package, "META-INF/manifest.xml")
        if manifest is not None and any(local_name(element) == "encryption-data" for element in manifest.iter()):
            raise DocumentError(ooxml.PROTECTED)
        content = ooxml.part(package, "content.xml")
        body = None if content is None else next(iter(content.iterfind("{*}body/*")), None)
        if body is None or local_name(body) not in ("text", "presentation"):
            raise DocumentError("is not an OpenDocument file although its name says so; give it its real type's name")
        meta = ooxml.part(package, "meta.xml")
    stated = {META[local_name(field)]: field.text or "" for field in _fields(meta) if local_name(field) in META}
    paged = local_name(body) == "presentation"
    pages = [list(_blocks(page)) for page in body.iterfind("{*}page")] if paged else [list(_text_blocks(body))]
    return Content(pages, title=stated.pop("title", ""), metadata=stated, paged=paged)


def _fields(meta: Element | None) -> Iterator[Element]:
    return iter([]) if meta is None else meta.iterfind("{*}meta/*")


def _text_blocks(body: Element) -> Iterator[Block]:
    yield from _blocks(body)
    for note in body.iter():
        if local_name(note) == "note-body":
            yield from _blocks(note)


def _blocks(container: Element, level: int = 0) -> Iterator[Block]:
    """Yields the blocks below an element; `level` is that of paragraphs: 1 in the frame of a slide's title."""
    for child in container:
        match local_name(child):
            case "h":
                outline = value(child, "outline-level") or "1"
                yield Block(_line(child), int(outline) if outline.isdecimal() else 1)
                yield from _boxes(child)
            case "p":
                yield Block(_line(child), level)
                yield from _boxes(child)
            case "list":
                yield Block("\n".join(_items(child)))
            case "table":
                yield from table_blocks(_rows(child), _header_rows(child))
            case "notes":
                yield from (Block(f"Notes: {block.text}") for block in _blocks(child) if block.text.strip())
            case "frame":
                yield from _blocks(child, int(value(child, "class") == "title"))
            case tag if tag in LEFT_OUT:
                pass
            case _:  # sections, indexes, groups, text boxes
                yield from _blocks(child, level)


def _items(items: Element) -> Iterator[str]:
    """Yields a line for each paragraph of each item, those of inner lists too."""
    for item in items:
        marker = ITEM if local_name(item) == "list-item" else ""
        for block in _blocks(item):
            for line in block.text.split("\n"):
                yield line if line.startswith(ITEM) else marker + line
                marker = ""


def _rows(grid: Element) -> list[list[str]]:
    """The cells of each row; one that spans rows or columns stands in the first."""
    rows = []
    for row in _inside(grid, "table-row"):
        cells: list[str] = []
        for cell in row:
            if local_name(cell) in ("table-cell", "covered-table-cell"):
                text = "\n".join(block.text for block in _blocks(cell))
                cells += [text] * _count(cell, "number-columns-repeated")
        rows += [cells] * _count(row, "number-rows-repeated")
    return rows


def _header_rows(grid: Element) -> int:
    return max(1, sum(1 for part in grid.iterfind("{*}table-header-rows") for _ in part))


def _inside(element: Element, tag: str) -> Iterator[Element]:
    for child in element:
        if local_name(child) == tag:
            yield child
        elif local_name(child) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _inside(child, tag)


def _count(element: Element, attribute: str) -> int:
    text = value(element, attribute) or "1"
    return min(int(text), MOST_REPEATED) if text.isdecimal() else 1


def _line(paragraph: Element) -> str:
    return "".join(_pieces(paragraph)).strip()


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        match local_name(child):
            case "s":
                yield " " * _count(child, "c")
            case "tab":
                yield "\t"
            case "line-break":
                yield "\n"
            case "note" | "frame" | "custom-shape" | "g":
                pass
            case tag if tag in LEFT_OUT:
                pass
            case _:
                yield from _pieces(child)
        yield child.tail or ""


def _boxes(paragraph: Element) -> Iterator[Block]:
    """The text boxes anchored in a paragraph."""
    for child in paragraph:
        if local_name(child) in ("frame", "custom-shape", "g"):
            yield from _blocks(child)
        elif local_name(child) not in LEFT_OUT and local_name(child) != "note":
            yield from _boxes(child)
