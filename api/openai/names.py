"""Names of models: an index is the model `rag/NAME`, and the embedder has a name of its own (pure)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from api.openai.errors import ModelNotFound
from rag.llm.hub import with_hash

PREFIX = "rag/"


def model_of(index: str) -> str:
    """The name of an index as a model: "demo" -> "rag/demo"."""
    return PREFIX + index


def index_of(model: str, indexes: Collection[str]) -> str:
    """The index that a model stands for: "rag/demo" -> "demo". Raises `ModelNotFound` if it is not among `indexes`."""
    index = model.removeprefix(PREFIX)
    if index not in indexes or model != model_of(index):
        raise ModelNotFound(model)
    return index


def embedder_of(setting: str) -> str:
    """The embedder's name, without the folder that it lies in and a demanded hash: "/models/e5-small" -> "e5-small"."""
    setting = with_hash(setting)[0]
    return Path(setting).name if Path(setting).is_absolute() or setting.startswith((".", "~")) else setting
