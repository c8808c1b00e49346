"""Office texts and presentations: what is hidden, struck, deleted or drawn is left out and counted."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from rag.documents.options import ReadOptions
from rag.documents.read import read_document
from rag.types import Document
from tests.documents.test_office import W, run, saved, with_body, with_parts
from tests.documents.test_packages import frame, presentation, relations, slide, styled, zipped

INCLUDE = "; rag index --include-hidden reads it"
NOTE = f"15 characters of hidden text{INCLUDE}"
SECRET = "It is for sale."
WHITE, IN_NAVY = '<w:color w:val="FFFFFF"/>', '<w:color w:val="1F3864"/>'
NAVY = '<w:shd w:val="clear" w:fill="1F3864"/>'


def read(folder: Path, name: str, data: bytes | dict[str, str], include_hidden: bool = False) -> Document:
    (folder / name).write_bytes(data if isinstance(data, bytes) else zipped(data))
    return read_document(folder / name, name, options=ReadOptions(include_hidden=include_hidden))


def words(look: str) -> str:
    return f"<w:p>{run(SECRET, look)}</w:p>"


def cell(look: str, properties: str = "") -> str:
    return f"<w:tbl><w:tr><w:tc><w:tcPr>{properties}</w:tcPr>{words(look)}</w:tc></w:tr></w:tbl>"


@pytest.mark.parametrize(
    "hidden",
    [
        words("<w:vanish/>"),
        words(WHITE),
        words('<w:color w:val="FAFBFC"/>'),
        words('<w:sz w:val="2"/>'),
        words('<w:w w:val="1"/>'),
        words(f'{WHITE}<w:shd w:val="clear" w:fill="FFFFFF"/>'),
        words('<w:color w:val="000080"/><w:shd w:val="clear" w:fill="000080"/>'),
        f"<w:p><w:pPr>{NAVY}</w:pPr>{run(SECRET, IN_NAVY)}</w:p>",
        cell(WHITE),
        cell('<w:color w:val="ED7D31"/>', '<w:shd w:val="clear" w:fill="ED7D31"/>'),
    ],
)
def test_what_nobody_sees_of_a_word_document(tmp_path: Path, hidden: str) -> None:
    data = with_body(f"<w:p>{run('It turns.')}</w:p>{hidden}")
    document = read(tmp_path, "a.docx", data)
    assert (document.text, document.notes, document.hidden) == ("It turns.", (NOTE,), False)
    document = read(tmp_path, "a.docx", data, include_hidden=True)
    assert (document.text, document.notes, document.hidden) == (f"It turns.\n\n{SECRET}", (), True)


BOX = f"<w:p><w:r><w:pict><w:txbxContent>{words(WHITE)}</w:txbxContent></w:pict></w:r></w:p>"
BEHIND = '<w:p><w:r><w:drawing><wp:anchor behindDoc="1"/></w:drawing></w:r></w:p>'


@pytest.mark.parametrize(
    "shown",
    [
        words(f'{WHITE}<w:highlight w:val="black"/>'),
        words(WHITE + NAVY),
        words(f'{WHITE}<w:shd w:val="pct50" w:fill="FFFFFF"/>'),
        words('<w:color w:val="E0E0E0"/>'),
        words('<w:sz w:val="8"/>'),
        f"<w:p><w:pPr>{NAVY}</w:pPr>{run(SECRET, WHITE)}</w:p>",
        cell(WHITE, NAVY),
        BOX,
        BEHIND + words(WHITE),
    ],
)
def test_what_can_be_seen_of_a_word_document(tmp_path: Path, shown: str) -> None:
    document = read(tmp_path, "a.docx", with_body(f"<w:p>{run('It turns.')}</w:p>{shown}"))
    assert (document.text, document.notes, document.hidden) == (f"It turns.\n\n{SECRET}", (), None)


def test_styles_that_colour_text_and_cells(tmp_path: Path) -> None:
    document = docx.Document()
    for name, look in (("Ghost", WHITE), ("Night", '<w:shd w:val="clear" w:fill="000000"/>')):
        style = document.styles.add_style(name, 1)
        properties = "rPr" if look == WHITE else "pPr"
        style.element.append(parse_xml(f"<w:{properties} {W}>{look}</w:{properties}>"))
    document.add_paragraph("It turns.")
    document.add_paragraph(SECRET, style="Ghost")
    night = document.add_paragraph(style="Night")
    night.add_run("By night.").font.color.rgb = docx.shared.RGBColor(255, 255, 255)
    table = document.add_table(1, 1, style="Medium Shading 1 Accent 1")
    table.cell(0, 0).paragraphs[0].add_run("A head").font.color.rgb = docx.shared.RGBColor(255, 255, 255)
    found = read(tmp_path, "a.docx", saved(document))
    assert (found.text, found.notes) == ("It turns.\n\nBy night.\n\nA head", (NOTE,))


def drawing(size: int, description: str = "", more: str = "", inside: str = "<pic:pic/>") -> str:
    """A picture of that size in pixels."""
    side = 9525 * size
    return (
        f"<w:drawing><wp:inline><wp:extent cx='{side}' cy='{side}'/><wp:docPr id='1' name='x' {description}>{more}"
        f"</wp:docPr><a:graphic><a:graphicData>{inside}</a:graphicData></a:graphic></wp:inline></w:drawing>"
    )


def test_what_a_word_document_holds_besides_text(tmp_path: Path) -> None:
    decorative = "<x:decorative xmlns:x='urn:x' val='1'/>"
    drawings = drawing(200) + drawing(200, "descr='IMG_7.png'") + drawing(30) + drawing(30, "descr='An icon'")
    drawings += drawing(200, more=decorative) + drawing(200, "hidden='1'") + drawing(200, "descr='The weir in May'")
    body = (
        f"<w:p>{run('It turns.')}<w:del><w:r><w:delText>It stands.</w:delText></w:r></w:del>"
        f"{run('Struck.', '<w:strike/>')}<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p>"
        f"<w:p><w:r>{drawings}<w:object><o:OLEObject/></w:object>"
        "<w:pict><v:shape style='width:90pt;height:60pt' alt=''><v:imagedata/></v:shape></w:pict></w:r></w:p>"
        "<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData><c:chart r:id='none'/></a:graphicData></a:graphic>"
        "</wp:inline></w:drawing></w:r></w:p>"
        f"<w:tbl><w:tr><w:trPr><w:hidden/></w:trPr><w:tc><w:p>{run('In a row')}</w:p></w:tc></w:tr>"
        f"<w:tr><w:tc><w:p>{run('Seen')}</w:p></w:tc></w:tr></w:tbl>"
    )
    names = (
        f"xmlns:o='urn:o' xmlns:v='urn:v' xmlns:a='urn:a' xmlns:c='urn:c' xmlns:pic='urn:p' {nsdecls('w', 'wp', 'r')}"
    )
    document = docx.Document()
    for element in parse_xml(f"<w:body {names}>{body}</w:body>"):
        document.element.body.insert_element_before(element, "w:sectPr")
    document.add_comment(document.paragraphs[0].runs, "Really?", "Ann")
    found = read(tmp_path, "a.docx", saved(document))
    assert found.text == "It turns.\n\nImage: The weir in May\n\nSeen"
    assert found.notes == (
        "10 characters of deleted text (tracked changes)",
        "7 characters of struck text",
        "3 images without a description",
        f"1 hidden image, chart or object{INCLUDE}",
        "1 embedded object",
        "1 chart that could not be read",
        f"1 hidden row{INCLUDE}",
        "1 comment",
    )
    assert read(tmp_path, "a.docx", saved(document), include_hidden=True).text.endswith("In a row\nSeen")


BOXED = f"<w:txbxContent>{words('')}</w:txbxContent>"
VANISHED = "<w:rPr><w:vanish/></w:rPr>"
HIDDEN_DRAWING = "<w:drawing><wp:anchor><wp:docPr id='1' name='x' hidden='1'/>{}</wp:anchor></w:drawing>"
HIDDEN_SHAPE = "<w:drawing><wp:anchor><wps:wsp><wps:cNvPr hidden='true'/>{}</wps:wsp></wp:anchor></w:drawing>"
HIDDEN_VML = "<w:pict><v:shape style='left:0;visibility: hidden'><v:textbox>{}</v:textbox></v:shape></w:pict>"
BOTH = (
    f"<mc:AlternateContent><mc:Choice><w:drawing>{BOXED}</w:drawing></mc:Choice><mc:Fallback><w:pict>{BOXED}</w:pict>"
    "</mc:Fallback></mc:AlternateContent>"
)


def with_shape(anchored: str) -> docx.document.Document:
    """A document with a run in which something is anchored."""
    names = f"xmlns:v='urn:v' xmlns:a='urn:a' xmlns:mc='urn:m' xmlns:wps='urn:s' xmlns:pic='urn:p' {nsdecls('w', 'wp')}"
    document = docx.Document()
    for element in parse_xml(f"<w:body {names}><w:p>{run('It turns.')}<w:r>{anchored}</w:r></w:p></w:body>"):
        document.element.body.insert_element_before(element, "w:sectPr")
    return document


@pytest.mark.parametrize(
    "anchored",
    [
        f"{VANISHED}<w:drawing>{BOXED}</w:drawing>",
        f"{VANISHED}{BOTH}",
        HIDDEN_DRAWING.format(BOXED),
        HIDDEN_SHAPE.format(BOXED),
        HIDDEN_VML.format(BOXED),
    ],
)
def test_text_boxes_that_nobody_sees(tmp_path: Path, anchored: str) -> None:
    data = saved(with_shape(anchored))
    document = read(tmp_path, "a.docx", data)
    assert (document.text, document.notes, document.hidden) == ("It turns.", (NOTE,), False)
    document = read(tmp_path, "a.docx", data, include_hidden=True)
    assert (document.text, document.notes, document.hidden) == (f"It turns.\n\n{SECRET}", (), True)


def test_text_boxes_that_a_person_sees_stay(tmp_path: Path) -> None:
    shown = HIDDEN_DRAWING.replace("hidden='1'", "hidden='0'").format(BOXED)
    vml = HIDDEN_VML.replace("hidden", "inherit").format(BOXED)
    for anchored in (f"<w:rPr><w:vanish w:val='0'/></w:rPr>{BOTH}", shown, vml):
        document = read(tmp_path, "a.docx", saved(with_shape(anchored)))
        assert (document.text, document.notes, document.hidden) == (f"It turns.\n\n{SECRET}", (), None)


def test_images_in_hidden_runs_and_hidden_symbols_are_counted(tmp_path: Path) -> None:
    symbol = '<w:sym w:font="Wingdings" w:char="F0FE"/>'
    data = saved(with_shape(f"{VANISHED}{drawing(200, 'descr=' + repr('The weir in May'))}{symbol}"))
    document = read(tmp_path, "a.docx", data)
    notes = (f"1 character of hidden text{INCLUDE}", f"1 hidden image, chart or object{INCLUDE}")
    assert (document.text, document.notes, document.hidden) == ("It turns.", notes, False)
    assert read(tmp_path, "a.docx", data, include_hidden=True).text == "It turns.☑\n\nImage: The weir in May"


def test_notes_of_hidden_text_are_left_out(tmp_path: Path) -> None:
    marks = "".join(
        f"<w:r>{look}<w:footnoteReference w:id='{number}'/></w:r>" for number, look in ((1, ""), (2, VANISHED))
    )
    notes = "".join(
        f"<w:footnote w:id='{number}'><w:p>{run(text)}</w:p></w:footnote>"
        for number, text in ((1, "By day."), (2, SECRET))
    )
    relation = '<Relationship Id="n1" Type="http://x/footnotes" Target="footnotes.xml"/>'
    part = f"<w:footnotes {nsdecls('w')}>{notes}</w:footnotes>".encode()
    data = with_parts(f"<w:p>{run('It turns.')}{marks}</w:p>", {"word/footnotes.xml": part}, relation)
    document = read(tmp_path, "a.docx", data)
    assert (document.text, document.notes, document.hidden) == ("It turns.\n\nBy day.", (NOTE,), False)
    document = read(tmp_path, "a.docx", data, include_hidden=True)
    assert (document.text, document.notes, document.hidden) == (f"It turns.\n\nBy day.\n\n{SECRET}", (), True)


def test_boxes_and_notes_of_hidden_rich_text_are_left_out(tmp_path: Path) -> None:
    box = rf"{{\shp{{\*\shpinst{{\shptxt {SECRET}\par}}}}}}"
    for hidden in (box, rf"{{\footnote \plain {SECRET}}}"):
        data = rf"{{\rtf1 It turns.{{\v {hidden}}}\par}}".encode()
        document = read(tmp_path, "a.rtf", data)
        assert (document.text, document.notes, document.hidden) == ("It turns.", (NOTE,), False)
        document = read(tmp_path, "a.rtf", data, include_hidden=True)
        assert (document.text, document.notes, document.hidden) == (f"It turns.\n\n{SECRET}", (), True)


WHITE_FILL = '<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>'
SCHEME_FILL = '<a:solidFill><a:schemeClr val="{}"/></a:solidFill>'
DARK_FILL = '<a:solidFill><a:srgbClr val="203040"/></a:solidFill>'
PLACE = '<a:xfrm><a:off x="0" y="{}"/><a:ext cx="900000" cy="900000"/></a:xfrm>'


def box(look: str, fill: str = "", top: int = 0, inside: str = "", hidden: str = "") -> str:
    """A shape at that height with a text of that look; `inside` stands in the run's properties."""
    return (
        f"<p:sp><p:nvSpPr><p:cNvPr id='2' name='x' {hidden}/><p:nvPr/></p:nvSpPr>"
        f"<p:spPr>{PLACE.format(top)}{fill}</p:spPr>"
        f"<p:txBody><a:p><a:r><a:rPr {look}>{inside}</a:rPr><a:t>{SECRET}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


SEEN = "<p:sp><p:nvSpPr><p:nvPr/></p:nvSpPr><p:txBody><a:p><a:r><a:t>It turns.</a:t></a:r></a:p></p:txBody></p:sp>"


def picture(top: int, description: str = "", more: str = "") -> str:
    return (
        f"<p:pic><p:nvPicPr><p:cNvPr id='3' name='x' {description}/><p:nvPr>{more}</p:nvPr></p:nvPicPr>"
        f"<p:spPr>{PLACE.format(top)}</p:spPr></p:pic>"
    )


def background(fill: str, shapes: str) -> str:
    return slide(shapes).replace("<p:spTree>", f"<p:bg><p:bgPr>{fill}</p:bgPr></p:bg><p:spTree>")


@pytest.mark.parametrize(
    "hidden",
    [
        slide(SEEN, box('sz="100"')),
        slide(SEEN, box("", inside=WHITE_FILL)),
        slide(SEEN, box("", DARK_FILL, inside=DARK_FILL)),
        slide(SEEN, box("", inside="<a:noFill/>")),
        slide(SEEN, box("", inside=DARK_FILL.replace("/></a:solid", '><a:alpha val="0"/></a:srgbClr></a:solid'))),
        slide(SEEN, box("", inside=WHITE_FILL), picture(2_000_000)),
        slide(SEEN, box("", hidden="hidden='1'")),
        background(DARK_FILL, SEEN + box("", inside=DARK_FILL)),
    ],
)  # fmt: skip
def test_what_nobody_sees_of_a_slide(tmp_path: Path, hidden: str) -> None:
    document = read(tmp_path, "a.pptx", presentation(hidden))
    assert document.text == "It turns."
    assert [note for note in document.notes if "hidden" in note] == [NOTE]
    assert document.hidden is False
    document = read(tmp_path, "a.pptx", presentation(hidden), include_hidden=True)
    assert (document.text, document.hidden) == (f"It turns.\n\n{SECRET}", True)


@pytest.mark.parametrize(
    "shown",
    [
        slide(SEEN, box("", DARK_FILL, inside=WHITE_FILL)),
        slide(SEEN, box("", "<a:gradFill/>", inside=WHITE_FILL)),
        background(DARK_FILL, SEEN + box("", inside=WHITE_FILL)),
        background("<a:blipFill/>", SEEN + box("", inside=WHITE_FILL)),
        slide(picture(100, "descr='The wheel'"), SEEN, box("", inside=WHITE_FILL)),
        slide(SEEN, box("", inside=SCHEME_FILL.format("bg1"))),  # of a theme that is not there
        slide(SEEN, box('sz="600"')),
    ],
)  # fmt: skip
def test_what_can_be_seen_of_a_slide(tmp_path: Path, shown: str) -> None:
    document = read(tmp_path, "a.pptx", presentation(shown))
    assert SECRET in document.text
    assert (document.notes, document.hidden) == ((), None)


def test_hidden_shapes_without_text_are_counted(tmp_path: Path) -> None:
    away = picture(0, "descr='The weir' hidden='1'")
    away_too = "<p:graphicFrame><p:nvPr><p:cNvPr hidden='1'/></p:nvPr>"
    chart = frame('<c:chart r:id="none"/>').replace("<p:graphicFrame>", away_too)
    group = f"<p:grpSp><p:nvGrpSpPr><p:cNvPr hidden='true'/></p:nvGrpSpPr>{picture(0)}{box('')}</p:grpSp>"
    empty = box("", hidden="hidden='1'").replace(SECRET, "")
    document = read(tmp_path, "a.pptx", presentation(slide(SEEN, away, chart, group, empty)))
    notes = (f"3 hidden images, charts or objects{INCLUDE}", NOTE)
    assert (document.text, document.notes, document.hidden) == ("It turns.", notes, False)
    document = read(tmp_path, "a.pptx", presentation(slide(SEEN, away)), include_hidden=True)
    assert (document.text, document.notes, document.hidden) == ("It turns.\n\nImage: The weir", (), True)


def test_colours_that_a_theme_names(tmp_path: Path) -> None:
    colours = '<a:lt1><a:sysClr val="window" lastClr="FFFFFF"/></a:lt1><a:dk2><a:srgbClr val="203040"/></a:dk2>'
    more = {
        "ppt/slides/_rels/slide9.xml.rels": relations(("r1", "slideLayout", "../slideLayouts/layout.xml")),
        "ppt/slideLayouts/layout.xml": slide(),
        "ppt/slideLayouts/_rels/layout.xml.rels": relations(("r1", "slideMaster", "../slideMasters/master.xml")),
        "ppt/slideMasters/master.xml": background(SCHEME_FILL.format("bg1"), "").replace(
            "</p:sld>", '<p:clrMap bg1="lt1" tx2="dk2"/></p:sld>'
        ),
        "ppt/slideMasters/_rels/master.xml.rels": relations(("r1", "theme", "../theme/theme.xml")),
        "ppt/theme/theme.xml": f"<a:theme xmlns:a='urn:a'><a:themeElements><a:clrScheme>{colours}</a:clrScheme>"
        "</a:themeElements></a:theme>",
    }
    shapes = SEEN + box("", inside=SCHEME_FILL.format("bg1"))
    shapes += box("", inside=SCHEME_FILL.format("tx2")).replace(SECRET, "By day.")
    document = read(tmp_path, "a.pptx", presentation(slide(shapes), more=more))
    assert (document.text, document.notes) == ("It turns.\n\nBy day.", (NOTE,))


def test_what_slides_hold_besides_text(tmp_path: Path) -> None:
    pictures = picture(0) + picture(0, "descr='The weir'") + picture(0).replace("900000", "90000")
    others = picture(0, more="<a:videoFile/>") + frame("<p:oleObj/>") + frame('<c:chart r:id="none"/>')
    first = slide(SEEN, box('strike="sngStrike"'), pictures, others)
    hidden = slide(SEEN).replace("<p:sld ", '<p:sld show="0" ')
    more = {
        "ppt/slides/_rels/slide9.xml.rels": relations(("r8", "comments", "../comments/c.xml")),
        "ppt/comments/c.xml": "<p:cmLst xmlns:p='urn:p'><p:cm/><p:cm/></p:cmLst>",
    }
    document = read(tmp_path, "a.pptx", presentation(first, hidden, slide(SEEN), more=more))
    assert document.text == "It turns.\n\nImage: The weir\n\nIt turns."
    assert document.pages == (0, 28, 28)  # the hidden one keeps its number
    assert document.notes == (
        "2 comments",
        "15 characters of struck text",
        "1 image without a description",
        "1 video or sound",
        "1 embedded object",
        "1 chart that could not be read",
        f"hidden slide 2{INCLUDE}",
    )
    included = read(tmp_path, "a.pptx", presentation(first, hidden), include_hidden=True)
    assert (included.text.count("It turns."), included.hidden) == (2, True)


ODF_STYLES = (
    '<style:style style:name="none"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="white"><style:text-properties fo:color="#ffffff"/></style:style>'
    '<style:style style:name="tiny"><style:text-properties fo:font-size="1pt"/></style:style>'
    '<style:style style:name="marked"><style:text-properties fo:color="#ffffff" fo:background-color="#203040"/>'
    "</style:style>"
    '<style:style style:name="struck"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    '<style:style style:name="dark"><style:paragraph-properties fo:background-color="#203040"/></style:style>'
    '<style:style style:name="unshown"><style:drawing-page-properties presentation:visibility="hidden" '
    'xmlns:presentation="urn:p"/></style:style>'
)


ODF_BOX = f"<draw:frame><draw:text-box><text:p>{SECRET}</text:p></draw:text-box></draw:frame>"
ODF_NOTE = f"<text:note><text:note-body><text:p>{SECRET}</text:p></text:note-body></text:note>"


def span(style: str) -> str:
    return f'<text:p><text:span text:style-name="{style}">{SECRET}</text:span></text:p>'


@pytest.mark.parametrize(
    "hidden",
    [
        span("none"),
        span("white"),
        span("tiny"),
        f'<text:section text:display="none"><text:p>{SECRET}</text:p></text:section>',
        f'<text:p><text:hidden-text text:is-hidden="true" text:string-value="{SECRET}"/></text:p>',
        f'<text:p><text:hidden-paragraph text:is-hidden="true"/>{SECRET}</text:p>',
        f'<text:p><text:hidden-paragraph text:is-hidden="true"/>{ODF_BOX}</text:p>',
        f'<text:p><text:span text:style-name="none">{ODF_BOX}</text:span></text:p>',
        f'<text:p text:style-name="none">{ODF_BOX}</text:p>',
        f'<text:p><text:span text:style-name="none">{ODF_NOTE}</text:span></text:p>',
        f"<table:table><table:table-row><table:table-cell>{span('white')}</table:table-cell></table:table-row></table:table>",
    ],
)
def test_what_nobody_sees_of_an_opendocument_text(tmp_path: Path, hidden: str) -> None:
    parts = styled(ODF_STYLES, f"<text:p>It turns.</text:p>{hidden}")
    document = read(tmp_path, "a.odt", parts)
    assert (document.text, document.notes, document.hidden) == ("It turns.", (NOTE,), False)
    document = read(tmp_path, "a.odt", parts, include_hidden=True)
    assert (document.text, document.notes, document.hidden) == (f"It turns.\n\n{SECRET}", (), True)


def test_notes_of_hidden_sections_and_of_deleted_text_are_not_read(tmp_path: Path) -> None:
    note = "<text:p>{}<text:note><text:note-body><text:p>{}</text:p></text:note-body></text:note></text:p>"
    deleted = f"<text:tracked-changes>{note.format('Gone.', SECRET)}</text:tracked-changes>"
    hidden = f'<text:section text:display="none">{note.format("Away.", SECRET)}</text:section>'
    parts = styled(ODF_STYLES, deleted + note.format("It turns.", "By water.") + hidden)
    assert read(tmp_path, "a.odt", parts).text == "It turns.\n\nBy water."


@pytest.mark.parametrize(
    "shown",
    [
        span("marked"),
        f'<text:p text:style-name="dark"><text:span text:style-name="white">{SECRET}</text:span></text:p>',
        f"<text:p><draw:frame><draw:text-box>{span('white')}</draw:text-box></draw:frame></text:p>",
    ],
)
def test_what_can_be_seen_of_an_opendocument_text(tmp_path: Path, shown: str) -> None:
    document = read(tmp_path, "a.odt", styled(ODF_STYLES, f"<text:p>It turns.</text:p>{shown}"))
    assert (document.text, document.notes) == (f"It turns.\n\n{SECRET}", ())


def test_what_an_opendocument_text_holds_besides_text(tmp_path: Path) -> None:
    def framed(inside: str, side: str = "4cm") -> str:
        return f'<draw:frame svg:width="{side}" svg:height="{side}" xmlns:svg="urn:g">{inside}</draw:frame>'

    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><office:change-info>Ann</office:change-info>"
        "<text:p>It stands.</text:p></text:deletion></text:changed-region></text:tracked-changes>"
        "<text:p>It turns.<office:annotation><text:p>hm</text:p></office:annotation></text:p>" + span("struck")
        + "<text:p>"
        + framed("<draw:image/><draw:image/>")
        + framed("<draw:image/>", "8pt")
        + framed('<draw:image/><svg:desc xmlns:svg="urn:g">The weir</svg:desc>')
        + framed("<draw:object-ole/><draw:image/>")
        + framed("<draw:plugin/>")
        + "</text:p>"
    )  # fmt: skip
    document = read(tmp_path, "a.odt", styled(ODF_STYLES, body))
    assert document.text == "It turns.\n\nImage: The weir"
    assert document.notes == (
        "1 comment",
        "10 characters of deleted text (tracked changes)",
        "15 characters of struck text",
        "1 image without a description",
        "1 embedded object",
        "1 video or sound",
    )


def test_hidden_slides_of_opendocument(tmp_path: Path) -> None:
    page = "<draw:page {}><draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame></draw:page>"
    body = page.format("", "One") + page.format('draw:style-name="unshown"', "Two") + page.format("", "Three")
    document = read(tmp_path, "a.odp", styled(ODF_STYLES, body, "presentation"))
    assert (document.text, document.notes) == ("One\n\nThree", (f"hidden slide 2{INCLUDE}",))
    assert read(tmp_path, "a.odp", styled(ODF_STYLES, body, "presentation"), True).text == "One\n\nTwo\n\nThree"
