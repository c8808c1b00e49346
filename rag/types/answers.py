"""Values of questions and answers: what is asked, found, read, cited and given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rag.deadline import Deadline
from rag.types.documents import Passage

DateOrigin = Literal["document", "file"]  # the document states it; it is the day of the file's last change
Mode = Literal["auto", "extract", "quote", "write"]
AnswerMode = Literal["auto", "extract", "quote", "write", "catalogue"]  # catalogue: about the library itself
QuestionKind = Literal[
    "fact", "yesno", "list", "steps", "why", "how", "definition", "comparison", "count", "summary", "library", "talk"
]
AbstentionReason = Literal["no_evidence", "declined", "unsupported", "unclear", "talk", "unread", "not_quotable"]


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
class Alternative:
    """Words of another place that is nearly as good as the one that an answer gives which is not sure."""

    text: str  # with its citation marker
    citations: tuple[int, ...]  # labels


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
    alternative: Alternative | None = None  # if it is not sure; its citations stand behind the others
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


class AsOf(NamedTuple):
    """The date of what a document says, and whether its file changed since it was indexed."""

    day: str | None = None  # a day, month or year in ISO
    origin: DateOrigin | None = None
    stale: bool = False
