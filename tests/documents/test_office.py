"""Word documents, made with python-docx and, where it cannot, by hand."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from rag.documents import ooxml
from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.types import Document, Section

W = nsdecls("w")
STRICT = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
RELATION = "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"


SHOWN = '<w:vanish w:val="0"/>'


def saved(document: docx.document.Document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def read(folder: Path, data: bytes) -> Document:
    path = folder / "file.docx"
    path.write_bytes(data)
    return read_document(path, "file.docx")


def with_body(xml: str) -> bytes:
    """A document whose body is this XML."""
    document = docx.Document()
    for element in parse_xml(f"<w:body {W} {nsdecls('wp', 'r')}>{xml}</w:body>"):
        document.element.body.insert_element_before(element, "w:sectPr")
    return saved(document)


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>"


def test_paragraphs_headings_lists_and_tables_in_order(tmp_path: Path) -> None:
    document = docx.Document()
    document.core_properties.title = "The Mill"
    document.core_properties.author = "A. Miller"
    document.core_properties.created = datetime.datetime(2024, 2, 29)
    document.core_properties.language = "en"
    document.add_heading("Handbook", 0)
    document.add_heading("Wheels", 1)
    document.add_paragraph("They turn.")
    document.add_heading("Old wheels", 2)
    for item in ("one", "two"):
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(2, 3)
    for cell, text in zip(table._cells, ("Part", "Price", "", "Wheel", "7", ""), strict=True):
        cell.text = text
    document.add_paragraph("Ende")
    found = read(tmp_path, saved(document))
    assert (
        found.text
        == "Handbook\n\nWheels\n\nThey turn.\n\nOld wheels\n\n- one\n- two\n\nPart | Price\nWheel | 7\n\nEnde"
    )
    assert found.sections == (Section(0, "Handbook"), Section(10, "Wheels"), Section(30, "Wheels > Old wheels"))
    assert found.title == "The Mill"
    assert found.metadata == {
        "media_type": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "author": "A. Miller",
        "created": "2024-02-29",
        "language": "en",
    }


def test_the_kind_of_each_block_is_kept(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Stores", 1)
    document.add_paragraph("Kept dry.")
    for item in ("rye", "oats"):
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Sort", "Weight", "rye", "4 kg"], strict=True):
        cell.text = text
    found = read(tmp_path, saved(document))
    kinds = [(found.text[block.start : block.end], block.kind, block.header) for block in found.blocks]
    header = found.text.index("Sort | Weight")
    assert kinds == [
        ("Stores", "heading", None),
        ("Kept dry.", "prose", None),
        ("- rye\n- oats", "list", None),
        ("Sort | Weight\nrye | 4 kg", "table", (header, header + 13)),
    ]


def test_headers_and_footers_stand_around_the_text(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Offer", 1)
    document.add_paragraph("The wheel costs 7 EUR.")
    section = document.sections[0]
    section.header.paragraphs[0].text = "Ida Brandt, Mill Lane 7"
    section.header.add_paragraph("Offer")  # the text says it too
    section.footer.paragraphs[0].text = "Bank: 4711 / Page 3 of 7"
    section.footer.add_paragraph("- 3 -")
    found = read(tmp_path, saved(document))
    assert found.text == "Ida Brandt, Mill Lane 7\n\nOffer\n\nThe wheel costs 7 EUR.\n\nBank: 4711 /"
    assert (found.title, found.sections) == ("Offer", (Section(25, "Offer"),))


def test_descriptions_of_pictures(tmp_path: Path) -> None:
    generated = "A wheel of oak&#10;&#10;Description automatically generated"
    stated = '<wp:docPr id="1" name="Picture 1" descr="{}"/><pic/>'
    picture = f"<w:r><w:drawing><wp:inline>{stated}</wp:inline></w:drawing></w:r>"
    body = "".join(f"<w:p>{run('Seen.')}{picture.format(text)}</w:p>" for text in (generated, "wheel.png", ""))
    assert read(tmp_path, with_body(body)).text == "Seen.\n\nImage: A wheel of oak\n\nSeen.\n\nSeen."


def test_headings_by_styles_of_another_name(tmp_path: Path) -> None:
    document = docx.Document()
    based = document.styles.add_style("Kapitel", WD_STYLE_TYPE.PARAGRAPH)
    based.base_style = document.styles["Heading 2"]
    outlined = document.styles.add_style("Abschnitt", WD_STYLE_TYPE.PARAGRAPH)
    outlined.element.append(parse_xml(f'<w:pPr {W}><w:outlineLvl w:val="2"/></w:pPr>'))
    for style in ("Heading 1", "Kapitel", "Abschnitt"):
        document.add_paragraph(style, style=style)
    document.add_paragraph("no heading").paragraph_format.element.get_or_add_pPr().append(
        parse_xml(f'<w:outlineLvl {W} w:val="9"/>')
    )
    paths = [section.path for section in read(tmp_path, saved(document)).sections]
    assert paths == ["Heading 1", "Heading 1 > Kapitel", "Heading 1 > Kapitel > Abschnitt"]


def test_merged_cells(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    for number, cell in enumerate(table._cells):
        cell.text = str(number)
    table.cell(0, 0).merge(table.cell(1, 0)).text = "tall"
    table.cell(2, 0).merge(table.cell(2, 1)).text = "wide"
    assert read(tmp_path, saved(document)).text == "tall | 1 | 2\ntall | 4 | 5\nwide | | 8"


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>", "a b\nc"),
        ("<w:p><w:r><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r></w:p>", "c-d"),
        (f"<w:p>{run('a ')}<w:hyperlink>{run('link')}</w:hyperlink></w:p>", "a link"),
        (f"<w:p><w:ins>{run('new')}</w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>", "new"),
        (f"<w:p><w:moveFrom>{run('from')}</w:moveFrom><w:moveTo>{run('to')}</w:moveTo></w:p>", "to"),
        (f"<w:p>{run('seen')}{run('hidden', '<w:vanish/>')}{run('!', SHOWN)}</w:p>", "seen!"),
        (f"<w:p><w:r><w:instrText>PAGE</w:instrText></w:r>{run('7')}</w:p>", "7"),
        (f"<w:sdt><w:sdtPr/><w:sdtContent><w:p>{run('in a control')}</w:p></w:sdtContent></w:sdt>", "in a control"),
        (
            '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>' + run("item") + "</w:p>"
            '<w:p><w:pPr><w:pStyle w:val="ListBullet"/><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr>'
            + run("none")
            + "</w:p>",
            "- item\n\nnone",
        ),
        (
            f"<w:p>{run('before')}<w:r><mc:AlternateContent xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'>"
            f"<mc:Choice Requires='wps'><w:txbxContent><w:p>{run('box')}</w:p></w:txbxContent></mc:Choice>"
            f"<mc:Fallback><w:txbxContent><w:p>{run('box')}</w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>"
            f"{run(' after')}</w:p>",
            "before after\n\nbox",
        ),
    ],
)  # fmt: skip
def test_what_counts_as_text(tmp_path: Path, xml: str, text: str) -> None:
    assert read(tmp_path, with_body(xml)).text == text


RAISED = '<w:vertAlign w:val="superscript"/>'
LOWERED = '<w:vertAlign w:val="subscript"/>'
UP, DOWN = '<w:position w:val="6"/>', '<w:position w:val="-4"/>'
KEPT = '<w:dstrike w:val="0"/>'
WINGDINGS = '<w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/>'


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (f"<w:p>{run('5 × 10')}{run('8', RAISED)}{run(' l of CO')}{run('2', LOWERED)}</w:p>", "5 × 10^8 l of CO2"),
        (f"<w:p>{run('until ')}{run('4 June', '<w:strike/>')}{run('9 June', KEPT)}</w:p>", "until 9 June"),
        (f"<w:p>{run('a')}{run('3', UP)}{run(' b')}{run('i', DOWN)}</w:p>", "a^3 b_i"),
        (f"<w:p>{run('gone', '<w:dstrike/>')}</w:p><w:p>{run('kept')}</w:p>", "kept"),
        ('<w:p><w:r><w:t>90</w:t><w:sym w:font="Symbol" w:char="F0B0"/></w:r></w:p>', "90°"),
        (f"<w:p>{run('þ', WINGDINGS)}{run(' swept')}</w:p>", "☑ swept"),
        (
            '<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>'
            "</w:fldChar></w:r><w:r><w:instrText> FORMCHECKBOX </w:instrText></w:r><w:r><w:fldChar "
            'w:fldCharType="end"/>'
            f"</w:r>{run(' oiled')}</w:p>",
            "☒ oiled",
        ),
        (
            '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK '
            '"https://mill.example" </w:instrText>'
            f'</w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("the mill")}<w:r><w:fldChar '
            f'w:fldCharType="end"/></w:r>'
            f"{run('!')}</w:p>",
            "the mill!",
        ),
    ],
)
def test_values_are_not_changed_by_what_stands_beside_them(tmp_path: Path, xml: str, text: str) -> None:
    assert read(tmp_path, with_body(xml)).text == text


def test_looks_that_styles_give(tmp_path: Path) -> None:
    document = docx.Document()
    for name, look in (("Power", RAISED), ("Power of notes", ""), ("Void", "<w:strike/>")):
        style = document.styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
        style.element.append(parse_xml(f"<w:rPr {W}>{look}</w:rPr>"))
    document.styles["Power of notes"].base_style = document.styles["Power"]
    paragraph = document.add_paragraph("10")
    for text, kind in (("5", "Power of notes"), (" tons, 7", None), (" or 8", "Void"), (" days", None)):
        paragraph.add_run(text, style=kind)
    assert read(tmp_path, saved(document)).text == "10^5 tons, 7 days"


M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def part(tag: str, text: str) -> str:
    return f"<m:{tag}><m:r><m:t>{text}</m:t></m:r></m:{tag}>"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (f"<m:f>{part('num', '3')}{part('den', '4')}</m:f>", "3/4"),
        (f"<m:f>{part('num', 'a+b')}{part('den', '2c')}</m:f>", "(a+b)/2c"),
        (f"<m:sSup>{part('e', '10')}{part('sup', '6')}</m:sSup>", "10^6"),
        (f"<m:sSubSup>{part('e', 'x')}{part('sub', 'i')}{part('sup', 'n+1')}</m:sSubSup>", "x_i^(n+1)"),
        (f"<m:rad><m:deg/>{part('e', 'x')}</m:rad>", "√x"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/>'
            f"</m:naryPr>{part('sub', 'i=1')}{part('sup', 'n')}{part('e', 'i')}</m:nary>",
            "∑_(i=1)^n i",
        ),
        (
            f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>{part("e", "0")}{part("e", "1")}</m:d>',
            "[0|1]",
        ),
    ],
)
def test_formulas(tmp_path: Path, formula: str, text: str) -> None:
    assert read(tmp_path, with_body(f"<w:p>{run('= ')}<m:oMath {M}>{formula}</m:oMath></w:p>")).text == f"= {text}"


def numbered(text: str, level: int, number: int = 41, style: str = "") -> str:
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return f"<w:p><w:pPr>{styled}{properties}</w:pPr>{run(text)}</w:p>"


def with_lists(xml: str, *levels: tuple[str, str], more: str = "") -> bytes:
    """A document whose list 41 has levels of these forms and texts; list 42 begins anew at 5."""
    made = "".join(
        f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}<w:lvlText '
        f'w:val="{text}"/></w:lvl>'
        for place, (form, text) in enumerate(levels)
    )
    document = docx.Document(io.BytesIO(with_body(xml)))
    lists = document.part.numbering_part.element
    lists.insert(0, parse_xml(f'<w:abstractNum {W} w:abstractNumId="91">{made}</w:abstractNum>'))
    lists.append(parse_xml(f'<w:num {W} w:numId="41"><w:abstractNumId w:val="91"/></w:num>'))
    anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    lists.append(parse_xml(f'<w:num {W} w:numId="42"><w:abstractNumId w:val="91"/>{anew}</w:num>'))
    return saved(document)


def test_numbers_that_word_computes(tmp_path: Path) -> None:
    clauses = (
        numbered("Rent", 0, style="Heading1") + numbered("Paid on Mondays.", 1) + numbered("In cash.", 2)
        + numbered("In wool.", 2) + numbered("Deposit", 0, style="Heading1") + numbered("None.", 1)
        + numbered("End.", 1)
    )  # fmt: skip
    found = read(
        tmp_path, with_lists(clauses, ("upperRoman", "Part %1"), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"))
    )
    assert found.text == (
        "Part I Rent\n\nI.1 Paid on Mondays.\n(a) In cash.\n(b) In wool.\n\nPart II Deposit\n\nII.1 None.\nII.2 End."
    )
    assert [section.path for section in found.sections] == ["Part I Rent", "Part II Deposit"]
    legal = read(tmp_path, with_lists(clauses, ("upperRoman", "%1."), ("decimal", "%1.%2"), more="<w:isLgl/>"))
    assert legal.text.startswith("1. Rent\n\n1.1 Paid on Mondays.")


def test_lists_of_one_definition_count_on_unless_they_begin_anew(tmp_path: Path) -> None:
    items = (
        numbered("a", 0)
        + f"<w:p>{run('Between.')}</w:p>"
        + numbered("b", 0)
        + numbered("c", 0, 42)
        + numbered("d", 0, 42)
    )
    assert read(tmp_path, with_lists(items, ("decimal", "%1)"))).text == "1) a\n\nBetween.\n\n2) b\n5) c\n6) d"
    bullets = read(tmp_path, with_lists(items, ("bullet", "\uf0b7"))).text
    assert bullets == "- a\n\nBetween.\n\n- b\n- c\n- d"


def test_numbers_of_styles(tmp_path: Path) -> None:
    document = docx.Document(io.BytesIO(with_lists("", ("decimal", "§ %1"), ("decimal", "§ %1.%2"))))
    for place, name in enumerate(("Heading 1", "Heading 2")):
        properties = f'<w:numPr {W}><w:numId w:val="41"/></w:numPr>'
        document.styles[name].element.get_or_add_pPr().append(parse_xml(properties))
        level = document.part.numbering_part.element.xpath(
            f"w:abstractNum[@w:abstractNumId=91]/w:lvl[@w:ilvl={place}]"
        )[0]
        level.insert(2, parse_xml(f'<w:pStyle {W} w:val="{document.styles[name].style_id}"/>'))
    for text, level in (("Ponds", 1), ("Fish", 2), ("Ducks", 2), ("Woods", 1)):
        document.add_heading(text, level)
    assert read(tmp_path, saved(document)).text == "§ 1 Ponds\n\n§ 1.1 Fish\n\n§ 1.2 Ducks\n\n§ 2 Woods"


def with_parts(body: str, parts: dict[str, bytes], relations: str) -> bytes:
    """The document with further files in it, at those paths, that it relates to."""
    buffer = io.BytesIO(with_body(body))
    with zipfile.ZipFile(buffer) as made:
        kept = {name: made.read(name) for name in made.namelist()}
    links = "word/_rels/document.xml.rels"
    kept[links] = kept[links].replace(b"</Relationships>", relations.encode() + b"</Relationships>")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in {**kept, **parts}.items():
            file.writestr(name, data)
    return out.getvalue()


ARCHIVE = (
    b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html; charset=utf-8\n"
    b"Content-Transfer-Encoding: quoted-printable\n\n<p>The M=C3=BChle.</p>\n--x--\n"
)


@pytest.mark.parametrize(
    ("name", "chunk", "text"),
    [
        ("part.html", b"<html><body><h1>Wool</h1><p>Washed twice.</p></body></html>", "Wool\n\nWashed twice."),
        ("part.mht", ARCHIVE, "The Mühle."),
        ("part.txt", b"Plain words.", "Plain words."),
        ("part.rtf", rb"{\rtf1 Rich words.\par}", "Rich words."),
        ("part.docx", with_body(f"<w:p>{run('A file within.')}</w:p>"), "A file within."),
    ],
)
def test_embedded_files_stand_in_their_place(tmp_path: Path, name: str, chunk: bytes, text: str) -> None:
    relation = f'<Relationship Id="c9" Type="http://x/aFChunk" Target="/word/{name}"/>'
    body = f"<w:p>{run('Before.')}</w:p><w:altChunk r:id='c9'/><w:p>{run('After.')}</w:p>"
    assert read(tmp_path, with_parts(body, {f"word/{name}": chunk}, relation)).text == f"Before.\n\n{text}\n\nAfter."


def test_addresses_of_links_and_charts(tmp_path: Path) -> None:
    relation = (
        '<Relationship Id="l1" Type="http://x/hyperlink" Target="https://mill.example/form" TargetMode="External"/>'
        '<Relationship Id="c1" Type="http://x/chart" Target="chart.xml"/>'
    )
    points = "<c:pt idx='0'><c:v>4</c:v></c:pt><c:pt idx='2'><c:v>6</c:v></c:pt>"
    chart = (
        f"<c:chart xmlns:c='urn:c'><c:ser><c:val><c:numRef><c:numCache>{points}</c:numCache></c:numRef></c:val>"
        f"</c:ser></c:chart>"
    )
    body = (
        f"<w:p><w:hyperlink r:id='l1'>{run('Form')}</w:hyperlink>{run(' and ')}<w:hyperlink "
        f"w:anchor='x'>{run('part')}</w:hyperlink></w:p>"
        f"<w:p>{run('Drawn:')}<w:r><w:drawing><wp:inline><a:graphic xmlns:a='urn:a'><a:graphicData><c:chart "
        f"xmlns:c='urn:c' r:id='c1'/>"
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
    text = read(tmp_path, with_parts(body, {"word/chart.xml": chart.encode()}, relation)).text
    assert text == "Form (https://mill.example/form) and part\n\nDrawn:\n\n4\n6"


def package(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in parts.items():
            archive.writestr(path, text)
    return buffer.getvalue()


def strict_package(body: str) -> dict[str, str]:
    relation = f"<Relationships><Relationship Id='a' Type='{RELATION}' Target='word/main.xml'/></Relationships>"
    return {"_rels/.rels": relation, "word/main.xml": f"<w:document {STRICT}><w:body>{body}</w:body></w:document>"}


def test_the_strict_dialect_and_footnotes(tmp_path: Path) -> None:
    notes = (
        f"<w:footnotes {STRICT}><w:footnote w:type='separator'><w:p><w:r><w:t>---</w:t></w:r></w:p></w:footnote>"
        "<w:footnote w:id='1'><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    relation = "<Relationships><Relationship Type='http://x/footnotes' Target='notes.xml'/></Relationships>"
    parts = strict_package(f"<w:p>{run('Text.')}</w:p>")
    data = package(**parts, **{"word/_rels/main.xml.rels": relation, "word/notes.xml": notes})
    assert read(tmp_path, data).text == "Text.\n\nA note."


@pytest.mark.parametrize(("data", "text"), [(rb"{\rtf1 Rich.\par}", "Rich."), (b"<html><p>Page.</p></html>", "Page.")])
def test_other_formats_under_the_name_of_a_word_document(tmp_path: Path, data: bytes, text: str) -> None:
    assert read(tmp_path, data).text == text


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty: it has no bytes"),
        (b"no zip file", "is damaged: it is not a complete Office file; get a fresh copy"),
        (saved(docx.Document())[:2000], "is damaged: it is not a complete Office file; get a fresh copy"),
        (saved(docx.Document()), "is empty: no text was found in it"),
        (OLE, "is a file of the old binary Office format under a new name; save it anew in the new one"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "is protected with a password; save a copy without one"),
        (package(a="b"), "is not a Word document although its name says so; give it the name of its real type"),
        (
            package(**strict_package("<w:p>")),
            "could not be read, it may be damaged (mismatched tag: line 1, column 86); save it anew",
        ),
    ],
)
def test_files_that_are_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(tmp_path, data)
    assert str(error.value) == f"{tmp_path / 'file.docx'}: {reason}"


def test_a_file_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooxml, "MAX_UNPACKED", 1 << 20)
    with pytest.raises(DocumentError, match=r"file\.docx: would unpack to 2 MB, the limit is 1 MB; split it$"):
        read(tmp_path, package(a="x" * (2 << 20)))


def test_names_that_span_columns_name_each_of_them(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(4, 4)
    rows = [
        ["Class", "Fee", "", "Note"],
        ["", "night", "week", ""],
        ["dinghy", "9", "50", "a"],
        ["yacht", "19", "110", "b"],
    ]
    for place, text in enumerate(text for row in rows for text in row):
        table._cells[place].text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(0, 3).merge(table.cell(1, 3))
    assert read(tmp_path, saved(document)).text == (
        "Class | Fee night | Fee week | Note\ndinghy | 9 | 50 | a\nyacht | 19 | 110 | b"
    )
