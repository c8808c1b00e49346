"""A process of this program that serves one pipe, in a session of its own, so that it can be ended with all that it
started.

In: the statements that it runs, which get the descriptor of its end of the pipe. Out: our end, and how it ended. It
knows nothing of what goes through the pipe.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from multiprocessing.connection import Connection

from rag.errors import RagError

ON_WINDOWS = (
    "reading files needs Linux or macOS: index under WSL (Windows Subsystem for Linux), or send files to a service "
    "that runs there; asking an index works here"
)


class PoolProcess:
    """A running process and the pipe to it."""

    def __init__(self, statements: str) -> None:
        """Start it; `{descriptor}` in the statements stands for its end of the pipe.

        Raises `RagError` on Windows, which has no process groups by which to end a process with all that it started.
        """
        if not hasattr(os, "killpg"):
            raise RagError(ON_WINDOWS)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", statements.format(descriptor=theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # so that what it starts (OCR, converters) can be ended with it
            )
        self.pipe = Connection(ours.detach())

    @property
    def ended(self) -> bool:
        """True if it has come to its end by itself."""
        return self._process.poll() is not None

    def end(self, patience: float = 0.0) -> int:
        """End it with all that it started; -> its exit code, negative for a signal. One that is ending by itself is
        left `patience` seconds, for the sake of that code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.pipe.close()
        return self._process.wait()
