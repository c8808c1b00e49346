"""One request to an OpenAI-compatible server -> pieces of text, a model's name, or a number of tokens.

Anything else, be it a refused connection, a status, HTML, broken JSON or silence, is raised as `EndpointError`, which
describes it in a few words. Does not try again and knows no deadline: the caller cancels it, which closes the
connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2

from rag.llm.remote.endpoints import Endpoint, EndpointError, seconds_of

_PASSING = {429, 500, 502, 503, 504}
_CHARACTERS_A_TOKEN = 32  # at most, on average: a server that sends more ignores max_tokens
_READ_BYTES = 1 << 20  # of an answer that is read whole
_TOLD = 160  # characters of a server's own message that are repeated


async def write_request(
    client: httpx2.AsyncClient,
    endpoint: Endpoint,
    body: dict[str, Any],
    first_s: float,
    silence_s: float,
    put: Callable[[str], None],
) -> None:
    """Make a chat completion with `body`; each piece of text goes to `put`. A server that exceeds `max_tokens` is cut
    off there. Raises `EndpointError`, also for one that sends no text for `first_s`, or then for `silence_s`."""
    tokens, characters, over = 0, body["max_tokens"] * _CHARACTERS_A_TOKEN, False
    loop = asyncio.get_running_loop()
    async with _answer(client, endpoint, "POST", "/chat/completions", first_s, body) as (response, clock):
        async for event in httpx2.EventSource(response):
            if event.data.strip() == "[DONE]":
                break
            text, finished = _delta(event.data)
            over = over or finished
            if text:
                tokens, characters = tokens + 1, characters - len(text)
                put(text)
                clock.reschedule(loop.time() + silence_s)
            if tokens >= body["max_tokens"] or characters <= 0:
                over = True
                break
    if not over:
        raise EndpointError(
            "stopped in the middle of its answer" if tokens else "sent an empty answer", passing=not tokens
        )


async def served_models(client: httpx2.AsyncClient, endpoint: Endpoint, seconds: float) -> list[str]:
    """The names of the models that the endpoint serves. Raises `EndpointError`."""
    found = await _json(client, endpoint, "GET", "/models", seconds)
    try:
        return [str(entry["id"]) for entry in found["data"]]
    except (TypeError, KeyError, AttributeError):
        raise EndpointError("sent no list of models") from None


async def server_tokens(client: httpx2.AsyncClient, endpoint: Endpoint, text: str, seconds: float) -> int:
    """The number of tokens of `text`, if the server is llama-server or vLLM. Raises `EndpointError`, for others with
    status 404."""
    body = {"model": endpoint.model, "prompt": text, "content": text, "add_special_tokens": False}
    found = await _json(client, endpoint, "POST", "/tokenize", seconds, body, root=True)
    tokens = found.get("tokens") if isinstance(found, dict) else None
    if not isinstance(tokens, list):
        raise EndpointError("sent no tokens")
    return len(tokens)


@asynccontextmanager
async def _answer(
    client: httpx2.AsyncClient,
    endpoint: Endpoint,
    method: str,
    path: str,
    seconds: float,
    body: dict[str, Any] | None = None,
    root: bool = False,
) -> AsyncIterator[tuple[httpx2.Response, asyncio.Timeout]]:
    """A response with status 200 and the clock that bounds it; errors of the block are translated, too."""
    base = endpoint.url.removesuffix("/v1") if root else endpoint.url
    try:
        async with asyncio.timeout(seconds) as clock, client.stream(method, base + path, json=body) as response:
            if response.status_code != 200:
                raise await _refused(response, path)
            yield response, clock
    except (TimeoutError, httpx2.TimeoutException) as exc:
        if isinstance(exc, httpx2.ConnectTimeout):
            raise EndpointError("does not take the connection", passing=True) from exc
        raise EndpointError(f"sent nothing for {seconds:g} s") from exc
    except httpx2.ConnectError as exc:
        raise EndpointError(f"cannot be reached{_why(exc)}", passing=True) from exc
    except httpx2.SSEError as exc:
        kind = response.headers.get("content-type", "").partition(";")[0].strip()[:60]
        if kind == "text/event-stream":
            raise EndpointError("sent an event that is too long") from exc
        what = kind or "something unnamed"
        raise EndpointError(f"sent {what}, not a stream of events (is it an OpenAI-compatible server?)") from exc
    except (httpx2.HTTPError, httpx2.InvalidURL) as exc:
        raise EndpointError("broke the connection off", passing=True) from exc


async def _json(
    client: httpx2.AsyncClient,
    endpoint: Endpoint,
    method: str,
    path: str,
    seconds: float,
    body: dict[str, Any] | None = None,
    root: bool = False,
) -> Any:
    async with _answer(client, endpoint, method, path, seconds, body, root) as (response, _):
        data = await _beginning(response, _READ_BYTES)
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise EndpointError(f"sent something else than JSON for {path}") from None


async def _beginning(response: httpx2.Response, most: int) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) >= most:
            break
    return bytes(data[:most])


async def _refused(response: httpx2.Response, path: str) -> EndpointError:
    status = response.status_code
    data = b""
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(1):  # the status is enough if its message does not come
            data = await _beginning(response, 4_000)
    words = _message(data)
    hint = " (does its address end in /v1?)" if status == 404 and not words else ""
    if status in (401, 403):
        hint = " (set its key as RAG_MODEL_KEY)"
    return EndpointError(
        f"answered {status}{hint}" + (f": {words}" if words else ""),
        status=status,
        passing=status in _PASSING,
        retry_after=seconds_of(response.headers.get("retry-after")) if status in (429, 503) else None,
    )


def _why(error: httpx2.ConnectError) -> str:
    """The reason in brackets, such as an unknown name or a wrong certificate; empty if simply nobody listens."""
    words = _one_line(str(error))
    return "" if not words or "attempts failed" in words else f" ({words})"


def _message(data: bytes) -> str:
    """The server's own message, out of the bodies in which such servers send it; one line."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    for key in ("error", "message", "detail"):
        found = found.get(key, found) if isinstance(found, dict) else found
    if not isinstance(found, str):
        return ""
    return _one_line(found)


def _one_line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _TOLD else line[: _TOLD - 1] + "…"


def _delta(data: str) -> tuple[str, bool]:
    """Parse a chunk: its text, and True if it is the last one. Raises `EndpointError`."""
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        raise EndpointError("sent an event that is not JSON") from None
    if isinstance(chunk, dict) and chunk.get("error"):
        raise EndpointError(
            f"failed: {_message(data.encode('utf-8', 'replace')) or 'it does not say why'}", passing=True
        )
    try:
        choices = chunk["choices"]
        if not choices:  # the chunk with the usage
            return "", False
        text = (choices[0].get("delta") or {}).get("content") or ""
        finished = choices[0].get("finish_reason") is not None
    except (TypeError, KeyError, AttributeError, IndexError):
        raise EndpointError("sent an event that is no part of a chat completion") from None
    if not isinstance(text, str):
        raise EndpointError("sent an event that is no part of a chat completion")
    return text, finished
