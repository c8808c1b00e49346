"""Lines of text of a PDF -> the levels of those that are headings.

In: for each page its texts, with the lines that they were made of, and the outline that the file carries.
Out: for each text its level, 0 if it is no heading. Pure.
The outline is believed if most of its entries are found on their pages; else what is larger than the body's text is
a heading. Bold text of the body's size is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rag.documents.pdf.lines import Line

LARGER = 1.2  # times the body's size: a heading
LARGER_AND_BOLD = 1.05
LONGEST_HEADING = 200  # characters
LEAST_LETTERS = 3  # fewer are a figure or an initial
LOWEST_LEVEL = 6
OPENING = "\"'“”„«‘([¿¡§"  # what a heading may begin with besides letters and digits
LETTERS = re.compile(r"[^\W\d_]")


class Heading(NamedTuple):
    """An entry of the outline that the file carries."""

    text: str
    level: int


class Text(NamedTuple):
    """A line of text and the lines of the page that it was made of."""

    text: str
    lines: Sequence[Line]


def levels(pages: Sequence[Sequence[Text]], outline: Sequence[Sequence[Heading]]) -> list[list[int]]:
    """The level of each text of each page; `outline` holds the entries of each page and may be empty."""
    return _by_outline(pages, outline) or _by_size(pages)


def _by_outline(pages: Sequence[Sequence[Text]], outline: Sequence[Sequence[Heading]]) -> list[list[int]] | None:
    """The levels by the outline; None if most of its entries are not found on their pages."""
    ranks = [[0] * len(page) for page in pages]
    entries = found = 0
    for page, headings in enumerate(outline):
        letters = [_letters(text) for text, _ in pages[page]]
        for heading in headings:
            entries += 1
            title = _letters(heading.text)
            for place, text in enumerate(letters):
                if title and text == title and not ranks[page][place]:
                    ranks[page][place] = heading.level
                    found += 1
                    break
    return ranks if found and 2 * found >= entries else None


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _by_size(pages: Sequence[Sequence[Text]]) -> list[list[int]]:
    """The levels by size: the largest headings are of the first."""
    lines = [line for page in pages for _, lines in page for line in lines]
    sizes = Counter[float]()
    for line in lines:
        sizes[_rounded(line.size)] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    headings = [[_rounded(text.lines[0].size) if _is_heading(text, body) else 0.0 for text in page] for page in pages]
    sizes_used = sorted({size for page in headings for size in page if size}, reverse=True)
    return [[min(sizes_used.index(size) + 1, LOWEST_LEVEL) if size else 0 for size in page] for page in headings]


def _rounded(size: float) -> float:
    return round(size * 2) / 2


def _is_heading(text: Text, body: float) -> bool:
    first = text.lines[0]
    if not first.upright or any(line.cells > 1 for line in text.lines):
        return False
    if first.size < (LARGER_AND_BOLD if first.bold else LARGER) * body:
        return False
    begins_well = text.text[0].isalnum() or text.text[0] in OPENING
    return begins_well and len(text.text) <= LONGEST_HEADING and len(LETTERS.findall(text.text)) >= LEAST_LETTERS
