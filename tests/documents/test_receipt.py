"""The receipt of a file: its lines, whatever the format; and the formats that are text, mail, books and notebooks."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest

from rag.documents.blocks import Block, Content
from rag.documents.contained import Member
from rag.documents.options import ReadOptions
from rag.documents.read import as_document, read_document
from rag.documents.receipt import COMMENT, IMAGE, SHEET, STRUCK, Receipt, quoted_name
from rag.documents.unseen import WHITE, Colour, colour, is_too_small, look_alike
from rag.errors import DocumentError
from rag.types import Document
from tests.documents.test_packages import book, zipped

INCLUDE = "; rag index --include-hidden reads it"


def read(folder: Path, name: str, data: bytes | str, include_hidden: bool = False) -> Document:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(folder / name, name, options=ReadOptions(include_hidden=include_hidden))


def test_lines_count_and_name() -> None:
    receipt = Receipt()
    for _ in range(2):
        receipt.count(IMAGE)
    receipt.count(COMMENT)
    receipt.count(STRUCK, 0)
    receipt.count_text(STRUCK, "  ")
    receipt.line("a line of its own")
    assert receipt.notes() == ["2 images without a description", "1 comment", "a line of its own"]
    assert not receipt.holds_hidden


def test_hidden_text_is_left_out_unless_it_is_wanted() -> None:
    receipt, wanted = Receipt(), Receipt(include_hidden=True)
    assert (receipt.hides("four  word\ns"), wanted.hides("four words")) == (True, False)
    assert receipt.hides_part(SHEET, quoted_name("Old\n" + 80 * "x"))
    assert not wanted.hides_part(SHEET, quoted_name("Old"))
    assert receipt.notes() == [f"11 characters of hidden text{INCLUDE}", f'hidden sheet "Old {56 * "x"}"{INCLUDE}']
    assert wanted.notes() == []
    assert (receipt.holds_hidden, wanted.holds_hidden) == (True, True)
    for number in range(7):
        receipt.hides_part(SHEET, str(number))
    assert receipt.notes()[1].startswith('hidden sheets "Old ')
    assert receipt.notes()[1].endswith(f"0, 1, 2, 3 and 3 more{INCLUDE}")


def test_space_alone_is_no_hidden_text() -> None:
    receipt = Receipt()
    assert receipt.hides(" \n")
    assert (receipt.notes(), receipt.holds_hidden) == ([], False)


def test_a_receipt_takes_another_in() -> None:
    one, other = Receipt(), Receipt()
    one.hides("abc")
    other.hides("de")
    other.hides_part(SHEET, "s")
    other.line("x")
    one.take(other)
    assert one.notes() == [f"5 characters of hidden text{INCLUDE}", f"hidden sheet s{INCLUDE}", "x"]
    empty = one.fresh()
    empty.take_hidden(one)
    assert (empty.notes(), empty.holds_hidden) == ([], True)


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ("#fff", WHITE),
        ("FFFFFF", WHITE),
        ("80FFFFFF", WHITE),
        ("rgb(255, 255,255)", WHITE),
        ("rgba(1 2 3 / 50%)", Colour(1, 2, 3)),
        ("White", WHITE),
        ("#1a2B3c", Colour(26, 43, 60)),
        ("auto", None),
        ("url(x.png)", None),
        (None, None),
    ],
)
def test_colours(stated: str | None, found: Colour | None) -> None:
    assert colour(stated) == found


def test_what_can_be_told_apart() -> None:
    assert look_alike(WHITE, Colour(243, 250, 255))
    assert not look_alike(WHITE, Colour(242, 255, 255))
    assert not look_alike(WHITE, None)
    assert (is_too_small(1.99), is_too_small(2)) == (True, False)


def test_notes_are_few_and_short(tmp_path: Path) -> None:
    lines = ["{}"] * 60 + [f"{{{number * 'x'}" for number in range(1, 40)]
    notes = read(tmp_path, "a.jsonl", "\n".join([*lines, '{"wheels": 2}'])).notes
    assert (len(notes), notes[-1]) == (11, "29 more lines were left out, which are not valid JSON")


def test_characters_that_could_not_be_read(tmp_path: Path) -> None:
    text = ("Die Mühle dreht sich über dem Bach. " * 20).encode() + b" \xff\xfe\xff\n"
    assert read(tmp_path, "a.txt", text).notes == ("3 characters that could not be read",)
    assert read(tmp_path, "a.py", text).notes == ()


def test_a_file_of_which_all_is_hidden_is_not_called_empty(tmp_path: Path) -> None:
    markup = "<p style='display:none'>The mill is for sale.</p>"
    with pytest.raises(DocumentError) as error:
        read(tmp_path, "a.html", markup)
    assert str(error.value) == (
        f"{tmp_path / 'a.html'}: is empty: no text was found in it, but 21 characters of hidden text{INCLUDE}"
    )
    assert read(tmp_path, "a.html", markup, include_hidden=True).text == "The mill is for sale."


def test_markdown(tmp_path: Path) -> None:
    text = "It ~~stood~~ turns. ![](wheel.png) ![The weir](weir.png)\n\n<p hidden>It is for sale.</p>\n"
    document = read(tmp_path, "a.md", text)
    assert document.text == "It turns. The weir"
    assert document.notes == (
        "5 characters of struck text", "1 image without a description", f"15 characters of hidden text{INCLUDE}",
    )  # fmt: skip
    assert read(tmp_path, "a.md", text, include_hidden=True).text == "It turns. The weir\n\nIt is for sale."


def test_restructured_text(tmp_path: Path) -> None:
    text = (
        ".. include:: links.inc\n.. a comment\n\nThe mill\n========\n\nIt turns.\n\n.. include:: prices.rst\n\n"
        ".. literalinclude:: wheel.py\n\n.. csv-table:: Prices\n   :file: prices.csv\n\n"
        ".. raw:: html\n\n   <b>x</b>\n\n"
        ".. image:: weir.png\n\n.. image:: pond.png\n   :alt: The pond\n"
    )
    assert read(tmp_path, "a.rst", text).notes == (
        "3 files that it includes; index them beside it", "1 piece of raw markup", "1 image without a description",
    )  # fmt: skip


def test_notebooks(tmp_path: Path) -> None:
    outputs = [
        {"output_type": "stream", "text": ["9\n"]},
        {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
        {"output_type": "display_data", "data": {"text/html": "<b>9</b>"}},
        {"output_type": "display_data", "data": {"text/html": "<b>9</b>", "text/plain": "9"}},
        {"output_type": "display_data", "data": {"application/vnd.plot+json": {"points": [9]}}},
        {"output_type": "error", "ename": "KeyError", "traceback": ["..."]},
    ]
    cells = [{"cell_type": "code", "source": "weigh()", "outputs": outputs}]
    document = read(tmp_path, "a.ipynb", json.dumps({"cells": cells, "metadata": {}}))
    assert document.notes == ("1 picture among the results", "1 result that is markup only", "1 error trace")
    assert document.text.count("9") == 3


def test_books(tmp_path: Path) -> None:
    page = "<p>It turns.</p><img src='w.png'/><p style='visibility: hidden'>It is for sale.</p>"
    parts = book({"a": page, "gone": ""}, "a gone")
    del parts["book/gone x.xhtml"]
    assert read(tmp_path, "a.epub", zipped(parts)).notes == (
        "1 chapter that is missing in the file; get a fresh copy",
        f"15 characters of hidden text{INCLUDE}",
        "1 image without a description",
    )


def test_mail(tmp_path: Path) -> None:
    made = EmailMessage()
    made["Subject"] = "The mill"
    made.set_content("See below.")
    made.add_alternative(
        "<p>See the long list of parts below, with all of their prices.</p>"
        "<p style='display:none'>Cheap offers today</p>"
        "<img src='cid:wheel' alt='The wheel'><img src='cid:plan'>",
        subtype="html",
    )
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="wheel.png", cid="<wheel>")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="weir.png")
    document = read(tmp_path, "a.eml", bytes(made))
    assert document.notes == (
        "1 image without a description",
        f"18 characters of hidden text{INCLUDE}",
        "not read: weir.png (not of a type that is read)",
    )
    included = read(tmp_path, "a.eml", bytes(made), include_hidden=True)
    assert "Cheap offers today" in included.text
    assert (document.hidden, included.hidden) == (False, True)


def test_what_the_form_of_a_mail_that_is_not_read_hides_is_not_counted(tmp_path: Path) -> None:
    made = EmailMessage()
    made.set_content("See the long list of parts below, with all of their prices.")
    made.add_alternative("<p style='display:none'>Cheap offers today</p><p>See below.</p>", subtype="html")
    assert read(tmp_path, "a.eml", bytes(made)).notes == ()


def test_messages_of_a_mailbox_that_cannot_be_read(tmp_path: Path) -> None:
    head = "From ann@mill.example Tue Mar  5 10:00:00 2024\nFrom: ann@mill.example\nSubject: {}\n"
    locked = head.format("b") + "Content-Type: multipart/encrypted; boundary=x\n\n--x--\n"
    document = read(tmp_path, "a.mbox", f"{head.format('a')}\nIt turns.\n\n{locked}")
    assert document.notes == ("1 message that could not be read",)


RTF = (
    r"{\rtf1\ansi{\colortbl;\red255\green255\blue255;\red0\green0\blue0;\red0\green0\blue128;}"
    r"{\fonttbl{\f0 Arial;}}\fs24 It turns. {%s It is for sale.}\par}"
)


@pytest.mark.parametrize(
    ("look", "note"),
    [
        (r"\v", f"16 characters of hidden text{INCLUDE}"),
        (r"\fs2", f"16 characters of hidden text{INCLUDE}"),
        (r"\cf1", f"16 characters of hidden text{INCLUDE}"),
        (r"\cf3\highlight3", f"16 characters of hidden text{INCLUDE}"),
        (r"\strike", "16 characters of struck text"),
        (r"\deleted", "16 characters of deleted text (tracked changes)"),
        (r"\cf1\highlight3", None),
        (r"\cf2\fs8", None),
    ],
)
def test_rich_text(tmp_path: Path, look: str, note: str | None) -> None:
    data = RTF % look
    document = read(tmp_path, "a.rtf", data)
    assert document.text == ("It turns. It is for sale." if note is None else "It turns.")
    assert document.notes == (() if note is None else (note.replace("16", "15"),))
    hidden = note is not None and "hidden" in note
    assert read(tmp_path, "a.rtf", data, include_hidden=True).text == (
        "It turns. It is for sale." if note is None or hidden else "It turns."
    )


def test_white_text_in_a_shaded_row_or_a_box_of_rich_text_is_read(tmp_path: Path) -> None:
    row = r"{\trowd\clcbpat3\cellx900\pard\intbl{\cf1 Wheels}\cell\row}"
    box = r"{\shp{\*\shpinst{\shptxt{\pard{\cf1 In a box}\par}}}}"
    document = read(tmp_path, "a.rtf", RTF.replace(r"\par}", rf"\par {row}\pard {box}\par}}") % r"\cf2")
    assert ("Wheels" in document.text, "In a box" in document.text, document.notes) == (True, True, ())


def test_what_rich_text_holds_besides_text(tmp_path: Path) -> None:
    picture = r"{\*\shppict{\pict\picwgoal3000\pichgoal2000 00}}{\nonshppict{\pict\picwgoal3000 00}}"
    icon = r"{\pict\picwgoal300\pichgoal300 00}"
    thing = r"{\object\objemb{\*\objclass Sheet}{\*\objdata 00}{\result{\pict\picwgoal3000 00}}}"
    comment = r"{\*\annotation{\*\atnref 1}Really?}"
    data = rf"{{\rtf1 It turns.{picture}{icon}{thing}{comment}\par}}"
    assert read(tmp_path, "a.rtf", data).notes == ("1 image without a description", "1 embedded object", "1 comment")


def test_notes_of_members_and_of_the_file_are_limited_together() -> None:
    content = Content([[Block("It turns.")]], notes=[f"note {number}" for number in range(15)])
    left_out = [f"not read: {number}.png (empty)" for number in range(9)]
    document = as_document(content, "a.eml", b"x", "a.eml", "a.eml", left_out)
    assert document is not None
    assert document.notes == (*content.notes, *left_out[:5], "4 further parts of the file")


def test_a_long_note_keeps_its_beginning_and_its_reason() -> None:
    note = f"not read: {'x' * 900} (it is too long; unpack it)"
    document = as_document(Content([[Block("It turns.")]], notes=[note]), "a.eml", b"x", "a.eml", "a.eml")
    assert document is not None
    (shown,) = document.notes
    assert shown == f"not read: {'x' * 239} … {'x' * 220} (it is too long; unpack it)"
    assert len(shown) == 500


def test_a_file_without_text_says_which_files_in_it_are_not_read() -> None:
    member = Member("plan.dwg", bytes)
    left_out = ("not read: plan.dwg (not of a type that is read)",)
    silent, speaking = Content([], members=[member]), Content([], members=[member], notes=["1 page is an image"])
    for content, reason in (
        (silent, f"is empty: no text was found in it, but {left_out[0]}"),
        (speaking, f"1 page is an image; {left_out[0]}"),
        (Content([]), "is empty: no text was found in it"),
    ):
        with pytest.raises(DocumentError) as caught:
            as_document(content, "a.pdf", b"x", "a.pdf", "a.pdf", left_out if content.members else ())
        assert str(caught.value) == reason
