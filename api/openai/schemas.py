"""Schemas of OpenAI-compatible requests (checked by pydantic).

Unknown fields have no effect, and are named by `api.openai.options`. Known ones that cannot be served are not judged
here but refused by the routes, in OpenAI's words. `citations` and the fields of `QuestionOptions` are this service's
own.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, ModelWrapValidatorHandler, model_validator
from pydantic_core import PydanticCustomError

from api.schemas import FilterValues, PassageCount
from rag.index.filters import MAX_VALUES
from rag.settings import Citations
from rag.types import Mode

MAX_MESSAGES = 500  # front-ends send the whole conversation each time; the last dozen turns are read
MAX_PARTS = 1000  # of a message
MAX_INPUTS = 2048  # OpenAI's own limit
MAX_STOPS = 4  # OpenAI's own limit
MAX_DECODED = 200_000  # characters of a value of `metadata` that holds JSON: 1,000 names of documents, and more
_UNKNOWN = 100  # fields that are looked at

Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
MessageContent = Annotated[str, Field(strict=True)]


class ContentPart(BaseModel):
    """A part of a message. Parts other than text are refused in the last message, and passed over in earlier ones,
    whatever they hold."""

    type: MessageContent = Field(examples=["text"])
    text: object = None


class ChatMessage(BaseModel):
    """A turn. Messages of tools, and tool calls of the assistant, are ignored."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(examples=["user"])
    content: MessageContent | Annotated[list[ContentPart], Field(fail_fast=True, max_length=MAX_PARTS)] | None = Field(
        None, examples=["Who found the pump?"]
    )


class StreamOptions(BaseModel):
    """Options of a stream: if its last chunk has the usage."""

    include_usage: Flag | None = False


class ResponseFormat(BaseModel):
    """The format of the answer: `text`, or `json_schema` with the schema of an object of fields that an answer has."""

    type: MessageContent = Field(examples=["text"])
    json_schema: dict[str, object] | None = None


def _from_metadata(given: object) -> object:
    """The fields of a request, with those of `QuestionOptions` that only its `metadata` has."""
    metadata = given.get("metadata") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(metadata, dict):
        return given
    held = [name for name in QuestionOptions.model_fields if name in metadata and given.get(name) is None]
    return given | {name: _decoded(name, metadata[name]) for name in held} if held else given


def _decoded(name: str, value: object) -> object:
    """A value of `metadata`, in which OpenAI's clients send nothing but texts: '{"type": "pdf"}', '5', '["a.txt"]'."""
    if not isinstance(value, str) or name == "mode" or len(value) > MAX_DECODED:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _few_documents(documents: object) -> object:
    """A list of ids; one alone may stand for a list of it."""
    if isinstance(documents, list) and len(documents) > MAX_VALUES:
        message = f"{len(documents):,} documents and the limit is {MAX_VALUES:,}: name a folder in filters"
        raise PydanticCustomError("too_long", "{message}", {"message": message})
    return [documents] if isinstance(documents, str) else documents


class QuestionOptions(BaseModel):
    """Options of a question in a chat: as fields, or as texts in `metadata`, where clients allow no other fields."""

    filters: FilterValues = None
    mode: Mode | None = Field(None, description="answer mode: quote, write, extract or auto")
    k: PassageCount | None = None
    documents: Annotated[
        str | list[str] | None,
        BeforeValidator(_few_documents),
        Field(description="ids of the only documents to answer from", examples=[["notes/pumps.md"]]),
    ] = None
    strict: Flag | None = Field(
        False, description="refuse unknown fields with 422 instead of naming them in `warnings`"
    )

    _unknown: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the first unknown fields."""
        return self._unknown

    @model_validator(mode="wrap")
    @classmethod
    def _fields_in_metadata(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        body = handler(_from_metadata(given))
        if isinstance(given, dict):
            body._unknown = tuple(islice((name for name in given if name not in cls.model_fields), _UNKNOWN))
        return body


class ChatRequest(QuestionOptions):
    """A question to an index, with the conversation before it."""

    model: MessageContent = Field(max_length=200, examples=["rag/default"])
    messages: Annotated[list[ChatMessage], Field(fail_fast=True)] = Field(min_length=1, max_length=MAX_MESSAGES)
    stream: Flag | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Count | None = Field(None, description="sentences that do not fit are left out whole")
    max_completion_tokens: Count | None = Field(None, description="as `max_tokens`, by its newer name")
    stop: MessageContent | Annotated[list[MessageContent], Field(fail_fast=True, max_length=MAX_STOPS)] | None = None
    temperature: float | None = Field(
        None, strict=True, ge=0, le=2, allow_inf_nan=False, description="has no effect: answers are the likeliest ones"
    )
    top_p: float | None = Field(None, strict=True, ge=0, le=1, allow_inf_nan=False, description="has no effect")
    n: Count | None = Field(1, le=128, description="only 1 is supported")
    logprobs: Flag | None = False
    response_format: ResponseFormat | None = None
    tool_choice: object = None
    citations: Citations | None = Field(None, description="form of the citations; the server's setting if left out")
    metadata: dict[str, object] | None = Field(
        None, description="`filters`, `mode`, `k`, `documents`, `strict` may stand here", examples=[{"k": "5"}]
    )


def _no_token_ids(given: object) -> object:
    """The input. Raises for numbers of tokens, of which one is looked at."""
    first = given[0] if isinstance(given, list) and given else None
    first = first[0] if isinstance(first, list) and first else first
    if isinstance(first, int) and not isinstance(first, bool):
        message = (
            "token numbers cannot be embedded here, since each model numbers its own tokens: send the texts "
            "(LangChain: OpenAIEmbeddings(check_embedding_ctx_length=False))"
        )
        raise PydanticCustomError("token_ids", "{message}", {"message": message})
    return given


class EmbeddingsRequest(BaseModel):
    """Texts to be embedded by the embedder of the service."""

    model: MessageContent = Field(max_length=200, examples=["all-MiniLM-L6-v2"])
    input: Annotated[
        MessageContent | Annotated[list[MessageContent], Field(fail_fast=True, min_length=1, max_length=MAX_INPUTS)],
        BeforeValidator(_no_token_ids),
    ] = Field(description="a text or a list of texts; token ids are refused", examples=["The mill was built in 1859."])
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: Count | None = Field(None, description="only the embedder's own dimension is supported")
