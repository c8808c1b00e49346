"""Names and docstrings: a docstring begins with a noun or a verb, so that it can be read without its neighbours."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("rag", "api", "benchmarks", "training", "docker", "seeds")
# A docstring that begins with one of these is a piece of a sentence whose beginning stands elsewhere.
FRAGMENTS = set(
    """
    Whether What Which Of In Where How When Who Whose Why On For By From With At To As That Those It Its So
    """.split()
)


def test_a_docstring_begins_with_a_noun_or_a_verb() -> None:
    found = []
    for path in (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                words = (ast.get_docstring(node) or "").split()
                if FRAGMENTS & set(words[:1]):
                    found.append(f"{path.relative_to(ROOT)}: {' '.join(words[:6])}")
    assert found == []
