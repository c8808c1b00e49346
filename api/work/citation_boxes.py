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
from rag.originals.citations import is_of_pdf, with_boxes
from rag.originals.viewer import Viewer
from rag.types import Answer, Citation

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
        if not any(map(is_of_pdf, answer.citations)) or not self._free.acquire(blocking=False):
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
        return tuple(with_boxes(citation, pipeline, self._viewer, deadline) for citation in answer.citations)
