"""What a sheet of a workbook has besides its cells: comments, drawings, tables with styles of their own.

In: the package and the path of a sheet. Out: counts of what is not read, and the ranges whose cells may be coloured by
something else than their own style.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence

from rag.documents import ooxml
from rag.documents.descriptions import described
from rag.documents.grid import Span
from rag.documents.ooxml import Element, local_name
from rag.documents.receipt import BOX, COMMENT, IMAGE, OBJECT, Receipt
from rag.documents.unseen import SMALLEST_IMAGE
from rag.documents.xlsx_places import span_of

MOST_RANGES = 5000
EMU = 9525  # of Office's units to a pixel


def count_besides(package: zipfile.ZipFile, path: str, receipt: Receipt) -> None:
    """Counts comments, text boxes, images without a description and embedded objects of a sheet."""
    targets = ooxml.targets(package, path).values()
    for target in targets:
        match target.kind:
            case "comments" if target.path.endswith(".bin"):  # of an xlsb, where their number is not told
                receipt.line("comments of a sheet")
            case "comments":
                part = ooxml.part(package, target.path)
                receipt.count(COMMENT, 0 if part is None else len(part.findall("{*}commentList/{*}comment")))
            case "drawing":
                part = ooxml.part(package, target.path)
                for item in () if part is None else part.iter():
                    _count_drawn(item, receipt)
            case "oleObject" | "package":
                receipt.count(OBJECT)


def _count_drawn(item: Element, receipt: Receipt) -> None:
    if local_name(item) == "sp":
        text = "".join(piece.text or "" for piece in item.iter() if local_name(piece) == "t")
        receipt.count(BOX, bool(text.strip()))
    elif local_name(item) == "pic":
        stated, size = item.find("{*}nvPicPr/{*}cNvPr"), item.find("{*}spPr/{*}xfrm/{*}ext")
        sides = [] if size is None else [int(side) for side in size.attrib.values() if side.isdecimal()]
        large = min(sides, default=0) >= SMALLEST_IMAGE * EMU or not any(sides)
        receipt.count(IMAGE, large and not described(None if stated is None else stated.get("descr")))


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
