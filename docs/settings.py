"""The table of all settings, from `rag/settings.py`: python docs/settings.py > docs/settings.md"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from rag.settings import Settings

_PLAIN = {Path: "path", str: "text", SecretStr: "secret text", int: "integer", float: "number", bool: "true or false"}
_SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}

_HEAD = """\
<!-- Made by `python docs/settings.py > docs/settings.md` from rag/settings.py; a test compares the two. -->
# Settings

Each setting can be given in three places; the later wins:

1. a file `rag.toml` in the current folder: `k = 10`
2. a variable: `RAG_K=10`
3. a flag of a command: `rag ask "..." -k 10`; `rag COMMAND --help` lists the settings that have one

An unknown key of the file, and an unknown variable that begins with `RAG_`, is an error that names the nearest setting.

| setting | variable | type | default | meaning |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page, as Markdown."""
    return _HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    cells = [f"`{name}`", f"`RAG_{name.upper()}`", _type(field), _default(field), field.description or ""]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def _type(field: FieldInfo) -> str:
    """The type with its limits: "integer, >= 1, <= 100"."""
    kind: Any = next(part for part in (get_args(field.annotation) or [field.annotation]) if part is not type(None))
    if get_origin(field.annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(field.annotation))
    limits = [
        f"{_SIGNS[sign]} {getattr(limit, sign):g}"
        for limit in field.metadata
        for sign in _SIGNS
        if hasattr(limit, sign)
    ]
    return ", ".join([_PLAIN[kind], *limits])


def _default(field: FieldInfo) -> str:
    """The default, in words if it depends on the machine."""
    if isinstance(field.json_schema_extra, dict) and "in_words" in field.json_schema_extra:
        return str(field.json_schema_extra["in_words"])
    value: Any = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value in (None, ""):
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.stdout.write(page())
