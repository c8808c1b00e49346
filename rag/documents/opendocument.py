"""OpenDocument texts (.odt) and presentations (.odp) -> blocks, by slide for presentations.

In: the bytes of a file. Out: paragraphs, headings, lists and tables in the order of the text, and title, author, date
and language that the file states. Numbers that programs compute for headings and lists stand in front of them,
addresses of links behind their texts. Text boxes, charts and descriptions of images follow the paragraph that they are
anchored in, footnotes the end of the text. Headers of pages stand before the text, footers behind it, unless they
repeat it.
Left out and counted: hidden slides, what is deleted, struck out or not seen, comments, images without a description,
embedded objects.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from posixpath import normpath
from typing import NamedTuple

from rag.documents import ooxml
from rag.documents.blocks import COVERED, Block, Content, lists_merged, table_blocks
from rag.documents.descriptions import described
from rag.documents.formulas import mathml
from rag.documents.link_text import address_beside
from rag.documents.margins import with_margins
from rag.documents.odf_styles import POINTS, Counts, Looks, TextStyle, length
from rag.documents.ooxml import Element, local_name, value
from rag.documents.raised import TextRun, joined_runs
from rag.documents.receipt import CHART, COMMENT, DELETED, IMAGE, MEDIUM, OBJECT, SHAPE, SLIDE, STRUCK, Receipt
from rag.documents.symbols import in_font
from rag.documents.unseen import SMALLEST_IMAGE, WHITE, Colour
from rag.errors import DocumentError

# The later ones count if a file has several: who wrote it, not who changed it last
META = {"title": "title", "language": "language", "creator": "author", "date": "created"}
META_FIRST = {"initial-creator": "author", "creation-date": "created"}
LEFT_OUT = frozenset({"annotation", "annotation-end", "tracked-changes", "forms", "sequence-decls", "ruby-text"})
ANCHORED = frozenset({"frame", "custom-shape", "g", "rect", "ellipse", "line", "connector", "a"})
SEEN = TextStyle()
MOST_REPEATED = 1000  # cells or spaces; more fill the sheet up to its edge
ITEM = "- "
MARGINS = ("header", "footer")
SMALLEST = SMALLEST_IMAGE * POINTS["px"]
OBJECTS = frozenset({"object", "object-ole", "plugin", "applet"})
DRAWN = OBJECTS | {"image"}


class OdfContext(NamedTuple):
    """Parts of a file that its text refers to."""

    looks: Looks
    receipt: Receipt
    package: zipfile.ZipFile | None = None  # of formulas
    paper: Colour | None = WHITE  # behind the text, None if that is not known


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The blocks of the text, or of each slide; raises `DocumentError` for damage, a password or another type."""
    receipt = receipt or Receipt()
    with ooxml.open_package(data) as package:
        refused_if_protected(package)
        content = ooxml.part(package, "content.xml")
        body = None if content is None else next(iter(content.iterfind("{*}body/*")), None)
        if content is None or body is None or local_name(body) not in ("text", "presentation"):
            raise DocumentError("is not an OpenDocument file although its name says so; give it its real type's name")
        styles = ooxml.part(package, "styles.xml")
        looks = Looks(styles, content)
        meta = ooxml.part(package, "meta.xml")
        paged = local_name(body) == "presentation"
        reader = _Reader(package, OdfContext(looks, receipt, package, None if paged else looks.page_paper()))
        receipt.count(COMMENT, sum(local_name(item) == "annotation" for item in body.iter()))
        if paged:
            pages = [reader.slide(*slide) for slide in enumerate(body.iterfind("{*}page"), start=1)]
        else:
            margins = [[block for part in _margins(styles, kind) for block in reader.blocks(part)] for kind in MARGINS]
            pages = [with_margins(list(reader.text(body)), *margins)]
    fields = [(local_name(field), field.text or "") for field in ([] if meta is None else meta.iterfind("{*}meta/*"))]
    stated = {META[name]: text for name, text in fields if name in META}
    stated |= {META_FIRST[name]: text for name, text in fields if name in META_FIRST and text.strip()}
    return Content(pages, title=stated.pop("title", ""), metadata=stated, paged=paged)


def _margins(styles: Element | None, kind: str) -> Iterator[Element]:
    """Yields the headers or the footers, those of first and of left pages too."""
    for page in () if styles is None else styles.iterfind("{*}master-styles/{*}master-page"):
        yield from (part for part in page if local_name(part).startswith(kind))


def refused_if_protected(package: zipfile.ZipFile) -> None:
    """Raises `DocumentError` if the file is encrypted."""
    manifest = ooxml.part(package, "META-INF/manifest.xml")
    if manifest is not None and any(local_name(element) == "encryption-data" for element in manifest.iter()):
        raise DocumentError(ooxml.PROTECTED)


def line(paragraph: Element, source: OdfContext, around: TextStyle | None = None) -> str:
    """The text of a paragraph within what has a look of its own."""
    if _is_hidden_paragraph(paragraph) and source.receipt.hides("".join(paragraph.itertext())):
        return ""
    style, around = value(paragraph, "style-name"), around or TextStyle(paper=source.paper)
    look = source.looks.of(style, around._replace(paper=source.looks.paper(style, around.paper)))
    return joined_runs(_runs(paragraph, look, source)).strip()


class _Reader:
    """Reads elements in the order of the text, since lists count on."""

    def __init__(self, package: zipfile.ZipFile, source: OdfContext) -> None:
        self._package = package
        self._source = source
        self._looks = source.looks
        self._receipt = source.receipt
        self._counts = Counts()

    def slide(self, number: int, page: Element) -> list[Block]:
        """The blocks of a slide, none if it is hidden."""
        hidden = self._looks.is_hidden_slide(value(page, "style-name"))
        return [] if hidden and self._receipt.hides_part(SLIDE, str(number)) else list(self.blocks(page))

    def text(self, body: Element) -> Iterator[Block]:
        """Yields the blocks of a text, then its notes."""
        yield from self.blocks(body)
        for note in self._notes(body):
            yield from self.blocks(note)

    def _notes(self, container: Element) -> Iterator[Element]:
        """Yields the notes of what is read: none of what was deleted, or stands in a section that nobody sees."""
        for child in container:
            hidden = local_name(child) == "section" and value(child, "display") == "none"
            if local_name(child) == "span" and self._looks.of(value(child, "style-name"), SEEN).hidden:
                hidden = True
                for note in (part for part in child.iter() if local_name(part) == "note-body"):
                    self._receipt.hides("".join(note.itertext()))
            if local_name(child) == "note-body":
                yield child
            elif local_name(child) not in LEFT_OUT and not (hidden and not self._receipt.include_hidden):
                yield from self._notes(child)

    def blocks(self, container: Element, level: int = 0) -> Iterator[Block]:
        """Yields the blocks below an element; `level` is that of paragraphs: 1 in the frame of a slide's title."""
        for child in container:
            if self._is_left_out(child):
                continue
            match local_name(child):
                case "h":
                    yield self._heading(child)
                    yield from self._boxes(child)
                case "p":
                    yield Block(self._line(child), level)
                    yield from self._boxes(child)
                case "list":
                    yield from self._whole_list(child, level)
                case "table":
                    yield from table_blocks(self._rows(child), _header_rows(child))
                case "notes":
                    yield from (Block(f"Notes: {block.text}") for block in self.blocks(child) if block.text.strip())
                case "frame":
                    yield from self.blocks(child, int(value(child, "class") == "title"))
                case tag if tag in DRAWN:
                    yield from self._drawn(container, child)
                case _:  # sections, indexes, groups, text boxes
                    yield from self.blocks(child, level)

    def _is_left_out(self, element: Element) -> bool:
        """Tells if what stands in an element is not read; its text is counted if a person may miss it."""
        if local_name(element) == "tracked-changes":
            self._receipt.count_text(DELETED, _deleted(element))
        if _is_hidden_section(element):
            return self._receipt.hides("".join(element.itertext()))
        return local_name(element) in LEFT_OUT

    def _line(self, paragraph: Element) -> str:
        return line(paragraph, self._source)

    def _heading(self, heading: Element, mark: str | None = None) -> Block:
        """The heading with its number: that of the list that it stands in, else that of the outline."""
        stated = value(heading, "outline-level") or "1"
        level = int(stated) if stated.isdecimal() else 1
        text = self._line(heading)
        if mark is None and text and value(heading, "is-list-header") != "true":
            style = self._looks.outline(value(heading, "style-name"))
            mark = "" if style is None else self._counts.next("", style, level - 1, value(heading, "start-value"))
        return Block((mark or "") + text, level)

    def _whole_list(self, items: Element, level: int) -> Iterator[Block]:
        """Yields the lines of a list; in the frame of a title, where programs write one around it, the title."""
        if not level:
            yield from lists_merged(self._list(items, 0, None))
        for item in items if level else ():
            yield from self.blocks(item, level)

    def _list(self, items: Element, depth: int, style: str | None) -> Iterator[Block]:
        """Yields a line for each paragraph of each item, those of inner lists too, and headings as they are."""
        style = value(items, "style-name") or style or ""
        levels = self._looks.lists.get(style, {})
        if value(items, "continue-numbering") != "true" and value(items, "continue-list") is None:
            self._counts.restart(style, depth)
        for item in items:
            marker = ""
            if local_name(item) == "list-item":
                number = self._counts.next(style, levels, depth, value(item, "start-value")) if _has_text(item) else ""
                marker = ITEM if number is None else number
            for block in self._in_item(item, depth, style, marker):
                yield block
                marker = ""

    def _in_item(self, item: Element, depth: int, style: str, marker: str) -> Iterator[Block]:
        for child in item:
            match local_name(child):
                case "list":
                    yield from self._list(child, depth + 1, style)
                    continue
                case "h":
                    yield self._heading(child, "" if marker == ITEM else marker)
                    found = list(self._boxes(child))
                case "p":
                    found = [Block(self._line(child)), *self._boxes(child)]
                case _:
                    found = list(self.blocks(child))
            for block in found:
                if block.kind == "table":
                    yield block
                    continue
                for text in block.text.split("\n") if block.text else []:
                    yield Block(text if block.kind == "list" else marker + text, kind="list")
                    marker = ""

    def _rows(self, grid: Element) -> list[list[str]]:
        """The cells of each row; one that spans rows stands in each, one that spans columns stands in the first."""
        rows: list[list[str]] = []
        below: dict[int, tuple[int, str]] = {}  # column -> for how many more rows, which text
        around = self._looks.paper(value(grid, "style-name"), self._source.paper)
        for row in _inside(grid, "table-row"):
            paper = self._looks.paper(value(row, "style-name"), around)
            cells: list[str] = []
            for cell in row:
                tag = local_name(cell)
                if tag not in ("table-cell", "covered-table-cell"):
                    continue
                left, above = below.pop(len(cells), (0, COVERED))
                text = above if tag == "covered-table-cell" else self._cell(cell, paper)
                if tag == "covered-table-cell" and left > 1:
                    below[len(cells)] = (left - 1, above)
                spanned = _count(cell, "number-rows-spanned")
                if spanned > 1:
                    below[len(cells)] = (spanned - 1, text)
                cells += [text] * _count(cell, "number-columns-repeated")
            rows += [cells] * _count(row, "number-rows-repeated")
        return rows

    def _cell(self, cell: Element, around: Colour | None) -> str:
        paper = self._looks.paper(value(cell, "style-name"), around)
        return "\n".join(block.text for block in self._upon(cell, paper))

    def _upon(self, container: Element, paper: Colour | None) -> list[Block]:
        """The blocks below an element, whose text stands upon another colour."""
        around, self._source = self._source, self._source._replace(paper=paper)
        found = list(self.blocks(container))
        self._source = around
        return found

    def _boxes(self, paragraph: Element, around: TextStyle = SEEN) -> Iterator[Block]:
        """The text boxes, charts and images anchored in a paragraph, or in a part of one within a look."""
        if _is_hidden_paragraph(paragraph) and not self._receipt.include_hidden:
            return  # they are counted with its text
        look = self._looks.of(value(paragraph, "style-name"), around)
        for child in paragraph:
            if local_name(child) in ANCHORED and value(child, "href") is None:
                if not (look.hidden and _hides(child, self._receipt)):
                    yield from self._upon(child, None)
            elif local_name(child) not in LEFT_OUT and local_name(child) != "note":
                yield from self._boxes(child, look)

    def _drawn(self, frame: Element, item: Element) -> Iterator[Block]:
        yield from self._image(frame, item) if local_name(item) == "image" else self._object(item)

    def _object(self, reference: Element) -> Iterator[Block]:
        """The table of an embedded chart; formulas are part of their lines, other objects are counted."""
        if local_name(reference) != "object":
            self._receipt.count(OBJECT if local_name(reference) == "object-ole" else MEDIUM)
            return
        root = next(iter(reference), None)
        root = ooxml.part(self._package, object_path(reference)) if root is None else root
        chart = None if root is None else root.find("{*}body/{*}chart/{*}chart")
        if chart is None:
            self._receipt.count(OBJECT, root is None or local_name(root) != "math")
            return
        title = chart.find("{*}title")
        if title is not None:
            yield from self.blocks(title)
        grids = chart.findall("{*}table")
        self._receipt.count(CHART, not grids)
        for grid in grids:
            yield from table_blocks(self._rows(grid), _header_rows(grid))

    def _image(self, frame: Element, image: Element) -> Iterator[Block]:
        """The description of an image, which is counted if it has none; pictures of objects and icons are not."""
        inside = [local_name(child) for child in frame]
        first = next(child for child in frame if local_name(child) == "image")
        sides = [length(value(frame, name)) for name in ("width", "height")]
        known = [side for side in sides if side is not None]
        if image is not first or not OBJECTS.isdisjoint(inside) or min(known, default=SMALLEST) < SMALLEST:
            return
        stated = (child.text for tag in ("desc", "title") for child in frame if local_name(child) == tag)
        text = described(next((text for text in stated if text), ""))
        if text:
            yield Block(text)
        else:
            self._receipt.count(IMAGE)


def _is_hidden_paragraph(paragraph: Element) -> bool:
    return any(local_name(item) == "hidden-paragraph" and value(item, "is-hidden") == "true" for item in paragraph)


def _hides(shape: Element, receipt: Receipt) -> bool:
    """Notes what is anchored in hidden text; True if it is to be left out."""
    text = "".join(shape.itertext())
    return receipt.hides(text) if text.strip() else receipt.hides_part(SHAPE)


def _is_hidden_section(element: Element) -> bool:
    if local_name(element) != "section":
        return False
    return value(element, "display") == "none" or value(element, "is-hidden") == "true"


def _deleted(changes: Element) -> str:
    """The text that was deleted while changes were tracked."""
    return " ".join(
        "".join(text.itertext())
        for item in changes.iter()
        if local_name(item) == "deletion"
        for text in item
        if local_name(text) in ("p", "h")
    )


def object_path(reference: Element) -> str:
    """The path of the content of an object that is embedded in the file."""
    return normpath(f"{value(reference, 'href') or ''}/content.xml")


def _has_text(item: Element) -> bool:
    return any(local_name(child) in ("p", "h") for child in item)


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


def _runs(element: Element, look: TextStyle, source: OdfContext) -> Iterator[TextRun]:
    yield _run(element.text, look, source.receipt)
    for child in element:
        match local_name(child):
            case "s":
                yield _run(" " * _count(child, "c"), look, source.receipt)
            case "tab":
                yield _run("\t", look, source.receipt)
            case "line-break":
                yield _run("\n", look, source.receipt)
            case "note":
                pass
            case "a":
                runs = list(_runs(child, source.looks.of(value(child, "style-name"), look), source))
                yield from runs
                words = "".join(run.text for run in runs)
                source.receipt.leads("", words, value(child, "href"))
                yield TextRun(address_beside(words, value(child, "href")))
            case "frame":
                yield from (TextRun(text) for text in _formulas(child, source.package))
            case "hidden-text" if value(child, "is-hidden") == "true":
                yield _run(value(child, "string-value"), look._replace(hidden=True), source.receipt)
            case tag if tag in ANCHORED or tag in LEFT_OUT:
                pass
            case _:
                yield from _runs(child, source.looks.of(value(child, "style-name"), look), source)
        yield _run(child.tail, look, source.receipt)


def _run(text: str | None, look: TextStyle, receipt: Receipt) -> TextRun:
    text = text or ""
    if look.struck:
        receipt.count_text(STRUCK, text)
        return TextRun("", look.shift)
    if look.is_unseen and receipt.hides(text):
        return TextRun("", look.shift)
    return TextRun(in_font(text, look.font), look.shift)


def _formulas(frame: Element, package: zipfile.ZipFile | None) -> Iterator[str]:
    for reference in frame.iterfind("{*}object"):
        root = next(iter(reference), None)
        if root is None and package is not None:
            root = ooxml.part(package, object_path(reference))
        if root is not None and local_name(root) == "math":
            yield mathml(root)
