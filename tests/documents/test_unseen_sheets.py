"""Workbooks: hidden sheets, rows and columns, cells that nobody sees, and what a sheet holds besides its cells."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from rag.documents import excel_binary
from rag.documents.grid import Sheet
from rag.documents.options import ReadOptions
from rag.documents.read import read_document
from rag.types import Document
from tests.documents.test_packages import opened, relations, zipped
from tests.documents.test_tables import raw_workbook, workbook

INCLUDE = "; rag index --include-hidden reads it"


def read(folder: Path, name: str, data: bytes, include_hidden: bool = False) -> Document:
    (folder / name).write_bytes(data)
    return read_document(folder / name, name, options=ReadOptions(include_hidden=include_hidden))


def changed(data: bytes, parts: dict[str, str]) -> bytes:
    """The package with these parts in place of its own."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        kept = {name: package.read(name).decode() for name in package.namelist()}
    return zipped(kept | parts)


def row(number: int, *texts: str, more: str = "", style: str = "0") -> str:
    cells = "".join(
        f"<c r='{letter}{number}' s='{style}' t='inlineStr'><is><t>{text}</t></is></c>"
        for letter, text in zip("ABCD", texts, strict=False)
    )
    return f"<row r='{number}' {more}>{cells}</row>"


def test_hidden_sheets_are_named(tmp_path: Path) -> None:
    data = workbook({"Prices": [["Barn"], ["North"]], "Old": [["Barn"], ["South"]]}, hidden="Old")
    document = read(tmp_path, "a.xlsx", data)
    assert (document.notes, document.hidden) == ((f'hidden sheet "Old"{INCLUDE}',), False)
    assert "South" not in document.text
    included = read(tmp_path, "a.xlsx", data, include_hidden=True)
    assert ("South" in included.text, included.notes, included.hidden) == (True, (), True)


HIDDEN = "hidden='1'"


def test_rows_and_columns_that_were_hidden_by_hand(tmp_path: Path) -> None:
    rows = row(1, "Barn", "Key", "Sheep") + row(2, "North", "n1", "31") + row(3, "South", "s1", "12", more=HIDDEN)
    rows += row(4, more=HIDDEN) + row(5, "East", "e1", "7")
    data = raw_workbook(rows)
    columns = "<cols><col min='2' max='2' hidden='1'/><col min='4' max='9' hidden='1'/></cols><sheetData>"
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    data = changed(data, {"xl/worksheets/sheet1.xml": sheet.replace("<sheetData>", columns)})
    document = read(tmp_path, "a.xlsx", data)
    assert document.text == "Barn | Sheep\nNorth | 31\nEast | 7"
    assert document.notes == (f"1 hidden row{INCLUDE}", f"1 hidden column{INCLUDE}")
    included = read(tmp_path, "a.xlsx", data, include_hidden=True).text
    assert included == "Barn | Key | Sheep\nNorth | n1 | 31\nSouth | s1 | 12\nEast | e1 | 7"


@pytest.mark.parametrize(
    ("more", "after"),
    [
        (HIDDEN, "<autoFilter ref='A1:B3'><filterColumn colId='0'/></autoFilter>"),
        (f"{HIDDEN} outlineLevel='1'", ""),
    ],
)
def test_rows_that_a_filter_or_a_collapsed_group_hides_are_read(tmp_path: Path, more: str, after: str) -> None:
    rows = row(1, "Barn", "Sheep") + row(2, "North", "31", more=more) + row(3, "East", "7")
    document = read(tmp_path, "a.xlsx", raw_workbook(rows, after))
    assert (document.text, document.notes) == ("Barn | Sheep\nNorth | 31\nEast | 7", ())


LOOKS = (
    "<fonts><font/><font><color rgb='FFFFFFFF'/></font><font><color theme='0'/></font><font><sz val='1'/></font>"
    "<font><color theme='0' tint='-0.5'/></font><font><color indexed='9'/></font></fonts>"
    "<fills><fill><patternFill patternType='none'/></fill><fill><patternFill patternType='solid'>"
    "<fgColor rgb='FF203040'/></patternFill></fill><fill><patternFill patternType='solid'><fgColor theme='4'/>"
    "</patternFill></fill></fills>"
    "<cellXfs><xf/><xf fontId='1'/><xf fontId='2'/><xf fontId='3'/><xf fontId='4'/><xf fontId='5'/>"
    "<xf fontId='1' fillId='1'/><xf fontId='2' fillId='2'/></cellXfs>"
)


@pytest.mark.parametrize(("style", "seen"), [("1", 0), ("2", 0), ("3", 0), ("4", 1), ("5", 0), ("6", 1), ("7", 1)])
def test_cells_in_the_colour_of_their_text(tmp_path: Path, style: str, seen: int) -> None:
    data = raw_workbook(row(1, "Barn", "Sheep") + row(2, "North") + row(3, "For sale", style=style))
    looks = {"xl/styles.xml": f"<styleSheet xmlns='urn:x'>{LOOKS}</styleSheet>"}
    document = read(tmp_path, "a.xlsx", changed(data, looks))
    assert ("For sale" in document.text) == bool(seen)
    assert document.notes == (() if seen else (f"8 characters of hidden text{INCLUDE}",))
    assert "For sale" in read(tmp_path, "a.xlsx", changed(data, looks), include_hidden=True).text


@pytest.mark.parametrize("after", ["<conditionalFormatting sqref='A1 A3:B9'/>", ""])
def test_cells_that_something_else_may_colour_are_read(tmp_path: Path, after: str) -> None:
    data = raw_workbook(row(1, "Barn", "Sheep") + row(2, "North") + row(3, "For sale", style="1"), after)
    parts = {"xl/styles.xml": f"<styleSheet xmlns='urn:x'>{LOOKS}</styleSheet>"}
    if not after:
        parts["xl/worksheets/_rels/sheet1.xml.rels"] = relations(("t", "table", "../tables/t.xml"))
        parts["xl/tables/t.xml"] = "<table xmlns='urn:x' ref='A1:C4'/>"
    document = read(tmp_path, "a.xlsx", changed(data, parts))
    assert ("For sale" in document.text, document.notes) == (True, ())


def test_what_a_sheet_holds_besides_cells_that_are_seen(tmp_path: Path) -> None:
    cells = "<c r='A2'><f>SUM(B1)</f></c><c r='B2'><f>1+1</f><v>2</v></c><c r='C2' t='str'><f>\"\"</f><v></v></c>"
    strings = "<si><r><t>Until May</t></r><r><rPr><strike/></rPr><t>June</t></r></si>"
    struck = "<row r='3'><c t='s'><v>0</v></c><c s='6'><v>55</v></c></row>"
    data = raw_workbook(row(1, "Barn", "Sheep") + f"<row r='2'>{cells}</row>" + struck, strings=strings)
    size = "<xfrm><ext cx='{0}' cy='{0}'/></xfrm>"
    picture = "<pic><nvPicPr><cNvPr id='1' descr='{}'/></nvPicPr><spPr>{}</spPr></pic>"
    point = "<pt><t><p><t>{}</t></p></t></pt>"
    drawing = (
        picture.format("", size.format(900000)) + picture.format("The weir", size.format(900000))
        + picture.format("", size.format(90000)) + "<sp><txBody><p><r><t>In a box</t></r></p></txBody></sp><sp/>"
        + "<graphicFrame/>" + "<sp><nvSpPr><cNvPr hidden='1'/></nvSpPr><txBody><p><r><t>Away</t></r></p></txBody></sp>"
        + picture.replace("id='1'", "hidden='1'").format("The hidden weir", size.format(900000))
        + "<Choice><grpSp><sp><txBody><p><r><t>In a </t></r><r><t>group</t></r></p><p><r><t>below</t></r></p></txBody>"
        + "</sp></grpSp></Choice><Fallback><sp><txBody><p><r><t>In a group</t></r></p></txBody></sp></Fallback>"
        + frame("<x:chart xmlns:x='urn:c' id='c1'/>") + frame("<x:relIds xmlns:x='urn:d' dm='d1'/>")
    )  # fmt: skip
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(
            ("c", "comments", "../comments1.xml"), ("d", "drawing", "../drawings/d.xml"), ("o", "oleObject", "o.bin")
        ),
        "xl/comments1.xml": "<comments><commentList><comment/><comment/></commentList></comments>",
        "xl/drawings/d.xml": f"<wsDr>{drawing}</wsDr>",
        "xl/drawings/_rels/d.xml.rels": relations(("c1", "chart", "../c.xml"), ("d1", "diagramData", "../e.xml")),
        "xl/c.xml": "<chartSpace><chart><title><t>Sheep a year</t></title></chart></chartSpace>",
        "xl/e.xml": f"<dataModel><ptLst>{point.format('Shear')}{point.format('Sell')}</ptLst></dataModel>",
    }
    document = read(tmp_path, "a.xlsx", changed(data, parts))
    assert document.text.split("\n\n")[-5:] == [
        "Image: The weir",
        "In a box",
        "In a group\nbelow",
        "Sheep a year",
        "Shear\nSell",
    ]
    assert document.hidden is False
    assert document.notes == (
        "6 characters of struck text",
        "1 formula without a stored value; open the file in its program and save it",
        "2 comments",
        "1 image without a description",
        f"4 characters of hidden text{INCLUDE}",
        f"1 hidden image, chart or object{INCLUDE}",
        "1 embedded object",
    )


def test_what_a_sheet_of_a_binary_workbook_holds_besides_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cells_alone(*_: object) -> list[Sheet]:  # which the library would read
        return [Sheet("Barn", {0: {0: "Sheep"}})]

    monkeypatch.setattr(excel_binary, "excel_binary_sheets", cells_alone)
    parts = {
        "_rels/.rels": relations(("r", "officeDocument", "xl/workbook.bin")),
        "xl/workbook.bin": "",
        "xl/worksheets/sheet1.bin": "",
        "xl/worksheets/_rels/sheet1.bin.rels": relations(
            ("c", "comments", "../comments1.bin"), ("d", "drawing", "../drawings/d.xml")
        ),
        "xl/comments1.bin": "",
        "xl/drawings/d.xml": "<wsDr><sp><txBody><p><r><t>In a box</t></r></p></txBody></sp></wsDr>",
    }
    document = read(tmp_path, "a.xlsb", zipped(parts))
    assert (document.text, document.notes) == ("Barn\n\nSheep\n\nIn a box", ("comments of a sheet",))


def frame(inside: str) -> str:
    return f"<graphicFrame><graphic><graphicData>{inside}</graphicData></graphic></graphicFrame>"


ODS_STYLES = (
    '<office:automatic-styles><style:style style:name="gone"><style:table-properties table:display="false"/>'
    "</style:style>"
    '<style:style style:name="white"><style:text-properties fo:color="#ffffff"/></style:style>'
    '<style:style style:name="head"><style:text-properties fo:color="#ffffff"/>'
    '<style:table-cell-properties fo:background-color="#203040"/></style:style>'
    '<style:style style:name="struck"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    "</office:automatic-styles>"
)


def cells(*texts: str, style: str = "", more: str = "") -> str:
    inside = "".join(
        f'<table:table-cell table:style-name="{style}" office:value-type="string"><text:p>{text}</text:p>'
        "</table:table-cell>"
        for text in texts
    )
    return f"<table:table-row {more}>{inside}</table:table-row>"


def opendocument(tables: str) -> bytes:
    parts = opened("spreadsheet", tables)
    names = 'xmlns:style="urn:s" xmlns:fo="urn:f"'
    content = parts["content.xml"].replace("<office:body>", f"{ODS_STYLES}<office:body>", 1)
    parts["content.xml"] = content.replace("<office:document-content ", f"<office:document-content {names} ", 1)
    return zipped(parts)


def test_opendocument_workbooks(tmp_path: Path) -> None:
    collapsed, filtered = 'table:visibility="collapse"', 'table:visibility="filter"'
    columns = f"<table:table-column/><table:table-column {collapsed}/><table:table-column/>"
    drawn = (
        "<table:shapes><draw:frame><draw:image/></draw:frame><draw:custom-shape><text:p>In a box</text:p>"
        "<text:p>by<text:s/>day</text:p></draw:custom-shape><draw:frame><draw:image/><svg:desc xmlns:svg='urn:v'>"
        "The weir in May</svg:desc></draw:frame></table:shapes>"
    )
    rows = (
        cells("Barn", "Key", "Sheep", style="head") + cells("North", "n1", "31")
        + cells("South", "s1", "12", more=collapsed) + cells("East", "e1", "7", more=filtered)
        + cells("For sale", style="white") + cells("Struck", style="struck")
        + cells("West<office:annotation><text:p>hm</text:p></office:annotation>")
        + '<table:table-row><table:table-cell table:formula="of:=1"/></table:table-row>'
    )  # fmt: skip
    old = f'<table:table table:name="Old" table:style-name="gone">{cells("Barn")}</table:table>'
    data = opendocument(f'<table:table table:name="Prices">{drawn}{columns}{rows}</table:table>{old}')
    document = read(tmp_path, "a.ods", data)
    assert document.text == (
        "Prices\n\nBarn | Sheep\nNorth | 31\nEast | 7\n\nWest\n\nIn a box\nby day\n\nImage: The weir in May"
    )
    assert document.notes == (
        "1 image without a description",
        f"1 hidden row{INCLUDE}",
        f"8 characters of hidden text{INCLUDE}",
        "6 characters of struck text",
        "1 comment",
        "1 formula without a stored value; open the file in its program and save it",
        f"1 hidden column{INCLUDE}",
        f'hidden sheet "Old"{INCLUDE}',
    )
    included = read(tmp_path, "a.ods", data, include_hidden=True).text
    assert all(text in included for text in ("Barn | Key | Sheep", "South | s1 | 12", "For sale", "Old\n\nBarn"))


def test_workbooks_of_2003(tmp_path: Path) -> None:
    def cell(text: str, more: str = "", inside: str = "") -> str:
        return f'<Cell {more}><Data ss:Type="String">{text}</Data>{inside}</Cell>'

    comment = "<Comment><Data>hm</Data></Comment>"
    struck = cell("East", 'ss:StyleID="s"')
    rows = (
        f"<Row>{cell('Barn')}{cell('Key')}{cell('Sheep')}</Row>"
        f"<Row>{cell('North')}{cell('n1')}{cell('31', inside=comment)}</Row>"
        f'<Row ss:Hidden="1">{cell("South")}{cell("s1")}{cell("12")}</Row>'
        f"<Row>{struck}<Cell/><Cell ss:Formula='=1'/></Row>"
    )
    main = "urn:schemas-microsoft-com:office:spreadsheet"
    old = f'<Worksheet ss:Name="Old"><Table><Row>{cell("Barn")}</Row></Table>'
    data = (
        f'<?xml version="1.0"?><Workbook xmlns="{main}" xmlns:ss="{main}"><Styles><Style ss:ID="s">'
        '<Font ss:StrikeThrough="1"/></Style></Styles><Worksheet ss:Name="Prices"><Table><Column/>'
        f'<Column ss:Hidden="1"/>{rows}</Table></Worksheet>{old}'
        "<WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet></Workbook>"
    ).encode()
    document = read(tmp_path, "a.xls", data)
    assert document.text == "Prices\n\nBarn | Sheep\nNorth | 31"
    assert document.notes == (
        "1 comment",
        f"1 hidden row{INCLUDE}",
        "4 characters of struck text",
        "1 formula without a stored value; open the file in its program and save it",
        f"1 hidden column{INCLUDE}",
        f'hidden sheet "Old"{INCLUDE}',
    )
    included = read(tmp_path, "a.xls", data, include_hidden=True).text
    assert all(text in included for text in ("Barn | Key | Sheep", "South | s1 | 12", "Old\n\nBarn"))


def test_hidden_rows_part_no_table(tmp_path: Path) -> None:
    """What stands on both sides of a hidden row goes on, also where a cell that spans rows reaches over it."""
    rows = row(1, "Barn", "Keeper") + row(2, "North", "Ida") + row(3, "South", "Ole", more=HIDDEN)
    rows += "<row r='4'><c r='B4' t='inlineStr'><is><t>Una</t></is></c></row>" + row(6, "x", more=HIDDEN)
    document = read(tmp_path, "a.xlsx", raw_workbook(rows, "<mergeCells><mergeCell ref='A2:A4'/></mergeCells>"))
    assert document.text == "Barn | Keeper\nNorth | Ida\nNorth | Una"
    assert document.notes == (f"2 hidden rows{INCLUDE}",)
    rows = row(1, "Barn", "Keeper", "State") + row(2, "North", "Ida", "new") + row(3, "South", more=HIDDEN)
    rows += row(4, "East", "", "old")
    assert read(tmp_path, "a.xlsx", raw_workbook(rows)).text == "Barn | Keeper | State\nNorth | Ida | new\nEast | | old"
