"""The image of a page -> its paragraphs, by Debian's tesseract (the optional extra `rag-cited[ocr]`).

In: a drawn page and the languages to expect. Out: blocks; words cut at a line's end are made whole.
It decides neither which pages are images nor in which languages they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from rag.documents.blocks import Block
from rag.documents.wrapping import join, whole_words
from rag.errors import DocumentError

if TYPE_CHECKING:
    from PIL.Image import Image

TESSERACT = "tesseract"
DOTS_PER_INCH = 300  # what tesseract is trained for
LONGEST = 120  # seconds for a page
INSTALL_OCR = "apt-get install tesseract-ocr; pip install 'rag-cited[ocr]'"
OCR_REMEDY = f"install OCR to have it read ({INSTALL_OCR})"
LANGUAGE_REMEDY = "install it (Debian: apt-get install tesseract-ocr-{language}) or name another"
LEAST_SURE = 30.0  # percent below which a word is a speck


class Recognised(NamedTuple):
    """A word that was read, its place in shares of the page (0..1, from the top left) and the number of its line."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    line: tuple[str, ...]  # numbers of block, paragraph and line


def is_installed() -> bool:
    """Tells if both tesseract and its Python wrapper are there."""
    return find_spec("pytesseract") is not None and shutil.which(TESSERACT) is not None


def page_blocks(image: Image, languages: Sequence[str]) -> list[Block]:
    """The paragraphs of a drawn page. Raises `DocumentError` as `page_words` does."""
    paragraphs = list(_paragraphs(page_words(image, languages)))
    known = whole_words(line for lines in paragraphs for line in lines)
    return [Block(join(lines, known)) for lines in paragraphs]


def page_words(image: Image, languages: Sequence[str]) -> list[Recognised]:
    """The words of a drawn page, in reading order, without specks.

    Raises `DocumentError` for a language that is not installed, and if OCR fails or takes longer than `LONGEST`.
    """
    import pytesseract

    try:
        words = pytesseract.image_to_data(
            image, lang="+".join(languages), timeout=LONGEST, output_type=pytesseract.Output.DICT
        )
    except pytesseract.TesseractError as exc:
        missing = [language for language in languages if language not in pytesseract.get_languages()]
        if missing:
            remedy = LANGUAGE_REMEDY.format(language=missing[0])
            raise DocumentError(f"needs OCR in {missing[0]!r}, which tesseract does not have; {remedy}") from exc
        raise DocumentError(f"has a page on which OCR failed ({exc.message}); run OCR over it yourself") from exc
    except RuntimeError as exc:  # what pytesseract raises when the time is over
        raise DocumentError(f"has a page on which OCR took more than {LONGEST} s; run OCR over it yourself") from exc
    return [word for word in _words(words, *image.size) if word.text]


def _words(rows: dict[str, list[str]], width: int, height: int) -> Iterator[Recognised]:
    """The words in tesseract's rows, each with the numbers of what it stands in."""
    places = zip(rows["left"], rows["top"], rows["width"], rows["height"], strict=True)
    lines = zip(rows["block_num"], rows["par_num"], rows["line_num"], strict=True)
    for word, sure, line, place in zip(rows["text"], rows["conf"], lines, places, strict=True):
        if float(sure) >= LEAST_SURE and word.strip():
            left, top, across, down = map(int, place)
            shares = left / width, top / height, (left + across) / width, (top + down) / height
            yield Recognised(word.strip(), *shares, line)


def _paragraphs(words: Sequence[Recognised]) -> Iterator[list[str]]:
    """The lines of each paragraph."""
    for _, paragraph in groupby(words, key=lambda word: word.line[:2]):
        yield [" ".join(word.text for word in line) for _, line in groupby(paragraph, key=lambda word: word.line)]
