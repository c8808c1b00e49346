"""Markdown: the marks go, what they mean stays."""

from __future__ import annotations

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
        ("*a* **b** `c` ~~d~~ [e](http://x) ![f](g.png) <http://h>", "a b c d e f http://h"),
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
        '\ufeff+++\ntitle = "The Mill"\nauthor = "A. Miller"\ndate = 2024-02-29\nlanguage = "en"\n+++\n',
    ],
)
def test_front_matter(tmp_path: Path, head: str) -> None:
    document = read(tmp_path, f"{head}\n# Heading\n\ntext")
    assert document.text == "Heading\n\ntext"
    assert document.title == "The Mill"
    assert document.metadata == {
        "media_type": "text/markdown",
        "author": "A. Miller",
        "created": "2024-02-29",
        "language": "en",
    }


def test_a_rule_at_the_start_is_no_front_matter(tmp_path: Path) -> None:
    assert read(tmp_path, "---\n\na").text == "a"
