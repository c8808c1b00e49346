"""The styles of OpenDocument files -> looks of text, and numbers of lists.

In: the parts that define styles. Out: for a style's name, whether its text is seen and how it is set; the number of
each item.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rag.documents.numerals import numeral
from rag.documents.ooxml import Element, local_name, value
from rag.documents.raised import LOWERED, RAISED
from rag.documents.symbols import is_symbol_font

FORMS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
DEEPEST = 20  # styles that are based on one another


class Look(NamedTuple):
    """How text is set."""

    hidden: bool = False  # or struck out
    shift: int = 0
    font: str | None = None  # a symbol font


class Level(NamedTuple):
    """How a level of a list is numbered; without a form it has bullets."""

    form: str | None
    before: str = ""
    after: str = ""
    levels: int = 1  # of those above it, itself included, whose numbers it shows
    start: int = 1


Levels = Mapping[int, Level]


class Looks:
    """The styles of a file, by their names."""

    def __init__(self, *parts: Element | None) -> None:
        self.lists: dict[str, Levels] = {}
        self._outline: Levels | None = None
        self._styles: dict[str, Element] = {}
        for part in parts:
            for element in [] if part is None else part.iter():
                if local_name(element) in ("style", "list-style", "outline-style"):
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

    def of(self, name: str | None, around: Look) -> Look:
        """The look of text of a style within text of another look."""
        hidden, shift, font = around
        struck_told = shift_told = font_told = False
        for style in self._chain(name):
            for properties in style.iterfind("{*}text-properties"):
                struck, position = _struck(properties), value(properties, "text-position")
                shown, face = value(properties, "display"), _font(properties)
                hidden = hidden or shown == "none" or (struck is True and not struck_told)
                struck_told = struck_told or struck is not None
                if position is not None and not shift_told:
                    shift, shift_told = _shift(position), True
                if face is not None and not font_told:
                    font, font_told = face if is_symbol_font(face) else None, True
        return Look(hidden, shift, font)

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
        found[int(stated) - 1] = Level(
            FORMS.get(value(element, "num-format") or "", "") if numbered else None,
            value(element, "num-prefix") or "",
            value(element, "num-suffix") or "",
            _number(value(element, "display-levels")),
            _number(value(element, "start-value")),
        )
    return found


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else 1


def _struck(properties: Element) -> bool | None:
    for name in ("text-line-through-style", "text-line-through-type"):
        stated = value(properties, name)
        if stated is not None:
            return stated != "none"
    return None


def _shift(position: str) -> int:
    """Of "super 58%", "-33% 58%", "0% 100%"."""
    height = position.split()[0] if position.split() else ""
    if height in ("super", "sub"):
        return RAISED if height == "super" else LOWERED
    return LOWERED if height.startswith("-") else RAISED if height.rstrip("%").strip("0.") else 0


def _font(properties: Element) -> str | None:
    font = value(properties, "font-name") or value(properties, "font-family")
    return None if font is None else font.strip("'\"")
