"""Guard of the service: security headers on every response, limits on every body, and no traceback to anyone.

In: an ASGI application. Out: the same, guarded; the limits are those of `api.middleware.body`. An exception that
nothing else caught becomes a 500 without details, and a traceback in the server's log. It adds no CORS headers: pages
of other origins may not read answers.
"""

from __future__ import annotations

import logging

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_response
from api.middleware.body import limited

_log = logging.getLogger(__name__)

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
            await self.app(scope, limited(scope, receive), send_guarded)
        except Exception:
            _log.exception("%s %r failed", scope["method"], scope["path"])
            if started:
                raise  # the server cuts the connection, so that half a response is not taken for a whole one
            response = error_response(500, "internal_error", "something went wrong here: the server's log tells what")
            await response(scope, receive, send_guarded)
