"""The command `rag settings`: each setting, its value, and the place that it came from.

In: the settings as they were loaded. Out: a line for each, those that were set first; a secret is told to be set and
not shown.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from rag.settings import Settings, set_in


class Setting(NamedTuple):
    """A setting as it is in force; `origin` is "default", a variable, or the file."""

    name: str
    value: object
    origin: str


def run(options: argparse.Namespace, settings: Settings) -> int:
    """List the settings; returns the exit code 0."""
    found = listed_settings(settings)
    if options.json:
        print(json.dumps([one._asdict() for one in found], ensure_ascii=False, indent=2))
        return 0
    width = max(len(one.name) for one in found)
    for one in found:
        print(f"{one.name:{width}}  {_shown(one.value)}  ({one.origin})")
    return 0


def listed_settings(settings: Settings) -> list[Setting]:
    """The settings in their order, those that were set before those that were not."""
    origins = set_in()
    found = [
        Setting(name, _plain(getattr(settings, name)), origins.get(name, "default")) for name in Settings.model_fields
    ]
    return sorted(found, key=lambda one: one.origin == "default")


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else ""
    return str(value) if isinstance(value, Path) else value


def _shown(value: object) -> str:
    return "none" if value in (None, "") else str(value)
