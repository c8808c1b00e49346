"""A question that is being answered -> server-sent events: `passages`, `sentence` for each claim, `answer`; or `error`.

Each event is sent when it is known: the passages when they are found, a sentence when it has been checked, never
before. The response begins with its first event, so that an error until then has its own status; only if that takes
long it begins without, to keep the connection. An error afterwards is an `error` event with the body of the HTTP
error.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.errors import error_body
from api.schemas import ErrorBody
from api.work.relay import Relay
from rag.errors import RagError
from rag.serialise import answer_json, citation_json, claim_json, hit_json, to_json
from rag.types import Answer, AnswerStep, NextClaim, Retrieved

_log = logging.getLogger(__name__)

SILENCE_S = 10.0  # proxies cut silent connections, commonly after 30 or 60 seconds
_WAITING = b": waiting\n\n"  # a comment, which clients skip
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nginx: pass events on as they come


async def stream(relay: Relay[bytes], failed: Callable[[ErrorBody], bytes]) -> Response:
    """A response of server-sent events, made in the thread of the question; `failed` makes that of an error. None of
    the relay is a comment that keeps the connection. Raises the errors that come before the first event, within
    `SILENCE_S`."""
    rest = relay.values(SILENCE_S)
    first = await anext(rest)

    async def body() -> AsyncIterator[bytes]:
        try:
            yield _WAITING if first is None else first
            async for event in rest:
                yield _WAITING if event is None else event
        except RagError as error:
            yield failed(error_body(error))
        except Exception:
            _log.exception("a question failed after its response had begun")
            yield failed({"error": {"type": "internal_error", "message": "something went wrong here"}})

    return _Events(body(), rest)


class _Events(StreamingResponse):
    """A stream whose work ends with it, also if the client left before its first byte."""

    def __init__(self, body: AsyncIterator[bytes], rest: AsyncGenerator[Any, None]) -> None:
        super().__init__(body, media_type="text/event-stream", headers=_HEADERS)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._rest.aclose()


def failed_event(body: ErrorBody) -> bytes:
    """The event `error`."""
    return _event("error", body)


def step_event(progress: AnswerStep) -> bytes:
    """The event of a step of an answer."""
    match progress:
        case Retrieved(hits):
            return _event("passages", {"passages": [hit_json(hit) for hit in hits]})
        case NextClaim(claim, citations, before, sure):
            cited = [citation_json(citation) for citation in citations]
            return _event("sentence", {**claim_json(claim), "citations": cited, "before": before, "sure": sure})
        case Answer():
            return _event("answer", answer_json(progress))


def _event(name: str, data: Any) -> bytes:
    """A server-sent event. JSON has no line breaks in it, so an event is always two lines."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), to_json(data))
