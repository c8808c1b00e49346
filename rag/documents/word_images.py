"""Images and embedded objects of a Word document -> descriptions of the images, and a count of what has none; shapes
that nobody sees.

`Fallback` repeats what stands beside it for programs of an earlier time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.documents.blocks import Block
from rag.documents.descriptions import described
from rag.documents.ooxml import Element, local_name, value
from rag.documents.receipt import IMAGE, OBJECT, SHAPE, Receipt
from rag.documents.unseen import SMALLEST_IMAGE

EMU = 9525  # of Office's units to a pixel
POINT = 0.75  # of points to a pixel
ANCHORED = frozenset({"drawing", "pict", "object"})
VML_HIDDEN = re.compile(r"visibility:\s*hidden", re.IGNORECASE)
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
    if stated is None:
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


def holds_shapes(run: Element) -> bool:
    """Tells if text boxes, images or objects are anchored in the run."""
    return any(local_name(part) in ANCHORED for part in run.iter())


def is_hidden_shape(item: Element) -> bool:
    """Tells if an element is a drawing, or a shape of one, that is switched to be hidden."""
    match local_name(item):
        case "drawing":
            stated = item.find("*/{*}docPr")
        case "wsp":
            stated = item.find("{*}cNvPr")
        case "pict":
            return any(VML_HIDDEN.search(value(shape, "style") or "") for shape in item)
        case _:
            return False
    return value(stated, "hidden") in ("1", "true")


def hides_shapes(element: Element, receipt: Receipt) -> bool:
    """Notes what is anchored in a hidden run, or a hidden shape: text by its length; True if it is to be left out."""
    for shape in _shapes(element):
        text = "".join(_texts(shape))
        if text.strip():
            receipt.hides(text)
        else:
            receipt.hides_part(SHAPE)
    return not receipt.include_hidden


def _shapes(element: Element) -> Iterator[Element]:
    """Yields the outermost shapes that the element is or holds."""
    if local_name(element) in ANCHORED or local_name(element) == "wsp":
        yield element
    elif local_name(element) != "Fallback":
        for child in element:
            yield from _shapes(child)


def _texts(element: Element) -> Iterator[str]:
    if local_name(element) == "t":
        yield element.text or ""
    elif local_name(element) != "Fallback":
        for child in element:
            yield from _texts(child)
