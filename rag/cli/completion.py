"""The command `rag completion`: the lines that teach a shell to complete commands, options and names of indexes.

In: the name of a shell. Out: its code, made by argcomplete, which calls `rag` at each Tab; `complete` answers it.
"""

from __future__ import annotations

import argparse
import os

COMPLETION_TEXT = "print the code that completes commands, options and indexes in a shell"
_SHELLS = ("bash", "zsh", "fish")
_CALLED = "_ARGCOMPLETE"  # the variable that the code of the shell sets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rag completion`."""
    parser.add_argument("shell", choices=_SHELLS, help="shell whose code is printed")
    parser.epilog = 'bash, zsh: eval "$(rag completion bash)" in ~/.bashrc or ~/.zshrc, with the name of the shell; '
    parser.epilog += "fish: rag completion fish > ~/.config/fish/completions/rag.fish"


def run(options: argparse.Namespace) -> int:
    """Print the code of a shell; returns the exit code 0."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["rag"], shell=options.shell))  # type: ignore[no-untyped-call]
    return 0


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell and end the process, if it is the shell that calls."""
    if _CALLED in os.environ:
        from argcomplete import autocomplete

        autocomplete(parser)


def complete_index_names(parsed_args: argparse.Namespace, **_: object) -> list[str]:
    """The names of the indexes, for argcomplete, which gives the arguments before; none if they cannot be listed."""
    from rag.errors import RagError
    from rag.settings import load_settings
    from rag.stores.open import list_indexes

    names = ("indexes_dir", "store", "milvus_uri")
    try:
        return list_indexes(load_settings(**{name: getattr(parsed_args, name, None) for name in names}))
    except RagError:
        return []
