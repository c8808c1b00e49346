"""Schema of `POST /v1/responses` (checked by pydantic); fields of `QuestionOptions` are this service's own."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from api.openai.schemas import MAX_MESSAGES, MAX_PARTS, ContentPart, Count, Flag, MessageContent, QuestionOptions
from rag.settings import Citations

MAX_TOOLS = 128


def _message_only(item: Any) -> Any:
    """A message as it is; of any other item (a call of a tool, reasoning) its type, whatever else it holds."""
    kind = item.get("type", "message") if isinstance(item, dict) else "message"
    return item if kind in ("message", None) else {"type": kind}


def _can_be_given_back(metadata: dict[str, object] | None) -> dict[str, object] | None:
    """The metadata. Raises for numbers that Python reads and JSON does not have, such as NaN."""
    try:
        json.dumps(metadata, allow_nan=False)
    except (ValueError, RecursionError):
        message = "cannot be given back as JSON: leave out NaN and numbers without end"
        raise PydanticCustomError("not_json", "{message}", {"message": message}) from None
    return metadata


class InputItem(BaseModel):
    """A turn. Items other than messages are passed over."""

    type: MessageContent | None = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = Field(None, examples=["user"])
    content: MessageContent | Annotated[list[ContentPart], Field(fail_fast=True, max_length=MAX_PARTS)] | None = Field(
        None, examples=["Who found the pump?"]
    )


class TextFormat(BaseModel):
    """The format of the answer: `text`, or `json_schema` with the schema of an object of fields that an answer has."""

    type: MessageContent = Field(examples=["text"])
    of: dict[str, object] | None = Field(None, alias="schema")


class TextConfig(BaseModel):
    """The format of the answer."""

    format: TextFormat | None = None


class ToolType(BaseModel):
    """A tool, of which the type alone is read."""

    type: MessageContent = Field(examples=["file_search"])


class ResponsesRequest(QuestionOptions):
    """A question to an index, with the conversation before it."""

    model: MessageContent = Field(max_length=200, examples=["rag/default"])
    input: (
        MessageContent
        | Annotated[
            list[Annotated[InputItem, BeforeValidator(_message_only)]],
            Field(fail_fast=True, min_length=1, max_length=MAX_MESSAGES),
        ]
    ) = Field(description="the question, or the turns of a conversation", examples=["Who found the pump?"])
    previous_response_id: MessageContent | None = Field(
        None, max_length=200, description="the response that this one continues"
    )
    store: Flag | None = Field(True, description="if false, the response cannot be continued, and no trace is kept")
    stream: Flag | None = False
    max_output_tokens: Count | None = Field(None, description="sentences that do not fit are left out whole")
    text: TextConfig | None = None
    tools: Annotated[list[ToolType], Field(fail_fast=True)] | None = Field(
        None,
        max_length=MAX_TOOLS,
        description="no tool is called; with one of type `file_search` citations are of files",
    )
    tool_choice: object = None
    background: Flag | None = False
    conversation: object = None
    prompt: object = None
    temperature: float | None = Field(None, strict=True, ge=0, le=2, allow_inf_nan=False, description="has no effect")
    top_p: float | None = Field(None, strict=True, ge=0, le=1, allow_inf_nan=False, description="has no effect")
    citations: Citations | None = Field(None, description="form of the citations; the server's setting if left out")
    metadata: Annotated[dict[str, object] | None, AfterValidator(_can_be_given_back)] = Field(
        None, description="given back; `filters`, `mode`, `k`, `documents`, `strict` may stand here"
    )
