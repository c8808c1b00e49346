"""Sheets of a workbook as their readers give them: filled cells at their places, however far apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Figure(str):
    """The text of a cell that holds a number, a date or a truth value."""

    __slots__ = ()


class Span(NamedTuple):
    """Cells that are merged: the first and the last row and column, from 0."""

    top: int
    left: int
    bottom: int
    right: int


class Sheet(NamedTuple):
    """A sheet: its cells by row and column, from 0; cells without text are left out."""

    name: str
    rows: Mapping[int, Mapping[int, str]]
    spans: Sequence[Span] = ()
