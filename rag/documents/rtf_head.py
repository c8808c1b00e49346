"""The tables at the head of a rich text file: encodings and names of its fonts, its colours, the levels of its styles.

In: entries, as the reader comes upon them. Out: what the text looks up by number. It reads no tokens. Pure.
"""

from __future__ import annotations

import re

from rag.documents.rtf_tokens import CHARSETS
from rag.documents.unseen import Colour

HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


class RtfHead:
    """The tables of one file."""

    def __init__(self) -> None:
        self.encoding = "cp1252"  # of text whose font states none
        self._fonts: dict[int, tuple[str, str]] = {}  # number -> encoding and name
        self._colours: list[Colour | None] = []
        self._parts: dict[str, int] = {}  # of the open colour
        self._levels: dict[int, int] = {}  # style -> level of heading

    def add_font(self, number: int) -> None:
        """Note that there is such a font."""
        self._fonts.setdefault(number, (self.encoding, ""))

    def set_charset(self, number: int, charset: int) -> None:
        """Note the encoding of a font, by the number that the format has for it."""
        self._fonts[number] = (CHARSETS.get(charset, self.encoding), self.font_name(number))

    def name_font(self, number: int, said: str) -> None:
        """Note the name of a font, which ends with a semicolon."""
        self._fonts[number] = (self.charset(number), said.partition(";")[0].strip())

    def charset(self, font: int | None) -> str:
        """The encoding of text in a font."""
        return self.encoding if font is None else self._fonts.get(font, (self.encoding, ""))[0]

    def font_name(self, font: int | None) -> str:
        """The name of a font, empty if it is not known."""
        return "" if font is None else self._fonts.get(font, ("", ""))[1]

    def add_colour_part(self, name: str, value: int) -> None:
        """Note the part "red", "green" or "blue" of the open colour."""
        self._parts[name] = min(255, max(0, value))

    def end_colours(self, count: int) -> None:
        """End the open colour, and others that state nothing."""
        for _ in range(count):
            parts = [self._parts.get(name, 0) for name in ("red", "green", "blue")]
            self._colours.append(Colour(*parts) if self._parts else None)
            self._parts = {}

    def colour(self, number: int) -> Colour | None:
        """The colour of that number, None if it is not known."""
        return self._colours[number] if 0 <= number < len(self._colours) else None

    def name_style(self, style: int, outline: int | None, said: str) -> None:
        """Note a style by its name and the level of outline that it states, if one of them makes it a heading."""
        name = said.partition(";")[0].strip()
        if heading := HEADING.match(name):
            level = int(heading[1])
        elif name.lower() == "title":
            level = 1
        else:
            level = 0 if outline is None else (outline or -1) + 1
        if 0 < level <= 9 and style >= 0:
            self._levels[style] = level

    def level(self, style: int) -> int:
        """The level of the headings of a style, 0 if it is none of headings."""
        return self._levels.get(style, 0)
