"""Limits of every body: its size, the time in which it arrives, and the number of values in it.

In: the `receive` of a request. Out: one that raises a 413, 408 or 400 in their place. A body other than an upload is
handed on whole. Its values are counted before it is parsed, since a megabyte of nothing but values takes the event loop
50 ms, and a thread would not help: the parser lets nobody else run. Does not look at uploads, which are forms.
"""

from __future__ import annotations

import asyncio
import json

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from api.schemas import MAX_BODY, MAX_BODY_VALUES

# A body has this long to arrive, and longer by what has arrived of it: a sender that is slow may take its time, one
# that sends a byte now and then may not.
BODY_S = 30.0
BODY_RATE = 20_000  # bytes a second


def limited(scope: Scope, receive: Receive) -> Receive:
    """A `receive` that raises a 413 if the body is too large, before it is held in memory, and a 408 if it arrives too
    slowly; either closes the connection, which has more of it. Raises a 413 also for too many values, and a 400 for
    JSON that is not in UTF-8."""
    upload = (scope["method"], scope["path"]) == ("POST", "/v1/documents")
    limit = int(scope["app"].state.served.settings.upload_mb * 1e6) if upload else MAX_BODY
    arriving = _arriving(scope, receive, limit)
    if upload:
        return arriving
    complete = False

    async def receive_whole() -> Message:
        nonlocal complete
        message = await arriving()
        if complete:
            return message
        parts = [message.get("body", b"")]
        while message.get("more_body", False):
            message = await arriving()
            parts.append(message.get("body", b""))
        if message["type"] == "http.disconnect":
            return message
        complete = True
        body = b"".join(parts)
        _check_values(body)
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_whole


def values_in(body: bytes) -> int:
    """The number of commas between the values of a JSON text, or the least number that there can be if there are far
    too many texts; made without a look at each value.

    >>> values_in(b'{"a": [1, 2, "3, \\"4"], "b": 5}')
    3
    """
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")  # what quotes are left begin and end texts
    texts = plain.count(b'"') // 2
    if texts > 2 * MAX_BODY_VALUES:  # each is a value, or the key of one
        return texts // 2
    return b"".join(plain.split(b'"')[::2]).count(b",")


def _check_values(body: bytes) -> None:
    if json.detect_encoding(body) not in ("utf-8", "utf-8-sig"):
        raise HTTPException(400)
    if body.count(b",") > MAX_BODY_VALUES and (found := values_in(body)) > MAX_BODY_VALUES:
        raise HTTPException(
            413, f"the body holds {found:,} values or more and the limit is {MAX_BODY_VALUES:,}: send fewer at once"
        )


def _arriving(scope: Scope, receive: Receive, limit: int) -> Receive:
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
