"""Access control: the API key of a request, looked up, held to its scopes and limits, before any route is reached.

In: an ASGI application and its settings. A key is sent as `Authorization: Bearer`, or as `x-api-key`, as Anthropic's
clients do. Out: the same, behind keys if they are needed. The caller is set for
`api.caller`, from which `api.served` and the routes read it.

    open    /healthz /readyz, and the page and the documentation, which hold no data
    read    every GET, the POSTs of `_READS`, and the rating of an answer
    write   every other method; so a new route is closed until it is listed in `_READS`
    admin   /metrics, and routes that call `caller().require("admin")`

If no key is needed, which is the default on loopback addresses, everyone there may do everything, with two exceptions
that protect a person's browser: pages of other sites may not post here (`Sec-Fetch-Site`, or where a browser does not
send that, as over plain HTTP, `Origin`), and a foreign name may not be made to point
here (DNS rebinding), since both would lend a page of the network what only this machine should reach.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import socket
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.caller import ANYONE, CALLER, Caller
from api.errors import error_response, raised_response
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
_READS = frozenset(
    "/v1/ask /v1/search /v1/search/external /retrieval /v1/rerank /v2/rerank /v1/faithfulness /v1/chat/completions "
    "/v1/responses /v1/messages /v1/embeddings /mcp".split()
)
_SAFE = {"GET", "HEAD", "OPTIONS"}
_MISSING = "this server needs an API key: send it as Authorization: Bearer rag_..."
_UNKNOWN = "this API key is not known here, was revoked or has expired: `rag keys list` shows those that there are"
NO_KEYS = (
    "API keys cannot be checked, since the database that holds them cannot be used now: the server's log tells why"
)
_NO_SECRET = "rag_00000000_" + "0" * 43  # has the form of a key
_MINUTE = 60.0
_LOOKUPS = 4  # keys that are looked up at once, in some milliseconds each
_OTHER_SITE = "pages of other sites may not send this: open the page of this server itself"


def keys_needed(settings: Settings) -> bool:
    """True if requests need an API key: `auth` is `keys`, or it is `auto` and the host is not a loopback address."""
    return settings.auth == "keys" or (settings.auth == "auto" and not _is_loopback(settings.host))


def check_keys(settings: Settings) -> None:
    """Check that somebody can ask. Raises `RagError` if keys are needed and none exists, and `InputError` for a setting
    `state_uri` that can never be used."""
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
    """ASGI middleware that admits callers, directly inside `api.middleware.guard`."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: KeyRing) -> None:
        self.app = app
        self._keys = keys
        self._threads = ThreadPoolExecutor(_LOOKUPS, "keys")  # of their own: those of questions may all be taken
        self._needed = keys_needed(settings)
        self._local = settings.auth == "auto" and not self._needed
        self._public = _host_of(settings.public_url)
        self._limits = KeyLimits(settings.key_rate, settings.key_concurrency)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that the rules for pages, keys, scopes and limits admit; send a 4xx or 503 to any other."""
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
        before = CALLER.set(who)
        try:
            await self.app(scope, receive, send)
        finally:
            CALLER.reset(before)

    def _refused_page(self, scope: Scope) -> Response | None:
        """The 403 for a request that another site, or a foreign host name, made a browser send; None for any other."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if scope["method"] not in _SAFE and self._is_of_another_site(headers, host):
            return error_response(403, "forbidden", _OTHER_SITE)
        if self._local and _is_foreign(host):
            message = (
                f"{host[:80]!r} is no name of this machine: to be served by that name, start with --auth keys or off"
            )
            return error_response(403, "forbidden", message)
        return None

    def _is_of_another_site(self, headers: Headers, host: str) -> bool:
        """True if a page of another site sent this. Where keys are needed, `Origin` says nothing: no page has one."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None or origin is None or self._needed:
            return site in ("cross-site", "same-site")
        scheme = origin.partition("://")[0]
        return _host_of(origin) not in {_host_of(f"{scheme}://{host}"), self._public} - {""}

    async def _caller(self, scope: Scope, needed: tuple[keys.Scope, ...] | None) -> Caller | Response:
        if not self._needed:
            return ANYONE
        headers = Headers(scope=scope)
        plain = headers.get("x-api-key")
        sent = headers.get("authorization") or (f"Bearer {plain}" if plain else "")
        kind, _, secret = sent.partition(" ")
        try:
            key = await self._find(secret.strip()) if kind.lower() == "bearer" else None
        except RagError as error:
            if needed is None:
                return Caller(_NOBODY)  # probes and the page are open to anyone, also while no key can be looked up
            if isinstance(error, StateUnavailable):
                _log.error("%s %r: %s", scope["method"], scope["path"], error)
                return error_response(503, "state_unavailable", NO_KEYS)
            return raised_response(scope["method"], scope["path"], error)
        if needed is None:
            return Caller(key or _NOBODY)
        if key is None:
            _log.warning("%s %r without a valid key", scope["method"], scope["path"])
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
    """Reasons why API keys cannot be checked now: the line `NO_KEYS`, or none."""
    if not (keys.waits and keys_needed(settings)):
        return []
    try:
        keys.find(_NO_SECRET)
    except RagError:
        return [NO_KEYS]
    return []


# The caller of an open route without a key, if keys are needed: sees no index, may do nothing.
_NOBODY = Key("", "nobody", (), (), "", None, "")


class KeyLimits:
    """Limits of each key: requests a minute, and requests at once. To be used on the event loop only."""

    def __init__(self, rate: int, concurrency: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds and never goes back."""
        self._rate = rate
        self._concurrency = concurrency
        self._clock = clock
        self._begun: defaultdict[str, deque[float]] = defaultdict(deque)  # by key, the times of its last minute
        self._under_way: Counter[str] = Counter()

    def enter(self, key: Key) -> Response | None:
        """Admit a request: None if it may proceed, and `leave` must follow; else the 429 to send."""
        if self._under_way[key.id] >= self._concurrency:
            message = f"{self._concurrency} requests of this API key are under way: wait for one"
            return error_response(429, "rate_limited", message, Retry_After="1")
        now, begun = self._clock(), self._begun[key.id]
        while begun and begun[0] <= now - _MINUTE:
            begun.popleft()
        if len(begun) >= self._rate:
            message = f"this API key may make {self._rate} requests a minute (setting 'key_rate')"
            wait = max(1, math.ceil(begun[0] + _MINUTE - now))
            return error_response(429, "rate_limited", message, Retry_After=str(wait))
        begun.append(now)
        self._under_way[key.id] += 1
        return None

    def leave(self, key: Key) -> None:
        """Record the end of a request that `enter` admitted."""
        self._under_way[key.id] -= 1
        if not self._under_way[key.id]:
            del self._under_way[key.id]


def _scopes(method: str, path: str) -> tuple[keys.Scope, ...] | None:
    """The scopes of which a key needs one for the request; None if no key is needed."""
    if method in _SAFE and (path in _OPEN or path.startswith(_OPEN_FOLDERS)):
        return None
    if path == "/metrics":
        return ("admin",)
    if path.startswith("/v1/jobs/"):
        return ("read", "write")
    is_rating = method == "PUT" and path.startswith("/v1/answers/")
    return ("read",) if method in _SAFE or path in _READS or is_rating else ("write",)


def _is_loopback(host: str) -> bool:
    """True if all addresses of `host` are loopback addresses; False if it has none, which `api.server.run` reports."""
    try:
        return all(
            ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_loopback
            for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError, ValueError):
        return False


def _host_of(address: str) -> str:
    """The host and port of an origin or address, as a Host header has them; empty for `null` and for what is none."""
    scheme, _, rest = address.lower().partition("://")
    host = rest.partition("/")[0]
    return host.removesuffix(":80" if scheme == "http" else ":443")


def _is_foreign(host: str) -> bool:
    """True for a Host header that someone in the network could have made point here: a name with a dot in it, or an
    address of another machine. Names of one part are this machine's or its network's own."""
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return "." in name.rstrip(".") and not name.rstrip(".").endswith(".localhost")
