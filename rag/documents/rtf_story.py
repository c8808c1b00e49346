"""Runs of a text in rich text, and the ends of its paragraphs, cells and rows -> its blocks.

In: runs and ends in the order of the file, and what words say of the rows. Out: paragraphs, headings, lists and tables.
It knows neither groups nor looks. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rag.documents.blocks import COVERED, Block, lists_merged, table_blocks
from rag.documents.raised import TextRun, joined_runs

SAME_EDGE = 40  # of 1/20 point


class RtfCell(NamedTuple):
    """The definition of a cell."""

    edge: int  # its right one, in 1/20 point
    goes_on: bool
    is_covered: bool


@dataclass(slots=True)
class RtfRow:
    """Properties of the rows that follow, until the next definition."""

    cells: list[RtfCell] = field(default_factory=list)
    goes_on: bool = False  # the next cell goes on with the cell above
    is_covered: bool = False  # the cell at its left spans over it
    is_header: bool = False
    is_shaded: bool = False

    def read(self, word: str, number: int) -> None:
        """Read a word of the definition."""
        match word:
            case "clcbpat" | "clcfpat" | "clshdng":
                self.is_shaded = True
            case "trhdr":
                self.is_header = True
            case "clvmrg":
                self.goes_on = True
            case "clmrg":
                self.is_covered = True
            case "cellx":
                self.cells.append(RtfCell(number, self.goes_on, self.is_covered))
                self.goes_on = self.is_covered = False


@dataclass(slots=True)
class RtfStory:
    """A text: that of the document, of a note or of a box."""

    blocks: list[Block] = field(default_factory=list)
    runs: list[TextRun] = field(default_factory=list)
    marker: str = ""  # of a list's item
    boxes: list[Block] = field(default_factory=list)  # anchored in the open paragraph
    cell: list[str] = field(default_factory=list)  # paragraphs of the open cell
    row: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    shapes: list[tuple[RtfCell, ...]] = field(default_factory=list)  # of the cells of those rows
    headers: int = 0

    def end_paragraph(self, level: int, in_cell: bool) -> None:
        """End the paragraph, a heading if `level` is 1 or more; one outside of a cell ends the table before it."""
        text = joined_runs(self.runs).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
        marker, boxes = self.marker, self.boxes
        self.runs, self.marker, self.boxes = [], "", []
        if in_cell:
            self.cell += [marker + text] if text else []
            self.cell += [block.text for block in boxes]
            return
        if not self.row and not self.cell:  # also without text it parts two tables
            self.end_table()
        if text:
            number = "" if marker == "- " and level else marker
            self.blocks.append(
                Block(number + text, level) if level or not marker else Block(marker + text, kind="list")
            )
        self.blocks += boxes

    def end_cell(self, level: int) -> None:
        """End the cell with its last paragraph."""
        self.end_paragraph(level, True)
        self.row.append("\n".join(self.cell))
        self.cell = []

    def end_row(self, row: RtfRow) -> None:
        """End the row."""
        self.headers += row.is_header and self.headers == len(self.rows)
        self.rows.append(self.row)
        self.shapes.append(tuple(row.cells))
        self.row = []

    def end_table(self) -> None:
        """End the table, if one is open."""
        if self.cell:
            self.row.append("\n".join(self.cell))
        if self.row:
            self.rows.append(self.row)
            self.shapes.append(())
        if self.rows:
            self.blocks += table_blocks(_on_grid(self.rows, self.shapes), max(1, self.headers))
        self.cell, self.row, self.rows, self.shapes, self.headers = [], [], [], [], 0

    def ended(self, level: int) -> list[Block]:
        """The blocks, after the end of the text."""
        self.end_paragraph(level, False)
        self.end_table()
        return list(lists_merged(self.blocks))


def _on_grid(rows: Sequence[Sequence[str]], shapes: Sequence[Sequence[RtfCell]]) -> list[list[str]]:
    """The rows, each cell in all columns that it spans; one that goes on with the cell above it has its text."""
    edges: list[int] = []
    for edge in sorted(cell.edge for shape in shapes for cell in shape):
        if not edges or edge > edges[-1] + SAME_EDGE:
            edges.append(edge)
    grid: list[list[str]] = []
    for row, shape in zip(rows, shapes, strict=True):
        cells: list[str] = []
        for text, cell in zip(row, [*shape, *[None] * len(row)], strict=False):
            above = grid[-1][len(cells) : len(cells) + 1] if grid and cell is not None and cell.goes_on else []
            fits = cell is not None and len(shape) == len(row)
            after = bisect_left(edges, cell.edge - SAME_EDGE) + 1 if cell is not None and fits else 0
            covered = cell is not None and cell.is_covered and not text
            cells.append(COVERED if covered else text or "".join(above))
            cells += [COVERED] * (after - len(cells))
        grid.append(cells)
    return grid
