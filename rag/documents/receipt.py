"""Things that a reader leaves out of a file -> the receipt: a short counted line for each kind of it.

In: what is left out, as a reader comes upon it. Out: lines such as "2 images without a description", if the file holds
text that nobody sees, and the links whose addresses are no part of the text. Readers ask about text that nobody sees,
and leave it out unless a person wants it read.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from rag.documents.blocks import one_line
from rag.documents.link_text import Link
from rag.documents.links import link

LONGEST_NAME = 60  # characters
MOST_NAMED = 5
INCLUDE = "rag index --include-hidden reads it"


class Kind(NamedTuple):
    """A kind of what is left out: its name for one and for several, and what can be done about it."""

    one: str
    several: str
    remedy: str = ""


IMAGE = Kind("image without a description", "images without a description")
CHART = Kind("chart that could not be read", "charts that could not be read")
OBJECT = Kind("embedded object", "embedded objects")
MEDIUM = Kind("video or sound", "videos or sounds")
COMMENT = Kind("comment", "comments")
FORMULA = Kind(
    "formula without a stored value", "formulas without a stored value", "open the file in its program and save it"
)
UNREADABLE = Kind("character that could not be read", "characters that could not be read")
RUBY = Kind("reading beside characters (ruby)", "readings beside characters (ruby)")
STRUCK = Kind("character of struck text", "characters of struck text")
DELETED = Kind("character of deleted text (tracked changes)", "characters of deleted text (tracked changes)")
HIDDEN = Kind("character of hidden text", "characters of hidden text", INCLUDE)
SHAPE = Kind("hidden image, chart or object", "hidden images, charts or objects", INCLUDE)
SHEET = Kind("hidden sheet", "hidden sheets", INCLUDE)
SLIDE = Kind("hidden slide", "hidden slides", INCLUDE)
ROW = Kind("hidden row", "hidden rows", INCLUDE)
COLUMN = Kind("hidden column", "hidden columns", INCLUDE)


class Receipt:
    """Counts of what is left out of one file."""

    def __init__(self, include_hidden: bool = False) -> None:
        self.include_hidden = include_hidden
        self.holds_hidden = False  # text that nobody sees, read or not
        self.links: list[Link] = []  # in the order in which they were met
        self.ocr: str | None = None  # see `Document.ocr`
        self._counts: Counter[Kind] = Counter()
        self._names: dict[Kind, list[str]] = {}
        self._lines: list[str] = []

    def count(self, kind: Kind, number: int = 1) -> None:
        """Notes that so many things of the kind are left out."""
        if number > 0:
            self._counts[kind] += number

    def count_text(self, kind: Kind, text: str) -> None:
        """Notes that a text of the kind is left out, by its number of characters."""
        self.count(kind, _size(text))

    def line(self, text: str) -> None:
        """Notes something that is left out in words of its own."""
        self._lines.append(text)

    def hides(self, text: str) -> bool:
        """Notes a text that nobody sees; True if it is to be left out."""
        return self._hides(HIDDEN, _size(text))

    def hides_part(self, kind: Kind, name: str = "") -> bool:
        """Notes a part that nobody sees, such as a sheet; True if it is to be left out."""
        if self._hides(kind, 1) and name:
            self._names.setdefault(kind, []).append(name)
        return not self.include_hidden

    def leads(self, before: str, words: str, target: str | None) -> None:
        """Notes the address of a link that is read, with its words and what stands before them on the line."""
        found = link(before, words, target)
        if found is not None:
            self.links.append(found)

    def fresh(self) -> Receipt:
        """An empty receipt for a part that may not be taken."""
        return Receipt(self.include_hidden)

    def take(self, other: Receipt) -> None:
        """Adds what another receipt counts."""
        self._counts.update(other._counts)
        for kind, names in other._names.items():
            self._names.setdefault(kind, []).extend(names)
        self._lines += other._lines
        self.links += other.links
        self.take_hidden(other)

    def take_hidden(self, other: Receipt) -> None:
        """Notes that a file within this one, with a receipt of its own, holds text that nobody sees, if it does."""
        self.holds_hidden = self.holds_hidden or other.holds_hidden

    def notes(self) -> list[str]:
        """The lines, each with what can be done behind a semicolon."""
        counted = [
            f"{self._counted(kind, number)}; {kind.remedy}" if kind.remedy else self._counted(kind, number)
            for kind, number in self._counts.items()
        ]
        return [*counted, *self._lines]

    def _hides(self, kind: Kind, number: int) -> bool:
        self.holds_hidden = self.holds_hidden or number > 0
        if not self.include_hidden:
            self.count(kind, number)
        return not self.include_hidden

    def _counted(self, kind: Kind, number: int) -> str:
        names = self._names.get(kind, [])
        if not names:
            return f"{number:,} {kind.one if number == 1 else kind.several}"
        more = f" and {number - MOST_NAMED} more" if number > MOST_NAMED else ""
        return f"{kind.one if number == 1 else kind.several} {', '.join(names[:MOST_NAMED])}{more}"


def quoted_name(name: str) -> str:
    """A name from a file, short enough for a line: "Old prices"."""
    return f'"{one_line(name)[:LONGEST_NAME]}"'


def _size(text: str) -> int:
    return len(re.sub(r"\s+", " ", text)) if text.strip() else 0
