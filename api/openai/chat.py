"""`POST /v1/chat/completions`: a question from a chat, answered by the index that the model names."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.openai.completions import Chunks, Head, completion
from api.openai.errors import OpenAIErrorBody, OpenAIRoute, Refused
from api.openai.json_answer import Shape, read_shape
from api.openai.messages import read_messages
from api.openai.names import index_of
from api.openai.options import read_options
from api.openai.schemas import ChatRequest
from api.openai.tasks import task_answer
from api.openai.telling import told_for
from api.routes.dependencies import ServedHere, ThreadsHere, reply, whole_or_events
from api.served import Served
from api.work.events import stream
from api.work.relay import Relay
from rag.deadline import Deadline
from rag.errors import InputError
from rag.types import AnswerStep, Ask

router = APIRouter(
    route_class=OpenAIRoute,
    tags=["OpenAI-compatible"],
    responses={"4XX": {"model": OpenAIErrorBody}, "5XX": {"model": OpenAIErrorBody}},
)


@router.post(
    "/v1/chat/completions",
    responses=whole_or_events("OpenAI's `chat.completion`; with `stream`, its chunks as server-sent events"),
)
async def chat(body: ChatRequest, request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Answer the last message from the documents of the index `rag/NAME`, every sentence checked and cited.

    Titles, tags, follow-ups and search queries that front-ends ask for are answered from the conversation alone.
    """
    index = index_of(body.model, await threads.reading(served.names))
    _check_possible(body)
    asked, options = read_messages(body.messages), read_options(body)
    ask = partial(options.ask, asked.question, asked.history)
    stops = [body.stop] if isinstance(body.stop, str) else body.stop or []
    limits = (body.max_tokens, body.max_completion_tokens)
    task = task_answer(asked.message, asked.system)
    shape = _shape(body) if task is None else None
    told = told_for(served, request, index, body.citations, stops, limits, shape)
    head = Head(f"chatcmpl-{uuid.uuid4().hex}", int(time.time()), body.model)
    with_usage = bool(body.stream_options and body.stream_options.include_usage)
    chunks = Chunks(head, told, with_usage, options.warnings)
    if task is not None and body.stream:
        return await threads.reading(lambda: plain_events(chunks.plain(task)))
    if task is not None:
        return await threads.reading(lambda: reply(completion(head, told, [told.plain(task)], options.warnings)))
    if body.stream:
        relay = Relay(threads, partial(_encoded, served, index, ask, chunks), request.receive)
        return await stream(relay, chunks.failed)

    def whole(deadline: Deadline) -> Response:
        deltas = [told.step(step) for step in answer_steps(served, index, ask(deadline))]
        return reply(completion(head, told, deltas, options.warnings))

    return await threads.question(whole, request.receive)


def _encoded(
    served: Served, index: str, ask: Callable[[Deadline], Ask], chunks: Chunks, deadline: Deadline
) -> Generator[bytes, None, None]:
    """The chunks of a completion, from its first sentence on, or the first status for a front-end that shows it; an
    error before has its own HTTP status. They are made in the thread of the question, since counting tokens may take a
    while, or ask a server."""
    with closing(answer_steps(served, index, ask(deadline))) as steps:
        yield from filter(None, map(chunks.encode, steps))


def plain_events(events: bytes) -> Response:
    """A stream that is known whole."""
    return Response(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


def answer_steps(served: Served, index: str, ask: Ask, name: str = "messages") -> Generator[AnswerStep, None, None]:
    """The steps of an answer. Raises the errors of the pipeline, those of the question as errors of the field
    `name`."""
    try:
        yield from served.pipeline(index).stream(ask)
    except InputError as exc:  # the pipeline's field is a question; here it is part of a message
        raise InputError(str(exc), name if exc.param in ("question", "history") else exc.param) from exc


def _shape(body: ChatRequest) -> Shape | None:
    """The shape of an answer that is to be JSON. Raises `Refused`."""
    form = body.response_format
    if form is None or form.type == "text":
        return None
    if form.type != "json_schema":
        raise Refused("response_format: only 'text' and 'json_schema' can be had", "response_format")
    return read_shape((form.json_schema or {}).get("schema"), "response_format")


def _check_possible(body: ChatRequest) -> None:
    """Check the options that are understood and cannot be served. Raises `Refused`."""
    if body.n not in (None, 1):
        raise Refused(f"n: {body.n} choices would be the same {body.n} times: only 1 can be had", "n")
    if body.logprobs:
        raise Refused("logprobs: there are none, answers are not sampled: leave it out", "logprobs")
    if body.stream_options is not None and not body.stream:
        message = "stream_options: only allowed when stream is true"
        raise Refused(message, "stream_options", "invalid_value")
    if body.tool_choice not in (None, "none", "auto"):
        raise Refused("tool_choice: no tools are called here: leave it out", "tool_choice")
