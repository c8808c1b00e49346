"""The setting `model` as addresses -> endpoints, in the order in which they are to be tried (no I/O).

An endpoint that failed is tried last for some seconds, twice as long each time that it fails again. One that sent
`Retry-After` is not tried before that time. Used by one thread, that of `rag.llm.remote.model`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from rag.errors import InputError

LEFT_OUT_S = 10.0  # time for which a failed endpoint is tried last, at first
_LONGEST_OUT_S = 300.0
_SIGN_S = 5.0  # an endpoint that sent something within this time is up, and need not be asked
_FORM = "give it as http://HOST:PORT/v1 or http://HOST:PORT/v1#MODEL, several with commas between them"


class EndpointError(Exception):
    """A failure of an endpoint; its text completes a line that begins with the address: "sent an empty answer"."""

    def __init__(
        self, what: str, *, status: int | None = None, passing: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(what)
        self.status = status
        self.passing = passing  # may be gone in some seconds
        self.retry_after = retry_after  # seconds; None if the server did not say


@dataclass(slots=True, eq=False)
class Endpoint:
    """An OpenAI-compatible server, and its state as last seen."""

    url: str  # without a slash at the end, and without credentials
    given: str | None  # the model's name, if the setting has it
    found: str | None = None  # the model's name, as the server told it
    grammar: bool = True  # whether it takes requests with a grammar
    left_out_until: float = 0.0  # of time.monotonic, as the next two
    not_before: float = 0.0
    sign_at: float = float("-inf")  # time at which it last sent something of use
    failures: int = 0  # since it last answered

    @property
    def model(self) -> str | None:
        """The model's name; None as long as it is not known."""
        return self.given or self.found

    @property
    def well(self) -> bool:
        """True if it answered within the last seconds, so that it need not be asked."""
        return time.monotonic() - self.sign_at < _SIGN_S

    def answered(self) -> None:
        """Note that the server has just sent a piece of an answer."""
        self.sign_at, self.left_out_until, self.not_before = time.monotonic(), 0.0, 0.0
        self.failures = 0

    def reached(self) -> None:
        """Note that the server has just told what it serves. That is no answer: one that accepts everything and then
        hangs does so, too, and is tried last as before."""
        self.sign_at = time.monotonic()

    def failed(self, error: EndpointError) -> None:
        """Note a failure. The model's name is asked for again, since the server may serve another after a restart."""
        now = time.monotonic()
        self.sign_at, self.found = float("-inf"), None
        self.left_out_until = now + min(LEFT_OUT_S * 2**self.failures, _LONGEST_OUT_S)
        self.failures = min(self.failures + 1, 30)
        self.not_before = now + (error.retry_after or 0.0)


class Round(NamedTuple):
    """The endpoints to try next, in order, after `wait` seconds (>= 0)."""

    wait: float
    endpoints: list[Endpoint]


def names_servers(model: str) -> bool:
    """True if the setting `model` names servers, not a file."""
    return model.lower().startswith(("http://", "https://"))


def parse_endpoints(model: str) -> list[Endpoint]:
    """The endpoints of the setting `model`, in order. Raises `InputError`, which never repeats a possible secret."""
    return [_endpoint(part.strip()) for part in model.split(",") if part.strip()]


def next_round(endpoints: Sequence[Endpoint], pause: float) -> Round:
    """The next round of tries, after `pause` seconds, or later if every server asked for more."""
    now = time.monotonic()
    wait = max(pause, min(endpoint.not_before for endpoint in endpoints) - now)
    ready = [endpoint for endpoint in endpoints if endpoint.not_before <= now + wait]
    return Round(wait, sorted(ready, key=lambda endpoint: max(endpoint.left_out_until, now)))


def short_name(model: str) -> str:
    """The name of a model to show; some servers name a model by the path of its file.

    >>> short_name("/models/qwen.gguf"), short_name("Qwen/Qwen2.5-7B-Instruct")
    ('qwen', 'Qwen/Qwen2.5-7B-Instruct')
    """
    return PurePosixPath(model).name.removesuffix(".gguf") if model.startswith("/") else model


def seconds_of(value: str | None) -> float | None:
    """The seconds (>= 0) of a `Retry-After`, which is a number or a date (RFC 9110); None for anything else."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _endpoint(address: str) -> Endpoint:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise InputError(f"the address of a model server cannot be read: {_FORM}", "model") from exc
    if parts.username is not None or parts.password is not None or parts.query:
        raise InputError(
            f"the address of the model server {host} holds a name, a password or a query: set the key as RAG_MODEL_KEY "
            "(setting 'model_key'), where it is never printed",
            "model",
        )
    if not names_servers(address) or not host or port == 0:
        raise InputError(f"{address!r} is no address of a model server: {_FORM}", "model")
    return Endpoint(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", unquote(parts.fragment) or None)
