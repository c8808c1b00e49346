"""The page of all commands, from the parser of `rag`: python docs/commands.py > docs/commands.md"""

from __future__ import annotations

import argparse
import sys

from rag.cli.main import parser

_HEAD = """\
<!-- Made by `python docs/commands.py > docs/commands.md` from rag/cli; a test compares the two. -->
# Commands

What each command takes. How they are used: [usage.md](usage.md).
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *(_command(name, own) for name, own in parser()[1].items())])


def _command(name: str, own: argparse.ArgumentParser) -> str:
    left_out = (argparse._SubParsersAction, argparse._HelpAction)
    rows = [_row(action) for action in own._actions if not isinstance(action, left_out)]
    table = ["| argument | meaning |", "|---|---|", *rows]
    text = (own.description or "").strip()
    return "\n".join([f"## rag {name}", "", f"{text[:1].upper()}{text[1:]}.", "", *table, ""])


def _row(action: argparse.Action) -> str:
    value = action.metavar if isinstance(action.metavar, str) else " ".join(action.metavar or ())
    if not value and action.nargs != 0:
        value = "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
    names = ", ".join(action.option_strings)
    shown = " ".join(part for part in (names, value if action.nargs != 0 else "") if part)
    meaning = (action.help or "").replace("%%", "%")
    return f"| `{shown.replace('|', '/')}` | {meaning.replace('|', '&#124;')} |"


if __name__ == "__main__":
    sys.stdout.write(page())
