"""Word documents (.docx) -> blocks: paragraphs, headings, lists and tables in the order of the text.

In: the bytes of a file. Out: blocks, and title, author, date and language that the file states. Numbers that Word
computes for headings, clauses and lists stand in front of them; addresses of links follow the links' texts. Text boxes,
charts and descriptions of images follow the paragraph that they are anchored in, footnotes and endnotes the end of the
text; files embedded as parts of the text (`altChunk`) stand in their place. Headers of pages stand before the text,
footers behind it, unless they repeat it.
Left out and counted: what is deleted, struck out or not seen, comments, images without a description, embedded objects.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rag.documents import charts, ooxml, web_archive
from rag.documents.blocks import COVERED, Block, Content, lists_merged, table_blocks
from rag.documents.encoding import decode_page, decode_text
from rag.documents.formulas import formula
from rag.documents.link_text import address_beside
from rag.documents.margins import with_margins
from rag.documents.ooxml import Element, Target, child_value, is_on, local_name, value
from rag.documents.raised import LOWERED, RAISED, TextRun, joined_runs
from rag.documents.receipt import COMMENT, DELETED, OBJECT, ROW, STRUCK, Receipt
from rag.documents.symbols import drawn_character, in_font
from rag.documents.unseen import Colour
from rag.documents.word_images import hides_shapes, holds_shapes, image_blocks, is_hidden_shape
from rag.documents.word_numbers import Numbering
from rag.documents.word_styles import WordStyles, style_of
from rag.documents.word_unseen import is_unseen_run, paper_of, shaded, table_paper
from rag.errors import DocumentError

# Not the text of the paragraph that they stand in. `Fallback` repeats what stands in a text box beside it.
LEFT_OUT = frozenset({"del", "moveFrom", "Fallback", "txbxContent", "rt", "pPr", "rPr", "sdtPr", "delText"})
ANCHORED = frozenset({"graphicData", "drawing", "pict", "object"})
SHIFTS = {"superscript": RAISED, "subscript": LOWERED}
LEAST_MOVED = 4  # half points
HYPERLINK = re.compile(r'\s*HYPERLINK\s+(?:"([^"]*)"|([^\s"\\]\S*))', re.IGNORECASE)
BEFORE = 8  # runs before a link, by which its place is found again
TICKED, UNTICKED = "☒", "☐"
DEEPEST = 3  # files within files


class _Story(NamedTuple):
    """A part of the file that holds text, with what its text refers to."""

    package: zipfile.ZipFile
    styles: WordStyles
    numbering: Numbering
    targets: Mapping[str, Target]
    addresses: Mapping[str, str]
    depth: int
    receipt: Receipt
    paper: Colour | None  # behind the text, None if that is not known


def parse_docx(data: bytes, receipt: Receipt | None = None, depth: int = 0) -> Content:
    """The text as one page of blocks; raises `DocumentError` if the file is damaged or no Word document.

    `depth`: the number of files that it is embedded in.
    """
    receipt = receipt or Receipt()
    with ooxml.open_package(data) as package:
        main = ooxml.target(package, "", "officeDocument")
        document = ooxml.part(package, main)
        body = None if document is None else document.find("{*}body")
        if document is None or body is None or main is None:
            raise DocumentError("is not a Word document although its name says so; give it the name of its real type")
        styles = WordStyles(ooxml.part(package, ooxml.target(package, main, "styles")))
        numbering = Numbering(ooxml.part(package, ooxml.target(package, main, "numbering")), styles.list_of)
        paper = paper_of(document)
        blocks = list(_blocks(body, _story(package, main, styles, numbering, depth, receipt, paper)))
        for path in [ooxml.target(package, main, kind) for kind in ("footnotes", "endnotes")]:
            notes = ooxml.part(package, path)
            if path is not None and notes is not None:
                story = _story(package, path, styles, numbering, depth, receipt, paper)
                shown = _shown_notes(notes, body, styles, receipt)
                blocks += [block for note in shown for block in _blocks(note, story)]
        own = (package, main, styles, numbering, depth, receipt, paper)
        margins = [list(_margin(kind, *own)) for kind in ("header", "footer")]
        comments = ooxml.part(package, ooxml.target(package, main, "comments"))
        receipt.count(COMMENT, 0 if comments is None else len(comments.findall("{*}comment")))
        stated = ooxml.stated(package)
    return Content([with_margins(list(lists_merged(blocks)), *margins)], title=stated.pop("title", ""), metadata=stated)


def _shown_notes(notes: Element, body: Element, styles: WordStyles, receipt: Receipt) -> Iterator[Element]:
    """Yields the notes of the text that a person sees; those of hidden text are counted."""
    mark = f"{local_name(notes).removesuffix('s')}Reference"
    hidden = {
        value(item, "id")
        for run in body.iter()
        for item in run
        if local_name(item) == mark and is_on(styles.look(run, None).get("vanish"))
    }
    for note in notes:
        if value(note, "type") is not None:  # a separating line
            continue
        text = "".join(_characters(piece) for piece in note.iter())
        if not (value(note, "id") in hidden and receipt.hides(text)):
            yield note


def _margin(
    kind: str, package: zipfile.ZipFile, main: str, styles: WordStyles, numbering: Numbering, depth: int,
    receipt: Receipt, paper: Colour | None,
) -> Iterator[Block]:  # fmt: skip
    """Yields the blocks of the headers or the footers, each of which is a part of its own."""
    for path in dict.fromkeys(found.path for found in ooxml.targets(package, main).values() if found.kind == kind):
        part = ooxml.part(package, path)
        if part is not None:
            yield from _blocks(part, _story(package, path, styles, numbering, depth, receipt, paper))


def _story(
    package: zipfile.ZipFile, path: str, styles: WordStyles, numbering: Numbering, depth: int, receipt: Receipt,
    paper: Colour | None,
) -> _Story:  # fmt: skip
    targets, addresses = ooxml.targets(package, path), ooxml.addresses(package, path)
    return _Story(package, styles, numbering, targets, addresses, depth, receipt, paper)


def _blocks(container: Element, story: _Story) -> Iterator[Block]:
    for child in container:
        match local_name(child):
            case "p":
                yield from _paragraph(child, story)
            case "tbl":
                yield from table_blocks(_rows(child, story), _headers(child))
            case "altChunk":
                yield from _chunk(child, story)
            case "del":
                story.receipt.count_text(DELETED, _deleted(child))
            case "moveFrom" | "sdtPr" | "Fallback":
                pass
            case _:  # content controls, insertions, custom XML: what counts is inside
                yield from _blocks(child, story)


def _paragraph(paragraph: Element, story: _Story) -> Iterator[Block]:
    """The paragraph, then the text boxes, charts and images that are anchored in it."""
    line = _Line(story, style_of(paragraph), lambda: story.styles.paper(paragraph, story.paper))
    line.add(paragraph)
    text = joined_runs(line.runs).strip()
    number = story.styles.number(paragraph, story.numbering)
    mark = None
    if number is not None and (text or not _is_gone(paragraph)):
        mark = story.numbering.next(*number)
    if text:
        level = story.styles.level(paragraph)
        if level:
            yield Block(text if mark is None or mark.startswith("-") else mark + text, level)
        else:
            yield Block(text) if mark is None else Block(mark + text, kind="list")
    for box in _anchored(paragraph, story, style_of(paragraph)):
        match local_name(box):
            case "txbxContent":
                yield from _blocks(box, story._replace(paper=None))
            case "graphicData":
                yield from charts.chart_blocks(story.package, box, story.targets, story.receipt)
            case _:
                yield from image_blocks(box, story.receipt)


def _deleted(element: Element) -> str:
    """The text that was deleted while changes were tracked."""
    return "".join(piece.text or "" for piece in element.iter() if local_name(piece) == "delText")


def _is_gone(paragraph: Element) -> bool:
    """Tells if the end of the paragraph is deleted or hidden, so that Word gives a paragraph without text no number."""
    mark = paragraph.find("{*}pPr/{*}rPr")
    if mark is None:
        return False
    return any(mark.find(f"{{*}}{name}") is not None for name in ("del", "moveFrom")) or is_on(mark.find("{*}vanish"))


class _Line:
    """Gathers the text of a paragraph."""

    def __init__(self, story: _Story, style: str | None, paper: Callable[[], Colour | None]) -> None:
        self.runs: list[TextRun] = []
        self._story = story
        self._style = style
        self._paper = paper
        self._fields: list[_Field] = []  # those that are open, the outermost first

    def add(self, element: Element) -> None:
        """Adds what stands in the element, which is no run."""
        for child in element:
            match local_name(child):
                case "r":
                    self._add_run(child)
                case "hyperlink":
                    begin = len(self.runs)
                    self.add(child)
                    self._add_address(begin, self._story.addresses.get(ooxml.relation_id(child)))
                case "fldSimple":
                    begin = len(self.runs)
                    self.add(child)
                    self._add_address(begin, _address(value(child, "instr") or ""))
                case "oMath":
                    self._write(formula(child))
                case "del":
                    self._story.receipt.count_text(DELETED, _deleted(child))
                case tag if tag not in LEFT_OUT:
                    self.add(child)

    def _add_run(self, run: Element) -> None:
        look = self._story.styles.look(run, self._style)
        gone = self._is_left_out(run, look)
        shift = SHIFTS.get(value(look.get("vertAlign"), "val") or "", 0) or _moved(value(look.get("position"), "val"))
        fonts = look.get("rFonts")
        font = value(fonts, "ascii") or value(fonts, "hAnsi")
        for child in run:
            tag = local_name(child)
            if tag == "fldChar":
                self._turn_field(child, gone)
            elif tag == "instrText" and self._fields:
                self._fields[-1].instruction += child.text or ""
            elif not gone:
                self._add_piece(child, tag, shift, font)

    def _is_left_out(self, run: Element, look: Mapping[str, Element]) -> bool:
        """Tells if the run is struck out, or is not seen and not wanted; its text is counted then."""
        struck = any(is_on(look.get(name)) for name in ("strike", "dstrike"))
        if not struck and not is_unseen_run(look, self._paper):
            return False
        text = "".join(_characters(piece) for piece in run)
        if not struck:
            return self._story.receipt.hides(text)
        self._story.receipt.count_text(STRUCK, text)
        return True

    def _add_piece(self, piece: Element, tag: str, shift: int, font: str | None) -> None:
        match tag:
            case "t":
                self._write(in_font(piece.text or "", font), shift)
            case "sym":
                self._write(_characters(piece), shift)
            case "tab" | "ptab":
                self._write("\t")
            case "br" | "cr":
                self._write("\n")
            case "noBreakHyphen":
                self._write("-")
            case _ if tag not in LEFT_OUT:
                self.add(piece)

    def _write(self, text: str, shift: int = 0) -> None:
        if all(field.shown for field in self._fields):
            self.runs.append(TextRun(text, shift))

    def _turn_field(self, turn: Element, gone: bool) -> None:
        match value(turn, "fldCharType"):
            case "begin":
                if not gone:
                    self._write(_entered(turn))
                self._fields.append(_Field())
            case "separate" if self._fields:
                self._fields[-1].shown = True
                self._fields[-1].begin = len(self.runs)
            case "end" if self._fields:
                field = self._fields.pop()
                if field.shown:
                    self._add_address(field.begin, _address(field.instruction))

    def _add_address(self, begin: int, address: str | None) -> None:
        """Adds the address of the link whose text begins at that run."""
        words = "".join(run.text for run in self.runs[begin:])
        before = "".join(run.text for run in self.runs[max(0, begin - BEFORE) : begin])
        self._story.receipt.leads(before, words, address)
        self._write(address_beside(words, address))


def _characters(piece: Element) -> str:
    """The characters of a piece of a run that is text or a symbol, none of another."""
    if local_name(piece) != "sym":
        return (piece.text or "") if local_name(piece) == "t" else ""
    code = value(piece, "char") or ""
    return drawn_character(value(piece, "font"), int(code, 16)) if re.fullmatch("[0-9A-Fa-f]{1,5}", code) else ""


class _Field:
    """A field that is open: an instruction, then the result that is shown."""

    def __init__(self) -> None:
        self.instruction = ""
        self.shown = False
        self.begin = 0  # the place of the result's first run


def _moved(position: str | None) -> int:
    """The shift of text that was moved up or down by hand, in half points."""
    text = position or "0"
    points = int(text) if text.removeprefix("-").isdecimal() else 0
    return 0 if abs(points) < LEAST_MOVED else RAISED if points > 0 else LOWERED


def _address(instruction: str) -> str | None:
    link = HYPERLINK.match(instruction)
    return None if link is None else link[1] or link[2]


def _entered(turn: Element) -> str:
    """Text that a person entered into a form's check box or list."""
    box = turn.find("{*}ffData/{*}checkBox")
    if box is not None:
        state = box.find("{*}checked")
        return TICKED if is_on(box.find("{*}default") if state is None else state) else UNTICKED
    choices = turn.find("{*}ffData/{*}ddList")
    if choices is None:
        return ""
    chosen = child_value(choices, "result") or child_value(choices, "default") or "0"
    entries = [value(entry, "val") or "" for entry in choices.iterfind("{*}listEntry")]
    return entries[int(chosen)] if chosen.isdecimal() and int(chosen) < len(entries) else ""


def _anchored(element: Element, story: _Story, style: str | None) -> Iterator[Element]:
    """The text boxes, charts, images and embedded objects within a paragraph of a style."""
    for child in element:
        if _is_hidden(child, story, style) and hides_shapes(child, story.receipt):
            continue
        if local_name(child) == "txbxContent":
            yield child
        elif local_name(child) in ANCHORED:
            yield from _anchored(child, story, style) if local_name(child) != "object" else ()
            yield child
        elif local_name(child) not in LEFT_OUT:
            yield from _anchored(child, story, style)


def _is_hidden(element: Element, story: _Story, style: str | None) -> bool:
    """Tells if an element is a hidden run, in which shapes are anchored, or a hidden shape."""
    if local_name(element) == "r":
        return holds_shapes(element) and is_on(story.styles.look(element, style).get("vanish"))
    return is_hidden_shape(element)


def _chunk(chunk: Element, story: _Story) -> Iterator[Block]:
    """The blocks of a file that stands in the place of this element."""
    from rag.documents import html, rtf, text

    target = story.targets.get(ooxml.relation_id(chunk))
    if target is None or target.path not in story.package.namelist():
        story.receipt.count(OBJECT)
        return
    data = ooxml.part_bytes(story.package, target.path)
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"pk\x03\x04"):
        if story.depth >= DEEPEST:
            raise DocumentError(f"holds files within files, {DEEPEST} deep; save their text in one")
        (blocks,) = parse_docx(data, story.receipt, story.depth + 1).pages
        yield from blocks
    elif start.startswith(rtf.RTF_MARK):
        yield from (block for page in rtf.parse(data, story.receipt).pages for block in page)
    elif web_archive.is_archive(data):
        yield from html.fragment(web_archive.archived_page(data), story.receipt)
    elif target.path.lower().endswith((".txt", ".text")) or b"<" not in data:
        yield from text.text_blocks(decode_text(data), unwrap=True)
    else:
        yield from html.fragment(decode_page(data), story.receipt)


def _rows(grid: Element, story: _Story) -> list[list[str]]:
    """The cells of each row: one that spans rows is repeated in each, one that spans columns stands in the first."""
    rows: list[list[str]] = []
    paper = table_paper(grid, story.styles.by_id, story.paper)
    for row in _inside(grid, "tr"):
        if is_on(row.find("{*}trPr/{*}hidden")) and story.receipt.hides_part(ROW):
            continue
        cells = [""] * _count(child_value(row.find("{*}trPr"), "gridBefore"), 0)
        for cell in _inside(row, "tc"):
            inner = story._replace(paper=shaded(cell.find("{*}tcPr"), paper))
            text = "\n".join(block.text for block in _blocks(cell, inner))
            merged = cell.find("{*}tcPr/{*}vMerge")
            if merged is not None and value(merged, "val") != "restart" and rows and len(cells) < len(rows[-1]):
                text = rows[-1][len(cells)]
            columns = _count(child_value(cell.find("{*}tcPr"), "gridSpan"), 1)
            cells += [text, *[COVERED] * (columns - 1)]
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
