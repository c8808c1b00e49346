"""Seams: the protocols behind which implementations can be exchanged, and the values that only they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from rag.deadline import Deadline
from rag.types import (
    Document,
    DocumentInfo,
    Embedding,
    Entry,
    Failed,
    FileState,
    Filters,
    MadeWith,
    Message,
    Origin,
    Passage,
    PassageReading,
    Scored,
    Stamp,
    StoredDocument,
    StoredPassage,
    Vectors,
)


class Embedder(Protocol):
    """A model that turns texts into unit vectors."""

    @property
    def fingerprint(self) -> str:
        """A text that changes whenever the vectors would: model, weights, pooling."""

    @property
    def dimension(self) -> int:
        """The length `d` of the vectors."""

    @property
    def max_tokens(self) -> int:
        """The largest number of tokens of a text that reach the vector, without special tokens."""

    @property
    def tokenizer(self) -> Path | None:
        """A file of the tokenizers library that gives the same tokens, for processes that only count them; None if
        there is none."""

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """The place of each token in `text`, in characters; special tokens are left out."""

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, shape `(d,)`."""

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        """The embedding of each passage, in order."""


class Snapshot(Protocol):
    """A generation of an index, open for reading: a context manager, to be used by one thread at a time."""

    @property
    def generation(self) -> int:
        """The number of the generation; a later state of the index has a larger one."""

    def dense(self, vector: Vectors, k: int) -> list[Scored]:
        """The nearest `k` passages by cosine (-1..1), best first."""

    def lexical(self, query: str, k: int) -> list[Scored]:
        """The best `k` passages by BM25 (>= 0), best first; empty if no term of the query occurs."""

    def fetch(self, rows: Sequence[int]) -> list[StoredPassage]:
        """The passages of these rows, in the same order."""

    def term_weights(self, terms: Iterable[str]) -> dict[str, float]:
        """BM25's inverse document frequency of each term, log(1 + (N - n + 0.5) / (n + 0.5)) > 0, n of N passages."""

    def held(self, terms: Iterable[str]) -> frozenset[str]:
        """The terms of `terms` that any passage of the index holds, whatever the filters."""

    def documents(self) -> list[DocumentInfo]:
        """The documents that fit the filters, in order of their ids."""

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        """The first `most` documents behind the id `after`, in order of their ids, whatever the filters."""

    def info(self, document_id: str) -> DocumentInfo | None:
        """Properties of a document for a list, whatever the filters; None if there is none of that id."""

    def document(self, document_id: str) -> Document:
        """The document of that id. Raises `DocumentNotFound`."""

    def stored(self, document_id: str) -> StoredDocument:
        """The document of that id with its passages and their vectors. Raises `DocumentNotFound`."""

    def notes(self, document_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The notes of those documents whose files were read in part, by document id."""

    def origins(self, document_ids: Iterable[str]) -> dict[str, Origin]:
        """The origin of each of these documents, by id; those that are not there are left out."""

    def __enter__(self) -> Snapshot: ...

    def __exit__(self, *exc: object) -> None: ...


class VectorSpace(Protocol):
    """The space of an embedder's vectors, as far as an index has to know it, wherever the embedder itself runs."""

    @property
    def fingerprint(self) -> str:
        """See `Embedder.fingerprint`."""

    @property
    def dimension(self) -> int:
        """The length `d` of the vectors."""


class Index(Protocol):
    """Documents, their passages and the two searches over them, for reading; the seam for other stores."""

    @property
    def name(self) -> str:
        """The name of the index, as in the setting `index`."""

    @property
    def folder(self) -> Path:
        """The folder of files that belong to the index, such as uploads."""

    @property
    def settings(self) -> MadeWith:
        """The embedder and chunker that the index was made with."""

    def snapshot(self, filters: Filters | None = None) -> Snapshot:
        """The newest published generation; with filters, its searches find only passages of documents that fit them, as
        many as were asked for, and `documents` lists only those."""

    def documents(self) -> list[DocumentInfo]:
        """The published documents, in order of their ids."""

    def document(self, document_id: str) -> Document:
        """A published document. Raises `DocumentNotFound`."""

    def stored(self, document_id: str) -> StoredDocument:
        """A published document with its passages and their vectors. Raises `DocumentNotFound`."""

    def files(self) -> dict[str, FileState]:
        """The files behind the documents, by document id, as committed, published or not."""

    def failures(self, most: int | None = None) -> list[Failed]:
        """The files, and files in them, that could not be read when they were last tried, by id: all, or the last
        `most`."""

    def close(self) -> None:
        """Free files, locks and connections."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class DocumentSink(Protocol):
    """The part of an index that a run of ingestion fills; readers see its changes after `publish`."""

    def files(self) -> dict[str, FileState]:
        """See `Index.files`."""

    def cached_embeddings(self, passages: Sequence[Passage]) -> list[Embedding | None]:
        """Embeddings made before, by text and sentence boundaries; None for passages that were not embedded."""

    def replace(self, entry: Entry) -> None:
        """Add the document, or put it in place of the one with its id, in one transaction. Raises `DocumentError`."""

    def touch(self, document_id: str, stamp: Stamp) -> None:
        """Note a new stamp of a file whose content is the same; it is not stale. Raises `DocumentNotFound`."""

    def mark_stale(self, document_ids: Iterable[str]) -> None:
        """Note that the files behind these documents could not be read, or not be found, until they are put in or
        touched again."""

    def failures(self, most: int | None = None) -> list[Failed]:
        """See `Index.failures`."""

    def remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Remember these failures of a file, and of files in it, in place of those before."""

    def roots(self) -> dict[str, str]:
        """Real paths to which given folders, and files below links, led the last time, by their paths as given."""

    def note_root(self, given: str, place: str) -> None:
        """Note where a folder or file that was given leads."""

    def move_files(self, before: str, now: str) -> None:
        """Note that what lay at `before`, a folder with a slash behind or a file with what is in it, lies at `now`."""

    def remove(self, document_id: str) -> None:
        """Take the document out. Raises `DocumentNotFound`."""

    def publish(self) -> int:
        """Make all changes visible to readers; returns the generation."""


class WritableIndex(Index, DocumentSink, Protocol):
    """An index that this process may write to; both stores offer it, open for reading or for writing."""

    def at_once(self) -> AbstractContextManager[None]:
        """Commit the changes of a `with` block together, or none of them if it ends with an error; within it, `publish`
        does nothing."""

    def outcome(self, job: str) -> str | None:
        """The outcome of an upload, as it was noted; None if that is not known."""

    def note_outcome(self, job: str, outcome: str) -> None:
        """Note what came of an upload; the newest some thousands are kept."""

    def outcomes_after(self, job: str) -> dict[str, str]:
        """Outcomes of the uploads whose ids sort behind this one, by id."""


class PassageReader(Protocol):
    """A model that finds the answers to a question in passages. Calls may come from any thread."""

    @property
    def name(self) -> str:
        """The name of the model, as answers tell it."""

    def read(
        self, question: str, passages: Sequence[Passage], deadline: Deadline | None = None
    ) -> list[PassageReading]:
        """One reading for each passage, in order. Raises `Overloaded`, `ModelError` and the error of the deadline."""


class LanguageModel(Protocol):
    """A model that reads and writes text. Calls may come from any thread; several may be served together, and the
    result of each does not depend on the others. When its `deadline` is over, a call gives up and raises the deadline's
    error."""

    @property
    def name(self) -> str:
        """The name of the model to show in answers."""

    @property
    def parameters(self) -> int:
        """The number of weights, which decides how the model is used; 0 if it is not known."""

    @property
    def context_tokens(self) -> int:
        """The largest number of tokens of prompt and answer together."""

    @property
    def waiting(self) -> int | None:
        """The number of calls that wait, without those under way; None if that is not known."""

    def count_tokens(self, text: str) -> int:
        """The number of tokens of `text`, at least approximately."""

    def write(
        self, messages: Sequence[Message], grammar: str, max_tokens: int, deadline: Deadline | None = None
    ) -> Iterator[str]:
        """The model's most likely answer within a GBNF grammar, in pieces; closing the iterator ends the call.
        A server may not know grammars, so that the reader of the pieces must not rely on it.

        Raises `Overloaded`, `ModelError`.
        """

    def trouble(self) -> str | None:
        """The reason why no question can be answered now, in one line; None if one can be."""

    def close(self) -> None:
        """Free memory and connections."""
