"""A process that reads files for a `ReaderPool` and cuts what it has read into passages, within the same limits.

In: an embedder, of which the process needs the tokenizer's file alone, and the length of passages. Out: the program of
such a process; its results are those of rag/documents/unpack.py with `Prepared` in the place of each document. So text
that is made to take time or memory takes none of the process that puts it into an index.
"""

from __future__ import annotations

from pathlib import Path

from rag.documents.pool import Program
from rag.documents.pool_worker import ReaderLimits, read_for_pool
from rag.documents.unpack import Begun, Result
from rag.errors import DocumentError
from rag.seams import Embedder
from rag.types import Document, Prepared


def program_of(embedder: Embedder, passage_tokens: int) -> Program | None:
    """Program that a `ReaderPool` runs in its processes to have documents cut for that embedder; None if the embedder's
    tokenizer has no file: then whoever takes the documents cuts them."""
    if embedder.tokenizer is None:
        return None
    tokenizer = str(embedder.tokenizer).replace("{", "{{").replace("}", "}}")
    arguments = f"{tokenizer!r}, {passage_tokens}, {embedder.max_tokens}"
    return lambda limits: (
        "from rag.documents.pool_worker import ReaderLimits\n"
        "from rag.ingest.cutting import read_and_cut\n"
        f"read_and_cut({{descriptor}}, {limits}, {arguments})"
    )


def read_and_cut(descriptor: int, limits: ReaderLimits, tokenizer: str, target: int, limit: int) -> None:
    """Serve the jobs of a pool until its pipe is closed, with each document cut."""
    from rag.documents.read import reported
    from rag.embedding.tokens import read_tokenizer, token_spans
    from rag.ingest.chunking import chunk

    loaded = read_tokenizer(Path(tokenizer))

    def cut(step: Begun | Result) -> Begun | Result | Prepared:
        if not isinstance(step, Document):
            return step
        try:
            with reported(step.source):
                return Prepared(step, chunk(step, token_spans(loaded, step.text), target, limit))
        except DocumentError as exc:
            exc.document_id = step.id
            return exc

    read_for_pool(descriptor, limits, cut)
