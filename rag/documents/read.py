"""Files -> Documents.

In: the path of a file. Out: a `Document` with its text normalised, or a `DocumentError` that names the file, says what
is wrong and what to do. The suffix decides the reader; each family of formats has a module. A reader that fails with an
error that nobody expected is a fault of this program and is reported as one (`ReaderFault`), not as damage of the file.
It reads no folders (discover.py finds the files), no files in the file (unpack.py does), and fetches nothing. pool.py
reads many files in processes that can be stopped.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rag.documents.blocks import Body, Content, assemble, one_line
from rag.documents.contained import Budget, plan, printable
from rag.documents.formats import DATA, MEDIA_TYPES, NAMED, OFFICE, SOURCE
from rag.documents.links import placed
from rag.documents.options import DEFAULTS, ReadOptions
from rag.documents.receipt import UNREADABLE, Receipt
from rag.documents.versions import reader_version
from rag.errors import DocumentError, EmptyDocument, ReaderFault, UnsupportedDocument
from rag.text.dates import with_date
from rag.types import Document

MAX_BYTES = 512 << 20  # the whole file and its text are held in memory, several times over while it is read
LONGEST_REASON = 200  # characters of an unexpected error's own message
MOST_NOTES, LONGEST_NOTE = 20, 500  # lines of a receipt, and characters of one
LONGEST_TITLE = 200  # characters; a title goes into every prompt and citation
# What programs write if a person gave no title
USELESS_TITLE = re.compile(
    r"(?:microsoft \w+ - .*|powerpoint presentation|no slide title"
    r"|(?:untitled|(?:untitled )?(?:document|slide|presentation|spreadsheet))[\s\d-]*"
    r"|\(?(?:anonymous|unspecified|unknown|none)\)?"
    r"|\S*\.(?:docx?|odt|rtf|txt|csv|pptx?|xlsx?|pdf|indd|qxd|tex|dvi|ps|html?)"
    r"|for immediate release|\W*)",
    re.IGNORECASE,
)
# What the first heading of a PDF may be without being its title: a numbered one, that of any document, a letterhead
NO_TITLE = re.compile(
    r"(?:(?:chapter|section|part|kapitel|abschnitt|teil|chapitre|partie|capítulo|capitolo|hoofdstuk)?\s*"
    r"(?:\d{1,2}(?:\.\d{1,2})*|[ivx]+\.|[a-z]\.)[.):]?\s+\S.*|§.*"
    r"|(?:chapter|section|part|article|appendix|annex|schedule|exhibit|page|figure|table|kapitel|abschnitt|teil|artikel"
    r"|anhang|anlage|seite|chapitre|partie|annexe|page)\s+(?:[\d.-]+|[ivx]+|[a-z]|one|two|three)[.:]?"
    r"|(?:table of )?contents|introduction|abstract|(?:executive )?summary|preface|foreword|overview|background|notice"
    r"|acknowledge?ments|press release|einleitung|inhalt(?:sverzeichnis)?|zusammenfassung|vorwort|table des matières"
    r"|sommaire|résumé|préface|introducción|índice|resumen|introduzione|indice|inleiding|inhoud(?:sopgave)?"
    r"|united (?:states(?: of america)?|kingdom|nations)|european union"
    r"|(?:united states )?securities and exchange commission|washington, d\.? ?c\.?(?: \d{5})?"
    r"|(?:strictly )?(?:private (?:and|&) )?confidential|draft|copy|entwurf|vertraulich|brouillon|confidentiel)",
    re.IGNORECASE,
)


def read_document(path: Path, document_id: str, source: str | None = None, options: ReadOptions = DEFAULTS) -> Document:
    """Reads a file, without those in it; `source` is its path if none is given.

    Raises `DocumentError` with the file's name in one line: `UnsupportedDocument` for a type that is not read,
    `ReaderFault` if a reader failed with an unexpected error.
    """
    with reported(str(path)):
        check_type(path.name)
        data = file_bytes(path)
        content = parsed(path.name, data, options)
        budget = Budget()
        budget.begin(len(data))
        left_out = plan(document_id, content.members, budget).notes
        document = as_document(content, path.name, data, document_id, source or str(path), left_out)
        if document is None:
            raise DocumentError("is an archive: the files in it are documents of their own")
        return document


@contextmanager
def reported(shown: str) -> Iterator[None]:
    """Runs the `with` block, in which the file that is `shown` is read; raises all errors as `DocumentError`, with the
    file's name in front."""
    named = printable(shown)
    try:
        yield
    except DocumentError as exc:
        raise type(exc)(f"{named}: {exc}") from exc.__cause__
    except OSError as exc:
        raise DocumentError(f"{named}: cannot be read: {exc.strerror or exc}") from exc
    except MemoryError as exc:
        raise DocumentError(f"{named}: needs more memory to read than there is; split it") from exc
    except ModuleNotFoundError as exc:  # of a parser that an older installation lacks
        package = (exc.name or "").partition(".")[0]
        raise UnsupportedDocument(
            f"{named}: needs the Python package {package}, which is not installed; pip install {package}"
        ) from exc
    except RecursionError as exc:  # readers follow the nesting of a file
        raise DocumentError(f"{named}: is nested too deep to be read; split it") from exc
    except Exception as exc:
        raise _fault(named, exc) from exc


def _fault(named: str, exc: Exception) -> ReaderFault:
    """The report of an unexpected error: its type and message, and the innermost line of this package on its way."""
    steps = [(frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(exc.__traceback__)]
    module, line = next(step for step in reversed(steps) if step[0].startswith("rag."))
    reason = one_line(str(exc))[:LONGEST_REASON]
    error = f"{type(exc).__name__} in {module.replace('.', '/')}.py:{line}{': ' if reason else ''}{reason}"
    return ReaderFault(
        f"{named}: rag failed to read it ({error}); this is a fault of the program, not of the file: please report it, "
        "`rag index -v` shows the traceback",
        "".join(traceback.format_exception(exc)),
    )


def check_type(name: str) -> None:
    """Raises `UnsupportedDocument` if there is no reader for files of this name."""
    suffix = Path(name).suffix.lower()
    if suffix not in MEDIA_TYPES:
        kind = f"files of type {suffix}" if suffix else "files without a suffix"
        raise UnsupportedDocument(f"{kind} are not read; these are: {NAMED} and source code")


def parsed(name: str, data: bytes, options: ReadOptions) -> Content:
    """The content of a file of this name; raises `DocumentError` without the file's name, and whatever a reader
    raises."""
    receipt = Receipt(options.include_hidden)
    content = _parse(os.path.splitext(name)[1].lower(), data, options, receipt)
    hidden = options.include_hidden if receipt.holds_hidden else None
    notes = [*content.notes, *receipt.notes()]
    return content._replace(notes=notes, hidden=hidden, ocr=receipt.ocr, links=receipt.links)


def as_document(
    content: Content, name: str, data: bytes, document_id: str, source: str, left_out: Sequence[str] = ()
) -> Document | None:
    """The document of a file with this content and name; None for an archive, which has no text of its own.

    `left_out` are notes on files in it that are not read. Raises `DocumentError` for another file without text; its
    content says why, if that is known.
    """
    suffix = os.path.splitext(name)[1].lower()
    body = assemble(content.pages)
    if suffix == ".zip":
        return None
    if not body.text:
        raise _empty(content, left_out)
    stem = os.path.splitext(os.path.basename(name))[0]
    unreadable = Receipt()
    unreadable.count(UNREADABLE, 0 if suffix in SOURCE else body.text.count("\ufffd"))
    return Document(
        id=document_id,
        title=_useful(content.title)
        or (_useful(_top_heading(body, content.paged)) if content.headed else "")
        or one_line(stem),
        text=body.text,
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        pages=body.pages if content.paged else (),
        sections=body.sections,
        blocks=body.blocks,
        links=placed(body.text, content.links),
        metadata={"media_type": MEDIA_TYPES[suffix]} | _metadata(content),
        reader=reader_version(name),
        notes=_notes([*content.notes, *unreadable.notes(), *left_out]),
        hidden=content.hidden,
        ocr=content.ocr,
    )


def _notes(found: Sequence[str]) -> tuple[str, ...]:
    """The first of the notes, each on one line."""
    lines = [_shortened(one_line(note)) for note in found]
    more = len(lines) - MOST_NOTES
    return tuple(lines if more <= 0 else [*lines[:MOST_NOTES], f"{more} further parts of the file"])


def _shortened(note: str) -> str:
    """The note without its middle if it is too long: it begins with what is left out and ends with why."""
    half = LONGEST_NOTE // 2
    return note if len(note) <= LONGEST_NOTE else f"{note[: half - 1].rstrip()} … {note[2 - half :].lstrip()}"


def _empty(content: Content, left_out: Sequence[str]) -> DocumentError:
    reasons = "; ".join(_notes([*content.notes, *left_out]))
    if content.members and content.notes:  # it has no text of its own, for a reason that its reader gives
        return DocumentError(reasons)
    if reasons:
        return DocumentError(f"is empty: no text was found in it, but {reasons}")
    return EmptyDocument("is empty: no text was found in it")


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
    stated = with_date({key: one_line(text) for key, text in content.metadata.items()})
    return {key: text for key, text in stated.items() if text and not (key == "author" and _is_useless(text))}


def file_bytes(path: Path) -> bytes:
    """The bytes of a file of a folder; raises `DocumentError` and `OSError`."""
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


def _parse(suffix: str, data: bytes, options: ReadOptions, receipt: Receipt) -> Content:
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
            if real == ".xml":
                return _parse_xml(data, receipt)
            if real == suffix:
                return _parse(libreoffice.MODERN[suffix], libreoffice.converted(data, suffix), options, receipt)
            return _parse(real, data, options, receipt)
        case ".eml" | ".msg" | ".mbox":
            from rag.documents import mail

            parse = {".eml": mail.parse, ".msg": mail.parse_outlook, ".mbox": mail.parse_mailbox}[suffix]
            return parse(data, receipt)
        case ".zip":
            from rag.documents import zip_archive

            return zip_archive.parse(data)
        case ".xml":
            return _parse_xml(data, receipt)
        case _ if suffix in OFFICE:
            return _parse_office(suffix, data, receipt)
        case _:
            return _parse_data(suffix, data, receipt) if suffix in DATA else _parse_text(suffix, data, receipt)


def _parse_office(suffix: str, data: bytes, receipt: Receipt) -> Content:
    """The content of a file of an office program, or of an electronic book."""
    match suffix:
        case ".docx" | ".docm" | ".dotx":
            from rag.documents import docx, libreoffice

            real = libreoffice.real_suffix(data, ".doc")
            if real in (".rtf", ".html", ".xml"):
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
        case ".org":
            from rag.documents import org

            return org.parse(data, receipt)
        case ".adoc" | ".asciidoc":
            from rag.documents import asciidoc

            return asciidoc.parse(data, receipt)
        case ".tex":
            from rag.documents import tex

            return tex.parse(data, receipt)
        case _:
            from rag.documents import text

            return text.parse(data, unwrap=suffix != ".log" and suffix not in SOURCE)


def _parse_data(suffix: str, data: bytes, receipt: Receipt) -> Content:
    """The content of a file of records, as programs write them."""
    match suffix:
        case ".csv" | ".tsv":
            from rag.documents import csv_tables, sheets

            is_workbook = data.startswith(sheets.WORKBOOKS)
            return sheets.parse(data, receipt) if is_workbook else csv_tables.parse(data, suffix)
        case ".json":
            from rag.documents import json_records

            return json_records.parse_json(data, receipt)
        case ".jsonl" | ".ndjson":
            from rag.documents import json_records

            return json_records.parse_lines(data, receipt)
        case ".ics":
            from rag.documents import appointments

            return appointments.parse(data)
        case ".srt" | ".vtt":
            from rag.documents import subtitles

            return subtitles.parse(data)
        case _:  # .ipynb
            from rag.documents import notebook

            return notebook.parse(data, receipt)


def _parse_xml(data: bytes, receipt: Receipt) -> Content:
    """The content of a file in XML: a document of Word, a workbook of Excel, or lines as they are."""
    from rag.documents import sheets, text, word_xml

    match word_xml.kind(data):
        case word_xml.WORD | word_xml.FLAT:
            return word_xml.parse(data, receipt)
        case word_xml.EXCEL:
            return sheets.parse(data, receipt)
        case _:
            return text.parse(data, unwrap=False)


def _useful(title: str) -> str:
    title = one_line(title)[:LONGEST_TITLE]
    return "" if _is_useless(title) else title


def _is_useless(text: str) -> bool:
    return bool(USELESS_TITLE.fullmatch(text))
