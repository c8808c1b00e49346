"""One process that looks at originals for a `Viewer` (viewer.py), one job after another, until its pipe is closed.

In: jobs on the pipe whose descriptor it is given. Out: for each job one message: `DONE` and what was asked for, or an
error and its reason. It keeps the limits that it is given, even if nobody watches it any more, and the PDF that it
opened last.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from rag.documents.contained import MEMBER_MARK, Budget, container_of, plan
from rag.documents.options import DEFAULTS
from rag.documents.pool_worker import GRACE, ReaderLimits, keep_to
from rag.documents.read import file_bytes, parsed, reported
from rag.errors import DocumentError, UnsupportedDocument

DONE, CHANGED, FAILED, UNSUPPORTED = b"0", b"1", b"2", b"3"  # how messages begin
MOST_DOTS = 16_000_000  # of a drawn page
LONGEST_SIDE = 10_000  # dots


class Extraction(NamedTuple):
    """Take the file of a document out of the one that holds it, and write it to `to`."""

    file: Path
    document_id: str
    sha256: str
    to: Path


class Conversion(NamedTuple):
    """Lay a document or slides out as a PDF, and write that to `to`."""

    file: Path
    suffix: str
    sha256: str
    to: Path


class Sizes(NamedTuple):
    """The sizes of all pages of a PDF, in points."""

    file: Path
    sha256: str


class Drawing(NamedTuple):
    """Draw a page as a PNG of a width in dots; pages count from 0."""

    file: Path
    sha256: str
    page: int
    width: int


class Placing(NamedTuple):
    """Find a place of a page's text on it, as shares of the page; pages count from 0."""

    file: Path
    sha256: str
    page: int
    text: str  # of the page, as the document has it
    span: tuple[int, int]  # in the text
    languages: tuple[str, ...] = ()  # with which it was read by OCR; none if it was not


ViewerTask = Extraction | Conversion | Sizes | Drawing | Placing


class _Changed(DocumentError):
    """The bytes are not those that were indexed."""


def view(descriptor: int, limits: ReaderLimits) -> None:
    """Serve jobs until the pipe is closed. A timer of the kernel keeps the time limit, in foreign code too."""
    keep_to(limits)
    shelf = _Shelf()
    with Connection(descriptor) as pipe:
        while True:
            try:
                job: tuple[ViewerTask, float] = pipe.recv()
            except (EOFError, OSError):
                return
            signal.setitimer(signal.ITIMER_REAL, job[1] + GRACE)
            message = _message(job[0], shelf)
            signal.setitimer(signal.ITIMER_REAL, 0)
            pipe.send_bytes(message)


def _message(job: ViewerTask, shelf: _Shelf) -> bytes:
    try:
        with reported(""):
            return DONE + _done(job, shelf)
    except _Changed:
        return CHANGED
    except DocumentError as exc:
        kind = UNSUPPORTED if isinstance(exc, UnsupportedDocument) else FAILED
        return kind + str(exc).removeprefix(": ").encode("utf-8", "replace")


def _done(job: ViewerTask, shelf: _Shelf) -> bytes:
    match job:
        case Extraction():
            return _written(_member(job), job.to)
        case Conversion():
            from rag.documents import libreoffice

            return _written(libreoffice.as_pdf(_bytes(job.file, job.sha256), job.suffix), job.to)
        case Sizes():
            document = shelf.opened(job.file, job.sha256)
            return json.dumps([document.get_page_size(number) for number in range(len(document))]).encode()
        case Drawing():
            return _drawn(shelf.opened(job.file, job.sha256), job.page, job.width)
        case Placing():
            return json.dumps(_placed(shelf.opened(job.file, job.sha256), job)).encode()


def _bytes(file: Path, sha256: str) -> bytes:
    """The bytes of a file that has that hash, if one is given. Raises `_Changed`."""
    data = file_bytes(file)
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise _Changed
    return data


def _member(job: Extraction) -> bytes:
    """The bytes of a file in a file, which lies in one of a folder. Raises `_Changed` if there is none of that hash."""
    inside = container_of(job.document_id) or job.document_id
    name, data, budget = job.file.name, file_bytes(job.file), Budget()
    budget.begin(len(data))
    depth = 0
    while inside != job.document_id:
        members = plan(inside, parsed(name, data, DEFAULTS).members, budget, depth).members
        holds = [
            found
            for found in members
            if found[0] == job.document_id or job.document_id.startswith(found[0] + MEMBER_MARK)
        ]
        if not holds:
            raise _Changed
        inside, member = max(holds, key=lambda found: len(found[0]))
        name, data, depth = member.name, member.load(), depth + 1
    if hashlib.sha256(data).hexdigest() != job.sha256:
        raise _Changed
    return data


def _written(data: bytes, to: Path) -> bytes:
    """Nothing, after the data were written to a file, which is there whole or not at all."""
    part = to.with_name(f"{to.name}.part{os.getpid()}")
    part.write_bytes(data)
    part.replace(to)
    return b""


class _Shelf:
    """The PDF that was opened last."""

    def __init__(self) -> None:
        self._known: tuple[object, ...] = ()
        self._document: Any = None

    def opened(self, file: Path, sha256: str) -> Any:
        """PDFium's document. Raises `DocumentError`, `_Changed`."""
        from rag.documents.pdf import reader

        status = file.stat()
        known = file, sha256, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
        if known != self._known:
            if self._document is not None:
                self._document.close()
            self._known, self._document = (), None
            self._document = reader.open_pdf(_bytes(file, sha256))
            self._known = known
        return self._document


def _drawn(document: Any, number: int, width: int) -> bytes:
    """A page as a PNG, with what is filled into its forms."""
    from io import BytesIO

    with closing(_page(document, number)) as page:
        across, down = page.get_size()
        scale = min(width / across, (MOST_DOTS / (across * down)) ** 0.5, LONGEST_SIDE / max(across, down))
        image = page.render(scale=scale, may_draw_forms=True).to_pil()
    out = BytesIO()
    image.save(out, "PNG", compress_level=4)
    return out.getvalue()


def _page(document: Any, number: int) -> Any:
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError as exc:
        raise DocumentError(f"page {number + 1} is damaged: it cannot be shown") from exc
    if min(page.get_size()) < 1:
        page.close()
        raise DocumentError(f"page {number + 1} is less than a point wide or high: it cannot be shown")
    return page


def _placed(document: Any, job: Placing) -> list[Sequence[float]]:
    """The rectangles of a span, as shares of the page."""
    from rag.documents.pdf import ocr, reader
    from rag.originals.alignment import aligned
    from rag.originals.boxes import boxes_of
    from rag.originals.glyphs import page_glyphs, recognised_glyphs

    with closing(_page(document, job.page)) as page:
        width, height = page.get_size()
        glyphs = page_glyphs(page, document.formenv)
    if job.languages and ocr.is_installed():
        words = ocr.page_words(reader.drawn_for_ocr(document, job.page), job.languages)
        glyphs = recognised_glyphs(words, glyphs, width, height)
    alignment = aligned(job.text, glyphs)
    return [
        (box.left / width, box.top / height, box.right / width, box.bottom / height)
        for box in boxes_of(job.text, glyphs, alignment, *job.span)
    ]
