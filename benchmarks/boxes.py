"""Fit of the boxes of sentences to the pages of PDFs: their words, and the ink in them.

    python benchmarks/boxes.py FOLDER

In: all PDFs below a folder, read as `rag index` reads them. Out: a line a file and their mean: sentences, the share of
them with boxes, the share of their letters that stand in their boxes and the share of the letters in their boxes that
are theirs, as PDFium reads the boxes (`FPDFText_GetBoundedText`, another way than the boxes were found), and the share
of the page's dark dots that lie in the boxes of all its sentences: the rest is pictures, rules, and what is not read.
At most `PAGES` pages of a file, spread over it. Pages that OCR read are counted and left out.
"""

from __future__ import annotations

import argparse
import ctypes
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.documents.pdf.reader import open_pdf
from rag.documents.read import read_document
from rag.errors import DocumentError
from rag.originals.alignment import aligned
from rag.originals.boxes import Rectangle, boxes_of
from rag.originals.glyphs import page_glyphs
from rag.originals.places import page_texts
from rag.text.sentences import split_sentences
from rag.types import Document

PAGES = 20
DOTS = 2  # for a point
INK = 100  # of 255: what is darker than the paper by more is ink


class Fit(NamedTuple):
    """Counts of one or several files."""

    sentences: int = 0
    boxed: int = 0
    letters: int = 0  # of the sentences
    inside: int = 0  # of these, those that stand in their boxes
    read: int = 0  # letters in the boxes
    ink: float = 0.0  # dark dots of the pages
    covered: float = 0.0  # of these, those that lie in a box
    recognised: int = 0  # pages that OCR read

    def plus(self, other: Fit) -> Fit:
        """The counts of both."""
        return Fit._make(one + more for one, more in zip(self, other, strict=True))

    def row(self, name: str) -> str:
        """A line of the table."""
        shares = (
            (self.boxed, self.sentences),
            (self.inside, self.letters),
            (self.inside, self.read),
            (self.covered, self.ink),
        )
        told = " | ".join(f"{100 * part / whole:.1f} %" if whole else "-" for part, whole in shares)
        return f"| {name} | {self.sentences:,} | {told} | {self.recognised} |"


def main() -> None:
    """Measure all PDFs below the folder that is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    print("| file | sentences | with boxes | letters inside | of what is inside | ink in boxes | pages by OCR |")
    print("|---|---|---|---|---|---|---|")
    every = Fit()
    for path in sorted(folder.rglob("*.pdf")):
        try:
            fit = measured(path)
        except DocumentError as exc:
            print(f"| {path.name} | not read: {str(exc).removeprefix(f'{path}: ')[:60]} | | | | | |", flush=True)
            continue
        every = every.plus(fit)
        print(fit.row(path.name), flush=True)
    print(every.row("all"))


def measured(path: Path) -> Fit:
    """The counts of a file."""
    document = read_document(path, path.name)
    spans = [(sentence.start, sentence.end) for _, sentence in split_sentences(document.text, document.blocks)]
    pages = range(len(document.pages))
    fit = Fit()
    with closing(open_pdf(path.read_bytes())) as pdf:
        for number in pages[:: max(1, len(pages) // PAGES)][:PAGES]:
            fit = fit.plus(_page(pdf, document, number, [span for span in spans if _begins_on(document, span, number)]))
    return fit


def _begins_on(document: Document, span: tuple[int, int], page: int) -> bool:
    following = document.pages[page + 1] if page + 1 < len(document.pages) else len(document.text)
    return document.pages[page] <= span[0] < following


def _page(pdf: Any, document: Document, number: int, spans: list[tuple[int, int]]) -> Fit:
    texts = [text for span in spans for text in page_texts(document, *span) if text.page == number + 1]
    if not texts or texts[0].languages:
        return Fit(recognised=int(bool(texts)))
    fit, places = Fit(), []
    with closing(pdf[number]) as page, closing(page.get_textpage()) as characters:
        glyphs = page_glyphs(page, pdf.formenv)
        alignment = aligned(texts[0].text, glyphs)
        for text in texts:
            boxes = boxes_of(text.text, glyphs, alignment, *text.span)
            wanted = _letters(text.text[slice(*text.span)])
            found = _letters(" ".join(_inside(page, characters, box) for box in boxes))
            shared = (wanted & found).total()
            fit = fit.plus(Fit(1, bool(boxes), wanted.total(), shared, found.total()))
            places += boxes
        dark = np.asarray(page.render(scale=DOTS, grayscale=True).to_pil()) < 255 - INK
    return fit.plus(Fit(ink=float(dark.sum()), covered=float(dark[_mask(dark.shape, places)].sum())))


def _letters(text: str) -> Counter[str]:
    return Counter(character for character in text.casefold() if character.isalnum())


def _mask(shape: tuple[int, ...], boxes: list[Rectangle]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    for box in boxes:
        rows = slice(int(DOTS * box.top), int(np.ceil(DOTS * box.bottom)))
        mask[rows, int(DOTS * box.left) : int(np.ceil(DOTS * box.right))] = True
    return mask


def _inside(page: Any, characters: Any, box: Rectangle) -> str:
    """The text that PDFium finds in a box."""
    from pypdfium2 import raw

    width, height = page.get_size()
    fine = 1 << 16
    corners = []
    for x, y in ((box.left, box.top), (box.right, box.bottom)):
        found = ctypes.c_double(), ctypes.c_double()
        raw.FPDF_DeviceToPage(page, 0, 0, fine, fine, 0, int(fine * x / width), int(fine * y / height), *found)
        corners.append((found[0].value, found[1].value))
    (left, top), (right, bottom) = corners
    return str(characters.get_text_bounded(min(left, right), min(bottom, top), max(left, right), max(bottom, top)))


if __name__ == "__main__":
    main()
