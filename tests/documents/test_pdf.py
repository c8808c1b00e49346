"""PDF files, written here byte by byte, and the layout step on lines that are given."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.documents.pdf import reader as pdf
from rag.documents.pdf.close_cells import with_close_cells
from rag.documents.pdf.headings import Heading
from rag.documents.pdf.layout import layout_blocks
from rag.documents.pdf.lines import Line, Word, spaced, whole_lines
from rag.documents.read import read_document
from rag.documents.wrapping import join, whole_words
from rag.errors import DocumentError
from rag.types import Document, Section

Piece = tuple[float, float, float, str, str]  # x, y, size, font, text
REGULAR, BOLD = "F1", "F2"
ENCRYPTION = "<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + "41" * 32 + "> /U <" + "42" * 32 + "> >>"


def make_pdf(
    pages: Sequence[Sequence[Piece] | str],
    info: str = "",
    outline: Sequence[tuple[str, int]] = (),
    catalog: str = "",
    trailer: str = "",
    page: str = "",
    fonts: str = "",
    more: Sequence[str] = (),
) -> bytes:
    """A PDF with these pieces of text on its pages; a page given as a string is its content stream.

    `page` is added to each page, `fonts` to their fonts, and `more` are further objects: from `first_object` on.
    """
    first_page, first_entry = 6, 6 + 2 * len(pages)
    streams = [shown if isinstance(shown, str) else "\n".join(map(_show, shown)) for shown in pages]
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R {catalog} >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        f"<< /{REGULAR} {_font('Helvetica')} /{BOLD} {_font('Helvetica-Bold')} {fonts} >>",
        f"<< {info} >>",
        f"<< /Type /Outlines /First {first_entry} 0 R /Last {first_entry + len(outline) - 1} 0 R >>"
        if outline
        else "<< >>",
    ]
    for number, stream in enumerate(streams):
        content = first_page + 2 * number + 1
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font 3 0 R >> /Contents {content} 0 R {page} >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    for number, (title, target) in enumerate(outline):
        following = f"/Next {first_entry + number + 1} 0 R" if number + 1 < len(outline) else ""
        objects.append(f"<< /Title ({title}) /Parent 5 0 R {following} /Dest [{first_page + 2 * target} 0 R /Fit] >>")
    return _file([*objects, *more], trailer)


def first_object(pages: int) -> int:
    """The number of the first of the `more` objects of a file without an outline."""
    return 6 + 2 * pages


def _show(piece: Piece) -> str:
    x, y, size, font, text = piece
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET"


def _font(name: str) -> str:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"


def _file(objects: Sequence[str], trailer: str) -> bytes:
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    end += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R {trailer} >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + end.encode("cp1252")


def lines(*texts: str, top: float = 700, left: float = 72, size: float = 10, font: str = REGULAR) -> list[Piece]:
    return [(left, top - 12 * number, size, font, text) for number, text in enumerate(texts)]


def read(folder: Path, data: bytes, name: str = "file.pdf") -> Document:
    path = folder / name
    path.write_bytes(data)
    return read_document(path, name)


PARAGRAPH = (
    "The pump was found in the cellar of the old mill by a miller who had",
    "lived there for thirty years without ever having looked behind the",
    "wooden wall.",
)
JOINED = (
    "The pump was found in the cellar of the old mill by a miller who had lived there for thirty years without "
    "ever having looked behind the wooden wall."
)


def test_pages_paragraphs_and_headings(tmp_path: Path) -> None:
    first = lines("The Mill", size=20) + lines(*PARAGRAPH, top=660) + lines(*PARAGRAPH, top=600)
    third = lines("Owners", size=16) + lines("It belongs to the town.", top=660)
    document = read(tmp_path, make_pdf([first, "", third]))
    page_one = f"The Mill\n\n{JOINED}\n\n{JOINED}\n\n"
    assert document.text == page_one + "Owners\n\nIt belongs to the town."
    assert document.pages == (0, len(page_one), len(page_one))  # the second page has no text
    assert document.sections == (Section(0, "The Mill"), Section(len(page_one), "The Mill > Owners"))
    assert document.title == "The Mill"
    assert document.metadata == {"media_type": "application/pdf", "pages_without_text": "2"}


def test_words_cut_at_line_ends_are_made_whole_and_hyphens_kept(tmp_path: Path) -> None:
    piece = lines(
        "This is a long line that was broken by a program in the middle of an exam-",
        "ple, and this line goes on for long enough to be broken in front of a well-",
        "known miller.",
    )
    text = read(tmp_path, make_pdf([piece])).text
    assert text == (
        "This is a long line that was broken by a program in the middle of an example, and this line goes on for "
        "long enough to be broken in front of a well-known miller."
    )


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = lines("The left column holds a text that", "goes on at the top of the other and", top=700)
    right = lines("ends there, as all columns do.", top=700, left=320)
    assert read(tmp_path, make_pdf([left + right])).text == (
        "The left column holds a text that goes on at the top of the other and ends there, as all columns do."
    )


LEFT = (
    "The first pump was made of oak",
    "and stood in the cellar, where",
    "it was found by a miller who",
    "thought it was a barrel.",
)
RIGHT = (
    "A second one was cast in iron",
    "and is shown in the yard of",
    "the mill. Nobody has seen it",
    "run since the flood.",
)


@pytest.mark.parametrize(
    "third",
    [
        (),
        (
            "All of them were sold for the",
            "price of their metal in the",
            "year of the flood, and none",
            "came back to the valley.",
        ),
    ],
)
def test_columns_that_a_file_writes_line_by_line_are_no_table(tmp_path: Path, third: tuple[str, ...]) -> None:
    both = zip(LEFT, RIGHT, third or LEFT, strict=True)
    page = [
        (x, 700 - 12 * number, 10, REGULAR, text)
        for number, row in enumerate(both)
        for x, text in zip((72, 240, 410), row[: 3 if third else 2], strict=False)
    ]
    columns_read = [LEFT, RIGHT, third] if third else [LEFT, RIGHT]
    assert read(tmp_path, make_pdf([page])).text == "\n\n".join(" ".join(column) for column in columns_read)


def test_rows_whose_cells_are_long_stay_a_table(tmp_path: Path) -> None:
    """Cells of two lines begin together; rows of figures hold few words; terms do not fill their column."""
    cells = [
        ("Mill of the old town which", "Built of oak and stone by"),
        ("stands at the lower ford.", "the first of the millers."),
        ("Barn of the new farm which", "Built of brick and iron by"),
        ("lies on the northern hill.", "the last of its owners."),
    ]
    page = [
        (x, 700 - 12 * n, 10, REGULAR, text)
        for n, row in enumerate(cells)
        for x, text in zip((72, 300), row, strict=True)
    ]
    assert " | Built of brick" in read(tmp_path, make_pdf([page])).text


def test_lists_rows_and_addresses_keep_their_lines(tmp_path: Path) -> None:
    address = lines("The Old Mill", "Brook Street 7", "Wells")
    items = lines("• wheels that turn", "• stones that grind", top=640)
    rows: list[Piece] = [(x, y, 10, REGULAR, text) for y, cells in ((580, ("Part", "Price")), (566, ("Wheel", "7")))
            for x, text in zip((72, 200), cells, strict=True)]  # fmt: skip
    assert read(tmp_path, make_pdf([address + items + rows])).text == (
        "The Old Mill\nBrook Street 7\nWells\n\n• wheels that turn\n• stones that grind\n\nPart | Price\nWheel | 7"
    )


def test_sums_and_dates_stay_in_the_sentence_of_their_clause(tmp_path: Path) -> None:
    label = [(72, 700, 10, BOLD, "7. Pledge."), (126, 700, 10, REGULAR, "2,480 EUR are due on the first day and are")]
    clause = lines("paid back within half a year.", top=688)
    assert read(tmp_path, make_pdf([label + clause])).text == (
        "7. Pledge. 2,480 EUR are due on the first day and are paid back within half a year."
    )
    clauses = lines(
        "7. Pledge. The miller pays to the owner, when he takes it, EUR",
        "2,480. The owner gives it back when the mill is returned, until the",
        "30. April of the year that follows, with what it has earned.",
        "8. Repairs. None.",
    )
    assert read(tmp_path, make_pdf([clauses])).text.split("\n")[0] == (
        "7. Pledge. The miller pays to the owner, when he takes it, EUR 2,480. The owner gives it back when "
        "the mill is returned, until the 30. April of the year that follows, with what it has earned."
    )


def test_superscripts_stay_on_their_line(tmp_path: Path) -> None:
    piece = [(72, 700, 10, REGULAR, "The pump"), (114, 704, 6, REGULAR, "3"), (120, 700, 10, REGULAR, "was found.")]
    assert read(tmp_path, make_pdf([piece])).text == "The pump [3] was found."


def test_figures_set_high_or_low_keep_their_value(tmp_path: Path) -> None:
    def small(text: str, rise: int) -> str:
        return f"{rise} Ts /F1 6 Tf ({text}) Tj 0 Ts /F1 10 Tf"

    stream = (
        f"BT /F1 10 Tf 72 700 Td (It holds 10) Tj {small('6', 4)} ( l on 3 m) Tj {small('2', 4)} (, in H) Tj "
        f"{small('2', -2)} (O at 10) Tj {small('-3', 4)} ( bar, x) Tj {small('1', -2)} (, fees) Tj {small('(1)', 4)} "
        f"( and 12,500) Tj {small('3', 4)} ( of 1931.) Tj ET"
    )
    assert read(tmp_path, make_pdf([stream])).text == (
        "It holds 10^6 l on 3 m^2, in H2O at 10^-3 bar, x_1, fees (1) and 12,500 [3] of 1931."
    )


COURIER = "/F3 << /Type /Font /Subtype /Type1 /BaseFont /Courier >>"  # each character as wide as 0.6 of the size


@pytest.mark.parametrize(
    ("drawn", "text", "notes"),
    [
        ("168 703 m 198 703 l S", "It is due on the 17th of May.", ("3 characters of struck text",)),
        ("168 702.5 18 0.6 re f", "It is due on the 17th of May.", ("3 characters of struck text",)),
        ("168 698.5 m 198 698.5 l S", "It is due on the 3rd 17th of May.", ()),  # below the letters
        ("60 703 m 540 703 l S", "It is due on the 3rd 17th of May.", ()),  # behind all of the line, and beyond
        ("168 694 m 198 694 l 198 712 l 168 712 l s", "It is due on the 3rd 17th of May.", ()),  # a box
    ],
)
def test_words_through_which_a_line_is_drawn_are_struck(
    tmp_path: Path, drawn: str, text: str, notes: tuple[str, ...]
) -> None:
    stream = f"BT /F3 10 Tf 66 700 Td (It is due on the 3rd 17th of May.) Tj ET 0.5 w {drawn.replace('198', '186')}"
    document = read(tmp_path, make_pdf([stream], fonts=COURIER))
    assert (document.text, document.notes) == (text, notes)


def test_a_line_that_is_struck_whole_and_marks_of_viewers(tmp_path: Path) -> None:
    stream = "BT /F3 10 Tf 72 700 Td (Gone.) Tj 0 -20 Td (It turns in the wind.) Tj ET 72 703 m 102 703 l S"
    area = "126 688 162 688 126 678 162 678"
    mark = f"/Annots [<< /Type /Annot /Subtype /StrikeOut /Rect [126 678 162 688] /QuadPoints [{area}] >>]"
    document = read(tmp_path, make_pdf([stream], fonts=COURIER, page=mark))
    assert (document.text, document.notes) == ("It turns wind.", ("11 characters of struck text",))


def test_running_titles_and_page_numbers_are_dropped(tmp_path: Path) -> None:
    def page(number: int, words: str) -> list[Piece]:
        return lines("The Mill Handbook", top=760) + lines(words) + lines(f"Page {number}", top=40)

    words = ("First things.", "Second things.", "Third things.", "Fourth things.")
    pages = [page(number, text) for number, text in enumerate(words, start=1)]
    assert read(tmp_path, make_pdf(pages)).text == "First things.\n\nSecond things.\n\nThird things.\n\nFourth things."
    three = read(tmp_path, make_pdf(pages[:3]))
    assert three.text.count("The Mill Handbook") == 3  # too few pages to tell


SERIALS = (4711, 4712, 4713, 4714, 4715, 4716)


@pytest.mark.parametrize(
    "foot",
    [
        [f"Receipt no. {serial}" for serial in SERIALS],
        [f"Receipt number | {serial}" for serial in SERIALS],
        [f"Receipt: {number}" for number in range(1, 7)],  # counts the pages, and names the receipt all the same
        [f"To pay: {amount} EUR" for amount in ("81.20", "14.05", "9.99", "230.00", "14.06", "77.10")],
        [f"Room {number}" for number in (12, 31, 7, 40, 22, 3)],
        [f"Read on {day}.03.2024" for day in (4, 9, 11, 17, 18, 29)],
    ],
)
def test_lines_whose_figures_do_not_count_pages_stay(tmp_path: Path, foot: list[str]) -> None:
    pages = []
    for number, text in enumerate(foot, start=1):
        cells = zip((72, 300), text.split(" | "), strict=False)
        last: list[Piece] = [(x, 40, 10, REGULAR, cell) for x, cell in cells]
        head = lines("The Mill Company", top=760) + lines(f"Page {number} of 6", top=700)
        pages.append(head + lines("One bag of flour.", "Two bags of bran.", top=600)[: number % 2 + 1] + last)
    document = read(tmp_path, make_pdf(pages))
    assert document.text.split("\n\n")[1::2] == foot
    assert document.metadata["page_furniture"] == "Page 1 of 6; The Mill Company"


@pytest.mark.parametrize(
    "foot",
    [
        ["i", "ii", "1", "2", "3", "4"],
        ["- 3 -", "- 4 -", "- 5 -", "- 6 -", "- 7 -", "- 8 -"],
        ["Page 1 of 2", "Page 2 of 2", "Page 1 of 1", "Page 1 of 3", "Page 2 of 3", "Page 3 of 3"],
        ["2-1", "2-2", "2-3", "3-1", "3-2", "3-3"],
        [f"The Mill Company {number}" for number in range(1, 7)],
        [f"Seite {number}" for number in range(212, 218)],
    ],
)
def test_lines_that_count_pages_are_dropped(tmp_path: Path, foot: list[str]) -> None:
    pages = [lines(f"It has {word} wheels.") + lines(text, top=40) for word, text in zip("abcdef", foot, strict=True)]
    document = read(tmp_path, make_pdf(pages))
    assert document.text == "\n\n".join(f"It has {word} wheels." for word in "abcdef")


def test_rows_of_figures_that_run_over_many_pages_stay(tmp_path: Path) -> None:
    pages = [lines(*(f"Row {10 * page + row}" for row in range(6))) for page in range(1, 6)]
    document = read(tmp_path, make_pdf(pages))
    assert document.text.split() == [
        word for page in range(1, 6) for row in range(6) for word in ("Row", f"{10 * page + row}")
    ]


def test_headings_from_the_outline(tmp_path: Path) -> None:
    pages = [lines("Wheels", size=10) + lines("They turn.", top=660), lines("Stones") + lines("They grind.", top=660)]
    document = read(tmp_path, make_pdf(pages, outline=[("Wheels", 0), ("Stones", 1)]))
    assert document.text == "Wheels\n\nThey turn.\n\nStones\n\nThey grind."
    assert document.sections == (Section(0, "Wheels"), Section(20, "Stones"))


def test_what_the_file_says_of_itself(tmp_path: Path) -> None:
    info = "/Title (The Mill) /Author (A. Miller) /CreationDate (D:20240229120000Z)"
    document = read(tmp_path, make_pdf([lines("Text.")], info, catalog="/Lang (en-GB)"))
    assert document.title == "The Mill"
    assert document.metadata == {
        "media_type": "application/pdf",
        "author": "A. Miller",
        "created": "2024-02-29",
        "language": "en-GB",
    }


@pytest.mark.parametrize(
    "title", ["Microsoft Word - mill.doc", "untitled", "", "Binder1.pdf", "(anonymous)", "Slide 1"]
)
def test_useless_titles_are_ignored(tmp_path: Path, title: str) -> None:
    escaped = title.replace("(", "\\(").replace(")", "\\)")
    assert read(tmp_path, make_pdf([lines("Text.")], f"/Title ({escaped})"), "mill.pdf").title == "mill"


def test_rotated_text_is_read_like_upright_text(tmp_path: Path) -> None:
    shown = [f"BT /F1 10 Tf 0 1 -1 0 {100 + 12 * n} 100 Tm ({text}) Tj ET" for n, text in enumerate(PARAGRAPH)]
    assert read(tmp_path, make_pdf(["\n".join(shown)])).text == JOINED


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (["The Mill of Wells"], "The Mill of Wells"),
        (["2024 in Wells"], "2024 in Wells"),
        (["1 Introduction"], "mill"),
        (["2.1 Wheels of oak"], "mill"),
        (["IV. Wheels"], "mill"),
        (["Contents"], "mill"),
        (["UNITED STATES"], "mill"),
        (["UNITED STATES SECURITIES AND EXCHANGE COMMISSION"], "mill"),
        (["Chapter One"], "mill"),
        (["Appendix B"], "mill"),
        (["§ 4 Rent"], "mill"),
        (["Draft"], "mill"),
        (["Part of the Mill"], "Part of the Mill"),
        (["Introduction to Mills"], "Introduction to Mills"),
        (["TOWN OF WELLS", "BOARD OF MILLS"], "mill"),  # two lines of a cover
    ],
)
def test_headings_that_are_no_titles_give_way_to_the_name(tmp_path: Path, head: list[str], title: str) -> None:
    page = [piece for place, text in enumerate(head) for piece in lines(text, top=740 - 60 * place, size=20)]
    document = read(tmp_path, make_pdf([page + lines(*PARAGRAPH, top=600)]), "mill.pdf")
    assert ([section.path for section in document.sections], document.title) == (head, title)


def test_a_title_on_a_page_of_its_own_is_one(tmp_path: Path) -> None:
    pages = [lines("The Mill of Wells", size=20), lines("Of its wheels", size=20) + lines(*PARAGRAPH, top=600)]
    assert read(tmp_path, make_pdf(pages)).title == "The Mill of Wells"


def test_characters_drawn_twice_to_look_bold_are_read_once(tmp_path: Path) -> None:
    """A line as a whole, and character by character; equal letters side by side are two."""
    twice = [_show((72 + beside, 700, 12, REGULAR, "All wheels")) for beside in (0, 0.3)]
    widths = {"M": 833, "i": 222, "l": 222, "s": 500}
    each = "".join(f"({letter}){widths[letter] - 100}({letter})100" for letter in "Mills")
    page = f"{' '.join(twice)} BT /F1 12 Tf 1 0 0 1 72 680 Tm [{each}] TJ ET"
    assert read(tmp_path, make_pdf([page])).text == "All wheels\nMills"


def test_password(tmp_path: Path) -> None:
    data = make_pdf([lines("Secret.")], trailer=f"/Encrypt {ENCRYPTION} /ID [<00> <00>]")
    with pytest.raises(
        DocumentError, match=r"^.*file\.pdf: is protected with a password; give it, or save a copy without one$"
    ):
        read(tmp_path, data)


def test_images_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no OCR
    data = make_pdf(["72 72 100 100 re f", "72 72 50 50 re f", ""])
    with pytest.raises(DocumentError, match=r"file\.pdf: holds no text: 2 of its 3 page\(s\) are images; install OCR"):
        read(tmp_path, data)


def test_empty_pages(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"file\.pdf: holds no text: its 2 page\(s\) are empty$"):
        read(tmp_path, make_pdf(["", ""]))


@pytest.mark.parametrize("data", [b"%PDF-1.4\nnothing follows", b"no PDF at all", make_pdf([lines("Text.")])[:200]])
def test_damaged(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"file\.pdf: is damaged: .*get a fresh copy$"):
        read(tmp_path, data)


def columns(top: float, *places: tuple[float, str]) -> list[Piece]:
    return [(x, top, 10, REGULAR, text) for x, text in places]


def test_cells_stand_under_their_columns(tmp_path: Path) -> None:
    """Rows with cells missing, a header whose names stand close, a first cell that could be an item's number."""
    page = [
        *columns(700, (72, "Code"), (110, "Shelf"), (160, "Counted"), (240, "Note")),
        *columns(688, (72, "1201"), (110, "A1"), (160, "12")),
        *columns(676, (72, "1202"), (240, "broken")),
        *columns(664, (160, "7"), (240, "new")),
    ]
    expected = "Code | Shelf | Counted | Note\n1201 | A1 | 12\n1202 | | | broken\n| | 7 | new"
    assert read(tmp_path, make_pdf([page])).text == expected


def test_cells_that_wrap_are_one_row(tmp_path: Path) -> None:
    page = [
        *columns(700, (72, "Work"), (240, "2021"), (300, "2022")),
        *columns(688, (72, "Wheels of oak and of")),
        *columns(676, (72, "cast iron"), (240, "12"), (300, "14")),
        *columns(664, (72, "Stones that were brought"), (240, "7"), (300, "(9)")),
        *columns(652, (72, "from the hill")),
        *columns(640, (72, "Belts"), (240, "3"), (300, "4")),
        *columns(628, (72, "all of leather"), (240, "2"), (300, "1")),  # a row of its own: it has figures
    ]
    assert read(tmp_path, make_pdf([page])).text == (
        "Work | 2021 | 2022\nWheels of oak and of cast iron | 12 | 14\n"
        "Stones that were brought from the hill | 7 | (9)\nBelts | 3 | 4\nall of leather | 2 | 1"
    )


def test_cells_of_words_that_wrap_are_one_row_and_words_cut_in_them_are_whole(tmp_path: Path) -> None:
    page = [
        *columns(700, (72, "Part"), (200, "Found"), (340, "Kept")),
        *columns(688, (72, "Wheel"), (200, "In the cel-"), (340, "In the museum")),
        *columns(676, (200, "lar of the mill"), (340, "of the town")),
        *columns(664, (72, "Ida Brandt"), (200, "Max Hahn"), (340, "None")),
        *columns(652, (72, "ida@mill.example"), (200, "max@mill.example")),
    ]
    assert read(tmp_path, make_pdf([page])).text == (
        "Part | Found | Kept\nWheel | In the cellar of the mill | In the museum of the town\n"
        "Ida Brandt | Max Hahn | None\nida@mill.example | max@mill.example"
    )


def in_row(top: float, *cells: tuple[float, Sequence[str]], middle: bool) -> list[Piece]:
    """Cells of a row whose height is that of the highest one; the others at its bottom, or in its middle."""
    most = max(len(texts) for _, texts in cells)
    found: list[Piece] = []
    for left, texts in cells:
        free = 12 * (most - len(texts))
        begin = top - free / (2 if middle else 1)
        found += [(left, begin - 12 * number, 10, REGULAR, text) for number, text in enumerate(texts)]
    return found


@pytest.mark.parametrize("middle", [True, False])
def test_cells_beside_one_of_several_lines_are_in_its_row(tmp_path: Path, middle: bool) -> None:
    page = [
        *in_row(700, (72, ["Light"]), (150, ["Meaning"]), (300, ["What to do"]), middle=middle),
        *in_row(680, (72, ["E1"]), (150, ["No water"]), (300, ["Open the tap and", "check the hose"]), middle=middle),
        *in_row(650, (72, ["E3"]), (150, ["Water is", "not hot"]), (300, ["Call the engineer"]), middle=middle),
    ]
    assert read(tmp_path, make_pdf([page])).text == (
        "Light | Meaning | What to do\nE1 | No water | Open the tap and check the hose\n"
        "E3 | Water is not hot | Call the engineer"
    )


def test_columns_of_prose_of_unlike_length_are_no_row(tmp_path: Path) -> None:
    left = lines("The mill was built by", "Ada Hart in 1859 and", "burned down in 1911.", top=700)
    right = lines("It was never built", "again, and nobody", "knows why.", top=693, left=320)
    assert " | " not in read(tmp_path, make_pdf([[*left, *right]])).text


def test_a_cell_that_touches_the_next_one_is_told_apart_by_the_rows_around(tmp_path: Path) -> None:
    rows = [("Speed", "249"), ("Full brightness", "250"), ("Palette", "247")]
    edge = 72 + 67 + 5.0  # behind the widest cell
    page = [
        piece
        for number, cells in enumerate(rows)
        for piece in in_row(700 - 20 * number, (72, [cells[0]]), (edge, [cells[1]]), middle=False)
    ]
    assert read(tmp_path, make_pdf([page])).text == "Speed | 249\nFull brightness | 250\nPalette | 247"
    prose = [*page[:2], (72, 680.0, 10.0, REGULAR, "Full brightness 250 is the most that there is")]
    assert "brightness | 250" not in read(tmp_path, make_pdf([prose])).text


@pytest.mark.parametrize("corner", [700, 688])
def test_names_of_columns_on_several_lines_are_one_row(tmp_path: Path, corner: float) -> None:
    first = [(72, "Month")] if corner == 700 else []
    second = [(72, "Month")] if corner == 688 else []
    page = [
        *columns(700, *first, (200, "Number of"), (340, "Average")),
        *columns(688, *second, (200, "Visitors"), (340, "Stay")),
        *columns(676, (72, "May"), (200, "12"), (340, "3")),
        *columns(664, (72, "June"), (200, "15"), (340, "4")),
    ]
    assert (
        read(tmp_path, make_pdf([page])).text
        == "Month | Number of Visitors | Average Stay\nMay | 12 | 3\nJune | 15 | 4"
    )


@pytest.mark.parametrize("cells", [["12", "7", "31"], ["5", "7", "9"], ["1.5", "7", "(3)"], ["A", "B", "C"]])
def test_short_cells_below_one_another_do_not_run_together(tmp_path: Path, cells: list[str]) -> None:
    assert read(tmp_path, make_pdf([lines(*cells)])).text.split() == cells


def by_column(*given: tuple[float, Sequence[str]]) -> list[Piece]:
    return [piece for left, cells in given for piece in lines(*cells, left=left)]


def test_a_table_that_a_file_writes_column_by_column(tmp_path: Path) -> None:
    figures = by_column((72, ["Town", "Wells", "Bath", "Frome"]), (160, ["Mills", "12", "7", "31"]))
    assert read(tmp_path, make_pdf([figures])).text == "Town | Mills\nWells | 12\nBath | 7\nFrome | 31"
    words = by_column(
        (72, ["Town", "Wells", "Bath"]), (160, ["Mill", "North", "South"]), (240, ["Owner", "Ida", "Max"])
    )
    below = lines("They were all closed in the year of the flood.", top=640)
    assert read(tmp_path, make_pdf([words + below])).text == (
        "Town | Mill | Owner\nWells | North | Ida\nBath | South | Max\n\nThey were all closed in the year of the flood."
    )


def test_names_of_columns_that_wrap_and_are_written_one_after_the_other(tmp_path: Path) -> None:
    names = by_column((160, ["Sacks of", "Flour", "(sold)"]), (240, ["Sacks of", "Bran", "(sold)"]))
    row = [*columns(664, (72, "May"), (160, "12"), (240, "3")), *columns(652, (72, "June"), (160, "15"), (240, "4"))]
    assert read(tmp_path, make_pdf([names + row])).text == (
        "| Sacks of Flour (sold) | Sacks of Bran (sold)\nMay | 12 | 3\nJune | 15 | 4"
    )


def test_lists_and_addresses_side_by_side_are_no_table(tmp_path: Path) -> None:
    both = by_column((72, ["Ida Brandt", "Mill Lane", "Wells"]), (300, ["Max Hahn", "Ford Street", "Bath"]))
    assert read(tmp_path, make_pdf([both])).text == "Ida Brandt\nMill Lane\nWells\n\nMax Hahn\nFord Street\nBath"


def test_titles_of_chapters_are_dropped_and_names_of_columns_are_not(tmp_path: Path) -> None:
    """Left pages carry the book's title, right pages that of their chapter; a table goes on over all of them."""
    pages = []
    for number in range(16):
        title = "The Mill" if number % 2 else ("Wheels" if number < 8 else "Stones")
        head = [(72, 760, 9, REGULAR, title), (500, 760, 9, REGULAR, str(number + 1))]
        names = columns(700, (72, "Part"), (200, "Price"), (300, "Shelf"))
        row = columns(688, (72, f"{'abcdefghijklmnop'[number]}-wheel"), (200, f"{number}.50"), (300, "A"))
        pages.append([*head, *names, *row, *lines(f"Page text {'one two three four five six'[number:]}.", top=600)])
    document = read(tmp_path, make_pdf(pages))
    assert not any(title in document.text for title in ("The Mill", "Stones", "Wheels"))
    assert document.text.count("Part | Price | Shelf\n") == 16


def test_vertical_lines_are_read_from_the_right() -> None:
    upper = [Line(name, -700, -500, x, 10, upright=False, vertical=True) for x, name in ((100, "c"), (130, "b"))]
    upper.append(Line("a", -700, -520, 160, 10, upright=False, vertical=True))
    lower = [Line(name, -400, -200, x, 10, upright=False, vertical=True) for x, name in ((100, "e"), (130, "d"))]
    (page,) = whole_lines([[*lower, *upper]])
    assert [line.text for line in page] == ["a", "b", "c", "d", "e"]
    (kept,) = whole_lines([[*upper, lower[0]._replace(vertical=False)]])
    assert [line.text for line in kept] == ["c", "b", "a", "e"]


def test_too_many_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_PAGES", 2)
    with pytest.raises(DocumentError, match=r"file\.pdf: has 3 pages, the limit is 2; split it$"):
        read(tmp_path, make_pdf([lines("One.")] * 3))


def test_threads_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(make_pdf([lines(*PARAGRAPH)] * 3))
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(read_document(path, "x").text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["\n\n".join([JOINED] * 3)] * 8


def line(text: str, baseline: float, left: float = 0, right: float = 300, size: float = 10, bold: bool = False) -> Line:
    return Line(text, left, right, baseline, size, bold)


def texts(*page: Line) -> list[str]:
    return [block.text for block in layout_blocks([page])[0]]


def test_a_first_line_set_in_begins_a_paragraph() -> None:
    assert texts(
        line("The first paragraph fills the whole of its last line.", 100),
        line("And the second begins with a line that is set in and", 88, left=15),
        line("goes on to the left.", 76, right=90),
    ) == [
        "The first paragraph fills the whole of its last line.",
        "And the second begins with a line that is set in and goes on to the left.",
    ]


def test_entries_of_a_list_stay_apart_however_long_they_are() -> None:
    entries = [line(f"Command Code Number {letter} Display", 100 - 12 * n) for n, letter in enumerate("ABCDEFG")]
    assert texts(*entries) == ["\n".join(entry.text for entry in entries)]


def test_dots_that_lead_to_a_page_number_part_cells() -> None:
    assert texts(line("Wheels . . . . . . . . 3", 100), line("Stones ........ 12", 88)) == ["Wheels | 3\nStones | 12"]


def test_a_line_of_dots_alone_is_none() -> None:
    page = [line("The pump was found in the cellar of the mill by", 100), line(". . . . . . . . . . . .", 88)]
    assert whole_lines([page]) == [page[:1]]
    assert texts(*page, line("a miller who lived there", 76)) == [f"{page[0].text} a miller who lived there"]


def test_levels_by_size_and_weight() -> None:
    page = [
        line("Title", 300, size=20),
        line("Chapter", 270, size=14),
        line("Part", 250, size=11, bold=True),
        line("Body text that is longer than all headings.", 230),
        line("Not a heading", 205, size=11),
    ]
    assert [block.level for block in layout_blocks([page])[0]] == [1, 2, 3, 0, 0]


def test_an_outline_that_does_not_fit_its_pages_is_not_believed() -> None:
    page = [line("Title", 300, size=20), line("Body text that is longer than all headings.", 270)]
    outline = [[Heading("Another", 1), Heading("Third", 1), Heading("Title", 3)]]
    assert [block.level for block in layout_blocks([page], outline)[0]] == [1, 0]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("an exam-", "ple of it", "an example of it"),
        ("a well-", "known man", "a well-known man"),
        ("Jean-", "Paul came", "Jean-Paul came"),
        ("COVID-", "19 came", "COVID-19 came"),
        ("state-of-", "the-art", "state-of-the-art"),
        ("long-", "and short-term", "long- and short-term"),
        ("a dash -", "like this", "a dash - like this"),
        ("the dual-", "encoder", "the dual-encoder"),  # the compound stands elsewhere in the document
        ("the under-", "standing", "the understanding"),  # and so does this word
        ("日本語の文章は", "空白なしで", "日本語の文章は空白なしで"),
        ("한국어 문장은", "띄어 쓴다", "한국어 문장은 띄어 쓴다"),
    ],
)
def test_joining_lines(first: str, second: str, expected: str) -> None:
    known = whole_words(["a dual-encoder for understanding what stands under it, standing"])
    assert join([first, second], known) == expected


def test_without_other_words_to_compare_with_hyphens_stay() -> None:
    assert join(["an exam-", "ple of it"]) == "an exam-ple of it"


@pytest.mark.no_cover
def test_a_paragraph_without_end_is_joined_in_linear_time() -> None:
    many = ["wheel" * 4] * 10_000
    begun = time.process_time()
    assert join(many, set()) == " ".join(many)
    assert time.process_time() - begun < 2


def test_words_that_stand_by_chance_where_a_cell_does_are_no_cell() -> None:
    def words(*places: tuple[float, float, str]) -> Line:
        text = " ".join(text for _, _, text in places)
        return Line(text, places[0][0], places[-1][1], 700, 10, words=tuple(Word(*place) for place in places))

    row = words((72, 100, "Speed"), (150, 165, "249"))._replace(text="Speed | 249", cells=2)
    even = words((72, 90, "Then"), (100, 140, "nothing"), (150, 165, "was"))._replace(baseline=685)
    wide = words((72, 90, "Full"), (93, 135, "brightness"), (150, 165, "250"))._replace(baseline=685)
    assert with_close_cells([row, even]) == [row, even]
    assert [line.text for line in with_close_cells([row, wide])] == ["Speed | 249", "Full brightness | 250"]


def table_lines(*rows: tuple[float, list[tuple[float, str]]], size: float = 10) -> list[Line]:
    """Lines of a page, given as baselines and words with their left edges; a character is half the size wide."""
    lines = []
    for baseline, words in rows:
        spans = [(left, left + size / 2 * len(text)) for left, text in words]
        text, cells = spaced([text for _, text in words], spans, size)
        placed = tuple(Word(*span, text) for span, (_, text) in zip(spans, words, strict=True))
        lines.append(Line(text, spans[0][0], spans[-1][1], baseline, size, cells=cells, words=placed))
    return lines


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (  # cells that begin with years; the widest cells of each column nearly touch
            [
                (700.0, [(50, "Year"), (82, "Wool"), (114, "Milk")]),
                (685.0, [(50, "2021"), (82, "10"), (114, "8")]),
                (670.0, [(50, "2022"), (82, "12"), (114, "9")]),
            ],
            "Year | Wool | Milk\n2021 | 10 | 8\n2022 | 12 | 9",
        ),
        (  # a row that is told by the one above, and tells the one below
            [
                (700.0, [(50, "Dog"), (90, "Fly")]),
                (685.0, [(50, "Barns"), (90, "3")]),
                (670.0, [(50, "Farmer"), (90, "Low")]),
                (655.0, [(50, "Helper"), (90, "Ann")]),
            ],
            "Dog | Fly\nBarns | 3\nFarmer | Low\nHelper | Ann",
        ),
        (  # names at the left of their columns, figures at the right, as spreadsheets print them
            [
                (700.0, [(50, "Barn"), (100, "Ewes"), (150, "Rams")]),
                (685.0, [(50, "North"), (138, "31"), (190, "2")]),
                (670.0, [(50, "South"), (138, "28"), (190, "1")]),
            ],
            "Barn | Ewes | Rams\nNorth | 31 | 2\nSouth | 28 | 1",
        ),
        (  # ... with names above names, none above the first column
            [
                (715.0, [(115, "2021"), (215, "2022")]),
                (700.0, [(100, "Ewes"), (150, "Rams"), (200, "Ewes"), (250, "Rams")]),
                (685.0, [(50, "North"), (138, "31"), (190, "2"), (238, "33"), (290, "3")]),
                (670.0, [(50, "South"), (138, "28"), (190, "1"), (238, "27"), (290, "1")]),
            ],
            "| 2021 Ewes | 2021 Rams | 2022 Ewes | 2022 Rams\nNorth | 31 | 2 | 33 | 3\nSouth | 28 | 1 | 27 | 1",
        ),
        (  # names of groups of rows are rows
            [
                (700.0, [(50, "Barn"), (120, "Ewes")]),
                (685.0, [(50, "On"), (65, "the"), (85, "hill")]),
                (670.0, [(50, "North"), (120, "31")]),
                (655.0, [(50, "East"), (120, "30")]),
                (640.0, [(50, "In"), (65, "the"), (85, "vale"), (110, "below")]),
                (625.0, [(50, "South"), (120, "28")]),
            ],
            "Barn | Ewes\nOn the hill\nNorth | 31\nEast | 30\nIn the vale below\nSouth | 28",
        ),
    ],
)
def test_rows_and_names_of_tables(rows: list[tuple[float, list[tuple[float, str]]]], text: str) -> None:
    ((table,),) = layout_blocks([table_lines(*rows)])
    assert (table.kind, table.text) == ("table", text)


def test_a_line_between_two_tables_joins_them_not() -> None:
    rows = [
        (700.0, [(50.0, "Barn"), (120.0, "Ewes")]),
        (685.0, [(50.0, "North"), (120.0, "31")]),
        (650.0, [(50.0, "Shepherds:")]),
        (635.0, [(50.0, "Name"), (120.0, "Dog")]),
        (620.0, [(50.0, "Low"), (120.0, "Fly")]),
    ]
    (blocks,) = layout_blocks([table_lines(*rows)])
    assert [block.text for block in blocks] == ["Barn | Ewes\nNorth | 31", "Shepherds:", "Name | Dog\nLow | Fly"]
