"""A page of a PDF -> whether it is an image: a scan, or letters drawn as shapes.

In: a page that PDFium has loaded and the number of its characters. Out: a judgement. It reads nothing in the image.
"""

from __future__ import annotations

from typing import Any

FEW_CHARACTERS = 300  # a stamp, a page number, a letterhead upon a scan; scans that were read carry their whole text
MOST_OF_PAGE = 0.5  # share of the page that images cover
MOST_OBJECTS = 2000  # of a page that are looked at


def is_image(page: Any, characters: int) -> bool:
    """Tells if most of a page with few characters is images, or if anything is drawn on one without characters."""
    if characters == 0:
        return next(page.get_objects(max_depth=2), None) is not None
    return characters < FEW_CHARACTERS and _covered(page) >= MOST_OF_PAGE


def _covered(page: Any) -> float:
    """The share of the page that its images cover, as a sum: strips of a scan count together."""
    from pypdfium2 import raw

    left, bottom, right, top = page.get_cropbox()
    area = 0.0
    for count, item in enumerate(page.get_objects(max_depth=1)):
        if count >= MOST_OBJECTS:
            break
        if item.type == raw.FPDF_PAGEOBJ_FORM:  # what it holds is placed in its own measures
            inner = page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=3, form=item.raw)
            if next(inner, None) is None:
                continue
        elif item.type != raw.FPDF_PAGEOBJ_IMAGE:
            continue
        bounds = item.get_bounds()
        width = min(bounds[2], right) - max(bounds[0], left)
        height = min(bounds[3], top) - max(bounds[1], bottom)
        area += max(0.0, width) * max(0.0, height)
    whole = (right - left) * (top - bottom)
    return area / whole if whole > 0 else 0.0
