"""One worker of a cluster, an actor of Ray: files -> documents cut into passages; passages -> vectors.

In: its parameters, once; then files and passages as the run sends them. Out: the results of `rag.ingest.prepare`.
Files are parsed in a process of their own (rag/documents/pool.py), so that one which crashes or hangs its parser costs
that file and not the worker. Knows neither the index nor the other workers.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from rag.documents.discover import Found
from rag.documents.options import ReadOptions
from rag.documents.pool import ReaderPool
from rag.errors import DocumentError
from rag.ingest.prepare import FileResult, prepare
from rag.seams import Embedder
from rag.text.embedded import as_embedded
from rag.types import Embedding, Passage

GROUPS = {"prepare": 1, "embed": 1}  # threads for each method: a file that takes minutes holds up no vectors


class Made(NamedTuple):
    """The embedder of a worker, which must be the same for all, and its machine."""

    fingerprint: str
    dimension: int
    node: str


class Work(NamedTuple):
    """The parameters of a worker; sent to each when it starts."""

    load: Callable[[], Embedder]
    passage_tokens: int
    reading: ReadOptions


class Worker:
    """A worker; its embedder is loaded once, by `begin`. Each method is called by one thread at a time."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._pool = ReaderPool(1, work.reading)
        self._lock = threading.Lock()  # a tokenizer is not for two threads at once

    @cached_property
    def _embedder(self) -> Embedder:
        return self._work.load()

    def begin(self) -> Made:
        """Load the embedder, and tell which it is."""
        return Made(self._embedder.fingerprint, self._embedder.dimension, platform.node())

    def prepare(self, found: Found) -> list[FileResult]:
        """Read and cut one file, and those in it, its own outcome last; errors are returned."""
        if not found.path.exists():
            reason = "all machines of a cluster need the files at the same paths"
            return [DocumentError(f"{found.file}: is not there on {platform.node()}: {reason}")]
        outcomes = []
        for _, result in self._pool.read([found]):
            with self._lock:
                outcomes.append(prepare(found, result, self._embedder, self._work.passage_tokens))
        return outcomes

    def embed(self, passages: Sequence[Passage]) -> list[Embedding]:
        """The embeddings of the passages, in order."""
        with self._lock:
            return self._embedder.embed_passages([as_embedded(passage) for passage in passages])
