"""Words on a page of a PDF -> those that a person sees.

In: a page and its text, which PDFium has loaded. Out: a judgement on each word: text without ink, in the colour of the
paper, or smaller than two points is not seen. Text without ink upon the image of a page is what OCR read there, and is
kept. For text in the colour of the paper the page is drawn, to see what lies behind it: that is rare, and PDFium calls
patterns white too.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from rag.documents.unseen import ALIKE, SMALLEST

NO_INK = 3  # the way of drawing text that draws nothing
INKED = (0, 4)  # the ways that fill the letters and draw no outline
MOST_OBJECTS = 5000  # of a page that are looked at
LEAST_IMAGE = 0.1  # share of the page: text without ink upon a smaller image is not what OCR read there
MOST_OF_PAGE = 0.5  # an image that covers as much may also be a background, if there is more text with ink than without
SMALL_PAGE = 300.0  # points: on a page with a shorter side, what is too small is smaller too
WHITEST = 255 - ALIKE
DRAWN = 1000  # dots along the longer side of a page that is drawn
COLOURED = 0.08  # share of a word's dots that are not white if it can be seen ...
ALL_COLOURED = 0.5  # ... and if other words lie there too


class Sight(Enum):
    """The way in which a text is drawn."""

    SEEN = "seen"
    NO_INK = "no ink"
    BLANK = "blank"  # in the colour of paper
    TINY = "tiny"


class _Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def meets(self, other: _Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.top - self.bottom)


class Judged(NamedTuple):
    """A word by the places of its characters in PDFium's list; `signs`: it holds no letter and no figure."""

    places: Sequence[int]
    signs: bool = False


def unseen_words(page: Any, text: Any, words: Sequence[Judged]) -> set[int]:
    """The numbers of those words that nobody sees; none if they are signs only, such as a box that is also drawn."""
    judge = _Judge(page, text)
    sights = [judge.sight(word.places) for word in words]
    doubtful = [number for number, sight in enumerate(sights) if sight is not Sight.SEEN]
    if all(words[number].signs for number in doubtful):
        return set()
    seen = [word for word, sight in zip(words, sights, strict=True) if sight is Sight.SEEN]
    others = [judge.extent(word.places) for word in seen]
    mostly_inked = 2 * sum(len(word.places) for word in seen) > sum(len(word.places) for word in words)
    return {
        number
        for number in doubtful
        if sights[number] is Sight.TINY
        or (sights[number] is Sight.NO_INK and not judge.is_recognised(words[number].places[0], mostly_inked))
        or (sights[number] is Sight.BLANK and not judge.is_backed(words[number].places, others))
    }


class _Judge:
    """Looks at the words of one page; there may be some thousand, each an object of its own."""

    def __init__(self, page: Any, text: Any) -> None:
        from pypdfium2 import raw

        self._raw = raw
        self._page = page
        self._text = text
        self._matrix = raw.FS_MATRIX()
        self._parts = [ctypes.c_uint() for _ in range(4)]  # of a colour
        self._smallest = SMALLEST * min(1.0, min(page.get_size()) / SMALL_PAGE)

    def sight(self, places: Sequence[int]) -> Sight:
        """The way in which a word is drawn."""
        item = self._raw.FPDFText_GetTextObject(self._text, places[0])
        if not item:  # PDFium put it in
            return Sight.SEEN
        mode = self._raw.FPDFTextObj_GetTextRenderMode(item)
        white, opacity = self._ink(item)
        if mode == NO_INK or (mode in INKED and not opacity):
            return Sight.NO_INK
        if self._size(places[0]) < self._smallest and max(map(self._height, places)) < self._smallest:
            return Sight.TINY
        return Sight.BLANK if white and mode in INKED else Sight.SEEN

    def is_recognised(self, place: int, mostly_inked: bool) -> bool:
        """Tells if a character without ink lies on an image that is one of a page or of a part of it."""
        found = self._character(place)
        x, y = (found.left + found.right) / 2, (found.bottom + found.top) / 2
        largest = max((image.area for image in self._images if image.holds(x, y)), default=0.0)
        of_page = largest >= MOST_OF_PAGE * self._area
        return largest >= max(1.0, LEAST_IMAGE * self._area) and not (of_page and mostly_inked)

    def is_backed(self, places: Sequence[int], others: Sequence[_Box]) -> bool:
        """Tells if a word in the colour of paper stands on another one; `others` are the places of other words."""
        box = self.extent(places)
        crossed = any(box.meets(other) for other in others)
        return self._coloured(box) >= (ALL_COLOURED if crossed else COLOURED)

    def extent(self, places: Sequence[int]) -> _Box:
        """The place of a word, by its first and its last character."""
        first, last = self._character(places[0]), self._character(places[-1])
        return _Box(
            min(first.left, last.left),
            min(first.bottom, last.bottom),
            max(first.right, last.right),
            max(first.top, last.top),
        )

    def _size(self, place: int) -> float:
        """The size that the file states for a character; not what is drawn, if its font has measures of its own."""
        self._raw.FPDFText_GetMatrix(self._text, place, self._matrix)
        scale = math.hypot(self._matrix.c, self._matrix.d)
        return float(self._raw.FPDFText_GetFontSize(self._text, place) * scale)

    def _height(self, place: int) -> float:
        """The longer side of a character as it is drawn."""
        box = self._character(place)
        return max(box.right - box.left, box.top - box.bottom)

    def _character(self, place: int) -> _Box:
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        self._raw.FPDFText_GetCharBox(self._text, place, left, right, bottom, top)
        return _Box(left.value, bottom.value, right.value, top.value)

    def _ink(self, item: Any) -> tuple[bool, int]:
        """Tells if the colour that fills a text is white, as far as PDFium knows, and its opacity, 0 to 255."""
        red, green, blue, opacity = self._parts
        if not self._raw.FPDFPageObj_GetFillColor(item, red, green, blue, opacity):
            return False, 255
        return red.value >= WHITEST and green.value >= WHITEST and blue.value >= WHITEST, opacity.value

    def _coloured(self, box: _Box) -> float:
        """The share of the dots in a box that are not white, when the page is drawn."""
        dots, scale = self._dots
        left, _, _, top = self._page.get_cropbox()
        begin, end = max(0, int((box.left - left) * scale)), min(dots.width, int((box.right - left) * scale) + 1)
        rows = range(max(0, int((top - box.top) * scale)), min(dots.height, int((top - box.bottom) * scale) + 1))
        found = [dot for row in rows for dot in dots.buffer[row * dots.stride + begin : row * dots.stride + end]]
        return float(sum(dot < WHITEST for dot in found) / max(1, len(found)))

    @cached_property
    def _dots(self) -> tuple[Any, float]:
        """The page, drawn in shades of grey without turning it, and the number of dots to a point."""
        turned = self._page.get_rotation()
        self._page.set_rotation(0)
        scale = DRAWN / max(self._page.get_size())
        drawn = self._page.render(scale=scale, grayscale=True, may_draw_forms=False)
        self._page.set_rotation(turned)
        return drawn, scale

    @cached_property
    def _area(self) -> float:
        return _Box(*self._page.get_cropbox()).area

    @cached_property
    def _images(self) -> list[_Box]:
        """The places of the images on the page."""
        image, form = self._raw.FPDF_PAGEOBJ_IMAGE, self._raw.FPDF_PAGEOBJ_FORM
        found = []
        for item in islice(self._page.get_objects(max_depth=1), MOST_OBJECTS):
            if item.type == form:  # what it holds is placed in its own measures
                holds = next(self._page.get_objects([image], max_depth=3, form=item.raw), None) is not None
            else:
                holds = item.type == image
            found += [_Box(*item.get_bounds())] if holds else []
        return found
