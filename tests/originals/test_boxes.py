"""Boxes on drawn pages: the sentence is red there, so that its ink and that of all else can be told apart."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rag.deadline import Deadline
from rag.documents.pdf import ocr
from rag.documents.read import read_document
from rag.originals.alignment import NONE, aligned
from rag.originals.boxes import boxes_of
from rag.originals.find import Original
from rag.originals.glyphs import Glyph
from rag.originals.places import page_texts
from rag.originals.viewer import Viewer
from tests.documents.test_pdf import REGULAR, Piece, make_pdf

RED = "1 0 0 rg"
NOISE = 48.0  # of 255
WIDTH = 1224  # dots: two for a point
BEFORE = "The mill stands at the river and was built before the war of 1812."
AFTER = "Nobody has gone down there since that day, says the miller."


@pytest.fixture(scope="module")
def viewer() -> Iterator[Viewer]:
    found = Viewer(1)
    yield found
    found.close()


def shown(piece: Piece, red: bool = False) -> str:
    x, y, size, font, text = piece
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"{RED if red else '0 g'} BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET"


def stream(*pieces: str) -> str:
    return "\n".join(pieces)


def at(x: float, y: float, text: str, red: bool = False, size: float = 10, font: str = REGULAR) -> str:
    return shown((x, y, size, font, text), red)


class Marked:
    """A document, its place, and the page with the boxes of that."""

    def __init__(self, viewer: Viewer, folder: Path, data: bytes, quote: str, page: int = 1) -> None:
        path = folder / "file.pdf"
        path.write_bytes(data)
        document = read_document(path, path.name)
        start = document.text.index(quote)
        original = Original(path.name, document.sha256, path, False)
        self.boxes = viewer.boxes(original, page_texts(document, start, start + len(quote)), Deadline(120))
        with Image.open(io.BytesIO(viewer.page(original, page, WIDTH, Deadline(120)))) as image:
            self.dots = np.asarray(image.convert("RGB")).astype(float)

    def shares(self) -> tuple[float, float]:
        """The share of the red ink that lies in the boxes, and the share of the boxes' ink that is not red."""
        red = ink(self.dots[:, :, 0] - self.dots[:, :, 1])
        other = ink(255 - self.dots[:, :, 0])
        height, width = len(red), len(red[0])
        inside = np.zeros((height, width), bool)
        for box in self.boxes:
            rows = slice(int(box.y0 * height), int(np.ceil(box.y1 * height)))
            inside[rows, int(box.x0 * width) : int(np.ceil(box.x1 * width))] = True
        within, besides = red[inside].sum(), other[inside].sum()
        return within / red.sum(), besides / max(1.0, within + besides)


def ink(dots: NDArray[np.float64]) -> NDArray[np.float64]:
    """The darkness of the dots, without that of noise, as pictures have it."""
    return np.where(dots > NOISE, dots, 0)


def check(marked: Marked, boxes: int) -> None:
    covered, besides = marked.shares()
    assert covered >= 0.98
    assert besides <= 0.02
    assert len(marked.boxes) == boxes


QUOTE = "The old pump was found by Ada Byron, a miller, in the year 1843 under the floor."
FIRST, SECOND = "The old pump was found by Ada Byron, a miller,", "in the year 1843 under the floor."
PARAGRAPH = stream(at(72, 700, BEFORE), at(72, 688, FIRST, True), at(72, 676, SECOND, True), at(72, 664, AFTER))


def turned(rotation: int, stream: str) -> str:
    """The content of a page that is shown turned to the right, so that it is shown upright."""
    turn = {0: "1 0 0 1 0 0", 90: "0 1 -1 0 612 0", 180: "-1 0 0 -1 612 792", 270: "0 -1 1 0 0 792"}[rotation]
    return f"q {turn} cm\n{stream}\nQ"


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_sentence_of_two_lines_has_two_boxes_however_the_page_is_turned(
    viewer: Viewer, tmp_path: Path, rotation: int
) -> None:
    page = turned(rotation, PARAGRAPH.replace(" 7", " 5").replace(" 6", " 4"))  # turned, it is 612 points high
    check(Marked(viewer, tmp_path, make_pdf([page], page=f"/Rotate {rotation}"), QUOTE), 2)


def test_a_page_that_is_cut_is_measured_as_it_is_shown(viewer: Viewer, tmp_path: Path) -> None:
    check(Marked(viewer, tmp_path, make_pdf([PARAGRAPH], page="/CropBox [50 400 500 750] /Rotate 180"), QUOTE), 2)


def test_words_of_one_line_are_told_from_those_beside_them(viewer: Viewer, tmp_path: Path) -> None:
    page = stream(at(72, 700, "It was found by"), at(143, 700, "Ada Byron", True), at(192, 700, "in 1843."))
    check(Marked(viewer, tmp_path, make_pdf([page]), "Ada Byron"), 1)


def test_columns_that_are_written_line_by_line(viewer: Viewer, tmp_path: Path) -> None:
    left = (
        "The mill has two wheels, and both",
        "were turning when the old pump",
        "was found under the floor of the",
        "house in which the miller lived.",
    )
    right = (
        "Wool is sold by weight at the",
        "market in the town, and silk by",
        "the yard, as it has always been",
        "done since the days of the king.",
    )
    pieces = []
    for number, (one, other) in enumerate(zip(left, right, strict=True)):
        pieces += [at(72, 700 - 12 * number, one, True), at(320, 700 - 12 * number, other)]
    marked = Marked(viewer, tmp_path, make_pdf([stream(*pieces)]), " ".join(left))
    check(marked, 4)


def test_a_word_that_was_cut_at_the_end_of_a_line_keeps_its_hyphen_in_the_box(viewer: Viewer, tmp_path: Path) -> None:
    page = stream(
        at(72, 700, "The example is here, and an example was there before it too."),
        at(72, 676, "This is a long line that was broken by a program in an exam-", True),
        at(72, 664, "ple, and it goes on.", True),
        at(170, 664, "The next one is not of it at all, or so they say."),
    )
    quote = "This is a long line that was broken by a program in an example, and it goes on."
    check(Marked(viewer, tmp_path, make_pdf([page]), quote), 2)


def test_the_row_of_a_table_is_one_box_and_a_cell_is_one(viewer: Viewer, tmp_path: Path) -> None:
    rows = [("Fabric", "Time", "Price"), ("Wool", "48 min", "12"), ("Silk", "20 min", "12"), ("Linen", "60 min", "9")]
    page = stream(
        *(
            at(72 + 150 * column, 700 - 14 * number, cell, number == 2)
            for number, row in enumerate(rows)
            for column, cell in enumerate(row)
        )
    )
    marked = Marked(viewer, tmp_path, make_pdf([page]), "Silk | 20 min | 12")
    check(marked, 1)
    cell = Marked(viewer, tmp_path, make_pdf([page.replace("RED", "0 g")]), "20 min")
    assert [round(box.x0 * 612) for box in cell.boxes] == [222]


def test_a_sentence_that_goes_on_on_the_next_page_has_boxes_on_both(viewer: Viewer, tmp_path: Path) -> None:
    pages = [stream(at(72, 60, FIRST, True)), stream(at(72, 700, SECOND, True), at(72, 688, AFTER))]
    marked = Marked(viewer, tmp_path, make_pdf(pages), f"{FIRST}\n\n{SECOND}")
    assert [box.page for box in marked.boxes] == [1, 2]


@pytest.mark.skipif(not ocr.is_installed(), reason="tesseract is not installed")
def test_a_scanned_page_has_boxes_where_ocr_read_the_words(
    viewer: Viewer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")  # as in processes that read files
    image = Image.new("RGB", (1300, 500), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(40)
    for number, (text, red) in enumerate([(BEFORE, False), (FIRST, True), (SECOND, True), (AFTER, False)]):
        draw.text((60, 60 + 90 * number), text, fill=(255, 0, 0) if red else (0, 0, 0), font=font)
    out = io.BytesIO()
    image.save(out, "PDF", resolution=200, quality=95, subsampling=0)
    marked = Marked(viewer, tmp_path, out.getvalue(), QUOTE)
    check(marked, 2)


def glyphs_of(lines: Sequence[str]) -> list[Glyph]:
    """Glyphs of lines of words, ten points high and wide."""
    found: list[Glyph] = []
    word = 0
    for number, line in enumerate(lines):
        for at_word in line.split():
            for character in at_word:
                left = 10.0 * len([one for one in found if one.line == number])
                found.append(Glyph(character, left, 20.0 * number, left + 10, 20.0 * number + 10, number, word))
            word += 1
    return found


WORDS = st.lists(st.text("abcde", min_size=1, max_size=6), min_size=1, max_size=8).map(" ".join)


@settings(max_examples=50)
@given(st.lists(WORDS, min_size=1, max_size=8), st.randoms())
def test_what_is_aligned_is_the_same_character_and_each_glyph_is_used_once(lines: list[str], random: object) -> None:
    moved = list(lines)
    random.shuffle(moved)  # type: ignore[attr-defined]
    text, glyphs = " ".join(moved), glyphs_of(lines)
    found = aligned(text, glyphs)
    used = [number for number in found if number != NONE]
    assert len(found) == len(text)
    assert len(set(used)) == len(used)
    for character, number in zip(text, found, strict=True):
        assert number == NONE or glyphs[number].text == character
        assert not character.isspace() or number == NONE


@settings(max_examples=50)
@given(st.lists(WORDS, min_size=1, max_size=8, unique=True))
def test_a_page_that_is_read_as_it_is_drawn_is_aligned_whole(lines: list[str]) -> None:
    found = aligned(" ".join(lines), glyphs_of(lines))
    assert [number for number in found if number != NONE] == list(range(len("".join(lines).replace(" ", ""))))


def test_of_two_lines_that_are_the_same_the_one_beside_its_neighbours_is_taken() -> None:
    glyphs = glyphs_of(["The Mill", "It turns.", "The Mill", "It stands."])
    found = aligned("It turns. The Mill It stands.", glyphs)
    assert {glyphs[number].line for number in found[10:18] if number != NONE} == {2}
    head = aligned("The Mill It turns.", glyphs)
    assert {glyphs[number].line for number in head[:8] if number != NONE} == {0}


def test_a_place_of_which_most_is_not_on_the_page_has_no_boxes() -> None:
    glyphs = glyphs_of(["the old pump"])
    text = "the old pump in the cellar of the mill"
    assert boxes_of(text, glyphs, aligned(text, glyphs), 0, len(text)) == []
    assert len(boxes_of(text, glyphs, aligned(text, glyphs), 0, 12)) == 1
