"""Files that are there whole or not at all; damaged ones are put aside, never deleted."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Write to another name, wait for the disk, rename: a reader finds the old content or the new."""
    os.replace(write_fresh(file, content), file)


def write_fresh(file: Path, content: bytes) -> Path:
    """The first part of `write_whole`: the content is on the disk under the name that is returned."""
    fresh = file.with_name(f"{file.name}.new")
    with fresh.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    return fresh


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names of the files in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def set_aside(path: Path) -> Path | None:
    """Rename a damaged file or folder to `<name>.damaged-<n>`, the first n that is free; None where there is none."""
    if not path.exists():
        return None
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return path.rename(aside)
