"""Text of a PDF that nobody sees: without ink, in the colour of paper, too small. What OCR read on an image is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.options import ReadOptions
from rag.documents.read import read_document
from rag.types import Document
from tests.documents.test_pdf import make_pdf

SEEN = "BT /F1 10 Tf 1 0 0 1 72 700 Tm (The mill turns.) Tj ET "
HIDDEN = "The weir is worth nine pounds"  # 29 characters
NOTE = "29 characters of hidden text; rag index --include-hidden reads it"
IMAGE = "q {} 0 0 {} {} {} cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q "


def text(look: str, words: str = HIDDEN, at: str = "72 650", size: str = "10") -> str:
    return f"q BT {look} /F1 {size} Tf 1 0 0 1 {at} Tm ({words}) Tj ET Q "


def image(width: int, height: int, left: int, bottom: int) -> str:
    return IMAGE.format(width, height, left, bottom)


def read(folder: Path, stream: str, page: str = "", include_hidden: bool = False) -> Document:
    (folder / "a.pdf").write_bytes(make_pdf([stream], page=page))
    return read_document(folder / "a.pdf", "a.pdf", options=ReadOptions(include_hidden=include_hidden))


CLEAR = "/Resources << /Font 3 0 R /ExtGState << /G << /ca 0 >> >> >>"


@pytest.mark.parametrize(
    ("hidden", "page"),
    [
        (text("3 Tr"), ""),
        (text("1 1 1 rg"), ""),
        (text("0.98 0.97 0.98 rg"), ""),
        (text("0 0 0 0 k"), ""),
        (text("", size="1.5"), ""),
        ("q 0.1 0 0 0.1 0 0 cm " + text("", at="720 6500") + "Q ", ""),
        (text("/G gs"), CLEAR),
        ("1 1 1 rg 0 0 612 792 re f 0 g " + text("1 1 1 rg"), ""),  # a page that is painted white
        ("0 G 60 640 300 30 re S " + text("1 1 1 rg"), ""),  # in a thin frame
        ("0 0 1 rg 60 640 300 30 re f 1 g 60 640 300 30 re f 0 g " + text("1 1 1 rg"), ""),  # upon what is painted over
        (image(300, 60, 60, 630).replace(" ID", " /D [1 0] ID") + text("1 1 1 rg"), ""),  # upon a white picture
        (image(100, 100, 400, 100) + text("3 Tr"), ""),  # beside an image
    ],
)  # fmt: skip
def test_what_nobody_sees_is_left_out_and_counted(tmp_path: Path, hidden: str, page: str) -> None:
    document = read(tmp_path, hidden + SEEN, page)
    assert (document.text, document.notes, document.hidden) == ("The mill turns.", (NOTE,), False)
    document = read(tmp_path, hidden + SEEN, page, include_hidden=True)
    assert sorted(document.text.split("\n\n")) == ["The mill turns.", HIDDEN]
    assert (document.notes, document.hidden) == ((), True)


PATTERN = (
    "/Resources << /Font 3 0 R /Pattern << /P << /PatternType 2 /Shading << /ShadingType 2 /ColorSpace /DeviceRGB "
    "/Coords [60 0 400 0] /Extend [true true] /Function << /FunctionType 2 /Domain [0 1] /N 1 /C0 [0 0 1] "
    "/C1 [0 0 0.5] >> >> >> >> >>"
)


@pytest.mark.parametrize(
    ("shown", "page"),
    [
        ("0 0 0.6 rg 60 640 300 30 re f 0 g " + text("1 1 1 rg"), ""),  # a coloured bar
        (image(300, 60, 60, 630) + text("1 1 1 rg"), ""),  # a picture
        ("20 w 0 0 1 RG 60 655 m 400 655 l S " + text("1 1 1 rg"), ""),  # a thick line
        ("/Pattern cs /P scn 60 640 300 30 re f 0 g " + text("1 1 1 rg"), PATTERN),  # a gradient
        (text("/Pattern cs /P scn"), PATTERN),  # text filled with one
        (text("1 1 1 rg 0 0 0 RG 2 Tr"), ""),  # an outline
        (text("0.8 g"), ""),
        (text("", size="5"), ""),
        ("q 0.01 0 0 0.01 0 0 cm " + text("", at="7200 65000", size="900") + "Q ", ""),
    ],
)
def test_what_can_be_seen_is_read(tmp_path: Path, shown: str, page: str) -> None:
    document = read(tmp_path, shown + SEEN, page)
    assert sorted(document.text.split("\n\n")) == ["The mill turns.", HIDDEN]
    assert (document.notes, document.hidden) == ((), None)


def test_hidden_words_within_a_line(tmp_path: Path) -> None:
    line = "BT /F1 10 Tf 1 0 0 1 72 650 Tm (The weir is old) Tj 3 Tr ( and for sale) Tj 0 Tr ( and leaks.) Tj ET"
    document = read(tmp_path, SEEN + line)
    assert document.text == "The mill turns.\n\nThe weir is old | and leaks."
    assert document.notes == ("12 characters of hidden text; rag index --include-hidden reads it",)


def test_white_words_below_others_are_not_seen_with_them(tmp_path: Path) -> None:
    document = read(tmp_path, text("1 1 1 rg", at="72 700") + SEEN)
    assert (document.text, document.notes) == ("The mill turns.", (NOTE,))


def test_signs_alone_stay(tmp_path: Path) -> None:
    shown = "q BT 3 Tr /F1 10 Tf 1 0 0 1 60 700 Tm (*) Tj ET Q "
    document = read(tmp_path, shown + SEEN)
    assert (document.text, document.notes) == ("* The mill turns.", ())


def test_text_without_ink_on_an_image_is_what_ocr_read_there(tmp_path: Path) -> None:
    scan = image(612, 792, 0, 0)
    assert read(tmp_path, scan + text("3 Tr")).text == HIDDEN
    assert read(tmp_path, scan + text("3 Tr") + text("", "Sheet 7", "500 20", "8")).text == f"{HIDDEN}\n\nSheet 7"
    part = image(400, 300, 60, 400)
    document = read(tmp_path, part + text("3 Tr") + SEEN.replace("700", "760"))
    assert sorted(document.text.split("\n\n")) == ["The mill turns.", HIDDEN]
    assert document.notes == ()


def test_an_image_behind_text_with_ink_is_no_scan(tmp_path: Path) -> None:
    page = image(612, 792, 0, 0) + text("3 Tr") + SEEN + text("", "It has two wheels and a pond.", "72 600")
    document = read(tmp_path, page)
    assert document.text == "The mill turns.\n\nIt has two wheels and a pond."
    assert document.notes == (NOTE,)
