"""Tables of every format come out alike: the header first, then a row a line; csv, JSON and workbooks."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents import excel_binary, html
from rag.documents.blocks import table_block, table_blocks
from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.text.structure import cells


def text_of(folder: Path, data: bytes | str, name: str) -> str:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(path, name).text


def texts_of(row: str) -> list[str]:
    return [text for text, _ in cells(row)]


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
    text = table_block(rows).text
    assert text == "Command | Use\nsort|head | the least\n¦ | a || b\nx | |y\n| z|\ndone"
    assert texts_of(text.split("\n")[1]) == ["sort|head", "the least"]
    assert texts_of(text.split("\n")[4]) == ["", "z|"]


CELL = st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=3)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1))
def test_a_row_can_be_taken_apart_again(rows: list[list[str]]) -> None:
    filled = [row for row in rows if any(row)]
    columns = [place for place in range(3) if any(row[place] for row in rows)]
    found = [texts_of(line) for line in table_block(rows).text.split("\n") if line]
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
        (
            "a.csv",
            "# Counted: 3 May, by hand, at noon\n#\n\nBarn,Ewes,Rams\nNorth,31,2\n",
            f"Counted: 3 May, by hand, at noon\n\n{TABLE}",
        ),
        ("a.csv", "#Barn,Ewes,Rams\nNorth,31,2\n", f"#{TABLE}"),
        ("a.tsv", "# Barn\tEwes\tRams\nNorth\t31\t2\n", f"# {TABLE}"),
        ("a.csv", "# a\n# b\n", "# a\n# b"),
        (
            "a.csv",
            "Farm;Low Meadow\nYear;2021\n;;\nBarn;Ewes;Rams\nNorth;31;2\nSouth;5;1\n",
            f"Farm; Low Meadow\n\nYear; 2021\n\n{TABLE}\nSouth | 5 | 1",
        ),
        (
            "a.csv",
            "Flock of May\nid,Barn,Ewes,Rams\n1,North,31,2\n",
            "Flock of May\n\nid | Barn | Ewes | Rams\n1 | North | 31 | 2",
        ),
        ("a.csv", "Barn,Ewes\nNorth,31,2\nSouth,5,1\n", "Barn | Ewes\nNorth | 31 | 2\nSouth | 5 | 1"),
        ("a.csv", "7,7\n1,2\n", "7 | 7\n1 | 2"),
        (
            "a.csv",
            "Barns\nBarn,Ewes\nNorth,31\n\nShepherds\nName,Phone,Dog\nLow,0512,Fly\n\nBy hand in May\n",
            "Barns\n\nBarn | Ewes\nNorth | 31\n\nShepherds\n\nName | Phone | Dog\nLow | 0512 | Fly\n\nBy hand in May",
        ),
        (
            "a.csv",
            "Flock:;Low Meadow\n\nDay:;3 May\n\nBarn;Ewes;Rams\nNorth;31;2\nSouth;5;1\n",
            f"Flock: Low Meadow\n\nDay: 3 May\n\n{TABLE}\nSouth | 5 | 1",
        ),
        (
            "a.csv",
            "Flock:;Low Meadow\nDay:;3 May\nTime:;noon\n\nBarn;Ewes;Rams\nNorth;31;2\nSouth;5;1\n",
            f"Flock: Low Meadow\n\nDay: 3 May\n\nTime: noon\n\n{TABLE}\nSouth | 5 | 1",
        ),
        ("a.csv", "Barn,Water,Hay\n,l/day,kg\nNorth,31,2\n", "Barn | Water l/day | Hay kg\nNorth | 31 | 2"),
        (
            "a.csv",
            "Barn,2021,,2022,\n,Ewes,Rams,Ewes,Rams\nNorth,31,2,33,3\n",
            "Barn | 2021 Ewes | 2021 Rams | 2022 Ewes | 2022 Rams\nNorth | 31 | 2 | 33 | 3",
        ),
        ("a.csv", "Unit,Name\nm,metre\ns,second\n", "Unit | Name\nm | metre\ns | second"),
        ("a.csv", "x,y\n1,2\n\n3,4,5\n", "x | y\n1 | 2\n3 | 4 | 5"),
    ],
)
def test_lines_above_a_table_are_text(tmp_path: Path, name: str, data: str, text: str) -> None:
    assert text_of(tmp_path, data, name) == text


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.tsv", "Smith, first\tTrade\nLow, Ann\tFuller\n", "Smith, first | Trade\nLow, Ann | Fuller"),
        (
            "a.tsv",
            "Low, May\nSmith, first\tTrade\nLow, Ann\tFuller\n",
            "Low, May\n\nSmith, first | Trade\nLow, Ann | Fuller",
        ),
        ("a.csv", "Smith, first;Trade\nLow, Ann;Fuller\n", "Smith, first | Trade\nLow, Ann | Fuller"),
        ("a.csv", "Length;Width\n2,5;1,5\n3,5;4,5\n", "Length | Width\n2,5 | 1,5\n3,5 | 4,5"),
        (
            "a.tsv",
            'Tube\tCount\n"5/8 inch\t12\n2" bend\t7\nrod\t"a ""b"""\n',
            'Tube | Count\n"5/8 inch | 12\n2" bend | 7\nrod | a "b"',
        ),
        ("a.tsv", 'Tube\tNote\nrod\t"two\nlines"\n', "Tube | Note\nrod | two lines"),
        (
            "a.csv",
            'Tube,Count\n"bend, long",12\n"5/8 inch,7\nrod,3\n',
            'Tube | Count\nbend, long | 12\n"5/8 inch | 7\nrod | 3',
        ),
    ],
)
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
        ("a.json", '["a",\n"b",\n"c"\n"d"', "is not valid JSON (line 4: "),
        ("a.json", '{"a": 1,\n}', "is not valid JSON (line 2: "),
        ("a.json", '{"a": 1}\n{"a": 2\n{"a": 3', "is not valid JSON (line 3: "),
        ("a.jsonl", '{"a": 1}\n\n{"a"\n{"b"', "is not valid JSON (line 4: "),
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


STYLES = (
    "<numFmts><numFmt numFmtId='170' formatCode='0000'/><numFmt numFmtId='171' formatCode='[h]:mm'/>"
    "<numFmt numFmtId='172' formatCode='#,##0.0 &quot;kg&quot;'/></numFmts><fonts><font/><font><strike/>"
    "</font></fonts><cellXfs>"
    "<xf numFmtId='0'/><xf numFmtId='170'/><xf numFmtId='171'/><xf numFmtId='172'/><xf numFmtId='10'/><xf "
    "numFmtId='14'/>"
    "<xf numFmtId='0' fontId='1'/></cellXfs>"
)


def raw_workbook(cells: str, after: str = "", strings: str = "", links: str = "", properties: str = "") -> bytes:
    """An .xlsx file of one sheet with these rows and what follows them, and with the styles above."""
    kept = io.BytesIO(workbook({"Sheet1": []}))
    sheet_path, main = "xl/worksheets/sheet1.xml", "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(kept) as made:
        parts = {name: made.read(name).decode() for name in made.namelist()}
    relations = "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'"
    parts[sheet_path] = f"<worksheet xmlns='{main}' {relations}><sheetData>{cells}</sheetData>{after}</worksheet>"
    parts["xl/styles.xml"] = f"<styleSheet xmlns='{main}'>{STYLES}</styleSheet>"
    parts["xl/sharedStrings.xml"] = f"<sst xmlns='{main}'>{strings}</sst>"
    more = "".join(
        f"<Relationship Id='{kind}' Type='x/{kind}' Target='{kind}.xml'/>" for kind in ("styles", "sharedStrings")
    )
    path = "xl/_rels/workbook.xml.rels"
    parts[path] = parts[path].replace("</Relationships>", f"{more}</Relationships>")
    parts["xl/worksheets/_rels/sheet1.xml.rels"] = f"<Relationships>{links}</Relationships>"
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace("<sheets>", f"{properties}<sheets>")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return out.getvalue()


def test_cells_show_what_their_formats_say(tmp_path: Path) -> None:
    values = [("1", 87), ("2", 1.75), ("3", 1204.25), ("4", 0.075), ("5", 44319), ("0", 9007199254740993), ("6", 5)]
    cells = "".join(f"<c s='{style}'><v>{value}</v></c>" for style, value in values)
    assert text_of(tmp_path, raw_workbook(f"<row>{cells}</row>"), "a.xlsx") == (
        "0087 | 42:00 | 1,204.3 kg | 7.50% | 2021-05-03 | 9007199254740992"
    )
    old = raw_workbook("<row><c s='5'><v>42857</v></c><c><v>1</v></c></row>", properties="<workbookPr date1904='1'/>")
    assert text_of(tmp_path, old, "b.xlsx") == "2021-05-03 | 1"


def test_strings_and_links_of_cells(tmp_path: Path) -> None:
    strings = (
        "<si><r><t xml:space='preserve'>4 m</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>2</t></r></si>"
        "<si><t>one_x000D_two</t><rPh><t>reading</t></rPh></si>"
        "<si><r><t xml:space='preserve'>by 3 May</t></r><r><rPr><strike/></rPr><t> or 4 May</t></r></si>"
    )
    cells = "".join(f"<c t='s'><v>{number}</v></c>" for number in range(3))
    cells += "<c t='b'><v>1</v></c><c t='e'><v>#N/A</v></c><c r='G1' t='str'><f>HYPERLINK(\"https://wool.example\",\"x\")</f><v>x</v></c>"
    cells += "<c t='inlineStr'><is><t>Form</t></is></c><c t='d'><v>2021-05-03T00:00:00</v></c>"
    link = "<Relationship Id='k' Type='x/hyperlink' Target='https://wool.example/form' TargetMode='External'/>"
    after = "<hyperlinks><hyperlink ref='H1' r:id='k'/></hyperlinks>"
    assert text_of(tmp_path, raw_workbook(f"<row r='1'>{cells}</row>", after, strings, link), "a.xlsx") == (
        "4 m^2 | one two | by 3 May | TRUE | x | Form (https://wool.example/form) | 2021-05-03"
    )


def test_addresses_of_links_and_formulas_without_values(tmp_path: Path) -> None:
    cells = "<c r='A1' t='inlineStr'><is><t>Shearing</t></is></c><c r='B1'><f>1+1</f><v/></c><c><f>2+2</f><v>4</v></c>"
    cells += "<c t='str'><f>T(A9)</f><v></v></c>"
    link = "<Relationship Id='k' Type='x/hyperlink' Target='https://wool.example/day' TargetMode='External'/>"
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        raw_workbook(f"<row r='1'>{cells}</row>", "<hyperlinks><hyperlink ref='A1' r:id='k'/></hyperlinks>", "", link)
    )
    document = read_document(path, "a")
    assert document.text == "Shearing | 4"
    assert [(document.text[link.start : link.end], link.url) for link in document.links] == [
        ("Shearing", "https://wool.example/day")
    ]
    assert document.notes == ("1 formula without a stored value; open the file in its program and save it",)


def test_cells_far_away_cost_nothing(tmp_path: Path) -> None:
    far = "<row r='1048576'><c r='XFD1048576' t='inlineStr'><is><t>{}</t></is></c></row>"
    near = "<row r='1'><c r='B1'><v>1</v></c><c r='C1'><v>2</v></c></row>"
    assert text_of(tmp_path, raw_workbook(near + far.format(" ")), "a.xlsx") == "1 | 2"
    assert text_of(tmp_path, raw_workbook(near + far.format("here")), "b.xlsx") == "1 | 2\n\nhere"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            [["", "Role", "City"], ["Ann", "Miller", "Wells"], ["Bob", "Baker", "Bath"]],
            "| Role | City\nAnn | Miller | Wells\nBob | Baker | Bath",
        ),
        (
            [["Name", "", "City"], ["Ann", "Miller", "Wells"], ["Bob", "Baker", 7]],
            "Name | | City\nAnn | Miller | Wells\nBob | Baker | 7",
        ),
        ([["", "Sales", ""], ["Area", "May", "June"], ["North", 1, 2]], "Area | Sales May | Sales June\nNorth | 1 | 2"),
        (
            [["Barn", "Ewes"], ["North", 3], [], ["South", 4], [], [], ["All", 7]],
            "Barn | Ewes\nNorth | 3\nSouth | 4\nAll | 7",
        ),
        ([["Name", "Town"], ["Ann", "Wells"], [], ["Bob", "Bath"]], "Name | Town\nAnn | Wells\nBob | Bath"),
        (
            [["Barn", "Ewes"], ["North", 3], [], ["Hill farm", ""], ["South", 4]],
            "Barn | Ewes\nNorth | 3\n\nHill farm\n\nBarn | Ewes\nSouth | 4",
        ),
        (
            [["Barn", "Ewes"], ["North", 3], [], ["Dog", "Age"], ["Rex", 5]],
            "Barn | Ewes\nNorth | 3\n\nDog | Age\nRex | 5",
        ),
        ([[7, 7], [1, 2]], "7 | 7\n1 | 2"),
        (
            [["", 2020, 2021], ["North", 3, 4], [], ["", 2022, 2023], ["North", 5, 6]],
            "| 2020 | 2021\nNorth | 3 | 4\n\n| 2022 | 2023\nNorth | 5 | 6",
        ),
        ([["Barn", "Ewes"], ["North", 3], [], ["Counted twice."]], "Barn | Ewes\nNorth | 3\n\nCounted twice."),
    ],
)
def test_what_names_columns_and_what_is_a_row(tmp_path: Path, rows: list[list[object]], text: str) -> None:
    assert text_of(tmp_path, workbook({"Sheet1": rows}), "a.xlsx") == text


def test_a_cell_that_spans_rows_holds_for_each(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Barn", "Sheep", "Count"], ["North", "ewes", 3], ["", "rams", 1], ["South", "ewes", 2]]
    text = "Barn | Sheep | Count\nNorth | ewes | 3\nNorth | rams | 1\nSouth | ewes | 2"
    assert text_of(tmp_path, workbook({"Sheet1": rows}, merged="A2:A3"), "a.xlsx") == text
    lines: list[list[object]] = [["Sheep"], ["counted in May"], ["and June"]]
    assert text_of(tmp_path, workbook({"Sheet1": lines}, merged="A1:D1"), "c.xlsx") == "Sheep\ncounted in May\nand June"
    names: list[list[object]] = [["Barn", "Sheep", ""], ["", "ewes", "rams"], ["North", "few", "none"]]
    assert text_of(tmp_path, workbook({"Sheet1": names}, merged="B1:C1"), "b.xlsx") == (
        "Barn | Sheep ewes | Sheep rams\nNorth | few | none"
    )


WEB = (
    "<html xmlns:x='urn:x'><body><table><tr><td>Barn</td><td>Ewes</td></tr><tr><td>North</td><td>31</td></tr>"
    "</table></body></html>"
)
XML_2003 = (
    "<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet' "
    "xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><Styles><Style ss:ID='p'><NumberFormat "
    "ss:Format='Percent'/></Style>"
    "</Styles><Worksheet ss:Name='Flock'><Table><Row ss:Index='3'><Cell><Data ss:Type='String'>Barn</Data>"
    "</Cell><Cell ss:Index='3'>"
    "<Data ss:Type='String'>Lame</Data></Cell></Row><Row><Cell><Data ss:Type='String'>North</Data></Cell>"
    "<Cell ss:Index='3' "
    "ss:StyleID='p'><Data ss:Type='Number'>0.08</Data></Cell></Row></Table></Worksheet></Workbook>"
)
MHT = (
    f"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n{WEB}\n--b--\n"
)


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.xls", WEB, "Barn | Ewes\nNorth | 31"),
        ("a.xls", MHT, "Barn | Ewes\nNorth | 31"),
        ("a.xls", XML_2003, "Flock\n\nBarn | Lame\nNorth | 8.00%"),
        ("a.xls", "Barn\tEwes\nNorth\t31\n", "Barn | Ewes\nNorth | 31"),
        ("a.xlsx", "Barn;Ewes\nNorth;31\n", "Barn | Ewes\nNorth | 31"),
        ("a.csv", workbook({"Sheet1": [["Barn", "Ewes"], ["North", 31]]}), "Barn | Ewes\nNorth | 31"),
    ],
)
def test_workbooks_are_read_as_what_they_are(tmp_path: Path, name: str, data: bytes | str, text: str) -> None:
    assert text_of(tmp_path, data, name) == text


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
    rows = [["Barn", 2021, "", 2022, ""], ["", "Ewes", "Rams", "Ewes", "Rams"], ["North", 31, 2, 33, 3]]
    assert text_of(tmp_path, workbook({"Sheet1": rows}), "c.xlsx").startswith("Barn | 2021 Ewes | 2021 Rams")
    rows = [["Barn", "Water", "Hay"], ["", "l/day", "kg"], ["North", 31, 2]]
    assert text_of(tmp_path, workbook({"Sheet1": rows}), "d.xlsx") == "Barn | Water l/day | Hay kg\nNorth | 31 | 2"
    names: list[list[object]] = [["Name", "Town", "Score"], ["Ann", "Wells", ""], ["Bob", "", 3]]
    assert text_of(tmp_path, workbook({"Sheet1": names}), "b.xlsx") == ("Name | Town | Score\nAnn | Wells\nBob | | 3")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (-1.25, "-1.25"),
        (1e20, "100000000000000000000"),
        (4321098765432109.0, "4321098765432109"),
        (1e300, "1e+300"),
        (True, "TRUE"),
        ("x", "x"),
        (datetime.timedelta(hours=41, minutes=5), "41:05"),
        (datetime.timedelta(minutes=-90, seconds=-5), "-1:30:05"),
        (datetime.datetime(2021, 5, 3), "2021-05-03"),
        (datetime.datetime(2021, 5, 3, 7, 8, 9), "2021-05-03 07:08:09"),
        (datetime.time(7, 8, 59, 999_999), "07:09"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, expected: str) -> None:
    assert excel_binary.shown_value(value) == expected


def test_workbooks_that_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.xlsx: is empty: no text was found in it$"):
        text_of(tmp_path, workbook({"Sheet1": []}), "a.xlsx")
    protected = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(DocumentError, match=r"a\.xlsx: is protected with a password; save a copy without one$"):
        text_of(tmp_path, protected, "a.xlsx")
    with pytest.raises(DocumentError, match=r"a\.xls: is damaged: it is not a complete workbook [^\n]*; save it anew$"):
        text_of(tmp_path, protected[:600], "a.xls")


def test_several_json_values_are_a_list(tmp_path: Path) -> None:
    rows = "part | price\nwheel | 7\nstone | 9"
    for between in ("", "\n", ",\n", "\n\n", "\x1e"):
        data = f'{{"part": "wheel",\n "price": 7}}{between}{{"part": "stone", "price": 9}}\n'
        assert text_of(tmp_path, data, "a.json") == rows
        assert text_of(tmp_path, data, "a.jsonl") == rows


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_line_that_is_no_json_costs_itself_and_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"part": "wheel"}\n{"part": "sto\n{"part": "weir"}\n')
    document = read_document(tmp_path / name, name)
    assert document.text == "part\nwheel\nweir"
    (note,) = document.notes
    assert note.startswith("a line was left out: it is not valid JSON (line 2: ")


def test_lists_of_sentences_get_no_commas(tmp_path: Path) -> None:
    value = '{"tags": ["old", "oak"], "steps": ["Open the weir.", "Wait, then go."], "names": ["Miller, Ann", "Bob"]}'
    assert text_of(tmp_path, value, "a.json") == (
        "tags: old, oak\nsteps: Open the weir.\nWait, then go.\nnames: Miller, Ann\nBob"
    )


def test_a_text_that_its_look_cuts_into_parts_is_whole(tmp_path: Path) -> None:
    value = '{"note": ["It turns ", {"type": "bold", "text": "at ten"}, "."], "rows": ["a", {"id": 1}]}'
    assert text_of(tmp_path, value, "a.json") == "note: It turns at ten.\n\nrows\n\n| id\na\n| 1"


def test_what_names_one_part_of_the_data_is_no_title(tmp_path: Path) -> None:
    several = workbook({"Ewes": [["Name", "Age"], ["Dot", 3]], "Rams": [["Name", "Age"], ["Bob", 4]]})
    (tmp_path / "flock.xlsx").write_bytes(several)
    assert read_document(tmp_path / "flock.xlsx", "flock.xlsx").title == "flock"
    (tmp_path / "flock.xlsx").write_bytes(workbook({"Ewes 2024": [["Name", "Age"], ["Dot", 3]]}))
    assert read_document(tmp_path / "flock.xlsx", "flock.xlsx").title == "Ewes 2024"
    (tmp_path / "flock.xlsx").write_bytes(workbook({"Feuille1": [["Name", "Age"], ["Dot", 3]]}))
    assert read_document(tmp_path / "flock.xlsx", "flock.xlsx").text == "Name | Age\nDot | 3"
    (tmp_path / "flock.json").write_text('{"farm": {"ewes": [{"name": "Dot", "age": 3}]}}')
    found = read_document(tmp_path / "flock.json", "flock.json")
    assert (found.title, found.text) == ("flock", "farm.ewes\n\nname | age\nDot | 3")


def test_a_workbook_in_xml_may_begin_on_a_new_line(tmp_path: Path) -> None:
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    cell = '<Row><Cell><Data ss:Type="String">Mill</Data></Cell></Row>'
    book = (
        f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="Sheet1"><Table>{cell}'
    )
    assert text_of(tmp_path, f"\n\t{book}</Table></Worksheet></Workbook>", "a.xml") == "Mill"
