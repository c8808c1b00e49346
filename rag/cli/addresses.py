"""The addresses of `rag index`: fetched into the index's own folder, before that is read like any other.

In: parsed arguments. Out: the folders of copies, and what could not be fetched. Failures are raised as `RagError`.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rag.cli.progress import Interrupts, ProgressBar
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.mirror.run import Mirrored
    from rag.settings import Settings


def fetched(options: argparse.Namespace, settings: Settings) -> Mirrored | None:
    """Fetch what the paths name, if they are addresses; None if they are paths. Raises `InputError` for a mixture, and
    for options that need files."""
    from rag.mirror.places import is_address

    addresses = [path for path in options.paths if is_address(path)]
    if not addresses:
        return None
    if len(addresses) < len(options.paths):
        raise InputError("addresses and paths are two runs: give them in two commands, one after the other", "paths")
    if options.dry_run:
        raise InputError("--dry-run writes nothing, and an address can only be compared by fetching it", "paths")
    if options.watch:
        raise InputError("--watch cannot follow an address: repeat the command by a timer, such as cron", "paths")
    from rag.background import Run
    from rag.index.folders import index_folder
    from rag.mirror.run import mirrored

    folder = index_folder(settings.indexes_dir, settings.index)
    with Interrupts() as interrupts, ProgressBar("page") as progress:
        return mirrored(addresses, folder, settings, options.allow_host, Run(progress, interrupts))
