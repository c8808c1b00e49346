"""PDF -> blocks of each physical page.

In: the bytes of a file. Out: its text layer in the reading order that PDFium gives, made into paragraphs by
layout.py; headings from the outline that the file carries, else by their size.
Values of forms stand among the lines, notes at the end of their page; embedded files are members. Text that nobody sees
is left out and counted. A page that is an image, or whose text is nonsense, is read by ocr.py if that is installed;
otherwise it is named in a note, and a file of such pages only is refused.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from rag.documents.blocks import Block, Content
from rag.documents.contained import Member
from rag.documents.damaged import told_as_damage
from rag.documents.pdf import ocr
from rag.documents.pdf.annotations import Annotations, page_annotations
from rag.documents.pdf.characters import page_characters
from rag.documents.pdf.embedded import embedded_files
from rag.documents.pdf.fields import with_fields
from rag.documents.pdf.headings import Heading
from rag.documents.pdf.images import is_image
from rag.documents.pdf.layout import layout
from rag.documents.pdf.left_out import PLACEHOLDER_REMEDY, UnreadPages, is_placeholder, left_out_notes
from rag.documents.pdf.lines import Line
from rag.documents.pdf.links import with_addresses, words_of
from rag.documents.pdf.nonsense import reads_as_text
from rag.documents.pdf.struck import thin_lines, without_struck
from rag.documents.receipt import Receipt
from rag.errors import DocumentError

PDFIUM = threading.Lock()  # the library keeps state of its own: no two threads may be in it
MAX_PAGES = 20_000
MOST_DOTS = 10_000  # along the longer side of a page that is drawn for OCR; posters are drawn coarser
MAX_OUTLINE = 5000  # entries; more are a damaged or hostile file
MOST_FURNITURE = 300  # characters of the examples of what was dropped


class _Page(NamedTuple):
    """A page as PDFium gives it."""

    lines: list[Line]
    besides: Annotations
    doubtful: bool = False  # the lines may be nonsense
    sense: bool | None = True
    partly: bool = False  # lines of it that make no words are left out
    image: bool = False  # it is one, or most of it
    damaged: bool = False


class _Parts(NamedTuple):
    """The document as it was read page by page."""

    pages: list[_Page]
    outline: list[list[Heading]]
    stated: Mapping[str, str]
    files: list[Member]  # embedded in it
    recognised: dict[int, list[Block]]  # by OCR, by the page's place


def parse(
    data: bytes,
    passwords: Sequence[str] = (),
    ocr_languages: Sequence[str] = ("eng",),
    receipt: Receipt | None = None,
) -> Content:
    """The blocks of each page, with notes on what was not read.

    Raises `DocumentError` for a file that is damaged, encrypted with none of `passwords`, without text or too long,
    and for a form of which only the words "Please wait" are text.
    """
    import pypdfium2

    receipt = receipt or Receipt()
    # UnicodeError: titles and names in the file that are no UTF-16
    with told_as_damage(pypdfium2.PdfiumError, UnicodeError), PDFIUM, closing(open_pdf(data, passwords)) as document:
        parts = _parts(document, ocr_languages, receipt)
        xfa = _is_drawn_by_viewer(document)
    pages = parts.pages
    for found in (found for page in pages for found in words_of(page.lines, page.besides.links)):
        receipt.leads(*found)
    placed = [with_fields(with_addresses(page.lines, page.besides.links), page.besides.fields) for page in pages]
    content, furniture = layout(placed, parts.outline)
    for number, page in enumerate(pages):
        content[number] = _united(content[number], parts.recognised.get(number, []))
        content[number] += [Block(note) for note in page.besides.notes]
    if not any(content):
        return _without_text(_nothing(pages), parts.files)
    if is_placeholder(" ".join(block.text for blocks in content for block in blocks), xfa):
        return _without_text(PLACEHOLDER_REMEDY, parts.files)
    empty = ", ".join(str(number) for number, page in enumerate(content, 1) if not page)
    read = ", ".join(str(number + 1) for number, page in parts.recognised.items() if page)
    metadata = {
        "author": parts.stated.get("Author", ""),
        "created": parts.stated.get("CreationDate", ""),
        "language": parts.stated["language"],
        "pages_without_text": empty,
        "pages_recognised": read,
        "page_furniture": "; ".join(furniture)[:MOST_FURNITURE],
    }
    metadata = {name: text for name, text in metadata.items() if text}
    notes = left_out_notes(_left_out(parts), len(pages), ocr.is_installed())
    title = parts.stated.get("Title", "")
    return Content(content, title=title, metadata=metadata, paged=True, notes=notes, members=parts.files)


def _without_text(reason: str, files: Sequence[Member]) -> Content:
    """The content of a file that has no text, but has files; raises `DocumentError` with the reason if it has none."""
    if not files:
        raise DocumentError(reason)
    return Content([], notes=[reason], members=files)


def _parts(document: Any, languages: Sequence[str], receipt: Receipt) -> _Parts:
    pages = [_page(document, number, receipt) for number in range(len(document))]
    doubtful = "\n".join(line.text for page in pages if page.doubtful for line in page.lines)
    readable = reads_as_text(doubtful) or False  # what few letters do not show, those of all such pages may
    pages = [page._replace(sense=readable) if page.sense is None else page for page in pages]
    pages = [page if page.sense else page._replace(lines=[]) for page in pages]
    images = [number for number, page in enumerate(pages) if page.image or not page.sense]
    if images:
        receipt.ocr = "+".join(languages) if ocr.is_installed() else ""
    stated = {**document.get_metadata_dict(skip_empty=True), "language": _language(document)}
    files = embedded_files(document, [file for page in pages for file in page.besides.files])
    return _Parts(pages, _outline(document), stated, files, _recognised(document, images, languages))


def _page(document: Any, number: int, receipt: Receipt) -> _Page:
    """A page with what it holds; without anything if it is damaged, so that the others keep their numbers."""
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return _Page([], Annotations([], [], [], [], []), damaged=True)
    with closing(page), closing(page.get_textpage()) as text:
        found = page_characters(page, text.raw, receipt)
        characters = sum(len(line.text) for line in found.lines) + found.unseen
        besides = page_annotations(page, document.formenv)
        image = found.sense is not False and is_image(page, characters)
        lines = without_struck(found.lines, [*thin_lines(page), *besides.struck], receipt)
        return _Page(lines, besides, found.doubtful, found.sense, found.partly, image)


def _recognised(document: Any, numbers: Sequence[int], languages: Sequence[str]) -> dict[int, list[Block]]:
    """The pages that are images, read by OCR, by their numbers; none if it is not installed."""
    if not numbers or not ocr.is_installed():
        return {}
    return {number: ocr.page_blocks(drawn_for_ocr(document, number), languages) for number in numbers}


def _united(written: list[Block], recognised: list[Block]) -> list[Block]:
    """Text that OCR found on a page, united with the text on it, such as a stamp, without saying it twice."""
    known = _letters(written)
    return [block for block in recognised if not known or _letters([block]) not in known] + written


def _letters(blocks: Sequence[Block]) -> str:
    return "".join(character for block in blocks for character in block.text.lower() if character.isalnum())


def _left_out(parts: _Parts) -> UnreadPages:
    by_ocr = {number for number, blocks in parts.recognised.items() if blocks}
    unread = [number for number, page in enumerate(parts.pages) if page.image and number not in by_ocr]
    return UnreadPages(
        damaged=[number for number, page in enumerate(parts.pages) if page.damaged],
        images=[number for number in unread if not (ocr.is_installed() and parts.pages[number].lines)],
        nonsense=[number for number, page in enumerate(parts.pages) if not page.sense and number not in by_ocr],
        partly=[number for number, page in enumerate(parts.pages) if page.partly],
    )


def _nothing(pages: Sequence[_Page]) -> str:
    unread = sum(page.image or not page.sense for page in pages)
    if not unread:
        return f"holds no text: its {len(pages)} page(s) are empty"
    if ocr.is_installed():
        return f"holds no text: {unread} of its {len(pages)} page(s) are images, in which OCR found no words"
    return f"holds no text: {unread} of its {len(pages)} page(s) are images; {ocr.OCR_REMEDY}"


def _is_drawn_by_viewer(document: Any) -> bool:
    """Tells if the pages are made by the viewer from a form in the format XFA, which PDFium does not read."""
    from pypdfium2 import raw

    return bool(document.get_formtype() == raw.FORMTYPE_XFA_FULL)


def drawn_for_ocr(document: Any, number: int) -> Any:
    """A page, drawn in shades of grey as OCR needs it; `number` counts from 0."""
    with closing(document[number]) as page:
        width, height = page.get_size()
        scale = min(ocr.DOTS_PER_INCH / 72, MOST_DOTS / max(width, height))
        return page.render(scale=scale, grayscale=True).to_pil()


def open_pdf(data: bytes, passwords: Sequence[str] = ()) -> Any:
    """PDFium's document, opened with the first of the passwords that fits; none is tried if none is needed. Raises
    `DocumentError`."""
    import pypdfium2
    from pypdfium2 import raw

    for password in (None, *passwords):
        try:
            document = pypdfium2.PdfDocument(data, password)
        except pypdfium2.PdfiumError as exc:
            error = exc
            if exc.err_code != raw.FPDF_ERR_PASSWORD:
                break
        else:
            if len(document) > MAX_PAGES:
                raise DocumentError(f"has {len(document):,} pages, the limit is {MAX_PAGES:,}; split it")
            document.init_forms()
            return document
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
