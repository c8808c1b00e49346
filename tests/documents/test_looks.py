"""Looks that change what a text says: what style sheets set high, strike or draw with a font of symbols, tables told by
roles, notes by links."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.read import read_document
from rag.documents.symbols import in_font
from rag.types import Document
from tests.documents.test_packages import zipped

CONTAINER = '<container><rootfile full-path="book.opf"/></container>'


def read(folder: Path, name: str, content: bytes) -> Document:
    path = folder / name
    path.write_bytes(content)
    return read_document(path, name)


SHEET = (
    "<style>.high{vertical-align:super;font-size:60%} .low{vertical-align:sub} td{vertical-align:super}"
    ".out{text-decoration:line-through} .out2{text-decoration-line:line-through}</style>"
)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>10<span class=high>7</span> grains, CO<span class=low>2</span></p>", "10^7 grains, CO2"),
        ("<p>4<span style='vertical-align:super'>9</span> rows</p>", "4^9 rows"),
        ("<p>Due <span class=out>2 June</span> 9 June, <i class=out2>x</i>y</p>", "Due 9 June, y"),
        ("<table><tr><td>a<td>1<tr><td>b<td>2</table>", "a | 1\nb | 2"),
        ("<p>As shown<span class=high><a href=#n>3</a></span>.</p>", "As shown [3]."),
        ("<p>z = 10<sup><b>1</b><sup></sup>2</sup> x 5<sup>3</sup></p>", "z = 10^12 x 5^3"),
        (
            "<p><font face=Wingdings>&#254;</font> oiled <span style='font-family:Symbol'>&#179;</span> 6</p>",
            "☑ oiled ≥ 6",
        ),
        ("<p><span style='font-family:\"Segoe UI Symbol\"'>o</span> yes</p>", "o yes"),
        ("<p>Level <meter value=3 max=5>3 of 5</meter><output>718</output></p>", "Level 3 of 5 718"),
        (
            "<form><input type=radio checked><label>Wide</label><input type=radio><label>Slim</label></form>",
            "☒ Wide ☐ Slim",
        ),
        (
            "<div role=table><div role=row><span role=columnheader>Sail</span><span role=columnheader>Area</span></div>"
            "<div role=row><span role=cell>Jib</span><span role=cell>14</span></div></div>",
            "Sail | Area\nJib | 14",
        ),
    ],
)
def test_looks_of_web_pages(tmp_path: Path, markup: str, text: str) -> None:
    assert read(tmp_path, "a.html", (SHEET + markup).encode()).text == text


def test_a_sheet_marks_text_on_a_page_with_scripts_too(tmp_path: Path) -> None:
    page = "<script>run()</script>" + SHEET + "<p>10<span class=high>7</span> grains <span class=out>then</span></p>"
    document = read(tmp_path, "a.html", page.encode())
    assert (document.text, document.notes) == ("10^7 grains", ("4 characters of struck text",))


def test_what_a_page_shows_in_no_way_that_is_read_is_counted(tmp_path: Path) -> None:
    page = (
        "<p>Tides</p><svg><text>High water 6 m</text></svg><svg><text>Go</text></svg><ruby>潮<rt>しお</rt></ruby>"
        "<noscript><p>The ferry leaves at eight.</p></noscript><noscript>Please enable JavaScript now.</noscript>"
        "<div aria-hidden=true>The second tab says more.</div>"
    )
    assert read(tmp_path, "a.html", page.encode()).notes == (
        "51 characters of hidden text; rag index --include-hidden reads it",
        "1 image without a description",
        "1 reading beside characters (ruby)",
    )


def test_sheets_of_a_book_and_its_links_to_notes(tmp_path: Path) -> None:
    package = (
        '<package><metadata/><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="c" href="s/c.css" media-type="text/css"/></manifest><spine><itemref idref="a"/></spine></package>'
    )
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
        '<p>2<span class="h">8</span> pages <span class="o">once</span> of 1907'
        '<a epub:type="noteref" href="#n">4</a></p>'
        "</body></html>"
    )
    sheet = ".h { vertical-align: super } .o { text-decoration: line-through }"
    parts = {"META-INF/container.xml": CONTAINER, "book.opf": package, "a.xhtml": chapter, "s/c.css": sheet}
    assert read(tmp_path, "a.epub", zipped(parts)).text == "2^8 pages of 1907 [4]"


def test_letters_beyond_a_symbol_font_stay() -> None:
    assert in_font("\u00b3 α ≥ \uf0fe", "Symbol") == "≥ α ≥ ⎭"
