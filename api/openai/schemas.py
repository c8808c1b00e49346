"""Schemas of OpenAI-compatible requests (checked by pydantic).

Unknown fields are ignored. Known ones that cannot be served are not judged here but refused by the routes, in OpenAI's
words. `citations` is this service's own.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from rag.settings import Citations

MAX_MESSAGES = 500  # front-ends send the whole conversation each time; the last dozen turns are read
MAX_PARTS = 1000  # of a message
MAX_INPUTS = 2048  # OpenAI's own limit
MAX_STOPS = 4  # OpenAI's own limit

Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
MessageContent = Annotated[str, Field(strict=True)]


class ContentPart(BaseModel):
    """A part of a message; parts other than text are refused."""

    type: MessageContent = Field(examples=["text"])
    text: MessageContent | None = None


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
    """The format of the answer; only `text` is supported."""

    type: MessageContent


class ChatRequest(BaseModel):
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


class EmbeddingsRequest(BaseModel):
    """Texts to be embedded by the embedder of the service."""

    model: MessageContent = Field(max_length=200, examples=["all-MiniLM-L6-v2"])
    input: (
        MessageContent | Annotated[list[MessageContent], Field(fail_fast=True, min_length=1, max_length=MAX_INPUTS)]
    ) = Field(description="a text or a list of texts; token ids are refused", examples=["The mill was built in 1859."])
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: Count | None = Field(None, description="only the embedder's own dimension is supported")
