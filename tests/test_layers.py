"""Importing the package loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "llama_cpp", "fastapi", "faiss", "tantivy", "sentence_transformers", "ray", "pymilvus", "sqlalchemy"}


@pytest.mark.parametrize(
    "module",
    [
        "rag",
        "rag.cli.main",
        "rag.settings",
        "rag.documents",
        "rag.index.local",
        "rag.pipeline",
        "rag.stores.milvus.index",
    ],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    script = f"import sys, {module}; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_answers_without_loading_the_library() -> None:
    script = (
        "import sys\nfrom rag.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print('loaded', sorted({'numpy', 'pydantic', 'rag.pipeline', 'rag.settings'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "rag index" in done.stdout or "index" in done.stdout
    assert done.stdout.strip().endswith("loaded []")
