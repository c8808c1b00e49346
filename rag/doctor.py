"""What is installed, which models are there, what is wrong, and the command that mends it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from rag.embedding import embedder_folder
from rag.errors import RagError
from rag.index.local import LocalIndex, list_indexes
from rag.llm.gguf import model_file
from rag.processor import processor_flags
from rag.settings import NO_MODEL, Settings
from rag.state import closing_state, open_keys

_PACKAGES = ("torch", "sentence-transformers", "faiss-cpu", "tantivy", "llama-cpp-python", "fastapi", "pypdfium2")
_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")  # what the embedder and llama.cpp have faster code for


class Finding(NamedTuple):
    """One line of the report; `remedy` is empty where nothing is wrong."""

    what: str
    ok: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything once; loads no model."""
    return [
        _python(),
        _processor(),
        *_packages(),
        _embedder(settings),
        _model(settings),
        *_state(settings),
        *_indexes(settings),
    ]


def _python() -> Finding:
    return Finding("python", sys.version_info >= (3, 11), platform.python_version())


def _processor() -> Finding:
    has = [flag for flag in _FLAGS if flag in processor_flags()] or [platform.machine()]
    return Finding("processor", True, f"{os.cpu_count()} cores, {' '.join(has)}")


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, "not installed", f"pip install {name}")


def _embedder(settings: Settings) -> Finding:
    return _checked("embedder", lambda: f"{settings.embedder} ({embedder_folder(settings.embedder)})")


def _model(settings: Settings) -> Finding:
    if settings.model == NO_MODEL:
        return Finding("language model", True, "none, as set: answers are whole sentences of the documents")
    return _checked(
        "language model",
        lambda: f"{settings.model} ({model_file(settings.model, settings.cache_dir, settings.threads)})",
    )


def _state(settings: Settings) -> Iterator[Finding]:
    if settings.state_uri is not None:
        yield _checked("database", lambda: _keys(settings))


def _keys(settings: Settings) -> str:
    with closing_state(settings) as state:
        keys = open_keys(settings, state)
        return f"{len(keys.all())} API keys in {keys.place}"


def _indexes(settings: Settings) -> Iterator[Finding]:
    names = list_indexes(settings.indexes_dir)
    if not names:
        yield Finding("indexes", True, f"none in {settings.indexes_dir} yet", "rag index PATH...")
    for name in names:
        yield _checked(f"index {name}", lambda name=name: _index(settings, name))  # type: ignore[misc]


def _index(settings: Settings, name: str) -> str:
    with LocalIndex.open(settings.indexes_dir, name) as index:
        documents = index.documents()
        return f"{len(documents)} documents, {sum(info.passages for info in documents)} passages"


def _checked(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except RagError as exc:
        message, _, remedy = str(exc).rpartition(": ")
        return Finding(what, False, message or remedy, remedy if message else "")
