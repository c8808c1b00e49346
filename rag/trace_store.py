"""Traces of answers on disk: one SQLite file beside the indexes, the newest of them, for so many days.

In: `TraceJSON`, several at a time. Out: one by its id, or all of an index. What is over the number or the age is
deleted with each `put` (and overwritten: SQLite's `secure_delete`), and is not found from the moment it is too old.
Any number of processes may write: each waits for the others, which SQLite does in its own journal mode, but not while
a file changes to WAL. A connection is opened for each call: calls are rare and off the way to an answer.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rag.errors import RagError
from rag.serialise import to_json
from rag.trace_record import TraceJSON

FILE = "answers.sqlite"
_BUSY_S = 10.0  # how long one process waits for another that writes
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created TEXT NOT NULL, library TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_by_age ON answers (created);
"""


class TraceStore:
    """In the folder `indexes_dir`; `most` traces (0: none) for `days` days. All methods raise `RagError`."""

    def __init__(self, indexes_dir: Path, most: int, days: float) -> None:
        self._path = indexes_dir / FILE
        self._most = most
        self._days = timedelta(days=days)

    def put(self, traces: Sequence[TraceJSON]) -> None:
        """In one transaction; those in excess, of these or of older ones, are deleted. The file is made when needed."""
        if not (traces and self._most) and not self._path.exists():
            return
        rows = [(trace["id"], trace["created"], trace["index"]["name"], to_json(trace).decode()) for trace in traces]
        with self._connection() as connection, connection:
            connection.executemany(
                "INSERT OR REPLACE INTO answers (id, created, library, record) VALUES (?, ?, ?, ?)", rows
            )
            connection.execute("DELETE FROM answers WHERE created < ?", (self._oldest(),))
            connection.execute(
                "DELETE FROM answers WHERE number <= "
                "(SELECT number FROM answers ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (self._most,),
            )

    def get(self, id: str) -> TraceJSON | None:
        """None where there is none of that id, or no longer."""
        return next(self._records("WHERE id = ? AND created >= ?", id, self._oldest()), None)

    def all(self, index: str) -> list[TraceJSON]:
        """Of one index, oldest first."""
        return list(self._records("WHERE library = ? AND created >= ? ORDER BY number", index, self._oldest()))

    def _records(self, condition: str, *values: str) -> Iterator[TraceJSON]:
        if not self._path.exists():
            return
        with self._connection() as connection:
            for (record,) in connection.execute(f"SELECT record FROM answers {condition}", values):
                yield json.loads(record)

    def _oldest(self) -> str:
        return timestamp(datetime.now(UTC) - self._days)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=_BUSY_S)
            connection.execute("PRAGMA secure_delete=ON")
            connection.executescript(_SCHEMA)  # whoever comes first; a reader may come between the file and its table
            yield connection
        except (sqlite3.Error, OSError) as exc:
            raise RagError(f"the stored answers in {self._path} cannot be used: {exc}") from exc
        finally:
            if connection is not None:
                connection.close()


def timestamp(moment: datetime) -> str:
    """As text that sorts by time: 2024-03-31T12:00:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
