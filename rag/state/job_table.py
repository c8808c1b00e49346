"""Jobs of uploads in a database that several services share, so that each can report on all.

In: the JSON of a job, whenever it changes. Out: the same by its id. The newest are kept, up to a number. Does not
hold the files that wait: they are on the disk of the service that took them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Table, Text, delete, insert, select, update

from rag.state.database import METADATA, Database

_jobs = Table(
    "jobs",
    METADATA,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("record", Text, nullable=False),
)


class JobTable:
    """The newest `most` jobs. All methods raise `StateUnavailable` while the database cannot be used."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most

    def put(self, id: str, record: str) -> None:
        """Store the record of a job in place of its earlier one, if any; jobs beyond the newest `most` are deleted."""
        with self._database.begin(_jobs) as connection:
            if connection.execute(update(_jobs).where(_jobs.c.id == id).values(record=record)).rowcount:
                return
            self._database.lock(connection)
            connection.execute(insert(_jobs).values(id=id, record=record))
            newest = select(_jobs.c.number).order_by(_jobs.c.number.desc()).limit(1).offset(self._most)
            connection.execute(delete(_jobs).where(_jobs.c.number <= newest.scalar_subquery()))

    def get(self, id: str) -> str | None:
        """The record of a job; None if no job has that id, or it was deleted."""
        with self._database.begin(_jobs) as connection:
            return connection.scalar(select(_jobs.c.record).where(_jobs.c.id == id))
