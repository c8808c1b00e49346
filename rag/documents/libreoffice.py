"""Files of the binary Office formats before 2007 (.doc, .ppt) -> the same documents in today's, through LibreOffice;
documents and slides -> their pages as a PDF.

In: the bytes of a file and its suffix. Out: the bytes of the same document in another format. Files of another type
under such a name are told apart by their first bytes. If LibreOffice is not installed, the file is refused with the
remedy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from codecs import BOM_UTF8
from pathlib import Path

from rag.documents import ooxml, word_xml
from rag.documents.protected import is_protected
from rag.errors import DocumentError, UnsupportedDocument

MODERN = {".doc": ".docx", ".ppt": ".pptx"}
SOFFICE = "soffice"
CONVERSION_SECONDS = 120  # seconds for a file; starting the program takes some of them
RTF, ZIP, MARKUP, XML = b"{\\rtf", b"pk\x03\x04", (b"<html", b"<!doctype html"), b"<?xml"
NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "ftp_proxy"), "http://127.0.0.1:9")  # nothing is fetched
_SETTING = (
    '<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="{}" oor:op="fuse">'
    "<value>true</value></prop></item>"
)
CAUTIOUS = (  # no macros, nothing that a document only links to
    '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    + "".join(map(_SETTING.format, ("BlockUntrustedRefererLinks", "DisableMacrosExecution", "DisableActiveContent")))
    + "</oor:items>\n"
)
REMEDY = "save it as {modern}, or install LibreOffice (the program soffice) and read it again"


def real_suffix(data: bytes, suffix: str) -> str:
    """The suffix of what the file really is: old names are often kept for rich text and web pages."""
    start = data[:512].removeprefix(BOM_UTF8).lstrip().lower()
    if start.startswith(RTF):
        return ".rtf"
    if start.startswith(XML) and word_xml.kind(data):
        return ".xml"
    if start.startswith(ZIP):
        return MODERN[suffix]
    return ".html" if start.startswith(MARKUP) else suffix


def converted(data: bytes, suffix: str) -> bytes:
    """The bytes of the document in today's format.

    Raises `UnsupportedDocument` if LibreOffice is not installed, `DocumentError` if it fails or the file is encrypted.
    """
    modern = MODERN[suffix]
    if not data.startswith(ooxml.OLE):
        raise DocumentError("is not an Office file although its name says so; give it the name of its real type")
    if is_protected(data):
        raise DocumentError(ooxml.PROTECTED)
    program = shutil.which(SOFFICE)
    if program is None:
        raise UnsupportedDocument(f"is of the old binary format {suffix}; {REMEDY.format(modern=modern)}")
    found = _made(program, data, suffix, modern)
    if found is None:
        raise DocumentError(f"could not be converted by LibreOffice, it may be damaged; save it as {modern}")
    return found


def as_pdf(data: bytes, suffix: str) -> bytes:
    """A PDF with the pages of a document or of slides, as LibreOffice lays them out.

    Raises `UnsupportedDocument` if LibreOffice is not installed, `DocumentError` if it fails or the file is encrypted.
    """
    program = shutil.which(SOFFICE)
    if program is None:
        raise UnsupportedDocument(f"its pages cannot be shown without LibreOffice (the program {SOFFICE}): install it")
    if data.startswith(ooxml.OLE) and is_protected(data):
        raise DocumentError(ooxml.PROTECTED)
    found = _made(program, data, suffix, ".pdf")
    if found is None:
        raise DocumentError("could not be laid out by LibreOffice, it may be damaged; its text is kept")
    return found


def _made(program: str, data: bytes, suffix: str, wanted: str) -> bytes | None:
    """The file that LibreOffice makes of another; None if it makes none."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"file{suffix}")
        source.write_bytes(data)
        own = Path(folder, "profile", "user")  # programs may not share one
        own.mkdir(parents=True)
        (own / "registrymodifications.xcu").write_text(CAUTIOUS)
        command = [
            program,
            f"-env:UserInstallation={own.parent.as_uri()}",
            "--headless",
            "--norestore",
            "--convert-to",
            wanted[1:],
            "--outdir",
            folder,
            str(source),
        ]
        try:
            # Its exit code tells nothing
            subprocess.run(
                command, capture_output=True, timeout=CONVERSION_SECONDS, check=False, env=os.environ | NOWHERE
            )
        except subprocess.TimeoutExpired as exc:
            raise DocumentError(
                f"took LibreOffice more than {CONVERSION_SECONDS} s to convert; save it as {wanted} yourself"
            ) from exc
        target = source.with_suffix(wanted)
        return target.read_bytes() if target.is_file() else None
