"""The right to write to an index: one writer at a time, told apart by rows of the meta collection.

In: a connection and an index. Out: a lease, renewed by a thread until it is given back. Milvus has no locks and no
compare-and-set, so a writer first puts its row in and then reads all of them (`Strong`): of two that come together each
sees the other, and at least one withdraws. A lease that was not renewed for `SECONDS` counts for nothing; nothing is
guessed of other processes by their number or the name of their machine, which stand in the row for people only. Clocks
of machines that write must agree to within `SECONDS` / 2.

Each lease has a fencing number, above all that were given before: a row of its own in the collection keeps it, so that
nobody who writes late makes it smaller. What a writer writes carries its number.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import threading
import time
import uuid

from rag.errors import IndexBusy, StoreError
from rag.stores.milvus.schema import META, UNUSED, collection
from rag.stores.milvus.server import MilvusRow, Server, text_of

SECONDS = 30.0
_RENEW_S = 5.0
_TRIES = 3
_PREFIX, _FENCE = "lease:", "fence:"


class Lease:
    """The right of this process to write to an index, held from `Lease.take` to `release`."""

    def __init__(self, server: Server, index: str) -> None:
        self._server = server
        self._index = index
        self._meta = collection(index, META)
        self._key = _PREFIX + uuid.uuid4().hex
        self.fence = 0
        self._released = threading.Event()
        self._renewed = _now()
        self._thread = threading.Thread(target=self._renew, name="milvus-lease", daemon=True)

    @classmethod
    def take(cls, server: Server, index: str) -> Lease:
        """Take the lease, and renew it until `release`. Raises `IndexBusy` if another process has it."""
        lease = cls(server, index)
        for left in reversed(range(_TRIES)):
            lease.fence = 1 + max(lease._fences(), default=0)
            lease._write()
            if not (holders := lease._others() or lease._overtaken()):
                lease._note_fence()
                lease._thread.start()
                return lease
            lease._delete(lease._key)
            if left:
                time.sleep(random.uniform(0.05, 0.3))
        raise IndexBusy(
            f'another process is writing to the index "{index}" ({holders[0]}): try again when it is done, or '
            f"{SECONDS:.0f} s after it was killed"
        )

    def hold(self) -> None:
        """Check by the clock of this process alone that the lease was renewed in time; before each write. Raises
        `IndexBusy` if this process slept for so long that another may have taken over."""
        if _now() - self._renewed > SECONDS:
            raise self._lost()

    def check(self) -> None:
        """Check that the lease is still held. Raises `IndexBusy` if it was lost: this process was stopped for so long
        that another took over."""
        self.hold()
        if not any(row["key"] == self._key for row in self._rows()) or self._others():
            raise self._lost()

    def release(self) -> None:
        """Give the lease back; if Milvus cannot be reached, it ends by itself after `SECONDS`."""
        self._released.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(StoreError):  # it ends by itself
            self._delete(self._key)

    def _lost(self) -> IndexBusy:
        return IndexBusy(f'the right to write to index "{self._index}" was lost to another process: run this again')

    def _renew(self) -> None:
        while not self._released.wait(_RENEW_S) and _now() - self._renewed <= SECONDS:  # what was lost stays lost
            with contextlib.suppress(StoreError):  # the next one may do; `check` tells when it is too late
                self._write()

    def _write(self) -> None:
        begun = _now()
        value = {
            "host": socket.gethostname(), "pid": os.getpid(), "fence": self.fence, "until": time.time() + SECONDS
        }  # fmt: skip
        self._server.put(self._meta, [{"key": self._key, "value": json.dumps(value)} | UNUSED], 200)
        self._renewed = begun

    def _delete(self, key: str) -> None:
        self._server.delete(self._meta, f"key in [{text_of(key)}]")

    def _rows(self, prefix: str = _PREFIX) -> list[MilvusRow]:
        return list(self._server.query(self._meta, f"key like {text_of(f'{prefix}%')}", ["key", "value"]))

    def _fences(self) -> list[int]:
        """The fencing numbers that were given, and those of leases that are being taken."""
        given = [int(row["key"].removeprefix(_FENCE)) for row in self._rows(_FENCE)]
        return given + [json.loads(row["value"]).get("fence", 0) for row in self._rows()]

    def _overtaken(self) -> list[str]:
        """Others that took this number, or a later one, and gave their lease back before this one was written."""
        given = [int(row["key"].removeprefix(_FENCE)) for row in self._rows(_FENCE)]
        return ["it has just ended"] if any(number >= self.fence for number in given) else []

    def _note_fence(self) -> None:
        """Keep the number, in a row of its own, and delete those before it."""
        key = f"{_FENCE}{self.fence:016}"
        self._server.put(self._meta, [{"key": key, "value": "0"} | UNUSED], 200)
        for row in self._rows(_FENCE):
            if row["key"] < key:
                self._delete(row["key"])

    def _others(self) -> list[str]:
        """The other processes that hold one; leases that count for nothing are deleted."""
        found = []
        for row in self._rows():
            value = json.loads(row["value"])
            if row["key"] == self._key:
                continue
            if value["until"] < time.time():
                self._delete(row["key"])
            else:
                found.append(f"process {value['pid']} of {value['host']}")
        return found


def _now() -> float:
    """Seconds of a clock that goes on while the machine is asleep, where there is one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
