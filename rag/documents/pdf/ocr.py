"""The image of a page -> its paragraphs, by Debian's tesseract (the optional extra `rag[ocr]`).

In: a drawn page and the languages to expect. Out: blocks; words cut at a line's end are made whole.
It decides neither which pages are images nor in which languages they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rag.documents.blocks import Block
from rag.documents.wrapping import join, whole_words
from rag.errors import DocumentError

if TYPE_CHECKING:
    from PIL.Image import Image

PROGRAM = "tesseract"
DOTS_PER_INCH = 300  # what tesseract is trained for
LONGEST = 120  # seconds for a page
INSTALL = "apt-get install tesseract-ocr; pip install 'rag[ocr]'"
REMEDY = f"install OCR to have it read ({INSTALL})"
LANGUAGE_REMEDY = "install it (Debian: apt-get install tesseract-ocr-{language}) or name another"
LEAST_SURE = 30.0  # percent below which a word is a speck


def is_installed() -> bool:
    """Tells if both tesseract and its Python wrapper are there."""
    return find_spec("pytesseract") is not None and shutil.which(PROGRAM) is not None


def page_blocks(image: Image, languages: Sequence[str]) -> list[Block]:
    """The paragraphs of a drawn page.

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
    paragraphs = list(_paragraphs(words))
    known = whole_words(line for lines in paragraphs for line in lines)
    return [Block(join(lines, known)) for lines in paragraphs]


def _paragraphs(words: dict[str, list[str]]) -> Iterator[list[str]]:
    """The lines of each paragraph, from tesseract's rows: one a word, with the numbers of what it stands in."""
    paragraph: dict[tuple[str, ...], list[str]] = {}
    place: tuple[str, ...] = ()
    rows = zip(words["block_num"], words["par_num"], words["line_num"], words["conf"], words["text"], strict=True)
    for block, number, line, sure, word in rows:
        if float(sure) < LEAST_SURE or not word.strip():
            continue
        if (block, number) != place and paragraph:
            yield [" ".join(line_words) for line_words in paragraph.values()]
            paragraph = {}
        place = (block, number)
        paragraph.setdefault((block, number, line), []).append(word)
    if paragraph:
        yield [" ".join(line_words) for line_words in paragraph.values()]
