"""Cells of long tables of all formats: embedder and reader are shown each behind the name of its column."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import pytest

from rag.documents.read import read_document
from rag.ingest.chunking import chunk
from rag.reading.forms import shown
from rag.text.embedded import as_embedded
from rag.types import Passage
from tests.documents.test_pdf import columns, make_pdf
from tests.documents.test_tables import workbook

Rows = Sequence[Sequence[str]]
ROWS = 90  # more than a passage holds, and more than a page
TABLES = {
    "stores": (("Sort", "Weight", "Shelf"), "rye oats barley wheat spelt millet".split(), " kg"),
    "wages": (("Name", "Hours", "Paid"), "Ann Ben Cleo Dan Eve Finn".split(), " pounds"),
}


def table(name: str) -> Rows:
    header, firsts, unit = TABLES[name]
    rows = [(f"{firsts[n % 6]} {n}", f"{100 + 7 * n}{unit}", f"{'ABCDEF'[n % 6]}{n % 9}") for n in range(ROWS)]
    return [header, *rows]


def as_html(rows: Rows) -> bytes:
    lines = ["".join(f"<{'td' if n else 'th'}>{cell}" for cell in row) for n, row in enumerate(rows)]
    return f"<p>Before it.<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>".encode()


def as_markdown(rows: Rows) -> bytes:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(["Before it.", "", lines[0], "|---|---|---|", *lines[1:]]).encode()


def as_csv(rows: Rows) -> bytes:
    return "\n".join(",".join(row) for row in rows).encode()


def as_docx(rows: Rows) -> bytes:
    document = docx.Document()
    document.add_paragraph("Before it.")
    grid = document.add_table(rows=0, cols=3)
    for row in rows:
        for cell, text in zip(grid.add_row().cells, row, strict=True):
            cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def as_xlsx(rows: Rows) -> bytes:
    return workbook({"Sheet1": [list(row) for row in rows]})


def as_pdf(rows: Rows) -> bytes:
    pages = [rows[start : start + 50] for start in range(0, len(rows), 50)]
    return make_pdf(
        [
            [
                piece
                for n, row in enumerate(page)
                for piece in columns(740 - 13 * n, *zip((72, 200, 330), row, strict=True))
            ]
            for page in pages
        ]
    )


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "html": as_html,
    "md": as_markdown,
    "csv": as_csv,
    "docx": as_docx,
    "xlsx": as_xlsx,
    "pdf": as_pdf,
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", TABLES)
def test_cells_stand_behind_the_names_of_their_columns(tmp_path: Path, suffix: str, name: str) -> None:
    header, *rows = table(name)
    path = tmp_path / f"{name}.{suffix}"
    path.write_bytes(FORMATS[suffix]([header, *rows]))
    document = read_document(path, path.name)
    tokens = [match.span() for match in re.finditer(r"\w+|[^\w\s]", document.text)]
    passages = chunk(document, tokens, 120, 256)
    assert len(passages) > 3
    for row in random.Random(suffix).sample(rows, 6):
        for names, cell in zip(header[1:], row[1:], strict=True):
            (passage,) = (p for p in passages if re.search(rf"^{row[0]} \|", p.text, re.MULTILINE))
            expected = f"{names}: {cell}"
            assert expected in line_of(as_embedded(passage).text, row[0])
            assert expected in line_of(shown(passage).text, row[0])
            assert passage_cites(passage, document.text)


def line_of(text: str, first: str) -> str:
    (line,) = (line for line in text.split("\n") if re.search(rf": {first};", line))
    return line


def passage_cites(passage: Passage, text: str) -> bool:
    return text[passage.start : passage.end] == passage.text
