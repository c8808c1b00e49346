"""A client that disconnects -> its question is given up.

In: a request whose body has been read, and the deadline of its work. ASGI reports the end of a connection through
`receive`, which somebody must wait for. Does not end the work itself, which looks at the deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from rag.deadline import Deadline


@asynccontextmanager
async def leaving(request: Request, deadline: Deadline) -> AsyncIterator[None]:
    """Context within which the deadline is cancelled if the client disconnects."""
    watching = asyncio.create_task(_watch(request, deadline))
    try:
        yield
    finally:
        watching.cancel()


async def _watch(request: Request, deadline: Deadline) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    deadline.cancel()
