"""A database -> transactions in it; makes its tables when they are first needed, and translates its errors.

In: an engine of SQLAlchemy, for an SQLite file (`file_database`) or a PostgreSQL server (`rag.state.postgres`). Out:
transactions, in which each store runs its own statements, the same ones on both. Does not know what is kept.

SQLite stays in its own journal mode: processes wait for each other while they write, which they do not while a file
changes to WAL. A connection is opened for each transaction. While a server is away, callers are told at once; whatever
made it unusable, the next try after `REST_S` finds it again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, MetaData, Table, create_engine, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateSchema, CreateTable

from rag.errors import RagError, StateUnavailable

REST_S = 1.0  # after which an unusable server is tried again
_BUSY_S = 10.0  # how long one process waits for another that writes the SQLite file
_LOCK = 0x726167  # "rag": the advisory lock of those who make tables or write
_IDLE = "SET idle_in_transaction_session_timeout = '10s'"  # a service that hangs must not block others
SCHEMA = "rag"
METADATA = MetaData(schema=SCHEMA)  # SQLite has no schemas: there it is left out


class Database:
    """A database, for any thread. `place` names it in messages, without a password."""

    def __init__(self, engine: Engine, place: str, file: Path | None = None) -> None:
        self.place = place
        self._engine = engine
        self._file = file
        self._down: tuple[float, str] | None = None  # until when, and why
        self.tell: Callable[[str], None] = lambda line: None  # is called when a server goes away and when it is back

    @contextmanager
    def begin(self, table: Table) -> Iterator[Connection]:
        """A transaction in which `table` exists. Raises `StateUnavailable` for a server, `RagError` for a file."""
        down = self._down
        if down and time.monotonic() < down[0]:
            raise StateUnavailable(down[1])
        try:
            with self._connected(table) as connection, connection.begin():
                yield connection
        except (SQLAlchemyError, OSError) as exc:
            raise self._unusable(exc) from exc

    @contextmanager
    def _connected(self, table: Table) -> Iterator[Connection]:
        with ExitStack() as stack:
            try:
                if self._file:
                    _make_private(self._file)
                connection = stack.enter_context(self._engine.connect())
                self._make(connection, table)
            except Exception as exc:  # if the server is no PostgreSQL at all, drivers fail in any way
                raise self._rested(self._unusable(exc)) from exc
            self._back()
            try:
                yield connection
            except (SQLAlchemyError, OSError):  # whatever it was, older connections are not used again
                connection.invalidate()
                self._engine.dispose()
                raise

    def _rested(self, error: RagError) -> RagError:
        if not self._file:
            if self._down is None:
                self.tell(str(error))
            self._down = (time.monotonic() + REST_S, str(error))
        return error

    def _back(self) -> None:
        if self._down is not None:
            self._down = None
            self.tell(f"{self.place} can be used again")

    def lock(self, connection: Connection) -> None:
        """Take the writers' lock; others that ask for it wait until the transaction ends. SQLite has one writer
        anyway."""
        if not self._file:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    def close(self) -> None:
        """Close all idle connections."""
        self._engine.dispose()

    def _make(self, connection: Connection, table: Table) -> None:
        """Make the table, once for each connection."""
        made = connection.info.setdefault("made", set())
        if table.name not in made:
            with connection.begin():
                self._make_in_file(connection, table) if self._file else self._make_on_server(connection, table)
            made.add(table.name)

    def _make_in_file(self, connection: Connection, table: Table) -> None:
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
        connection.execute(CreateTable(table, if_not_exists=True))  # a reader may come between the file and its table
        for index in table.indexes:
            connection.execute(CreateIndex(index, if_not_exists=True))

    def _make_on_server(self, connection: Connection, table: Table) -> None:
        """Make the table if it is missing. `IF NOT EXISTS` would need the right to create even then, and fails if two
        create it at once."""
        connection.exec_driver_sql(_IDLE)
        if inspect(connection).has_table(table.name, schema=SCHEMA):
            return
        self.lock(connection)
        if not inspect(connection).has_schema(SCHEMA):
            connection.execute(CreateSchema(SCHEMA))
        table.create(connection, checkfirst=True)

    def _unusable(self, error: Exception) -> RagError:
        if self._file:
            return RagError(f"{self.place} cannot be used: {_reason(error)}")
        return StateUnavailable(
            f"{self.place} cannot be used ({_reason(error)}): see that it runs, or correct the setting 'state_uri'"
        )


def file_database(path: Path, what: str) -> Database:
    """The database in an SQLite file, which is made when it is first used; `what` names its content in messages."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"timeout": _BUSY_S},
        execution_options={"schema_translate_map": {SCHEMA: None}},
        hide_parameters=True,
    )
    return Database(engine, f"the {what} in {path}", path)


def _make_private(file: Path) -> None:
    """Make the file, empty, if it is missing: readable by its owner only, as SQLite's own journal then is."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _reason(error: Exception) -> str:
    """The error in one line, without the SQL statement: that is internal, and its values are the stored data."""
    cause: object = getattr(error, "orig", None) or error
    fields = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    text = fields["M"] if isinstance(fields, dict) and "M" in fields else str(cause)  # the server's own message
    text = cause.strerror or text if isinstance(cause, OSError) else text
    return " ".join(str(text).split()) or type(cause).__name__
