"""Rooms import only from those before them, and importing the package loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from rag.atomic import sync_folder
from rag.cli.main import main
from tests.fakes import HashEmbedder

ROOT = Path(__file__).parent.parent
HEAVY = {
    "torch",
    "llama_cpp",
    "onnxruntime",
    "fastapi",
    "faiss",
    "tantivy",
    "sentence_transformers",
    "ray",
    "pymilvus",
    "sqlalchemy",
}

# Rooms (folders, and single files of `rag/` and `api/`) in the order of the flow: each imports from those before it.
ROOMS = """
    rag.errors rag.deadline rag.background rag.processor rag.memory rag.types rag.seams rag.atomic rag.settings rag.text
    rag.state rag.documents rag.mirror rag.index rag.llm rag.encoder rag.embedding rag.reading rag.retrieval
    rag.checking rag.serialise rag.traces rag.answering rag.ingest.chunking rag.stores rag.ingest rag.originals
    rag.models rag.pipeline rag rag.evaluation
    api api.schemas api.errors api.caller api.observing api.middleware api.served api.work api.routes api.agents
    api.openai api.anthropic api.server api.app rag.cli
""".split()


def room(module: str) -> int:
    """The position of the longest name in ROOMS that stands for the module."""
    names = [name for name in ROOMS if f"{module}.".startswith(f"{name}.")]
    assert names, f"{module} is in no room"
    return ROOMS.index(max(names, key=len))


@pytest.mark.parametrize("path", sorted([*ROOT.glob("rag/**/*.py"), *ROOT.glob("api/**/*.py")]), ids=str)
def test_a_room_imports_from_those_before_it(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ("rag", "api"):
            for imported in (f"{node.module}.{alias.name}" for alias in node.names):
                assert room(imported) <= room(module), f"{module} imports {imported}, which stands after it"


@pytest.mark.parametrize(
    "module",
    [
        "rag",
        "rag.cli.main",
        "rag.settings",
        "rag.documents.read",
        "rag.index.local",
        "rag.pipeline",
        "rag.reading.reader",
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


def test_indexing_unchanged_files_imports_only_what_comparing_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes").mkdir()
    for number in range(3):
        (tmp_path / "notes" / f"{number}.md").write_text(f"# Mill {number}\n\nThe mill was built in 18{number}9.\n")
    command = ["index", str(tmp_path / "notes"), "--indexes-dir", str(tmp_path / "indexes")]
    monkeypatch.setattr("rag.cli.index._embedder", lambda *_: HashEmbedder())
    assert main(command) == 0
    capsys.readouterr()
    unneeded = {"numpy", "faiss", "rag.documents.read", "rag.text.terms", "rag.text.sentences", "rag.text.dates"}
    unneeded |= {"rag.text.structure", "rag.text.embedded", "rag.index.staging", "rag.index.managing"}
    script = (
        f"import sys\nfrom rag.cli.main import main\nmain({command!r})\nprint(sorted({unneeded!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "0 added, 0 replaced, 0 removed, 3 unchanged, 0 failed, 0 skipped; index 'default' holds 3 documents",
        "[]",
    ]


def test_everything_is_imported_on_a_system_without_limits_and_process_groups() -> None:
    """Windows has neither; parts that cannot work there say so when they are used."""
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted([*ROOT.glob("rag/**/*.py"), *ROOT.glob("api/**/*.py")])
    ]
    script = (
        "import importlib, os, signal, sys\n"
        "import filelock, mcp.server\n"  # by themselves they look at the name of the system for what it has
        "for name in ('fcntl', 'grp', 'pwd', 'readline', 'resource', 'termios'): sys.modules[name] = None\n"
        "for name in ('killpg', 'setsid', 'getpgid', 'sched_getaffinity'): delattr(os, name)\n"
        "for name in ('SIGKILL', 'SIGHUP', 'setitimer', 'ITIMER_REAL'): delattr(signal, name)\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "from rag.documents.pool_process import PoolProcess\n"
        "from rag.errors import RagError\n"
        "from rag.settings import load_settings\n"
        "assert load_settings().threads >= 1\n"
        "try: PoolProcess('')\nexcept RagError as exc: print(exc)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("reading files needs Linux or macOS: index under WSL")


def test_a_folder_is_not_synchronised_where_none_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    with monkeypatch.context() as patched:
        patched.setattr("rag.atomic.os.name", "nt")
        patched.setattr("rag.atomic.os.open", lambda *arguments: opened.append(arguments))
        sync_folder(tmp_path)
    assert opened == []
