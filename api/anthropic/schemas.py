"""Schema of `POST /v1/messages` (checked by pydantic); fields of `QuestionOptions` are this service's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.openai.schemas import MAX_MESSAGES, MAX_PARTS, ContentPart, Count, Flag, MessageContent, QuestionOptions

MAX_STOPS = 16

_Parts = Annotated[list[ContentPart], Field(fail_fast=True, max_length=MAX_PARTS)]


class MessageParam(BaseModel):
    """A turn."""

    role: Literal["user", "assistant", "system"] = Field(examples=["user"])
    content: MessageContent | _Parts = Field(examples=["Who found the pump?"])


class MessagesRequest(QuestionOptions):
    """A question to an index, with the conversation before it."""

    model: MessageContent = Field(max_length=200, examples=["rag/default"])
    messages: Annotated[list[MessageParam], Field(fail_fast=True)] = Field(min_length=1, max_length=MAX_MESSAGES)
    max_tokens: Count | None = Field(None, description="sentences that do not fit are left out whole")
    system: MessageContent | _Parts | None = Field(None, description="has no effect: answers come from the documents")
    stop_sequences: Annotated[list[MessageContent], Field(fail_fast=True)] | None = Field(None, max_length=MAX_STOPS)
    stream: Flag | None = False
    temperature: float | None = Field(None, strict=True, ge=0, le=1, allow_inf_nan=False, description="has no effect")
    top_p: float | None = Field(None, strict=True, ge=0, le=1, allow_inf_nan=False, description="has no effect")
    tool_choice: object = None
    metadata: dict[str, object] | None = Field(
        None, description="`filters`, `mode`, `k`, `documents`, `strict` may stand here", examples=[{"user_id": "7"}]
    )
