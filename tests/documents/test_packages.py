"""Presentations, OpenDocument files and electronic books: zip files, written here by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.types import Document, Section

P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
C = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return buffer.getvalue()


def read(folder: Path, parts: dict[str, str], name: str) -> Document:
    (folder / name).write_bytes(zipped(parts))
    return read_document(folder / name, name)


def relations(*targets: tuple[str, str, str]) -> str:
    links = (f'<Relationship Id="{key}" Type="{TYPE}/{kind}" Target="{path}"/>' for key, kind, path in targets)
    return f"<Relationships>{''.join(links)}</Relationships>"


def shape(place: str, *paragraphs: str) -> str:
    """`place`: the type of the placeholder, "" for a shape that was drawn."""
    filled = f'<p:ph type="{place}"/>' if place else ""
    runs = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in paragraphs)
    return f"<p:sp><p:nvSpPr><p:nvPr>{filled}</p:nvPr></p:nvSpPr><p:txBody>{runs}</p:txBody></p:sp>"


def slide(*shapes: str) -> str:
    return f"<p:sld {P} {A} {R} {C}><p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld></p:sld>"


def frame(inside: str) -> str:
    return f"<p:graphicFrame><a:graphic><a:graphicData>{inside}</a:graphicData></a:graphic></p:graphicFrame>"


def cell(text: str, mark: str = "") -> str:
    """`mark`: an attribute and its value, as name=value."""
    marks = mark and "{}='{}'".format(*mark.split("="))
    return f"<a:tc {marks}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"


def presentation(*slides: str, more: dict[str, str] | None = None) -> dict[str, str]:
    """Slides listed in an order that is not that of their names."""
    numbers = range(len(slides))
    listed = "".join(f'<p:sldId id="{256 + number}" r:id="r{number}"/>' for number in numbers)
    targets = [(f"r{number}", "slide", f"slides/slide{9 - number}.xml") for number in numbers]
    parts = {
        "_rels/.rels": relations(("r1", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {P} {R}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(*targets),
    }
    parts |= {f"ppt/slides/slide{9 - number}.xml": text for number, text in enumerate(slides)}
    return parts | (more or {})


def test_slides_are_pages_and_their_titles_sections(tmp_path: Path) -> None:
    table = frame(
        f"<a:tbl><a:tr>{cell('Part')}{cell('Price', 'gridSpan=2')}{cell('', 'hMerge=1')}</a:tr>"
        f"<a:tr>{cell('Wheel', 'rowSpan=2')}{cell('7')}{cell('8')}</a:tr>"
        f"<a:tr>{cell('', 'vMerge=1')}{cell('9')}{cell('')}</a:tr></a:tbl>"
    )
    first = slide(
        shape("", "Drawn first"), shape("ctrTitle", "The Mill"), shape("body", "one", "two"), shape("sldNum", "1"),
        f"<p:grpSp>{shape('', 'inside a group')}</p:grpSp>", table,
    )  # fmt: skip
    notes = f"<p:notes {P} {A}><p:cSld><p:spTree>{shape('sldImg')}{shape('body', 'Speak up.')}</p:spTree></p:cSld></p:notes>"
    more = {
        "ppt/slides/_rels/slide7.xml.rels": relations(("r1", "notesSlide", "../notesSlides/notesSlide1.xml")),
        "ppt/notesSlides/notesSlide1.xml": notes,
    }
    document = read(tmp_path, presentation(first, slide(), slide(shape("title", "End")), more=more), "a.pptx")
    assert document.text == (
        "The Mill\n\nDrawn first\n\none\ntwo\n\ninside a group\n\n"
        "Part | Price | Price\nWheel | 7 | 8\nWheel | 9\n\nEnd\n\nNotes: Speak up."
    )
    third = document.text.index("End")
    assert document.pages == (0, third, third)
    assert document.sections == (Section(0, "The Mill"), Section(third, "End"))


def test_a_chart_is_the_table_of_its_values(tmp_path: Path) -> None:
    def points(kind: str, cache: str, *values: str) -> str:
        inside = "".join(f'<c:pt idx="{n}"><c:v>{value}</c:v></c:pt>' for n, value in enumerate(values))
        return f"<c:{kind}><c:{cache}Ref><c:{cache}Cache>{inside}</c:{cache}Cache></c:{cache}Ref></c:{kind}>"

    years = points("cat", "str", "2023", "2024")
    series = "".join(
        f"<c:ser>{points('tx', 'str', name)}{years}{points('val', 'num', *values)}</c:ser>"
        for name, *values in (("Sheep", "12", "14"), ("Goats", "3"))
    )
    title = "<c:title><c:tx><c:rich><a:p><a:r><a:t>Animals</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    chart = f"<c:chartSpace {C} {A}><c:chart>{title}<c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart></c:chartSpace>"
    more = {
        "ppt/slides/_rels/slide9.xml.rels": relations(("r5", "chart", "../charts/chart1.xml")),
        "ppt/charts/chart1.xml": chart,
    }
    drawn = slide(shape("title", "Farm"), frame('<c:chart r:id="r5"/>'))
    document = read(tmp_path, presentation(drawn, more=more), "a.pptx")
    assert document.text == "Farm\n\nAnimals\n\n| Sheep | Goats\n2023 | 12 | 3\n2024 | 14"


def pictured(tmp_path: Path, series: str) -> str:
    """The text of a slide with a chart of these series."""
    more = {
        "ppt/slides/_rels/slide9.xml.rels": relations(("r5", "chart", "../charts/chart1.xml")),
        "ppt/charts/chart1.xml": f"<c:chartSpace {C} {A}><c:chart>{series}</c:chart></c:chartSpace>",
    }
    return read(tmp_path, presentation(slide(frame('<c:chart r:id="r5"/>')), more=more), "a.pptx").text


def test_points_of_a_chart_stand_where_their_index_says(tmp_path: Path) -> None:
    quarters = "".join(f'<c:pt idx="{n}"><c:v>Q{n + 1}</c:v></c:pt>' for n in range(4))
    values = '<c:pt idx="0"><c:v>31</c:v></c:pt><c:pt idx="3"><c:v>47</c:v></c:pt>'
    text = pictured(
        tmp_path,
        f"<c:ser><c:tx><c:v>Wool</c:v></c:tx><c:cat><c:strRef><c:strCache>{quarters}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache>{values}</c:numCache></c:numRef></c:val></c:ser>",
    )
    assert text == "| Wool\nQ1 | 31\nQ2\nQ3\nQ4 | 47"


def test_levels_of_labels_go_together(tmp_path: Path) -> None:
    inner = "".join(f'<c:pt idx="{n}"><c:v>{name}</c:v></c:pt>' for n, name in enumerate(("May", "June", "May")))
    outer = '<c:pt idx="0"><c:v>2021</c:v></c:pt><c:pt idx="2"><c:v>2022</c:v></c:pt>'
    values = "".join(f'<c:pt idx="{n}"><c:v>{n + 5}</c:v></c:pt>' for n in range(3))
    text = pictured(
        tmp_path,
        f"<c:ser><c:cat><c:multiLvlStrRef><c:multiLvlStrCache><c:lvl>{inner}</c:lvl><c:lvl>{outer}</c:lvl></c:multiLvlStrCache>"
        f"</c:multiLvlStrRef></c:cat><c:val><c:numLit>{values}</c:numLit></c:val></c:ser>",
    )
    assert text == "2021 May | 5\n2021 June | 6\n2022 May | 7"


def test_looks_links_and_numbers_of_slides(tmp_path: Path) -> None:
    def paragraph(*runs: tuple[str, str], numbered: str = "", level: int = 0) -> str:
        number = f'<a:buAutoNum type="{numbered}" startAt="3"/>' if numbered else ""
        texts = "".join(f"<a:r><a:rPr {look}<a:t>{text}</a:t></a:r>" for text, look in runs)
        return f'<a:p><a:pPr lvl="{level}">{number}</a:pPr>{texts}</a:p>'

    plain, raised, struck = "/>", 'baseline="30000"/>', 'strike="sngStrike"/>'
    body = (
        paragraph(("7 × 10", plain), ("5", raised), (" sheep on ", plain), ("4 May", struck), ("6 May", 'strike="noStrike"/>'))
        + paragraph(("ü", '><a:sym typeface="Wingdings"/></a:rPr>'), (" shorn", plain))
        + paragraph(("Form", '><a:hlinkClick r:id="r8"/></a:rPr>'))
        + paragraph(("wash", plain), numbered="arabicPeriod")
        + paragraph(("cold", plain), numbered="alphaLcParenBoth", level=1)
        + paragraph(("dry", plain), numbered="arabicPeriod")
    )  # fmt: skip
    drawn = slide(f"<p:sp><p:txBody>{body}</p:txBody></p:sp>")
    link = f'<Relationship Id="r8" Type="{TYPE}/hyperlink" Target="https://wool.example/f" TargetMode="External"/>'
    more = {"ppt/slides/_rels/slide9.xml.rels": f"<Relationships>{link}</Relationships>"}
    assert read(tmp_path, presentation(drawn, more=more), "a.pptx").text == (
        "7 × 10^5 sheep on 6 May\n✓ shorn\nForm (https://wool.example/f)\n3. wash\n(c) cold\n4. dry"
    )


OFFICE = (
    'xmlns:office="urn:o" xmlns:text="urn:t" xmlns:table="urn:b" xmlns:draw="urn:d" xmlns:presentation="urn:p" '
    'xmlns:dc="urn:c"'
)


def opened(kind: str, body: str, meta: str = "", manifest: str = "") -> dict[str, str]:
    content = f"<office:document-content {OFFICE}><office:body><office:{kind}>{body}</office:{kind}></office:body>"
    return {
        "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
        "content.xml": f"{content}</office:document-content>",
        "meta.xml": f"<office:document-meta {OFFICE}><office:meta>{meta}</office:meta></office:document-meta>",
    }


def test_opendocument_text(tmp_path: Path) -> None:
    body = (
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
        '<text:h text:outline-level="1">Mill</text:h>'
        '<text:p>It<text:s text:c="3"/>turns<text:note><text:note-body><text:p>A note.</text:p></text:note-body>'
        "</text:note>.<text:line-break/><text:span>Still<office:annotation><text:p>hm</text:p></office:annotation>"
        "</text:span></text:p>"
        "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p>"
        "</text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>"
        '<text:section><text:h text:outline-level="2">Parts</text:h></text:section>'
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Part</text:p>"
        "</table:table-cell><table:table-cell><text:p>Price</text:p></table:table-cell></table:table-row>"
        "</table:table-header-rows><table:table-row><table:table-cell><text:p>Wheel</text:p></table:table-cell>"
        '<table:table-cell table:number-columns-repeated="2"><text:p>7</text:p></table:table-cell></table:table-row>'
        "</table:table><text:p><draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame></text:p>"
    )
    document = read(tmp_path, opened("text", body, "<dc:title>The Mill</dc:title>"), "a.odt")
    assert document.text == (
        "Mill\n\nIt turns.\nStill\n\n- one\n- inner\n- two\n\nParts\n\nPart | Price\nWheel | 7 | 7\n\nIn a box\n\nA note."
    )
    assert document.title == "The Mill"
    assert [section.path for section in document.sections] == ["Mill", "Mill > Parts"]


def test_descriptions_of_pictures(tmp_path: Path) -> None:
    picture = '<p:pic><p:nvPicPr><p:cNvPr id="4" name="Picture 3" descr="A wheel of oak"/></p:nvPicPr></p:pic>'
    assert read(tmp_path, presentation(slide(shape("title", "Mill"), picture)), "a.pptx").text == (
        "Mill\n\nImage: A wheel of oak"
    )
    frame = (
        "<text:p>Seen.<draw:frame><draw:image/><svg:title>wheel</svg:title><svg:desc>A wheel of oak</svg:desc>"
        "</draw:frame></text:p>"
    )
    parts = opened("text", frame)
    parts["content.xml"] = parts["content.xml"].replace(
        "<office:document-content", '<office:document-content xmlns:svg="urn:g"'
    )
    assert read(tmp_path, parts, "a.odt").text == "Seen.\n\nImage: A wheel of oak"


def test_headers_and_footers_of_opendocument(tmp_path: Path) -> None:
    page = (
        "<style:header><text:p>Mill Lane 7</text:p></style:header><style:header-first><text:p>Ref. 12</text:p>"
        "</style:header-first><style:footer><text:p>Seite <text:page-number>3</text:page-number></text:p></style:footer>"
    )
    styles = (
        f'<office:document-styles {OFFICE} xmlns:style="urn:s"><office:master-styles><style:master-page>{page}'
        "</style:master-page></office:master-styles></office:document-styles>"
    )
    parts = opened("text", "<text:p>It turns.</text:p>") | {"styles.xml": styles}
    assert read(tmp_path, parts, "a.odt").text == "Mill Lane 7\n\nRef. 12\n\nIt turns."


def styled(styles: str, body: str, kind: str = "text", **more: str) -> dict[str, str]:
    parts = opened(kind, body)
    names = 'xmlns:style="urn:s" xmlns:fo="urn:f" xmlns:xlink="urn:x" xmlns:calcext="urn:e"'
    head = f"<office:document-content {OFFICE} {names}><office:automatic-styles>{styles}</office:automatic-styles><office:body>"
    parts["content.xml"] = parts["content.xml"].replace(f"<office:document-content {OFFICE}><office:body>", head)
    return parts | more


def test_looks_links_and_formulas_of_opendocument(tmp_path: Path) -> None:
    styles = (
        '<style:style style:name="up"><style:text-properties style:text-position="super 58%"/></style:style>'
        '<style:style style:name="low"><style:text-properties style:text-position="-33% 58%"/></style:style>'
        '<style:style style:name="gone"><style:text-properties style:text-line-through-style="solid"/></style:style>'
        '<style:style style:name="kept" style:parent-style-name="gone"><style:text-properties style:text-line-through-style="none"/>'
        "</style:style>"
        '<style:style style:name="unseen"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="signs"><style:text-properties style:font-name="Wingdings"/></style:style>'
    )
    body = (
        '<text:p>5 × 10<text:span text:style-name="up">8</text:span> l of x<text:span text:style-name="low">1</text:span></text:p>'
        '<text:p>Until <text:span text:style-name="gone">4 June </text:span><text:span text:style-name="kept">9 June</text:span>'
        '<text:span text:style-name="unseen"> or so</text:span></text:p>'
        '<text:p><text:span text:style-name="signs">\uf0fe</text:span> <text:a xlink:href="https://wool.example/f">Form</text:a></text:p>'
        '<text:p>Then <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame> left</text:p>'
    )
    formula = "<math><semantics><mrow><mfrac><mn>3</mn><mn>4</mn></mfrac><mo>=</mo><msup><mi>x</mi><mn>2</mn></msup></mrow><annotation>a</annotation></semantics></math>"
    assert read(tmp_path, styled(styles, body, **{"Object 1/content.xml": formula}), "a.odt").text == (
        "5 × 10^8 l of x_1\n\nUntil 9 June\n\n☑ Form (https://wool.example/f)\n\nThen 3/4 = x^2 left"
    )


def test_numbers_of_opendocument(tmp_path: Path) -> None:
    level = '<text:list-level-style-number text:level="{}" style:num-format="{}" style:num-suffix="{}" text:display-levels="{}"/>'
    outline = '<text:outline-level-style text:level="{}" style:num-format="{}" text:display-levels="{}"/>'
    styles = (
        f'<text:list-style style:name="L">{level.format(1, "1", ".", 1)}{level.format(2, "a", ")", 1)}</text:list-style>'
        f"<text:outline-style>{outline.format(1, 'I', 1)}{outline.format(2, '1', 2)}</text:outline-style>"
    )
    item = "<text:list-item>{}</text:list-item>"
    listed = '<text:list text:style-name="L"{}>{}</text:list>'
    inner = "<text:list>" + item.format("<text:p>cold</text:p>") + item.format("<text:p>warm</text:p>") + "</text:list>"
    body = (
        '<text:h text:outline-level="1">Wool</text:h><text:h text:outline-level="2">Washing</text:h>'
        + listed.format("", item.format(f"<text:p>Wash</text:p>{inner}") + item.format("<text:p>Dry</text:p>"))
        + "<text:p>Between.</text:p>"
        + listed.format(' text:continue-numbering="true"', item.format("<text:p>Card</text:p>"))
        + listed.format("", item.format('<text:h text:outline-level="2">Spinning</text:h>'))
    )
    document = read(tmp_path, styled(styles, body), "a.odt")
    assert document.text == (
        "I Wool\n\nI.1 Washing\n\n1. Wash\na) cold\nb) warm\n2. Dry\n\nBetween.\n\n3. Card\n\n1. Spinning"
    )
    assert [section.path for section in document.sections] == ["I Wool", "I Wool > I.1 Washing", "I Wool > 1. Spinning"]


def test_who_wrote_an_opendocument_file_and_cells_that_span_rows(tmp_path: Path) -> None:
    cell = "<table:table-cell{}><text:p>{}</text:p></table:table-cell>"
    row = "<table:table-row>{}</table:table-row>"
    rows = (
        row.format(cell.format("", "Barn") + cell.format("", "Sheep"))
        + row.format(cell.format(' table:number-rows-spanned="2"', "North") + cell.format("", "ewes"))
        + row.format("<table:covered-table-cell/>" + cell.format("", "rams"))
    )
    meta = (
        "<initial-creator>A. Miller</initial-creator><creation-date>2021-05-03</creation-date>"
        "<dc:creator>B. Baker</dc:creator><dc:date>2024-01-01</dc:date>"
    )
    document = read(tmp_path, opened("text", f"<table:table>{rows}</table:table>", meta), "a.odt")
    assert document.text == "Barn | Sheep\nNorth | ewes\nNorth | rams"
    assert (document.metadata["author"], document.metadata["created"]) == ("A. Miller", "2021-05-03")


def test_opendocument_workbooks(tmp_path: Path) -> None:
    def cell(kind: str, shown: str, stored: str = "", more: str = "") -> str:
        return (
            f'<table:table-cell office:value-type="{kind}" {stored} {more}><text:p>{shown}</text:p></table:table-cell>'
        )

    head = (
        cell("string", "Barn")
        + cell("string", "Share")
        + cell("string", "Paid")
        + cell("string", "Month")
        + cell("string", "Time")
    )
    body = (
        cell("string", "0087") + cell("percentage", "7.5%", 'office:value="0.075"') + cell("date", "03.05.21", 'office:date-value="2021-05-03"')
        + cell("date", "May 2021", 'office:date-value="2021-05-01"') + cell("time", "42:00", 'office:time-value="PT42H"')
    )  # fmt: skip
    far = f"<table:table-row>{cell('string', ' ')}</table:table-row>"
    gap = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    hidden = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    sheets = (
        f'<table:table table:name="Flock"><table:table-row>{head}</table:table-row><table:table-row>{body}</table:table-row>{gap}{far}</table:table>'
        f'<table:table table:name="Secret" table:style-name="h"><table:table-row>{cell("string", "x")}</table:table-row></table:table>'
    )
    document = read(tmp_path, styled(hidden, sheets, "spreadsheet"), "a.ods")
    assert document.text == "Flock\n\nBarn | Share | Paid | Month | Time\n0087 | 7.5% | 2021-05-03 | May 2021 | 42:00"


def test_opendocument_slides(tmp_path: Path) -> None:
    page = (
        '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>'
        "<draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame></draw:page>"
    )
    in_list = "<text:list><text:list-header><text:p>{}</text:p></text:list-header></text:list>"
    listed = page.replace("<text:p>{}</text:p>", in_list, 1)
    document = read(tmp_path, opened("presentation", page.format("One", "a") + listed.format("Two", "b")), "a.odp")
    assert (document.text, document.pages) == ("One\n\na\n\nTwo\n\nb", (0, 8))
    assert document.sections == (Section(0, "One"), Section(8, "Two"))


def book(chapters: dict[str, str], spine: str, more: dict[str, str] | None = None) -> dict[str, str]:
    items = "".join(
        f'<item id="{name}" href="{name}%20x.xhtml" media-type="application/xhtml+xml"/>' for name in chapters
    )
    order = "".join(f'<itemref idref="{name}"/>' for name in spine.split())
    package = (
        '<package xmlns:dc="urn:dc"><metadata><dc:title>The Mill</dc:title><dc:creator>A. Miller</dc:creator></metadata>'
        f'<manifest>{items}<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>'
        f"<spine>{order}</spine></package>"
    )
    parts = {
        "META-INF/container.xml": '<container><rootfile full-path="book/content.opf"/></container>',
        "book/content.opf": package,
        "book/nav.xhtml": "<html><body><p>Menu</p></body></html>",
    }
    parts |= {f"book/{name} x.xhtml": f"<html><body>{text}</body></html>" for name, text in chapters.items()}
    return parts | (more or {})


def test_chapters_of_a_book_come_in_reading_order(tmp_path: Path) -> None:
    chapters = {"b": "<h1>Two</h1><p>Later.</p>", "a": "<h1>One</h1><p>First.</p>", "c": "<p>Unlisted.</p>"}
    document = read(tmp_path, book(chapters, "nav a b gone"), "a.epub")
    assert document.text == "One\n\nFirst.\n\nTwo\n\nLater."
    assert (document.title, document.metadata["author"]) == ("The Mill", "A. Miller")
    assert [section.path for section in document.sections] == ["One", "Two"]


CIPHER = '<encryption><EncryptedData><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'


@pytest.mark.parametrize(
    ("name", "parts", "reason"),
    [
        ("a.pptx", {"x": ""}, "is not a presentation although its name says so"),
        ("a.pptx", presentation(slide()), "is empty: no text was found in it"),
        ("a.odt", opened("text", "", manifest="<encryption-data/>"), "is protected with a password; save a copy"),
        ("a.odt", opened("drawing", ""), "is not an OpenDocument file although its name says so"),
        ("a.epub", {"x": ""}, "is not an electronic book although its name says so"),
        (
            "a.epub",
            book(
                {"a": "x"}, "a", {"META-INF/encryption.xml": CIPHER.format("http://www.w3.org/2001/04/xmlenc#aes256")}
            ),
            "has copy protection (DRM), so its text cannot be read",
        ),
    ],
)
def test_packages_that_are_refused(tmp_path: Path, name: str, parts: dict[str, str], reason: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(tmp_path, parts, name)
    assert str(error.value).startswith(f"{tmp_path / name}: {reason}")


def test_fonts_that_are_made_unusable_elsewhere_are_no_protection(tmp_path: Path) -> None:
    rules = {"META-INF/encryption.xml": CIPHER.format("http://www.idpf.org/2008/embedding")}
    assert read(tmp_path, book({"a": "<p>Text.</p>"}, "a", rules), "a.epub").text == "Text."
