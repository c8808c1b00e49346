"""Names and docstrings: a public name means one thing, and a docstring begins with a noun or a verb, so that it can be
read without its neighbours."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
# A docstring that begins with one of these is a piece of a sentence whose beginning stands elsewhere.
FRAGMENTS = set(
    """
    Whether What Which Of In Where How When Who Whose Why On For By From With At To As That Those It Its So
    """.split()
)
# Names that several modules have on purpose, since they stand for the same step of siblings behind one seam.
SHARED = {
    "parse",  # readers of documents: bytes -> `Content`
    "add_arguments",  # commands: their arguments
    "run",  # commands: options -> exit code
    "router",  # routes of the service
}


def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Modules by their names."""
    for path in (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts), ast.parse(path.read_text("utf-8"))


def names(node: ast.stmt) -> list[str]:
    """The public names that a statement at the top of a module defines. Routes are reached by their paths: the names of
    their functions are those of operations in the OpenAPI description."""
    match node:
        case ast.AsyncFunctionDef(decorator_list=[ast.Call(func=ast.Attribute(value=ast.Name(id="router")))]):
            found = []
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            found = [name]
        case ast.Assign(targets=targets):
            found = [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            found = [name]
        case _:
            found = []
    return [name for name in found if not name.startswith("_")]


def test_a_docstring_begins_with_a_noun_or_a_verb() -> None:
    found = []
    for module, tree in trees("rag", "api", "benchmarks", "training", "docker", "seeds"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                words = (ast.get_docstring(node) or "").split()
                if FRAGMENTS & set(words[:1]):
                    found.append(f"{module}: {' '.join(words[:6])}")
    assert found == []


def test_a_public_name_means_one_thing() -> None:
    """Constants that no other module uses may have the same name."""
    used, defined = set(), defaultdict(set)
    for module, tree in trees("rag", "api"):
        modules: dict[str, str] = {}  # names under which a module imports others
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                used |= {(node.module, alias.name) for alias in node.names}
                modules |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.add((modules.get(node.value.id), node.attr))
        for name in (name for node in tree.body for name in names(node)):
            defined[name].add(module)
    for name in (name for name in defined if name.isupper()):
        defined[name] = {module for module in defined[name] if (module, name) in used}
    assert {name: found for name, found in defined.items() if len(found) > 1 and name not in SHARED} == {}
