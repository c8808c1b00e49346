"""Files -> Documents.

In: the path of a file. Out: a `Document` with its text normalised, or a `DocumentError` that names the file, says what
is wrong and what to do. The suffix decides the reader; each family of formats has a module. A reader that fails with an
error that nobody expected is a fault of this program and is reported as one (`ReaderFault`), not as damage of the file.
It reads no folders (discover.py finds the files) and fetches nothing. pool.py reads many files in processes that can be
stopped.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rag.documents.blocks import Body, Content, assemble, one_line
from rag.documents.formats import MEDIA_TYPES, NAMED, OFFICE, SOURCE
from rag.documents.receipt import UNREADABLE, Receipt
from rag.documents.versions import reader_version
from rag.errors import DocumentError, ReaderFault, UnsupportedDocument
from rag.types import Document

SUFFIXES = frozenset(MEDIA_TYPES)
MAX_BYTES = 512 << 20  # the whole file and its text are held in memory, several times over while it is read
LONGEST_REASON = 200  # characters of an unexpected error's own message
MOST_NOTES, LONGEST_NOTE = 20, 500  # lines of a receipt, and characters of one
LONGEST_TITLE = 200  # characters; a title goes into every prompt and citation
# What programs write if a person gave no title
USELESS_TITLE = re.compile(
    r"(?:microsoft \w+ - .*|powerpoint presentation|(?:untitled|document|slide|presentation)[\s\d-]*"
    r"|\(?(?:anonymous|unspecified|unknown|none)\)?|\S*\.(?:docx?|odt|rtf|txt|pptx?|xlsx?|pdf|indd|qxd|tex|dvi|ps|html?)"
    r"|for immediate release|\W*)",
    re.IGNORECASE,
)
# What the first heading of a PDF may be without being its title: a numbered one, that of any document, a letterhead
NO_TITLE = re.compile(
    r"(?:(?:chapter|section|part|kapitel|abschnitt|teil|chapitre|partie|capítulo|capitolo|hoofdstuk)?\s*"
    r"(?:\d{1,2}(?:\.\d{1,2})*|[ivx]+\.|[a-z]\.)[.):]?\s+\S.*"
    r"|(?:table of )?contents|introduction|abstract|(?:executive )?summary|preface|foreword|overview|background|notice"
    r"|acknowledge?ments|press release|einleitung|inhalt(?:sverzeichnis)?|zusammenfassung|vorwort|table des matières"
    r"|sommaire|résumé|préface|introducción|índice|resumen|introduzione|indice|inleiding|inhoud(?:sopgave)?"
    r"|united (?:states(?: of america)?|kingdom|nations)|european union|securities and exchange commission)",
    re.IGNORECASE,
)


class Options(NamedTuple):
    """Options of a person for how files are read."""

    passwords: tuple[str, ...] = ()  # tried one after another on PDF files that are encrypted
    ocr_languages: tuple[str, ...] = ("eng",)  # of pages that are images, as tesseract names them
    include_hidden: bool = False  # text that nobody sees is read


DEFAULTS = Options()


def is_readable(name: str) -> bool:
    """Tells if there is a reader for the suffix of the name; upper and lower case are the same."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def read_document(path: Path, document_id: str, source: str | None = None, options: Options = DEFAULTS) -> Document:
    """Reads a file; `source` is its path if none is given.

    Raises `DocumentError` with the file's name in one line: `UnsupportedDocument` for a type that is not read,
    `ReaderFault` if a reader failed with an unexpected error.
    """
    try:
        return _read(path, document_id, source or str(path), options)
    except DocumentError as exc:
        raise type(exc)(f"{path}: {exc}") from exc.__cause__
    except OSError as exc:
        raise DocumentError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except MemoryError as exc:
        raise DocumentError(f"{path}: needs more memory to read than there is; split it") from exc
    except RecursionError as exc:  # readers follow the nesting of a file
        raise DocumentError(f"{path}: is nested too deep to be read; split it") from exc
    except Exception as exc:
        raise _fault(path, exc) from exc


def _fault(path: Path, exc: Exception) -> ReaderFault:
    """The report of an unexpected error: its type and message, and the innermost line of this package on its way."""
    steps = [(frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(exc.__traceback__)]
    module, line = next(step for step in reversed(steps) if step[0].startswith("rag."))
    reason = one_line(str(exc))[:LONGEST_REASON]
    error = f"{type(exc).__name__} in {module.replace('.', '/')}.py:{line}{': ' if reason else ''}{reason}"
    return ReaderFault(
        f"{path}: rag failed to read it ({error}); this is a fault of the program, not of the file: please report it, "
        "`rag index -v` shows the traceback",
        "".join(traceback.format_exception(exc)),
    )


def _read(path: Path, document_id: str, source: str, options: Options) -> Document:
    """The document; raises `DocumentError` without the file's name, and whatever a reader raises."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        kind = f"files of type {suffix}" if suffix else "files without a suffix"
        raise UnsupportedDocument(f"{kind} are not read; these are: {NAMED} and source code")
    data = _bytes(path)
    receipt = Receipt(options.include_hidden)
    content = _parse(suffix, data, options, receipt)
    body = assemble(content.pages)
    if not body.text:
        raise DocumentError(_empty(receipt))
    if suffix not in SOURCE:
        receipt.count(UNREADABLE, body.text.count("\ufffd"))
    return Document(
        id=document_id,
        title=_useful(content.title) or _useful(_top_heading(body, guessed=content.paged)) or one_line(path.stem),
        text=body.text,
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        pages=body.pages if content.paged else (),
        sections=body.sections,
        metadata={"media_type": MEDIA_TYPES[suffix]} | _metadata(content),
        reader=reader_version(path.name),
        notes=_notes([*content.notes, *receipt.notes()]),
        hidden=options.include_hidden if receipt.holds_hidden else None,
    )


def _notes(found: Sequence[str]) -> tuple[str, ...]:
    """The first of the notes, each on one line."""
    lines = [one_line(note)[:LONGEST_NOTE] for note in found]
    more = len(lines) - MOST_NOTES
    return tuple(lines if more <= 0 else [*lines[:MOST_NOTES], f"{more} further parts of the file"])


def _empty(receipt: Receipt) -> str:
    left_out = "; ".join(_notes(receipt.notes()))
    return "is empty: no text was found in it" + (f", but {left_out}" if left_out else "")


def _top_heading(body: Body, guessed: bool) -> str:
    """The first heading of the top level; one told by its size must open the text or be the only one, and be a title.

    One of several lines set alike, such as those of a cover, says too little by itself.
    """
    top = [section for section in body.sections if " > " not in section.path]
    if not top:
        return ""
    first, others = top[0], {section.start for section in top[1:]}
    end = first.start + len(first.path) + len("\n\n")
    set_alike = end in others and end not in body.pages
    if guessed and (set_alike or (first.start > 0 and others) or NO_TITLE.fullmatch(first.path)):
        return ""
    return first.path


def _metadata(content: Content) -> dict[str, str]:
    stated = {key: one_line(text) for key, text in content.metadata.items()}
    return {key: text for key, text in stated.items() if text and not (key == "author" and _is_useless(text))}


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


def _parse(suffix: str, data: bytes, options: Options, receipt: Receipt) -> Content:
    """The content of a file of a type that is read.

    Here and below, the reader's module is imported when it is needed, so that what is not read costs nothing.
    """
    match suffix:
        case ".pdf":
            from rag.documents.pdf import reader as pdf

            return pdf.parse(data, options.passwords, options.ocr_languages, receipt)
        case ".doc" | ".ppt":
            from rag.documents import libreoffice

            real = libreoffice.real_suffix(data, suffix)
            if real == suffix:
                return _parse(libreoffice.MODERN[suffix], libreoffice.converted(data, suffix), options, receipt)
            return _parse(real, data, options, receipt)
        case ".eml" | ".mbox":
            from rag.documents import mail

            parse = mail.parse if suffix == ".eml" else mail.parse_mailbox
            return parse(data, lambda suffix, data: _parse_attached(suffix, data, options, receipt), receipt)
        case _:
            return _parse_office(suffix, data, receipt) if suffix in OFFICE else _parse_text(suffix, data, receipt)


def _parse_office(suffix: str, data: bytes, receipt: Receipt) -> Content:
    """The content of a file of an office program, or of an electronic book."""
    match suffix:
        case ".docx" | ".docm" | ".dotx":
            from rag.documents import docx, libreoffice

            real = libreoffice.real_suffix(data, ".doc")
            if real in (".rtf", ".html"):
                return _parse(real, data, DEFAULTS, receipt)
            return docx.parse_docx(data, receipt)
        case ".pptx" | ".pptm" | ".ppsx":
            from rag.documents import pptx

            return pptx.parse(data, receipt)
        case ".odt" | ".odp":
            from rag.documents import opendocument

            return opendocument.parse(data, receipt)
        case ".rtf":
            from rag.documents import rtf

            return rtf.parse(data, receipt)
        case ".epub":
            from rag.documents import epub

            return epub.parse(data, receipt)
        case _:  # workbooks: .xlsx .xlsm .xlsb .xls .ods
            from rag.documents import sheets

            return sheets.parse(data, receipt)


def _parse_text(suffix: str, data: bytes, receipt: Receipt) -> Content:
    """The content of a file of a format that is text."""
    match suffix:
        case ".html" | ".htm" | ".xhtml":
            from rag.documents import html

            return html.parse(data, receipt)
        case ".md" | ".markdown":
            from rag.documents import markdown

            return markdown.parse(data, receipt)
        case ".rst":
            from rag.documents import rst

            return rst.parse(data, receipt)
        case ".csv" | ".tsv":
            from rag.documents import csv_tables, sheets

            is_workbook = data.startswith(sheets.WORKBOOKS)
            return sheets.parse(data, receipt) if is_workbook else csv_tables.parse(data, suffix)
        case ".json":
            from rag.documents import json_records

            return json_records.parse_json(data)
        case ".jsonl" | ".ndjson":
            from rag.documents import json_records

            return json_records.parse_lines(data)
        case ".ipynb":
            from rag.documents import notebook

            return notebook.parse(data, receipt)
        case _:
            from rag.documents import text

            return text.parse(data, unwrap=suffix != ".log" and suffix not in SOURCE)


def _parse_attached(suffix: str, data: bytes, options: Options, around: Receipt) -> Content:
    """The content of a file within another one, with the notes of its own receipt."""
    if suffix not in SUFFIXES:
        raise UnsupportedDocument(f"files of type {suffix} are not read")
    receipt = Receipt(options.include_hidden)
    content = _parse(suffix, data, options, receipt)
    around.take_hidden(receipt)
    return content._replace(notes=[*content.notes, *receipt.notes()])


def _useful(title: str) -> str:
    title = one_line(title)[:LONGEST_TITLE]
    return "" if _is_useless(title) else title


def _is_useless(text: str) -> bool:
    return bool(USELESS_TITLE.fullmatch(text))
