"""Tables of every format come out alike: the header first, then a row a line; csv, JSON and workbooks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents import html, sheets
from rag.documents.blocks import cells, table_block, table_blocks
from rag.documents.read import read_document
from rag.errors import DocumentError


def text_of(folder: Path, data: bytes | str, name: str) -> str:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(path, name).text


def lines_of(rows: Sequence[Sequence[str]], headers: int = 1) -> list[str]:
    return [block.text for block in table_blocks(rows, headers)]


def test_what_stands_above_the_columns_is_no_row() -> None:
    rows = [["Sales", "", ""], ["in kg", "in kg", "in kg"], ["", "2023", "2024"], ["North", "", "14"]]
    assert lines_of(rows) == ["Sales", "in kg", "| 2023 | 2024\nNorth | | 14"]
    assert lines_of([["one"], [""], ["two"]]) == ["one\ntwo"]  # a list, not two titles
    assert lines_of([["", "one"], ["two", "three"]]) == ["| one\ntwo | three"]


def test_several_header_rows_are_one_line() -> None:
    rows = [["", "Sales", "Sales"], ["Region", "2023", "2024"], ["North", "1", "2"]]
    assert lines_of(rows, 2) == ["Region | Sales 2023 | Sales 2024\nNorth | 1 | 2"]
    assert lines_of([["Title", "", ""], *rows], 3) == ["Title", "Region | Sales 2023 | Sales 2024\nNorth | 1 | 2"]


def test_a_bar_within_a_cell_is_no_border() -> None:
    rows = [["Command", "Use"], ["sort | head", "the least"], ["|", "a || b"], ["x", "| y"], ["", "z |"], ["done", ""]]
    text = table_block(rows)
    assert text == "Command | Use\nsort|head | the least\n¦ | a || b\nx | |y\n| z|\ndone"
    assert cells(text.split("\n")[1]) == ["sort|head", "the least"]
    assert cells(text.split("\n")[4]) == ["", "z|"]


CELL = st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=3)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1))
def test_a_row_can_be_taken_apart_again(rows: list[list[str]]) -> None:
    filled = [row for row in rows if any(row)]
    columns = [place for place in range(3) if any(row[place] for row in rows)]
    found = [cells(line) for line in table_block(rows).split("\n") if line]
    assert [row + [""] * (len(columns) - len(row)) for row in found] == [[row[c] for c in columns] for row in filled]


def test_header_cells_of_web_pages_that_span_columns_name_each() -> None:
    page = (
        b"<table><tr><th colspan=3>Title</th></tr><tr><th rowspan=2>Region</th><th colspan=2>Sales</th></tr>"
        b"<tr><th>2023</th><th>2024</th></tr><tr><th>North</th><td>1</td><td>2</td></tr>"
        b"<tr><td colspan=2>both</td><td>3</td></tr></table>"
    )
    (blocks,) = html.parse(page).pages
    assert [block.text for block in blocks] == [
        "Title",
        "Region | Sales 2023 | Sales 2024\nNorth | 1 | 2\nboth | | 3",
    ]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_sign_between_cells_is_found(tmp_path: Path, sign: str) -> None:
    rows = [["Name", "Price", "Note"], ["Wheel", "7.50", "a, b; c"], ["Stone", "", 'says "no"']]
    quoted = ['"{}"'.format(cell.replace('"', '""')) for row in rows for cell in row]
    data = "\n".join(sign.join(quoted[place : place + 3]) for place in (0, 3, 6))
    assert text_of(tmp_path, data, "a.csv") == 'Name | Price | Note\nWheel | 7.50 | a, b; c\nStone | | says "no"'


def test_cells_with_lines_stated_signs_and_titles(tmp_path: Path) -> None:
    assert text_of(tmp_path, 'a,b\n"one\ntwo",3\n\n', "a.csv") == "a | b\none two | 3"
    assert text_of(tmp_path, "sep=;\r\na;b\r\n1,5;2\r\n", "a.csv") == "a | b\n1,5 | 2"
    assert text_of(tmp_path, "Stock list,,\nPart,Price,Shelf\nWheel,7,A1\n", "a.csv") == (
        "Stock list\n\nPart | Price | Shelf\nWheel | 7 | A1"
    )
    assert text_of(tmp_path, "word " * 40_000, "a.csv") == ("word " * 40_000).strip()  # beyond csv's own limit


TABLE = "Barn | Ewes | Rams\nNorth | 31 | 2"


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.csv", "# Counted: 3 May, by hand, at noon\n#\n\nBarn,Ewes,Rams\nNorth,31,2\n", f"Counted: 3 May, by hand, at noon\n\n{TABLE}"),
        ("a.csv", "#Barn,Ewes,Rams\nNorth,31,2\n", f"#{TABLE}"),
        ("a.tsv", "# Barn\tEwes\tRams\nNorth\t31\t2\n", f"# {TABLE}"),
        ("a.csv", "# a\n# b\n", "# a\n# b"),
        ("a.csv", "Farm;Low Meadow\nYear;2021\n;;\nBarn;Ewes;Rams\nNorth;31;2\nSouth;5;1\n", f"Farm; Low Meadow\n\nYear; 2021\n\n{TABLE}\nSouth | 5 | 1"),
        ("a.csv", "Flock of May\nid,Barn,Ewes,Rams\n1,North,31,2\n", "Flock of May\n\nid | Barn | Ewes | Rams\n1 | North | 31 | 2"),
        ("a.csv", "Barn,Ewes\nNorth,31,2\nSouth,5,1\n", "Barn | Ewes\nNorth | 31 | 2\nSouth | 5 | 1"),
        ("a.csv", "x,y\n1,2\n\n3,4,5\n", "x | y\n1 | 2\n3 | 4 | 5"),
    ],
)  # fmt: skip
def test_lines_above_a_table_are_text(tmp_path: Path, name: str, data: str, text: str) -> None:
    assert text_of(tmp_path, data, name) == text


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.tsv", "Smith, first\tTrade\nLow, Ann\tFuller\n", "Smith, first | Trade\nLow, Ann | Fuller"),
        ("a.csv", "Smith, first;Trade\nLow, Ann;Fuller\n", "Smith, first | Trade\nLow, Ann | Fuller"),
        ("a.csv", "Length;Width\n2,5;1,5\n3,5;4,5\n", "Length | Width\n2,5 | 1,5\n3,5 | 4,5"),
        ("a.tsv", 'Tube\tCount\n"5/8 inch\t12\n2" bend\t7\nrod\t"a ""b"""\n', 'Tube | Count\n"5/8 inch | 12\n2" bend | 7\nrod | a "b"'),
        ("a.tsv", 'Tube\tNote\nrod\t"two\nlines"\n', "Tube | Note\nrod | two lines"),
        ("a.csv", 'Tube,Count\n"bend, long",12\n"5/8 inch,7\nrod,3\n', 'Tube | Count\nbend, long | 12\n"5/8 inch | 7\nrod | 3'),
    ],
)  # fmt: skip
def test_signs_and_quotation_marks(tmp_path: Path, name: str, data: str, text: str) -> None:
    assert text_of(tmp_path, data, name) == text


def test_json_records_are_a_table_and_numbers_keep_their_digits(tmp_path: Path) -> None:
    data = '[{"part": "wheel", "price": 7.50, "big": 12345678901234567890}, {"part": "stone", "at": {"shelf": "A1"}}]'
    rows = "part | price | big | at.shelf\nwheel | 7.50 | 12345678901234567890\nstone | | | A1"
    assert text_of(tmp_path, data, "a.json") == rows
    lines = data[1:-1].replace("}, {", "}\n\n{")
    assert text_of(tmp_path, lines, "a.jsonl") == rows


def test_other_json_is_lines_with_paths(tmp_path: Path) -> None:
    data = (
        '{"name": "Mill", "open": true, "owner": null, "at": {"city": "Wells", "tags": ["old", 1859]}, '
        '"rows": [[1, 2], [3]], "parts": [{"id": 1}, {"id": 2}], "end": "x"}'
    )
    document = "name: Mill\nopen: true\nat.city: Wells\nat.tags: old, 1859\nrows[0]: 1, 2\nrows[1]: 3\nend: x"
    assert text_of(tmp_path, data, "a.json") == f"{document}\n\nparts\n\nid\n1\n2"
    long = "It turns. " * 30
    records = f'{{"title": "One", "text": "{long}"}}\n{{"title": "Two", "text": "short"}}'
    assert text_of(tmp_path, records, "a.jsonl") == f"title: One\ntext: {long.strip()}\n\ntitle: Two\ntext: short"
    assert text_of(tmp_path, '"just words"', "a.json") == "just words"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.json", '{"a": 1,\n}', "is not valid JSON (line 2: "),
        ("a.jsonl", '{"a": 1}\n\n{"a"', "is not valid JSON (line 3: "),
        ("a.json", "[" * 100_000, "is nested too deep to be data; split it"),
        ("a.json", "{}", "is empty: no text was found in it"),
    ],
)
def test_json_that_is_not_read(tmp_path: Path, name: str, data: str, reason: str) -> None:
    with pytest.raises(DocumentError) as error:
        text_of(tmp_path, data, name)
    assert str(error.value).startswith(f"{tmp_path / name}: {reason}")


def workbook(named: dict[str, list[list[object]]], merged: str = "", hidden: str = "") -> bytes:
    """An .xlsx file with these sheets; numbers are numbers, everything else is text."""
    buffer = io.BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(buffer, "w") as file:
        overrides = [("/xl/workbook.xml", "sheet.main")]
        listed, links = "", ""
        for number, (name, rows) in enumerate(named.items(), start=1):
            overrides.append((f"/xl/worksheets/sheet{number}.xml", "worksheet"))
            state = ' state="hidden"' if name == hidden else ""
            listed += f'<sheet name="{name}" sheetId="{number}"{state} r:id="r{number}"/>'
            links += (
                f'<Relationship Id="r{number}" Type="{relations}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            )
            file.writestr(f"xl/worksheets/sheet{number}.xml", sheet(main, rows, merged))
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        types = "".join(f'<Override PartName="{part}" ContentType="{kind}.{what}+xml"/>' for part, what in overrides)
        plain = "application/vnd.openxmlformats-package.relationships+xml"
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="{plain}"/>{types}</Types>',
        )
        root = f'<Relationship Id="r1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
        file.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships">{root}</Relationships>')
        file.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{links}</Relationships>'
        )
        file.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>{listed}</sheets></workbook>'
        )
    return buffer.getvalue()


def sheet(main: str, rows: list[list[object]], merged: str) -> str:
    shown = ""
    for number, row in enumerate(rows, start=1):
        shown += f'<row r="{number}">'
        for letter, value in zip("ABCDEFGH", row, strict=False):
            place = f'r="{letter}{number}"'
            if isinstance(value, str):
                shown += f'<c {place} t="inlineStr"><is><t>{value}</t></is></c>' if value else ""
            else:
                shown += f"<c {place}><v>{value}</v></c>"
        shown += "</row>"
    spans = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    return f'<worksheet xmlns="{main}"><sheetData>{shown}</sheetData>{spans}</worksheet>'


def test_sheets_are_sections_and_stretches_of_rows_are_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows: list[list[object]] = [
        ["Stock", "", ""], [], ["Part", "Price", "Count"], ["Wheel", 7.5, 12], ["Stone", 0.1 + 0.2, ""], [],
        ["Counted by hand"], [],
    ]  # fmt: skip
    path.write_bytes(workbook({"Mill": rows, "Secret": [["x"]], "Empty": []}, hidden="Secret"))
    document = read_document(path, "a.xlsx")
    assert document.text == ("Mill\n\nStock\n\nPart | Price | Count\nWheel | 7.5 | 12\nStone | 0.3\n\nCounted by hand")
    assert [section.path for section in document.sections] == ["Mill"]


def test_rows_that_name_the_columns_together(tmp_path: Path) -> None:
    rows: list[list[object]] = [["", "Sales", "", ""], ["Region", "2023", "2024", "Note"], [], ["North", 1, 2, "a"]]
    assert text_of(tmp_path, workbook({"Sheet1": rows}, merged="B1:C1"), "a.xlsx") == (
        "Region | Sales 2023 | Sales 2024 | Note\nNorth | 1 | 2 | a"
    )
    names: list[list[object]] = [["Name", "Town", "Score"], ["Ann", "Wells", ""], ["Bob", "", 3]]
    assert text_of(tmp_path, workbook({"Sheet1": names}), "b.xlsx") == ("Name | Town | Score\nAnn | Wells\nBob | | 3")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3.0, "3"), (0.1 + 0.2, "0.3"), (-1.25, "-1.25"), (1e20, "1e+20"), (True, "TRUE"), ("x", "x")],
)
def test_values_are_shown_as_people_read_them(value: object, expected: str) -> None:
    assert sheets.shown(value) == expected


def test_workbooks_that_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.xlsx: is empty: no text was found in it$"):
        text_of(tmp_path, workbook({"Sheet1": []}), "a.xlsx")
    protected = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(DocumentError, match=r"a\.xlsx: is protected with a password; save a copy without one$"):
        text_of(tmp_path, protected, "a.xlsx")
    with pytest.raises(DocumentError, match=r"a\.xls: is damaged: it is not a complete workbook [^\n]*; save it anew$"):
        text_of(tmp_path, protected[:600], "a.xls")
