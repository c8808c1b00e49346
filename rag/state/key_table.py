"""API keys in a database that several services share: what `rag.state.keys` says of a file holds here.

In: `Database`. Out: `Key`s. Each request of a service asks for its key, so one that is revoked anywhere ends at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from sqlalchemy import BigInteger, Column, Identity, Table, Text, delete, insert, or_, select

from rag.errors import RagError
from rag.state.database import METADATA, Database
from rag.state.keys import Key, KeyRing, parse_key

_keys = Table(
    "keys",
    METADATA,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("record", Text, nullable=False),
)


class SharedKeys(KeyRing):
    """API keys in a shared database. All methods raise `StateUnavailable` while it cannot be used."""

    waits = True

    def __init__(self, database: Database) -> None:
        self._database = database
        self.place = database.place

    def all(self) -> list[Key]:
        """The keys, in the order in which they were made. Raises `RagError` if a row is no key."""
        with self._database.begin(_keys) as connection:
            return list(self._parsed(connection.scalars(select(_keys.c.record).order_by(_keys.c.number))))

    def _one(self, ident: str) -> Key | None:
        with self._database.begin(_keys) as connection:
            found = connection.scalars(select(_keys.c.record).where(_keys.c.id == ident)).all()
        return next(self._parsed(found), None)

    def _put(self, key: Key) -> bool:
        with self._database.begin(_keys) as connection:
            self._database.lock(connection)
            if connection.scalar(select(_keys.c.id).where(_keys.c.name == key.name)):
                return False
            connection.execute(insert(_keys).values(id=key.id, name=key.name, record=json.dumps(asdict(key))))
        return True

    def _take(self, which: str) -> Key | None:
        named = or_(_keys.c.id == which, _keys.c.name == which)
        with self._database.begin(_keys) as connection:
            self._database.lock(connection)
            found = next(connection.scalars(select(_keys.c.record).where(named).order_by(_keys.c.number)), None)
            key = next(self._parsed([found] if found else []), None)
            if key:
                connection.execute(delete(_keys).where(_keys.c.id == key.id))
        return key

    def _parsed(self, records: Iterable[str]) -> Iterator[Key]:
        for record in records:
            try:
                yield parse_key(json.loads(record))
            except (ValueError, TypeError, KeyError) as exc:
                raise RagError(
                    f"{self.place} has a row in rag.keys that is no key: remove it, and make a new key"
                ) from exc
