"""A connection to a Ray cluster, or to one that is started on this machine for as long as it is needed.

In: an address, or none. Out: a connected Ray, and a check that the cluster is still there. Ray tries for minutes to
reach a cluster that is not there, and ends the whole process a minute after it lost one; here both are errors within
seconds. Does not handle: `ray://` addresses. The program runs on a machine of the cluster, as Ray requires of a
program that starts work.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from rag.errors import InputError, RagError

CONNECT_S = 5.0  # until a cluster's port answers
TRY_S = 45.0  # until it has let a first process in, which takes two seconds
GONE_S = 10.0  # without an answer, after which a cluster counts as gone
_LOOK_S = 2.0  # how often that is asked
_STORE_BYTES = 512 << 20  # of shared memory, for data in transit; what does not fit goes to the disk
_LONGEST_FOLDER = 40  # bytes: Ray adds 64 for its sockets, whose names may have 107
_QUIET = {"log_to_driver": False, "logging_level": "CRITICAL"}
_TRY = """
import sys, ray
try:
    ray.init(sys.argv[1], log_to_driver=False, logging_level="CRITICAL")
except Exception as exc:
    causes = [exc, exc.__cause__, exc.__context__]
    print(" ".join(" ".join(map(str, filter(None, causes))).split()))
    sys.exit(1)
"""


class Cluster:
    """A Ray cluster that this process is connected to."""

    def __init__(self, ray: Any, address: str, raylet: str) -> None:
        """`raylet` is the socket of Ray's process on this machine, without which its library ends this one."""
        self.ray = ray
        self.address = address
        self._raylet = raylet
        self._seen = self._looked = time.monotonic()

    def check(self) -> None:
        """Ask, now and then only, if the cluster answers. Raises `RagError` if it has not for `GONE_S` seconds."""
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        if _answers(self.address, _LOOK_S) and _listens(self._raylet):
            self._seen = now
        elif now - self._seen > GONE_S:
            raise self.gone("it has not answered")

    def gone(self, why: str) -> RagError:
        """The error that names the cluster, the reason and the remedy."""
        return RagError(
            f"the Ray cluster at {self.address} is gone ({why}): what was committed stays; "
            "run the same command again when it is back, or without --ray"
        )


@contextlib.contextmanager
def connected(address: str | None, workers: int) -> Iterator[Cluster]:
    """Connect to the cluster at `HOST:PORT`, or to one of `workers` processors that is started here and ended
    afterwards.

    What Ray prints meanwhile about its processes is discarded. Raises `RagError` with the remedy.
    """
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError as exc:
        raise RagError(f"Ray is not installed here ({exc}): pip install 'rag-cited[ray]'") from exc
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
        if address is None:
            found = stack.enter_context(_local(ray, workers))
        else:
            _try(checked_host_port(address))
            found = _init(ray, address, f"the Ray cluster at {address} cannot be used")
            stack.callback(ray.shutdown)
        yield Cluster(ray, found["gcs_address"], found["raylet_socket_name"])


def checked_host_port(address: str) -> str:
    """The address. Raises `InputError` for anything but `HOST:PORT`."""
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65_536) or "/" in host:
        raise InputError(
            f"{address!r} is no address of a Ray cluster: give HOST:PORT, such as 10.0.0.5:6379; "
            "for workers on this machine put --ray behind the paths, without an address",
            "ray",
        )
    return address


@contextlib.contextmanager
def _local(ray: Any, workers: int) -> Iterator[dict[str, str]]:
    """Start a cluster here and end it afterwards. Whoever may speak to Ray may run code: Ray asks for a token by
    itself, and takes the one that is made here."""
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "RAY_AUTH_TOKEN": _token(),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    with tempfile.TemporaryDirectory(prefix="rag-", dir=_short_folder(), ignore_cleanup_errors=True) as folder:
        with _environment(environment):
            own = {"num_cpus": workers, "object_store_memory": _STORE_BYTES, "_temp_dir": folder}
            found = _init(ray, "local", "Ray cannot be started here", include_dashboard=False, **own)
        try:
            yield found
        finally:
            ray.shutdown()


def _init(ray: Any, address: str, failing: str, **more: Any) -> dict[str, str]:
    """Connect; returns the addresses that the cluster really has. Raises `RagError`, which begins with `failing`."""
    try:
        return dict(ray.init(address, **_QUIET, **more).address_info)
    except Exception as exc:  # Ray raises errors of every kind here
        ray.shutdown()
        raise RagError(f"{failing}: {_one_line(str(exc) or type(exc).__name__)}") from exc


def _try(address: str) -> None:
    """Connect in a process of its own first, which can be ended if it takes too long."""
    if not _answers(address, CONNECT_S):
        raise RagError(
            f"no Ray cluster answers at {address} within {CONNECT_S:g} s: start one with `ray start --head`, "
            "or leave the address out for workers on this machine"
        )
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _TRY, address], capture_output=True, text=True, timeout=TRY_S
        )
    except subprocess.TimeoutExpired as exc:
        raise RagError(f"what answers at {address} is no Ray cluster that lets one in within {TRY_S:g} s") from exc
    if done.returncode:
        said = done.stdout.strip() or (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise RagError(
            f"the Ray cluster at {address} cannot be used: {_one_line(said)} (all machines need the same versions of "
            "Python, Ray and rag, and this one must be part of the cluster: `ray start --address`)"
        )


def _answers(address: str, seconds: float) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), seconds).close()
    except OSError:
        return False
    return True


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_LOOK_S)
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def _short_folder() -> str:
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) + len("/rag-12345678") <= _LONGEST_FOLDER else "/tmp"


@cache
def _token() -> str:
    """The token of this process; Ray reads it once."""
    return os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)


@contextlib.contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:  # also of what Ray has set
        os.environ.clear()
        os.environ.update(before)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:400]
