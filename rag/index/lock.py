"""The writer's lock: one process at a time writes to an index.

A lock of the operating system on `writer.lock`, so a process that is killed releases it; the file itself stays and
holds the process id of the last holder, for the message to others. Another folder may take the place of the index while
somebody waits: a lock that was got in a folder that is no longer in its place is given back, and waited for anew.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import IndexBusy, RagError

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_POLL_S = 0.02
_GAP_S = 0.2  # for which there may be no folder, while another takes its place


class WriterLock:
    """The lock of one index, held from `acquire` to `release`, by any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "writer.lock"
        self._lock = FileLock(self._file, thread_local=False, fallback_to_soft=False)

    def acquire(self, wait: float) -> None:
        """Take the lock. Raises `IndexBusy` after waiting `wait` seconds, `OSError` if the folder is not writable, and
        `RagError` if its disk has no locks, as that of some network drives."""
        until, last = time.monotonic() + wait, time.monotonic() + _GAP_S
        while True:
            try:
                before = self._place()
                self._take(max(0.0, until - time.monotonic()))
            except FileNotFoundError:
                if time.monotonic() > last:
                    raise
                time.sleep(_POLL_S)
                continue
            if self._place_or_none() == before:
                break
            self._lock.release()  # it was got in a folder that is not, or no longer, that of the index
        self._file.write_text(f"{os.getpid()}\n", encoding="ascii")

    def _take(self, wait: float) -> None:
        try:
            self._lock.acquire(timeout=wait, poll_interval=_POLL_S)
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

    def _place(self) -> tuple[int, int]:
        """The numbers of the folder that has the name of the index now. Raises `OSError`."""
        found = os.stat(self._folder)
        return found.st_dev, found.st_ino

    def _place_or_none(self) -> tuple[int, int] | None:
        try:
            return self._place()
        except FileNotFoundError:
            return None

    def release(self) -> None:
        """Release the lock; the file stays."""
        self._lock.release()

    def _holder(self) -> str:
        with suppress(OSError, ValueError):
            return f"process {int(self._file.read_text(encoding='ascii'))}"
        return "another process"
