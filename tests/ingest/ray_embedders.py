"""Embedders for the workers of a Ray cluster, which import this module and not the tests: they start sooner by it."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from rag.errors import ModelError
from rag.seams import Embedder
from rag.types import Embedding, Passage
from tests.fakes import HashEmbedder


class Noting(HashEmbedder):
    """Leaves a file with the name of its process, and a line there for each passage."""

    def __init__(self, notes: Path) -> None:
        super().__init__()
        self.notes = notes / str(os.getpid())
        self.notes.touch()

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        with self.notes.open("a") as file:
            file.writelines(f"{passage.document_id}:{passage.start}\n" for passage in passages)
        return super().embed_passages(passages)


class Dying(HashEmbedder):
    """Its process is killed at each call of a method with the word given for it, or at the first in all for no word."""

    def __init__(self, notes: Path, words: Mapping[str, str]) -> None:
        super().__init__()
        self.notes, self.words = notes, words

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        self._die("token_spans", text)
        return super().token_spans(text)

    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        self._die("embed_passages", " ".join(passage.text for passage in passages))
        return super().embed_passages(passages)

    def _die(self, method: str, text: str) -> None:
        if self.words[method] not in text:
            return
        first = not (self.notes / method).exists()
        (self.notes / method).touch()
        if first or self.words[method]:
            os.kill(os.getpid(), signal.SIGKILL)


class Other(HashEmbedder):
    """The second worker to start has another model than the first."""

    def __init__(self, notes: Path) -> None:
        super().__init__()
        try:
            (notes / "first").open("x").close()
        except FileExistsError:
            self.fingerprint = "hash-2"


def cannot_load() -> Embedder:
    raise ModelError("the embedder 'x' cannot be loaded")
