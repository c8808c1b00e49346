"""Files embedded in a PDF -> members, with their bytes, which are there only while the PDF is open.

In: a document of PDFium, and the attachments of its pages. Out: members. Files of types that are not read are named
and not taken out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from posixpath import basename
from typing import Any

from rag.documents.contained import MOST_OF_ONE, Member, distinct
from rag.documents.formats import MEDIA_TYPES

EMPTY = "the file holds no more than its name"
TOO_MUCH = f"beyond the {MOST_OF_ONE >> 20} MB that are taken out of a PDF; save it beside it"


def embedded_files(document: Any, of_pages: Iterable[Any]) -> list[Member]:
    """The members that are attachments of a document, or of its pages."""
    members, size = [], 0
    found = [*_attachments(document), *of_pages]
    for attachment, name in zip(found, distinct(map(_name, found)), strict=True):
        member = _member(attachment, name, MOST_OF_ONE - size)
        size += member.size
        members.append(member)
    return members


def _attachments(document: Any) -> Iterator[Any]:
    import pypdfium2

    for place in range(document.count_attachments()):
        with suppress(pypdfium2.PdfiumError):  # an entry of the list of files without a file
            yield document.get_attachment(place)


def _name(attachment: Any) -> str:
    import pypdfium2

    try:
        name = attachment.get_name()
    except (pypdfium2.PdfiumError, UnicodeError):
        name = ""
    return basename(name.replace("\\", "/").rstrip("/")) or "without a name"


def _member(attachment: Any, name: str, room: int) -> Member:
    import pypdfium2

    if os.path.splitext(name)[1].lower() not in MEDIA_TYPES:
        return Member(name, bytes)  # its type is the reason not to read it
    try:
        data = attachment.get_data()
    except pypdfium2.PdfiumError:
        return Member(name, bytes, reason=EMPTY)
    if len(data) > room:
        return Member(name, bytes, reason=TOO_MUCH)
    return Member(name, partial(bytes, bytes(data)), len(data))
