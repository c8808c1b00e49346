"""A citation of a PDF -> the same citation with the boxes of its quote and of its words on the page.

In: a citation, and where documents and their files are looked up. Out: the citation with `boxes` and `answer_boxes`, or
as it was if they cannot be found: the original is gone, changed or cannot be shown, or OCR would have to read its page.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from rag.deadline import Deadline
from rag.errors import RagError
from rag.originals.find import Original, original_of
from rag.originals.places import page_texts
from rag.originals.viewer import Viewer
from rag.types import Box, Citation, Document, Origin


class Library(Protocol):
    """Documents by their ids; the methods raise `RagError`."""

    def document(self, document_id: str) -> Document:
        """The document of that id."""

    def origin(self, document_id: str) -> Origin:
        """The file behind the document."""


def is_of_pdf(citation: Citation) -> bool:
    """True if the cited document is a PDF, so that there may be boxes."""
    return citation.document_id.lower().endswith(".pdf")


def with_boxes(citation: Citation, library: Library, viewer: Viewer, deadline: Deadline) -> Citation:
    """The citation with its boxes, as far as they are found."""
    if not is_of_pdf(citation):
        return citation
    try:
        document = library.document(citation.document_id)
        origin = library.origin(document.id)
        original = original_of(document.id, document.sha256, origin.source, origin.kept)
        spans = (citation.start, citation.end), (citation.answer_start, citation.answer_end)
        boxes = [_boxes(document, original, span, viewer, deadline) for span in spans]
    except RagError:  # the route of boxes says which
        return citation
    return replace(citation, boxes=boxes[0], answer_boxes=boxes[1])


def _boxes(
    document: Document, original: Original, span: tuple[int, int], viewer: Viewer, deadline: Deadline
) -> tuple[Box, ...] | None:
    texts = page_texts(document, *span)
    if any(page.languages for page in texts):
        return None
    return tuple(viewer.boxes(original, texts, deadline))
