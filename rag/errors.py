"""The exceptions that this package raises on purpose, as one small tree.

RagError                        one line: what went wrong, the value, the limit, the remedy
├── InputError                  the request cannot be served as it is            HTTP 422  exit 2
├── DocumentError               one file could not be read; the others go on     HTTP 422  exit 1
│   ├── EmptyDocument           there is nothing to read in it                   HTTP 422  exit 0
│   ├── UnsupportedDocument     files of its type are not read here              HTTP 415  exit 1
│   └── ReaderFault             this program failed on it; has `traceback`       HTTP 422  exit 1
├── DocumentNotFound            the index has no document of that id             HTTP 404  exit 2
├── PageNotFound                the document has no page of that number          HTTP 404  exit 2
├── OriginalGone                the file behind a document is not there          HTTP 404  exit 2
├── OriginalChanged             it is another than the one that was indexed      HTTP 409  exit 2
├── IndexNotFound               there is no index of that name                   HTTP 404  exit 2
├── IndexBusy                   another process is writing to the index          HTTP 409  exit 2
├── IndexMismatch               built by another embedder, chunker or format     HTTP 409  exit 2
├── StoreError                  the server that holds the index fails or is gone  HTTP 503  exit 2
├── StateUnavailable            the database of keys and answers is down         HTTP 503  exit 2
├── ModelError                  a model cannot be loaded, or failed as it ran    HTTP 503  exit 2
├── Overloaded                  the model's queue is full; has `retry_after`     HTTP 429  exit 2
├── DeadlineExceeded            the answer took longer than was allowed          HTTP 504  exit 2
└── Cancelled                   the caller has left; nobody reads this           HTTP 499
"""

from __future__ import annotations


class RagError(Exception):
    """The base of the tree; `str(error)` is a single line to show to a person."""


class InputError(RagError):
    """A question, path or option that cannot be used; `param` names the offending field if there is one."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class DocumentError(RagError):
    """A file that should be readable and is not: damaged, encrypted, empty, too large. `document_id` is that of the
    document that it would be; empty where whoever asked knows it."""

    document_id: str = ""


class UnsupportedDocument(DocumentError):
    """A file of a type that is not read."""


class EmptyDocument(DocumentError):
    """A file without any text, of which nothing was left out either."""


class ReaderFault(DocumentError):
    """A file on which this program failed; `traceback` is the text of the traceback, of several lines."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class DocumentNotFound(RagError):
    """The index has no document of that id."""


class PageNotFound(RagError):
    """The document has no page of that number."""


class OriginalGone(RagError):
    """The file that a document was read from is not there, or cannot be read."""


class OriginalChanged(RagError):
    """The file that a document was read from was changed since, so that places in the text are no places in it."""


class IndexNotFound(RagError):
    """The store has no index of that name."""


class IndexBusy(RagError):
    """Another process holds the writer's lock."""


class IndexMismatch(RagError):
    """The index on disk was made with another embedder, chunker or format version."""


class StoreError(RagError):
    """The server that holds the index cannot be reached, refuses, or failed."""


class StateUnavailable(RagError):
    """The database that holds keys, stored answers and jobs cannot be used now (setting `state_uri`)."""


class ModelError(RagError):
    """A model file is missing, damaged or failed while it ran."""


class Overloaded(RagError):
    """Too many questions wait for the model; `retry_after` is the advice in seconds (> 0)."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineExceeded(RagError):
    """The time that an answer may take has passed (setting `answer_seconds`)."""


class Cancelled(RagError):
    """The caller has left, so that the work was given up."""
