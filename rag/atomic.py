"""Files that are there whole or not at all; damaged ones are put aside, never deleted.

In: a path, and bytes. Out: the file on the disk with its old content or the new one, never with a part. Does not know
what the files hold.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Write to another name, wait for the disk, rename: a reader finds the old content or the new."""
    os.replace(write_fresh(file, content), file)


def write_fresh(file: Path, content: bytes) -> Path:
    """Write the content to `<name>.new`, wait for the disk and return that path: the first step of `write_whole`."""
    fresh = file.with_name(f"{file.name}.new")
    with fresh.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    return fresh


def sync_folder(folder: Path) -> None:
    """Wait until the names of the files in the folder are on the disk. Windows, which opens no folder, has no such
    call."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def set_aside(path: Path) -> Path | None:
    """Rename a damaged file or folder to `<name>.damaged-<n>`, n the first free number. Returns the new path, or None
    if there is nothing to rename."""
    if not path.exists():
        return None
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return path.rename(aside)
