"""Words of rich text about looks and paragraphs -> the properties that hold within a group.

In: the properties so far, a word and its number. Out: the properties after it. It does not know groups. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rag.documents.raised import LOWERED, RAISED
from rag.documents.unseen import is_too_small


@dataclass(frozen=True, slots=True)
class RtfState:
    """Properties that hold within a group."""

    place: str = "text"  # what the group describes; "skip": only groups within it are read; "gone": nothing is
    font: int | None = None
    shift: int = 0
    hidden: bool = False
    buried: bool = False  # a note or box of hidden text, whatever its own text is
    struck: bool = False
    deleted: bool = False
    tiny: bool = False
    ink: int = 0  # colour of the text, by its number in the table of colours
    marked: int = 0  # colour behind the text
    paper: int = 0  # colour behind the paragraph
    in_box: bool = False
    in_object: bool = False
    skipped: int = 1  # characters after one in Unicode that say the same
    in_table: bool = False
    style: int = 0
    level: int | None = None

    def after(self, word: str, number: int | None) -> RtfState:
        """The properties after a word of the text."""
        match word:
            case "pard":
                return replace(self, in_table=False, style=0, level=None, paper=0)
            case "s":
                return replace(self, style=number or 0)
            case "outlinelevel":
                return replace(self, level=number)
            case "intbl":
                return replace(self, in_table=True)
            case _:
                return self._after_look(word, number)

    def _after_look(self, word: str, number: int | None) -> RtfState:
        on = number != 0
        match word:
            case "f":
                return replace(self, font=number)
            case "plain":
                return replace(self, shift=0, hidden=False, struck=False, tiny=False, ink=0, marked=0)
            case "super" | "up" if on:
                return replace(self, shift=RAISED)
            case "sub" | "dn" if on:
                return replace(self, shift=LOWERED)
            case "super" | "sub" | "nosupersub" | "up" | "dn":
                return replace(self, shift=0)
            case "strike" | "striked":
                return replace(self, struck=on)
            case "v":
                return replace(self, hidden=on)
            case "deleted":
                return replace(self, deleted=on)
            case _:
                return self._after_colour(word, number)

    def _after_colour(self, word: str, number: int | None) -> RtfState:
        match word:
            case "fs":
                return replace(self, tiny=number is not None and is_too_small(number / 2))
            case "cf":
                return replace(self, ink=number or 0)
            case "cb" | "highlight" | "chcbpat":
                return replace(self, marked=number or 0)
            case "cbpat":
                return replace(self, paper=number or 0)
            case _:
                return self
