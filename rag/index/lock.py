"""The writer's lock: one process at a time writes to an index.

A lock of the operating system on `writer.lock`, so a process that is killed releases it; the file itself stays and
holds the process id of the last holder, for the message to others.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import IndexBusy, RagError

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class WriterLock:
    """The lock of one index, held from `acquire` to `release`, by any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "writer.lock"
        self._lock = FileLock(self._file, thread_local=False, fallback_to_soft=False)

    def acquire(self, wait: float) -> None:
        """Take the lock. Raises `IndexBusy` after waiting `wait` seconds, `OSError` if the folder is not writable, and
        `RagError` if its disk has no locks, as that of some network drives."""
        try:
            self._lock.acquire(timeout=wait, poll_interval=0.02)
        except Timeout as exc:
            raise IndexBusy(
                f'index "{self._folder.name}" is being written to by {self._holder()}: '
                "wait until that has finished, or stop it, and try again"
            ) from exc
        except OSError as exc:
            if exc.errno not in _NO_LOCKS:
                raise
            raise RagError(
                f"the disk of {self._folder} has no locks ({exc.strerror}), without which two processes would destroy "
                "the index: keep indexes on another disk, with --indexes-dir or RAG_INDEXES_DIR"
            ) from exc
        self._file.write_text(f"{os.getpid()}\n", encoding="ascii")

    def release(self) -> None:
        """Release the lock; the file stays."""
        self._lock.release()

    def _holder(self) -> str:
        with suppress(OSError, ValueError):
            return f"process {int(self._file.read_text(encoding='ascii'))}"
        return "another process"
