"""`GET /v1/answers/{id}`, the trace of an answer, and `PUT /v1/answers/{id}/rating`, how a person judged it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.errors import AnswerNotFound
from api.observing.traces import Traces
from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from api.schemas import RatingJSON
from rag.errors import RagError
from rag.traces.record import Rating, TraceJSON

_log = logging.getLogger(__name__)

router = APIRouter(responses=ERRORS, tags=["questions"])


@router.get("/v1/answers/{id}", response_model=TraceJSON)
async def answer(id: str, request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Show how an answer was made: what was found and read, with scores, the prompt's hash, verdicts, tokens, seconds.

    Traces are kept for a number of answers and days (settings `traces`, `trace_days`), with text only if `trace_text`
    is set.
    """
    traces: Traces = request.app.state.traces
    return reply(await threads.reading(lambda: _found(traces, id, served.names)))


@router.put("/v1/answers/{id}/rating", response_model=RatingJSON)
async def rate(id: str, body: RatingJSON, request: Request, served: ServedHere, threads: ThreadsHere) -> Response:
    """Note in the trace of an answer how a person judged it: `up`, `down`, or null to take that back. `rag eval
    --stored --rated` makes questions of rated answers."""
    traces: Traces = request.app.state.traces
    await threads.reading(lambda: _rate(traces, id, body.rating, served.names))
    return reply(body.model_dump())


def _rate(traces: Traces, id: str, rating: Rating | None, names: Callable[[], list[str]]) -> None:
    """Raises `AnswerNotFound`, and `RagError` of the store."""
    _found(traces, id, names)
    try:
        kept = traces.rate(id, rating)
    except RagError as exc:
        _log.error("%s", exc)
        raise type(exc)("the rating cannot be stored: the server's log tells why") from exc
    if not kept:
        raise _not_found(id)


def _found(traces: Traces, id: str, names: Callable[[], list[str]]) -> TraceJSON:
    """The trace of an answer from an index among `names()`. Raises `AnswerNotFound`, and `RagError` of the store."""
    try:
        record = traces.get(id)
    except RagError as exc:
        _log.error("%s", exc)
        raise type(exc)("the stored answers cannot be read: the server's log tells why") from exc
    if record is None or record["index"]["name"] not in names():
        raise _not_found(id)
    return record


def _not_found(id: str) -> AnswerNotFound:
    return AnswerNotFound(f"no answer {id[:80]!r} is kept: the settings 'traces' and 'trace_days' say how long")
