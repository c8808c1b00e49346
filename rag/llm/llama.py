"""A GGUF model in this process, behind the `LanguageModel` Protocol: one thread owns it, a bounded queue leads to it.

llama.cpp's context is not safe for two threads, so that every call becomes a job of the owner thread; callers wait
for theirs and nobody else is held up. When the queue is full the next caller is told at once (`Overloaded`).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from rag.deadline import Deadline
from rag.errors import ModelError, Overloaded
from rag.llm.decoder import Decoder
from rag.llm.reading import read
from rag.llm.writing import write
from rag.types import Message, Readings, SpanPrompt

_T = TypeVar("_T")
_FIRST_GUESS = 1.0  # seconds that a job is taken to last before one has been timed


class LlamaCpp:
    """A loaded model; `close` ends its thread and frees its memory."""

    def __init__(self, decoder: Decoder, name: str, waiting: int) -> None:
        self._decoder = decoder
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(maxsize=waiting)
        self._seconds = _FIRST_GUESS
        self._closed = threading.Event()
        self.name = name
        self.parameters = decoder.parameters
        self.context_tokens = decoder.context_tokens
        self._thread = threading.Thread(target=self._work, name="llama.cpp", daemon=True)
        self._thread.start()

    @classmethod
    def load(cls, path: Path, name: str, context_tokens: int, threads: int, waiting: int) -> LlamaCpp:
        """Raises `ModelError` where the file is missing, is no GGUF or cannot be loaded."""
        return cls(Decoder(path, context_tokens, threads), Path(name).name.removesuffix(".gguf"), waiting)

    @property
    def waiting(self) -> int:
        """Calls in line, without the one at work."""
        return self._jobs.qsize()

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone; the vocabulary is read only, so that this does not wait for the owner thread."""
        return len(self._decoder.tokenize(text))

    def read(
        self,
        prompts: Sequence[SpanPrompt],
        choose: Callable[[list[float]], Sequence[int]],
        deadline: Deadline | None = None,
    ) -> Readings:
        """See `LanguageModel.read`."""
        return self._submit(lambda: read(self._decoder, prompts, choose)).result()

    def write(
        self, messages: Sequence[Message], grammar: str, max_tokens: int, deadline: Deadline | None = None
    ) -> Iterator[str]:
        """See `LanguageModel.write`; leaving the iterator ends the writing at the next token."""
        pieces: queue.Queue[str | None] = queue.Queue()
        left = threading.Event()

        def job() -> None:
            try:
                for piece in write(self._decoder, messages, grammar, max_tokens):
                    pieces.put(piece)
                    if left.is_set():
                        return
            finally:
                pieces.put(None)

        future = self._submit(job)
        try:
            while (piece := pieces.get()) is not None:
                yield piece
            future.result()
        finally:
            left.set()

    def close(self) -> None:
        """Finish the jobs that wait, then end."""
        if not self._closed.is_set():
            self._closed.set()
            self._jobs.put(None)
            self._thread.join()

    def _submit(self, call: Callable[[], _T]) -> Future[_T]:
        if self._closed.is_set():
            raise ModelError("the language model was closed; load it again")
        future: Future[_T] = Future()
        try:
            self._jobs.put_nowait(lambda: self._run(call, future))
        except queue.Full:
            wait = self._seconds * (self._jobs.qsize() + 1)
            raise Overloaded(
                f"{self._jobs.maxsize} questions wait for the language model, which is the limit (setting 'queue'); "
                f"ask again in {wait:.0f} s",
                max(wait, 1.0),
            ) from None
        return future

    def _run(self, call: Callable[[], _T], future: Future[Any]) -> None:
        begin = time.monotonic()
        try:
            future.set_result(call())
        except BaseException as exc:  # the waiting caller gets it; the owner thread lives on
            future.set_exception(exc)
        self._seconds += 0.2 * (time.monotonic() - begin - self._seconds)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        self._decoder.close()
