"""What a PDF holds besides plain text: forms, notes, files, pages that are images, fonts that do not know their
characters, watermarks, numbers of lines."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.documents.pdf.fields import Field, with_fields
from rag.documents.pdf.lines import Line, Word
from rag.documents.pdf.nonsense import is_nonsense, reads_as_text
from rag.documents.unpack import Begun, read_all
from rag.errors import DocumentError
from rag.types import Document
from tests.documents.test_pdf import PARAGRAPH, REGULAR, first_object, lines, make_pdf, read

BOX = "/Type /Annot /Subtype /Widget /F 4"


def form(labels: Sequence[tuple[str, float]], fields: Sequence[str], xfa: str = "") -> bytes:
    """A page with labels at heights, and a form with these fields."""
    first = first_object(1)
    names = " ".join(f"{first + number} 0 R" for number in range(len(fields)))
    page = [piece for text, top in labels for piece in lines(text, top=top)]
    catalog = f"/AcroForm << /Fields [{names}] {xfa} >>"
    return make_pdf([page], catalog=catalog, page=f"/Annots [{names}]", more=[f"<< {field} >>" for field in fields])


def text_field(name: str, value: str, rect: str, more: str = "") -> str:
    return f"{BOX} /FT /Tx /T ({name}) /V ({value}) /Rect [{rect}] {more}"


def tick_box(name: str, state: str, rect: str) -> str:
    return (
        f"{BOX} /FT /Btn /T ({name}) /V /{state} /AS /{state} /Rect [{rect}] /AP << /N << /Yes 4 0 R /Off 4 0 R >> >>"
    )


def test_values_of_a_form_stand_after_their_labels(tmp_path: Path) -> None:
    data = form(
        [("Keeper of the mill:", 700), ("Wheels", 670), ("Has a pond", 640), ("Has a weir", 610), ("Remarks", 580)],
        [
            text_field("keeper", "Ida Brandt", "200 696 400 712"),
            text_field("wheels", "3", "200 666 400 682"),
            tick_box("pond", "Yes", "200 636 212 648"),
            tick_box("weir", "Off", "200 606 212 618"),
            text_field("remarks", "Leaks.\\nOld.", "72 520 400 575"),
            text_field("empty", "", "200 496 400 512"),
            text_field("word", "hush", "200 466 400 482", f"/Ff {1 << 13}"),
            text_field("hidden", "unseen", "200 436 400 452").replace("/F 4", "/F 2"),
        ],
    )
    assert read(tmp_path, data).text == (
        "Keeper of the mill: Ida Brandt\n\nWheels: 3\n\nHas a pond ☒\n\nHas a weir ☐\n\nRemarks\nLeaks.\nOld."
    )


def test_boxes_before_their_labels_and_values_without_one(tmp_path: Path) -> None:
    choice = f"{BOX} /FT /Ch /Ff 131072 /T (Town) /V (w) /Opt [[(w) (Wells)] [(b) (Bath)]] /Rect [300 500 400 516]"
    data = form(
        [("    by water", 700), ("    by wind", 680)],
        [tick_box("a", "Off", "70 696 82 708"), tick_box("b", "Yes", "70 676 82 688"), choice],
    )
    assert read(tmp_path, data).text == "☐ by water\n☒ by wind\n\nTown: Wells"


def placed(text: str, left: float, baseline: float = 100) -> Line:
    words = [Word(left + 60 * place, left + 60 * place + 40, word) for place, word in enumerate(text.split())]
    return Line(text, left, words[-1].right, baseline, 10, words=tuple(words))


def test_values_in_a_grid_stay_in_their_columns_and_lines_are_cut_where_one_lies() -> None:
    fields = [Field("7", 100, 98, 140, 110), Field("9", 200, 98, 240, 110)]
    assert [(line.text, line.left) for line in with_fields([placed("Monday", 0)], fields)] == [
        ("Monday", 0),
        ("7", 100),
        ("9", 200),
    ]
    cut = with_fields([placed("Name Town", 0)], [Field("Ida", 41, 98, 58, 110), Field("Wells", 110, 98, 150, 110)])
    assert [line.text for line in cut] == ["Name", ": Ida", "Town", ": Wells"]


def test_notes_are_read_and_files_are_named(tmp_path: Path) -> None:
    annots = (
        "/Annots [ << /Type /Annot /Subtype /Text /Rect [10 10 20 20] /T (Ida) /Contents (Ask the miller.) >> "
        "<< /Type /Annot /Subtype /Highlight /Rect [10 10 20 20] /Contents (True?) >> "
        "<< /Type /Annot /Subtype /Popup /Rect [10 10 20 20] /Contents (True?) >> "
        "<< /Type /Annot /Subtype /FreeText /Rect [72 640 300 652] /DA (/F1 10 Tf) /Contents (Typed in.) >> "
        f"<< /Type /Annot /Subtype /FileAttachment /Rect [10 10 20 20] /FS {first_object(1)} 0 R >> ]"
    )
    files = f"/Names << /EmbeddedFiles << /Names [(a) {first_object(1) + 1} 0 R] >> >>"
    more = [f"<< /Type /Filespec /F ({name}) /UF ({name}) >>" for name in ("plan.dwg", "costs.xlsx")]
    document = read(tmp_path, make_pdf([lines("It turns.")], catalog=files, page=annots, more=more))
    assert document.text == "It turns.\n\nTyped in.\n\nNote (Ida): Ask the miller.\n\nNote: True?"
    assert document.notes == (
        "not read: costs.xlsx (the file holds no more than its name)",
        "not read: plan.dwg (not of a type that is read)",
    )


def test_files_that_are_not_read_are_named_if_the_pages_have_no_text(tmp_path: Path) -> None:
    files = f"/Names << /EmbeddedFiles << /Names [(a) {first_object(1)} 0 R] >> >>"
    more = ["<< /Type /Filespec /F (plan.dwg) /UF (plan.dwg) >>"]
    path = tmp_path / "file.pdf"
    path.write_bytes(make_pdf([""], catalog=files, more=more))
    (result,) = (each for each in read_all(path, "file.pdf") if not isinstance(each, Begun))
    assert isinstance(result, DocumentError)
    assert str(result).endswith("; not read: plan.dwg (not of a type that is read)")


def test_embedded_files_are_documents_of_their_own(tmp_path: Path) -> None:
    """Those of the document and of a page; also if the pages have no text."""
    first = first_object(1)
    files = f"/Names << /EmbeddedFiles << /Names [(a) {first} 0 R (b) {first + 1} 0 R] >> >>"
    annot = f"/Annots [ << /Type /Annot /Subtype /FileAttachment /Rect [10 10 20 20] /FS {first + 2} 0 R >> ]"
    texts = ["Part,Price\nWheel,7", "The wheel turns.", "The weir stands."]
    names = ["costs.csv", "C:/mill/notes.txt", "notes.txt"]
    more = [
        f"<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F {first + 3 + number} 0 R >> >>"
        for number, name in enumerate(names)
    ]
    more += [f"<< /Type /EmbeddedFile /Length {len(text)} >>\nstream\n{text}\nendstream" for text in texts]
    expected = {
        "file.pdf!/costs.csv": "Part | Price\nWheel | 7",
        "file.pdf!/notes.txt": "The wheel turns.",
        "file.pdf!/notes (2).txt": "The weir stands.",
    }
    for page, own in (([*lines("It turns.")], "It turns."), ("", "")):
        path = tmp_path / "file.pdf"
        path.write_bytes(make_pdf([page], catalog=files, page=annot, more=more))
        *inside, last = (each for each in read_all(path, "file.pdf") if not isinstance(each, Begun))
        assert {each.id: each.text for each in inside if isinstance(each, Document)} == expected
        assert [each.source for each in inside if isinstance(each, Document)] == [
            f"{tmp_path}/{document_id}" for document_id in expected
        ]
        if own:
            assert isinstance(last, Document)
            assert (last.text, last.notes) == (own, ())
        else:
            assert str(last) == f"{path}: holds no text: its 1 page(s) are empty"


@pytest.mark.parametrize(
    ("text", "catalog"),
    [
        ("Please wait... If this message is not replaced, your PDF viewer may be too old.", ""),
        ("This form needs a newer program.", "/NeedsRendering true /AcroForm << /Fields [] /XFA (x) >>"),
    ],
)
def test_forms_that_a_viewer_draws_are_refused(tmp_path: Path, text: str, catalog: str) -> None:
    with pytest.raises(DocumentError, match=r"file\.pdf: holds a form in the format XFA, of which only a placeholder"):
        read(tmp_path, make_pdf([lines(text)], catalog=catalog))


SCAN = "q 612 0 0 792 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q"
SMALL = "q 100 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q"
STAMP = " BT /F1 8 Tf 1 0 0 1 400 20 Tm (Item 7, sheet 12) Tj ET"


def test_pages_that_are_images_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no OCR
    words = " BT /F1 10 Tf 1 0 0 1 72 700 Tm (It turns.) Tj ET"
    document = read(tmp_path, make_pdf([SMALL + words, SCAN, SCAN + STAMP, "", words, SCAN]))
    assert document.text == "It turns.\n\nItem 7, sheet 12\n\nIt turns."
    (note,) = document.notes
    assert note.startswith("3 pages are images without text (2-3, 6 of 6); install OCR to have it read (apt-get ")


def test_images_under_a_whole_text_are_scans_that_were_read(tmp_path: Path) -> None:
    shown = "".join(
        f" BT /F1 10 Tf 1 0 0 1 72 {700 - 12 * number} Tm ({text}) Tj ET" for number, text in enumerate(PARAGRAPH * 3)
    )
    assert read(tmp_path, make_pdf([SCAN + shown])).notes == ()


def recogniser(folder: Path, *words: str) -> None:
    """A stand-in for tesseract that finds these words, a line each, in any image."""
    head = "level page_num block_num par_num line_num word_num left top width height conf text".replace(" ", "\\t")
    rows = [f"5 1 {number} 1 1 1 0 0 9 9 95 ".replace(" ", "\\t") + word for number, word in enumerate(words)]
    program = folder / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ncase "$1" in --version) echo tesseract 5.3.0; exit;; esac\n'
        f"printf '{head}\\n' > \"$2.tsv\"\n" + "".join(f"printf '{row}\\n' >> \"$2.tsv\"\n" for row in rows)
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_a_scan_with_a_stamp_is_read_by_ocr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pytesseract")
    recogniser(tmp_path, "Wheels", "Item 7, sheet 12")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    document = read(tmp_path, make_pdf([SCAN + STAMP, SCAN]))
    assert document.text == "Wheels\n\nItem 7, sheet 12\n\nWheels\n\nItem 7, sheet 12"
    assert (document.notes, document.metadata["pages_recognised"]) == ((), "1, 2")


def type_3(shift: int = 0) -> str:
    """A font that draws shapes and does not say what they are, for codes moved on by `shift`."""
    names = " ".join(f"/g{code}" for code in range(33, 123))
    widths = " ".join(["600"] * 91)
    return (
        "/F3 << /Type /Font /Subtype /Type3 /FontBBox [0 0 600 700] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 32 "
        f"/LastChar 122 /Widths [{widths}] /Encoding << /Type /Encoding /Differences [32 /space {names}] >> "
        "/CharProcs << >> /Resources << >> >>"
    )


def moved(text: str, by: int) -> str:
    return "".join(chr((ord(letter) - 97 + by) % 26 + 97) if letter.islower() else letter for letter in text)


@pytest.mark.parametrize(
    "text", [" ".join(PARAGRAPH), "Das Rad der alten Mühle dreht sich nicht.", "Pumpe: ohne Dampf"]
)
def test_words_are_told_from_codes(text: str) -> None:
    assert reads_as_text(text) is True
    assert reads_as_text(moved(text.lower(), 3)) is False
    assert reads_as_text("".join(chr(ord(letter) - 29) if letter > "=" else letter for letter in text)) is False


def test_other_scripts_are_trusted_and_too_few_letters_are_not_judged() -> None:
    assert reads_as_text("Колесо старой мельницы не вращается") is True
    assert reads_as_text("水車は回らない。製粉所はもう古い建物である") is True
    assert reads_as_text("αя水ק" * 5) is False
    assert reads_as_text("12 34") is None


def test_nonsense_of_a_font_that_claims_to_know_its_characters() -> None:
    text = " ".join(PARAGRAPH)
    assert is_nonsense(moved(text.lower(), 3))
    assert not is_nonsense(text)
    assert not is_nonsense("AB12 XQ77 ZX-9 QQ " * 30)  # numbers of parts
    assert not is_nonsense(moved(text[:60].lower(), 3))


def test_text_of_a_font_without_a_map_is_kept_if_it_makes_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no OCR
    pages = [lines(*PARAGRAPH, font="F3"), lines("7 left", font="F3")]
    document = read(tmp_path, make_pdf(pages, fonts=type_3()))
    assert (document.text, document.notes) == (" ".join(PARAGRAPH) + "\n\n7 left", ())
    codes = [lines(*(moved(text.lower(), 3) for text in PARAGRAPH), font="F3"), lines("It turns.")]
    document = read(tmp_path, make_pdf(codes, fonts=type_3()))
    assert document.text == "It turns."
    (note,) = document.notes
    assert note.startswith("1 page was not read (1 of 2): the font does not say which characters it shows; install OCR")


def test_lines_that_make_no_words_are_left_out_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no OCR
    codes = lines(*(moved(text.lower(), 3) for text in PARAGRAPH), top=500, font="F3")
    for others in (PARAGRAPH, PARAGRAPH[:1]):
        document = read(tmp_path, make_pdf([lines(*others) + codes], fonts=type_3()))
        assert document.text == " ".join(others)
        assert document.notes == (
            "1 page was read in part (1 of 1): the font of other lines does not say which characters it shows; "
            "run OCR over it yourself",
        )
    formula = lines("x = z + q", top=500, font="F3")
    assert read(tmp_path, make_pdf([lines(*PARAGRAPH) + formula], fonts=type_3())).text.endswith("x = z + q")


def watermark(text: str) -> str:
    return f"BT /F2 60 Tf 0.7 0.7 -0.7 0.7 200 300 Tm ({text}) Tj ET "


def test_watermarks_are_neither_titles_nor_in_the_way(tmp_path: Path) -> None:
    shown = [f"BT /F1 10 Tf 1 0 0 1 72 {500 - 12 * n} Tm ({text}) Tj ET" for n, text in enumerate(PARAGRAPH)]
    page = f"{shown[0]} {watermark('SPECIMEN')} {shown[1]} {shown[2]}"
    one = read(tmp_path, make_pdf([page]), "mill.pdf")
    assert (one.text, one.sections, one.title) == (" ".join(PARAGRAPH) + "\n\nSPECIMEN", (), "mill")
    two = read(tmp_path, make_pdf([page, page]), "mill.pdf")
    assert (two.text, two.sections, two.title) == ("\n\n".join([" ".join(PARAGRAPH)] * 2), (), "mill")
    assert two.metadata["page_furniture"] == "SPECIMEN"


def test_marks_in_large_letters_that_go_upwards_are_watermarks_and_rotated_pages_are_not(tmp_path: Path) -> None:
    upwards = "BT /F2 60 Tf 0 1 -1 0 300 200 Tm (SPECIMEN) Tj ET "
    pages = [f"{upwards} BT /F1 10 Tf 1 0 0 1 72 700 Tm ({text}) Tj ET" for text in PARAGRAPH]
    assert read(tmp_path, make_pdf(pages)).text == "\n\n".join(PARAGRAPH)
    rotated = [f"BT /F1 10 Tf 0 1 -1 0 {300 + 12 * n} 200 Tm ({text}) Tj ET" for n, text in enumerate(PARAGRAPH)]
    assert read(tmp_path, make_pdf([" ".join(rotated)] * 2)).text == "\n\n".join([" ".join(PARAGRAPH)] * 2)


@pytest.mark.parametrize("apart", [True, False])
def test_numbers_of_lines_are_left_out(tmp_path: Path, apart: bool) -> None:
    texts = (*PARAGRAPH, "Nobody knew of it, and it had not run for a long", "time.", "Then it was sold.")
    page = []
    for number, text in enumerate(texts, start=1):
        top = 712 - 12 * number
        page += [(60, top, 8, REGULAR, str(number)), (90, top, 10, REGULAR, text)]
    if apart:
        page = [*page[1::2], *page[::2]]
    paragraphs = (texts[:3], texts[3:5], texts[5:])
    assert read(tmp_path, make_pdf([page])).text == "\n\n".join(" ".join(paragraph) for paragraph in paragraphs)


def test_numbers_of_items_stay(tmp_path: Path) -> None:
    items = [
        f"{number} Turn the {word}" for number, word in enumerate(("wheel", "stone", "key", "tap", "lid"), start=1)
    ]
    assert read(tmp_path, make_pdf([lines(*items)])).text == "\n".join(items)


def test_addresses_of_links_stand_behind_words_that_say_nothing_without_them(tmp_path: Path) -> None:
    def link(left: float, right: float, address: str) -> str:
        action = f"/A << /S /URI /URI ({address}) >>"
        return f"<< /Type /Annot /Subtype /Link /Rect [{left} 697 {right} 711] {action} >>"

    page = [(72.0, 700.0, 10.0, "F1", "There the form is here"), (300.0, 700.0, 10.0, "F1", "and the wiki beside it.")]
    annots = link(155, 180, "https://mill.example/form") + link(330, 360, "https://mill.example/wiki")
    found = read(tmp_path, make_pdf([page], page=f"/Annots [{annots}]"))
    assert "There the form is here (https://mill.example/form)" in found.text
    assert "mill.example/wiki" not in found.text
