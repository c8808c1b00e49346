"""PDF -> blocks of each physical page.

In: the bytes of a file. Out: its text layer in the reading order that PDFium gives, made into paragraphs by
layout.py; headings from the outline that the file carries, else by their size.
A page without text on which something is drawn is read by ocr.py if that is installed; a file of such pages only is
refused otherwise.
"""

from __future__ import annotations

import ctypes
import math
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from rag.documents.blocks import Block, Content
from rag.documents.damaged import told_as_damage
from rag.documents.pdf import ocr
from rag.documents.pdf.headings import Heading
from rag.documents.pdf.layout import layout
from rag.documents.pdf.lines import COLUMN_GAP, Line, Word
from rag.errors import DocumentError
from rag.types import CELL_SEPARATOR

PDFIUM = threading.Lock()  # the library keeps state of its own: no two threads may be in it
DOWNWARDS = 3  # quarter turns of a line whose characters follow one another downwards
ANOTHER_LINE = 0.9  # of the size: how far below a line the next one begins at least
BOLD = 600  # font weight from which text is bold; 400 is regular, 700 bold, below 1 unknown
BOLD_NAME = re.compile(rb"bold|black|heavy|semibd", re.IGNORECASE)
SYMBOLS = {0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF0FC: "✓"}  # bullets in the fonts Symbol and Wingdings
HYPHEN_AT_BREAK = 2  # what PDFium gives for it
LONE_MARKER = re.compile(r"[^\w\s]|[(\[]?\w{1,5}[.)\]]|\d+(?:[.-]\d+)*")  # before the text of an item or heading
PRIVATE = re.compile("[\ue000-\uf8ff\ufffd\x00-\x1f]")  # what stands for no character
MOST_UNKNOWN = 0.5  # share of a page's lines
DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")
MAX_PAGES = 20_000
MOST_DOTS = 10_000  # along the longer side of a page that is drawn for OCR; posters are drawn coarser
MAX_OUTLINE = 5000  # entries; more are a damaged or hostile file
MOST_FURNITURE = 300  # characters of the examples of what was dropped
NAME_BYTES = 128  # of a font's name that are looked at


def parse(data: bytes, passwords: Sequence[str] = (), ocr_languages: Sequence[str] = ("eng",)) -> Content:
    """The blocks of each page.

    Raises `DocumentError` for a file that is damaged, encrypted with none of `passwords`, without text or too long.
    """
    import pypdfium2

    # UnicodeError: titles and names in the file that are no UTF-16
    with told_as_damage(pypdfium2.PdfiumError, UnicodeError), PDFIUM, closing(_opened(data, passwords)) as document:
        if len(document) > MAX_PAGES:
            raise DocumentError(f"has {len(document):,} pages, the limit is {MAX_PAGES:,}; split it")
        pages = [_page_lines(document, number) for number in range(len(document))]
        outline = _outline(document)
        stated = document.get_metadata_dict(skip_empty=True)
        language = _language(document)
        images = [number for number, lines in enumerate(pages) if not lines and _has_image(document, number)]
        recognised = _recognised(document, images, ocr_languages)
    content, furniture = layout(pages, outline)
    for number, page in recognised.items():
        content[number] = page
    if not any(content):
        raise DocumentError(_nothing(len(pages), images))
    metadata = {
        "author": stated.get("Author", ""),
        "created": _date(stated.get("CreationDate", "")),
        "language": language,
    }
    metadata["pages_without_text"] = ", ".join(str(number) for number, page in enumerate(content, 1) if not page)
    metadata["pages_recognised"] = ", ".join(str(number + 1) for number, page in recognised.items() if page)
    metadata["page_furniture"] = "; ".join(furniture)[:MOST_FURNITURE]
    metadata = {name: text for name, text in metadata.items() if text}
    return Content(content, title=stated.get("Title", ""), metadata=metadata, paged=True)


def _recognised(document: Any, numbers: Sequence[int], languages: Sequence[str]) -> dict[int, list[Block]]:
    """The pages that are images, read by OCR, by their numbers; none if it is not installed."""
    if not numbers or not ocr.is_installed():
        return {}
    return {number: ocr.page_blocks(_drawn(document, number), languages) for number in numbers}


def _nothing(pages: int, images: Sequence[int]) -> str:
    if not images:
        return f"holds no text: its {pages} page(s) are empty"
    if ocr.is_installed():
        return f"holds no text: {len(images)} of its {pages} page(s) are images, in which OCR found no words"
    return f"holds no text: {len(images)} of its {pages} page(s) are images; {ocr.REMEDY}"


def _has_image(document: Any, number: int) -> bool:
    """Tells if something is drawn on a page without text: a scan, or letters drawn as shapes."""
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return False
    with closing(page):
        return next(page.get_objects(max_depth=2), None) is not None


def _drawn(document: Any, number: int) -> Any:
    with closing(document[number]) as page:
        width, height = page.get_size()
        scale = min(ocr.DOTS_PER_INCH / 72, MOST_DOTS / max(width, height))
        return page.render(scale=scale, grayscale=True).to_pil()


def _opened(data: bytes, passwords: Sequence[str]) -> Any:
    """The document, opened with the first of the passwords that fits; none is tried if none is needed."""
    import pypdfium2
    from pypdfium2 import raw

    for password in (None, *passwords):
        try:
            return pypdfium2.PdfDocument(data, password)
        except pypdfium2.PdfiumError as exc:
            error = exc
            if exc.err_code != raw.FPDF_ERR_PASSWORD:
                break
    raise _not_opened(error, bool(passwords)) from error


def _not_opened(exc: Any, tried: bool) -> DocumentError:
    from pypdfium2 import raw

    if exc.err_code == raw.FPDF_ERR_PASSWORD and tried:
        return DocumentError("is protected with a password, which none of those given is; save a copy without one")
    if exc.err_code == raw.FPDF_ERR_PASSWORD:
        return DocumentError("is protected with a password; give it, or save a copy without one")
    if exc.err_code == raw.FPDF_ERR_SECURITY:
        return DocumentError("is encrypted in a way that is not read; save a copy without encryption")
    return DocumentError("is damaged: it cannot be opened as a PDF; get a fresh copy")


def _date(text: str) -> str:
    found = DATE.match(text)
    return "-".join(found.groups()) if found else ""


def _language(document: Any) -> str:
    from pypdfium2 import raw

    size = raw.FPDFCatalog_GetLanguage(document, None, 0)
    name = ctypes.create_string_buffer(size + 2)
    raw.FPDFCatalog_GetLanguage(document, ctypes.cast(name, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return name.raw.decode("utf-16-le", errors="ignore").rstrip("\0")


def _outline(document: Any) -> list[list[Heading]]:
    """The headings of the file's own table of contents, by page."""
    pages: list[list[Heading]] = [[] for _ in range(len(document))]
    for count, entry in enumerate(document.get_toc()):
        place = entry.get_dest()
        page = place.get_index() if place is not None else None
        if count >= MAX_OUTLINE:
            break
        if page is not None and 0 <= page < len(pages):
            pages[page].append(Heading(entry.get_title(), entry.level + 1))
    return pages


def _page_lines(document: Any, number: int) -> list[Line]:
    """The lines of a page; none if the page is damaged, so that the others keep their numbers."""
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return []
    with closing(page), closing(page.get_textpage()) as text:
        pieces = list(_pieces(text.raw))
        if _is_garbled(text.raw, pieces):
            return []
        return [line for piece in pieces for line in _lines(text.raw, piece)]


def _is_garbled(page: Any, pieces: Sequence[Sequence[_Character]]) -> bool:
    """Tells if the file's fonts do not say which characters their shapes are, so that what they give is nonsense."""
    from pypdfium2 import raw

    samples = [piece[len(piece) // 2] for piece in pieces]
    unknown = sum(
        raw.FPDFText_HasUnicodeMapError(page, place) == 1 or bool(PRIVATE.fullmatch(text)) for place, text in samples
    )
    return bool(unknown > MOST_UNKNOWN * len(samples))


class _Character(NamedTuple):
    place: int  # in PDFium's list of the page's characters
    text: str


def _pieces(page: Any) -> Iterator[list[_Character]]:
    """The page's characters, cut at line ends. They are asked for one by one: the bulk call drops all beyond UCS-2."""
    from pypdfium2 import raw

    piece: list[_Character] = []
    for index in range(raw.FPDFText_CountChars(page)):
        code = raw.FPDFText_GetUnicode(page, index)
        at_break = code == HYPHEN_AT_BREAK and raw.FPDFText_IsHyphen(page, index) == 1
        if at_break:
            piece.append(_Character(index, "-"))
        elif code not in (0x0A, 0x0D):
            piece.append(_Character(index, SYMBOLS.get(code) or chr(min(code, sys.maxunicode))))
            continue
        if piece:
            yield piece
        piece = []
    if piece:
        yield piece


def _lines(page: Any, piece: list[_Character]) -> Iterator[Line]:
    """The line that a piece is; several if PDFium ran together what stands one below the other."""
    words = _words(piece)
    if not words:
        return
    size, turns = _size_and_turns(page, words)
    across = [_turned(*_origin(page, word[0].place), turns)[1] for word in (words[0], words[-1])]
    if abs(across[0] - across[1]) <= ANOTHER_LINE * size:
        yield _line(page, words)
        return
    begin = 0
    for place in range(1, len(words) + 1):
        if place < len(words):
            baseline = _turned(*_origin(page, words[place][0].place), turns)[1]
            if abs(baseline - across[0]) <= ANOTHER_LINE * size:
                continue
            across[0] = baseline
        yield _line(page, words[begin:place])
        begin = place


def _size_and_turns(page: Any, words: list[list[_Character]]) -> tuple[float, int]:
    size = _look(page, words[0][0].place).size
    return size, _turns(page, words[0][0].place, words[-1][-1].place, size)


def _line(page: Any, words: list[list[_Character]]) -> Line:
    seen = [character for word in words for character in word]
    samples = [_look(page, seen[which].place) for which in (0, len(seen) // 2, -1)]
    size = sorted(sample.size for sample in samples)[1]
    turns = _turns(page, seen[0].place, seen[-1].place, size)
    spans = [(_span(page, word[0].place, turns)[0], _span(page, word[-1].place, turns)[1]) for word in words]
    texts = ["".join(character.text for character in word) for word in words]
    text, cells = _spaced(texts, spans, size)
    baseline = _turned(*_origin(page, seen[0].place), turns)[1]
    bold = all(sample.bold for sample in samples)
    placed = tuple(Word(*span, text) for span, text in zip(spans, texts, strict=True))
    left, right = min(spans)[0], max(end for _, end in spans)
    vertical = turns == DOWNWARDS and _angle(page, seen[0].place) == 0
    return Line(text, left, right, baseline, size, bold, cells, turns == 0, vertical, placed)


def _words(piece: list[_Character]) -> list[list[_Character]]:
    words: list[list[_Character]] = [[]]
    for character in piece:
        if character.text.isspace():
            words.append([])
        else:
            words[-1].append(character)
    return [word for word in words if word]


def _spaced(words: list[str], spans: list[tuple[float, float]], size: float) -> tuple[str, int]:
    """The line's text and the number of its cells: words with a wide gap between them are cells of a row."""
    text, cells = words[0], 1
    for word, before, after in zip(words[1:], spans, spans[1:], strict=False):
        apart = after[0] - before[1] > COLUMN_GAP * size and not LONE_MARKER.fullmatch(text)
        text += (CELL_SEPARATOR if apart else " ") + word
        cells += apart
    return text, cells


class _Look(NamedTuple):
    size: float
    bold: bool


def _look(page: Any, index: int) -> _Look:
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(page, index, matrix)
    size = raw.FPDFText_GetFontSize(page, index) * math.hypot(matrix.c, matrix.d)
    weight = raw.FPDFText_GetFontWeight(page, index)
    return _Look(max(size, 1.0), weight >= BOLD if weight > 0 else _has_bold_name(page, index))


def _has_bold_name(page: Any, index: int) -> bool:
    from pypdfium2 import raw

    name = ctypes.create_string_buffer(NAME_BYTES)
    raw.FPDFText_GetFontInfo(page, index, name, NAME_BYTES, ctypes.c_int())
    return bool(BOLD_NAME.search(name.value))


def _turns(page: Any, first: int, last: int, size: float) -> int:
    """Quarter turns to the left by which a line is rotated; text set downwards counts as rotated to the right."""
    (start_x, start_y), (end_x, end_y) = _origin(page, first), _origin(page, last)
    if abs(end_y - start_y) > max(size, abs(end_x - start_x)):
        return 1 if end_y > start_y else DOWNWARDS
    return 2 if _angle(page, first) == 2 else 0


def _angle(page: Any, index: int) -> int:
    """Quarter turns by which a character is rotated."""
    from pypdfium2 import raw

    return int(round(raw.FPDFText_GetCharAngle(page, index) / (math.pi / 2)) % 4)


def _origin(page: Any, index: int) -> tuple[float, float]:
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(page, index, x, y)
    return x.value, y.value


def _span(page: Any, index: int, turns: int) -> tuple[float, float]:
    """The places, in points, at which a character begins and ends along its line."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(page, index, box)
    ends = (_turned(box.left, box.bottom, turns)[0], _turned(box.right, box.top, turns)[0])
    return min(ends), max(ends)


def _turned(x: float, y: float, turns: int) -> tuple[float, float]:
    """The point as it lies when text rotated by that many quarter turns is turned upright: along, across the line."""
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turns]
