"""A WebDAV server as a file system of fsspec, over connections to checked addresses. Needs the extra `webdav`.

Redirects are not followed, so that no password goes elsewhere; listings come unpacked, and no larger than a limit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from webdav4.client import Client
from webdav4.fsspec import WebdavFileSystem

from rag.mirror.network import GuardedTransport

_LISTING_BYTES = 50_000_000  # some 50,000 files of one folder


class _Counted(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > _LISTING_BYTES:
                raise httpx.ReadError(f"its list has more than {_LISTING_BYTES // 1_000_000} MB")
            yield piece

    def close(self) -> None:
        self._stream.close()


class _Plain(httpx.BaseTransport):
    """A transport that takes no packed bodies, and no longer listings."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = self._inner.handle_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            response.close()
            raise httpx.DecodingError("its answer came packed, which was not asked for")
        if request.method == "PROPFIND":
            response.stream = _Counted(response.stream)
        return response

    def close(self) -> None:
        self._inner.close()


@contextmanager
def webdav(
    address: str, allowed: Collection[str], user: str, password: str, silent_s: float
) -> Iterator[WebdavFileSystem]:
    """The file system of the server of an address, `webdav:` over HTTP or `webdavs:` over HTTPS."""
    scheme, _, rest = address.partition("://")
    base = f"{'https' if scheme == 'webdavs' else 'http'}://{rest.partition('/')[0]}"
    with httpx.Client(
        transport=_Plain(GuardedTransport(allowed, httpx.HTTPTransport)),
        trust_env=False,
        auth=(user, password) if user or password else None,
        timeout=silent_s,
        headers={"Accept-Encoding": "identity", "User-Agent": "rag-cited"},
    ) as http:
        yield WebdavFileSystem(base, client=Client(base, http_client=http, retry=False), skip_instance_cache=True)
