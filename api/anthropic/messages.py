"""`POST /v1/messages`: a question in the form of Anthropic's interface, answered by the index that the model names."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import closing

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.anthropic.blocks import MessageEvents, MessageHead, MessageText
from api.anthropic.errors import AnthropicErrorBody, AnthropicRoute
from api.anthropic.schemas import MessagesRequest
from api.openai.chat import answer_steps, plain_events
from api.openai.errors import Refused
from api.openai.messages import ChatQuestion, read_messages
from api.openai.names import index_of
from api.openai.options import read_options
from api.openai.schemas import ChatMessage
from api.openai.tasks import task_answer
from api.openai.telling import told_for
from api.routes.dependencies import ServedHere, ThreadsHere, reply, whole_or_events
from api.work.events import stream
from api.work.relay import Relay
from rag.deadline import Deadline
from rag.types import AnswerStep

# Fields of Anthropic's that cannot matter here.
WITHOUT_EFFECT = frozenset(
    "cache_control container context_management diagnostics inference_geo mcp_servers output_config service_tier speed "
    "thinking tools top_k user_profile_id workspace_id".split()
)

router = APIRouter(
    route_class=AnthropicRoute,
    tags=["Anthropic-compatible"],
    responses={"4XX": {"model": AnthropicErrorBody}, "5XX": {"model": AnthropicErrorBody}},
)


@router.post("/v1/messages", responses=whole_or_events("Anthropic's `message`; with `stream`, its events"))
async def messages(body: MessagesRequest, request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Answer the last message from the documents of the index `rag/NAME`, every sentence checked and cited.

    A sentence is a block of its own; its citations are characters of documents, `char_location`.
    """
    index = index_of(body.model, await threads.reading(served.names))
    _check_possible(body)
    asked, options = _asked(body), read_options(body, WITHOUT_EFFECT)
    told = told_for(served, request, index, "annotations", body.stop_sequences or (), (body.max_tokens,))
    text = MessageText(MessageHead(f"msg_{uuid.uuid4().hex}", body.model, options.warnings), told)
    events = MessageEvents(text)
    if (task := task_answer(asked.message, asked.system)) is not None:
        if body.stream:
            return await threads.reading(lambda: plain_events(events.plain(task)))
        return await threads.reading(lambda: reply(text.whole(text.add(told.plain(task)))))

    def steps(deadline: Deadline) -> Generator[AnswerStep, None, None]:
        return answer_steps(served, index, options.ask(asked.question, asked.history, deadline))

    def encoded(deadline: Deadline) -> Generator[bytes, None, None]:
        with closing(steps(deadline)) as found:
            yield from filter(None, map(events.encode, found))

    def whole(deadline: Deadline) -> Response:
        blocks = [block for step in steps(deadline) for block in text.add(told.step(step))]
        return reply(text.whole(blocks))

    if body.stream:
        return await stream(Relay(threads, encoded, request.receive), events.failed)
    return await threads.question(whole, request.receive)


def _asked(body: MessagesRequest) -> ChatQuestion:
    turns = [ChatMessage(role=turn.role, content=turn.content) for turn in body.messages]
    asked = read_messages(turns)
    if body.system is None:
        return asked
    system = body.system if isinstance(body.system, str) else "\n".join(str(part.text) for part in body.system)
    return asked._replace(system=system)


def _check_possible(body: MessagesRequest) -> None:
    """Check the options that are understood and cannot be served. Raises `Refused`."""
    choice = body.tool_choice.get("type") if isinstance(body.tool_choice, dict) else body.tool_choice
    if choice not in (None, "auto", "none"):
        raise Refused("tool_choice: no tools are called here: leave it out", "tool_choice")
