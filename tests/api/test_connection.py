"""Bytes that are cheap to send and dear to parse keep the event loop no longer than others: everybody else is served.

Over a real connection on the loop that is watched, since uvicorn parses what it has read before any application is
asked, also for those without a key.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import suppress
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from api.server.connection import AT_ONCE, LONGEST_HEAD
from api.server.run import configured, listen
from tests.api.fakes import Stage
from tests.api.test_threads import STILL_S, beat

pytestmark = [pytest.mark.servers, pytest.mark.no_cover]  # the time is that of the work, not of the tracer

START = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
UPLOAD = (
    b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
BYTES = {
    "a body in chunks of one byte": CHUNKED + b"1\r\n \r\n" * 60_000 + b"0\r\n\r\n",
    "an upload in chunks of one byte": UPLOAD + b"1\r\n \r\n" * 60_000 + b"0\r\n\r\n",
    "a body that nobody asked for": START
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"1\r\n \r\n" * 60_000
    + b"0\r\n\r\n",
    "as many headers as may be": START + b"a:\r\n" * ((LONGEST_HEAD - 64) // 4) + b"\r\n",
    "too many headers": START + b"a:\r\n" * 60_000 + b"\r\n",
    "many headers that are looked for": START + b"sec-fetch-site:none\r\n" * 3_000 + b"\r\n",
    "one header on many lines": START + b"a: b" + b"\r\n c" * 15_000 + b"\r\n\r\n",
    "a long list of encodings": START + b"Transfer-Encoding: " + b"," * 60_000 + b"chunked\r\n\r\n",
    "a long list of connections": START + b"Connection: " + b"a," * 30_000 + b"\r\n\r\n",
    "many requests at once": (START + b"\r\n") * 3_000,
}


async def longest(app: FastAPI, sent: bytes) -> tuple[bytes, float]:
    """The first bytes of the response, and the longest time, in seconds of its own, for which the loop stood still."""
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(configured(app, None))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        port = listener.getsockname()[1]
        worst: list[float] = []
        await asyncio.to_thread(exchange, port, START + b"\r\n")  # what is made once
        beating = asyncio.create_task(beat(worst))
        response = await asyncio.to_thread(exchange, port, sent)
        beating.cancel()
        server.should_exit = True
        await serving
    return response, max(worst)


def exchange(port: int, sent: bytes) -> bytes:
    """The first bytes of the response; none if the connection was cut, with some of what was sent unread."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client, suppress(ConnectionError):
        with suppress(ConnectionError):
            client.sendall(sent)
        return client.recv(12)
    return b""


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_dear_to_parse_do_not_stop_the_loop(tmp_path: Path, name: str) -> None:
    gc.collect()
    gc.freeze()
    try:
        took = [asyncio.run(longest(Stage(tmp_path).app(), BYTES[name])) for _ in range(3)]
    finally:
        gc.unfreeze()
    assert min(seconds for _, seconds in took) < STILL_S, took


@pytest.mark.parametrize(("more", "fits"), [(0, True), (2 * AT_ONCE, False)])
def test_a_head_has_a_longest_length(tmp_path: Path, more: int, fits: bool) -> None:
    sent = START + b"a:" + b"a" * (LONGEST_HEAD - len(START) - 6 + more) + b"\r\n\r\n"
    response, _ = asyncio.run(longest(Stage(tmp_path).app(), sent))
    assert response in ([b"HTTP/1.1 200"] if fits else [b"HTTP/1.1 400", b""])  # or cut, with the rest unread
