"""What stands in for models and indexes in the tests of the HTTP service and its page: real values, no model.

`FakePipeline` answers "Who ...?" from the document about pumps and abstains from everything else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from rag.errors import DocumentNotFound, IndexNotFound, InputError
from rag.index.schema import CATALOGUE_FILE
from rag.index.unread import Unread
from rag.settings import Settings
from rag.types import (
    Abstention,
    Answer,
    AnswerStep,
    Ask,
    Citation,
    Claim,
    Document,
    DocumentInfo,
    Filters,
    Hit,
    IndexInfo,
    NextClaim,
    Passage,
    Retrieved,
    Sentence,
    ShortAnswer,
    Usage,
)
from tests.fakes import HashEmbedder, WordReader

# Characters outside the basic plane stand before and inside what is quoted: one code point, two UTF-16 units each.
SENTENCE = "The old 🛠 pump was found by Ada Byron in 1843, see [1] there."
PUMPS = Document(
    id="notes/pumps.md",
    title="Pumps 😀",
    text="🔧🔧 Pumps 😀\n\n" + "Earlier 🔩 words. " * 400 + f"\n\n{SENTENCE} It was rusty.\n\n" + "More. " * 400,
    source="/library/notes/pumps.md",
    sha256="ab" * 32,
)
MARKUP = Document(
    id="notes/<b>markup<b>.html",
    title="<img src=x onerror=alert(1)>",
    text="<script>alert(1)</script> is what this document says.",
    source="https://example.org/markup",
    sha256="cd" * 32,
)
TEXT = Document(id="notes/text", title="Named text", text="I am named text.", source="text", sha256="ef" * 32)
DOCUMENTS = {document.id: document for document in (MARKUP, PUMPS, TEXT)}
NOTES = ("2 comments", "<b>1 embedded object</b>")
PARTLY = Document(id="r/part.docx", title="Half", text="Half.", source="part", sha256="01" * 32, notes=NOTES)

START = PUMPS.text.index(SENTENCE)
END = START + len(SENTENCE)
WORDS = "Ada Byron"
SAID = f"{WORDS}, see [1] there [1]."
SHOWN = SAID.replace("[1] there", r"\[1\] there")  # in a chat: the document's own marker is no citation


def passage_of(document: Document, start: int, end: int, section: str | None = None) -> Passage:
    place = (document.id, document.title, document.source, start, end, document.text[start:end])
    return Passage(*place, sentences=(Sentence(start, end),), section=section)


HITS = (
    Hit(passage_of(PUMPS, START, END, "Pumps"), 0.71, 0.6, 3.5, 1, 2),
    Hit(passage_of(MARKUP, 0, 25), 0.3, 0.3, 0.0, 2, None),
)


def answered(question: str, index: str = "default") -> Answer:
    words = START + SENTENCE.index(WORDS)
    cited = (1, PUMPS.id, HITS[0].passage.id, PUMPS.title, PUMPS.source, 3, "Pumps", START, END, SENTENCE)
    return Answer(
        id="ans_1",
        question=question,
        answered=True,
        abstained=None,
        answer=SAID,
        mode="quote",
        faithfulness=0.98,
        confidence=0.83,
        claims=(Claim(SAID, 0, len(SAID), 0.98, (1,)),),
        citations=(Citation(*cited, words, words + len(WORDS)),),
        hits=HITS,
        model="tiny",
        index=IndexInfo(index, 7),
        usage=Usage(180, 12),
        timings={"retrieve": 0.012},
        notices=("a notice, with `rag doctor`",),
        answer_span=ShortAnswer(WORDS, 1, words, words + len(WORDS)),
    )


def abstained(question: str, index: str = "default") -> Answer:
    return Answer(
        id="ans_2",
        question=question,
        answered=False,
        abstained=Abstention("no_evidence", "The documents do not answer this.", near=True),
        answer="The documents do not answer this.",
        mode="quote",
        faithfulness=0.0,
        confidence=0.07,
        claims=(),
        citations=(),
        hits=HITS,
        model=None,
        index=IndexInfo(index, 7),
        sure=False,
    )


@dataclass
class FakePipeline:
    """`error` is raised by every question; `hold` keeps questions waiting until it is set."""

    name: str = "default"
    error: Exception | None = None
    hold: threading.Event | None = None
    hold_sentences: threading.Event | None = None  # of a streamed answer, after its passages
    late_error: Exception | None = None  # raised there
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    histories: list[Any] = field(default_factory=list)  # that came with the questions
    closed: bool = False
    generation: int = 7

    def ask(self, asked: str | Ask) -> Answer:
        ask = asked if isinstance(asked, Ask) else Ask(asked)
        self.calls.append((ask.question, ask.mode, ask.k, *([ask.filters] if ask.filters else [])))
        self.histories.append(ask.history)
        if not ask.question.strip():
            raise InputError("the question is empty", "question")
        if self.hold is not None and not self.hold.wait(20):
            raise TimeoutError("nobody let go")
        if self.error is not None:
            raise self.error
        return (answered if ask.question.startswith("Who") else abstained)(ask.question, self.name)

    def stream(self, asked: str | Ask) -> Generator[AnswerStep, None, None]:
        answer = self.ask(asked)
        yield Retrieved(answer.hits)
        if self.hold_sentences is not None and not self.hold_sentences.wait(20):
            raise TimeoutError("nobody let go")
        if self.late_error is not None:
            raise self.late_error
        said = 0
        for claim in answer.claims:
            cited = tuple(answer.citations[label - 1] for label in claim.citations)
            yield NextClaim(claim, cited, answer.answer[said : claim.start])
            said = claim.end
        yield answer

    def search(self, query: str, k: int = 10, filters: Filters | None = None) -> list[Hit]:
        self.calls.append((query, k, *([filters] if filters else [])))
        if not query.strip():
            raise InputError("the question is empty", "question")
        return list(HITS[:k])

    def documents(self) -> list[DocumentInfo]:
        return [
            DocumentInfo(d.id, d.title, d.source, d.sha256, 1, len(d.text), None, notes=d.notes)
            for _, d in sorted(DOCUMENTS.items())
        ]

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        return [info for info in self.documents() if after is None or info.id > after][:most]

    def info(self, document_id: str) -> DocumentInfo:
        found = [info for info in self.documents() if info.id == document_id]
        if not found:
            raise DocumentNotFound(f"the index has no document {document_id!r}")
        return found[0]

    def unread(self) -> list[Unread]:
        return []

    def document(self, document_id: str) -> Document:
        if document_id not in DOCUMENTS:
            raise DocumentNotFound(f'index "{self.name}" has no document "{document_id}"')
        return DOCUMENTS[document_id]

    def close(self) -> None:
        self.closed = True


@dataclass
class WordCounter:
    """What counts tokens: words."""

    waiting: int | None = None

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def trouble(self) -> str | None:
        return None


@dataclass
class FakeModels:
    notices: tuple[str, ...] = ("no language model here",)
    embedder: HashEmbedder = field(default_factory=HashEmbedder)
    reader: WordReader | None = field(default_factory=WordReader)
    language_model: Any = field(default_factory=WordCounter)
    closed: bool = False

    def close(self) -> None:
        self.closed = True


@dataclass
class Stage:
    """An application on fakes, with indexes that exist as far as the folder is concerned."""

    indexes_dir: Path
    names: tuple[str, ...] = ("default", "other")
    pipeline: FakePipeline = field(default_factory=FakePipeline)  # of every index; it takes the name it is opened by
    models: FakeModels = field(default_factory=FakeModels)
    load_error: Exception | None = None
    load_hold: threading.Event | None = None
    opened: list[str] = field(default_factory=list)
    queue: int = 32
    more: dict[str, Any] = field(default_factory=dict)  # settings

    def app(self, **options: Any) -> FastAPI:
        for name in self.names:
            self.make_index(name)
        settings = Settings(indexes_dir=self.indexes_dir, queue=self.queue, index="default", **self.more)
        return create_app(settings, self._load, self._open, **options)  # type: ignore[arg-type]

    def make_index(self, name: str) -> None:
        (self.indexes_dir / name).mkdir(parents=True, exist_ok=True)
        (self.indexes_dir / name / CATALOGUE_FILE).touch()

    def _load(self, settings: Settings) -> FakeModels:
        if self.load_hold is not None:
            self.load_hold.wait(20)
        if self.load_error is not None:
            raise self.load_error
        return self.models

    def _open(self, settings: Settings, models: FakeModels) -> FakePipeline:
        assert models is self.models
        if not (settings.indexes_dir / settings.index / CATALOGUE_FILE).is_file() or "/" in settings.index:
            raise IndexNotFound(f'there is no index "{settings.index}" in {settings.indexes_dir}')
        self.opened.append(settings.index)
        self.pipeline.name = settings.index
        return self.pipeline


@contextmanager
def serving(stage: Stage, ready: bool = True) -> Iterator[TestClient]:
    with TestClient(stage.app(), raise_server_exceptions=False) as client:
        if ready:
            wait_until(lambda: client.get("/readyz"), 200)
        yield client


def wait_until(get: Callable[[], httpx2.Response], status: int, seconds: float = 10) -> httpx2.Response:
    """The first response with that status."""
    deadline = time.monotonic() + seconds
    while (response := get()).status_code != status:
        assert time.monotonic() < deadline, f"still {response.status_code}: {response.text}"
        time.sleep(0.01)
    return response
