"""The folder of a service's own files (keys, stored answers), which no index can be named like.

In: the folder of indexes and the name of a file. Out: its path in `.service` there, readable by its owner only. A file
that an earlier version keeps beside the indexes is moved there; if that is not permitted, it is used where it is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

STATE_FOLDER = ".service"  # names of indexes begin with a letter or a digit


def service_file(indexes_dir: Path, name: str) -> Path:
    """The path of the file, there or not. Makes nothing, and moves one that lies at its earlier place."""
    file, earlier = indexes_dir / STATE_FOLDER / name, indexes_dir / name
    with suppress(OSError):  # another process was first, or the folder cannot be written
        if not file.exists() and earlier.is_file() and not _in_use(earlier):
            file.parent.mkdir(mode=0o700, exist_ok=True)
            earlier.chmod(0o600)
            os.replace(earlier, file)
    return file if file.exists() or not earlier.is_file() else earlier


def _in_use(file: Path) -> bool:
    """True if a transaction of SQLite is under way, or was cut off: its file may only be moved with the rest."""
    return any(file.with_name(file.name + end).exists() for end in ("-journal", "-wal"))
