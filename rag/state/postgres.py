"""The address of a PostgreSQL server -> a `Database` on it.

In: `postgresql://USER:PASSWORD@HOST/DATABASE`. Out: a pool of connections by pg8000, which are tested before they are
used. Nothing waits longer than `TIMEOUT_S` for the server to accept one, or for a reply. Messages do not contain the
password.
"""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, cast

from sqlalchemy import URL, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import QueuePool

from rag.errors import InputError, RagError
from rag.state.database import SCHEMA, Database

TIMEOUT_S = 3.0
_POOL = 4  # connections that are kept; as many more may be open at once
_QUERY = {"sslmode", "sslrootcert", "unix_sock"}
_EXAMPLE = "postgresql://USER:PASSWORD@HOST/DATABASE"


def server_database(address: str) -> Database:
    """The database at an address. Connects to nothing yet. Raises `InputError` for what is no address, `RagError` if
    the driver is missing."""
    url = _parsed(address)
    engine = _engine(url, _tls(url))
    event.listen(engine, "do_connect", partial(_connect, cast("str | None", url.query.get("unix_sock"))))
    event.listen(engine, "checkout", _alive)
    logging.getLogger(f"{QueuePool.__module__}.QueuePool.{SCHEMA}").setLevel(logging.CRITICAL)  # our messages report it
    return Database(engine, f"the database {url.set(query={}).render_as_string(hide_password=True)}")


def _parsed(address: str) -> URL:
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
    return url


def _engine(url: URL, tls: ssl.SSLContext | bool | None) -> Engine:
    try:
        return create_engine(
            url.set(drivername="postgresql+pg8000", query={}),
            pool_size=_POOL,
            max_overflow=_POOL,
            pool_timeout=TIMEOUT_S,
            pool_logging_name=SCHEMA,
            connect_args={"ssl_context": tls},
            hide_parameters=True,
        )
    except ImportError as exc:
        raise RagError("setting 'state_uri' needs the driver of PostgreSQL: pip install 'rag-cited[postgres]'") from exc


def _connect(unix_sock: str | None, dialect: Dialect, _: object, args: list[Any], options: dict[str, Any]) -> Any:
    """Connect through a socket made here, to be closed if the server refuses or says nothing; pg8000 leaves its own
    open then."""
    if unix_sock is None:
        channel = socket.create_connection((options.get("host", "localhost"), options.get("port", 5432)), TIMEOUT_S)
    else:
        channel = socket.socket(socket.AF_UNIX)
    with ExitStack() as failed:
        failed.enter_context(channel)
        failed.callback(_hang_up, channel)
        if unix_sock is not None:
            channel.settimeout(TIMEOUT_S)
            channel.connect(unix_sock)
        connection = dialect.loaded_dbapi.Connection(*args, **options, sock=channel)
        failed.pop_all()
        return connection


def _hang_up(channel: socket.socket) -> None:
    """Shut the socket down at once; closing alone waits for the file object that pg8000 made of it."""
    with suppress(OSError):
        channel.shutdown(socket.SHUT_RDWR)


def _alive(connection: Any, *_: object) -> None:
    """Test a pooled connection. The `pool_pre_ping` of SQLAlchemy does not expect the `OSError` that pg8000 raises for
    a connection that was reset."""
    try:
        connection.run("SELECT 1")
        connection.rollback()
    except Exception as exc:
        raise InvalidatePoolError() from exc  # the pool makes a new one


def _tls(url: URL) -> ssl.SSLContext | bool | None:
    """The TLS setting for `sslmode`, as the clients of PostgreSQL name it. Default: encrypted if the server can,
    unchecked."""
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
