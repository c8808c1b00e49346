"""A client that disconnects -> its work is given up.

In: what tells of a request whose body has been read, and the deadline of its work. ASGI reports the end of a connection
through `receive`, which somebody must wait for. Does not end the work itself, which looks at the deadline.
"""

from __future__ import annotations

from starlette.types import Receive

from rag.deadline import Deadline


async def watch(receive: Receive, deadline: Deadline) -> None:
    """Wait until the client disconnects, and cancel the deadline; to be cancelled when the work is done."""
    while (await receive())["type"] != "http.disconnect":
        pass
    deadline.cancel()
