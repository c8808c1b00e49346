"""Tables that a text draws with signs, in plain text and in Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.read import read_document

SHOWN = "Sail | Area | Year\nJib | 14 | 1907\nGaff | 31 | 1911"


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
@pytest.mark.parametrize(
    "drawn",
    [
        "+------+------+------+\n| Sail | Area | Year |\n+------+------+------+\n| Jib  |   14 | 1907 |\n"
        "| Gaff |   31 | 1911 |\n+------+------+------+",
        "+------+------+------+\n| Sail | Area | Year |\n+======+======+======+\n| Jib  |   14 | 1907 |\n"
        "+------+------+------+\n| Gaff |   31 | 1911 |\n+------+------+------+",
        "| Sail | Area | Year |\n|:-----|-----:|------|\n| Jib | 14 | 1907 |\n| Gaff | 31 | 1911 |",
    ],
)
def test_borders_of_signs(tmp_path: Path, name: str, drawn: str) -> None:
    assert text_of(tmp_path, name, f"Sails of the yawl.\n\n{drawn}\n\nAll are old.") == (
        f"Sails of the yawl.\n\n{SHOWN}\n\nAll are old."
    )


@pytest.mark.parametrize(
    "drawn",
    [
        "┌──────┬──────┬──────┐\n│ Sail │ Area │ Year │\n├──────┼──────┼──────┤\n│ Jib  │   14 │ 1907 │\n"
        "│ Gaff │   31 │ 1911 │\n└──────┴──────┴──────┘",
        " Sail | Area | Year \n------+------+------\n Jib  |   14 | 1907\n Gaff |   31 | 1911",
        "Sail   Area   Year\n-----  ----  -----\nJib      14   1907\nGaff     31   1911",
        "====  ====  ====\nSail  Area  Year\n====  ====  ====\nJib   14    1907\nGaff  31    1911\n====  ====  ====",
    ],
)
def test_other_borders(tmp_path: Path, drawn: str) -> None:
    assert text_of(tmp_path, "a.txt", drawn) == SHOWN


def test_cells_on_several_lines_and_lines_around_a_table(tmp_path: Path) -> None:
    drawn = (
        "Sails:\n+------+-------+\n| Sail | Note  |\n+------+-------+\n| Jib  | sewn  |\n|      | anew  |\n"
        "+------+-------+\n"
        "(1 row)"
    )
    assert text_of(tmp_path, "a.txt", drawn) == "Sails:\n\nSail | Note\nJib | sewn anew\n\n(1 row)"


def test_lines_that_draw_no_table_stay(tmp_path: Path) -> None:
    for text in ("Title\n-----\nText", "a -- b\n--- ---\nwords across the border", "x | y", "+----+\n| ok |\n+----+"):
        assert text_of(tmp_path, "a.txt", text) == text


def text_of(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return read_document(path, name).text
