"""Markdown: the marks go, what they mean stays."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rag.documents.read import read_document
from rag.types import Document, Section


def read(folder: Path, text: str, name: str = "page.md") -> Document:
    path = folder / name
    path.write_bytes(text.encode())
    return read_document(path, name)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("wrapped\nlines  \nhard\\\nbreaks", "wrapped lines\nhard\nbreaks"),
        ("*a* **b** `c` ~~d~~ [e](http://x) ![f](g.png) <http://h>", "a b c e f http://h"),
        ("until ~~4 June~~ 9 June", "until 9 June"),
        ("- a\n  - b\n\n    c\n- d", "- a\n- b\nc\n- d"),
        ("3. x\n4. y", "3. x\n4. y"),
        ("- a\n\npara\n\n* b", "- a\n\npara\n\n- b"),
        ("| a | b |\n|---|---|\n| 1 | **2** |\n|   | 3 |", "a | b\n1 | 2\n| 3"),
        ("```py\ndef f():\n    x\n\n    y\n```", "def f():\nx\ny"),
        ("    indented\n    code", "indented\ncode"),
        ("> a\n> b\n>\n> c", "a b\n\nc"),
        ("<div>a <b>b</b></div>\n\nc<br>d <i>e</i>\n\n<!-- no -->", "a b\n\nc\nd e"),
        ("a &amp; b \\* c\n\n---\n\nd", "a & b * c\n\nd"),
        ("日本語の文は\n空白なしで続く", "日本語の文は空白なしで続く"),
        ("a\r\nb\r\n\r\nc", "a b\n\nc"),
    ],
)
def test_blocks(tmp_path: Path, source: str, text: str) -> None:
    assert read(tmp_path, source).text == text


def test_sections_and_title(tmp_path: Path) -> None:
    document = read(
        tmp_path, "Before\n\n# The *Mill*\n\na\n\nWheels\n------\n\n- b\n\n### Old ###\n\n<h2>Stones</h2>\n"
    )
    assert document.text == "Before\n\nThe Mill\n\na\n\nWheels\n\n- b\n\nOld\n\nStones"
    assert document.sections == (
        Section(8, "The Mill"),
        Section(21, "The Mill > Wheels"),
        Section(34, "The Mill > Wheels > Old"),
        Section(39, "The Mill > Stones"),
    )
    assert document.title == "The Mill"


@pytest.mark.parametrize(
    "head",
    [
        "---\ntitle: 'The Mill'\nauthor: A. Miller\ndate: 2024-02-29\nlang: en\ntags: [a, b]\n---\n",
        '\ufeff+++\ntitle = "The Mill"\nauthor = "A. Miller"\ndate = 2024-02-29\nlang = "en"\ntags = ["a", "b"]\n+++\n',
    ],
)
def test_front_matter(tmp_path: Path, head: str) -> None:
    document = read(tmp_path, f"{head}\n# Heading\n\ntext")
    assert document.text.endswith("tags: a, b\n\nHeading\n\ntext")
    assert document.title == "The Mill"
    assert document.metadata == {
        "media_type": "text/markdown",
        "author": "A. Miller",
        "created": "2024-02-29",
        "language": "en",
        "tags": "a, b",
    }


HEAD = """\
---
title:
status: open   # since May
Due: 2025-03-10
version: 1.10
draft: no
tags:
- mill
- wheel
owner:
  name: Ann Miller
  phone: "07123 4"
steps:
- do: grind
- do: sift
note: |
  Bring boots.
  And a lamp.
type: document
media_type: text/html
empty: null
---
It turns.
"""
FIELDS = {
    "status": "open", "due": "2025-03-10", "version": "1.10", "draft": "no", "tags": "mill, wheel",
    "owner.name": "Ann Miller", "owner.phone": "07123 4", "steps.do": "grind, sift", "note": "Bring boots. And a lamp.",
    "type": "document", "empty": "null",
}  # fmt: skip


def test_all_fields_of_front_matter_are_metadata_and_text(tmp_path: Path) -> None:
    document = read(tmp_path, HEAD)
    assert document.title == "page"  # no title, and none taken from the line below
    assert document.metadata == {"media_type": "text/markdown", **FIELDS}
    assert document.text == (
        "status: open\nDue: 2025-03-10\nversion: 1.10\ndraft: no\ntags: mill, wheel\nowner.name: Ann Miller\n"
        "owner.phone: 07123 4\nsteps.do: grind, sift\nnote: Bring boots.\nAnd a lamp.\ntype: document\n"
        "media_type: text/html\nempty: null\n\nIt turns."
    )


def test_front_matter_that_is_not_quite_yaml(tmp_path: Path) -> None:
    head = "---\ntitle: The Mill: a history\nby: @ann\ntags: [mill, 'wheel]\nlinks:\n- [[Weir]]\n- b: c: d\n---\n"
    document = read(tmp_path, f"{head}It turns.")
    assert document.title == "The Mill: a history"
    assert document.metadata["author"] == "@ann"
    assert document.text == "by: @ann\ntags: [mill, 'wheel]\nlinks: [[Weir]], b: c: d\n\nIt turns."


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("---\n\na", "a"),
        ("---\nIt turns.\n\n---\n\nIt stands.", "It turns.\n\nIt stands."),
        ("---\n\nNote: it turns.\n\n---\n\nIt stands.", "Note: it turns.\n\nIt stands."),
        ("---\nNote: it turns.\n---\nIt stands.", "Note: it turns.\n\nIt stands."),
        ("---\n# Mill\n\nOpen: daily\n\n---\n\nIt stands.", "Mill\n\nOpen: daily\n\nIt stands."),
        ("---\n- a\n- b\n\n---\nIt stands.", "- a\n- b\n\nIt stands."),
        (
            "---\nNote: it turns.\nThe wheel is wet.\n\n---\n\nIt stands.",
            "Note: it turns. The wheel is wet.\n\nIt stands.",
        ),
        ("+++\nIt turns.\n+++\nIt stands.", "+++ It turns. +++ It stands."),
    ],
)
def test_a_text_that_opens_with_a_rule_loses_nothing(tmp_path: Path, source: str, text: str) -> None:
    assert read(tmp_path, source).text == text


def test_references_in_front_matter_do_not_grow(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, y]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    assert len(read(tmp_path, "---\n" + "\n".join(lines) + "\n---\nIt turns.").text) < 10_000


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("The power is $P = 4\\,\\text{kW}$ and $a*b*c$ here.", "The power is $P = 4\\,\\text{kW}$ and $a*b*c$ here."),
        ("It is \\(x_1 \\le y\\) or\n\\[ z \\; \\& \\]", "It is \\(x_1 \\le y\\) or\n\n\\[ z \\; \\& \\]"),
        ("So:\n$$\nP = 4\\,W\n- 3 \\\\\n= 1\n$$\nwhere *P*", "So:\n\n$$ P = 4\\,W - 3 \\\\ = 1 $$\n\nwhere P"),
        ("- a\n  $$x\\,y$$\n- b", "- a\n$$x\\,y$$\n- b"),
        ("It costs $5 or *$6*, not \\$7.", "It costs $5 or $6, not $7."),
        ("$$ is a *shell's* number\n\n$$ too", "$$ is a shell's number\n\n$$ too"),
        ("`$a\\,b$` and \\(no end", "$a\\,b$ and (no end"),
    ],
)
def test_formulas_stay_as_they_are_written(tmp_path: Path, source: str, text: str) -> None:
    assert read(tmp_path, source).text == text


@pytest.mark.parametrize("piece", ["$a \\(b $$c ", "$$ a\n", "<table>\n\n"])
@pytest.mark.no_cover
def test_what_never_ends_takes_linear_time(tmp_path: Path, piece: str) -> None:
    def seconds(count: int) -> float:
        started = time.process_time()
        assert read(tmp_path, piece * count + "a").text.endswith("a")
        return time.process_time() - started

    assert seconds(9000) < 6 * seconds(3000) + 0.5


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("10<sup>6</sup> l of H<sub>2</sub>O, *3* m<sup>2</sup> ![Plan](p.png)", "10^6 l of H2O, 3 m^2 Plan"),
        ("| a | b |\n|---|---|\n| 10<sup>3</sup> | 2 |", "a | b\n10^3 | 2"),
        ("# The <kbd>Mill</kbd>", "The Mill"),
        ("<table>\n<tr><td>Stone</td>\n\n<td>110</td></tr>\n\n    <tr><td>Wheel</td><td>\n\n**7**\n\n</table>",
         "Stone | 110\nWheel | 7"),
        ("<ol>\n<li>one</li>\n\n<li>two</li>\n</ol>\nEnd", "1. one\n2. two\n\nEnd"),
        ("<table>\n\nnever ends", "never ends"),
        ("- a\n\n  <table><tr><td>x</td>\n\n  <td>y</td></tr></table>\n- b", "- a\nx | y\n- b"),
    ],
)  # fmt: skip
def test_markup_in_the_text(tmp_path: Path, source: str, text: str) -> None:
    assert read(tmp_path, source).text == text


def test_cells_without_a_head_are_read(tmp_path: Path) -> None:
    table = "> | Part | Price |\n> |---|---|\n> | Wheel | 7 | *oak* | a \\| b |\n> | Stone |\n> Weir | 9 | wet"
    assert read(tmp_path, table).text == "Part | Price\nWheel | 7 | oak | a|b\nStone\nWeir | 9 | wet"


def test_a_bar_in_code_is_no_border(tmp_path: Path) -> None:
    assert (
        "Wheel | use a|b or c|d" in read(tmp_path, "| Part | Note |\n|---|---|\n| Wheel | use `a|b` or `c\\|d` |").text
    )
    assert read(tmp_path, "```\n| `a|b` |\n```").text == "| `a|b` |"


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("The form is [here](https://mill.example/form).", "The form is here (https://mill.example/form)."),
        ("See [*this* page][1].\n\n[1]: https://mill.example/a%20b", "See this page (https://mill.example/a%20b)."),
        (
            "See [our wiki](https://wiki.mill.example) and [here](#top) or [here](b.md).",
            "See our wiki and here or here.",
        ),
        (
            "Ask [Ann](mailto:ann@mill.example) or <bob@mill.example>.",
            "Ask Ann (ann@mill.example) or bob@mill.example.",
        ),
        ("[here](https://mill.example) <b>or</b>", "here (https://mill.example) or"),
    ],
)
def test_addresses_of_links(tmp_path: Path, link: str, text: str) -> None:
    assert read(tmp_path, link).text == text


def test_deep_lists_and_quotations_are_read(tmp_path: Path) -> None:
    def lists(depth: int) -> str:
        return "\n".join(f"{'  ' * level}- item {level}" for level in range(depth))

    document = read(tmp_path, f"{lists(49)}\n\n{'> ' * 99}It turns.")
    assert document.text == "\n".join(f"- item {level}" for level in range(49)) + "\n\nIt turns."
    assert document.notes == ()
    for source in (f"It stands.\n\n{lists(60)}", f"It stands.\n\n{'> ' * 5000}It turns."):
        document = read(tmp_path, source)
        assert document.text.startswith("It stands.")
        assert document.notes == ("text in quotations or lists nested more than 49 deep",)


def test_front_matter_without_rules(tmp_path: Path) -> None:
    json_head = '{\n  "title": "Mill",\n  "tags": ["wheel", "weir"],\n  "open": false\n}\n\nIt turns.\n'
    lines = "Title: Mill\nDate: 2024-05-03\nTags: wheel, weir\n\nIt turns.\n"
    for text, shown in ((json_head, "tags: wheel, weir\nopen: false"), (lines, "Date: 2024-05-03\nTags: wheel, weir")):
        document = read(tmp_path, text)
        assert (document.title, document.text) == ("Mill", f"{shown}\n\nIt turns.")
        assert document.metadata["tags"] == "wheel, weir"
    prose = "Title: the mill.\nIt turns.\n"
    assert read(tmp_path, prose).text == "Title: the mill. It turns."
    assert read(tmp_path, '{"a": 1} is an object.\n').text == '{"a": 1} is an object.'
