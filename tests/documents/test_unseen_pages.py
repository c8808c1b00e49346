"""Web pages: text that nobody sees is left out and counted, wherever it is hidden; what can be seen is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.options import ReadOptions
from rag.documents.read import read_document
from rag.types import Document

INCLUDE = "; rag index --include-hidden reads it"
SECRET = "The mill is for sale."
NOTE = f"21 characters of hidden text{INCLUDE}"


def read(folder: Path, markup: str, include_hidden: bool = False) -> Document:
    (folder / "a.html").write_text(markup)
    return read_document(folder / "a.html", "a.html", options=ReadOptions(include_hidden=include_hidden))


@pytest.mark.parametrize(
    "hidden",
    [
        f"<p hidden>{SECRET}</p>",
        f"<p hidden aria-hidden='true'>{SECRET}</p>",
        f"<p style='display: none'>{SECRET}</p>",
        f"<p style='VISIBILITY:Hidden'>{SECRET}</p>",
        f"<p style='font-size:0'>{SECRET}</p>",
        f"<p style='font-size:1px;'>{SECRET}</p>",
        f"<p style='font: 1.5pt/1 Arial'>{SECRET}</p>",
        f"<p style='font-size: .1em'>{SECRET}</p>",
        f"<p style='position:absolute; left:-9999px'>{SECRET}</p>",
        f"<p style='text-indent:-9999px'>{SECRET}</p>",
        f"<div style='width:0;overflow:hidden'>{SECRET}</div>",
        f"<p style='clip: rect(0 0 0 0); position: absolute'>{SECRET}</p>",
        f"<p style='color:#fff'>{SECRET}</p>",
        f"<p style='color:white;background:white'>{SECRET}</p>",
        f"<p style='color: rgba(0, 0, 0, 0)'>{SECRET}</p>",
        f"<font color='#FDFDFD'>{SECRET}</font>",
        f"<div style='background:#203040'><p style='color:#213141'>{SECRET}</p></div>",
        f"<table bgcolor='navy'><tr><td><font color='#000080'>{SECRET}</font></td></tr></table>",
        f"<div style='background-color:#ffffff'><span style='color:#ffffff'>{SECRET}</span></div>",
        f"<style>p.ghost {{display: none}}</style><p class='ghost'>{SECRET}</p>",
        f"<style>@media screen {{#g {{color: #fff !important}}}} p {{color: black}}</style><p id='g'>{SECRET}</p>",
        f"<style>div > p:first-child {{font-size: 0.5px}}</style><div><p>{SECRET}</p></div>",
        f"<style>.g {{visibility: hidden}} /* .g {{visibility: visible}} */</style><p class='g'>{SECRET}</p>",
        f"<style>.g.h {{display: none}} .g {{display: block}}</style><p class='g h'>{SECRET}</p>",
    ],
)
def test_what_nobody_sees_of_a_page(tmp_path: Path, hidden: str) -> None:
    document = read(tmp_path, f"<p>It turns.</p>{hidden}")
    assert (document.text, document.notes, document.hidden) == ("It turns.", (NOTE,), False)
    document = read(tmp_path, f"<p>It turns.</p>{hidden}", include_hidden=True)
    assert (document.text, document.notes, document.hidden) == (f"It turns.\n\n{SECRET}", (), True)


@pytest.mark.parametrize(
    "shown",
    [
        f"<p style='opacity: 0'>{SECRET}</p>",
        f"<p hidden='until-found'>{SECRET}</p>",
        f"<p style='max-height:0;overflow:hidden'>{SECRET}</p>",  # a part that unfolds
        f"<p style='position:relative;left:-960px'>{SECRET}</p>",
        f"<p style='font-size:6px'>{SECRET}</p>",
        f"<p style='color:#fff;background:#203040'>{SECRET}</p>",
        f"<div style='background: url(x.png)'><p style='color:#fff'>{SECRET}</p></div>",
        f"<table background='x.png'><tr><td><font color='white'>{SECRET}</font></td></tr></table>",
        f"<table><td bgcolor='#003366'><font color='#ffffff'>{SECRET}</font></td></table>",
        f"<p style='color:transparent;background-clip:text;background:linear-gradient(red, blue)'>{SECRET}</p>",
        f"<link rel='stylesheet' href='x.css'><p style='color:#fff'>{SECRET}</p>",
        f"<style>body {{background: black}}</style><p style='color:#fff'>{SECRET}</p>",
        f"<style>.a {{display: none}}</style><script>show()</script><p class='a'>{SECRET}</p>",
        f"<style>@media print {{.a {{display: none}}}}</style><p class='a'>{SECRET}</p>",
        f"<style>.a {{display: none}} p.a {{display: block}}</style><p class='a'>{SECRET}</p>",
        f"<style>.a {{display: none}}</style><p class='a' style='display:block'>{SECRET}</p>",
        f"<style>.a::before {{display: none}} .a:hover {{display: none}}</style><p class='a'>{SECRET}</p>",
        f"<div style='font-size:0'><p style='font-size:12pt'>{SECRET}</p></div>",
        f"<div style='color:white'><p style='color:black'>{SECRET}</p></div>",
    ],
)
def test_what_can_be_seen_of_a_page(tmp_path: Path, shown: str) -> None:
    document = read(tmp_path, f"<p>It turns.</p>{shown}")
    assert (document.text, document.notes, document.hidden) == (f"It turns.\n\n{SECRET}", (), None)


@pytest.mark.parametrize(
    "furniture",
    [
        f"<nav style='display:none'>{SECRET}</nav>",
        f"<div class='cookie-consent' style='display:none'>{SECRET}</div>",
        f"<ul class='dropdown' hidden><li>{SECRET}</li></ul>",
        "<span style='display:none'>1843-05-03</span>",  # a key by which a table is sorted
        "<p hidden><a href='x'>Where the mill is for sale</a></p>",
        "<span class='sr-only'>opens in a new window</span>",
        "<script>var text = 'The mill is for sale.'</script><template>The mill is for sale.</template>",
    ],
)
def test_hidden_furniture_is_not_counted(tmp_path: Path, furniture: str) -> None:
    document = read(tmp_path, f"<p>It turns.</p>{furniture}")
    assert (document.text, document.notes) == ("It turns.", ())


def test_struck_text_is_counted_once(tmp_path: Path) -> None:
    struck = "<p><del>Old one</del> <s>six</s> <span style='text-decoration: line-through'>ten</span></p>"
    assert read(tmp_path, f"<p>It turns.</p>{struck}").notes == ("13 characters of struck text",)


def test_what_a_page_holds_besides_text(tmp_path: Path) -> None:
    images = (
        "<img src='wheel.jpg'><img src='a.png' width='20' height='20'><img src='b.png' alt=''>"
        "<img src='c.png' alt='The weir'>"
        "<img src='/icons/mail.png'><img src='d.png' style='display:none'><img src='d.png' alt='d.png'>"
        "<img src='t.gif' width='1' height='1'><svg><text>a</text><text>b</text><text>c</text></svg><svg><path/></svg>"
    )
    media = "<video src='v.mp4'></video><audio></audio><iframe src='map.html'></iframe>"
    media += "<iframe src='x' width='0'></iframe>"
    fields = (
        "<input type='text' value='Ida'><input value=''><input type='hidden' value='x'><input type='submit' value='Go'>"
        "<textarea>Leaks.</textarea><select><option>a<option selected>b</select>"
    )
    article = f"<article><h1>The mill</h1><p>{'It turns in the wind. ' * 20}</p>{images}{media}{fields}</article>"
    menu = "<nav><img src='menu.jpg'><iframe src='y'></iframe></nav>"
    assert sorted(read(tmp_path, f"<body>{menu}{article}{menu}</body>").notes) == [
        "1 embedded object",
        "1 video or sound",
        "3 images without a description",
    ]


def test_sheets_of_many_rules_take_no_long_time(tmp_path: Path) -> None:
    rules = "".join(f".a{number} p > b {{display:none}}" for number in range(20_000))
    paragraphs = "<p>It <b>turns</b>.</p>" * 2000
    document = read(tmp_path, f"<style>{rules} .b {{display:none</style>{paragraphs}")
    assert document.text.startswith("It turns.")
