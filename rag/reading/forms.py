"""A passage -> the text that the reader sees: its title and section in front, each table cell behind the name of its
column, each line of a list marked.

In: a passage as the index holds it. Out: a text, and for each of its characters the place in the passage that it came
from. Characters are inserted and left out, never changed, so a span that the reader finds can be cut out of the
passage. The reader was trained on texts of this form: another form needs other weights.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rag.types import CELL_BORDER, CELL_SEPARATOR, Passage

INSERTED = -1
_MARKER = re.compile(r"\s*(?:[-*+•–—]|\(?\d{1,3}[.):]|\(?[a-z][.)])\s")
_FIGURE = re.compile(r"[-+($€£]*[\d.,]*\d[%)]?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_BLOCK = re.compile(r"(?:(?!\n\s*\n).)+", re.DOTALL)
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_LONGEST_NAME = 48  # characters of a column's name


class Shown(NamedTuple):
    """A text for the reader; `origin[i]` is the place of its character `i` in the passage's text, or `INSERTED`."""

    text: str
    origin: list[int]

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """The characters of the passage's text behind `start..end` of the shown one; None if all were inserted."""
        places = [at for at in self.origin[start:end] if at != INSERTED]
        return (places[0], places[-1] + 1) if places else None


class _Text:
    """A text that grows, with the origin of its characters."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.origin: list[int] = []

    def add(self, text: str, start: int = INSERTED) -> None:
        """Append `text`, which stands at `start` of the passage, or is inserted."""
        self.parts.append(text)
        self.origin += [INSERTED] * len(text) if start == INSERTED else range(start, start + len(text))


def shown(passage: Passage) -> Shown:
    """The passage as the reader sees it.

    >>> text = "Code | Meaning\\nE4 | Grinder blocked"
    >>> shown(Passage("a", "Manual", "", 0, len(text), text, ())).text
    'Manual : Code | Meaning\\n• Code: E4; Meaning: Grinder blocked'
    """
    out = _Text()
    out.add(_above(passage.title, passage.section))
    begin = _after_heading(passage.text, passage.section)
    first = True
    for block in _BLOCK.finditer(passage.text, begin):
        if block.group().strip():
            if not first:
                out.add("\n\n")
            _add_block(out, block.group(), block.start())
            first = False
    return Shown("".join(out.parts), out.origin)


def _above(title: str, section: str | None) -> str:
    """Title and section as they stand in front of a passage; empty if there is neither."""
    parts = [part.strip() for part in (title, section or "") if part and part.strip()]
    if len(parts) == 2 and parts[1].lower().startswith(parts[0].lower()):
        parts = parts[1:]
    return f"{' > '.join(parts)} : " if parts else ""


def _after_heading(text: str, section: str | None) -> int:
    """The place behind a heading that opens the text and stands in front of it already; 0 if there is none."""
    last = (section or "").rsplit(" > ", 1)[-1].strip()
    if not last or not text.startswith(last) or text[len(last) :][:1] not in ("\n", ""):
        return 0
    rest = text[len(last) :]
    return len(text) - len(rest.lstrip()) if rest.strip() else 0


def _add_block(out: _Text, block: str, start: int) -> None:
    lines = [(match.group(), start + match.start()) for match in _LINE.finditer(block)]
    rows = sum(CELL_SEPARATOR in line for line, _ in lines)
    names = column_names(lines[0][0]) if 2 * rows >= len(lines) > 1 and rows else []
    for number, (line, at) in enumerate(lines):
        if number:
            out.add("\n")
        if names and number and CELL_SEPARATOR in line:
            _add_row(out, line, at, names)
        else:
            if number and not _MARKER.match(line):
                out.add("• ")
            out.add(line, at)


def _add_row(out: _Text, line: str, at: int, names: list[str]) -> None:
    out.add("• ")
    written = False
    for number, (cell, place) in enumerate(cells(line)):
        if not cell:
            continue
        if written:
            out.add("; ")
        name = names[number] if number < len(names) else ""
        if name and name.lower() != cell.lower():
            out.add(f"{name}: ")
        out.add(cell, at + place)
        written = True


def cells(line: str) -> list[tuple[str, int]]:
    """The cells of a row, stripped, with the places at which they begin in it.

    >>> cells("E4 | Grinder blocked")
    [('E4', 0), ('Grinder blocked', 5)]
    """
    found, place = [], 0
    for cell in CELL_BORDER.split(line):
        found.append((cell.strip(), place + len(cell) - len(cell.lstrip())))
        place += len(cell) + 1
    return found


def column_names(line: str) -> list[str]:
    """The names of columns that a first row gives; empty if it gives none: figures that are no years name nothing."""
    texts = [cell for cell, _ in cells(line)]
    figures = sum(bool(_FIGURE.fullmatch(text.replace(" ", ""))) and not _YEAR.fullmatch(text) for text in texts)
    if len(texts) < 2 or 2 * figures >= len(texts):
        return []
    return [text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME].rsplit(" ", 1)[0] for text in texts]
