"""Routes that ask, search and check: parse, call the pipeline, serialise."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.schemas import CHECK_S, AnswersToCheck, AskRequest, FaithfulnessRequest, SearchJSON, SearchRequest
from api.served import Served
from api.work.citation_boxes import CitationBoxes
from api.work.events import failed_event, step_event, stream
from api.work.relay import Relay
from rag.checking.faithfulness import check_faithfulness
from rag.deadline import Deadline
from rag.errors import InputError
from rag.index.filters import parse_filters
from rag.serialise import AnswerJSON, FaithfulnessJSON, answer_json, faithfulness_json, hit_json
from rag.types import Answer, Ask

_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["passages", "sentence", "answer", "error"]},
        "data": {"type": "string", "description": "JSON"},
    },
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An answer or an abstention; with `stream`, the events `passages`, `sentence` (a claim with its "
        "citations), `answer` and `error`",
        "content": {"text/event-stream": {"schema": _EVENT}},
    }
}

router = APIRouter(responses=ERRORS)


@router.post("/v1/ask", response_model=AnswerJSON, responses=_EVENTS, tags=["questions"])
async def ask(request: AskRequest, http: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Answer a question from the documents of an index, every sentence checked and cited, or abstain."""
    boxes: CitationBoxes = http.app.state.boxes
    if request.stream:
        return await stream(Relay(threads, partial(_events, served, boxes, request), http.receive), failed_event)
    return await threads.question(lambda deadline: _answer(served, boxes, request, deadline), http.receive)


@router.post("/v1/search", response_model=SearchJSON, tags=["questions"])
async def search(request: SearchRequest, http: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Find passages by meaning and by words, best first."""
    k = 10 if request.k is None else request.k
    filters = parse_filters(request.filters)
    try:
        hits = await threads.reading(
            lambda: served.pipeline(request.index).search(request.query, k, filters), http.receive
        )
    except InputError as exc:  # the pipeline's field is `question`; here it has another name
        raise InputError(str(exc), "query" if exc.param == "question" else exc.param) from exc
    return reply({"hits": [hit_json(hit) for hit in hits]})


@router.post("/v1/faithfulness", response_model=FaithfulnessJSON | list[FaithfulnessJSON], tags=["questions"])
async def faithfulness(request: AnswersToCheck, http: Request, threads: ThreadsHere) -> Response:
    """Check each claim of an answer of any system against the passages that it was drawn from, or those of a list of
    answers, for which a list comes back.

    Works without an index and before the models are loaded. An answer without claims has a `faithfulness` of 0.
    """
    return await threads.costly(
        lambda deadline: reply(
            [_checked(one, deadline) for one in request] if isinstance(request, list) else _checked(request, deadline)
        ),
        CHECK_S,
        http.receive,
    )


def _checked(request: FaithfulnessRequest, deadline: Deadline) -> FaithfulnessJSON:
    return faithfulness_json(check_faithfulness(request.answer, request.passages, request.question, deadline))


def _asked(request: AskRequest, deadline: Deadline) -> Ask:
    return Ask(
        request.question,
        mode=request.mode,
        k=request.k,
        filters=parse_filters(request.filters),
        history=[turn.model_dump() for turn in request.history or ()],
        deadline=deadline,
    )


def _answer(served: Served, boxes: CitationBoxes, request: AskRequest, deadline: Deadline) -> Response:
    pipeline = served.pipeline(request.index)
    return reply(answer_json(boxes.placed(pipeline.ask(_asked(request, deadline)), pipeline)))


def _events(
    served: Served, boxes: CitationBoxes, request: AskRequest, deadline: Deadline
) -> Generator[bytes, None, None]:
    pipeline = served.pipeline(request.index)
    with closing(pipeline.stream(_asked(request, deadline))) as steps:
        for step in steps:
            yield step_event(boxes.placed(step, pipeline) if isinstance(step, Answer) else step)
