"""Boxes of the citations of an answer: found within a second or left out, and never in the way of the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from api.work.citation_boxes import MOST_WAITING, CitationBoxes
from rag.deadline import Deadline
from rag.documents.read import read_document
from rag.errors import DocumentNotFound, OriginalChanged
from rag.originals.find import Original
from rag.originals.places import PageText
from rag.originals.viewer import Viewer
from rag.pipeline import Pipeline
from rag.types import Answer, Box, Citation, Document, Origin, Stamp
from tests.api.fakes import answered
from tests.documents.test_pdf import lines, make_pdf

QUOTE = "The pump was found by Ada Byron."


class Library:
    """A pipeline of one PDF."""

    def __init__(self, folder: Path) -> None:
        path = folder / "a.pdf"
        path.write_bytes(make_pdf([lines(QUOTE)]))
        self.found: Document = read_document(path, "a.pdf")

    def document(self, document_id: str) -> Document:
        if document_id != "a.pdf":
            raise DocumentNotFound(document_id)
        return self.found

    def origin(self, document_id: str) -> Origin:
        return Origin(None, self.found.source, Stamp(None, None))


class Slow:
    """A viewer that takes its time, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.hold = threading.Event()
        self.error = error

    def boxes(self, original: Original, pages: list[PageText], deadline: Deadline) -> list[Box]:
        if self.error:
            raise self.error
        self.hold.wait(20)
        return []


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return cast(Pipeline, Library(tmp_path))


@pytest.fixture(scope="module")
def viewer() -> Iterator[Viewer]:
    found = Viewer(1)
    yield found
    found.close()


def cited(*ids: str) -> Answer:
    answer = answered("Who?")
    words = QUOTE.index("Ada")
    return replace(answer, citations=tuple(
        Citation(label, id, f"{id}:0-9", "A", id, 1, None, 0, len(QUOTE), QUOTE, words, len(QUOTE) - 1)
        for label, id in enumerate(ids, 1)
    ))  # fmt: skip


def test_quote_and_words_have_boxes_and_what_is_no_pdf_has_none(
    pipeline: Pipeline, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.work.citation_boxes.WITHIN_S", 60.0)
    found = CitationBoxes(viewer).placed(cited("a.pdf", "a.html", "gone.pdf"), pipeline).citations
    assert found[0].boxes is not None
    assert found[0].answer_boxes is not None
    (quote,), (words,) = found[0].boxes, found[0].answer_boxes
    assert quote.page == 1
    assert quote.x0 * 612 == pytest.approx(72, abs=1)
    assert quote.x0 < words.x0 < words.x1 < quote.x1
    assert [citation.boxes for citation in found[1:]] == [None, None]


@pytest.mark.parametrize("error", [OriginalChanged("changed"), ValueError("a fault of this program")])
def test_an_answer_stands_whatever_becomes_of_its_boxes(pipeline: Pipeline, error: Exception) -> None:
    answer = cited("a.pdf")
    assert CitationBoxes(cast(Any, Slow(error))).placed(answer, pipeline) == answer


def test_nobody_waits_long_for_boxes_and_few_are_looked_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.work.citation_boxes.WITHIN_S", 0.01)
    slow, answer = Slow(), cited("a.pdf")
    boxes = CitationBoxes(cast(Any, slow))
    for _ in range(MOST_WAITING + 2):
        assert boxes.placed(answer, pipeline) == answer
    slow.hold.set()
    monkeypatch.setattr("api.work.citation_boxes.WITHIN_S", 60.0)
    until = time.monotonic() + 30
    while boxes.placed(answer, pipeline).citations[0].boxes is None:
        assert time.monotonic() < until
    boxes.close()
    assert boxes.placed(answer, pipeline) == answer
