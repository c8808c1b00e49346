"""The routes under /v1, and the two that tell how the process is: parse, call the pipeline, serialise."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator
from functools import partial
from operator import attrgetter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.middleware.access import caller, missing_keys
from api.schemas import (
    MAX_LIMIT,
    AskRequest,
    DocumentsJSON,
    ErrorBody,
    FaithfulnessRequest,
    HealthJSON,
    IndexesJSON,
    IndexName,
    ReadinessJSON,
    SearchJSON,
    SearchRequest,
    TextJSON,
)
from api.served import Served
from api.work.disconnect import leaving
from api.work.events import stream
from api.work.relay import Relay
from api.work.threads import Threads
from rag.checking.faithfulness import check_faithfulness
from rag.deadline import Deadline
from rag.errors import DocumentNotFound, InputError
from rag.index.filters import parse_filters
from rag.serialise import (
    AnswerJSON,
    DocumentJSON,
    FaithfulnessJSON,
    answer_json,
    document_json,
    faithfulness_json,
    hit_json,
    to_json,
)
from rag.state.keys import KeyRing
from rag.types import Progress

ERRORS: dict[int | str, dict[str, Any]] = {
    422: {"model": ErrorBody, "description": "The request cannot be served as it is"},
    "4XX": {"model": ErrorBody, "description": "The request cannot be served"},
    "5XX": {"model": ErrorBody, "description": "The server cannot serve it now"},
}
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
health = APIRouter(responses=ERRORS)  # open to all, also where keys are needed


async def _served(request: Request) -> Served:
    served: Served = request.app.state.served
    return served


async def _threads(request: Request) -> Threads:
    threads: Threads = request.app.state.threads
    return threads


ServedHere = Annotated[Served, Depends(_served)]
ThreadsHere = Annotated[Threads, Depends(_threads)]


@router.post("/v1/ask", response_model=AnswerJSON, responses=_EVENTS, tags=["questions"])
async def ask(request: AskRequest, http: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Answer a question from the documents of an index, every sentence checked and cited, or abstain."""
    deadline = Deadline(served.settings.answer_seconds)
    filters = parse_filters(request.filters)
    history = [turn.model_dump() for turn in request.history or ()]
    if request.stream:
        steps = partial(
            _steps, served, request.index, request.question, mode=request.mode, k=request.k, filters=filters,
            history=history, deadline=deadline,
        )  # fmt: skip
        async with leaving(http, deadline):
            return await stream(Relay(threads, steps, deadline))
    question = threads.question(
        lambda: served.pipeline(request.index).ask(
            request.question, mode=request.mode, k=request.k, filters=filters, history=history, deadline=deadline
        )
    )
    async with leaving(http, deadline):
        return reply(answer_json(await question))


@router.post("/v1/search", response_model=SearchJSON, tags=["questions"])
async def search(request: SearchRequest, served: ServedHere, threads: ThreadsHere) -> Response:
    """Find passages by meaning and by words, best first."""
    k = 10 if request.k is None else request.k
    filters = parse_filters(request.filters)
    try:
        hits = await threads.reading(lambda: served.pipeline(request.index).search(request.query, k, filters))
    except InputError as exc:  # to the pipeline it is a question; this field has another name
        raise InputError(str(exc), "query" if exc.param == "question" else exc.param) from exc
    return reply({"hits": [hit_json(hit) for hit in hits]})


@router.post("/v1/faithfulness", response_model=FaithfulnessJSON, tags=["questions"])
async def faithfulness(request: FaithfulnessRequest, threads: ThreadsHere) -> Response:
    """Check each claim of an answer, by whatever system it was written, against the passages it was drawn from.

    Works without an index and before the models are loaded. An answer without claims has a `faithfulness` of 0.
    """
    return reply(
        await threads.reading(
            lambda: faithfulness_json(check_faithfulness(request.answer, request.passages, request.question))
        )
    )


@router.get("/v1/indexes", response_model=IndexesJSON, tags=["documents"])
async def indexes(served: ServedHere, threads: ThreadsHere) -> Response:
    """The names that `index` may have."""
    return reply({"indexes": await threads.reading(served.names), "default": served.default()})


@router.get("/v1/documents", response_model=DocumentsJSON, tags=["documents"])
async def documents(
    served: ServedHere,
    threads: ThreadsHere,
    index: Annotated[IndexName | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
    after: Annotated[str | None, Query(description="the `next` of the page before")] = None,
) -> Response:
    """The documents of an index, in order of their ids, a page at a time."""
    found = await threads.reading(lambda: served.pipeline(index).documents())
    begin = 0 if after is None else bisect_right(found, after, key=attrgetter("id"))
    page = found[begin : begin + limit]
    more = {"next": page[-1].id} if begin + limit < len(found) else {}
    return reply({"documents": [document_json(info) for info in page], **more})


@router.get("/v1/documents/{id:path}/text", response_model=TextJSON, tags=["documents"])
async def text(
    id: str,
    request: Request,
    served: ServedHere,
    threads: ThreadsHere,
    index: Annotated[IndexName | None, Query()] = None,
) -> Response:
    """A document's text. Where an id itself ends in `/text`, its slashes must be percent-encoded to tell it apart."""
    if not request.scope.get("raw_path", b"/text").endswith(b"/text"):
        return await document(f"{id}/text", served, threads, index)
    try:
        return await threads.reading(lambda: reply(_text_json(served, index, id)))
    except DocumentNotFound as missing:
        try:
            return await document(f"{id}/text", served, threads, index)
        except DocumentNotFound:
            raise missing from None


@router.get("/v1/documents/{id:path}", response_model=DocumentJSON, tags=["documents"])
async def document(
    id: str,
    served: ServedHere,
    threads: ThreadsHere,
    index: Annotated[IndexName | None, Query()] = None,
) -> Response:
    """What is known of a document. Slashes in the id may be sent as they are or percent-encoded."""
    found = await threads.reading(lambda: served.pipeline(index).documents())
    place = bisect_right(found, id, key=attrgetter("id")) - 1
    if place < 0 or found[place].id != id:
        raise DocumentNotFound(f"the index has no document {id[:200]!r}: GET /v1/documents lists those that it has")
    return reply(document_json(found[place]))


@health.head("/healthz", include_in_schema=False)
@health.get("/healthz", response_model=HealthJSON, tags=["service"])
async def healthz() -> Response:
    """The process runs; never waits for a model."""
    return reply({"status": "ok"})


@health.head("/readyz", include_in_schema=False)
@health.get("/readyz", response_model=ReadinessJSON, tags=["service"])
async def readyz(request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Whether a question to the default index can be answered; 503 with what is missing until it can. Where API keys
    are needed, what is missing is told to those who may see that index; to others, only whether it is ready."""
    keys: KeyRing = request.app.state.keys
    missing = await threads.reading(lambda: [*served.missing(), *missing_keys(served.settings, keys)])
    told = caller().sees(served.settings.index)
    state = {"ready": not missing, "missing": missing if told else [], "notices": served.notices() if told else []}
    return reply(state, 503 if missing else 200)


def _steps(served: Served, index: str | None, question: str, **options: Any) -> Generator[Progress, None, None]:
    yield from served.pipeline(index).stream(question, **options)  # in the thread: opening an index takes a while


def _text_json(served: Served, index: str | None, id: str) -> TextJSON:
    found = served.pipeline(index).document(id)
    return {
        "id": found.id,
        "title": found.title,
        "source": found.source,
        "text": found.text,
        "pages": list(found.pages),
    }


def reply(value: Any, status: int = 200) -> Response:
    return Response(to_json(value), status, media_type="application/json")
