"""Stored traces of answers: in one SQLite file beside the indexes or in a shared database, limited in number and age.

In: `TraceJSON`, several at a time. Out: one by its id, or all of an index. Traces beyond the number or the age are
deleted with each `put` (in a file also overwritten: SQLite's `secure_delete`), and are not found from the moment they
are too old. Any number of processes may write: each waits for the others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from rag.serialise import to_json
from rag.state.database import METADATA, Database, file_database
from rag.state.files import service_file
from rag.traces.record import Rating, TraceJSON

FILE = "answers.sqlite"
_sorted = Text().with_variant(Text(collation="C"), "postgresql")  # sorted by code point, as a timestamp must be
_answers = Table(
    "answers",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("created", _sorted, nullable=False),
    Column("library", Text, nullable=False),
    Column("record", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("answers_by_age", _answers.c.created)


class TraceStore:
    """The newest traces in a folder or a database: `most` of them (0: none), for `days` days. All methods raise
    `RagError`."""

    def __init__(self, where: Path | Database, most: int, days: float) -> None:
        self._file = service_file(where, FILE) if isinstance(where, Path) else None
        self._database = (
            where if isinstance(where, Database) else file_database(service_file(where, FILE), "stored answers")
        )
        self._most = most
        self._days = timedelta(days=days)

    def put(self, traces: Sequence[TraceJSON]) -> None:
        """Store traces in one transaction, and delete those in excess, new or old. The file is made when it is
        needed."""
        if not (traces and self._most) and self._absent():
            return
        rows = {trace["id"]: _row(trace) for trace in traces}
        newest = select(_answers.c.number).order_by(_answers.c.number.desc()).limit(1).offset(self._most)
        with self._database.begin(_answers) as connection:
            self._database.lock(connection)
            connection.execute(delete(_answers).where(_answers.c.id.in_(rows)))
            if rows:
                connection.execute(insert(_answers), list(rows.values()))
            connection.execute(delete(_answers).where(_answers.c.created < self._oldest()))
            connection.execute(delete(_answers).where(_answers.c.number <= newest.scalar_subquery()))

    def get(self, id: str) -> TraceJSON | None:
        """The trace of that id; None if there is none, or no longer."""
        printable = id.isascii() and id.isprintable()  # PostgreSQL refuses a zero byte and half a surrogate pair
        return next(iter(self._records(_answers.c.id == id)), None) if printable else None

    def rate(self, id: str, rating: Rating | None) -> bool:
        """Note how a person judged the answer, in its trace; null takes it back. False if there is no such trace."""
        found = self.get(id)
        if found is None:
            return False
        record = to_json({**found, "rating": rating}).decode()
        with self._database.begin(_answers) as connection:
            self._database.lock(connection)
            return connection.execute(update(_answers).where(_answers.c.id == id).values(record=record)).rowcount > 0

    def rename(self, index: str, new: str) -> None:
        """Give the traces of an index the other name that it has now."""
        for trace in self.all(index):
            record = to_json({**trace, "index": {**trace["index"], "name": new}}).decode()
            with self._database.begin(_answers) as connection:
                self._database.lock(connection)
                of_it = update(_answers).where(_answers.c.id == trace["id"])
                connection.execute(of_it.values(library=new, record=record))
        self.forget(index)  # those that are too old to be read

    def forget(self, index: str) -> None:
        """Delete the traces of an index that is no longer there."""
        if self._absent():
            return
        with self._database.begin(_answers) as connection:
            self._database.lock(connection)
            connection.execute(delete(_answers).where(_answers.c.library == index))

    def all(self, index: str) -> list[TraceJSON]:
        """The traces of one index, oldest first."""
        return self._records(_answers.c.library == index)

    def _records(self, condition: ColumnElement[bool]) -> list[TraceJSON]:
        if self._absent():
            return []
        young = _answers.c.created >= self._oldest()
        query = select(_answers.c.record).where(condition, young).order_by(_answers.c.number)
        with self._database.begin(_answers) as connection:
            records: list[TraceJSON] = [json.loads(record) for record in connection.scalars(query)]
        for record in records:
            record.setdefault("rating", None)  # those of earlier versions have none
        return records

    def _absent(self) -> bool:
        return self._file is not None and not self._file.exists()

    def _oldest(self) -> str:
        return timestamp(datetime.now(UTC) - self._days)


def _row(trace: TraceJSON) -> dict[str, str]:
    record = to_json(trace).decode()
    return {"id": trace["id"], "created": trace["created"], "library": trace["index"]["name"], "record": record}


def timestamp(moment: datetime) -> str:
    """The moment as text that sorts by time: 2024-03-31T12:00:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
