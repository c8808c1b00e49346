"""The numbering part of a Word document -> the number in front of each numbered paragraph.

In: the definitions of lists, and the paragraphs' lists and levels in the order of the text. Out: "2.1", "(a)", "Article
4." as Word computes them, a bullet as "-"; pictures as bullets are bullets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rag.documents.numerals import numeral
from rag.documents.ooxml import Element, child_value, value
from rag.documents.symbols import BOXES, in_font

LEVELS = 9
BULLET = "-"
PLACE = re.compile(r"%([1-9])")


class WordListLevel(NamedTuple):
    """Numbering of a level of a list."""

    start: int = 1
    form: str = "decimal"
    text: str = ""  # with %1 for the number of the top level
    restart: int | None = None  # the level, from 1, after which it begins anew; 0: never; None: after any above
    legal: bool = False  # all numbers in decimal
    close: bool = False  # no space between number and text
    style: str | None = None  # of the paragraphs that stand on this level
    font: str | None = None


class Numbering:
    """The lists of a document, with the number at which each has arrived."""

    def __init__(self, part: Element | None, list_of_style: Callable[[str], str | None]) -> None:
        """`list_of_style` gives the list (`numId`) that a style belongs to."""
        abstract = (
            {} if part is None else {value(item, "abstractNumId"): item for item in part.iterfind("{*}abstractNum")}
        )
        self._lists: dict[str, Element] = {}
        self._shared: dict[str, str] = {}  # list -> its definition; lists of one definition count on
        for item in [] if part is None else part.iterfind("{*}num"):
            self._lists[value(item, "numId") or ""] = item
            self._shared[value(item, "numId") or ""] = child_value(item, "abstractNumId") or ""
        for number, shared in list(self._shared.items()):  # definitions that name a style are defined at its list
            linked = child_value(abstract.get(shared), "numStyleLink")
            if linked is not None:
                self._shared[number] = self._shared.get(list_of_style(linked) or "", shared)
        self._levels = {key: _levels(item) for key, item in abstract.items() if key is not None}
        self._counts: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()

    def level_of_style(self, number: str, style: str) -> int | None:
        """The level of a list on which the paragraphs of a style stand; None if the list does not say."""
        levels = self._levels.get(self._shared.get(number, ""), {})
        return next((place for place, level in levels.items() if level.style == style), None)

    def next(self, number: str, place: int) -> str | None:
        """The mark of the next paragraph on a level, from 0, of a list, with the space after it; None without one."""
        shared = self._shared.get(number)
        if shared is None or place >= LEVELS:
            return f"{BULLET} "
        levels = self._levels.get(shared, {}) | self._overridden(number)
        level = levels.get(place, WordListLevel(form="bullet"))
        counts = self._counts.setdefault(shared, [None] * LEVELS)
        self._count(counts, levels, number, place)
        if level.form == "bullet":
            sign = in_font(level.text, level.font)
            return f"{BULLET} {sign} " if sign in BOXES else f"{BULLET} "
        numbers = [
            counts[at] if counts[at] is not None else levels.get(at, WordListLevel()).start for at in range(LEVELS)
        ]

        def written(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            return numeral(numbers[at] or 0, "decimal" if level.legal else levels.get(at, WordListLevel()).form)

        text = PLACE.sub(written, level.text).strip()
        return text + " " * (not level.close) if text else None

    def _count(self, counts: list[int | None], levels: Mapping[int, WordListLevel], number: str, place: int) -> None:
        start = self._start_override(number, place)
        if start is not None and (number, place) not in self._begun:
            counts[place] = start
        else:
            last = counts[place]
            counts[place] = levels.get(place, WordListLevel()).start if last is None else last + 1
        self._begun.add((number, place))
        for below in range(place + 1, LEVELS):
            restart = levels.get(below, WordListLevel()).restart
            if restart is None or place < restart:
                counts[below] = None

    def _override(self, number: str) -> dict[int, Element]:
        items = self._lists[number].iterfind("{*}lvlOverride")
        return {_number(value(item, "ilvl"), 0): item for item in items}

    def _overridden(self, number: str) -> dict[int, WordListLevel]:
        found = {place: item.find("{*}lvl") for place, item in self._override(number).items()}
        return {place: _level(item) for place, item in found.items() if item is not None}

    def _start_override(self, number: str, place: int) -> int | None:
        start = child_value(self._override(number).get(place), "startOverride")
        return None if start is None else _number(start, 1)


def _levels(abstract: Element) -> dict[int, WordListLevel]:
    return {_number(value(item, "ilvl"), 0): _level(item) for item in abstract.iterfind("{*}lvl")}


def _level(item: Element) -> WordListLevel:
    restart = child_value(item, "lvlRestart")
    legal = item.find("{*}isLgl")
    return WordListLevel(
        start=_number(child_value(item, "start"), 0),
        form=child_value(item, "numFmt") or "decimal",
        text=child_value(item, "lvlText") or "",
        restart=None if restart is None else _number(restart, 0),
        legal=legal is not None and value(legal, "val") not in ("0", "false", "off"),
        close=child_value(item, "suff") == "nothing",
        style=child_value(item, "pStyle"),
        font=value(item.find("{*}rPr/{*}rFonts"), "ascii"),
    )


def _number(text: str | None, usual: int) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else usual
