"""The embedded models, converted for every processor: for a folder that is written now and read elsewhere."""

from __future__ import annotations

from pathlib import Path

from rag.embedding.encoder_file import encoder_file
from rag.embedding.passages import embedder_folder
from rag.llm.gguf import KINDS, each_kind
from rag.settings import EMBEDDED_EMBEDDER


def convert_embedded(cache_dir: Path, threads: int) -> list[Path]:
    """The files that there are then. Raises `ModelError`."""
    embedder = Path(embedder_folder(EMBEDDED_EMBEDDER))
    return [*each_kind(cache_dir, threads), *(encoder_file(embedder, cache_dir, kind) for kind in KINDS)]
