"""References to cells of a workbook ("B2:C5") -> rows and columns, from 0."""

from __future__ import annotations

import re

from rag.documents.grid import Span

CELL_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")


def column_number(letters: str) -> int:
    """A -> 0, Z -> 25, AA -> 26."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def span_of(reference: str) -> Span | None:
    """B2:C5 -> the rows and columns; None if it is no reference."""
    places = [CELL_REFERENCE.fullmatch(part) for part in reference.split(":")]
    if not places or len(places) > 2:
        return None
    first, last = places[0], places[-1]
    if first is None or last is None:
        return None
    return Span(int(first[2]) - 1, column_number(first[1]), int(last[2]) - 1, column_number(last[1]))
