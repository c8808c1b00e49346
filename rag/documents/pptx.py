"""Presentations (.pptx) -> a page for each slide: its title as a heading, then texts, tables and charts as they lie.

In: the bytes of a file. Out: blocks by slide, in the order in which they are shown; hidden slides count, as they do in
PowerPoint's numbers. Shapes come in the file's own order, which is the one for screen readers, the title first; a chart
is the table of its values; the speaker's notes follow the slide. Numbers of lists stand in front of their items,
addresses of links behind their texts.
Left out: struck text, dates, footers and slide numbers of the layout, comments, pictures.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rag.documents import charts, ooxml
from rag.documents.blocks import Block, Content, table_blocks
from rag.documents.descriptions import described
from rag.documents.formulas import formula
from rag.documents.link_text import beside
from rag.documents.numerals import numeral
from rag.documents.ooxml import Element, Target, local_name, relation_id
from rag.documents.raised import LOWERED, RAISED, Run, joined
from rag.documents.symbols import in_font
from rag.errors import DocumentError

TITLES = frozenset({"title", "ctrTitle"})
FURNITURE = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})
NOTES = "Notes: "
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


def parse(data: bytes) -> Content:
    """The blocks of each slide; raises `DocumentError` if the file is damaged or no presentation."""
    with ooxml.opened(data) as package:
        main = ooxml.target(package, "", "officeDocument")
        show = ooxml.part(package, main)
        listed = None if show is None else show.find("{*}sldIdLst")
        if main is None or show is None or local_name(show) != "presentation":
            raise DocumentError("is not a presentation although its name says so; give it the name of its real type")
        targets = ooxml.targets(package, main)
        slides = [targets.get(relation_id(entry)) for entry in ([] if listed is None else listed)]
        pages = [_slide(package, slide.path) if slide else [] for slide in slides]
        stated = ooxml.stated(package)
    return Content(pages, title=stated.pop("title", ""), metadata=stated, paged=True)


def _slide(package: zipfile.ZipFile, path: str) -> list[Block]:
    tree = ooxml.part(package, path)
    if tree is None:
        return []
    slide = _Slide(package, ooxml.targets(package, path), ooxml.addresses(package, path))
    blocks = [block for shapes in tree.iterfind("{*}cSld/{*}spTree") for block in _shapes(shapes, slide)]
    blocks.sort(key=lambda block: block.level == 0)  # the title first, whatever was drawn before it
    found = next((target.path for target in slide.targets.values() if target.kind == "notesSlide"), None)
    notes = ooxml.part(package, found)
    if found is None or notes is None:
        return blocks
    page = _Slide(package, {}, ooxml.addresses(package, found))
    return blocks + [block for shapes in notes.iterfind("{*}cSld/{*}spTree") for block in _notes(shapes, page)]


def _shapes(tree: Element, slide: _Slide) -> Iterator[Block]:
    for shape in tree:
        match local_name(shape):
            case "sp" if _role(shape) not in FURNITURE:
                yield Block(_text(shape.find("{*}txBody"), slide), level=int(_role(shape) in TITLES))
            case "graphicFrame":
                yield from _graphic(shape, slide)
            case "pic":
                yield Block(described(ooxml.value(shape.find("{*}nvPicPr/{*}cNvPr"), "descr")))
            case "grpSp" | "AlternateContent" | "Choice":
                yield from _shapes(shape, slide)
            case _:
                pass


def _role(shape: Element) -> str:
    """The place of the layout that the shape fills: title, body, dt, ...; "" for one that was drawn."""
    place = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return "" if place is None else place.get("type", "body")


def _notes(tree: Element, page: _Slide) -> Iterator[Block]:
    for shape in tree:
        if local_name(shape) == "sp" and _role(shape) == "body" and (text := _text(shape.find("{*}txBody"), page)):
            yield Block(NOTES + text)


def _text(body: Element | None, slide: _Slide) -> str:
    """The text of a shape, a line for each paragraph."""
    if body is None:
        return ""
    counts: dict[int, tuple[str, int]] = {}  # level -> how it is numbered, and where it has arrived
    lines = []
    for paragraph in body.iterfind("{*}p"):
        text = joined(_runs(paragraph, slide))
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


def _runs(paragraph: Element, slide: _Slide) -> Iterator[Run]:
    for child in paragraph:
        match local_name(child):
            case "r" | "fld":
                yield from _run(child, slide)
            case "br":
                yield Run("\n")
            case "AlternateContent" | "Choice" | "m" | "oMathPara":
                yield from _runs(child, slide)
            case "oMath":
                yield Run(formula(child))
            case _:
                pass


def _run(run: Element, slide: _Slide) -> Iterator[Run]:
    properties = run.find("{*}rPr")
    text = "".join(piece.text or "" for piece in run.iterfind("{*}t"))
    if properties is None:
        yield Run(text)
        return
    if properties.get("strike", "noStrike") != "noStrike":
        return
    font = properties.find("{*}sym")
    if font is None:
        font = properties.find("{*}latin")
    baseline = properties.get("baseline", "0").rstrip("%")
    shift = LOWERED if baseline.startswith("-") else RAISED if baseline.strip("0.") else 0
    yield Run(in_font(text, None if font is None else font.get("typeface")), shift)
    link = properties.find("{*}hlinkClick")
    if link is not None:
        yield Run(beside(text, slide.addresses.get(relation_id(link))))


def _graphic(frame: Element, slide: _Slide) -> Iterator[Block]:
    for grid in frame.iterfind("{*}graphic/{*}graphicData/{*}tbl"):
        yield from table_blocks(_rows(grid, slide))
    for data in frame.iterfind("{*}graphic/{*}graphicData"):
        yield from charts.drawn(slide.package, data, slide.targets)


def _rows(grid: Element, slide: _Slide) -> list[list[str]]:
    """The cells of each row: one that spans rows is repeated in each, one that spans columns stands in the first."""
    rows: list[list[str]] = []
    for row in grid.iterfind("{*}tr"):
        cells: list[str] = []
        for cell in row.iterfind("{*}tc"):
            above = rows[-1][len(cells)] if cell.get("vMerge") == "1" and rows and len(cells) < len(rows[-1]) else ""
            cells.append(above or _text(cell.find("{*}txBody"), slide))
        rows.append(cells)
    return rows
