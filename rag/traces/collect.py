"""The trace of an answer while it is made: passages, readings, prompts.

In: notes from `rag.pipeline`. Out: a `Trace`, filled within the block of `collecting`. Outside such a block a note
costs one look-up of a context variable, and the model is called directly. Prompts are kept as their hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from rag.seams import LanguageModel
from rag.types import Evidence, Hit, Message, PassageReading

_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


@dataclass(slots=True)
class Trace:
    """The trace of one question. Fields stay empty for steps that were not reached."""

    hits: tuple[Hit, ...] = ()  # all passages that were read, best first for each question: more than are listed
    readings: tuple[PassageReading, ...] = ()  # one for each of them
    evidence: tuple[Evidence, ...] = ()  # the sentences that a model which writes was shown, best first
    prompt_sha256: str | None = None  # of all text that the model was shown, in hex; None if it was not asked


@contextmanager
def collecting(trace: Trace) -> Iterator[None]:
    """Collect into `trace` within the block: notes of this thread, and of others that run in a copy of its context."""
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)


def note_readings(hits: Sequence[Hit], readings: Sequence[PassageReading]) -> None:
    """Note the passages that were read and what the reader made of them, if a trace is collected."""
    if (trace := _current.get()) is not None:
        trace.hits, trace.readings = (*trace.hits, *hits), (*trace.readings, *readings)


def note_evidence(evidence: Sequence[Evidence]) -> None:
    """Note the sentences that a model is shown, if a trace is collected."""
    if (trace := _current.get()) is not None:
        trace.evidence = tuple(evidence)


def watched(model: LanguageModel) -> LanguageModel:
    """The model itself, or one that notes its prompts if a trace is collected."""
    trace = _current.get()
    return model if trace is None else _Watched(model, trace)


def prompt_sha256(pieces: Sequence[str]) -> str:
    """The SHA-256, in hex, of the pieces in order, each behind its length, so that different sequences differ in
    text."""
    hashed = hashlib.sha256()
    for piece in pieces:
        data = piece.encode("utf-8", "surrogatepass")
        hashed.update(b"%d:" % len(data) + data)
    return hashed.hexdigest()


class _Watched:
    """A `LanguageModel` that notes its prompts; everything else is the model's own."""

    def __init__(self, model: LanguageModel, trace: Trace) -> None:
        self._model = model
        self._trace = trace

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def parameters(self) -> int:
        return self._model.parameters

    @property
    def context_tokens(self) -> int:
        return self._model.context_tokens

    @property
    def waiting(self) -> int | None:
        return self._model.waiting

    def count_tokens(self, text: str) -> int:
        return self._model.count_tokens(text)

    def write(self, messages: Sequence[Message], grammar: str, *args: Any, **named: Any) -> Iterator[str]:
        shown = [part for message in messages for part in (message.role, message.content)]
        self._trace.prompt_sha256 = prompt_sha256([*shown, grammar])
        return self._model.write(messages, grammar, *args, **named)

    def trouble(self) -> str | None:
        return self._model.trouble()

    def close(self) -> None:
        self._model.close()
