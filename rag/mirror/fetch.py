"""One request to the web: redirects followed and checked, within limits, the body in a file.

In: an address, and what is known of an earlier copy. Out: the body in a file, or the news that it is unchanged or gone.
`robots.txt` of each host is asked first. Errors are `NotFetched`, with the reason in one line.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urljoin

import httpx2
from protego import Protego

from rag.errors import InputError
from rag.mirror.network import GuardedTransport, Resolve, resolve_host
from rag.mirror.places import WEB
from rag.mirror.record import Copy

AGENT = "rag-cited"
_REDIRECTS = 5
_ROBOTS_BYTES = 500_000  # what RFC 9309 asks of a reader
_ROBOTS_S = 30.0
_MOST_DELAY_S = 30.0
_PIECE = 1 << 16


class Limits(NamedTuple):
    """Limits to what is taken of a source."""

    pages: int = 10_000  # of a sitemap
    files: int = 100_000  # of a folder, folders in it included
    page_bytes: int = 100_000_000
    source_bytes: int = 5_000_000_000
    sitemap_bytes: int = 50_000_000  # unpacked, as sitemaps.org has it
    silent_s: float = 20.0  # a server may send nothing
    page_s: float = 300.0  # a page may take


LIMITS = Limits()


class NotFetched(Exception):
    """A page that could not be fetched; `str` is the reason, as the end of a sentence. `gone` if its server says that
    it is no longer there."""

    def __init__(self, reason: str, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class Fetched(NamedTuple):
    """A response: unchanged, or a body in the file that was given, with its media type and marks."""

    unchanged: bool
    media_type: str = ""
    etag: str = ""
    modified: str = ""
    size: int = 0


class FetchSession:
    """Requests of one run. To be closed."""

    def __init__(self, allowed: Collection[str], limits: Limits = LIMITS, resolve: Resolve = resolve_host) -> None:
        self._limits = limits
        self._client = httpx2.Client(
            transport=GuardedTransport(allowed, httpx2.HTTPTransport, resolve),
            trust_env=False,
            timeout=limits.silent_s,
            headers={"User-Agent": AGENT, "Accept-Encoding": "gzip", "Accept": "text/html, */*;q=0.8"},
        )
        self._robots: dict[str, Protego | None] = {}
        self._last: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def fetch(self, address: str, file: Path, known: Copy | None = None) -> Fetched:
        """Fetch an address into `file`, unless it is as it was in the copy that is `known`. Raises `NotFetched`."""
        headers = {}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.modified:
            headers["If-Modified-Since"] = known.modified
        with _told():
            return self._followed(address, headers, file, known)

    def _followed(self, address: str, headers: dict[str, str], file: Path, known: Copy | None) -> Fetched:
        for _ in range(_REDIRECTS + 1):
            self._ask_robots(address)
            with self._client.stream("GET", address, headers=headers) as response:
                if response.has_redirect_location:
                    address = _target(address, response)
                    continue
                if response.status_code == 304 and known:
                    return Fetched(True)
                if response.status_code != 200:
                    code = response.status_code
                    raise NotFetched(f"the server answers {code} {response.reason_phrase}".rstrip(), code in (404, 410))
                size = self._keep(response, file, self._limits.page_bytes, self._limits.page_s)
                told = response.headers
                kind = told.get("content-type", "").partition(";")[0].strip().lower()
                return Fetched(False, kind, told.get("etag", ""), told.get("last-modified", ""), size)
        raise NotFetched(f"it leads on more than {_REDIRECTS} times")

    def _keep(self, response: httpx2.Response, file: Path, most: int, seconds: float) -> int:
        began, size = time.monotonic(), 0
        with file.open("wb") as out:
            for piece in _unpacked(response):
                size += len(piece)
                if size > most:
                    raise NotFetched(f"it has more than {most / 1e6:,.0f} MB, which is the limit of a page")
                if time.monotonic() - began > seconds:
                    raise NotFetched(f"it took more than {seconds:g} s, which is the limit of a page")
                out.write(piece)
        return size

    def _ask_robots(self, address: str) -> None:
        """Check that robots.txt allows the page, and wait as long as it asks. Raises `NotFetched`."""
        root = urljoin(address, "/")
        if root not in self._robots:
            self._robots[root] = self._rules(urljoin(root, "/robots.txt"))
        rules = self._robots[root]
        if rules is None:
            return
        if not rules.can_fetch(address, AGENT):
            raise NotFetched("robots.txt of its host does not allow it")
        wait = self._last.get(root, 0.0) + min(rules.crawl_delay(AGENT) or 0.0, _MOST_DELAY_S) - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._last[root] = time.monotonic()

    def _rules(self, address: str) -> Protego | None:
        """The rules of a host; None if there are none. A server that fails, allows nothing (RFC 9309)."""
        began = time.monotonic()
        for _ in range(_REDIRECTS + 1):
            with self._client.stream("GET", address) as response:
                if response.has_redirect_location:
                    address = _target(address, response)
                    continue
                if response.status_code >= 500:
                    raise NotFetched(
                        f"robots.txt of its host cannot be read: the server answers {response.status_code}"
                    )
                if response.status_code != 200:
                    return None
                text = bytearray()
                for piece in _unpacked(response):
                    text += piece
                    if len(text) > _ROBOTS_BYTES or time.monotonic() - began > _ROBOTS_S:
                        break
                return Protego.parse(bytes(text[:_ROBOTS_BYTES]).decode("utf-8", "replace"))
        return None


def _target(address: str, response: httpx2.Response) -> str:
    """Address to which a redirect leads. Raises `NotFetched`."""
    target = urljoin(address, response.headers.get("location", ""))
    if target.partition("://")[0].lower() not in WEB:
        raise NotFetched(f"it leads to {target[:200]!r}, which is no page of the web")
    return target.partition("#")[0]


def _unpacked(response: httpx2.Response) -> Iterator[bytes]:
    """The body in pieces of at most 64 kB, so that one that is packed cannot fill the memory. Raises `NotFetched`."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        yield from response.iter_raw()
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise NotFetched(f"it came packed as {coding[:40]!r}, which was not asked for")
    unpack = zlib.decompressobj(47)
    for packed in response.iter_raw():
        while packed:
            yield unpack.decompress(packed, _PIECE)
            packed = unpack.unconsumed_tail
    if not unpack.eof:
        raise NotFetched("it was cut off")


class _told:
    """A context in which errors of the connection become `NotFetched`."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, httpx2.TimeoutException):
            raise NotFetched("the server sends nothing") from error
        if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL, OSError, zlib.error, InputError)):
            reason = str(error).strip() or type(error).__name__
            raise NotFetched(reason.splitlines()[0]) from error
