"""Presentations (.pptx) -> a page for each slide: its title as a heading, then texts, tables and charts as they lie.

In: the bytes of a file. Out: blocks by slide, in the order in which they are shown; hidden slides count, as they do in
PowerPoint's numbers. Shapes come in the file's own order, which is the one for screen readers, the title
first; a chart is the table of its values; the speaker's notes follow the slide.
Left out: dates, footers and slide numbers of the layout, comments, pictures.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping

from rag.documents import ooxml
from rag.documents.blocks import Block, Content, table_block, table_blocks
from rag.documents.ooxml import Element, Target, local_name, value
from rag.errors import DocumentError

TITLES = frozenset({"title", "ctrTitle"})
FURNITURE = frozenset({"dt", "ftr", "hdr", "sldNum", "sldImg"})
NOTES = "Notes: "


def parse(data: bytes) -> Content:
    """The blocks of each slide; raises `DocumentError` if the file is damaged or no presentation."""
    with ooxml.opened(data) as package:
        main = ooxml.target(package, "", "officeDocument")
        show = ooxml.part(package, main)
        listed = None if show is None else show.find("{*}sldIdLst")
        if main is None or show is None or local_name(show) != "presentation":
            raise DocumentError("is not a presentation although its name says so; give it the name of its real type")
        targets = ooxml.targets(package, main)
        slides = [targets.get(_relation(entry, "id") or "") for entry in ([] if listed is None else listed)]
        pages = [_slide(package, slide.path) if slide else [] for slide in slides]
        stated = ooxml.stated(package)
    return Content(pages, title=stated.pop("title", ""), metadata=stated, paged=True)


def _slide(package: zipfile.ZipFile, path: str) -> list[Block]:
    slide = ooxml.part(package, path)
    if slide is None:
        return []
    targets = ooxml.targets(package, path)
    blocks = [block for tree in slide.iterfind("{*}cSld/{*}spTree") for block in _shapes(package, tree, targets)]
    blocks.sort(key=lambda block: block.level == 0)  # the title first, whatever was drawn before it
    notes = ooxml.part(package, next((target.path for target in targets.values() if target.kind == "notesSlide"), None))
    said = [] if notes is None else [block for tree in notes.iterfind("{*}cSld/{*}spTree") for block in _notes(tree)]
    return blocks + said


def _shapes(package: zipfile.ZipFile, tree: Element, targets: Mapping[str, Target]) -> Iterator[Block]:
    for shape in tree:
        match local_name(shape):
            case "sp" if _role(shape) not in FURNITURE:
                yield Block(_text(shape.find("{*}txBody")), level=int(_role(shape) in TITLES))
            case "graphicFrame":
                yield from _graphic(package, shape, targets)
            case "grpSp" | "AlternateContent" | "Choice":
                yield from _shapes(package, shape, targets)
            case _:
                pass


def _role(shape: Element) -> str:
    """The place of the layout that the shape fills: title, body, dt, ...; "" for one that was drawn."""
    place = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return "" if place is None else place.get("type", "body")


def _notes(tree: Element) -> Iterator[Block]:
    for shape in tree:
        if local_name(shape) == "sp" and _role(shape) == "body" and (text := _text(shape.find("{*}txBody"))):
            yield Block(NOTES + text)


def _text(body: Element | None) -> str:
    """The text of a shape, a line for each paragraph."""
    return "\n".join("".join(_pieces(paragraph)) for paragraph in ([] if body is None else body.iterfind("{*}p")))


def _pieces(paragraph: Element) -> Iterator[str]:
    for child in paragraph:
        if local_name(child) in ("r", "fld"):
            yield from (piece.text or "" for piece in child.iterfind("{*}t"))
        elif local_name(child) == "br":
            yield "\n"
        elif local_name(child) in ("AlternateContent", "Choice", "m"):  # formulas
            yield from (piece.text or "" for piece in child.iter() if local_name(piece) == "t")


def _graphic(package: zipfile.ZipFile, frame: Element, targets: Mapping[str, Target]) -> Iterator[Block]:
    for grid in frame.iterfind("{*}graphic/{*}graphicData/{*}tbl"):
        yield from table_blocks(_rows(grid))
    for drawn in frame.iterfind("{*}graphic/{*}graphicData/*"):
        target = targets.get(_relation(drawn, "dm" if local_name(drawn) == "relIds" else "id") or "")
        part = ooxml.part(package, target.path) if target else None
        if part is not None and local_name(drawn) == "chart":
            yield from chart(part)
        elif part is not None:  # a diagram: the texts of its points
            yield Block("\n".join(_text(point) for point in part.iterfind("{*}ptLst/{*}pt/{*}t")))


def _rows(grid: Element) -> list[list[str]]:
    """The cells of each row: one that spans rows is repeated in each, one that spans columns stands in the first."""
    rows: list[list[str]] = []
    for row in grid.iterfind("{*}tr"):
        cells: list[str] = []
        for cell in row.iterfind("{*}tc"):
            above = rows[-1][len(cells)] if cell.get("vMerge") == "1" and rows and len(cells) < len(rows[-1]) else ""
            cells.append(above or _text(cell.find("{*}txBody")))
        rows.append(cells)
    return rows


def chart(part: Element) -> Iterator[Block]:
    """The chart's title and its values: a row for each category, a column for each series."""
    title = part.find("{*}chart/{*}title")
    if title is not None:
        yield Block("".join(piece.text or "" for piece in title.iter() if local_name(piece) == "t"))
    columns: list[list[str]] = []
    for series in part.iter():
        if local_name(series) != "ser":
            continue
        names = _points(series, "tx")
        labels = _points(series, "cat") or _points(series, "xVal")
        values = _points(series, "val") or _points(series, "yVal")
        if labels and (not columns or columns[-1][1:] != labels):
            columns = columns or [["", *labels]]
        columns.append([" ".join(names), *values])
    height = max(map(len, columns), default=0)
    yield Block(table_block(zip(*(column + [""] * (height - len(column)) for column in columns), strict=True)))


def _points(series: Element, kind: str) -> list[str]:
    """The values that the file keeps of what it computed, in order."""
    cache = next((found for found in series.iterfind(f"{{*}}{kind}/*/*") if local_name(found).endswith("Cache")), None)
    if cache is None:
        plain = series.find(f"{{*}}{kind}/{{*}}v")
        return [plain.text or ""] if plain is not None else []
    return [(point.findtext("{*}v") or "").strip() for point in cache.iter() if local_name(point) == "pt"]


def _relation(element: Element, attribute: str) -> str | None:
    """The id of a relation; a plain attribute may have the same name."""
    ids = (text for key, text in element.attrib.items() if key.endswith(f"/relationships}}{attribute}"))
    return next(ids, None) or value(element, attribute)
