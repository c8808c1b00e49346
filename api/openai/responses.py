"""`POST /v1/responses`: a question in the form of OpenAI's Responses API, to the index that the model names."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.openai.chat import answer_steps, plain_events
from api.openai.conversations import Conversations, answer_id, response_id
from api.openai.errors import OpenAIErrorBody, OpenAIRoute, Refused
from api.openai.json_answer import Shape, read_shape
from api.openai.messages import ChatQuestion, read_messages
from api.openai.names import index_of
from api.openai.options import Options, read_options
from api.openai.response_json import ResponseEvents, ResponseHead, ResponseText
from api.openai.response_schemas import ResponsesRequest
from api.openai.schemas import ChatMessage
from api.openai.tasks import task_answer
from api.openai.telling import told_for
from api.routes.dependencies import ServedHere, ThreadsHere, reply, whole_or_events
from api.served import Served
from api.work.events import stream
from api.work.relay import Relay
from rag.deadline import Deadline
from rag.retrieval.conversation import READ_TURNS
from rag.types import Answer, AnswerStep, Message

# Fields of OpenAI's that cannot matter here.
WITHOUT_EFFECT = frozenset(
    "access_programs background_options context_management image include instructions max_tool_calls moderation "
    "parallel_tool_calls prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier "
    "service_tier stream_options top_k top_logprobs truncation user".split()
)
_ECHOED = {"max_output_tokens", "metadata", "previous_response_id", "store", "temperature", "top_p"}

router = APIRouter(
    route_class=OpenAIRoute,
    tags=["OpenAI-compatible"],
    responses={"4XX": {"model": OpenAIErrorBody}, "5XX": {"model": OpenAIErrorBody}},
)


@router.post("/v1/responses", responses=whole_or_events("OpenAI's `response`; with `stream`, its events"))
async def responses(body: ResponsesRequest, request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Answer the last message from the documents of the index `rag/NAME`, every sentence checked and cited.

    A response continues the one that `previous_response_id` names, as long as that is kept: the newest 1,000 until the
    service stops, and those of which `trace_text` keeps the text.
    """
    index = index_of(body.model, await threads.reading(served.names))
    _check_possible(body)
    asked, options = read_messages(_messages(body), "input"), read_options(body, WITHOUT_EFFECT)
    kept: Conversations = request.app.state.conversations
    earlier = await threads.reading(partial(kept.turns, body.previous_response_id))
    task = task_answer(asked.message, asked.system)
    shape = _shape(body) if task is None else None
    told = told_for(served, request, index, body.citations, (), (body.max_output_tokens,), shape)
    text = ResponseText(_head(body, options), told)
    events = ResponseEvents(text)
    if task is not None and body.stream:
        return await threads.reading(lambda: plain_events(events.plain(task)))
    if task is not None:
        return await threads.reading(lambda: reply(_whole(text, task)))
    answering = _Answering(
        served, kept, index, asked, (*earlier, *asked.history), options, text, body.store is not False
    )
    if body.stream:
        relay = Relay(threads, partial(answering.encoded, events.encode), request.receive)
        return await stream(relay, events.failed)
    return await threads.question(lambda deadline: reply(answering.whole(deadline)), request.receive)


class _Answering:
    """One question on its way to a response."""

    def __init__(
        self,
        served: Served,
        kept: Conversations,
        index: str,
        asked: ChatQuestion,
        turns: tuple[Message, ...],
        options: Options,
        text: ResponseText,
        stored: bool,
    ) -> None:
        self._served, self._kept, self._index = served, kept, index
        self._asked, self._turns, self._options = asked, turns, options
        self._text, self._stored = text, stored

    def whole(self, deadline: Deadline) -> dict[str, Any]:
        """The whole response."""
        for step in self._steps(deadline):
            self._text.add(self._text.told.step(step))
        return self._text.whole()

    def encoded(self, encode: Callable[[AnswerStep], bytes], deadline: Deadline) -> Generator[bytes, None, None]:
        """The events of the response, from the first sentence on."""
        with closing(self._steps(deadline)) as steps:
            yield from filter(None, map(encode, steps))

    def _steps(self, deadline: Deadline) -> Generator[AnswerStep, None, None]:
        id = self._text.head.id
        turns = self._turns[-READ_TURNS:]
        ask = self._options.ask(self._asked.question, turns, deadline, answer_id(id), self._stored)
        for step in answer_steps(self._served, self._index, ask, "input"):
            if isinstance(step, Answer) and self._stored:  # before the end is told, since the next request may follow
                said = (Message("user", self._asked.question), Message("assistant", step.answer))
                self._kept.keep(id, self._index, (*self._turns, *said))
            yield step


def _whole(text: ResponseText, task: str) -> dict[str, Any]:
    text.add(text.told.plain(task))
    return text.whole()


def _head(body: ResponsesRequest, options: Options) -> ResponseHead:
    files = {"file_search"} <= {tool.type for tool in body.tools or ()}
    number = uuid.uuid4().hex
    echoed = body.model_dump(include=_ECHOED)
    created = int(time.time())
    return ResponseHead(response_id(number), f"msg_{number}", created, body.model, files, echoed, options.warnings)


def _messages(body: ResponsesRequest) -> list[ChatMessage]:
    """The input as messages of a chat; items that are no message hold their place as messages that are ignored."""
    if isinstance(body.input, str):
        return [ChatMessage(role="user", content=body.input)]
    return [
        ChatMessage(role=item.role, content=item.content) if item.role else ChatMessage(role="tool")
        for item in body.input
    ]


def _shape(body: ResponsesRequest) -> Shape | None:
    """The shape of an answer that is to be JSON. Raises `Refused`."""
    form = body.text and body.text.format
    if not form or form.type == "text":
        return None
    if form.type != "json_schema":
        raise Refused("text.format: only 'text' and 'json_schema' can be had", "text.format")
    return read_shape(form.of, "text.format")


def _check_possible(body: ResponsesRequest) -> None:
    """Check the options that are understood and cannot be served. Raises `Refused`."""
    if body.background:
        raise Refused("background: answers take seconds and are given at once: leave it out", "background")
    if body.conversation is not None:
        raise Refused("conversation: there are none here: use previous_response_id", "conversation")
    if body.prompt is not None:
        raise Refused("prompt: no prompts are kept here: send the question as input", "prompt")
    if body.tool_choice not in (None, "none", "auto") and body.tool_choice != {"type": "file_search"}:
        raise Refused("tool_choice: no tools are called here: leave it out", "tool_choice")
