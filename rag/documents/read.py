"""Files -> Documents.

In: the path of a file. Out: a `Document` with its text normalised, or a `DocumentError` that names the file, says what
is wrong and what to do. The suffix decides the reader; each family of formats has a module.
It reads no folders (discover.py finds the files) and fetches nothing. pool.py reads many files in processes that can be
stopped.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from rag.documents.blocks import Body, Content, assemble, one_line
from rag.documents.formats import MEDIA_TYPES, NAMED, SOURCE
from rag.errors import DocumentError, UnsupportedDocument
from rag.types import Document

SUFFIXES = frozenset(MEDIA_TYPES)
MAX_BYTES = 512 << 20  # the whole file and its text are held in memory, several times over while it is read
LONGEST_TITLE = 200  # characters; a title goes into every prompt and citation
# What programs write where a person gave no title
USELESS_TITLE = re.compile(
    r"(?:microsoft \w+ - .*|powerpoint presentation|(?:untitled|document|slide|presentation)[\s\d-]*"
    r"|\(?(?:anonymous|unspecified|unknown|none)\)?|\S*\.(?:docx?|odt|rtf|txt|pptx?|xlsx?|pdf|indd|qxd|tex|dvi|ps|html?)"
    r"|\W*)",
    re.IGNORECASE,
)


class Options(NamedTuple):
    """What a person may say about how files are read."""

    passwords: tuple[str, ...] = ()  # tried one after another on PDF files that are encrypted
    ocr_languages: tuple[str, ...] = ("eng",)  # of pages that are images, as tesseract names them


DEFAULTS = Options()


def is_readable(name: str) -> bool:
    """Whether files of the type that the name ends with are read."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def read_document(path: Path, document_id: str, source: str | None = None, options: Options = DEFAULTS) -> Document:
    """Reads a file; raises `DocumentError` (`UnsupportedDocument` for a type that is not read) with the file's name."""
    try:
        return _read(path, document_id, source or str(path), options)
    except DocumentError as exc:
        raise type(exc)(f"{path}: {exc}") from exc.__cause__
    except OSError as exc:
        raise DocumentError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except MemoryError as exc:
        raise DocumentError(f"{path}: needs more memory to read than there is; split it") from exc
    except Exception as exc:  # whatever a parser throws at a file that it does not expect
        reason = one_line(str(exc)) or type(exc).__name__
        raise DocumentError(f"{path}: could not be read, it may be damaged ({reason}); save it anew") from exc


def _read(path: Path, document_id: str, source: str, options: Options) -> Document:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        kind = f"files of type {suffix}" if suffix else "files without a suffix"
        raise UnsupportedDocument(f"{kind} are not read; these are: {NAMED} and source code")
    data = _bytes(path)
    content = _parse(suffix, data, options)
    body = assemble(content.pages)
    if not body.text:
        raise DocumentError("is empty: no text was found in it")
    return Document(
        id=document_id,
        title=_useful(content.title) or _useful(_top_heading(body, guessed=content.paged)) or one_line(path.stem),
        text=body.text,
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        pages=body.pages if content.paged else (),
        sections=body.sections,
        metadata={"media_type": MEDIA_TYPES[suffix]} | _metadata(content),
    )


def _top_heading(body: Body, guessed: bool) -> str:
    """The first heading of the top level; one told by its size must open the text or be the only one."""
    top = [section for section in body.sections if " > " not in section.path]
    if not top or (guessed and top[0].start > 0 and len(top) > 1):
        return ""
    return top[0].path


def _metadata(content: Content) -> dict[str, str]:
    stated = {key: one_line(text) for key, text in content.metadata.items()}
    return {key: text for key, text in stated.items() if text and not USELESS_TITLE.fullmatch(text)}


def _bytes(path: Path) -> bytes:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise DocumentError("is a folder, not a file; give the files in it")
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("is not a regular file; copy its content to one")
    if status.st_size > MAX_BYTES:
        raise DocumentError(f"has {status.st_size >> 20} MB, the limit is {MAX_BYTES >> 20} MB; split it")
    if status.st_size == 0:
        raise DocumentError("is empty: it has no bytes")
    return path.read_bytes()


def _parse(suffix: str, data: bytes, options: Options) -> Content:
    """The reader's module is imported here, so that what is not read costs nothing."""
    match suffix:
        case ".pdf":
            from rag.documents.pdf import reader as pdf

            return pdf.parse(data, options.passwords, options.ocr_languages)
        case ".docx" | ".docm" | ".dotx":
            from rag.documents import docx

            return docx.parse_docx(data)
        case ".pptx" | ".pptm" | ".ppsx":
            from rag.documents import pptx

            return pptx.parse(data)
        case ".xlsx" | ".xlsm" | ".xlsb" | ".xls" | ".ods":
            from rag.documents import sheets

            return sheets.parse(data)
        case ".odt" | ".odp":
            from rag.documents import opendocument

            return opendocument.parse(data)
        case ".doc" | ".ppt":
            from rag.documents import libreoffice

            real = libreoffice.real_suffix(data, suffix)
            if real == suffix:
                return _parse(libreoffice.MODERN[suffix], libreoffice.converted(data, suffix), options)
            return _parse(real, data, options)
        case ".rtf":
            from rag.documents import rtf

            return rtf.parse(data)
        case ".epub":
            from rag.documents import epub

            return epub.parse(data)
        case ".html" | ".htm" | ".xhtml":
            from rag.documents import html

            return html.parse(data)
        case ".eml":
            from rag.documents import mail

            return mail.parse(data, lambda suffix, data: _parse_attached(suffix, data, options))
        case ".mbox":
            from rag.documents import mail

            return mail.parse_mailbox(data, lambda suffix, data: _parse_attached(suffix, data, options))
        case _:
            return _parse_plain(suffix, data)


def _parse_plain(suffix: str, data: bytes) -> Content:
    """Formats that are text."""
    match suffix:
        case ".md" | ".markdown":
            from rag.documents import markdown

            return markdown.parse(data)
        case ".rst":
            from rag.documents import rst

            return rst.parse(data)
        case ".csv" | ".tsv":
            from rag.documents import csv_tables

            return csv_tables.parse(data)
        case ".json":
            from rag.documents import json_records

            return json_records.parse_json(data)
        case ".jsonl" | ".ndjson":
            from rag.documents import json_records

            return json_records.parse_lines(data)
        case ".ipynb":
            from rag.documents import notebook

            return notebook.parse(data)
        case _:
            from rag.documents import text

            return text.parse(data, unwrap=suffix != ".log" and suffix not in SOURCE)


def _parse_attached(suffix: str, data: bytes, options: Options) -> Content:
    if suffix not in SUFFIXES:
        raise UnsupportedDocument(f"files of type {suffix} are not read")
    return _parse(suffix, data, options)


def _useful(title: str) -> str:
    title = one_line(title)[:LONGEST_TITLE]
    return "" if USELESS_TITLE.fullmatch(title) else title
