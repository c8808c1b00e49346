"""A place in a document -> its pages and the place in the text of each (pure)."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from rag.types import Document


class PageText(NamedTuple):
    """A page on which a place is looked for: its text, as the document has it, and the span of the place in it."""

    page: int  # 1-based
    text: str
    span: tuple[int, int]
    languages: tuple[str, ...] = ()  # with which it was read by OCR; none if it was not


def page_texts(document: Document, start: int, end: int) -> list[PageText]:
    """The pages on which the characters `start..end` (start < end) of the document stand; none if it has no pages."""
    if not document.pages:
        return []
    first = max(0, bisect_right(document.pages, start) - 1)
    found = []
    for number in range(first, len(document.pages)):
        begin = document.pages[number]
        behind = document.pages[number + 1] if number + 1 < len(document.pages) else len(document.text)
        if begin >= end:
            break
        span = max(start, begin) - begin, min(end, behind) - begin
        if span[0] < span[1]:
            found.append(PageText(number + 1, document.text[begin:behind], span, _languages(document, number + 1)))
    return found


def _languages(document: Document, page: int) -> tuple[str, ...]:
    """The languages with which a page was read by OCR."""
    read = document.metadata.get("pages_recognised", "").split(", ")
    return tuple(document.ocr.split("+")) if document.ocr and str(page) in read else ()
