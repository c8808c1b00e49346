"""Parts that all routes share: models and indexes, threads for blocking work, JSON responses, described errors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import Response

from api.schemas import ErrorBody
from api.served import Served
from api.work.threads import Threads
from rag.serialise import to_json

ERRORS: dict[int | str, dict[str, Any]] = {
    422: {"model": ErrorBody, "description": "The request cannot be served as it is"},
    "4XX": {"model": ErrorBody, "description": "The request cannot be served"},
    "5XX": {"model": ErrorBody, "description": "The server cannot serve it now"},
}


async def _served(request: Request) -> Served:
    served: Served = request.app.state.served
    return served


async def _threads(request: Request) -> Threads:
    threads: Threads = request.app.state.threads
    return threads


ServedHere = Annotated[Served, Depends(_served)]

ThreadsHere = Annotated[Threads, Depends(_threads)]


def reply(value: Any, status: int = 200) -> Response:
    """A response with the value as JSON."""
    return Response(to_json(value), status, media_type="application/json")


def whole_or_events(description: str) -> dict[int | str, dict[str, Any]]:
    """The description of a response that is JSON, or server-sent events if the request says `stream`."""
    content = {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}}
