"""Parts of a workbook's sheet besides its cells: comments, drawings, tables with styles of their own.

In: the package and the path of a sheet. Out: the texts of its drawings, counts of what is not read, and the ranges
whose cells may be coloured by something else than their own style.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rag.documents import charts, ooxml
from rag.documents.descriptions import described
from rag.documents.grid import Span
from rag.documents.ooxml import Element, Target, local_name
from rag.documents.receipt import COMMENT, IMAGE, OBJECT, SHAPE, Receipt
from rag.documents.unseen import SMALLEST_IMAGE
from rag.documents.xlsx_places import span_of

MOST_RANGES = 5000
EMU = 9525  # of Office's units to a pixel


def texts_besides(package: zipfile.ZipFile, path: str, receipt: Receipt) -> Iterator[str]:
    """Yields the texts of a sheet's boxes and diagrams, titles of charts and descriptions of images; counts comments,
    images without a description and embedded objects."""
    for target in ooxml.targets(package, path).values():
        match target.kind:
            case "comments" if target.path.endswith(".bin"):  # of an xlsb, where their number is not told
                receipt.line("comments of a sheet")
            case "comments":
                part = ooxml.part(package, target.path)
                receipt.count(COMMENT, 0 if part is None else len(part.findall("{*}commentList/{*}comment")))
            case "drawing":
                part = ooxml.part(package, target.path)
                if part is not None:
                    page = _Drawing(package, ooxml.targets(package, target.path), receipt)
                    yield from (text for text in _drawn(part, page) if text.strip())
            case "oleObject" | "package":
                receipt.count(OBJECT)


class _Drawing(NamedTuple):
    """A drawing's file, and the parts that it refers to."""

    package: zipfile.ZipFile
    targets: Mapping[str, Target]
    receipt: Receipt


def _drawn(element: Element, page: _Drawing) -> Iterator[str]:
    match local_name(element):
        case "sp":
            yield from _box(element, page.receipt)
        case "pic":
            yield from _picture(element, page.receipt)
        case "graphicFrame":
            for data in element.iterfind("{*}graphic/{*}graphicData"):
                yield from _graphic(data, page)
        case "Fallback":  # what stands beside it, for older programs
            pass
        case _:
            for child in element:
                yield from _drawn(child, page)


def _box(shape: Element, receipt: Receipt) -> Iterator[str]:
    lines = shape.iterfind("{*}txBody/{*}p")
    text = "\n".join("".join(part.text or "" for part in line.iter() if local_name(part) == "t") for line in lines)
    if not (_is_hidden(shape, "nvSpPr") and receipt.hides(text)):
        yield text


def _picture(picture: Element, receipt: Receipt) -> Iterator[str]:
    """The description of a picture, which is counted if it has none; small ones are icons."""
    if _is_hidden(picture, "nvPicPr") and receipt.hides_part(SHAPE):
        return
    stated, size = picture.find("{*}nvPicPr/{*}cNvPr"), picture.find("{*}spPr/{*}xfrm/{*}ext")
    sides = [] if size is None else [int(side) for side in size.attrib.values() if side.isdecimal()]
    if any(sides) and min(sides) < SMALLEST_IMAGE * EMU:
        return
    text = described(None if stated is None else stated.get("descr"))
    receipt.count(IMAGE, not text)
    yield text


def _is_hidden(shape: Element, properties: str) -> bool:
    stated = shape.find(f"{{*}}{properties}/{{*}}cNvPr")
    return stated is not None and stated.get("hidden") in ("1", "true")


def _graphic(data: Element, page: _Drawing) -> Iterator[str]:
    """The texts of a diagram; of a chart only its title, since its values are those of cells."""
    for element in data:
        if local_name(element) == "chart":
            target = page.targets.get(ooxml.relation_id(element))
            part = ooxml.part(page.package, target.path) if target else None
            yield "" if part is None else charts.title_of(part)
    diagrams = [element for element in data if local_name(element) == "relIds"]
    yield from (block.text for block in charts.chart_blocks(page.package, diagrams, page.targets, page.receipt))


def tables(package: zipfile.ZipFile, path: str) -> list[Element]:
    """The tables of a sheet, which have styles and filters of their own."""
    found = (
        ooxml.part(package, target.path) for target in ooxml.targets(package, path).values() if target.kind == "table"
    )
    return [part for part in found if part is not None]


def styled_ranges(references: Sequence[str], found: Sequence[Element]) -> list[Span]:
    """The ranges of conditional formats, by their references, and of tables."""
    every = [*references, *(part.get("ref", "") for part in found)]
    return [span for reference in every for span in _spans(reference)]


def is_covered(row: int, column: int, spans: Sequence[Span]) -> bool:
    """Tells if a cell lies in one of the ranges, as far as they are not too many to look at."""
    return len(spans) > MOST_RANGES or any(
        span.top <= row <= span.bottom and span.left <= column <= span.right for span in spans
    )


def _spans(reference: str) -> Iterator[Span]:
    for part in reference.split():
        span = span_of(part)
        if span is not None:
            yield span
