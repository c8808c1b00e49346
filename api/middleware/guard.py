"""Guard of the service: security headers on every response, limits on every body, and no traceback to anyone.

In: an ASGI application. Out: the same, guarded. An exception that nothing else caught becomes a 500 without details,
and a traceback in the server's log. It adds no CORS headers: pages of other origins may not read answers.
"""

from __future__ import annotations

import asyncio
import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_response
from api.schemas import MAX_BODY

_log = logging.getLogger(__name__)

# A body has this long to arrive, and longer by what has arrived of it: a sender that is slow may take its time, one
# that sends a byte now and then may not.
BODY_S = 30.0
BODY_RATE = 20_000  # bytes a second

HEADERS = {
    # Scripts, styles and requests only from and to this server. `data:` images are in the style sheet of /docs.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # answers change with the index; pages are revalidated by their ETag
}


class Guard:
    """ASGI middleware, directly inside `api.middleware.requests`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with limits on its body; add the headers; answer an unexpected exception with a 500."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, _limited(scope, receive), send_guarded)
        except Exception:
            _log.exception("%s %r failed", scope["method"], scope["path"])
            if started:
                raise  # the server cuts the connection, so that half a response is not taken for a whole one
            response = error_response(500, "internal_error", "something went wrong here: the server's log tells what")
            await response(scope, receive, send_guarded)


def _limit(scope: Scope) -> int:
    """The largest body of a request, in bytes; uploads have a limit of their own."""
    if (scope["method"], scope["path"]) == ("POST", "/v1/documents"):
        return int(scope["app"].state.served.settings.upload_mb * 1e6)
    return MAX_BODY


def _limited(scope: Scope, receive: Receive) -> Receive:
    """A `receive` that raises a 413 if the body is too large, before it is held in memory, and a 408 if it arrives too
    slowly. Either closes the connection, which has more of it."""
    limit = _limit(scope)
    too_large = HTTPException(413, f"the body is larger than {limit / 1e6:g} MB", {"Connection": "close"})
    announced = Headers(scope=scope).get("content-length", "")
    total = int(announced) if announced.isdecimal() else 0
    received, complete = 0, False
    began: float | None = None

    async def receive_limited() -> Message:
        nonlocal received, complete, began
        if total > limit:
            raise too_large
        if complete:  # the next message is the disconnect of the client
            return await receive()
        began = asyncio.get_running_loop().time() if began is None else began
        try:
            async with asyncio.timeout_at(began + BODY_S + received / BODY_RATE):
                message = await receive()
        except TimeoutError:
            rest = f"{received:,} bytes of the body came in {BODY_S + received / BODY_RATE:.0f} s: send it faster"
            raise HTTPException(408, rest, {"Connection": "close"}) from None
        received += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if received > limit:
            raise too_large
        return message

    return receive_limited
