"""Answers from your own documents, in which every sentence is checked against the characters it cites.

    >>> from rag import open_pipeline
    >>> pipeline = open_pipeline()
    >>> pipeline.ask("Who found the pump?").answer

Importing this package loads no model and none of torch, llama_cpp, faiss or fastapi.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.checking.faithfulness import check_faithfulness
    from rag.pipeline import Pipeline, open_pipeline
    from rag.settings import Settings, load_settings
    from rag.types import Ask

__all__ = ["Ask", "Pipeline", "Settings", "check_faithfulness", "load_settings", "open_pipeline"]

try:
    __version__ = version("rag-cited")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0"

_HOMES = {
    "check_faithfulness": "rag.checking.faithfulness",
    "Ask": "rag.types",
    "Pipeline": "rag.pipeline",
    "open_pipeline": "rag.pipeline",
    "Settings": "rag.settings",
    "load_settings": "rag.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
