"""Word documents (.docx) -> blocks: paragraphs, headings, lists and tables in the order of the text.

In: the bytes of a file. Out: blocks, and title, author, date and language that the file states. Text boxes follow the
paragraph that they are anchored in, footnotes and endnotes the end of the text.
Left out: what is deleted or hidden, comments, headers and footers, charts, and the numbers Word computes for lists.
"""

from __future__ import annotations

from collections.abc import Iterator

from rag.documents import ooxml
from rag.documents.blocks import Block, Content, table_blocks
from rag.documents.ooxml import Element, child_value, local_name, value
from rag.errors import DocumentError

# Not the text of the paragraph that they stand in. `Fallback` repeats what stands in a text box beside it.
LEFT_OUT = frozenset({"del", "moveFrom", "Fallback", "txbxContent", "rt", "pPr", "rPr", "instrText", "delText"})
BODY_TEXT = 9  # the outline level that says "no heading"; 0 to 8 are headings
ITEM = "- "


def parse_docx(data: bytes) -> Content:
    """The text as one page of blocks; raises `DocumentError` if the file is damaged or no Word document."""
    with ooxml.opened(data) as package:
        main = ooxml.target(package, "", "officeDocument")
        document = ooxml.part(package, main)
        body = None if document is None else document.find("{*}body")
        if body is None or main is None:
            raise DocumentError("is not a Word document although its name says so; give it the name of its real type")
        styles = _Styles(ooxml.part(package, ooxml.target(package, main, "styles")))
        notes = [ooxml.part(package, ooxml.target(package, main, kind)) for kind in ("footnotes", "endnotes")]
        stated = ooxml.stated(package)
    blocks = list(_blocks(body, styles))
    for note in [note for part in notes if part is not None for note in part]:
        if value(note, "type") is None:  # the others are separating lines
            blocks += _blocks(note, styles)
    return Content([_lists_merged(blocks)], title=stated.pop("title", ""), metadata=stated)


class _Styles:
    """The paragraph styles of a document: they and the styles that they are based on tell headings and items."""

    def __init__(self, part: Element | None) -> None:
        self._styles = {} if part is None else {value(style, "styleId"): style for style in part.findall("{*}style")}

    def level(self, paragraph: Element) -> int:
        """The level of a paragraph: 1 and up for a heading (a `Title` is one of the top), 0 for text."""
        for element in self._chain(paragraph):
            style = (child_value(element, "name") or "").lower()  # built-in styles keep it in every language
            if style == "title":
                return 1
            if style.startswith("heading ") and style[8:].isdecimal():
                return int(style[8:])
            outline = child_value(element.find("{*}pPr"), "outlineLvl")
            if outline is not None and outline.isdecimal():
                return (int(outline) + 1) % (BODY_TEXT + 1)
        return 0

    def is_item(self, paragraph: Element) -> bool:
        """Tells if the paragraph is an item of a list; number 0 takes it out of the list of its style."""
        for element in self._chain(paragraph):
            number = child_value(element.find("{*}pPr/{*}numPr"), "numId")
            if number is not None:
                return number != "0"
        return False

    def _chain(self, paragraph: Element) -> Iterator[Element]:
        """The paragraph itself, its style, the style that this one is based on, ..."""
        yield paragraph
        seen: set[str] = set()
        style = child_value(paragraph.find("{*}pPr"), "pStyle")
        while style is not None and style not in seen and style in self._styles:
            seen.add(style)
            yield self._styles[style]
            style = child_value(self._styles[style], "basedOn")


def _blocks(container: Element, styles: _Styles) -> Iterator[Block]:
    for child in container:
        match local_name(child):
            case "p":
                yield from _paragraph(child, styles)
            case "tbl":
                yield from table_blocks(_rows(child, styles), _headers(child))
            case "del" | "moveFrom" | "sdtPr" | "Fallback":
                pass
            case _:  # content controls, insertions, custom XML: what counts is inside
                yield from _blocks(child, styles)


def _paragraph(paragraph: Element, styles: _Styles) -> Iterator[Block]:
    """The paragraph, then the text boxes that are anchored in it."""
    text = "".join(_texts(paragraph)).strip()
    if text:
        level = styles.level(paragraph)
        item = not level and styles.is_item(paragraph)
        yield Block(ITEM + text if item else text, level)
    for box in _boxes(paragraph):
        yield from _blocks(box, styles)


def _texts(element: Element) -> Iterator[str]:
    for child in element:
        match local_name(child):
            case "t":
                yield child.text or ""
            case "tab" | "ptab":
                yield "\t"
            case "br" | "cr":
                yield "\n"
            case "noBreakHyphen":
                yield "-"
            case tag if tag in LEFT_OUT or (tag == "r" and _is_hidden(child)):
                pass
            case _:
                yield from _texts(child)


def _boxes(element: Element) -> Iterator[Element]:
    for child in element:
        if local_name(child) == "txbxContent":
            yield child
        elif local_name(child) not in LEFT_OUT:
            yield from _boxes(child)


def _is_hidden(run: Element) -> bool:
    vanish = run.find("{*}rPr/{*}vanish")
    return vanish is not None and value(vanish, "val") not in ("0", "false", "off")


def _rows(grid: Element, styles: _Styles) -> list[list[str]]:
    """The cells of each row: one that spans rows is repeated in each, one that spans columns stands in the first."""
    rows: list[list[str]] = []
    for row in _inside(grid, "tr"):
        cells = [""] * _count(child_value(row.find("{*}trPr"), "gridBefore"), 0)
        for cell in _inside(row, "tc"):
            text = "\n".join(block.text for block in _blocks(cell, styles))
            merged = cell.find("{*}tcPr/{*}vMerge")
            if merged is not None and value(merged, "val") != "restart" and rows and len(cells) < len(rows[-1]):
                text = rows[-1][len(cells)]
            columns = _count(child_value(cell.find("{*}tcPr"), "gridSpan"), 1)
            cells += [text] + [""] * (columns - 1)
        rows.append(cells)
    return rows


def _headers(grid: Element) -> int:
    """The number of rows at the top that are marked as repeated on every page; one if none is."""
    count = 0
    for row in _inside(grid, "tr"):
        if row.find("{*}trPr/{*}tblHeader") is None:
            break
        count += 1
    return max(1, count)


def _count(text: str | None, usual: int) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 4 else usual


def _inside(element: Element, tag: str) -> Iterator[Element]:
    """The children of that name, even if a content control or an insertion is wrapped around them."""
    for child in element:
        if local_name(child) == tag:
            yield child
        elif local_name(child) in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _inside(child, tag)


def _lists_merged(blocks: list[Block]) -> list[Block]:
    """The blocks, with items that follow one another as one."""
    merged: list[Block] = []
    for block in blocks:
        if merged and not block.level and block.text.startswith(ITEM) and merged[-1].text.startswith(ITEM):
            merged[-1] = Block(f"{merged[-1].text}\n{block.text}")
        else:
            merged.append(block)
    return merged
