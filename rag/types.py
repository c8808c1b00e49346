"""The values that cross rooms; the protocols that exchange them are in `rag.seams`.

All offsets are half-open ranges of Unicode code points in `Document.text`, which is normalised once, when the
file is read, and never again: `document.text[x.start:x.end] == x.text` holds for passages, evidence and quotes.
Scores are always "higher is better".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from rag.deadline import Deadline

if TYPE_CHECKING:
    import numpy as np  # takes a tenth of a second, and much of the program needs only the names
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"
DateOrigin = Literal["document", "file"]  # the document states it; it is the day of the file's last change
Mode = Literal["auto", "extract", "quote", "write"]
AnswerMode = Literal["auto", "extract", "quote", "write", "catalogue"]  # catalogue: about the library itself
QuestionKind = Literal[
    "fact", "yesno", "list", "steps", "why", "how", "definition", "comparison", "count", "summary", "library", "talk"
]
AbstentionReason = Literal["no_evidence", "declined", "unsupported", "unclear", "talk", "unread", "not_quotable"]

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


class SentenceScore(NamedTuple):
    """The scores of one sentence of a passage for a question."""

    score: float  # 0..1, with its passage's score
    similarity: float  # cosine, 0..1


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question, with the scores that put it there."""

    passage: Passage
    score: float  # fused, 0..1
    dense_score: float  # cosine, -1..1
    lexical_score: float  # BM25, >= 0; 0 if no term matched
    dense_rank: int | None  # 1-based; None if the passage was not among the candidates of that search
    lexical_rank: int | None
    sentences: tuple[SentenceScore, ...] = ()  # one for each sentence of the passage
    also_in: tuple[str, ...] = ()  # other documents that say the same in nearly the same words, best first


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


class AnswerSpan(NamedTuple):
    """Characters `start..end` of a document that may answer a question; `score` is the logit of the span less that of
    no answer."""

    start: int
    end: int
    score: float


class PassageReading(NamedTuple):
    """The result of reading one passage for a question."""

    passage: Passage
    spans: tuple[AnswerSpan, ...]  # best first, none of which meet; empty if the passage has no word
    relevance: float  # logit of the passage answering the question
    yes: float  # 0..1, as `no`; their sum is 1 less the probability that neither is the answer
    no: float

    @property
    def score(self) -> float:
        """The score of the best span; minus infinity if there is none."""
        return self.spans[0].score if self.spans else float("-inf")


class ShortAnswer(NamedTuple):
    """The short form of an answer, at its place: `text == document.text[start:end]` of the document that `label`
    cites."""

    text: str
    label: int
    start: int
    end: int


class Box(NamedTuple):
    """A rectangle on a page as it is shown, in shares of its width and height (0..1) from the top left."""

    page: int  # 1-based
    x0: float
    y0: float
    x1: float
    y1: float


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
    as_of: str | None = None  # the date of what it says: a day, month or year in ISO; None if none is known
    as_of_origin: DateOrigin | None = None
    stale: bool = False  # True if the file changed since it was indexed
    boxes: tuple[Box, ...] | None = None  # the quote on its pages, one a line; None if that is not known
    answer_boxes: tuple[Box, ...] | None = None  # the words that are the answer


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence or item of an answer, with its citations and its support."""

    text: str  # == answer[start:end], citation markers included
    start: int
    end: int
    support: float  # 0..1, calibrated
    citations: tuple[int, ...]  # labels
    reason: str | None = None  # of low support: number_mismatch, name_not_found, negation, no_evidence


@dataclass(frozen=True, slots=True)
class ConflictValue:
    """A value that documents give, the sentence of one of them that gives it, and the labels of the places."""

    value: str  # their words; Yes or No for such a question
    claim: str  # with its citation marker
    citations: tuple[int, ...]  # labels
    as_of: str | None  # the newest date of the places


@dataclass(frozen=True, slots=True)
class Conflict:
    """The values of which not all can be right, as documents answer the question `about`; newest first, then those
    without a date."""

    about: str
    values: tuple[ConflictValue, ...]


@dataclass(frozen=True, slots=True)
class Abstention:
    """The reason why there is no answer, and the message to show, which says what to do next; `near` is True if the
    best passages are near the question, and are to be shown with it."""

    reason: AbstentionReason
    message: str
    near: bool = False


class ListedDocument(NamedTuple):
    """A document that an answer about the library names."""

    id: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """The index, and the generation of it, that an answer was drawn from."""

    name: str
    generation: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the language model read and wrote for an answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a question: an answer whose every claim is cited and checked, or an abstention. An answer about the
    library itself has neither claims nor citations, but `documents`.

    `confidence` (0..1) is the calibrated probability that the documents hold the answer and that this is it; it is
    given when abstaining too. `sure` is False where fewer than two of three answers of that confidence are right, and
    when abstaining. `faithfulness` (0..1) is the mean support of the claims, 0 if there are none.
    `timings` are seconds per step.
    """

    id: str
    question: str
    answered: bool
    abstained: Abstention | None
    answer: str
    mode: AnswerMode
    faithfulness: float
    confidence: float
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]  # the retrieved passages, best first; `passages` in JSON
    model: str | None
    index: IndexInfo
    usage: Usage = Usage()
    timings: dict[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()  # for a person to know, such as a model that could not be loaded
    answer_span: ShortAnswer | None = None  # None if abstaining, and in mode write
    resolved_question: str | None = None  # with the words that it took from the conversation; None if it took none
    conflicts: tuple[Conflict, ...] = ()  # their citations stand behind those of the claims
    documents: tuple[ListedDocument, ...] = ()  # those that an answer about the library or whole documents names
    sure: bool = True
    unanswered: tuple[str, ...] = ()  # the parts of a question of several that the documents do not answer


@dataclass(frozen=True, slots=True)
class Filters:
    """The conditions on documents that a search may find (`rag.index.filters`): fields are ANDed, the values of one
    field are ORed."""

    documents: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None
    metadata: tuple[tuple[str, tuple[str, ...]], ...] = ()  # key and its values, casefolded


class Message(NamedTuple):
    """A part of a chat; `content` is data and never read as a control token."""

    role: Literal["system", "user", "assistant"]
    content: str


History = Sequence[Message | Mapping[str, str]]  # turns: `role` is user, assistant or system, `content` is text


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with all options of its answer."""

    question: str
    mode: Mode | None = None  # None: the setting `mode`
    k: int | None = None  # passages that the answer lists, 1..100; None: the setting `k`
    filters: Filters | None = None  # only documents that fit are searched
    history: History = ()  # turns before the question, oldest first
    deadline: Deadline | None = None  # the time or event at which the answer is given up
    id: str | None = None  # of the answer; None: one is made
    stored: bool = True  # False: no trace of the answer is kept


class Retrieved(NamedTuple):
    """The first step of an answer: the passages that it will be drawn from, best first."""

    hits: tuple[Hit, ...]


class NextClaim(NamedTuple):
    """A step of an answer: its next sentence, as soon as it is checked, with the citations of its labels."""

    claim: Claim
    citations: tuple[Citation, ...]  # one for each of the claim's labels, in their order
    before: str = ""  # what stands between the claim before and this one: white space, or words that are no claim
    sure: bool = True  # that of the whole answer


AnswerStep = Retrieved | NextClaim | Answer  # in this order: one `Retrieved`, each claim, the `Answer`


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


class AsOf(NamedTuple):
    """The date of what a document says, and whether its file changed since it was indexed."""

    day: str | None = None  # a day, month or year in ISO
    origin: DateOrigin | None = None
    stale: bool = False


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
