"""Files of the binary Office formats before 2007 (.doc, .ppt) -> the same documents in today's, through LibreOffice.

In: the bytes of a file and its suffix. Out: the bytes of the same document in today's format. Files of another type
under such a name are told apart by their first bytes. If LibreOffice is not installed, the file is refused with the
remedy.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from codecs import BOM_UTF8
from pathlib import Path

from rag.documents import ooxml, word_xml
from rag.documents.protected import is_protected
from rag.errors import DocumentError, UnsupportedDocument

MODERN = {".doc": ".docx", ".ppt": ".pptx"}
PROGRAM = "soffice"
LONGEST = 120  # seconds for a file; starting the program takes some of them
RTF, ZIP, MARKUP, XML = b"{\\rtf", b"pk\x03\x04", (b"<html", b"<!doctype html"), b"<?xml"
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
    program = shutil.which(PROGRAM)
    if program is None:
        raise UnsupportedDocument(f"is of the old binary format {suffix}; {REMEDY.format(modern=modern)}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"file{suffix}")
        source.write_bytes(data)
        profile = f"-env:UserInstallation={Path(folder, 'profile').as_uri()}"  # its own: programs may not share one
        command = [
            program,
            profile,
            "--headless",
            "--norestore",
            "--convert-to",
            modern[1:],
            "--outdir",
            folder,
            str(source),
        ]
        try:
            subprocess.run(command, capture_output=True, timeout=LONGEST, check=False)  # its exit code tells nothing
        except subprocess.TimeoutExpired as exc:
            raise DocumentError(
                f"took LibreOffice more than {LONGEST} s to convert; save it as {modern} yourself"
            ) from exc
        target = source.with_suffix(modern)
        if not target.is_file():
            raise DocumentError(f"could not be converted by LibreOffice, it may be damaged; save it as {modern}")
        return target.read_bytes()
