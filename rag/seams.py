"""Seams: the protocols that the rest of the program is written against, and the values that only they exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from rag.deadline import Deadline
from rag.types import (
    Document,
    DocumentInfo,
    Embedding,
    Entry,
    FileState,
    Filters,
    MadeWith,
    Message,
    Passage,
    Scored,
    Stamp,
    StoredDocument,
    StoredPassage,
    Usage,
    Vectors,
)


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


class VectorSpace(Protocol):
    """The space of an embedder's vectors, as far as an index has to know it, wherever the embedder itself runs."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...


class Index(Protocol):
    """Documents, their passages and the two searches over them, for reading; the seam for other stores."""

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> Path:
        """The place of files that belong to the index, such as uploads."""

    @property
    def settings(self) -> MadeWith:
        """The embedder and chunker that the index was made with."""

    def snapshot(self, filters: Filters | None = None) -> Snapshot:
        """The newest published generation; with filters, its searches find only passages of documents that fit them, as
        many as were asked for, and `documents` lists only those."""

    def documents(self) -> list[DocumentInfo]:
        """All published documents, by id."""

    def document(self, document_id: str) -> Document:
        """A published document. Raises `DocumentNotFound`."""

    def stored(self, document_id: str) -> StoredDocument:
        """A published document with its passages and their vectors. Raises `DocumentNotFound`."""

    def files(self) -> dict[str, FileState]:
        """The files behind the documents, by document id, as committed, published or not."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class DocumentSink(Protocol):
    """The part of an index that a run of ingestion fills; what is written shows to readers after `publish`."""

    def files(self) -> dict[str, FileState]: ...

    def cached_embeddings(self, passages: Sequence[Passage]) -> list[Embedding | None]:
        """Embeddings made before, by text and sentence boundaries; None for passages that were not embedded."""

    def replace(self, entry: Entry) -> None:
        """Add the document, or put it in place of the one with its id, in one transaction. Raises `DocumentError`."""

    def touch(self, document_id: str, stamp: Stamp) -> None:
        """Note a new stamp of a file whose content is the same. Raises `DocumentNotFound`."""

    def remove(self, document_id: str) -> None:
        """Take the document out. Raises `DocumentNotFound`."""

    def publish(self) -> int:
        """Make what was written visible to readers; returns the generation."""


class WritableIndex(Index, DocumentSink, Protocol):
    """An index that this process may write to; both stores offer it, open for reading or for writing."""


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
