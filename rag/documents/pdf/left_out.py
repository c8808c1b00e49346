"""What was not read of a PDF -> notes, a line each, that say so and what to do.

In: the places of pages that were left out, and the text of the file. Out: notes; a judgement if the text is only a
placeholder for a form that a viewer would draw. Embedded files are noted by contained.py. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.documents.pdf.ocr import REMEDY

MOST_NAMED = 20  # ranges of pages
LONGEST_PLACEHOLDER = 1500  # characters
PLACEHOLDER = re.compile(
    r"(?:please wait|bitte warten|veuillez patienter|(?:por favor,? )?espere|attendere|aguarde|even geduld|vänta)\b"
    r".*(?:adobe|acrobat|pdf[ -]viewer|reader)",
    re.IGNORECASE | re.DOTALL,
)
PLACEHOLDER_REMEDY = (
    "holds a form in the format XFA, of which only a placeholder ('Please wait...') is text; "
    "open it in Adobe Reader and print it into a new PDF"
)


class LeftOut(NamedTuple):
    """Pages that were not read, by their places from 0 on."""

    damaged: Sequence[int] = ()
    images: Sequence[int] = ()
    nonsense: Sequence[int] = ()
    partly: Sequence[int] = ()


def left_out_notes(left_out: LeftOut, pages: int, ocr_installed: bool) -> list[str]:
    """The notes, of which there are none if all was read."""
    remedy = "OCR found no words there" if ocr_installed else REMEDY
    notes = []
    if left_out.images:
        notes.append(f"{_named(left_out.images, pages)} an image, whose text was not read; {remedy}")
    if left_out.nonsense:
        notes.append(
            f"{_named(left_out.nonsense, pages)} not read: the font does not say which characters it shows; {remedy}"
        )
    if left_out.partly:
        notes.append(
            f"{_named(left_out.partly, pages)} read in part: the font of other lines does not say which characters it "
            "shows; run OCR over it yourself"
        )
    if left_out.damaged:
        notes.append(f"{_named(left_out.damaged, pages)} damaged and not read; get a fresh copy")
    return notes


def is_placeholder(text: str, xfa: bool) -> bool:
    """Tells if the text only asks to wait, or is too short to be that of a form that a viewer draws (`xfa`)."""
    if len(text) > LONGEST_PLACEHOLDER:
        return False
    return xfa or PLACEHOLDER.match(text.strip()) is not None


def _named(places: Sequence[int], pages: int) -> str:
    """The pages as the start of a sentence: "page 3 of 9 is", "each of the pages 3, 5-7 of 9 is"."""
    ranges: list[list[int]] = []
    for place in places:
        if ranges and place == ranges[-1][1] + 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    names = [f"{first + 1}" if first == last else f"{first + 1}-{last + 1}" for first, last in ranges[:MOST_NAMED]]
    more = f" and {len(ranges) - MOST_NAMED} more ranges" if len(ranges) > MOST_NAMED else ""
    return f"{'page' if len(places) == 1 else 'each of the pages'} {', '.join(names)}{more} of {pages} is"
