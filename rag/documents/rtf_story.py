"""Runs of a text in rich text, and the ends of its paragraphs, cells and rows -> its blocks.

In: runs and ends in the order of the file, and what words say of the rows. Out: paragraphs, headings, lists and tables.
It knows neither groups nor looks. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.documents.blocks import Block, lists_merged, table_blocks
from rag.documents.raised import TextRun, joined_runs


@dataclass(slots=True)
class RtfRow:
    """Properties of the rows that follow, until the next definition."""

    merged: list[bool] = field(default_factory=list)  # cells that go on with the cell above
    goes_on: bool = False  # the next cell does
    is_header: bool = False
    is_shaded: bool = False

    def read(self, word: str) -> None:
        """Read a word of the definition."""
        match word:
            case "clcbpat" | "clcfpat" | "clshdng":
                self.is_shaded = True
            case "trhdr":
                self.is_header = True
            case "clvmrg":
                self.goes_on = True
            case "cellx":
                self.merged.append(self.goes_on)
                self.goes_on = False


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
        if text or boxes:
            self.end_table()
        if text:
            number = "" if marker == "- " and level else marker
            self.blocks.append(
                Block(number + text, level) if level or not marker else Block(marker + text, kind="list")
            )
        self.blocks += boxes

    def end_cell(self, level: int, row: RtfRow) -> None:
        """End the cell with its last paragraph; one that goes on with the cell above has its text."""
        self.end_paragraph(level, True)
        above, place = (self.rows[-1] if self.rows else []), len(self.row)
        text = "\n".join(self.cell)
        if not text and place < min(len(above), len(row.merged)) and row.merged[place]:
            text = above[place]
        self.row.append(text)
        self.cell = []

    def end_row(self, row: RtfRow) -> None:
        """End the row."""
        self.headers += row.is_header and self.headers == len(self.rows)
        self.rows.append(self.row)
        self.row = []

    def end_table(self) -> None:
        """End the table, if one is open."""
        if self.cell:
            self.row.append("\n".join(self.cell))
        if self.row:
            self.rows.append(self.row)
        if self.rows:
            self.blocks += table_blocks(self.rows, max(1, self.headers))
        self.cell, self.row, self.rows, self.headers = [], [], [], 0

    def ended(self, level: int) -> list[Block]:
        """The blocks, after the end of the text."""
        self.end_paragraph(level, False)
        self.end_table()
        return list(lists_merged(self.blocks))
