"""A database -> connections to it, with its tables made when they are first wanted, and its errors as ours.

In: the path of an SQLite file, or the address of a PostgreSQL server. Out: transactions of SQLAlchemy's, in which each
store runs its own statements, the same ones on both. Does not know what is kept.

SQLite stays in its own journal mode: processes wait for each other while they write, which they do not while a file
changes to WAL. A connection is opened for each transaction. PostgreSQL has a pool of connections that are tried before
they are used; nothing waits longer than `TIMEOUT_S` for a reply of it, and while it is away callers are told at once.
Whatever made it unusable, the next try after `REST_S` finds it again.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.schema import CreateIndex, CreateSchema, CreateTable

from rag.errors import InputError, RagError, StateUnavailable

_log = logging.getLogger(__name__)

TIMEOUT_S = 3.0  # for PostgreSQL to take a connection, and for each of its replies
REST_S = 1.0  # after which an unusable server is tried again
_BUSY_S = 10.0  # how long one process waits for another that writes the SQLite file
_POOL = 4  # connections that are kept, and as many more at once
_LOCK = 0x726167  # "rag": the advisory lock of those who make tables or write traces
_SCHEMA = "rag"
_QUERY = {"sslmode", "sslrootcert", "unix_sock"}
_EXAMPLE = "postgresql://USER:PASSWORD@HOST/DATABASE"
METADATA = MetaData(schema=_SCHEMA)  # SQLite has no schemas: there it is left out


class Database:
    """Made by `file_database` or `server_database`; any thread may call. `place` names it without a password."""

    def __init__(self, engine: Engine, place: str, file: Path | None = None) -> None:
        self.place = place
        self._engine = engine
        self._file = file
        self._down: tuple[float, str] | None = None  # until when, and why

    @contextmanager
    def begin(self, table: Table) -> Iterator[Connection]:
        """A transaction in which `table` is there. Raises `StateUnavailable`; for a file, `RagError`."""
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
                    self._file.parent.mkdir(parents=True, exist_ok=True)
                connection = stack.enter_context(self._engine.connect())
                self._make(connection, table)
            except (SQLAlchemyError, OSError) as exc:
                raise self._rested(self._unusable(exc)) from exc
            self._back()
            try:
                yield connection
            except (SQLAlchemyError, OSError):  # whatever it was: it is not met again on connections of before
                connection.invalidate()
                self._engine.dispose()
                raise

    def _rested(self, error: RagError) -> RagError:
        if not self._file:
            if self._down is None:
                _log.warning("%s", error)
            self._down = (time.monotonic() + REST_S, str(error))
        return error

    def _back(self) -> None:
        if self._down is not None:
            self._down = None
            _log.warning("%s can be used again", self.place)

    def lock(self, connection: Connection) -> None:
        """Until the transaction ends, others that ask for this wait. SQLite has one writer anyway."""
        if not self._file:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    def close(self) -> None:
        self._engine.dispose()

    def _make(self, connection: Connection, table: Table) -> None:
        """Once for each connection."""
        made = connection.info.setdefault("made", set())
        if table.name in made:
            return
        with connection.begin():
            if self._file:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
                connection.execute(CreateTable(table, if_not_exists=True))  # a reader may come between file and table
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))
            elif not inspect(connection).has_table(table.name, schema=_SCHEMA):
                self.lock(connection)
                if not inspect(connection).has_schema(
                    _SCHEMA
                ):  # asked first, since `IF NOT EXISTS` needs the right too
                    connection.execute(CreateSchema(_SCHEMA))
                table.create(connection, checkfirst=True)
        made.add(table.name)

    def _unusable(self, error: Exception) -> RagError:
        return (RagError if self._file else StateUnavailable)(f"{self.place} cannot be used: {_reason(error)}")


def file_database(path: Path, what: str) -> Database:
    """The SQLite file, made when it is first written to; `what` is in it."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"timeout": _BUSY_S},
        execution_options={"schema_translate_map": {_SCHEMA: None}},
        hide_parameters=True,
    )
    return Database(engine, f"the {what} in {path}", path)


def server_database(address: str) -> Database:
    """Connects to nothing yet. Raises `InputError` for what is no address, `RagError` where the driver is missing."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as exc:
        raise InputError(f"setting 'state_uri' is no address of a database: write {_EXAMPLE}", "state_uri") from exc
    if not url.username:
        raise InputError(f"setting 'state_uri' names no user: write {_EXAMPLE}", "state_uri")
    if url.drivername not in ("postgresql", "postgresql+pg8000"):
        raise InputError(
            f"setting 'state_uri': {url.drivername[:40]!r} is no database that keys and answers can be in: write "
            f"{_EXAMPLE}, or leave it out for files in the folder of indexes",
            "state_uri",
        )
    tls = _tls(url)
    shown = url.set(query={}).render_as_string(hide_password=True)
    try:
        engine = create_engine(
            url.set(drivername="postgresql+pg8000", query={}),
            pool_size=_POOL,
            max_overflow=_POOL,
            pool_timeout=TIMEOUT_S,
            pool_logging_name=_SCHEMA,
            connect_args={"ssl_context": tls},
            hide_parameters=True,
        )
    except ImportError as exc:
        raise RagError("setting 'state_uri' needs the driver of PostgreSQL: pip install 'rag[postgres]'") from exc
    event.listen(engine, "do_connect", partial(_connect, cast("str | None", url.query.get("unix_sock"))))
    event.listen(engine, "checkout", _alive)
    logging.getLogger(f"{QueuePool.__module__}.QueuePool.{_SCHEMA}").setLevel(logging.CRITICAL)  # our lines say it
    return Database(engine, f"the database {shown}")


def _connect(unix_sock: str | None, dialect: Dialect, _: object, args: list[Any], options: dict[str, Any]) -> Any:
    """With a socket of our own, which pg8000 leaves open where the server says nothing or refuses."""
    if unix_sock is None:
        channel = socket.create_connection((options.get("host", "localhost"), options.get("port", 5432)), TIMEOUT_S)
    else:
        channel = socket.socket(socket.AF_UNIX)
    with ExitStack() as failed:
        failed.enter_context(channel)
        if unix_sock is not None:
            channel.settimeout(TIMEOUT_S)
            channel.connect(unix_sock)
        connection = dialect.loaded_dbapi.Connection(*args, **options, sock=channel)
        failed.pop_all()
        return connection


def _alive(connection: Any, *_: object) -> None:
    """SQLAlchemy's own `pool_pre_ping` lets pass that pg8000 raises `OSError` for a connection that was reset."""
    try:
        connection.run("SELECT 1")
        connection.rollback()
    except Exception as exc:
        raise InvalidatePoolError() from exc  # and the pool makes a new one


def _tls(url: URL) -> ssl.SSLContext | bool | None:
    """`sslmode` as PostgreSQL's own clients name it; left out: encrypted where the server can, unchecked."""
    mode, roots = url.query.get("sslmode", "prefer"), url.query.get("sslrootcert")
    unchecked: dict[object, bool | None] = {"disable": False, "prefer": None, "require": True}
    known = all(isinstance(value, str) for value in url.query.values()) and set(url.query) <= _QUERY
    if not known or mode not in {*unchecked, "verify-full"} or (roots and mode != "verify-full"):
        raise InputError(
            "setting 'state_uri' may end with ?sslmode=disable, prefer, require or verify-full (with &sslrootcert=FILE "
            "for an authority of one's own), or with ?unix_sock=FILE",
            "state_uri",
        )
    if mode != "verify-full":
        return unchecked[mode]
    try:
        return ssl.create_default_context(cafile=str(roots) if roots else None)
    except OSError as exc:
        raise InputError(f"setting 'state_uri': sslrootcert={roots} cannot be read: {exc}", "state_uri") from exc


def _reason(error: Exception) -> str:
    """In one line, without the statement: it is ours, and its values are what is kept."""
    cause: object = getattr(error, "orig", None) or error
    fields = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    text = fields["M"] if isinstance(fields, dict) and "M" in fields else str(cause)  # the server's own message
    text = cause.strerror or text if isinstance(cause, OSError) else text
    return " ".join(str(text).split()) or type(cause).__name__
