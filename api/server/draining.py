"""A server that stops in three steps: not ready, then nothing under way, then ended.

In: the first SIGINT or SIGTERM. From then on `/readyz` is 503 and nothing new is begun, but connections are accepted,
so that a load balancer learns of it and does not meet a closed port. When what is under way has ended, or the grace is
over, uvicorn stops. A second signal stops it at once.
"""

from __future__ import annotations

import logging
import time
from types import FrameType

import uvicorn

from api.middleware.requests import Drain

_log = logging.getLogger(__name__)

# Seconds that uvicorn gives connections which are still open then: endless streams to agents, and downloads.
_LAST_S = 3


class DrainingServer(uvicorn.Server):
    """uvicorn's server with an orderly stop; `grace` is the time for requests under way, in seconds.

    Overrides private parts of uvicorn: `tests/api/test_uvicorn.py` lists them.
    """

    def __init__(self, config: uvicorn.Config, drain: Drain, grace: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._grace = grace
        self._until = 0.0
        self._signal: tuple[int, FrameType | None] | None = None
        self._told = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the stop at the first signal; stop at once at the second, or before the start is complete."""
        if self._signal is not None or self.should_exit or not self.started:
            self.config.timeout_graceful_shutdown = 0
            super().handle_exit(sig, frame)
            return
        self._signal = (sig, frame)
        self._until = time.monotonic() + self._grace
        self._drain.stopping = True

    async def on_tick(self, counter: int) -> bool:
        """End the stop when nothing is under way or the grace is over; called ten times a second."""
        if self._signal is not None and not self.should_exit:
            self._tell()
            over = time.monotonic() >= self._until
            if over and self._drain.running:
                _log.warning("%d requests did not end within %g s and are cut", self._drain.running, self._grace)
            if over or not self._drain.running:
                self.config.timeout_graceful_shutdown = 0 if over else _LAST_S
                super().handle_exit(*self._signal)
        return await super().on_tick(counter)

    def _tell(self) -> None:
        """Log the stop, once. Not done by the signal's handler, which may run in the middle of another line."""
        if not self._told and self._drain.running:
            _log.info("stopping; %d requests are under way and get %g s", self._drain.running, self._grace)
        self._told = True
