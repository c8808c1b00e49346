"""Words on a page of a PDF -> those that a person sees.

In: a page and its text, which PDFium has loaded. Out: a judgement on each word: text without ink, in the colour of the
paper, or smaller than two points is not seen. Text without ink upon the image of a page is what OCR read there, and is
kept. Text in the colour of the paper counts as seen where something coloured may lie behind it; where nothing seems to,
the page is drawn, since PDFium calls patterns white too.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from rag.documents.unseen import ALIKE, SMALLEST, WHITE, Colour, look_alike

NO_INK = 3  # the way of drawing text that draws nothing
INKED = (0, 4)  # the ways that fill the letters and draw no outline
MOST_OBJECTS = 5000  # of a page that are looked at
LEAST_IMAGE = 0.1  # share of the page: text without ink upon a smaller image is not what OCR read there
MOST_OF_PAGE = 0.5  # an image that covers as much may also be a background, if there is more text with ink than without
SMALL_PAGE = 300.0  # points: on a page with a shorter side, what is too small is smaller too
THICK = 4.0  # points: a line as thick may be a bar behind text
DRAWN = 1000  # dots along the longer side of a page that is drawn
COLOURED = 0.08  # share of a word's dots that are not white if it can be seen ...
ALL_COLOURED = 0.4  # ... and if other words lie there too


class Sight(Enum):
    """How a text is drawn."""

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

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.top - self.bottom)


def unseen_words(page: Any, text: Any, words: Sequence[Sequence[int]]) -> set[int]:
    """The numbers of those words that nobody sees; a word is the places of its characters in PDFium's list."""
    judge = _Judge(page, text)
    sights = [judge.sight(word) for word in words]
    if all(sight is Sight.SEEN for sight in sights):
        return set()
    seen = [judge.centre(word[0]) for word, sight in zip(words, sights, strict=True) if sight is Sight.SEEN]
    sizes = [len(word) for word in words]
    inked = sum(size for size, sight in zip(sizes, sights, strict=True) if sight is Sight.SEEN)
    mostly_inked = 2 * inked > sum(sizes)
    return {
        number
        for number, (word, sight) in enumerate(zip(words, sights, strict=True))
        if sight is Sight.TINY
        or (sight is Sight.NO_INK and not judge.is_recognised(word[0], mostly_inked))
        or (sight is Sight.BLANK and not judge.is_backed(word, seen))
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
        """How a word is drawn."""
        item = self._raw.FPDFText_GetTextObject(self._text, places[0])
        if not item:  # PDFium put it in
            return Sight.SEEN
        mode = self._raw.FPDFTextObj_GetTextRenderMode(item)
        ink, opacity = self._ink(item)
        if mode == NO_INK or (mode in INKED and opacity == 0):
            return Sight.NO_INK
        if self._size(places[0]) < self._smallest and max(map(self._height, places)) < self._smallest:
            return Sight.TINY
        return Sight.BLANK if mode in INKED and look_alike(ink, WHITE) else Sight.SEEN

    def is_recognised(self, place: int, mostly_inked: bool) -> bool:
        """Tells if a character without ink lies on an image that is one of a page or of a part of it."""
        x, y = self.centre(place)
        largest = max((box.area for box in self._images if box.holds(x, y)), default=0.0)
        of_page = largest >= MOST_OF_PAGE * self._area
        return largest >= max(1.0, LEAST_IMAGE * self._area) and not (of_page and mostly_inked)

    def is_backed(self, places: Sequence[int], seen: Sequence[tuple[float, float]]) -> bool:
        """Tells if a word in the colour of paper stands on another one; `seen` are the places of other words."""
        x, y = self.centre(places[0])
        if any(box.holds(x, y) for box in self._backs):
            return True
        boxes = [self._character(place) for place in places]
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        box = _Box(min(lefts), min(bottoms), max(rights), max(tops))
        crossed = any(box.holds(*centre) for centre in seen)
        return self._coloured(box) >= (ALL_COLOURED if crossed else COLOURED)

    def _size(self, place: int) -> float:
        """The size that the file states for a character; not what is drawn, if its font has measures of its own."""
        self._raw.FPDFText_GetMatrix(self._text, place, self._matrix)
        scale = math.hypot(self._matrix.c, self._matrix.d)
        return float(self._raw.FPDFText_GetFontSize(self._text, place) * scale)

    def _height(self, place: int) -> float:
        """The longer side of a character as it is drawn."""
        box = self._character(place)
        return max(box.right - box.left, box.top - box.bottom)

    def centre(self, place: int) -> tuple[float, float]:
        """The middle of a character."""
        box = self._character(place)
        return (box.left + box.right) / 2, (box.bottom + box.top) / 2

    def _character(self, place: int) -> _Box:
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        self._raw.FPDFText_GetCharBox(self._text, place, left, right, bottom, top)
        return _Box(left.value, bottom.value, right.value, top.value)

    def _ink(self, item: Any) -> tuple[Colour | None, int]:
        """The colour that fills an object, None for a pattern, and its opacity, 0 to 255."""
        red, green, blue, opacity = parts = self._parts
        if not self._raw.FPDFPageObj_GetFillColor(item, *parts):
            return None, 255
        return Colour(red.value, green.value, blue.value), opacity.value

    def _coloured(self, box: _Box) -> float:
        """The share of the dots in a box that are not white, when the page is drawn."""
        dots, scale = self._dots
        left, _, _, top = self._page.get_cropbox()
        begin, end = max(0, int((box.left - left) * scale)), min(dots.width, int((box.right - left) * scale) + 1)
        rows = range(max(0, int((top - box.top) * scale)), min(dots.height, int((top - box.bottom) * scale) + 1))
        found = [dot for row in rows for dot in dots.buffer[row * dots.stride + begin : row * dots.stride + end]]
        return float(sum(dot < 255 - ALIKE for dot in found) / max(1, len(found)))

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
        return [box for box, kinds in self._drawn if self._raw.FPDF_PAGEOBJ_IMAGE in kinds]

    @cached_property
    def _backs(self) -> list[_Box]:
        return [box for box, kinds in self._drawn if kinds]

    @cached_property
    def _drawn(self) -> list[tuple[_Box, set[int]]]:
        """The places of what is drawn, with its kinds, text and white areas aside."""
        found = []
        for item in islice(self._page.get_objects(max_depth=1), MOST_OBJECTS):
            inner = [item]
            if item.type == self._raw.FPDF_PAGEOBJ_FORM:  # what it holds is placed in its own measures
                inner = list(islice(self._page.get_objects(max_depth=3, form=item.raw), MOST_OBJECTS))
            found.append((_Box(*item.get_bounds()), {each.type for each in inner if self._covers(each)}))
        return found

    def _covers(self, item: Any) -> bool:
        """Tells if an object is an image, or an area or bar of another colour than white."""
        if item.type != self._raw.FPDF_PAGEOBJ_PATH:
            return item.type in (self._raw.FPDF_PAGEOBJ_IMAGE, self._raw.FPDF_PAGEOBJ_SHADING)
        mode, stroked, width = ctypes.c_int(), ctypes.c_int(), ctypes.c_float()
        self._raw.FPDFPath_GetDrawMode(item.raw, mode, stroked)
        ink, opacity = self._ink(item.raw)
        if mode.value and opacity and not look_alike(ink, WHITE):
            return True
        self._raw.FPDFPageObj_GetStrokeWidth(item.raw, width)
        return bool(stroked.value) and width.value >= THICK
