"""Values of an index: documents and passages as they are stored, and the files behind them as they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rag.types.documents import Document, Passage

if TYPE_CHECKING:
    import numpy as np  # takes a tenth of a second, and much of the program needs only the names
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"


class Scored(NamedTuple):
    """A result of a search before the passage is fetched: `row` is the index's own number of it."""

    row: int
    score: float


class Embedding(NamedTuple):
    """The unit vector of a passage, shape `(d,)`, and those of its sentences, shape `(sentences, d)`."""

    passage: Vectors
    sentences: Vectors


class StoredPassage(NamedTuple):
    """A passage with its row and embedding, as an index stores it."""

    row: int
    passage: Passage
    embedding: Embedding


class StoredDocument(NamedTuple):
    """A document with its passages, in order, as an index stores them."""

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
    notes: tuple[str, ...] = ()  # what was not read of the file, as in `Document`
    stale: bool = False  # as in `FileState`


class Stamp(NamedTuple):
    """The marks of a file, taken before it is read, so that a later write shows as a difference, and where it was
    found. Earlier versions of this program kept size and time alone."""

    size: int | None  # bytes
    mtime_ns: int | None  # nanoseconds since 1970
    ctime_ns: int | None = None  # when its content or names were changed, which no program can set
    inode: int | None = None  # its number on its drive
    own: str = ""  # marks of the metadata beside it; empty if there are none
    place: str | None = None  # the path by which it was found: not its real one if that is a link
    device: int | None = None  # number of its drive, which may be another after a restart of the machine

    def marks(self) -> tuple[object, ...]:
        """The part that is the same as long as the file is."""
        return self[:5]


class Origin(NamedTuple):
    """The date that a document states, and the file behind it as it was when it was read."""

    created: str | None  # as the metadata have it
    source: str  # as it is stored: a path or URL
    stamp: Stamp
    stale: bool = False  # as in `FileState`
    version: int = 0  # of the document in its index: another number after every change of it
    kept: Path | None = None  # a copy of the file as it was read, if one is kept


class FileState(NamedTuple):
    """The state in which the file behind a document was last read; shows without reading the file if it changed."""

    sha256: str
    stamp: Stamp
    source: str
    reader: int = 1  # version of the reader that read it
    hidden: bool | None = None  # as in `Document`
    ocr: str | None = None  # as in `Document`
    stale: bool = False  # the file could not be read, or not be found, when it was last looked for


class Failed(NamedTuple):
    """A file, or one in it, that could not be read: remembered, so that it is not read again as long as it is the same
    and would be read in the same way."""

    file: str  # the real path of the file of a folder
    document_id: str
    message: str  # one line
    sha256: str  # of the file of a folder
    stamp: Stamp
    read_with: str  # versions and options with which it was read; empty if it is to be tried at each run
    empty: bool = False  # it holds no text, which is no failure


class Prepared(NamedTuple):
    """A document cut into passages, waiting for its vectors."""

    document: Document
    passages: list[Passage]


class Entry(NamedTuple):
    """A document as it is written to an index: its passages, their embeddings in the same order, its file's stamp."""

    document: Document
    passages: Sequence[Passage]
    embeddings: Sequence[Embedding]
    stamp: Stamp = Stamp(None, None)


class MadeWith(NamedTuple):
    """The embedder and the chunker that an index was made with; it can only be used with the same."""

    embedder: str  # fingerprint
    dimension: int
    chunker: str  # fingerprint
