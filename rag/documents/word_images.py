"""Images and embedded objects of a Word document -> descriptions of the images, and a count of what has none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.documents.blocks import Block
from rag.documents.descriptions import described
from rag.documents.ooxml import Element, local_name, value
from rag.documents.receipt import IMAGE, OBJECT, Receipt
from rag.documents.unseen import SMALLEST_IMAGE

EMU = 9525  # of Office's units to a pixel
POINT = 0.75  # of points to a pixel
VML_SIZE = re.compile(r"(?:width|height):\s*([\d.]+)pt")


def image_blocks(item: Element, receipt: Receipt) -> Iterator[Block]:
    """Yields the description of a `drawing` or `pict` if it is an image that has one."""
    match local_name(item):
        case "object":
            receipt.count(OBJECT)
        case "drawing" if any(local_name(part) == "pic" for part in item.iter()):
            yield from _drawing(item, receipt)
        case "pict" if any(local_name(part) == "imagedata" for part in item.iter()):
            shape = next(iter(item), item)
            sizes = [float(size) / POINT for size in VML_SIZE.findall(value(shape, "style") or "")]
            yield from _image(value(shape, "alt"), min(sizes, default=SMALLEST_IMAGE), receipt)


def _drawing(drawing: Element, receipt: Receipt) -> Iterator[Block]:
    stated = drawing.find("*/{*}docPr")
    size = drawing.find("*/{*}extent")
    if stated is None or value(stated, "hidden") in ("1", "true"):
        return
    if any(local_name(part) == "decorative" and value(part, "val") in ("1", "true") for part in stated.iter()):
        return
    sides = [
        int(side) / EMU for side in (value(size, "cx"), value(size, "cy")) if side is not None and side.isdecimal()
    ]
    yield from _image(value(stated, "descr") or value(stated, "title"), min(sides, default=SMALLEST_IMAGE), receipt)


def _image(stated: str | None, pixels: float, receipt: Receipt) -> Iterator[Block]:
    if pixels < SMALLEST_IMAGE:
        return
    text = described(stated)
    if text:
        yield Block(text)
    else:
        receipt.count(IMAGE)
