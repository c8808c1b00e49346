"""Traces of answers: written in a thread of their own, and shown at `GET /v1/answers/{id}`.

In: answers with their traces. Out: records in `rag.traces.store`. An answer never waits: if the queue or
the disk is full, its trace is lost, counted and logged. Traces that wait are found as well.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from api.observing.notes import request_id
from rag import __version__
from rag.errors import RagError
from rag.settings import Settings
from rag.state.database import Database
from rag.traces.collect import Trace
from rag.traces.record import Rating, TraceJSON, trace_json
from rag.traces.store import TraceStore, timestamp
from rag.types import Answer

_log = logging.getLogger(__name__)

_WAITING = 1000  # traces, some tens of kilobytes each with text
_AT_ONCE = 100  # in one transaction
_STORED_S = 5.0  # within which a trace that waits is stored


class Traces:
    """Traces, stored in the background. Any thread may call; `start` and `close` once each. `lost` is called for each
    trace that could not be kept."""

    def __init__(self, settings: Settings, lost: Callable[[], None], state: Database | None = None) -> None:
        self._keeps = settings.traces > 0
        self._text = settings.trace_text
        self._store = TraceStore(state or settings.indexes_dir, settings.traces, settings.trace_days)
        self._lost = lost
        self._queue: queue.Queue[TraceJSON | None] = queue.Queue(_WAITING)  # None ends the thread
        self._pending: dict[str, TraceJSON] = {}
        self._changed = threading.Condition()  # of `_pending`
        self._thread = threading.Thread(target=self._work, name="traces", daemon=True)

    def start(self) -> None:
        """Start the thread that stores."""
        self._thread.start()

    def keep(self, answer: Answer, trace: Trace) -> None:
        """Queue the trace of an answer; no effect if the setting `traces` is 0."""
        if not self._keeps:
            return
        created = timestamp(datetime.now(UTC))
        record = trace_json(
            answer, trace, created=created, version=__version__, request_id=request_id(), text=self._text
        )
        self._pending[answer.id] = record
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self._forget([record])
            _log.warning("too many traces wait to be stored: that of answer %s is lost", answer.id)

    def get(self, id: str) -> TraceJSON | None:
        """The trace of the answer of that id; None if none is kept. Raises `RagError` if the store cannot be read."""
        return self._pending.get(id) or self._store.get(id)

    def rate(self, id: str, rating: Rating | None) -> bool:
        """Note how a person judged an answer; False if no trace of it is kept. Raises `RagError` if the store cannot be
        written."""
        with self._changed:
            self._changed.wait_for(lambda: id not in self._pending, _STORED_S)
        return self._store.rate(id, rating)

    def rename(self, index: str, new: str) -> None:
        """Give the traces of an index the other name that it has now. Raises `RagError` if the store cannot be
        written."""
        self._wait_for(index)
        self._store.rename(index, new)

    def forget(self, index: str) -> None:
        """Delete the traces of an index that is no longer there. Raises `RagError` if the store cannot be written."""
        self._wait_for(index)
        self._store.forget(index)

    def _wait_for(self, index: str) -> None:
        """Wait until the traces of an index are stored."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(trace["index"]["name"] != index for trace in [*self._pending.values()]), _STORED_S
            )

    def close(self) -> None:
        """Store what waits, and end the thread."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        self._put([])  # removes what grew too old while nothing ran, or is over a limit that was lowered
        over = False
        while not over:
            batch = [self._queue.get()]
            while len(batch) < _AT_ONCE and not self._queue.empty():
                batch.append(self._queue.get())
            over = None in batch
            self._put([record for record in batch if record is not None])

    def _put(self, records: list[TraceJSON]) -> None:
        try:
            self._store.put(records)
        except RagError as exc:
            self._forget(records)
            lost = f"{len(records)} traces are lost: " if records else ""
            _log.warning("%s%s", lost, exc)
        except Exception:  # the thread must not end: those that wait would be kept for ever
            self._forget(records)
            _log.exception("%d traces are lost", len(records))
        with self._changed:
            for record in records:
                self._pending.pop(record["id"], None)
            self._changed.notify_all()

    def _forget(self, records: list[TraceJSON]) -> None:
        for record in records:
            self._pending.pop(record["id"], None)
            self._lost()
