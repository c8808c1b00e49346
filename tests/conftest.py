"""What several tests share: the embedded models, loaded once, and their cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.embedding.passages import SentenceTransformerEmbedder
from rag.settings import EMBEDDED_EMBEDDER, Settings

os.environ["HF_HUB_OFFLINE"] = "1"

# Marks of the tests that use a fixture of these names; a module or test that needs no such fixture marks itself.
MARKED = {
    "models": frozenset({"embedder", "model_cache"}),
    "servers": frozenset({"browser", "cluster", "nginx", "postgres"}),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = frozenset(getattr(item, "fixturenames", ()))
        for mark, fixtures in MARKED.items():
            if used & fixtures:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """The cache a person would have: the conversion of the language model is made in it once."""
    return Settings().cache_dir


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder.load(EMBEDDED_EMBEDDER, 2)
