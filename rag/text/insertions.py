"""A text that shows another one to a model, with words put in, and the origin of each of its characters (pure).

Table rows are shown with the names of their columns: "Wool | 48 min" as "Fabric: Wool; Time: 48 min".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rag.text.structure import cells

INSERTED = -1


class Shown(NamedTuple):
    """A text for a model; `origin[i]` is the place of its character `i` in the text that it shows, or `INSERTED`."""

    text: str
    origin: list[int]

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """The characters of the text that is shown behind `start..end` of this one; None if all were inserted."""
        places = [at for at in self.origin[start:end] if at != INSERTED]
        return (places[0], places[-1] + 1) if places else None


class ShownText:
    """A text that grows, with the origin of its characters."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._origin: list[int] = []

    def add(self, text: str, start: int = INSERTED) -> None:
        """Append `text`, which stands at `start` of the text that is shown, or is inserted."""
        self._parts.append(text)
        self._origin += [INSERTED] * len(text) if start == INSERTED else range(start, start + len(text))

    def add_row(self, row: str, start: int, names: Sequence[str]) -> None:
        """Append the cells of a row that stands at `start`, each behind the name of its column."""
        written = False
        for number, (cell, place) in enumerate(cells(row)):
            if not cell:
                continue
            if written:
                self.add("; ")
            name = names[number] if number < len(names) else ""
            if name and name.lower() != cell.lower():
                self.add(f"{name}: ")
            self.add(cell, start + place)
            written = True

    def shown(self) -> Shown:
        """The text that was gathered."""
        return Shown("".join(self._parts), self._origin)
