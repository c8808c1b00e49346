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
        "created": "2024-02-29T00:00:00Z",
        "language": "en",
    }


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
