"""A model on an OpenAI-compatible server, behind the `LanguageModel` Protocol: vLLM, llama-server, Ollama and the like.

Requests are coroutines in a thread of their own, so that one is cancelled, and its connection closed, as soon as nobody
waits for it. Does not read, only writes: such servers do not tell how likely a given text is.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Coroutine, Generator, Iterator, Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import Any

from rag.deadline import Deadline
from rag.errors import InputError, ModelError
from rag.llm.remote.endpoints import EndpointError, parse_endpoints, short_name
from rag.llm.remote.failover import Patience, Servers
from rag.types import Message

_LOOK_S = 0.05  # between two looks of a waiting caller at its deadline
_TOKENIZER_REST_S = 60.0  # time for which tokens are estimated after the tokenizer did not answer
_BYTES_A_TOKEN = 3  # English has some four, Chinese three: the estimate is rather too high than too low


class RemoteModel:
    """A `LanguageModel` on one or several servers; `close` ends its thread and its connections."""

    parameters = 0  # not known
    waiting = None  # the line is the server's

    def __init__(self, model: str, key: str, context_tokens: int, patience: Patience = Patience()) -> None:  # noqa: B008
        """`model` and `key` as in the settings; no request is made yet. Raises `InputError` if they cannot be used."""
        if not (key.isascii() and key.isprintable()):
            raise InputError("the setting 'model_key' has characters that no HTTP header can hold", "model_key")
        self._servers = Servers(parse_endpoints(model), key, patience)
        self.context_tokens = context_tokens
        self._count = lru_cache(4096)(self._counted)
        self._tokenizer_rests_until = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="model server", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """The name that the server gives the model; the address as long as that is not known."""
        endpoints = self._servers.endpoints
        first = next((endpoint for endpoint in endpoints if endpoint.model), endpoints[0])
        return short_name(first.model or first.url)

    def count_tokens(self, text: str) -> int:
        """The number of tokens, by the server's tokenizer if it has one (llama-server, vLLM), else a third of the UTF-8
        bytes."""
        return self._count(text)

    def write(
        self, messages: Sequence[Message], grammar: str, max_tokens: int, deadline: Deadline | None = None
    ) -> Iterator[str]:
        """See `LanguageModel.write`; the text keeps to the grammar only if the server enforces it."""
        return self._write(messages, grammar, max_tokens, deadline or Deadline())

    def trouble(self) -> str | None:
        """See `LanguageModel.trouble`; the endpoints are asked, unless one has just answered."""
        if any(endpoint.well for endpoint in self._servers.endpoints):
            return None
        failures = {url: failure for url, failure in self.probe().items() if failure is not None}
        return self._servers.line(failures) if len(failures) == len(self._servers.endpoints) else None

    def probe(self) -> dict[str, str | None]:
        """Ask every endpoint: its address -> the failure, None if it answers."""
        found: dict[str, str | None] = self._start(self._servers.probe()).result()
        return found

    def close(self) -> None:
        """Cancel all requests and close the connections."""
        if not self._loop.is_closed():
            self._start(self._end()).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _write(
        self, messages: Sequence[Message], grammar: str, max_tokens: int, deadline: Deadline
    ) -> Generator[str, None, None]:
        deadline.check()
        chat = [{"role": message.role, "content": message.content} for message in messages]
        body = {"messages": chat, "max_tokens": max_tokens, "temperature": 0, "stream": True}
        pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        work = self._start(self._servers.write(body, grammar, deadline, pieces.put))
        work.add_done_callback(lambda _: pieces.put(None))
        try:
            while True:
                try:
                    piece = pieces.get(timeout=_LOOK_S)
                except queue.Empty:
                    deadline.check()
                    continue
                if piece is None:
                    break
                deadline.check()
                yield piece
            if work.cancelled():
                raise ModelError("the language model was closed; load it again")
            work.result()
        finally:
            work.cancel()

    def _counted(self, text: str) -> int:
        now = time.monotonic()
        if now >= self._tokenizer_rests_until:
            try:
                return int(self._start(self._servers.count(text)).result())
            except EndpointError as exc:
                self._tokenizer_rests_until = float("inf") if exc.status == 404 else now + _TOKENIZER_REST_S
        return -(-len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN)

    def _start(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        if self._loop.is_closed():
            work.close()
            raise ModelError("the language model was closed; load it again")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _end(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._servers.close()
