"""Presentations (.pptx) -> a page for each slide: its title as a heading, then texts, tables and charts as they lie.

In: the bytes of a file. Out: blocks by slide, in the order in which they are shown; hidden slides count, as they do in
PowerPoint's numbers. Shapes come in the file's own order, which is the one for screen readers, the title first; a chart
is the table of its values, an image its description; the speaker's notes follow the slide. Numbers of lists stand in
front of their items, addresses of links behind their texts.
Left out and counted: hidden slides and shapes, text that is struck or not seen, comments, images without a description,
embedded objects, sound. Left out: dates, footers and slide numbers of the layout.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rag.documents import charts, ooxml
from rag.documents.blocks import COVERED, Block, Content, table_blocks
from rag.documents.descriptions import described
from rag.documents.formulas import formula
from rag.documents.link_text import address_beside
from rag.documents.numerals import numeral
from rag.documents.ooxml import Element, Target, local_name, relation_id
from rag.documents.raised import LOWERED, RAISED, TextRun, joined_runs
from rag.documents.receipt import COMMENT, IMAGE, MEDIUM, OBJECT, SHAPE, SLIDE, STRUCK, Receipt
from rag.documents.slide_unseen import Behind, Paper
from rag.documents.symbols import in_font
from rag.documents.unseen import SMALLEST_IMAGE
from rag.errors import DocumentError

TITLES = frozenset({"title", "ctrTitle"})
FURNITURE = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})
NOTES = "Notes: "
EMU = 9525  # of Office's units to a pixel
MEDIA = frozenset({"videoFile", "audioFile", "audioCd", "wavAudioFile", "quickTimeFile"})
FORMS = {
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
}
AROUND = {"ParenBoth": ("(", ")"), "ParenR": ("", ")"), "Period": ("", "."), "Plain": ("", "")}


class _Slide(NamedTuple):
    """The file, and what the slide refers to."""

    package: zipfile.ZipFile
    targets: Mapping[str, Target]
    addresses: Mapping[str, str]
    receipt: Receipt
    paper: Paper


def parse(data: bytes, receipt: Receipt | None = None) -> Content:
    """The blocks of each slide; raises `DocumentError` if the file is damaged or no presentation."""
    receipt = receipt or Receipt()
    with ooxml.open_package(data) as package:
        main = ooxml.target(package, "", "officeDocument")
        show = ooxml.part(package, main)
        listed = None if show is None else show.find("{*}sldIdLst")
        if main is None or show is None or local_name(show) != "presentation":
            raise DocumentError("is not a presentation although its name says so; give it the name of its real type")
        targets = ooxml.targets(package, main)
        slides = [targets.get(relation_id(entry)) for entry in ([] if listed is None else listed)]
        pages = [
            _slide(package, slide.path, number, receipt) if slide else []
            for number, slide in enumerate(slides, start=1)
        ]
        stated = ooxml.stated(package)
    return Content(pages, title=stated.pop("title", ""), metadata=stated, paged=True)


def _slide(package: zipfile.ZipFile, path: str, number: int, receipt: Receipt) -> list[Block]:
    tree = ooxml.part(package, path)
    if tree is None or (tree.get("show") in ("0", "false") and receipt.hides_part(SLIDE, str(number))):
        return []
    paper = Paper(package, path, tree)
    slide = _Slide(package, ooxml.targets(package, path), ooxml.addresses(package, path), receipt, paper)
    receipt.count(COMMENT, _comments(slide))
    blocks = [block for shapes in tree.iterfind("{*}cSld/{*}spTree") for block in _shapes(shapes, slide)]
    blocks.sort(key=lambda block: block.level == 0)  # the title first, whatever was drawn before it
    found = next((target.path for target in slide.targets.values() if target.kind == "notesSlide"), None)
    notes = ooxml.part(package, found)
    if found is None or notes is None:
        return blocks
    page = slide._replace(targets={}, addresses=ooxml.addresses(package, found))
    return blocks + [block for shapes in notes.iterfind("{*}cSld/{*}spTree") for block in _notes(shapes, page)]


def _comments(slide: _Slide) -> int:
    """The number of comments on a slide."""
    parts = [ooxml.part(slide.package, target.path) for target in slide.targets.values() if target.kind == "comments"]
    return sum(1 for part in parts if part is not None for item in part.iter() if local_name(item) == "cm")


def _shapes(tree: Element, slide: _Slide) -> Iterator[Block]:
    for shape in tree:
        if _is_hidden(shape) and _hides(shape, slide.receipt):
            continue
        match local_name(shape):
            case "sp" if _role(shape) not in FURNITURE:
                text = _text(shape.find("{*}txBody"), slide, slide.paper.behind(shape))
                yield Block(text, level=int(_role(shape) in TITLES))
            case "pic":
                yield from _picture(shape, slide.receipt)
            case "graphicFrame":
                yield from _graphic(shape, slide)
            case "grpSp" | "AlternateContent" | "Choice":
                yield from _shapes(shape, slide)
            case _:
                pass


def _is_hidden(shape: Element) -> bool:
    return any(item.get("hidden") in ("1", "true") for item in shape.iterfind("*/{*}cNvPr"))


def _hides(shape: Element, receipt: Receipt) -> bool:
    """Notes the text of a shape that is hidden, and the images, charts and objects; True if it is to be left out."""
    receipt.hides(" ".join(_pieces(shape)))
    for part in _drawn(shape):
        if not any(_pieces(part)):
            receipt.hides_part(SHAPE)
    return not receipt.include_hidden


def _pieces(shape: Element) -> Iterator[str]:
    """The pieces of text in a shape."""
    return (piece.text or "" for piece in shape.iter() if local_name(piece) == "t")


def _drawn(shape: Element) -> Iterator[Element]:
    """Yields the picture, table, chart or object that a shape is, or those of a group."""
    if local_name(shape) in ("pic", "graphicFrame"):
        yield shape
    else:
        for inner in shape:
            yield from _drawn(inner)


def _picture(picture: Element, receipt: Receipt) -> Iterator[Block]:
    """The description of a picture, which is counted if it has none; icons and decoration are not."""
    if any(local_name(item) in MEDIA for item in picture.iterfind("{*}nvPicPr/{*}nvPr/*")):
        receipt.count(MEDIUM)
        return
    stated = picture.find("{*}nvPicPr/{*}cNvPr")
    size = picture.find("{*}spPr/{*}xfrm/{*}ext")
    sides = [] if size is None else [int(side) for side in size.attrib.values() if side.isdecimal()]
    if stated is None or min(sides, default=SMALLEST_IMAGE * EMU) < SMALLEST_IMAGE * EMU:
        return
    if any(local_name(item) == "decorative" and item.get("val") in ("1", "true") for item in stated.iter()):
        return
    text = described(stated.get("descr") or stated.get("title"))
    if text:
        yield Block(text)
    else:
        receipt.count(IMAGE)


def _role(shape: Element) -> str:
    """The place of the layout that the shape fills: title, body, dt, ...; "" for one that was drawn."""
    place = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return "" if place is None else place.get("type", "body")


def _notes(tree: Element, page: _Slide) -> Iterator[Block]:
    for shape in tree:
        if local_name(shape) == "sp" and _role(shape) == "body":
            text = _text(shape.find("{*}txBody"), page, lambda: None)
            yield from [Block(NOTES + text)] if text else []


def _text(body: Element | None, slide: _Slide, behind: Behind) -> str:
    """The text of a shape, a line for each paragraph; `behind` tells the colour of what it stands on."""
    if body is None:
        return ""
    counts: dict[int, tuple[str, int]] = {}  # level -> how it is numbered, and where it has arrived
    lines = []
    for paragraph in body.iterfind("{*}p"):
        text = joined_runs(_runs(paragraph, slide, behind))
        lines.append(_number(paragraph, body, counts) + text if text.strip() else "")
    return "\n".join(lines)


def _number(paragraph: Element, body: Element, counts: dict[int, tuple[str, int]]) -> str:
    """The number of a paragraph with the space after it; it begins anew after a paragraph of the level without one."""
    properties = paragraph.find("{*}pPr")
    stated = "0" if properties is None else properties.get("lvl", "0")
    level = int(stated) if stated.isdecimal() else 0
    kind = _numbering(properties)
    if kind is None and (
        properties is None or all(properties.find(f"{{*}}{tag}") is None for tag in ("buNone", "buChar"))
    ):
        kind = _numbering(body.find(f"{{*}}lstStyle/{{*}}lvl{level + 1}pPr"))
    for deeper in [key for key in counts if key > level or (key == level and kind is None)]:
        del counts[deeper]
    if kind is None:
        return ""
    scheme, start = kind.get("type", "arabicPeriod"), kind.get("startAt", "1")
    begun, last = counts.get(level, ("", 0))
    number = last + 1 if begun == scheme + start else int(start) if start.isdecimal() else 1
    counts[level] = (scheme + start, number)
    form = next((form for name, form in FORMS.items() if scheme.startswith(name)), "decimal")
    before, after = next((signs for name, signs in AROUND.items() if scheme.endswith(name)), ("", "."))
    return f"{before}{numeral(number, form)}{after} "


def _numbering(properties: Element | None) -> Element | None:
    return None if properties is None else properties.find("{*}buAutoNum")


def _runs(paragraph: Element, slide: _Slide, behind: Behind) -> Iterator[TextRun]:
    for child in paragraph:
        match local_name(child):
            case "r" | "fld":
                yield from _run(child, slide, behind)
            case "br":
                yield TextRun("\n")
            case "AlternateContent" | "Choice" | "m" | "oMathPara":
                yield from _runs(child, slide, behind)
            case "oMath":
                yield TextRun(formula(child))
            case _:
                pass


def _run(run: Element, slide: _Slide, behind: Behind) -> Iterator[TextRun]:
    properties = run.find("{*}rPr")
    text = "".join(piece.text or "" for piece in run.iterfind("{*}t"))
    if properties is None:
        yield TextRun(text)
        return
    if properties.get("strike", "noStrike") != "noStrike":
        slide.receipt.count_text(STRUCK, text)
        return
    if slide.paper.is_unseen(properties, behind) and slide.receipt.hides(text):
        return
    font = properties.find("{*}sym")
    if font is None:
        font = properties.find("{*}latin")
    baseline = properties.get("baseline", "0").rstrip("%")
    shift = LOWERED if baseline.startswith("-") else RAISED if baseline.strip("0.") else 0
    yield TextRun(in_font(text, None if font is None else font.get("typeface")), shift)
    link = properties.find("{*}hlinkClick")
    if link is not None:
        address = slide.addresses.get(relation_id(link))
        slide.receipt.leads("", text, address)
        yield TextRun(address_beside(text, address))


def _graphic(frame: Element, slide: _Slide) -> Iterator[Block]:
    for grid in frame.iterfind("{*}graphic/{*}graphicData/{*}tbl"):
        yield from table_blocks(_rows(grid, slide))
    for data in frame.iterfind("{*}graphic/{*}graphicData"):
        yield from charts.chart_blocks(slide.package, data, slide.targets, slide.receipt)
        slide.receipt.count(OBJECT, any(local_name(item) == "oleObj" for item in data.iter()))


def _rows(grid: Element, slide: _Slide) -> list[list[str]]:
    """The cells of each row: one that spans rows is repeated in each, one that spans columns stands in the first."""
    rows: list[list[str]] = []
    for row in grid.iterfind("{*}tr"):
        cells: list[str] = []
        for cell in row.iterfind("{*}tc"):
            above = rows[-1][len(cells)] if cell.get("vMerge") == "1" and rows and len(cells) < len(rows[-1]) else ""
            text = _text(cell.find("{*}txBody"), slide, slide.paper.behind_cell(cell))
            cells.append(COVERED if cell.get("hMerge") == "1" and not above and not text else above or text)
        rows.append(cells)
    return rows
