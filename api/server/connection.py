"""A connection with deadlines: one whose request does not come in time, or whose client does not read, is closed.

In: uvicorn's HTTP/1.1 protocol, which waits for a request's head without end. Out: the same, with `HEAD_S` from the
connection, or from the response before, to the end of the next head. Bodies have a time of their own in
`api.middleware.guard`. A client that takes nothing of a response for `READ_S` holds its work and its memory: its
connection is cut, also if all of the response was handed over and the connection is being closed, which would wait for
the client without end. What is read is parsed on the event loop before anybody is asked for a key, so little is read at
once: others have their turn between two pieces.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 30.0
READ_S = 60.0
AT_ONCE = 4_096  # bytes that are read and parsed at a time: a chunk of a body may be a byte, with five around it
LONGEST_HEAD = 32_768  # bytes; longer ones are a 400


class Connection(H11Protocol):
    """HTTP/1.1 protocol for `uvicorn.Config(http=...)`; `head_s` is the deadline of a head, in seconds.

    Overrides private parts of uvicorn: `tests/api/test_uvicorn.py` lists them.
    """

    head_s = HEAD_S
    read_s = READ_S
    _head: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline of the first head."""
        super().connection_made(transport)
        transport.max_size = AT_ONCE  # type: ignore[attr-defined]
        self._wait()

    def on_response_complete(self) -> None:
        """Start the deadline of the next head."""
        super().on_response_complete()
        self._wait()

    def pause_writing(self) -> None:
        """Start the time in which the client has to read: what is sent waits for it."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.read_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Cancel it: the client has read. If the connection is being closed, it has to read the rest as well."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
        if self.transport.is_closing():
            self._unread = self.loop.call_later(self.read_s, self._cut_unread, self.transport.get_write_buffer_size())

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadlines."""
        super().connection_lost(exc)
        for timer in (self._head, self._unread):
            if timer is not None:
                timer.cancel()

    def _wait(self) -> None:
        if self._head is not None:
            self._head.cancel()
        self._head = self.loop.call_later(self.head_s, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()  # what is still to be sent is sent before
            self._cut_unread(self.transport.get_write_buffer_size() + 1)

    def _cut_unread(self, before: int) -> None:
        """Cut the connection if nothing was taken of what is still to be sent since there was so much of it."""
        left = self.transport.get_write_buffer_size()
        if left >= before:
            self.transport.abort()
        elif left:
            self._unread = self.loop.call_later(self.read_s, self._cut_unread, left)
