"""Objects on a page of a PDF besides its text: values of forms, typed-in text, notes, links, attached files.

In: a page that PDFium has loaded. Out: values with their places, notes, attached files. Push buttons, signatures,
passwords and what is hidden are left out. It does not decide where a value belongs in the text (fields.py).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from rag.documents.pdf.fields import Field
from rag.documents.pdf.links import LinkArea
from rag.documents.pdf.struck import Rule

MOST = 2000  # annotations of a page that are looked at
TICKED, EMPTY = "☒", "☐"
NO_MEANING = frozenset({"", "yes", "on", "off", "ja", "oui", "true", "x", "0", "1"})  # values of a box that is ticked
PASSWORD = 1 << 13  # flag of a field


class Annotations(NamedTuple):
    """Objects on a page besides its text."""

    fields: list[Field]
    notes: list[str]  # "Note (author): words"
    links: list[LinkArea]  # to addresses
    files: list[Any]  # attachments, usable while the document is open
    struck: list[Rule]  # the middle of what a person marked as struck out


def page_annotations(page: Any, form: Any) -> Annotations:
    """The annotations of a page; `form` is the document's form environment, None if it has no form."""
    from pypdfium2 import PdfAttachment, raw

    found = Annotations([], [], [], [], [])
    for place in range(min(raw.FPDFPage_GetAnnotCount(page), MOST)):
        with _annotation(page, place) as each:
            if each is None or raw.FPDFAnnot_GetFlags(each) & (raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW):
                continue
            kind = raw.FPDFAnnot_GetSubtype(each)
            contents = _string(each, b"Contents")
            if kind == raw.FPDF_ANNOT_WIDGET:
                found.fields.extend(_fields(each, form) if form is not None else ())
            elif kind == raw.FPDF_ANNOT_FREETEXT and contents:
                found.fields.append(Field(contents, *_rectangle(each), typed=True))
            elif kind == raw.FPDF_ANNOT_FILEATTACHMENT:
                if file := raw.FPDFAnnot_GetFileAttachment(each):
                    found.files.append(PdfAttachment(file, page.pdf))
            elif kind == raw.FPDF_ANNOT_LINK:
                found.links.extend(LinkArea(address, *_rectangle(each)) for address in _addresses(each, page))
            elif kind != raw.FPDF_ANNOT_POPUP:
                found.struck.extend(_middles(each) if kind == raw.FPDF_ANNOT_STRIKEOUT else ())
                if not contents:
                    continue
                author = _string(each, b"T")
                found.notes.append(f"Note ({author}): {contents}" if author else f"Note: {contents}")
    return found


@contextmanager
def _annotation(page: Any, place: int) -> Iterator[Any]:
    from pypdfium2 import raw

    found = raw.FPDFPage_GetAnnot(page, place)
    try:
        yield found or None
    finally:
        if found:
            raw.FPDFPage_CloseAnnot(found)


def _middles(each: Any) -> Iterator[Rule]:
    """The middle lines of the areas that a mark covers."""
    from pypdfium2 import raw

    area = raw.FS_QUADPOINTSF()
    for place in range(min(raw.FPDFAnnot_CountAttachmentPoints(each), MOST)):
        if raw.FPDFAnnot_GetAttachmentPoints(each, place, area):
            across, up = (area.x1, area.x2, area.x3, area.x4), (area.y1, area.y2, area.y3, area.y4)
            yield Rule(min(across), max(across), (min(up) + max(up)) / 2)


def _addresses(each: Any, page: Any) -> Iterator[str]:
    """The address that a link leads to; none for a place in the file."""
    from pypdfium2 import raw

    action = raw.FPDFLink_GetAction(raw.FPDFAnnot_GetLink(each))
    size = raw.FPDFAction_GetURIPath(page.pdf, action, None, 0) if action else 0
    if size > 1:
        buffer = ctypes.create_string_buffer(size)
        raw.FPDFAction_GetURIPath(page.pdf, action, buffer, size)
        yield buffer.value.decode("utf-8", errors="replace")


def _fields(each: Any, form: Any) -> Iterator[Field]:
    """The value of a form's field, if it has one; a box that can be ticked always has."""
    from pypdfium2 import raw

    kind = raw.FPDFAnnot_GetFormFieldType(form, each)
    if raw.FPDFAnnot_GetFormFieldFlags(form, each) & PASSWORD and kind == raw.FPDF_FORMFIELD_TEXTFIELD:
        return
    name = _wide(raw.FPDFAnnot_GetFormFieldAlternateName, form, each) or _wide(
        raw.FPDFAnnot_GetFormFieldName, form, each
    )
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        ticked = bool(raw.FPDFAnnot_IsChecked(form, each))
        value = _wide(raw.FPDFAnnot_GetFormFieldExportValue, form, each)
        meaning = value if kind == raw.FPDF_FORMFIELD_RADIOBUTTON and value.lower() not in NO_MEANING else ""
        yield Field(TICKED if ticked else EMPTY, *_rectangle(each), name, box=True, meaning=meaning)
    elif kind in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        value = ", ".join(_chosen(each, form)) or _wide(raw.FPDFAnnot_GetFormFieldValue, form, each)
        if value.strip():
            yield Field(value, *_rectangle(each), name)


def _chosen(each: Any, form: Any) -> Iterator[str]:
    """The labels of the options that are chosen: what a person sees, which may differ from the value."""
    from pypdfium2 import raw

    for place in range(min(raw.FPDFAnnot_GetOptionCount(form, each), MOST)):
        if raw.FPDFAnnot_IsOptionSelected(form, each, place):
            yield _wide(raw.FPDFAnnot_GetOptionLabel, form, each, place)


def _rectangle(each: Any) -> tuple[float, float, float, float]:
    """Left, bottom, right, top."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(each, box)
    return min(box.left, box.right), min(box.bottom, box.top), max(box.left, box.right), max(box.bottom, box.top)


def _string(each: Any, key: bytes) -> str:
    from pypdfium2 import raw

    return _wide(raw.FPDFAnnot_GetStringValue, each, key).strip()


def _wide(read: Callable[..., int], *given: Any) -> str:
    """The text that one of PDFium's functions writes into a buffer: asked twice, first for its length in bytes."""
    from pypdfium2 import raw

    size = read(*given, None, 0)
    buffer = ctypes.create_string_buffer(size + 2)
    read(*given, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[:size].decode("utf-16-le", errors="ignore").rstrip("\0")
