"""Parts of a PDF that were not read -> notes, a line each, that say so and what to do.

In: the places of pages that were left out, and the text of the file. Out: notes; a judgement if the text is only a
placeholder for a form that a viewer would draw. Embedded files are noted by contained.py. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.documents.pdf.ocr import OCR_REMEDY

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


class UnreadPages(NamedTuple):
    """Pages that were not read, by their places from 0 on."""

    damaged: Sequence[int] = ()
    images: Sequence[int] = ()
    nonsense: Sequence[int] = ()
    partly: Sequence[int] = ()


def left_out_notes(left_out: UnreadPages, pages: int, ocr_installed: bool) -> list[str]:
    """The notes, of which there are none if all was read."""
    remedy = "OCR found no words there" if ocr_installed else OCR_REMEDY
    notes = []
    if left_out.images:
        are = "1 page is an image" if len(left_out.images) == 1 else f"{len(left_out.images)} pages are images"
        notes.append(f"{are} without text ({_places(left_out.images, pages)}); {remedy}")
    if left_out.nonsense:
        were = "1 page was" if len(left_out.nonsense) == 1 else f"{len(left_out.nonsense)} pages were"
        why = "the font does not say which characters it shows"
        notes.append(f"{were} not read ({_places(left_out.nonsense, pages)}): {why}; {remedy}")
    if left_out.partly:
        were = "1 page was" if len(left_out.partly) == 1 else f"{len(left_out.partly)} pages were"
        why = "the font of other lines does not say which characters it shows"
        notes.append(f"{were} read in part ({_places(left_out.partly, pages)}): {why}; run OCR over it yourself")
    if left_out.damaged:
        are = "1 page is" if len(left_out.damaged) == 1 else f"{len(left_out.damaged)} pages are"
        notes.append(f"{are} damaged ({_places(left_out.damaged, pages)}); get a fresh copy")
    return notes


def is_placeholder(text: str, xfa: bool) -> bool:
    """Tells if the text only asks to wait, or is too short to be that of a form that a viewer draws (`xfa`)."""
    if len(text) > LONGEST_PLACEHOLDER:
        return False
    return xfa or PLACEHOLDER.match(text.strip()) is not None


def _places(places: Sequence[int], pages: int) -> str:
    """The pages by their numbers: "3, 5-7 of 9"."""
    ranges: list[list[int]] = []
    for place in places:
        if ranges and place == ranges[-1][1] + 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    names = [f"{first + 1}" if first == last else f"{first + 1}-{last + 1}" for first, last in ranges[:MOST_NAMED]]
    more = f" and {len(ranges) - MOST_NAMED} more ranges" if len(ranges) > MOST_NAMED else ""
    return f"{', '.join(names)}{more} of {pages}"
