"""The styles of OpenDocument files -> looks of text, and numbers of lists.

In: the parts that define styles. Out: for a style's name, whether its text is seen or struck and how it is set; the
number of each item.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from rag.documents.numerals import numeral
from rag.documents.ooxml import Element, local_name, value
from rag.documents.raised import LOWERED, RAISED
from rag.documents.symbols import is_symbol_font
from rag.documents.unseen import WHITE, Colour, colour, is_too_small, look_alike

FORMS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
LENGTH = re.compile(r"(\d+(?:\.\d+)?)(pt|in|cm|mm|px)")
POINTS = {"pt": 1.0, "in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "px": 0.75}
FILLED = ("paragraph-properties", "table-cell-properties", "table-row-properties", "table-properties")
DEEPEST = 20  # styles that are based on one another


class TextStyle(NamedTuple):
    """Typography of a text."""

    hidden: bool = False
    shift: int = 0
    font: str | None = None  # a symbol font
    struck: bool = False
    points: float | None = None  # size, None if no style states it
    colour: Colour | None = None
    paper: Colour | None = None  # behind the text, None if that is not known

    @property
    def is_unseen(self) -> bool:
        """Tells if the text is hidden, too small, or of the colour behind it."""
        small = self.points is not None and is_too_small(self.points)
        return self.hidden or small or look_alike(self.colour, self.paper)


class OdfListLevel(NamedTuple):
    """Numbering of a level of a list; without a form it has bullets."""

    form: str | None
    before: str = ""
    after: str = ""
    levels: int = 1  # of those above it, itself included, whose numbers it shows
    start: int = 1


Levels = Mapping[int, OdfListLevel]


class Looks:
    """The styles of a file, by their names."""

    def __init__(self, *parts: Element | None) -> None:
        self.lists: dict[str, Levels] = {}
        self._outline: Levels | None = None
        self._styles: dict[str, Element] = {}
        self._pages: list[Element] = []
        for part in parts:
            for element in [] if part is None else part.iter():
                if local_name(element) in ("style", "list-style", "outline-style", "page-layout-properties"):
                    self.add(element)

    def add(self, element: Element) -> None:
        """Adds a style."""
        name = value(element, "name") or ""
        match local_name(element):
            case "style":
                self._styles[name] = element
            case "list-style":
                self.lists[name] = _levels(element)
            case "outline-style":
                self._outline = _levels(element)
            case "page-layout-properties":
                self._pages.append(element)

    def of(self, name: str | None, around: TextStyle) -> TextStyle:
        """The look of text of a style within text of another look."""
        told: dict[str, Any] = {}
        hidden = around.hidden
        for style in self._chain(name):
            for properties in style.iterfind("{*}text-properties"):
                hidden = hidden or value(properties, "display") == "none"
                for key, stated in _stated(properties, around.paper).items():
                    told.setdefault(key, stated)
        struck = told.pop("struck", False) is True or around.struck
        return around._replace(hidden=hidden, struck=struck, **told)

    def paper(self, name: str | None, around: Colour | None) -> Colour | None:
        """The colour behind a paragraph, cell, row or table of a style within what has another."""
        for style in self._chain(name):
            for kind in FILLED:
                stated = value(style.find(f"{{*}}{kind}"), "background-color")
                if stated is not None:
                    return _paper(stated, around)
        return around

    def outline(self, name: str | None) -> Levels | None:
        """The numbers of headings; None if those of the style have none."""
        stated = (value(style, "list-style-name") for style in self._chain(name))
        list_style = next((style for style in stated if style is not None), None)
        if list_style is None:
            return self._outline
        return self.lists.get(list_style) if list_style else None

    def is_visible(self, name: str | None) -> bool:
        """Tells if tables of the style are shown."""
        shown = (
            value(item, "display") for style in self._chain(name) for item in style.iterfind("{*}table-properties")
        )
        return next((state for state in shown if state is not None), "true") != "false"

    def page_paper(self) -> Colour | None:
        """The colour of the pages of a text; None if they differ or are not plain."""
        stated = [value(item, "background-color") or "transparent" for item in self._pages]
        filled = any(value(item, "fill") not in (None, "none", "solid") for item in self._pages)
        papers = {_paper(text, WHITE) for text in stated} or {WHITE}
        return None if filled or len(papers) > 1 else papers.pop()

    def is_hidden_slide(self, name: str | None) -> bool:
        """Tells if slides of the style are not shown."""
        return any(
            value(item, "visibility") == "hidden"
            for style in self._chain(name)
            for item in style.iterfind("{*}drawing-page-properties")
        )

    def _chain(self, name: str | None) -> list[Element]:
        """The style, the style that it is based on, ..."""
        found: list[Element] = []
        while name in self._styles and len(found) < DEEPEST:
            found.append(self._styles[name])
            name = value(found[-1], "parent-style-name")
        return found


class Counts:
    """The numbers at which the lists of a text have arrived, by list style and level from 0."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}

    def restart(self, style: str, depth: int) -> None:
        """Begins the list anew from that level down."""
        counts = self._counts.setdefault(style, {})
        for level in [level for level in counts if level >= depth]:
            del counts[level]

    def next(self, style: str, levels: Levels, depth: int, start: str | None = None) -> str | None:
        """The number of the next item with the space after it; None for a bullet, empty if it is not shown."""
        level = levels.get(depth)
        if level is None or level.form is None:
            return None
        counts = self._counts.setdefault(style, {})
        counts[depth] = counts[depth] + 1 if depth in counts else level.start
        if start is not None and start.isdecimal():
            counts[depth] = int(start)
        self.restart(style, depth + 1)
        numbers = []
        for place in range(max(0, depth - level.levels + 1), depth + 1):
            shown = levels.get(place, level)
            if shown.form:
                numbers.append(numeral(counts.get(place, shown.start), shown.form))
        text = f"{level.before}{'.'.join(numbers)}{level.after}".strip()
        return f"{text} " if level.form and text else ""


def _levels(style: Element) -> Levels:
    found = {}
    for element in style:
        stated = value(element, "level") or ""
        if not stated.isdecimal():
            continue
        numbered = local_name(element) in ("list-level-style-number", "outline-level-style")
        found[int(stated) - 1] = OdfListLevel(
            FORMS.get(value(element, "num-format") or "", "") if numbered else None,
            value(element, "num-prefix") or "",
            value(element, "num-suffix") or "",
            _number(value(element, "display-levels")),
            _number(value(element, "start-value")),
        )
    return found


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else 1


def _stated(properties: Element, around: Colour | None) -> dict[str, Any]:
    """Properties that a style states for its text, by the fields of `TextStyle`."""
    told: dict[str, Any] = {}
    struck, position, face = _struck(properties), value(properties, "text-position"), _font(properties)
    size, ink = length(value(properties, "font-size")), value(properties, "color")
    behind = value(properties, "background-color")
    if struck is not None:
        told["struck"] = struck
    if position is not None:
        told["shift"] = _shift(position)
    if face is not None:
        told["font"] = face if is_symbol_font(face) else None
    if size is not None:
        told["points"] = size
    if ink is not None:
        told["colour"] = colour(ink)
    if behind is not None:
        told["paper"] = _paper(behind, around)
    return told


def length(stated: str | None) -> float | None:
    """A length such as "0.5cm" in points; None for one that depends on another."""
    found = LENGTH.fullmatch(stated or "")
    return None if found is None else float(found[1]) * POINTS[found[2]]


def _paper(stated: str, around: Colour | None) -> Colour | None:
    return around if stated == "transparent" else colour(stated)


def _struck(properties: Element) -> bool | None:
    for name in ("text-line-through-style", "text-line-through-type"):
        stated = value(properties, name)
        if stated is not None:
            return stated != "none"
    return None


def _shift(position: str) -> int:
    """Shift that "super 58%", "-33% 58%" or "0% 100%" states."""
    height = position.split()[0] if position.split() else ""
    if height in ("super", "sub"):
        return RAISED if height == "super" else LOWERED
    return LOWERED if height.startswith("-") else RAISED if height.rstrip("%").strip("0.") else 0


def _font(properties: Element) -> str | None:
    font = value(properties, "font-name") or value(properties, "font-family")
    return None if font is None else font.strip("'\"")
