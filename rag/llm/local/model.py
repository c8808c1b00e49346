"""A GGUF model in this process, behind the `LanguageModel` Protocol: calls become tasks of the engine.

Texts become tokens in the caller's thread, which needs the vocabulary alone; the rest happens in the engine's thread.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from rag.deadline import Deadline
from rag.llm.local.decoder import Decoder
from rag.llm.local.engine import Engine
from rag.llm.local.writing import writing_task
from rag.types import Message


class LlamaCpp:
    """A loaded model; `close` ends its thread and frees its memory."""

    def __init__(self, decoder: Decoder, name: str, waiting: int) -> None:
        self._decoder = decoder
        self._engine = Engine(decoder, waiting)
        self.name = name
        self.parameters = decoder.parameters
        self.context_tokens = decoder.context_tokens

    @classmethod
    def load(cls, path: Path, name: str, context_tokens: int, threads: int, waiting: int) -> LlamaCpp:
        """Load the file at `path`. Raises `ModelError` if it is missing, is no GGUF or cannot be loaded."""
        return cls(Decoder(path, context_tokens, threads), Path(name).name.removesuffix(".gguf"), waiting)

    @property
    def waiting(self) -> int:
        """See `LanguageModel.waiting`."""
        return self._engine.waiting

    def count_tokens(self, text: str) -> int:
        """The number of tokens of `text` alone."""
        return len(self._decoder.tokenize(text))

    def write(
        self, messages: Sequence[Message], grammar: str, max_tokens: int, deadline: Deadline | None = None
    ) -> Iterator[str]:
        """See `LanguageModel.write`."""
        return self._write(messages, grammar, max_tokens, deadline)

    def _write(
        self, messages: Sequence[Message], grammar: str, max_tokens: int, deadline: Deadline | None
    ) -> Generator[str, None, None]:
        yield from self._engine.submit(writing_task(self._decoder, messages, grammar, max_tokens), deadline)

    def trouble(self) -> None:
        """Return None: a model in this process can always answer."""

    def close(self) -> None:
        """Finish the calls that wait, then end the thread and free the memory."""
        self._engine.close()
