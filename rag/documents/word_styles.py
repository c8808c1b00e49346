"""The styles of a Word document -> headings, lists and looks of its paragraphs and runs.

In: the part that defines the styles, and elements of the text. Out: levels, list items, colours and properties, as the
elements state them themselves or by the styles that theirs are based on. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from rag.documents.ooxml import Element, child_value, local_name, value
from rag.documents.unseen import Colour
from rag.documents.word_numbers import Numbering
from rag.documents.word_unseen import shaded

BODY_TEXT = 9  # the outline level that says "no heading"; 0 to 8 are headings


class WordStyles:
    """The styles of a document: they and the styles that they are based on tell headings, items and looks."""

    def __init__(self, part: Element | None) -> None:
        found = [] if part is None else part.findall("{*}style")
        self.by_id: dict[str | None, Element] = {value(style, "styleId"): style for style in found}
        self._looks: dict[str | None, dict[str, Element]] = {}

    def level(self, paragraph: Element) -> int:
        """The level of a paragraph: 1 and up for a heading (a `Title` is one of the top), 0 for text."""
        for element in self._chain(paragraph):
            style = (child_value(element, "name") or "").lower()  # built-in styles keep it in every language
            if style == "title":
                return 1
            if style.startswith("heading ") and style[8:].isdecimal():
                return int(style[8:])
            outline = child_value(element.find("{*}pPr"), "outlineLvl")
            if outline is not None and outline.isdecimal():
                return (int(outline) + 1) % (BODY_TEXT + 1)
        return 0

    def number(self, paragraph: Element, numbering: Numbering) -> tuple[str, int] | None:
        """The list that the paragraph is an item of, and its level from 0; list 0 takes it out of its style's list."""
        place: int | None = None
        for element in self._chain(paragraph):
            properties = element.find("{*}pPr/{*}numPr")
            level = child_value(properties, "ilvl")
            if place is None and level is not None and level.isdecimal():
                place = int(level)
            number = child_value(properties, "numId")
            if number is None:
                continue
            if number == "0":
                return None
            if place is None and element is not paragraph:
                place = numbering.level_of_style(number, value(element, "styleId") or "")
            return number, place or 0
        return None

    def list_of(self, style: str) -> str | None:
        """The list of a style's own paragraphs."""
        element = self.by_id.get(style)
        return None if element is None else child_value(element.find("{*}pPr/{*}numPr"), "numId")

    def paper(self, paragraph: Element, around: Colour | None) -> Colour | None:
        """The colour behind a paragraph's text."""
        stated = (element.find("{*}pPr") for element in self._chain(paragraph))
        own = (properties for properties in stated if properties is not None)
        return shaded(next((item for item in own if item.find("{*}shd") is not None), None), around)

    def look(self, run: Element, paragraph: str | None) -> dict[str, Element]:
        """The properties of a run by their names; `paragraph` is the style of the paragraph that it stands in."""
        properties = run.find("{*}rPr")
        if properties is None:
            return self._look(paragraph)
        own = {local_name(item): item for item in properties}
        style = value(own.get("rStyle"), "val")
        return {**self._look(paragraph), **self._look(style), **own}

    def _look(self, style: str | None) -> dict[str, Element]:
        if style not in self._looks:
            found: dict[str, Element] = {}
            for element in self._based_on(style):
                properties = element.find("{*}rPr")
                for item in [] if properties is None else properties:
                    found.setdefault(local_name(item), item)
            self._looks[style] = found
        return self._looks[style]

    def _chain(self, paragraph: Element) -> Iterator[Element]:
        """The paragraph itself, its style, the style that this one is based on, ..."""
        yield paragraph
        yield from self._based_on(style_of(paragraph))

    def _based_on(self, style: str | None) -> Iterator[Element]:
        seen: set[str] = set()
        while style is not None and style not in seen and style in self.by_id:
            seen.add(style)
            yield self.by_id[style]
            style = child_value(self.by_id[style], "basedOn")


def style_of(paragraph: Element) -> str | None:
    """The id of a paragraph's style."""
    return child_value(paragraph.find("{*}pPr"), "pStyle")
