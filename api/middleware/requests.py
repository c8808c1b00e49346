"""Observation of each request: an id, one line in the log, figures, a span; and while the service stops, a refusal.

In: an ASGI application. Out: the same, observed. `X-Request-ID` of the client is taken over if it is well-formed, else
one is made; it stands in the response and in every line that is logged meanwhile. The line has the route as a template
and no query: what people ask, and what documents say, is not logged.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_response
from api.observing.metrics import Metrics
from api.observing.notes import NOTES
from api.observing.spans import Spans
from rag.serialise import to_json

_log = logging.getLogger(__name__)

_SANE = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_PROBES = frozenset(("/healthz", "/readyz", "/metrics"))  # answered while stopping, and logged only when debugging
_LEFT = 499  # the client was gone before there was a response: nginx's number for it, seen in logs and figures only


class Drain:
    """State of an orderly stop: `running` is the number of requests under way that change or ask something."""

    def __init__(self) -> None:
        self.stopping = False
        self.running = 0


class Requests:
    """ASGI middleware, outermost."""

    def __init__(self, app: ASGIApp, metrics: Metrics, drain: Drain, spans: Spans | None = None) -> None:
        self.app = app
        self._metrics = metrics
        self._drain = drain
        self._spans = spans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it while the service stops; count and log it when it has ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        sent = headers.get("x-request-id", "")
        notes: dict[str, Any] = {"request_id": sent if _SANE.fullmatch(sent) else f"req_{uuid.uuid4().hex}"}
        token = NOTES.set(notes)
        seen = _Seen(scope, send, notes["request_id"])
        span: AbstractContextManager[Any] = nullcontext()
        if self._spans:
            span = self._spans.request(seen.method, headers, notes["request_id"])
        try:
            with span as ended, self._counted(seen):
                try:
                    await self._answer(scope, receive, seen)
                finally:
                    if ended:
                        ended(seen.route, seen.status)
        finally:
            self._tell(seen, notes)
            NOTES.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, seen: _Seen) -> None:
        if self._drain.stopping and scope["path"] == "/readyz":
            state = {"ready": False, "missing": ["the service is being stopped"], "notices": []}
            await Response(to_json(state), 503, media_type="application/json")(scope, receive, seen.send)
        elif self._drain.stopping and scope["path"] not in _PROBES:
            refused = error_response(
                503,
                "stopping",
                "the service is being stopped: ask again in a little while",
                Retry_After="5",
                Connection="close",
            )
            await refused(scope, receive, seen.send)
        else:
            await self.app(scope, receive, seen.send)

    @contextmanager
    def _counted(self, seen: _Seen) -> Iterator[None]:
        """Count the request as under way. A stop does not wait for those that only read: some streams are endless."""
        waited_for = seen.method not in ("GET", "HEAD")
        self._metrics.under_way.inc()
        self._drain.running += waited_for
        try:
            yield
        finally:
            self._drain.running -= waited_for
            self._metrics.under_way.dec()

    def _tell(self, seen: _Seen, notes: dict[str, Any]) -> None:
        self._metrics.requests.labels(seen.method, seen.route, str(seen.status)).inc()
        self._metrics.request_seconds.labels(seen.method, seen.route).observe(seen.seconds)
        level = logging.DEBUG if seen.route in _PROBES else logging.INFO
        if not _log.isEnabledFor(level):
            return
        fields = {"method": seen.method, "route": seen.route, "status": seen.status, "seconds": round(seen.seconds, 4)}
        client = seen.scope.get("client")
        more = {"client": client[0] if client else None} | notes
        place = seen.route
        if place == "none":
            fields["path"] = seen.scope["path"][:200]
            place = repr(fields["path"])
        rest = " ".join(f"{name}={value}" for name, value in more.items())
        line = f"{seen.method} {place} {seen.status} {seen.seconds:.3f} s {rest}"
        fields |= more
        _log.log(level, "%s", line, extra={"fields": fields})


class _Seen:
    """A response on its way."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self.scope = scope
        self.method = scope["method"] if scope["method"] in _METHODS else "other"
        self.status = _LEFT
        self._send = send
        self._id = request_id
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    @property
    def route(self) -> str:
        """The route as a template; for files of the page, the folder; `none` if nothing is at the address."""
        path: str = getattr(self.scope.get("route"), "path", "") or self.scope.get("root_path", "")
        return path.replace(":path}", "}") or "none"

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["X-Request-ID"] = self._id
        await self._send(message)
