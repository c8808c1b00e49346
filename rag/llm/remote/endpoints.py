"""The setting `model` as addresses -> endpoints, in the order in which they are to be tried (no I/O).

An endpoint that failed is left out for some seconds: it is tried last. One that said when to come back (`Retry-After`)
is not tried before. Used by one thread, that of `rag.llm.remote.model`.
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

LEFT_OUT_S = 10.0  # a failed endpoint is tried last for so long
_SIGN_S = 5.0  # an endpoint that sent something so short a time ago is there, and need not be asked
_FORM = "give it as http://HOST:PORT/v1 or http://HOST:PORT/v1#MODEL, several with commas between them"


class Failed(Exception):
    """What came from an endpoint instead of an answer, as the end of a line that begins with its address."""

    def __init__(
        self, what: str, *, status: int | None = None, passing: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(what)
        self.status = status
        self.passing = passing  # may be over in some seconds
        self.retry_after = retry_after  # seconds, where the server said so


@dataclass(slots=True, eq=False)
class Endpoint:
    """An OpenAI-compatible server, and what is known of it."""

    url: str  # without a slash at the end, and without credentials
    given: str | None  # the model's name, where the setting has it
    found: str | None = None  # ... where the server told it
    grammar: bool = True  # whether it takes requests with a grammar
    left_out_until: float = 0.0  # of time.monotonic, as the next two
    not_before: float = 0.0
    sign_at: float = float("-inf")  # when it last sent something of use

    @property
    def model(self) -> str | None:
        return self.given or self.found

    @property
    def well(self) -> bool:
        """Whether it is known to answer, without asking it."""
        return time.monotonic() - self.sign_at < _SIGN_S

    def answered(self) -> None:
        self.sign_at, self.left_out_until, self.not_before = time.monotonic(), 0.0, 0.0

    def failed(self, error: Failed) -> None:
        """After a restart it may serve another model, so that its name is asked for again."""
        now = time.monotonic()
        self.sign_at, self.found = float("-inf"), None
        self.left_out_until = now + LEFT_OUT_S
        self.not_before = now + (error.retry_after or 0.0)


class Round(NamedTuple):
    """What to try next: nothing before `wait` seconds (>= 0) have passed, then these, in order."""

    wait: float
    endpoints: list[Endpoint]


def is_address(model: str) -> bool:
    """Whether the setting `model` names servers, not a file."""
    return model.lower().startswith(("http://", "https://"))


def parse_endpoints(model: str) -> list[Endpoint]:
    """Raises `InputError`, which does not repeat what may be a secret."""
    return [_endpoint(part.strip()) for part in model.split(",") if part.strip()]


def next_round(endpoints: Sequence[Endpoint], pause: float) -> Round:
    """`pause`: seconds to wait where no server asked for more."""
    now = time.monotonic()
    wait = max(pause, min(endpoint.not_before for endpoint in endpoints) - now)
    ready = [endpoint for endpoint in endpoints if endpoint.not_before <= now + wait]
    return Round(wait, sorted(ready, key=lambda endpoint: max(endpoint.left_out_until, now)))


def short_name(model: str) -> str:
    """Some servers name a model by the path of its file.

    >>> short_name("/models/qwen.gguf"), short_name("Qwen/Qwen2.5-7B-Instruct")
    ('qwen', 'Qwen/Qwen2.5-7B-Instruct')
    """
    return PurePosixPath(model).name.removesuffix(".gguf") if model.startswith("/") else model


def seconds_of(value: str | None) -> float | None:
    """Of a `Retry-After`: seconds or a date, as RFC 9110 has it; None for anything else."""
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
    if not is_address(address) or not host or port == 0:
        raise InputError(f"{address!r} is no address of a model server: {_FORM}", "model")
    return Endpoint(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", unquote(parts.fragment) or None)
