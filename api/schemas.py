"""Schemas of requests (checked by pydantic) and of responses other than those of `rag.serialise` (documentation).

Unknown fields are ignored, so that a client written for a later version is served by this one.
Does not judge a question: the pipeline refuses one that is blank or too long, for every caller alike.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag, field_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from rag.index.filters import MAX_VALUES
from rag.retrieval.conversation import MAX_TURNS
from rag.retrieval.question import MAX_QUESTION
from rag.serialise import BoxJSON, DocumentJSON, HitJSON, LinkJSON
from rag.state.keys import Scope
from rag.traces.record import Rating
from rag.types import BlockKind, Mode

MAX_BODY = 1_000_000  # bytes; a question is a few hundred
MAX_BODY_VALUES = 10_000  # texts, numbers and so on in a body; 500 messages of a chat, or 2,048 inputs, are far below
MAX_LIMIT = 1000  # documents in one answer
# Limits of one request to /v1/faithfulness, beside `rag.checking.faithfulness.MAX_COMPARED`.
CHECK_S = 10.0  # of work; then 504. What fits the limits takes 2 s of one core
MAX_ANSWER = 20_000  # characters
MAX_ANSWERS = 100  # in a list
CHECK_ONE, CHECK_MANY = "one answer", "answers"  # the forms of its body, as errors of pydantic name them
MAX_PASSAGES = 200
MAX_EVIDENCE = 200_000  # characters of all passages together


def _not_too_many(filters: Any) -> Any:
    """The filters, if they are few: checking many wrong ones would take seconds."""
    if not isinstance(filters, dict):
        return filters
    most = max([len(filters), *(len(value) for value in filters.values() if isinstance(value, list))])
    if most > MAX_VALUES:
        raise _too_long(f"{most:,} keys or values of one key and the limit is {MAX_VALUES:,}: leave some out")
    return filters


def _few_turns(history: Any) -> Any:
    if isinstance(history, list) and len(history) > MAX_TURNS:
        raise _too_long(f"{len(history):,} turns and the limit is {MAX_TURNS}: send the last ones")
    return history


def _too_long(message: str) -> PydanticCustomError:
    return PydanticCustomError("too_long", "{message}", {"message": message})


IndexName = Annotated[
    str, Field(max_length=64, description="name of the index; the server's default if left out", examples=["default"])
]
PassageCount = Annotated[
    int, Field(strict=True, ge=1, le=100, description="number of passages that are returned", examples=[5])
]
FilterValues = Annotated[
    dict[str, str | list[str]] | None,
    Field(
        description="only documents that fit: `document`, `folder`, `type`, `after`, `before`, or a key of their "
        "metadata; keys are ANDed, values of one key are ORed",
        examples=[{"folder": "reports", "type": ["pdf", "docx"], "after": "2024-01-01"}],
    ),
    BeforeValidator(_not_too_many),
]


class Turn(BaseModel):
    """A turn of the conversation before the question."""

    role: Literal["user", "assistant", "system"]
    content: str = Field(examples=["Who found the pump?"])


class AskRequest(BaseModel):
    """A question to the documents of an index."""

    question: str = Field(examples=["Who found the pump?"])
    index: IndexName | None = None
    mode: Mode | None = Field(
        None, description="answer mode: quote, write, extract or auto; the server's default if left out"
    )
    k: PassageCount | None = None
    filters: FilterValues = None
    history: Annotated[Annotated[list[Turn], Field(fail_fast=True)] | None, BeforeValidator(_few_turns)] = Field(
        None, description="the turns before the question, oldest first: a follow-up is completed from them"
    )
    stream: bool = Field(False, strict=True, description="answer with server-sent events")


class SearchRequest(BaseModel):
    """A query for passages; no language model takes part."""

    query: str = Field(examples=["pump"])
    index: IndexName | None = None
    k: PassageCount | None = None
    filters: FilterValues = None


class FaithfulnessRequest(BaseModel):
    """An answer of any system, and the texts that it was drawn from. No model and no index takes part."""

    answer: Annotated[str, Field(max_length=MAX_ANSWER, examples=["The mill cost 900 pounds [1]."])]
    passages: Annotated[
        list[str],
        Field(
            max_length=MAX_PASSAGES,
            fail_fast=True,
            description=f"what the answer was drawn from: {MAX_EVIDENCE:,} characters together at most",
            examples=[["The mill was built in 1859. It cost 1,400 pounds."]],
        ),
    ]
    question: str | None = Field(
        None, max_length=MAX_QUESTION, description="the question: its words count neither for nor against a claim"
    )

    @field_validator("passages")
    @classmethod
    def _not_too_long(cls, passages: list[str]) -> list[str]:
        if (total := sum(map(len, passages))) > MAX_EVIDENCE:
            raise _too_long(
                f"{total:,} characters together and the limit is {MAX_EVIDENCE:,}: send fewer or shorter ones"
            )
        return passages


# One answer, or several, told apart by their form, so that errors name the field and not the form.
AnswersToCheck = Annotated[
    Annotated[FaithfulnessRequest, Tag(CHECK_ONE)]
    | Annotated[
        list[FaithfulnessRequest], Field(min_length=1, max_length=MAX_ANSWERS, fail_fast=True), Tag(CHECK_MANY)
    ],
    Discriminator(lambda body: CHECK_MANY if isinstance(body, list) else CHECK_ONE),
]


class SearchJSON(TypedDict):
    """Passages, best first."""

    hits: list[HitJSON]


class DocumentsJSON(TypedDict):
    """Documents in order of their ids; `next`, if there are more, is the `after` of the next page."""

    documents: list[DocumentJSON]
    next: NotRequired[str]


class TextJSON(TypedDict):
    """A document's text, whose code points all offsets count; `pages` are the offsets at which its pages begin, empty
    if its format has none; `notes` has a line for each part of its file that was not read."""

    id: str
    title: str
    source: str
    text: str
    pages: list[int]
    notes: list[str]


class PageSizeJSON(TypedDict):
    """A page and its size as it is shown, in points."""

    page: int
    width: float
    height: float


class PagesJSON(TypedDict):
    """The pages of a document that can be shown, in order."""

    id: str
    pages: list[PageSizeJSON]


class BoxesJSON(TypedDict):
    """The rectangles that the characters `start..end` fill, one a line; [] if they are not found on a page."""

    id: str
    start: int
    end: int
    boxes: list[BoxJSON]


class PieceJSON(TypedDict):
    """A text and the place at which it begins: `document.text[start:start + len(text)] == text`, in code points."""

    start: int
    text: str


class BlockJSON(TypedDict):
    """A block, or the lines of it that were asked for. `level` of a heading counts from 1, 0 for all else; `page` is
    the one on which it begins. `header` has the names of a table's columns, wherever they stand, and is null if it has
    none; `rows` are the cells of each other row of a table, one text for each line of all else."""

    kind: BlockKind
    start: int
    end: int
    level: int
    page: int | None
    header: list[PieceJSON] | None
    rows: list[list[PieceJSON]]


class BlocksJSON(TypedDict):
    """The blocks of a stretch of a document. `before` is the end of the text before them, `next` the start of the text
    behind, null where there is none; `characters` is the length of the whole text."""

    id: str
    title: str
    characters: int
    blocks: list[BlockJSON]
    links: list[LinkJSON]
    before: int | None
    next: int | None


class RatingJSON(BaseModel):
    """A person's judgement of an answer; null if there is none."""

    rating: Rating | None


class ReadAgain(BaseModel):
    """A file that could not be read, by the id that its document would have, and its password."""

    id: str = Field(min_length=1, max_length=10_000, examples=["contracts/lease.pdf"])
    password: str = Field("", max_length=1000, description="of an encrypted PDF; it is not stored")


class NewIndex(BaseModel):
    """The name of an index that is to be made, or that one is to have from now on."""

    name: str = Field(max_length=64, examples=["letters"])


class IndexesJSON(TypedDict):
    """The names of the indexes, the one that is used if a request names none, and the scopes of the caller's API key,
    all of them if no key is needed."""

    indexes: list[str]
    default: str
    scopes: list[Scope]


class HealthJSON(TypedDict):
    """State of the process: `ok` while it runs."""

    status: str


class ReadinessJSON(TypedDict):
    """State of the service: `ready` if a question to the default index can be answered, else what is missing."""

    ready: bool
    missing: list[str]
    notices: list[str]


class ErrorDetail(TypedDict):
    """An error: `type` is for programs, `message` for people, `param` names the field at fault if there is one."""

    type: str
    message: str
    param: NotRequired[str]


class ErrorBody(TypedDict):
    """The body of every error."""

    error: ErrorDetail
