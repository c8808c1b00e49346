"""Who may ask what: the API key of a request, looked up, held to its scopes and limits, before any route is reached.

In: an ASGI application and its settings. Out: the same, behind keys where they are needed. Who asks is kept in a
context variable, which the tasks and threads of a request inherit, so that `api.served` can hide indexes in every
route at once: `caller().sees(name)`. What is kept by id (jobs, answers) must ask it as well.

    open    /healthz /readyz, and the page and the documentation, which hold no data
    read    every GET, and the POSTs of `_READS`
    write   every other method; so a new route is closed until it is told to be a question
    admin   /metrics, and what asks `caller().require("admin")`

Where no key is needed, which is on loopback addresses by default, everything is allowed to everyone there, with two
exceptions that protect a person's browser: pages of other sites may not post here, and a foreign name may not be made
to point here (DNS rebinding), since both would lend a page of the network what only this machine should reach.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import NamedTuple

from fastapi import Depends
from fastapi.security import HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Forbidden, error_response, raised_response
from rag.errors import RagError, StateUnavailable
from rag.settings import Settings
from rag.state import keys
from rag.state.keys import Key, KeyRing
from rag.state.open import closing_state, open_keys

# For the documentation, which then has a field for the key; the middleware below does the work.
DESCRIBED = Depends(HTTPBearer(auto_error=False, description="an API key: `rag keys add NAME`"))

_log = logging.getLogger(__name__)

_OPEN = {"/", "/docs", "/openapi.json", "/healthz", "/readyz"}
_OPEN_FOLDERS = ("/page/", "/docs/")
_READS = {"/v1/ask", "/v1/search", "/v1/faithfulness", "/v1/chat/completions", "/v1/embeddings", "/mcp"}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_MISSING = "this server needs an API key: send it as Authorization: Bearer rag_..."
_UNKNOWN = "this API key is not known here, was revoked or has expired: `rag keys list` shows those that there are"
NO_KEYS = (
    "API keys cannot be checked, since the database that holds them cannot be used now: the server's log tells why"
)
_NO_SECRET = "rag_00000000_" + "0" * 43  # has the form of a key
_LOOKUPS = 4  # keys that are looked up at once, in some milliseconds each
_OTHER_SITE = "pages of other sites may not send this: open the page of this server itself"


class Caller(NamedTuple):
    """Who asks; without a key, where none is needed, everything is allowed."""

    key: Key | None = None

    def sees(self, index: str) -> bool:
        return self.key is None or self.key.indexes is None or index in self.key.indexes

    def may(self, scope: keys.Scope) -> bool:
        return self.key is None or scope in self.key.scopes

    def require(self, scope: keys.Scope) -> None:
        """Raises `Forbidden`."""
        if not self.may(scope):
            raise Forbidden(
                f"this API key lacks the scope {scope!r}: make one with `rag keys add NAME --scope {scope}`"
            )


_ANYONE = Caller()
_caller: ContextVar[Caller] = ContextVar("caller", default=_ANYONE)


def caller() -> Caller:
    """Of the request at hand; in threads of the service's own, everything is allowed."""
    return _caller.get()


def keys_needed(settings: Settings) -> bool:
    return settings.auth == "keys" or (settings.auth == "auto" and not _is_loopback(settings.host))


def check_keys(settings: Settings) -> None:
    """Raises `RagError` where keys are needed and there is none, so that nobody could ask anything, and `InputError`
    for a setting `state_uri` that can never be of use."""
    if not keys_needed(settings):
        return
    with closing_state(settings) as state:
        found = open_keys(settings, state)
        try:
            none = not found.all()
        except StateUnavailable as exc:  # it may come back: until then nobody is let in, and `/readyz` says why
            _log.warning("%s", exc)
            return
    if none:
        raise RagError(
            f"{settings.host} is served to those with an API key, and {found.place} holds none: make one with "
            "`rag keys add NAME`, or let everyone in who reaches the address with --auth off"
        )


class Access:
    """ASGI middleware, directly inside `api.middleware.guard`."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: KeyRing) -> None:
        self.app = app
        self._keys = keys
        self._threads = ThreadPoolExecutor(_LOOKUPS, "keys")  # of its own: those of questions may all be taken
        self._needed = keys_needed(settings)
        self._local = settings.auth == "auto" and not self._needed
        self._limits = KeyLimits(settings.key_rate, settings.key_concurrency)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        needed = _scopes(scope["method"], scope["path"])
        found = self._refused_page(scope) or await self._caller(scope, needed)
        if isinstance(found, Response):
            await found(scope, receive, send)
        elif needed is None or found.key is None:
            await self._as(found, scope, receive, send)
        elif refused := self._limits.enter(found.key):
            await refused(scope, receive, send)
        else:
            try:
                await self._as(found, scope, receive, send)
            finally:
                self._limits.leave(found.key)

    async def _as(self, who: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        before = _caller.set(who)
        try:
            await self.app(scope, receive, send)
        finally:
            _caller.reset(before)

    def _refused_page(self, scope: Scope) -> Response | None:
        """What a browser must not be made to send."""
        headers = Headers(scope=scope)
        if scope["method"] not in _SAFE and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return error_response(403, "forbidden", _OTHER_SITE)
        host = headers.get("host", "")
        if self._local and _is_foreign(host):
            message = (
                f"{host[:80]!r} is no name of this machine: to be served by that name, start with --auth keys or off"
            )
            return error_response(403, "forbidden", message)
        return None

    async def _caller(self, scope: Scope, needed: tuple[keys.Scope, ...] | None) -> Caller | Response:
        if not self._needed:
            return _ANYONE
        sent = Headers(scope=scope).get("authorization", "")
        kind, _, secret = sent.partition(" ")
        try:
            key = await self._find(secret.strip()) if kind.lower() == "bearer" else None
        except RagError as error:
            if isinstance(error, StateUnavailable) and needed is None:
                return Caller(_NOBODY)  # probes and the page, of which nobody needs to be known
            if isinstance(error, StateUnavailable):
                _log.error("%s %r: %s", scope["method"], scope["path"], error)
                return error_response(503, "state_unavailable", NO_KEYS)
            return raised_response(scope["method"], scope["path"], error)
        if needed is None:
            return Caller(key or _NOBODY)
        if key is None:
            _log.warning("%s %r without a key that is one", scope["method"], scope["path"])
            return error_response(401, "unauthenticated", _UNKNOWN if sent else _MISSING, WWW_Authenticate="Bearer")
        if not any(Caller(key).may(one) for one in needed):
            wanted = " or ".join(repr(one) for one in needed)
            return error_response(403, "forbidden", f"this API key lacks the scope {wanted}")
        return Caller(key)

    async def _find(self, secret: str) -> Key | None:
        if not self._keys.waits:
            return self._keys.find(secret)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._keys.find, secret)


def missing_keys(settings: Settings, keys: KeyRing) -> list[str]:
    """What stands between a request and its key being known, one line at most."""
    if not (keys.waits and keys_needed(settings)):
        return []
    try:
        keys.find(_NO_SECRET)
    except RagError:
        return [NO_KEYS]
    return []


# Who asks an open route without a key, where keys are needed: sees no index, may do nothing.
_NOBODY = Key("", "nobody", (), (), "", None, "")


class KeyLimits:
    """Requests a minute and at once, of each key. To be used on the event loop only."""

    def __init__(self, rate: int, concurrency: int) -> None:
        self._rate = RateLimitItemPerMinute(rate)
        self._concurrency = concurrency
        self._moving = MovingWindowRateLimiter(MemoryStorage())
        self._under_way: Counter[str] = Counter()

    def enter(self, key: Key) -> Response | None:
        """None where the request may go on; then it must `leave`."""
        if self._under_way[key.id] >= self._concurrency:
            message = f"{self._concurrency} requests of this API key are under way: wait for one"
            return error_response(429, "rate_limited", message, Retry_After="1")
        if not self._moving.hit(self._rate, key.id):
            reset = self._moving.get_window_stats(self._rate, key.id).reset_time
            message = f"this API key may make {self._rate.amount} requests a minute (setting 'key_rate')"
            return error_response(429, "rate_limited", message, Retry_After=str(max(1, math.ceil(reset - time.time()))))
        self._under_way[key.id] += 1
        return None

    def leave(self, key: Key) -> None:
        self._under_way[key.id] -= 1
        if not self._under_way[key.id]:
            del self._under_way[key.id]


def _scopes(method: str, path: str) -> tuple[keys.Scope, ...] | None:
    """Any of these lets the request through; None where no key is needed."""
    if method in _SAFE and (path in _OPEN or path.startswith(_OPEN_FOLDERS)):
        return None
    if path == "/metrics":
        return ("admin",)
    if path.startswith("/v1/jobs/"):
        return ("read", "write")
    return ("read",) if method in _SAFE or path in _READS else ("write",)


def _is_loopback(host: str) -> bool:
    """Of a name, all addresses must be. One that cannot be found is not; `api.server.run` says so."""
    try:
        return all(
            ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_loopback
            for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError, ValueError):
        return False


def _is_foreign(host: str) -> bool:
    """Whether a Host header has a name that someone in the network could have made point here: one with a dot in it,
    or an address of another machine. Names of one part are this machine's or its network's own."""
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return "." in name.rstrip(".") and not name.rstrip(".").endswith(".localhost")
