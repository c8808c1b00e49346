"""A chat -> pieces of text from the first of several endpoints that sends any; coroutines, for `rag.llm.remote.model`.

A request that fails before its first piece is repeated: at the next endpoint at once, in another round after a pause
that doubles, or that the server asked for. One that waits for its first piece is taken to the next endpoint, if there
is one, while most of its time is left. Failures that another try cannot mend (a refused key, HTML) are tried once
at each endpoint. Errors are one line: the address, the failure, the remedy.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import httpx2

from rag.deadline import Deadline
from rag.errors import ModelError, Overloaded
from rag.llm.remote import chat_stream
from rag.llm.remote.endpoints import Endpoint, EndpointError, next_round

Put = Callable[[str], None]


_FIRST = 0.25  # share of the time left for the first piece, while another endpoint could be asked
_LET_WAIT_S = 10.0  # after which an endpoint that sent nothing to a client that left counts as one that hangs


class Patience(NamedTuple):
    """Limits of time, in seconds, and the number of rounds in which all endpoints are tried."""

    connect: float = 5.0
    silence: float = 120.0  # without a piece of text
    probe: float = 1.0  # for requests that use no model: the list of models, the tokenizer
    rounds: int = 4
    pause: float = 0.5  # before the second round, twice as long before each further one; up to half of it less
    wait: float = 30.0  # most that a server may ask to wait (Retry-After)


class Servers:
    """The endpoints with their connections, which `close` ends; `key` is sent to all of them and never printed."""

    def __init__(self, endpoints: Sequence[Endpoint], key: str, patience: Patience) -> None:
        self.endpoints = endpoints
        self._key = key
        self._patience = patience
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(patience.silence, connect=patience.connect),
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {}),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=32),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def write(self, body: dict[str, Any], grammar: str, deadline: Deadline, put: Put) -> None:
        """Put the pieces of an answer into `put`, from the first endpoint that sends any. The deadline only decides
        which waits are worthwhile; the caller cancels this. Raises `ModelError`, `Overloaded`."""
        failures: dict[Endpoint, EndpointError] = {}
        for number in range(self._patience.rounds):
            among = [e for e in self.endpoints if e not in failures or failures[e].passing]
            if not among:
                break
            pause = self._patience.pause * 2 ** (number - 1) * random.uniform(0.5, 1) if number else 0.0
            wait, order = next_round(among, pause)
            if wait > min(self._patience.wait, deadline.left):
                raise self._given_up(failures, wait)
            await asyncio.sleep(wait)
            for endpoint in order:
                others = any(other not in failures for other in self.endpoints if other is not endpoint)
                first = min(self._patience.silence, _FIRST * deadline.left) if others else self._patience.silence
                error = await self._tried(endpoint, body, grammar, deadline, first, put)
                if error is None:
                    return
                failures[endpoint] = error
        raise self._given_up(failures, 0.0)

    async def probe(self) -> dict[str, str | None]:
        """Ask every endpoint: its address -> the failure, None if it answers."""

        async def ask(endpoint: Endpoint) -> str | None:
            try:
                await self._name(
                    endpoint, await chat_stream.served_models(self._client, endpoint, self._patience.probe)
                )
            except EndpointError as exc:
                if exc.status != 404 or not endpoint.given:  # some have no list of models
                    endpoint.failed(exc)
                    return self._public(str(exc))
            endpoint.reached()
            return None

        found = await asyncio.gather(*map(ask, self.endpoints))
        return {endpoint.url: error for endpoint, error in zip(self.endpoints, found, strict=True)}

    async def count(self, text: str) -> int:
        """The number of tokens, by the tokenizer of the endpoint that is first now. Raises `EndpointError`."""
        endpoint = next_round(self.endpoints, 0.0).endpoints[0]
        return await chat_stream.server_tokens(self._client, endpoint, text, self._patience.probe)

    def line(self, failures: dict[str, str]) -> str:
        """The message about failures, which are given by address."""
        told = "; ".join(f"{url} {failure}" for url, failure in failures.items())
        return self._public(f"the model server {told}: start or mend it, or set another as 'model'")

    async def _tried(
        self, endpoint: Endpoint, body: dict[str, Any], grammar: str, deadline: Deadline, first: float, put: Put
    ) -> EndpointError | None:
        """The failure of one try, whose first piece must come within `first` seconds; None if it answered. Raises
        `ModelError` if it failed after its first piece."""
        begun, started = False, time.monotonic()

        def came(piece: str) -> None:
            nonlocal begun
            begun = True
            endpoint.answered()
            put(piece)

        try:
            if endpoint.model is None:
                await self._name(
                    endpoint, await chat_stream.served_models(self._client, endpoint, self._patience.probe)
                )
            await self._written(endpoint, body | {"model": endpoint.model}, grammar, first, came)
        except EndpointError as exc:
            endpoint.failed(exc)
            if begun:
                raise ModelError(self.line({endpoint.url: str(exc)})) from exc
            return exc
        except asyncio.CancelledError:
            waited = deadline.left <= 0 or time.monotonic() - started >= _LET_WAIT_S
            if not begun and waited:  # it let the question wait: others are tried first next time
                endpoint.failed(EndpointError("sent nothing"))
            raise
        endpoint.answered()
        return None

    async def _written(self, endpoint: Endpoint, body: dict[str, Any], grammar: str, first: float, came: Put) -> None:
        """Request the answer with the grammar, in the fields of llama.cpp and of vLLM before and since 0.12; without it
        if the server refuses those."""
        silence = self._patience.silence
        if endpoint.grammar:
            held = {"grammar": grammar, "guided_grammar": grammar, "structured_outputs": {"grammar": grammar}}
            try:
                return await chat_stream.write_request(self._client, endpoint, body | held, first, silence, came)
            except EndpointError as exc:
                if exc.status not in (400, 422):
                    raise
        await chat_stream.write_request(self._client, endpoint, body, first, silence, came)
        endpoint.grammar = False

    async def _name(self, endpoint: Endpoint, served: Sequence[str]) -> None:
        """Take the name of the only served model if the setting names none. Raises `EndpointError` if there are more or
        none."""
        if endpoint.given is None:
            if len(served) != 1:
                some = f" ({', '.join(served[:5])}{', ...' if len(served) > 5 else ''})" if served else ""
                raise EndpointError(f"serves {len(served)} models{some}, so name one in 'model' as {endpoint.url}#NAME")
            endpoint.found = served[0]

    def _given_up(self, failures: dict[Endpoint, EndpointError], wait: float) -> ModelError | Overloaded:
        """`Overloaded` if every failure was an overload (status 429), else `ModelError`."""
        waits = [error.retry_after or 0.0 for error in failures.values() if error.status == 429]
        if len(waits) == len(failures):
            wait = max(1.0, wait, *waits)
            urls = ", ".join(endpoint.url for endpoint in self.endpoints)
            return Overloaded(f"the model server {urls} has too much to do; ask again in {wait:.0f} s", wait)
        return ModelError(self.line({endpoint.url: str(error) for endpoint, error in failures.items()}))

    def _public(self, line: str) -> str:
        return line.replace(self._key, "***") if self._key else line
