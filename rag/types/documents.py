"""Values of documents: their text with its parts, and the passages that they are cut into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

CREATED = "created"  # the key of `Document.metadata` under which a document keeps its own date
CELL_SEPARATOR = " | "  # between the cells of a table row in `Document.text`


class Section(NamedTuple):
    """A heading: where its text begins, and the path of headings down to it, joined by " > "."""

    start: int
    path: str


BlockKind = Literal["heading", "prose", "list", "table", "code"]


class BlockSpan(NamedTuple):
    """A block of a document, as the reader of its file knew it: a heading, a paragraph, a whole list with a line for
    each item, a whole table with a line for each row, or lines of code."""

    start: int
    end: int
    kind: BlockKind
    header: tuple[int, int] | None = None  # of a table: the place of its header row, which may be on an earlier page


class LinkSpan(NamedTuple):
    """Words of a document that lead to an address."""

    start: int
    end: int
    url: str


class Sentence(NamedTuple):
    """A sentence of a passage, as a span of the document."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file, read and normalised.

    In `text`, blocks (paragraphs, headings, tables) are separated by a blank line, and lines that are units of
    their own (list items, table rows, verse) by one newline; a paragraph that was wrapped is one line.
    """

    id: str  # path below the source root, with forward slashes: stable when the root moves
    title: str
    text: str
    source: str  # the path or URL to show to a person
    sha256: str  # of the file's bytes, in hex
    pages: tuple[int, ...] = ()  # start offset of each physical page; empty if the format has no pages
    sections: tuple[Section, ...] = ()  # in order of `start`
    metadata: dict[str, str] = field(default_factory=dict)
    reader: int = 1  # version of the reader that read the file (`rag.documents.versions`)
    # The receipt of the file: a line for each part that was not read, what it is before the first "; ", then what to do
    notes: tuple[str, ...] = ()
    hidden: bool | None = None  # text that nobody sees: True if it is part of `text`, None if the file has none
    # The languages with which images of pages were read, such as "eng+deu"; "" without OCR, None if there are none
    ocr: str | None = None
    blocks: tuple[BlockSpan, ...] = ()  # in order; empty if an earlier version of the program stored the document
    links: tuple[LinkSpan, ...] = ()  # in order of `start`; their addresses are mostly no part of `text`


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
    pages: tuple[int, ...] = ()  # 1-based page of each sentence; empty if the format has no pages
    blocks: tuple[BlockSpan, ...] = ()  # those of the document, as far as they lie inside; empty: see `Document.blocks`
    header: str = ""  # the header row of a table of the passage that stands before it

    @property
    def id(self) -> str:
        """`{document_id}:{start}-{end}`: derived from place, never random."""
        return f"{self.document_id}:{self.start}-{self.end}"

    @property
    def page(self) -> int | None:
        """1-based page on which the passage begins."""
        return self.pages[0] if self.pages else None
