"""Word documents in one XML file: of 2003, and the flat form of .docx; other XML stays as it is."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import docx
import pytest

from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.types import Document
from tests.documents.test_office import saved

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<?mso-application progid="Word.Document"?>\n'
SPACES = (
    'xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:aml="http://schemas.microsoft.com/aml/2001/core"'
)


def read(folder: Path, data: str, name: str) -> Document:
    (folder / name).write_text(data, encoding="utf-8")
    return read_document(folder / name, name)


def run(text: str, look: str = "") -> str:
    return f"<w:r><w:rPr>{look}</w:rPr><w:t>{text}</w:t></w:r>"


def paragraph(inside: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{inside}</w:p>"


def annotated(kind: str, inside: str) -> str:
    return f'<aml:annotation aml:id="1" w:type="Word.{kind}"><aml:content>{inside}</aml:content></aml:annotation>'


LISTED = '<w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="4"/><wx:t wx:val="x"/></w:listPr>'
DOCUMENT = (
    f"{HEAD}<w:wordDocument {SPACES}><o:DocumentProperties><o:Title>Kilns</o:Title><o:Author>I. Brandt</o:Author>"
    "<o:Created>2004-05-14T08:00:00Z</o:Created></o:DocumentProperties>"
    '<w:lists><w:listDef w:listDefId="2"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:nfc w:val="2"/>'
    '<w:lvlText w:val="(%1)"/></w:lvl></w:listDef><w:list w:ilfo="4"><w:ilst w:val="2"/></w:list></w:lists>'
    '<w:styles><w:style w:type="paragraph" w:styleId="a1"><w:name w:val="heading 1"/></w:style></w:styles>'
    "<w:body><wx:sect><wx:sub-section>"
    + paragraph(run("Firing"), '<w:pStyle w:val="a1"/>')
    + paragraph(
        run("It takes 10")
        + run("6", '<w:vertAlign w:val="superscript"/>')
        + f"<w:r><w:footnote>{paragraph(run('By weight.'))}</w:footnote></w:r>"
        + run(" g, see ")
        + f'<w:hlink w:dest="https://kiln.example/f?a=1&amp;b=2">{run("here")}</w:hlink>'
        + run(" gone", "<w:strike/>")
        + annotated("Insertion", run(" today"))
        + annotated("Deletion", "<w:r><w:delText> never</w:delText></w:r>")
        + annotated("Comment", paragraph(run("hm")))
    )
    + paragraph(run("ash"), LISTED)
    + paragraph(run("salt"), LISTED)
    + '<w:tbl><w:tr><w:tc><w:tcPr><w:vmerge w:val="restart"/></w:tcPr>'
    + f"{paragraph(run('Wood'))}</w:tc><w:tc>{paragraph(run('Kilos'))}</w:tc></w:tr>"
    + f"<w:tr><w:tc><w:tcPr><w:vmerge/></w:tcPr>{paragraph('')}</w:tc><w:tc>{paragraph(run('7'))}</w:tc></w:tr></w:tbl>"
    + paragraph(
        f"<w:r><w:pict><v:textbox><w:txbxContent>{paragraph(run('Boxed'))}</w:txbxContent></v:textbox></w:pict></w:r>"
    )
    + "</wx:sub-section></wx:sect></w:body></w:wordDocument>"
)


@pytest.mark.parametrize("name", ["a.xml", "a.doc", "a.docx"])
def test_the_format_of_2003(tmp_path: Path, name: str) -> None:
    document = read(tmp_path, DOCUMENT, name)
    assert document.text.split("\n\n") == [
        "Firing",
        "It takes 10^6 g, see here (https://kiln.example/f?a=1&b=2) today",
        "(iii) ash\n(iv) salt",
        "Wood | Kilos\nWood | 7",
        "Boxed",
        "By weight.",
    ]
    assert [section.path for section in document.sections] == ["Firing"]
    assert (document.title, document.metadata["author"], document.metadata["created"]) == (
        "Kilns",
        "I. Brandt",
        "2004-05-14",
    )


def test_the_flat_form_of_today(tmp_path: Path) -> None:
    made = docx.Document()
    made.add_heading("Firing", 1)
    made.add_paragraph("31 hours.")
    parts = ""
    with zipfile.ZipFile(io.BytesIO(saved(made))) as package:
        for name in package.namelist():
            data = package.read(name)
            if name.endswith((".xml", ".rels")) and name != "[Content_Types].xml":
                inside = f"<p:xmlData>{data.decode().partition('?>')[2]}</p:xmlData>"
            else:
                inside = f"<p:binaryData>{base64.b64encode(data).decode()}</p:binaryData>"
            parts += f'<p:part p:name="/{name}">{inside}</p:part>'
    space = "http://schemas.microsoft.com/office/2006/xmlPackage"
    document = read(tmp_path, f'{HEAD}<p:package xmlns:p="{space}">{parts}</p:package>', "a.xml")
    assert document.text == "Firing\n\n31 hours."
    assert [section.path for section in document.sections] == ["Firing"]


def test_workbooks_and_other_xml(tmp_path: Path) -> None:
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    cells = '<Row><Cell><Data s:Type="String">Wood</Data></Cell><Cell><Data s:Type="Number">7</Data></Cell></Row>'
    sheet = f'<Worksheet s:Name="Ash"><Table>{cells}</Table></Worksheet>'
    book = f'<Workbook xmlns="{space}" xmlns:s="{space}">{sheet}</Workbook>'
    assert read(tmp_path, f'<?xml version="1.0"?>{book}', "a.xml").text == "Ash\n\nWood | 7"
    assert read(tmp_path, "<kiln>\n  <wood>7</wood>\n</kiln>", "b.xml").text == "<kiln>\n<wood>7</wood>\n</kiln>"


def test_a_file_that_is_cut_off_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.xml: could not be read, it may be damaged \(unclosed token"):
        read(tmp_path, DOCUMENT[:-200], "a.xml")
