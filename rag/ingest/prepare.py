"""Files -> documents cut into passages, and passages -> vectors: the work of a run, done in this process.

In: files in order. Out: in that order the results of rag/documents/unpack.py, with `Prepared` in the place of each
document; vectors for the passages whose turn it is. `Preparer` is the seam: rag/ingest/ray/preparer.py has the same
work done elsewhere.
Does not decide what is new, what the index has already, or what is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Protocol

from rag.background import ahead, begun
from rag.documents import sidecar
from rag.documents.discover import Found
from rag.documents.options import DEFAULTS, ReadOptions
from rag.documents.unpack import Archive, Begun, Result, UnchangedFile, read_all
from rag.errors import DocumentError
from rag.seams import Embedder
from rag.types import Document, Embedding, Passage, Prepared

BATCH_PASSAGES = 128  # passages that are embedded together: enough to sort them by length, few enough to lose nothing
_AHEAD = 4  # documents that are read while others are embedded

ReadFiles = Callable[
    [Iterable[Found]], Iterable[tuple[Found, Result | Prepared]]
]  # in the order of the files, each one's own last
Promise = Callable[[], list[Embedding]]  # waits for the vectors; raises `DocumentError` if there will be none


FileResult = Prepared | DocumentError | UnchangedFile | Archive  # of a file, of a folder or in another


class Preparer(Protocol):
    """The part of a run that reads, cuts and embeds, one step after another or several at once."""

    @property
    def batches(self) -> int:
        """The number of batches that may wait for their vectors while further documents are prepared."""

    def prepared(self, files: Sequence[Found]) -> Generator[tuple[Found, FileResult], None, None]:
        """Read and cut files; yields each with what there is in it and then with its own outcome, in the order of the
        files. To be closed."""

    def embed(self, passages: Sequence[Passage]) -> Promise:
        """Begin to embed passages; the promise has one embedding for each, in order. Batches are those of
        `in_batches`."""


class Here:
    """A `Preparer` of this process: a thread reads the next files, another embeds the last batch, and this one cuts and
    commits meanwhile."""

    batches = 1

    def __init__(self, embedder: Embedder, passage_tokens: int, read: ReadFiles) -> None:
        self._embedder = embedder
        self._passage_tokens = passage_tokens
        self._read = read

    def prepared(self, files: Sequence[Found]) -> Generator[tuple[Found, FileResult], None, None]:
        """Read files in a thread, and cut each document as it is taken; in the order of the files. To be closed."""
        with closing(ahead(self._read(files), _AHEAD)) as documents:
            for found, result in documents:
                yield found, prepare(found, result, self._embedder, self._passage_tokens)

    def embed(self, passages: Sequence[Passage]) -> Promise:
        """Begin to embed passages in a thread; the promise has one embedding for each, in order."""
        return begun(lambda: list(embedded(self._embedder, passages)))


def read_here(files: Iterable[Found], options: ReadOptions = DEFAULTS) -> Iterator[tuple[Found, Result]]:
    """Read files in this process, without protection against files that crash or hang a parser."""
    for found in files:
        for result in read_all(found.path, found.document_id, found.source, options, known=found.known):
            if not isinstance(result, Begun):
                yield found, result


def prepare(found: Found, result: Result | Prepared, embedder: Embedder, passage_tokens: int) -> FileResult:
    """Add the metadata of the file's sidecar to what was read of it, or of a file in it, and cut that into passages, if
    its reader has not. Errors are returned."""
    if not isinstance(result, Document | Prepared):
        return result
    document = result if isinstance(result, Document) else result.document
    try:
        own = sidecar.read_sidecar(found.path)
    except DocumentError as exc:
        exc.document_id = document.id
        return exc
    document = replace(document, metadata={**document.metadata, **own}) if own else document
    passages = result.passages if isinstance(result, Prepared) else cut(document, embedder, passage_tokens)
    return Prepared(document, passages)


def cut(document: Document, embedder: Embedder, passage_tokens: int) -> list[Passage]:
    """The passages of a document, in sizes that suit the embedder."""
    from rag.ingest.chunking import chunk

    return chunk(document, embedder.token_spans(document.text), passage_tokens, embedder.max_tokens)


def embedded(embedder: Embedder, passages: Sequence[Passage]) -> Iterator[Embedding]:
    """The embeddings of the passages, in order."""
    from rag.text.embedded import as_embedded

    for batch in in_batches(passages):
        yield from embedder.embed_passages([as_embedded(passage) for passage in batch])


def in_batches(passages: Sequence[Passage]) -> Iterator[Sequence[Passage]]:
    """Passages in batches of `BATCH_PASSAGES`. A long document goes through the model in several, or the states of all
    its tokens would be in memory at once."""
    for start in range(0, len(passages), BATCH_PASSAGES):
        yield passages[start : start + BATCH_PASSAGES]
