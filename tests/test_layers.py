"""Imports point down only, and importing the package loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "llama_cpp", "fastapi", "faiss", "tantivy", "sentence_transformers", "ray", "pymilvus", "sqlalchemy"}

# Each layer may import from itself and from those before it.
LAYERS = [
    [
        "rag.errors",
        "rag.deadline",
        "rag.types",
        "rag.terms",
        "rag.wording",
        "rag.settings",
        "rag.processor",
        "rag.ahead",
        "rag.progress",
        "rag.trace",
        "rag.database",
        "rag.postgres",
    ],
    [
        "rag.sentences",
        "rag.chunking",
        "rag.question",
        "rag.conversation",
        "rag.unknown",
        "rag.evidence",
        "rag.prompt",
        "rag.enumeration",
        "rag.quoting",
        "rag.alignment",
        "rag.contrast",
        "rag.grounding",
        "rag.written",
        "rag.answering",
        "rag.display",
        "rag.serialise",
        "rag.filters",
        "rag.trace_record",
        "rag.trace_store",
    ],
    [
        "rag.own_metadata",
        "rag.documents",
        "rag.embedding",
        "rag.question_embedding",
        "rag.index",
        "rag.llm",
    ],
    ["rag.keys", "rag.shared_keys", "rag.shared_jobs", "rag.state", "rag.scale"],
    ["rag.changes", "rag.preparing"],
    ["rag.retrieval", "rag.confidence", "rag.ingest"],
    [
        "rag.reembed",
        "rag.store",
        "rag.uploads",
        "rag.watch",
        "rag.migrate",
        "rag.migration_check",
        "rag.scale.ray_cluster",
        "rag.scale.ray_ingest",
        "rag.scale.ray_worker",
    ],
    ["rag.saying"],
    ["rag.pipeline"],
    ["rag.doctor", "rag.evaluation"],
    ["api"],
    ["rag.cli", "rag.cli_index", "rag.cli_keys", "rag.cli_migrate"],
]


def layer(module: str) -> int | None:
    """That of the longest name which stands for the module."""
    fitting = [
        (len(name), number)
        for number, names in enumerate(LAYERS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    return max(fitting)[1] if fitting else None


def imports(tree: ast.Module) -> set[str]:
    """Modules imported anywhere in a file, except for type checking."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = [path for folder in ("rag", "api") for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_down(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    if module == "rag":  # the package's front door names what it offers and imports it when it is asked for
        return
    own = layer(module)
    assert own is not None, f"{module} has no layer: add it where it belongs"
    for name in imports(ast.parse(path.read_text("utf-8"))):
        target = layer(name)
        assert target is None or target <= own, f"{module} imports {name}, which stands above it"


@pytest.mark.parametrize(
    "module", ["rag", "rag.cli", "rag.settings", "rag.documents", "rag.index.local", "rag.pipeline", "rag.scale.milvus"]
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    script = f"import sys, {module}; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_answers_without_loading_the_library() -> None:
    script = (
        "import sys\nfrom rag.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print('loaded', sorted({'numpy', 'pydantic', 'rag.pipeline', 'rag.settings'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "rag index" in done.stdout or "index" in done.stdout
    assert done.stdout.strip().endswith("loaded []")
