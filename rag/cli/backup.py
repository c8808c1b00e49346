"""The commands `rag backup` and `rag restore`: an index in one file, and back.

In: parsed arguments. Out: text or JSON; failures are raised as `RagError` for `rag.cli.main` to print.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.index.backup import Backup
    from rag.settings import Settings

BACKUP_TEXT = "write an index to one file, while it is used"
RESTORE_TEXT = "put an index in place from a file that `rag backup` wrote"


def add_arguments(backup: argparse.ArgumentParser, restore: argparse.ArgumentParser) -> None:
    """Add the arguments of `rag backup` and `rag restore`."""
    backup.add_argument("name", metavar="INDEX", help="index to write")
    backup.add_argument("file", type=Path, metavar="FILE", help="file to write; one that is there is replaced")
    restore.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="file to read; it takes the place of the index of its name, or of --index, once it was checked",
    )


def run_backup(options: argparse.Namespace, settings: Settings) -> int:
    """Run `rag backup`; returns the exit code."""
    from rag.index import backup
    from rag.stores.open import local_only

    local_only(settings, "rag backup", "back up Milvus by its own means, or copy the index with `rag migrate`")
    done = backup.back_up(settings.indexes_dir, options.name, options.file)
    return _told(done, f"wrote index {done.name!r} to {options.file}", options.json)


def run_restore(options: argparse.Namespace, settings: Settings) -> int:
    """Run `rag restore`; returns the exit code."""
    from rag.index import backup
    from rag.stores.open import local_only

    local_only(settings, "rag restore", "restore it to the local store and copy it with `rag migrate`")
    done = backup.restore(settings.indexes_dir, options.file, options.index)
    return _told(done, f"restored index {done.name!r} from {options.file}", options.json)


def _told(done: Backup, text: str, as_json: bool) -> int:
    if as_json:
        print(json.dumps(done._asdict(), ensure_ascii=False))
    else:
        print(f"{text}: {done.documents} documents, {done.uploads} uploaded files, {done.bytes:,} bytes")
    return 0
