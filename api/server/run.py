"""An application on an address, until a signal: uvicorn, with a socket that is bound before anything is loaded.

A taken port is thus one line at once, not a traceback after the models. On SIGINT or SIGTERM no new question is begun,
and those under way get the grace to finish (`api.server.draining`). Does no TLS; `api.middleware.access` decides who is
served.
"""

from __future__ import annotations

import errno
import ipaddress
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI

from api.observing.logs import LogFormat, log_config
from api.server.connection import LONGEST_HEAD, Connection
from api.server.draining import DrainingServer
from rag.errors import RagError
from rag.memory import few_arenas

_log = logging.getLogger(__name__)

BACKLOG = 2048  # uvicorn's own


def run_server(
    host: str, port: int, make_app: Callable[[], FastAPI], log_format: LogFormat = "text", guarded: bool = False
) -> None:
    """Serve the application until a signal. `guarded` tells that only callers with an API key are served. Raises
    `RagError` if the address cannot be listened on."""
    few_arenas()
    with listen(host, port) as listener, _sigterm_like_sigint(), suppress(KeyboardInterrupt):
        app = make_app()
        config = configured(app, log_config(log_format))
        address, port = listener.getsockname()[:2]
        _log.info("listening on http://%s:%d (Ctrl-C stops it)", f"[{address}]" if ":" in address else address, port)
        if not guarded and not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            _log.warning(
                "%s is no loopback address, and there is no authentication: all who reach it can read", address
            )
        DrainingServer(config, app.state.drain, app.state.served.settings.grace_seconds).run(sockets=[listener])


def configured(app: FastAPI, log: dict[str, Any] | None) -> uvicorn.Config:
    """The configuration of uvicorn for an application."""
    return uvicorn.Config(
        app,
        loop="asyncio",  # whose transports `api.server.connection` tells how much to read at once
        http=Connection,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        log_config=log,
        access_log=False,  # `api.middleware.requests` writes the line
        server_header=False,
        lifespan="on",
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound and listens, so that connections wait until the application has started. Raises `RagError`
    if the address cannot be listened on."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as exc:
        raise RagError(f"{host} is not an address of this machine: choose another with --host") from exc
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)  # if a name has both, most clients try IPv4 too
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait out old connections
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as exc:
        listener.close()
        raise RagError(_why_not(exc, host, port)) from exc
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{host}:{port} is in use by another program: stop that, or choose another port with --port"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{host}:{port} is not for this user to listen on: choose a port from 1024 up with --port"
    return f"cannot listen on {host}:{port} ({error.strerror}): choose another address with --host or --port"


@contextmanager
def _sigterm_like_sigint() -> Iterator[None]:
    """Handle SIGTERM as SIGINT: uvicorn raises the signal that stopped it again, and `KeyboardInterrupt` is caught."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
