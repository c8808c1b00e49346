"""Links: their addresses are kept with the places of their words, whatever readers do with these."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.link_text import Link
from rag.documents.links import AHEAD, LONGEST_BEFORE, link, placed
from rag.documents.options import ReadOptions
from rag.documents.read import read_document
from rag.types import LinkSpan
from tests.documents.test_office import run, with_parts
from tests.documents.test_packages import styled, zipped
from tests.documents.test_pdf import make_pdf

FORM, WIKI, PLAN = "https://mill.example/form?y=1&m=2", "https://wiki.mill.example", "mailto:ann@mill.example"


def links(path: Path, data: bytes | str, options: ReadOptions | None = None) -> list[tuple[int, str, str]]:
    """The places, words and addresses of a file's links."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    document = read_document(path, path.name, options=options or ReadOptions())
    return [(found.start, document.text[found.start : found.end], found.url) for found in document.links]


def test_a_web_page(tmp_path: Path) -> None:
    page = (
        f"<h1>The <a href='{WIKI}'>mill</a></h1><p>You are here. The form is <a href='{FORM}'>here</a>, ask"
        f" <a href=' {PLAN} '>Ann\nor  Bob</a>, <a href='#top'>above</a> or <a href='b.html'>beside</a>.</p>"
        f"<p style='display:none'><a href='{WIKI}/secret'>secret</a></p>"
        f"<table><tr><th>Part<th>Plan</tr><tr><td>Wheel<td><a href='{WIKI}/wheel'>A|B of 1<sup>6</sup></a></tr></table>"
        f"<a href='{WIKI}/card'><div>Weir</div><p>It stands.</p></a>"
        f"<ul><li><a href='{WIKI}/1'>Part</a><li><a href='{WIKI}/2'>Part</a></ul>"
    )
    text = (
        f"The mill\n\nYou are here. The form is here ({FORM}), ask Ann or Bob (ann@mill.example), above or beside.\n\n"
        "Part | Plan\nWheel | A|B of 1^6\n\nWeir\n\nIt stands.\n\n- Part\n- Part"
    )
    path = tmp_path / "a.html"
    path.write_text(page)
    assert read_document(path, "a.html").text == text
    assert links(path, page) == [
        (4, "mill", WIKI),
        (text.index("here ("), "here", FORM),
        (text.index("Ann or"), "Ann or Bob", PLAN),
        (text.index("A|B"), "A|B of 1^6", f"{WIKI}/wheel"),
        (text.index("Weir"), "Weir", f"{WIKI}/card"),
        (text.index("- Part") + 2, "Part", f"{WIKI}/1"),
        (text.rindex("Part"), "Part", f"{WIKI}/2"),
    ]


def test_furniture_of_a_page_has_no_links(tmp_path: Path) -> None:
    words = "The wheel turns in the race below the weir, and the stones grind the corn of the whole valley. " * 4
    page = (
        f"<body><nav><a href='{WIKI}'>Home</a> <a href='{WIKI}/n'>News</a></nav><main><p>{words}"
        f"<a href='{FORM}'>Home</a></p></main></body>"
    )
    assert [found[1:] for found in links(tmp_path / "a.html", page)] == [("Home", FORM)]


def test_markdown(tmp_path: Path) -> None:
    table = f"| Part |\n|-|\n| [Wheel]({WIKI}/w) |"
    text = f"See [our *wiki*]({WIKI}) and\n[here][1] or <{WIKI}/x>.\n\n{table}\n\n[1]: {FORM}\n"
    assert [found[1:] for found in links(tmp_path / "a.md", text)] == [
        ("our wiki", WIKI),
        ("here", FORM),
        (f"{WIKI}/x", f"{WIKI}/x"),
        ("Wheel", f"{WIKI}/w"),
    ]
    assert links(tmp_path / "a.md", f"An <b>old</b> [form]({FORM}).") == [(7, "form", FORM)]
    assert links(tmp_path / "a.md", f"An ~~[old]({WIKI})~~ [form]({FORM}).") == [(3, "form", FORM)]


def test_a_word_document(tmp_path: Path) -> None:
    relation = f'<Relationship Id="l1" Type="http://x/hyperlink" Target="{WIKI}" TargetMode="External"/>'
    field = (
        "<w:r><w:fldChar w:fldCharType='begin'/></w:r>"
        f"<w:r><w:instrText> HYPERLINK &quot;{PLAN}&quot; </w:instrText></w:r>"
        f"<w:r><w:fldChar w:fldCharType='separate'/></w:r>{run('Ann')}<w:r><w:fldChar w:fldCharType='end'/></w:r>"
    )
    shown = f"<w:hyperlink r:id='l1'>{run('Wi')}{run('ki')}</w:hyperlink>"
    hidden = f"<w:hyperlink r:id='l1'>{run('Old wiki', '<w:vanish/>')}</w:hyperlink>"
    cell = f"<w:tc><w:p>{run('By ')}{shown}</w:p></w:tc>"
    body = f"<w:p>{run('Wiki: ')}{shown}{hidden}</w:p><w:tbl><w:tr>{cell}<w:tc><w:p>{field}</w:p></w:tc></w:tr></w:tbl>"
    assert links(tmp_path / "a.docx", with_parts(body, {}, relation)) == [
        (6, "Wiki", WIKI),
        (15, "Wiki", WIKI),
        (22, "Ann", PLAN),
    ]


def test_a_pdf(tmp_path: Path) -> None:
    def annotation(left: float, right: float, bottom: float, address: str) -> str:
        action = f"/A << /S /URI /URI ({address}) >>"
        return f"<< /Type /Annot /Subtype /Link /Rect [{left} {bottom} {right} {bottom + 14}] {action} >>"

    page = [
        (72.0, 700.0, 10.0, "F1", "Who is here finds the form here"),
        (72.0, 688.0, 10.0, "F1", "and the wiki beside it, as we said: not here."),
    ]
    annots = annotation(110, 128, 685, WIKI) + 2 * annotation(190, 215, 697, FORM)
    found = links(tmp_path / "a.pdf", make_pdf([page], page=f"/Annots [{annots}]"))
    assert found == [(27, "here", FORM), (27 + len(f"here ({FORM}) and the "), "wiki", WIKI)]


def test_slides_opendocument_and_rich_text(tmp_path: Path) -> None:
    shown = f'<text:p>The <text:a xlink:href="{WIKI}">wiki</text:a>.</text:p>'
    assert links(tmp_path / "a.odt", zipped(styled("", shown))) == [(4, "wiki", WIKI)]
    rich = rf'{{\rtf1 The {{\field{{\*\fldinst HYPERLINK "{WIKI}"}}{{\fldrslt wiki}}}}.}}'
    assert links(tmp_path / "a.rtf", rich) == [(4, "wiki", WIKI)]


@pytest.mark.parametrize(
    ("before", "words", "target", "expected"),
    [
        ("See  ", " the\nform ", f" {FORM} ", Link("See ", "the form", FORM)),
        ("First line\nsecond ", "x", WIKI, Link("second ", "x", WIKI)),
        ("y" * 90, "x", WIKI, Link("y" * LONGEST_BEFORE, "x", WIKI)),
        ("", " ", WIKI, None),
        ("", "•", WIKI, None),
        ("", "x", "#top", None),
        ("", "x", "../a.html", None),
        ("", "x", "javascript:alert(1)", None),
        ("", "x", None, None),
        ("", "x", f"{WIKI}/{'9' * 2000}", None),
    ],
)
def test_what_is_a_link(before: str, words: str, target: str | None, expected: Link | None) -> None:
    assert link(before, words, target) == expected


def test_places() -> None:
    text = "Here we are.\n\nThe form is here.\nThe plan is here. A wa-\nter wheel"
    plan = Link("The plan is ", "here", "p")
    form = Link("The form is ", "here", "f")
    assert placed(text, [form, plan]) == (LinkSpan(26, 30, "f"), LinkSpan(44, 48, "p"))
    assert placed(text, [plan, form]) == (LinkSpan(26, 30, "f"), LinkSpan(44, 48, "p"))  # a note, read later
    assert placed(text, [Link("changed ", "here", "x")]) == (LinkSpan(26, 30, "x"),)
    assert placed(text, [Link("", "water wheel", "w")]) == ()
    assert placed(text, [Link("", "A wa ter wheel", "w")]) == (LinkSpan(50, 65, "w"),)
    assert placed(text, [Link("", "gone", "x"), form]) == (LinkSpan(26, 30, "f"),)


def test_short_words_are_not_taken_from_afar() -> None:
    text = "x " * AHEAD + "home"
    assert placed(text, [Link("", "home", "h")]) == ()
    assert placed(text, [Link("x ", "home", "h")]) == (LinkSpan(2 * AHEAD, 2 * AHEAD + 4, "h"),)


@pytest.mark.no_cover
def test_many_links_take_no_time() -> None:
    text = "The wheel turns. " * 200_000
    lost = [Link("", f"a link number {number} that is not there", "u") for number in range(20_000)]
    assert placed(text, lost) == ()
