"""An answer -> the same answer with the boxes of its citations, as far as they are found within a second.

In: an answer, and the pipeline that gave it. Out: the answer, whose citations of PDFs have `boxes` and `answer_boxes`,
or None where they are not known yet: `GET /v1/documents/{id}/boxes` finds them then, mostly at once, since the search
goes on. It never fails an answer and waits for no page that OCR has to read.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.deadline import Deadline
from rag.errors import RagError
from rag.originals.find import Original, original_of
from rag.originals.places import page_texts
from rag.originals.viewer import Viewer
from rag.types import Answer, Box, Citation, Document

if TYPE_CHECKING:
    from rag.pipeline import Pipeline

_log = logging.getLogger(__name__)

WITHIN_S = 1.0  # a page takes 0.05 s, the first one of a process 1 s
MOST_WAITING = 8  # answers whose boxes are looked for; those beyond have none
_LONGEST_S = 60.0  # for those of one answer


class CitationBoxes:
    """Finds boxes for answers, in a thread of its own. Any thread may call."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._thread = ThreadPoolExecutor(1, "boxes")
        self._free = threading.BoundedSemaphore(MOST_WAITING)

    def placed(self, answer: Answer, pipeline: Pipeline) -> Answer:
        """The answer with boxes, after a second at most."""
        if not any(map(_is_of_pdf, answer.citations)) or not self._free.acquire(blocking=False):
            return answer
        try:
            looking = self._thread.submit(self._looked_for, answer, pipeline)
        except RuntimeError:  # the service stops
            self._free.release()
            return answer
        looking.add_done_callback(lambda _: self._free.release())
        try:
            return replace(answer, citations=looking.result(WITHIN_S))
        except TooLate:
            return answer
        except Exception:
            _log.exception("the boxes of answer %s were not found", answer.id)
            return answer

    def close(self) -> None:
        """Look for no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _looked_for(self, answer: Answer, pipeline: Pipeline) -> tuple[Citation, ...]:
        deadline = Deadline(_LONGEST_S, None)
        return tuple(self._with_boxes(citation, pipeline, deadline) for citation in answer.citations)

    def _with_boxes(self, citation: Citation, pipeline: Pipeline, deadline: Deadline) -> Citation:
        if not _is_of_pdf(citation):
            return citation
        try:
            document = pipeline.document(citation.document_id)
            original = original_of(document.id, document.sha256, pipeline.origin(document.id).source)
            spans = (citation.start, citation.end), (citation.answer_start, citation.answer_end)
            boxes = [self._boxes(document, original, *span, deadline) for span in spans]
        except RagError:  # the original is gone, changed or cannot be shown: the route of boxes says which
            return citation
        return replace(citation, boxes=boxes[0], answer_boxes=boxes[1])

    def _boxes(
        self, document: Document, original: Original, start: int, end: int, deadline: Deadline
    ) -> tuple[Box, ...] | None:
        texts = page_texts(document, start, end)
        if any(page.languages for page in texts):
            return None
        return tuple(self._viewer.boxes(original, texts, deadline))


def _is_of_pdf(citation: Citation) -> bool:
    return citation.document_id.lower().endswith(".pdf")
