"""A page of a PDF -> its characters and where each is drawn on the page as it is shown.

In: a page that PDFium has loaded, or the words that OCR found on it. Out: `Glyph`s, line by line, in points from the
top left of the page as it is shown, turned and cut as the file says. White space is left out. It does not know the text
of the document (alignment.py).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from rag.documents.blocks import visible
from rag.documents.pdf.annotations import page_annotations
from rag.documents.pdf.characters import HYPHEN_AT_BREAK, SYMBOLS, PageCharacters
from rag.documents.pdf.ocr import Recognised
from rag.errors import DocumentError

MOST = 200_000  # characters of a page; a page of a newspaper has some 30,000
_FINE = 1 << 20  # steps along each side of a page, in which PDFium tells places


class Glyph(NamedTuple):
    """A character of a page, and the rectangle in which it is drawn; `line` and `word` count from 0 on the page."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    line: int
    word: int


def page_glyphs(page: Any, form: Any) -> list[Glyph]:
    """The characters of a page, and those of the values in its form. Raises `DocumentError` if it has too many."""
    with closing(page.get_textpage()) as text:
        count = text.count_chars()
        if count > MOST:
            raise DocumentError(
                f"has a page of {count:,} characters, of which no places are looked for: {MOST:,} is the limit"
            )
        found = list(_of_text(page, text.raw))
    fields = page_annotations(page, form).fields
    return [*found, *_of_fields(page, fields, found[-1] if found else None)]


def recognised_glyphs(words: Iterable[Recognised], others: Sequence[Glyph], width: float, height: float) -> list[Glyph]:
    """The characters of words that OCR found on a page of that size in points, each a share of its word; then those
    that are text of the page."""
    lines: dict[tuple[str, ...], int] = {}
    found: list[Glyph] = []
    for number, word in enumerate(words):
        line = lines.setdefault(word.line, len(lines))
        left, top, right, bottom = word.left * width, word.top * height, word.right * width, word.bottom * height
        found += _spread(word.text, (left, top, right, bottom), line, number)
    line, number = (found[-1].line + 1, found[-1].word + 1) if found else (0, 0)
    return [*found, *(glyph._replace(line=glyph.line + line, word=glyph.word + number) for glyph in others)]


def _of_text(page: Any, text: Any) -> Iterator[Glyph]:
    characters = PageCharacters(text)
    place = _Placing(page)
    line = word = 0
    for number, character in enumerate(characters.text().translate(SYMBOLS)):
        at_break = character == HYPHEN_AT_BREAK and characters.is_hyphen(number)
        shown = "-" if at_break else visible(character)
        if shown.strip():
            yield Glyph(shown, *place.rectangle(*characters.box(number)), line, word)
        elif shown:
            word += 1
        if at_break or shown == "\n":
            line, word = line + 1, word + 1


def _of_fields(page: Any, fields: Iterable[Any], last: Glyph | None) -> Iterator[Glyph]:
    place = _Placing(page)
    line, word = (last.line, last.word) if last else (0, 0)
    for field in fields:
        rectangle = place.rectangle(field.left, field.bottom, field.right, field.top)
        for part in f"{field.text} {field.meaning}".splitlines():
            line, word = line + 1, word + 1
            yield from _spread("".join(visible(part).split()), rectangle, line, word)


def _spread(text: str, rectangle: tuple[float, float, float, float], line: int, word: int) -> Iterator[Glyph]:
    """The characters of a text that fills a rectangle, each as wide as the others."""
    left, top, right, bottom = rectangle
    each = (right - left) / max(1, len(text))
    for place, character in enumerate(text):
        yield Glyph(character, left + place * each, top, left + (place + 1) * each, bottom, line, word)


class _Placing:
    """Places of the file -> places on the page as it is shown, by the same rule as PDFium draws it."""

    def __init__(self, page: Any) -> None:
        from pypdfium2 import raw

        self._width, self._height = page.get_size()
        self._raw, self._page = raw, page
        origin, right, up = self._device(0, 0), self._device(1000, 0), self._device(0, 1000)
        self._origin = origin
        self._x = ((right[0] - origin[0]) / 1000, (right[1] - origin[1]) / 1000)
        self._y = ((up[0] - origin[0]) / 1000, (up[1] - origin[1]) / 1000)

    def rectangle(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, in points."""
        first, second = self._shown(left, bottom), self._shown(right, top)
        return (
            min(first[0], second[0]),
            min(first[1], second[1]),
            max(first[0], second[0]),
            max(first[1], second[1]),
        )

    def _shown(self, x: float, y: float) -> tuple[float, float]:
        across = self._origin[0] + x * self._x[0] + y * self._y[0]
        down = self._origin[1] + x * self._x[1] + y * self._y[1]
        return across * self._width, down * self._height

    def _device(self, x: float, y: float) -> tuple[float, float]:
        """The place as shares of the page as it is shown."""
        across, down = ctypes.c_int(), ctypes.c_int()
        self._raw.FPDF_PageToDevice(self._page, 0, 0, _FINE, _FINE, 0, x, y, across, down)
        return across.value / _FINE, down.value / _FINE
