"""Web pages: blocks from markup, and the article without what surrounds it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rag.documents.read import read_document
from rag.types import Document, Section

LONG = "The pump was found in the cellar of the old mill, and it still worked. " * 5
ARTICLE = LONG.strip()


def read(folder: Path, markup: str | bytes, name: str = "page.html") -> Document:
    path = folder / name
    path.write_bytes(markup.encode() if isinstance(markup, str) else markup)
    return read_document(path, name)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One\n  two<br>three</p>four <b>fi</b>ve", "One two\nthree\n\nfour five"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c<p>d</p></li><li></li></ul><p>e</p>", "- a\n- b\n- c\nd\n\ne"),
        ("<ol start=3><li>x<li>y</ol>", "3. x\n4. y"),
        ("<dl><dt>term</dt><dd>meaning</dd></dl>", "term\nmeaning"),
        ("<pre>def f():\n    x\n\n    y</pre>", "def f():\nx\ny"),
        ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n1 | 2"),
        (
            "<table><caption>Sales</caption><tr><td rowspan=2>1</td><td>2</td></tr><tr><td>3<br>4</td></tr>"
            "<tr><td colspan=2>all</td><td>x</td></tr></table>",
            "Sales\n\n1 | 2\n1 | 3 4\nall | | x",
        ),
        ("<table><tr><td>a<td>b<table><tr><td>1<td>2</table></table>", "a\n\nb\n\n1 | 2"),  # the outer one lays out
        (f"<table><tr><td>{ARTICLE * 3}</td><td>side</td></tr></table>", f"{ARTICLE * 3}\n\nside"),
        ("<p>x<sup>2</sup> as shown<sup>[<a>12</a>]</sup></p>", "x^2 as shown"),
        ("<p>built in 1859<sup><a href='#n7'>7</a></sup>.</p>", "built in 1859 [7]."),
        ("<p>10<sup>6</sup> l, 3 m<sup>2</sup>, x<sub>2</sub>, H<sub>2</sub>O, 2<sup>nd</sup></p>",
         "10^6 l, 3 m^2, x_2, H2O, 2nd"),
        ("<p>1<sup>3</sup>&frasl;<sub>4</sub> inch, <sup>1</sup>/<sub>2</sub> mile</p>", "1 3/4 inch, 1/2 mile"),
        ("<table><tr><th>Load<th>Unit<tr><td>10<sup>4</sup><td>N/m<sup>2</sup></table>", "Load | Unit\n10^4 | N/m^2"),
        ("<p>7 N/mm <sup>2</sup></p>", "7 N/mm^2"),
        ("<p>3<span class=sr-only>/</span>4 inch</p>", "3/4 inch"),
        ("<p>until <del>4 June</del> <s>7 June</s> <span style='text-decoration: line-through'>8</span>9 June</p>",
         "until 9 June"),
        ("<mill-row><mill-cell>Stone</mill-cell><mill-cell>110</mill-cell></mill-row>", "Stone 110"),
        ("<p>Stone<mill-weight>110</mill-weight>kg</p>", "Stone 110 kg"),
        ("<p>The <mill-name>Old Mill</mill-name>, it <b-x>tur</b-x>.</p>", "The Old Mill, it tur."),
        ("<p>a<script>b</script><style>c</style><!-- d --><span hidden>e</span></p>", "a"),
        ("<p>a<span style='display: none'>b</span><i aria-hidden=true>c</i><b style='opacity:0'>d</b></p>", "ad"),
        ("<p style='visibility:hidden'>a</p><p style='backface-visibility:hidden;display:block'>b</p>", "b"),
        ("<p hidden>a</p><p hidden=until-found>b</p>", "b"),
        ("<div style='font-size:0'><p style='font-size:1rem'>a</p></div><p style='font-size:0'>b</p>", "a"),
        ("<p>a</p><button>Buy</button><h3><button>Why?</button></h3><p>Because.</p>", "a\n\nWhy?\n\nBecause."),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt></ruby>", "漢字"),
        ("plain text", "plain text"),
    ],
)  # fmt: skip
def test_markup(tmp_path: Path, markup: str, text: str) -> None:
    assert read(tmp_path, markup).text == text


def test_descriptions_of_pictures(tmp_path: Path) -> None:
    page = (
        "<p>The mill <img alt='A wheel of oak in the river' src=a.png> turns.</p><ul><li>one <img alt='Two stones on a "
        "cart'></li></ul><figure><img alt='The old mill in 1859'><figcaption>Fig. 2: The old mill in 1859.</figcaption>"
        "</figure><a href=x><img alt='Read more of the mill'></a><p><img alt='logo.png'><img alt=Mill>End.</p>"
    )
    assert read(tmp_path, page).text == (
        "The mill turns.\n\nImage: A wheel of oak in the river\n\n- one\n\nImage: Two stones on a cart\n\n"
        "Fig. 2: The old mill in 1859.\n\nEnd."
    )


def test_sections(tmp_path: Path) -> None:
    document = read(
        tmp_path, "<h1>Mill</h1><p>a</p><h2>Wheels <a href='#w'>¶</a></h2><p>b</p><ul><li><h3>Old</h3>c</ul>"
    )
    assert document.text == "Mill\n\na\n\nWheels\n\nb\n\nOld\n\nc"
    assert document.sections == (Section(0, "Mill"), Section(9, "Mill > Wheels"), Section(20, "Mill > Wheels > Old"))


FURNITURE = [
    "<nav>Home About</nav>",
    "<div role=navigation>Home About</div>",
    "<div class='site-header menuBar'>Home About</div>",
    "<div id='cookie-consent'>We use cookies</div>",
    "<aside>Also read</aside>",
    "<footer>Imprint</footer>",
    "<ul class='breadcrumbs'><li>Home</ul>",
    "<div class='sr-only'>Skip to content</div>",
    "<dialog open>Subscribe!</dialog>",
]


@pytest.mark.parametrize("furniture", FURNITURE)
def test_furniture_inside_and_outside_the_article(tmp_path: Path, furniture: str) -> None:
    assert read(tmp_path, f"{furniture}<main><p>{ARTICLE}</p>{furniture}</main>{furniture}").text == ARTICLE
    assert read(tmp_path, f"{furniture}<div><p>{ARTICLE}</p></div>{furniture}").text == ARTICLE


def test_what_only_sounds_like_furniture_stays(tmp_path: Path) -> None:
    heading, note = "<h2 class='withNavbar'>Wheels</h2>", "<aside class=note>Mind</aside>"
    page = f"<body class='has-sidebar'><main>{heading}<p>{ARTICLE}</p>{note}</main>"
    assert read(tmp_path, page).text == f"Wheels\n\n{ARTICLE}\n\nMind"
    page = f"<div class=menu><p>{ARTICLE}</p></div><p>Open daily.</p>"
    assert read(tmp_path, page).text == f"{ARTICLE}\n\nOpen daily."


def test_lists_of_links_go_only_where_no_article_is_marked(tmp_path: Path) -> None:
    links = "<ul><li><a>Home</a><li><a>News</a><li><a>Shop</a></ul>"
    assert read(tmp_path, f"{links}<p>{ARTICLE}</p>").text == ARTICLE
    assert read(tmp_path, f"<main><p>{ARTICLE}</p>{links}</main>").text == f"{ARTICLE}\n\n- Home\n- News\n- Shop"


def test_what_follows_the_only_article_is_left_out(tmp_path: Path) -> None:
    page = f"<main><p>By A. Miller</p><article><p>{ARTICLE}</p></article><h2>Read on</h2><p>Other news.</p></main>"
    assert read(tmp_path, page).text == f"By A. Miller\n\n{ARTICLE}"


def test_the_heading_above_the_article_comes_with_it(tmp_path: Path) -> None:
    page = f"<title>The Mill | Site</title><header><h1>The Mill</h1></header><main><p>{ARTICLE}</p></main>"
    document = read(tmp_path, page)
    assert document.text == f"The Mill\n\n{ARTICLE}"
    assert document.title == "The Mill"


@pytest.mark.parametrize("page", ["<table><tr><td>a<td>b</table>", "<nav>a | b</nav>", "<header>a | b</header>"])
def test_a_page_of_which_nothing_would_remain_is_kept_whole(tmp_path: Path, page: str) -> None:
    assert read(tmp_path, page).text == "a | b"


def test_title_and_metadata(tmp_path: Path) -> None:
    head = "<title>The\n Mill</title><meta name=author content='A. Miller'><meta name=date content=2024-02-29>"
    document = read(tmp_path, f"<html lang=en-GB><head>{head}</head><body><svg><title>Logo</title></svg><p>Text.</p>")
    assert document.title == "The Mill"
    assert document.metadata == {
        "media_type": "text/html",
        "author": "A. Miller",
        "created": "2024-02-29",
        "language": "en-GB",
    }


def test_without_a_title_the_heading_or_the_name_serves(tmp_path: Path) -> None:
    assert read(tmp_path, "<h1>Mill</h1>").title == "Mill"
    assert read(tmp_path, "<p>Mill</p>").title == "page"


TEXT = "Der Preis der Mühle betrug 15,50 €."


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ("", "utf-16-le"),
        ("", "cp1252"),
        ("<meta charset='windows-1252'>", "cp1252"),
        ("<meta charset=iso-8859-1>", "cp1252"),  # as browsers read it
        ("<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-15'>", "iso-8859-15"),
        ("<meta charset=utf-8>", "cp1252"),  # declared wrongly
        ("<meta charset=no-such-thing>", "utf-8"),
    ],
)
def test_encodings(tmp_path: Path, head: str, encoding: str) -> None:
    assert read(tmp_path, f"<html><head>{head}</head><body><p>{TEXT}</p></body></html>".encode(encoding)).text == TEXT


def test_empty_elements_of_xhtml_do_not_swallow_the_page(tmp_path: Path) -> None:
    page = (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/>'
        '<script src="a.js"/></head><body><p>The <a id="x"/>mill</p></body></html>'
    )
    assert read(tmp_path, page, "page.xhtml").text == "The mill"


def test_pages_nest_without_limit(tmp_path: Path) -> None:
    assert read(tmp_path, "<div>" * 5000 + "deep").text == "deep"


MATH = [
    ("<mfrac><mn>3</mn><mn>4</mn></mfrac>", "3/4"),
    ("<mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mi>b</mi></mfrac>", "(a + 1)/b"),
    ("<mn>2</mn><mo>×</mo><msup><mn>10</mn><mrow><mo>-</mo><mn>6</mn></mrow></msup>", "2 × 10^-6"),
    ("<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup><mo>=</mo><mn>9</mn>", "x_1^2 = 9"),
    ("<mfrac><mi>p</mi><mrow><mn>2</mn><mi>N</mi></mrow></mfrac>", "p/(2N)"),
    ("<mo>(</mo><mo>-</mo><mi>x</mi><mo>-</mo><mn>1</mn><msup><mo>)</mo><mn>2</mn></msup>", "(-x - 1)^2"),
    ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", "√(x + 1)"),
    ("<mroot><mn>8</mn><mn>3</mn></mroot>", "∛8"),
    (
        "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>i</mi>",
        "∑_(i = 1)^ni",
    ),
    ("<mover><mi>x</mi><mo>¯</mo></mover>", "x¯"),
    (
        "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr><mtr><mtd><mn>0</mn></mtd></mtr></mtable>",
        "1 0; 0",
    ),
    ("<semantics><mi>v</mi><annotation encoding='application/x-tex'>\\vec v</annotation></semantics>", "v"),
    ("<mi>f</mi><mo>&#x2061;</mo><mfenced><mi>x</mi><mi>y</mi></mfenced>", "f(x, y)"),
]


@pytest.mark.parametrize(("inner", "text"), MATH)
def test_formulas_keep_their_values(tmp_path: Path, inner: str, text: str) -> None:
    assert read(tmp_path, f"<p>It is <math>{inner}</math> here.</p>").text == f"It is {text} here."
    spread = inner.replace("><", ">\n  <")
    assert read(tmp_path, f"<p>It is <math>\n{spread}\n</math> here.</p>").text == f"It is {text} here."


def test_a_formula_that_stands_behind_its_picture_is_read(tmp_path: Path) -> None:
    hidden = "<span style='display: none'><math><msup><mi>r</mi><mn>2</mn></msup></math></span>"
    assert read(tmp_path, f"<p>Area: {hidden}<img src=r.svg>.</p><p>{hidden}b</p>").text == "Area: r^2.\n\nb"


def test_formulas_nest_without_limit(tmp_path: Path) -> None:
    assert read(tmp_path, f"<math>{'<mrow>' * 5000}x").text == "x"


@pytest.mark.parametrize(
    "name", ["cta", "social", "promo", "sidebar", "related", "newsletter-box", "comments", "modal", "share", "cookies"]
)
def test_sentences_and_facts_stay_whatever_their_class(tmp_path: Path, name: str) -> None:
    said = ["The weir is closed until Monday.", "Adults 7 euros", "水車は六月まで閉まっています。"]
    for text in said:
        page = f"<p>{ARTICLE}</p><div class='{name}'><p>{text}</p><a href=/x>More about the old mill 24</a></div>"
        for markup in (page, f"<main>{page}</main>"):
            assert text in read(tmp_path, markup).text


def test_elements_that_stand_beside_a_text_stay_if_they_hold_sentences(tmp_path: Path) -> None:
    aside = "<aside><p>The miller lives next door to it.</p></aside>"
    note = "<section><footer><p>The figures are those of 1859.</p></footer></section>"
    assert read(tmp_path, f"<p>{ARTICLE}</p>{aside}{note}").text == (
        f"{ARTICLE}\n\nThe miller lives next door to it.\n\nThe figures are those of 1859."
    )


@pytest.mark.parametrize(
    "furniture",
    [
        "<div class=cookie-bar><p>We use cookies to count our visitors.</p><button>Accept</button></div>",
        "<div role=dialog><p>Do you want to hear from us?</p></div>",
        "<footer><p>The mill is kept by its friends.</p></footer>",
        "<div class=footer>© 2024 Friends of the Mill. All rights reserved.</div>",
        "<div class=related><a href=/a>The new wheel turns since 4 May.</a> 4 May 2024</div>",
        "<div class=share>Share this</div>",
    ],
)
def test_what_overlays_or_surrounds_a_text_goes_with_its_sentences(tmp_path: Path, furniture: str) -> None:
    assert read(tmp_path, f"<p>{ARTICLE}</p>{furniture}").text == ARTICLE


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("<a href='https://mill.example/form'>here</a>", "here (https://mill.example/form)"),
        ("<a href='https://mill.example/form'>this <b>page</b></a>.", "this page (https://mill.example/form)."),
        ("<a href='https://mill.example/form'>Click here!</a>", "Click here! (https://mill.example/form)"),
        ("<a href='https://mill.example/form'>hier</a>", "hier (https://mill.example/form)"),
        ("<a href='https://mill.example/form'>the booking form</a>", "the booking form"),
        ("<a href='https://mill.example/form'>mill.example/form</a>", "mill.example/form"),
        (f"<a href='https://mill.example/f?c={'9' * 300}'>link</a>", "link (https://mill.example/f)"),
        ("<a href='#form'>here</a> <a href='javascript:x()'>here</a> <a href=/f>here</a>", "here here here"),
        ("<a href='mailto:ann@mill.example?subject=x'>the miller</a>", "the miller (ann@mill.example)"),
        ("<a href='mailto:ann%40mill.example'>Ann@mill.example</a>", "Ann@mill.example"),
        ("<a href='tel:+44123456'>+44 123 456</a>", "+44 123 456"),
        ("<table><tr><td>Form</td><td><a href='https://mill.example/f'>link</a></td></tr></table>",
         "Form | link (https://mill.example/f)"),
    ],
)  # fmt: skip
def test_addresses_of_links_whose_words_say_nothing(tmp_path: Path, link: str, text: str) -> None:
    assert read(tmp_path, link).text == text


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("<div class=menu>" * 3000, ""),
        ("<header>" * 3000, ""),
        ("a<sup>2</sup> " * 9000, "a^2 " * 9000),
        (f"<math>{'<mo>-</mo>' * 9000}</math>", "-" * 9000),
    ],
    ids=["menu", "header", "powers", "operators"],
)
@pytest.mark.no_cover
def test_time_does_not_grow_with_the_square_of_a_page(tmp_path: Path, inner: str, text: str) -> None:
    started = time.process_time()
    found = read(tmp_path, f"<p>{ARTICLE}</p>{inner}The wheel turns at ten.").text
    assert found == f"{ARTICLE}\n\n{text}The wheel turns at ten."
    assert time.process_time() - started < 5  # seconds; with the square, half a minute


def test_numbers_of_lists_as_they_are_shown(tmp_path: Path) -> None:
    markup = (
        "<ol><li>one<ol type=a><li>in<li>out</ol><li>two</ol><p>Then</p>"
        "<ol type=I start=4><li>four<li value=9>nine</ol>"
        "<p>And</p><ol reversed><li>last<li>first</ol><p>So</p><ol class='lowerroman simple'><li>a mill</ol>"
    )
    assert read(tmp_path, markup).text == (
        "1. one\na. in\nb. out\n2. two\n\nThen\n\nIV. four\nIX. nine\n\nAnd\n\n2. last\n1. first\n\nSo\n\ni. a mill"
    )


def test_what_was_entered_into_forms_stands_beside_its_label(tmp_path: Path) -> None:
    markup = (
        "<p><input type=checkbox checked> Wheel oiled</p>"
        "<p><label for=b>Weir open</label> <input type=checkbox id=b></p>"
        "<form><label>Name <input value='Ida'></label> <input type=password value=secret><input type=submit value=Go>"
        "<select><option>east<option selected>west</select><textarea>It leaks.</textarea>"
        "<p><input type=radio checked> Yes <input type=radio> No</p><label>Empty <input></label></form>"
        "<div><input type=radio name=tab checked></div><div>Tabs</div>"
        "<table><tr><th>Part<th>Ready<tr><td>Wheel<td><input type=checkbox checked>"
        "<tr><td>Weir<td><input type=checkbox></table>"
        "<input type=checkbox hidden><div><input type=checkbox checked></div><div>Far label</div>"
    )
    document = read(tmp_path, markup)
    assert document.text.split("\n\n") == [
        "☒ Wheel oiled",
        "Weir open ☐",
        "Name Ida west It leaks.",
        "☒ Yes ☐ No",
        "Tabs",
        "Part | Ready\nWheel | ☒\nWeir | ☐",
        "☒ Far label",
    ]
    assert document.notes == ()


def test_cells_that_span_columns_above_names_name_them(tmp_path: Path) -> None:
    rows = "<tr><td>dinghy<td>9<td>50<tr><td>yacht<td>19<td>110"
    markup = f"<table><tr><td rowspan=2>Class<td colspan=2>Fee<tr><td>night<td>week{rows}</table>"
    assert read(tmp_path, markup).text == "Class | Fee night | Fee week\ndinghy | 9 | 50\nyacht | 19 | 110"
    years = f"<table><tr><td>Class<td colspan=2>Fee<tr><td><td>2023<td>2024{rows}</table>"
    assert read(tmp_path, years).text.startswith("Class | Fee 2023 | Fee 2024\n")
    values = f"<table><tr><td>Class<td colspan=2>Fee<tr><td>canoe<td>5<td>30{rows}</table>"
    assert read(tmp_path, values).text.startswith("Class | Fee | Fee\ncanoe | 5 | 30\n")


def test_headings_that_unfold_a_part_and_notes_by_name_are_read(tmp_path: Path) -> None:
    markup = (
        f"<article><p>{'It turns in the wind. ' * 20}</p>"
        "<div><button class='accordion-button' aria-expanded=false>Who oils the wheel?</button>"
        "<p>The miller does.</p></div>"
        "<div class='note sidebar-note'>Note: keys at the office</div>"
        "<button aria-expanded=false>Show menu</button></article>"
    )
    assert read(tmp_path, markup).text.split("\n\n")[1:] == [
        "Who oils the wheel?",
        "The miller does.",
        "Note: keys at the office",
    ]
