"""Every value that crosses files, and the three seams (`Embedder`, `Index`, `LanguageModel`).

All offsets are half-open ranges of Unicode code points in `Document.text`, which is normalised once, when the
file is read, and never again: `document.text[x.start:x.end] == x.text` holds for passages, evidence and quotes.
Scores are always "higher is better".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.deadline import Deadline

Vectors = NDArray[np.float32]
Mode = Literal["auto", "extract", "quote", "write"]
AbstentionReason = Literal["no_evidence", "declined", "unsupported"]

CELL_SEPARATOR = " | "  # between the cells of a table row in `Document.text`; a table's first row is its head


class Section(NamedTuple):
    """A heading: where its text begins, and the path of headings down to it, joined by " > "."""

    start: int
    path: str


class Sentence(NamedTuple):
    """A sentence of a passage, as a span of the document."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read.

    In `text`, blocks (paragraphs, headings, tables) are separated by a blank line, and lines that are units of
    their own (list items, table rows, verse) by one newline; a paragraph that was wrapped is one line.
    """

    id: str  # path below the source root, with forward slashes: stable when the root moves
    title: str
    text: str
    source: str  # the path or URL to show to a person
    sha256: str  # of the file's bytes, in hex
    pages: tuple[int, ...] = ()  # start offset of each physical page; empty where the format has no pages
    sections: tuple[Section, ...] = ()  # in order of `start`
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of whole sentences of one document, small enough for the embedder."""

    document_id: str
    title: str
    source: str
    start: int
    end: int
    text: str
    sentences: tuple[Sentence, ...]  # in order, inside [start, end)
    section: str | None = None
    pages: tuple[int, ...] = ()  # 1-based page of each sentence; empty where the format has no pages

    @property
    def id(self) -> str:
        """`{document_id}:{start}-{end}`: derived from place, never random."""
        return f"{self.document_id}:{self.start}-{self.end}"

    @property
    def page(self) -> int | None:
        """1-based page on which the passage begins."""
        return self.pages[0] if self.pages else None


class SentenceScore(NamedTuple):
    """How well one sentence of a passage fits a question."""

    score: float  # 0..1, with its passage's score
    similarity: float  # cosine, 0..1


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question, with the scores that put it there."""

    passage: Passage
    score: float  # fused, 0..1
    dense_score: float  # cosine, -1..1
    lexical_score: float  # BM25, >= 0; 0 where no term matched
    dense_rank: int | None  # 1-based; None where the passage was not among the candidates of that search
    lexical_rank: int | None
    sentences: tuple[SentenceScore, ...] = ()  # one for each sentence of the passage


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that may carry the answer, as it is numbered in the prompt."""

    label: int  # 1, 2, ...
    passage: Passage
    start: int
    end: int
    text: str
    score: float
    similarity: float = 0.0  # cosine of the sentence and the question, 0..1


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a document: `document.text[start:end] == quote`, always."""

    label: int
    document_id: str
    passage_id: str
    title: str
    source: str
    page: int | None
    section: str | None
    start: int
    end: int
    quote: str  # a whole sentence, so that it can be read on its own
    answer_start: int  # the words of it that are the answer: document.text[answer_start:answer_end]
    answer_end: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence or item of an answer, with what it rests on."""

    text: str  # == answer[start:end], citation markers included
    start: int
    end: int
    support: float  # 0..1, calibrated
    citations: tuple[int, ...]  # labels
    reason: str | None = None  # why support is low: number_mismatch, name_not_found, negation, no_evidence


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why there is no answer."""

    reason: AbstentionReason
    message: str


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """Which state of which index an answer was drawn from."""

    name: str
    generation: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the language model read and wrote for an answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gets: an answer whose every claim is cited and checked, or an abstention.

    `confidence` (0..1) is the calibrated probability that the documents hold the answer and that this is it; it is
    given when abstaining too. `faithfulness` (0..1) is the mean support of the claims, 0 where there are none.
    `timings` are seconds per step.
    """

    id: str
    question: str
    answered: bool
    abstained: Abstention | None
    answer: str
    mode: Mode
    faithfulness: float
    confidence: float
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]  # what was retrieved, best first; `passages` in JSON
    model: str | None
    index: IndexInfo
    usage: Usage = Usage()
    timings: dict[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()  # what a person should know, such as a model that could not be loaded
    resolved_question: str | None = None  # with the words that it took from the conversation; None where it took none


class Found(NamedTuple):
    """What an answer will be drawn from, as soon as it is known; best first."""

    hits: tuple[Hit, ...]


class Checked(NamedTuple):
    """The next sentence of an answer, as soon as it is checked, with the places that its labels stand for."""

    claim: Claim
    citations: tuple[Citation, ...]  # one for each of the claim's labels, in their order


Progress = Found | Checked | Answer  # of a question: one `Found`, its `Checked` in order, and last the `Answer`


class Scored(NamedTuple):
    """A row of a search, before anything is fetched: `row` is the index's own number of the passage."""

    row: int
    score: float


class Embedding(NamedTuple):
    """The unit vector of a passage, shape `(d,)`, and those of its sentences, shape `(sentences, d)`."""

    passage: Vectors
    sentences: Vectors


class StoredPassage(NamedTuple):
    """A passage as a search finds it."""

    row: int
    passage: Passage
    embedding: Embedding


class StoredDocument(NamedTuple):
    """All that an index holds of a document, its passages in order."""

    document: Document
    passages: list[StoredPassage]


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A line of the list of documents."""

    id: str
    title: str
    source: str
    sha256: str
    passages: int
    characters: int
    pages: int | None
    metadata: dict[str, str] = field(default_factory=dict)
    modified: str | None = None  # day of the file's last change, as 2024-03-31 (UTC)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents a search may find (`rag.index.filters`): all that is given must hold, of each any of the
    values."""

    documents: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None
    metadata: tuple[tuple[str, tuple[str, ...]], ...] = ()  # key and its values, casefolded


class Embedder(Protocol):
    """Texts -> unit vectors."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors would: model, weights, pooling."""

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """Most tokens of a text that reach the vector, special tokens not counted."""

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token of `text` stands, in characters; special tokens left out."""

    def embed_query(self, text: str) -> Vectors:
        """-> shape `(d,)`, unit length."""

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        """-> one for each passage, in order."""


class Snapshot(Protocol):
    """One generation of an index, for reading: a context manager, to be used by one thread at a time."""

    @property
    def generation(self) -> int: ...

    def dense(self, vector: Vectors, k: int) -> list[Scored]:
        """Nearest passages by cosine, best first."""

    def lexical(self, query: str, k: int) -> list[Scored]:
        """Best passages by BM25, best first; empty where no term of the query occurs."""

    def fetch(self, rows: Sequence[int]) -> list[StoredPassage]:
        """The passages of these rows, in the same order."""

    def term_weights(self, terms: Iterable[str]) -> dict[str, float]:
        """BM25's inverse document frequency of each term, log(1 + (N - n + 0.5) / (n + 0.5)) > 0, n of N passages."""

    def held(self, terms: Iterable[str]) -> frozenset[str]:
        """Those that any passage of the index holds, whatever the filters."""

    def documents(self) -> list[DocumentInfo]:
        """All documents, by id."""

    def document(self, document_id: str) -> Document:
        """Raises `DocumentNotFound`."""

    def __enter__(self) -> Snapshot: ...

    def __exit__(self, *exc: object) -> None: ...


class Index(Protocol):
    """Documents, their passages and the two searches over them; the seam for scale."""

    @property
    def name(self) -> str: ...

    def snapshot(self, filters: Filters | None = None) -> Snapshot:
        """The newest complete generation; with filters, its searches find only passages of documents that fit them, as
        many as were asked for, and `documents` lists only those."""

    def replace(self, document: Document, passages: Sequence[Passage], embeddings: Sequence[Embedding]) -> None:
        """Add the document, or put it in place of the one with its id, in one transaction."""

    def cached_embeddings(self, passages: Sequence[Passage]) -> list[Embedding | None]:
        """What was embedded before, by text and sentence boundaries; None where it was not."""

    def remove(self, document_id: str) -> None:
        """Raises `DocumentNotFound`."""

    def publish(self) -> int:
        """Make what was written visible to readers; returns the generation."""

    def close(self) -> None: ...


class SpanPrompt(NamedTuple):
    """A question on one text, in the pieces of which the prompt is made: prefix + context + question + lead."""

    prefix: str  # worked examples, the same for every prompt of a call and kept between calls
    context: str  # shows the text
    question: str  # its likelihood after the context tells whether the text speaks of what is asked
    lead: str  # after it comes the answer
    stop: str  # what ends an answer in the examples
    text: str  # the text of which the answer must be a verbatim stretch


class Span(NamedTuple):
    """A stretch of whole words of a text as an answer, with the model's natural log-probabilities (each <= 0)."""

    start: int  # characters of the text
    end: int
    first: float  # of its first token
    total: float  # of all its tokens
    stop: float  # that the answer ends there
    tokens: int


class Reading(NamedTuple):
    """What a model makes of a question on one text."""

    likelihood: float  # mean log-probability of the question's tokens after the text, <= 0
    spans: tuple[Span, ...]  # in no order; empty where none was asked for


class Readings(NamedTuple):
    """One reading for each prompt, and what they cost."""

    readings: list[Reading]
    usage: Usage


class Message(NamedTuple):
    """A part of a chat; `content` is data and never read as a control token."""

    role: Literal["system", "user", "assistant"]
    content: str


class LanguageModel(Protocol):
    """Text in, restricted text out. Calls may come from any thread; several may be served together, and what each gets
    does not depend on the others. When its `deadline` is over, a call gives up and raises what that raises."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> int:
        """Number of weights, which decides how the model is used; 0 where it is not known."""

    @property
    def reads(self) -> bool:
        """Whether it can `read`."""

    @property
    def context_tokens(self) -> int:
        """Most tokens of prompt and answer together."""

    @property
    def waiting(self) -> int | None:
        """Calls in line, without those at work; None where that is not known."""

    def count_tokens(self, text: str) -> int: ...

    def read(
        self,
        prompts: Sequence[SpanPrompt],
        choose: Callable[[list[float]], Sequence[int]],
        deadline: Deadline | None = None,
    ) -> Readings:
        """The likelihood of the question after each text, and the best spans of the texts that `choose` picks.

        `choose` gets the likelihoods, in order, and returns indices of prompts. Raises `Overloaded`, `ModelError`.
        """

    def write(
        self, messages: Sequence[Message], grammar: str, max_tokens: int, deadline: Deadline | None = None
    ) -> Iterator[str]:
        """The model's most likely answer within a GBNF grammar, in pieces; a call whose iterator is left ends, too.
        A server elsewhere may not know grammars: who reads the pieces relies on none.

        Raises `Overloaded`, `ModelError`.
        """

    def trouble(self) -> str | None:
        """Why no question can be answered now, in one line; None where one can be."""

    def close(self) -> None: ...
