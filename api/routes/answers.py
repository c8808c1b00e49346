"""`GET /v1/answers/{id}`: the trace of an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.errors import AnswerNotFound
from api.observing.traces import Traces
from api.routes.dependencies import ERRORS, ServedHere, ThreadsHere, reply
from rag.errors import RagError
from rag.traces.record import TraceJSON

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


def _found(traces: Traces, id: str, names: Callable[[], list[str]]) -> TraceJSON:
    """The trace of an answer from an index among `names()`. Raises `AnswerNotFound`, and `RagError` of the store."""
    try:
        record = traces.get(id)
    except RagError as exc:
        _log.error("%s", exc)
        raise type(exc)("the stored answers cannot be read: the server's log tells why") from exc
    if record is None or record["index"]["name"] not in names():
        raise AnswerNotFound(f"no answer {id[:80]!r} is kept: the settings 'traces' and 'trace_days' say how long")
    return record
