"""Sheets of a workbook as their readers give them: filled cells at their places, however far apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class DataCell(str):
    """The text of a cell that holds a number, a date or a truth value."""

    __slots__ = ()


class Span(NamedTuple):
    """Cells that are merged: the first and the last row and column, from 0."""

    top: int
    left: int
    bottom: int
    right: int


class Sheet(NamedTuple):
    """A sheet: its cells by row and column, from 0; cells without text are left out.

    A row without cells stands for one that is not seen, between rows that a person therefore sees side by side.
    """

    name: str
    rows: Mapping[int, Mapping[int, str]]
    spans: Sequence[Span] = ()
    besides: Sequence[str] = ()  # texts of boxes and the like, which stand behind the cells


def bridge(rows: dict[int, dict[int, str]], left_out: Iterable[int]) -> None:
    """Puts rows without cells in the places of rows that are left out, where they stood between others."""
    numbers = sorted(left_out)
    for number in numbers:
        if number - 1 in rows:
            rows.setdefault(number, {})
    for number in reversed(numbers):
        if rows.get(number) == {} and number + 1 not in rows:
            del rows[number]
