"""Every reader: the letters and figures of a file come through, all of them and in their order.

A document of random words and numbers in headings, paragraphs, lists and tables is written in each format and read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, NamedTuple

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.documents.formats import DATA, OFFICE, TEXT_TYPES
from rag.documents.read import read_document
from tests.documents.compound import compound, outlook
from tests.documents.test_packages import book, cell, frame, opened, presentation, shape, slide, zipped
from tests.documents.test_pdf import REGULAR, Piece, lines, make_pdf
from tests.documents.test_tables import workbook


class Part(NamedTuple):
    """A part of a document: `rows` are one of one cell, but for the items of a list and the rows of a table."""

    kind: Literal["heading", "paragraph", "list", "table"]
    rows: list[list[str]]

    @property
    def text(self) -> str:
        return self.rows[0][0]

    @property
    def items(self) -> list[str]:
        return [row[0] for row in self.rows]


Parts = Sequence[Part]
Written = tuple[bytes, str]  # the file, and what it says

SYLLABLES = [a + b for a in "bdfgklmnprst" for b in "aeiouäé"]  # words sound: what makes none is left out of PDFs
OF_TWO = len(SYLLABLES) + 1
OF_THREE = len(SYLLABLES) * OF_TWO + 1  # numbers of the first words of two and three syllables


def spelt(number: int) -> str:
    """The word of a number from 1; drawn as letters it would take longer than what is tested."""
    word = ""
    while number:
        number, last = divmod(number - 1, len(SYLLABLES))
        word = SYLLABLES[last] + word
    return word


WORD = st.one_of(
    st.integers(1, OF_TWO - 1), st.integers(OF_TWO, OF_THREE - 1), st.integers(OF_THREE, len(SYLLABLES) * OF_THREE)
).map(spelt)
FIGURE = st.integers(0, 99_999).map(str)
PHRASE = st.lists(WORD | WORD.map(str.title) | FIGURE, min_size=1, max_size=5).map(" ".join)
SENTENCE = st.lists(WORD | FIGURE, min_size=3, max_size=12).map(lambda words: " ".join(words).capitalize() + ".")
CELL = st.lists(WORD | FIGURE, min_size=1, max_size=2).map(" ".join)
ROWS = st.integers(2, 3).flatmap(
    lambda width: st.lists(
        st.lists(CELL, min_size=width, max_size=width, unique=True),  # a row of one text is the title of its table
        min_size=2,
        max_size=4,
    )
)
HEADER = st.lists(WORD, min_size=3, max_size=3, unique_by=str.lower)
PARTS = st.lists(
    st.builds(Part, st.just("heading"), PHRASE.map(lambda text: [["Xa " + text]]))
    | st.builds(
        Part, st.just("paragraph"), st.lists(SENTENCE, min_size=1, max_size=3).map(lambda texts: [[" ".join(texts)]])
    )
    | st.builds(Part, st.just("list"), st.lists(SENTENCE.map(lambda text: [text]), min_size=1, max_size=4))
    | st.builds(Part, st.just("table"), ROWS),
    min_size=1,
    max_size=6,
)
TABLES = st.tuples(HEADER, st.lists(st.lists(PHRASE, min_size=3, max_size=3), min_size=1, max_size=5))


def said(parts: Parts) -> str:
    return " ".join(text for part in parts for row in part.rows for text in row)


def letters(text: str) -> list[str]:
    return re.findall(r"[^\W_]", text)


def written(parts: Parts, **forms: Callable[[Part], str]) -> str:
    return "".join(forms[part.kind](part) for part in parts)


def markup(parts: Parts) -> str:
    return written(
        parts,
        heading=lambda part: f"<h2>{part.text}</h2>\n",
        paragraph=lambda part: f"<p>{part.text}</p>\n",
        list=lambda part: "<ul>" + "".join(f"<li>{item}</li>" for item in part.items) + "</ul>\n",
        table=lambda part: (
            "<table>"
            + "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in part.rows)
            + "</table>\n"
        ),
    )


def plain(parts: Parts) -> str:
    return "\n\n".join("\n".join("    ".join(row) for row in part.rows) for part in parts)


def md(parts: Parts) -> Written:
    text = written(
        parts,
        heading=lambda part: f"## {part.text}\n\n",
        paragraph=lambda part: f"{part.text}\n\n",
        list=lambda part: "".join(f"- {item}\n" for item in part.items) + "\n<!-- -->\n\n",
        table=lambda part: (
            "\n".join(
                "|" + "|".join(row) + "|" + ("\n" + "|---" * len(row) + "|" if not place else "")
                for place, row in enumerate(part.rows)
            )
            + "\n\n"
        ),
    )
    return text.encode(), said(parts)


def rst(parts: Parts) -> Written:
    def grid(part: Part) -> str:
        rule = "+" + "+".join("-" * 40 for _ in part.rows[0]) + "+\n"
        return rule + "".join("|" + "|".join(f" {text:38} " for text in row) + f"|\n{rule}" for row in part.rows) + "\n"

    text = written(
        parts,
        heading=lambda part: f"{part.text}\n{'=' * 60}\n\n",
        paragraph=lambda part: f"{part.text}\n\n",
        list=lambda part: "".join(f"* {item}\n" for item in part.items) + "\n..\n\n",
        table=grid,
    )
    return text.encode(), said(parts)


def org(parts: Parts) -> Written:
    text = written(
        parts,
        heading=lambda part: f"** {part.text}\n",
        paragraph=lambda part: f"{part.text}\n\n",
        list=lambda part: (
            "".join(f"1. {item}\n" if len(part.items) > 2 else f"- {item}\n" for item in part.items) + "\n\n"
        ),
        table=lambda part: (
            "".join(f"| {' | '.join(row)} |\n" + "|---+---|\n" * (not place) for place, row in enumerate(part.rows))
            + "\n"
        ),
    )
    numbers = [
        " ".join(f"1 {item}" for item in part.items) if part.kind == "list" and len(part.items) > 2 else said([part])
        for part in parts
    ]
    return text.encode(), " ".join(numbers)


def adoc(parts: Parts) -> Written:
    text = written(
        parts,
        heading=lambda part: f"== {part.text}\n\n",
        paragraph=lambda part: f"{part.text}\n\n",
        list=lambda part: "".join(f"* {item}\n" for item in part.items) + "\n",
        table=lambda part: "|===\n" + "\n".join("|" + " |".join(row) for row in part.rows) + "\n|===\n\n",
    )
    return text.encode(), said(parts)


def tex(parts: Parts) -> Written:
    text = written(
        parts,
        heading=lambda part: rf"\section{{{part.text}}}" + "\n",
        paragraph=lambda part: f"{part.text}\n\n",
        list=lambda part: (
            "\\begin{itemize}\n" + "".join(f"\\item {item}\n" for item in part.items) + "\\end{itemize}\n"
        ),
        table=lambda part: (
            "\\begin{tabular}{lll}\n"
            + "".join(" & ".join(row) + r" \\" + "\n" for row in part.rows)
            + "\\end{tabular}\n"
        ),
    )
    return f"\\documentclass{{article}}\n\\begin{{document}}\n{text}\\end{{document}}\n".encode(), said(parts)


def word(parts: Parts) -> Written:
    document = docx.Document()
    for part in parts:
        if part.kind == "table":
            table = document.add_table(len(part.rows), len(part.rows[0]))
            for cell, text in zip(table._cells, (text for row in part.rows for text in row), strict=True):
                cell.text = text
        else:
            style = {"heading": "Heading 1", "paragraph": "Normal", "list": "List Bullet"}[part.kind]
            for text in part.items:
                document.add_paragraph(text, style=style)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue(), said(parts)


def word_2003(parts: Parts) -> Written:
    def paragraph(text: str, properties: str = "") -> str:
        return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"

    body = written(
        parts,
        heading=lambda part: paragraph(part.text, '<w:pStyle w:val="h"/>'),
        paragraph=lambda part: paragraph(part.text),
        list=lambda part: "".join(
            paragraph(item, '<w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/></w:listPr>') for item in part.items
        ),
        table=lambda part: (
            "<w:tbl>"
            + "".join(
                "<w:tr>" + "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in row) + "</w:tr>" for row in part.rows
            )
            + "</w:tbl>"
        ),
    )
    head = '<?xml version="1.0"?><?mso-application progid="Word.Document"?>'
    space = 'xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"'
    return f"{head}<w:wordDocument {space}><w:body>{body}</w:body></w:wordDocument>".encode(), said(parts)


def pptx(parts: Parts) -> Written:
    def shown(part: Part) -> str:
        if part.kind == "table":
            rows = ("<a:tr>" + "".join(map(cell, row)) + "</a:tr>" for row in part.rows)
            return slide(frame(f"<a:tbl>{''.join(rows)}</a:tbl>"))
        return slide(shape("title" if part.kind == "heading" else "body", *part.items))

    return zipped(presentation(*map(shown, parts))), said(parts)


def odt(parts: Parts) -> Written:
    body = written(
        parts,
        heading=lambda part: f'<text:h text:outline-level="1">{part.text}</text:h>',
        paragraph=lambda part: f"<text:p>{part.text}</text:p>",
        list=lambda part: (
            "<text:list>"
            + "".join(f"<text:list-item><text:p>{item}</text:p></text:list-item>" for item in part.items)
            + "</text:list>"
        ),
        table=lambda part: f"<table:table>{rows_of(part.rows)}</table:table>",
    )
    return zipped(opened("text", body)), said(parts)


def rows_of(rows: Sequence[Sequence[str]]) -> str:
    def cells(row: Sequence[str]) -> str:
        kind = 'office:value-type="string"'
        return "".join(f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>" for text in row)

    return "".join(f"<table:table-row>{cells(row)}</table:table-row>" for row in rows)


def odp(parts: Parts) -> Written:
    pages = ["".join(f"<text:p>{' '.join(row)}</text:p>" for row in part.rows) for part in parts]
    body = "".join(
        f"<draw:page><draw:frame><draw:text-box>{page}</draw:text-box></draw:frame></draw:page>" for page in pages
    )
    return zipped(opened("presentation", body)), said(parts)


def rtf(parts: Parts) -> Written:
    def row(cells: Sequence[str]) -> str:
        edges = "".join(rf"\cellx{place}" for place in range(1, len(cells) + 1))
        return rf"\trowd{edges}\pard\intbl " + "".join(rf"{text}\cell " for text in cells) + r"\row" + "\n"

    text = written(
        parts,
        heading=lambda part: rf"\pard\s1\outlinelevel0 {part.text}\par" + "\n",
        paragraph=lambda part: rf"\pard {part.text}\par" + "\n",
        list=lambda part: "".join(rf"\pard{{\pntext\'b7\tab}}{item}\par" + "\n" for item in part.items),
        table=lambda part: "".join(map(row, part.rows)) + r"\pard" + "\n",
    )
    shown = "".join(letter if letter.isascii() else rf"\u{ord(letter)}?" for letter in text)
    return rf"{{\rtf1\ansi {shown}}}".encode(), said(parts)


def pdf(parts: Parts) -> Written:
    parts = [  # rows in lower case go on with the cells above them
        Part("table", [[text.title() for text in row] for row in part.rows]) if part.kind == "table" else part
        for part in parts
    ]
    pages: list[list[Piece]] = [[]]
    top = 740.0
    for part in parts:
        texts = [line for item in part.items for line in re.findall(r"\S.{0,60}(?=\s|$)", item)]
        if top - 14 * max(len(texts), len(part.rows)) < 60:
            pages.append([])
            top = 740.0
        if part.kind == "table":
            for row in part.rows:
                pages[-1] += [(72 + 160 * place, top, 10, REGULAR, text) for place, text in enumerate(row)]
                top -= 14
        else:
            pages[-1] += lines(*texts, top=top, size=16 if part.kind == "heading" else 10)
            top -= 12 * len(texts)
        top -= 30
    return make_pdf(pages), said(parts)


def epub(parts: Parts) -> Written:
    return zipped(book({"a": markup(parts[:2]), "b": markup(parts[2:])}, "a b")), said(parts)


def ipynb(parts: Parts) -> Written:
    cells = [{"cell_type": "markdown", "source": md([part])[0].decode()} for part in parts]
    return json.dumps({"cells": cells}).encode(), said(parts)


def mail(parts: Parts) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Mill"
    message.set_content(plain(parts))
    return message


def srt(parts: Parts, head: str = "", sign: str = ",") -> Written:
    captions = [
        f"{place}\n00:{place:02}:01{sign}000 --> 00:{place:02}:02{sign}500\n{text}\n"
        for place, text in enumerate((text for part in parts for row in part.rows for text in row), start=1)
    ]
    return (head + "\n".join(captions)).encode(), said(parts)


def ics(parts: Parts) -> Written:
    description = said(parts).replace(",", "\\,")
    folded = re.sub("(.{60})", r"\1" + "\r\n ", f"DESCRIPTION:{description}")
    event = f"BEGIN:VEVENT\r\nSUMMARY:Mill\r\n{folded}\r\nEND:VEVENT"
    return f"BEGIN:VCALENDAR\r\n{event}\r\nEND:VCALENDAR\r\n".encode(), f"Appointment Mill {said(parts)}"


def msg(parts: Parts) -> Written:
    return compound(outlook(Subject="Mill", body=plain(parts))), f"Mill {said(parts)}"


WRITERS: dict[str, Callable[[Parts], Written]] = {
    ".txt": lambda parts: (plain(parts).encode(), said(parts)),
    ".log": lambda parts: (plain(parts).encode("utf-16"), said(parts)),
    ".py": lambda parts: (plain(parts).encode("cp1252"), said(parts)),
    ".html": lambda parts: (f"<html><body>{markup(parts)}</body></html>".encode(), said(parts)),
    ".md": md,
    ".rst": rst,
    ".org": org,
    ".adoc": adoc,
    ".tex": tex,
    ".docx": word,
    ".xml": word_2003,
    ".pptx": pptx,
    ".odt": odt,
    ".odp": odp,
    ".rtf": rtf,
    ".pdf": pdf,
    ".epub": epub,
    ".ipynb": ipynb,
    ".eml": lambda parts: (bytes(mail(parts)), f"Mill {said(parts)}"),
    ".mbox": lambda parts: (b"From a@b Tue Mar  5 09:30:00 2024\n" + bytes(mail(parts)), f"Mill {said(parts)}"),
    ".msg": msg,
    ".srt": srt,
    ".vtt": lambda parts: srt(parts, "WEBVTT\n\n", "."),
    ".ics": ics,
}
NOT_SAID = re.compile(r"\[\d\d:\d\d:\d\d\]")  # times of subtitles


@pytest.mark.parametrize("suffix", WRITERS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(PARTS)
def test_letters_and_figures_and_their_order(tmp_path: Path, suffix: str, parts: Parts) -> None:
    data, expected = WRITERS[suffix](parts)
    path = tmp_path / f"mill{suffix}"
    path.write_bytes(data)
    text = read_document(path, "mill").text
    assert letters(NOT_SAID.sub("", text) if suffix in (".srt", ".vtt") else text) == letters(expected), text


def delimited(header: list[str], rows: list[list[str]], sign: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=sign).writerows([header, *rows])
    return buffer.getvalue().encode()


def typed(text: str) -> object:
    return int(text) if text.isdecimal() else text


TABLE_WRITERS: dict[str, Callable[[list[str], list[list[str]]], bytes]] = {
    ".csv": lambda header, rows: delimited(header, rows, ","),
    ".tsv": lambda header, rows: delimited(header, rows, "\t"),
    ".json": lambda header, rows: json.dumps([dict(zip(header, row, strict=True)) for row in rows]).encode(),
    ".jsonl": lambda header, rows: "\n".join(
        json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) for row in rows
    ).encode(),
    ".xlsx": lambda header, rows: workbook(
        {"Sheet1": [list(header), *(list(map(typed, row)) for row in rows)]}
    ),
    ".ods": lambda header, rows: zipped(
        opened("spreadsheet", f'<table:table table:name="Sheet1">{rows_of([header, *rows])}</table:table>')
    ),
}  # fmt: skip


@pytest.mark.parametrize("suffix", TABLE_WRITERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLES)
def test_cells_and_their_order(tmp_path: Path, suffix: str, table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    path = tmp_path / f"mill{suffix}"
    path.write_bytes(TABLE_WRITERS[suffix](header, rows))
    text = read_document(path, "mill").text
    assert text.split("\n") == [" | ".join(row) for row in (header, *rows)]


SAME_READER = {
    ".text": ".txt", ".markdown": ".md", ".htm": ".html", ".xhtml": ".html", ".asciidoc": ".adoc", ".ndjson": ".jsonl",
    ".docm": ".docx", ".dotx": ".docx", ".pptm": ".pptx", ".ppsx": ".pptx", ".xlsm": ".xlsx", ".doc": ".docx",
    ".ppt": ".pptx",
}  # fmt: skip
BY_CALAMINE = {".xls", ".xlsb"}  # binary formats that nothing here writes


def test_every_reader_is_tested() -> None:
    tested = {*WRITERS, *TABLE_WRITERS}
    untested = {SAME_READER.get(suffix, suffix) for suffix in {*TEXT_TYPES, *OFFICE, *DATA}} - tested
    assert untested == BY_CALAMINE | {".zip"}  # whose members are documents (test_unpack.py)
