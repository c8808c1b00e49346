"""Parts of uvicorn that `api/server` and `api/observing/logs.py` use and that its documentation does not promise.

A newer uvicorn may rename any of them without notice, so `pyproject.toml` bounds its version. These tests tell in one
line what a version lacks.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable

import uvicorn
from uvicorn.config import LOGGING_CONFIG
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

METHODS = {
    H11Protocol: {
        "connection_made": ["self", "transport"],
        "connection_lost": ["self", "exc"],
        "on_response_complete": ["self"],
        "pause_writing": ["self"],
        "resume_writing": ["self"],
    },
    uvicorn.Server: {"handle_exit": ["self", "sig", "frame"], "on_tick": ["self", "counter"]},
}


async def _no_application(scope: object, receive: object, send: object) -> None:
    raise AssertionError("no request is made")


def _takes(method: Callable[..., object] | None, parameters: list[str]) -> bool:
    """Names are not compared: sse-starlette, if it was imported, stands before `handle_exit` with `*args`."""
    if method is None:
        return False
    try:
        inspect.signature(method).bind(*parameters)
    except TypeError:
        return False
    return True


def _missing() -> list[str]:
    config = uvicorn.Config(_no_application, log_config=None)
    loop = asyncio.new_event_loop()
    try:
        protocol = H11Protocol(config=config, server_state=ServerState(), app_state={}, _loop=loop)
    finally:
        loop.close()
    missing = []
    for owner, methods in METHODS.items():
        for name, parameters in methods.items():
            if not _takes(getattr(owner, name, None), parameters):
                missing.append(f"{owner.__name__}.{name}({', '.join(parameters)})")
    server = uvicorn.Server(config)
    for holder, names in (
        (protocol, ("loop", "cycle", "transport")),
        (server, ("should_exit", "started", "config")),
        (config, ("timeout_graceful_shutdown",)),
    ):
        missing += [f"{type(holder).__name__}.{name}" for name in names if not hasattr(holder, name)]
    if "self.response_complete" not in inspect.getsource(RequestResponseCycle):
        missing.append("RequestResponseCycle.response_complete")
    if "on_tick" not in inspect.getsource(uvicorn.Server.main_loop):
        missing.append("Server.main_loop, which calls on_tick")
    return missing


def test_the_parts_that_the_server_overrides_are_there() -> None:
    missing = _missing()
    assert not missing, f"uvicorn {uvicorn.__version__} lacks what api/server uses: {', '.join(missing)}"


def test_the_logging_configuration_has_the_form_that_is_extended() -> None:
    held = {"formatters": {"default"}, "handlers": {"default"}, "loggers": {"uvicorn"}}
    missing = [f"{part}.{name}" for part, names in held.items() for name in names - set(LOGGING_CONFIG.get(part, ()))]
    assert not missing, f"uvicorn {uvicorn.__version__}: LOGGING_CONFIG lacks {', '.join(missing)}"
