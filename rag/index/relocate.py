"""The uploaded files of an index that comes from a backup -> their new places and marks in its catalogue.

In: the ledger of an index in the making, what the backup says of its files, and the folder that the index will have.
Out: sources, places and stamps that fit the files as they were unpacked, so that none of them counts as changed or
lost. A file that had changed since it was indexed still counts as changed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.documents.contained import container_of
from rag.documents.stamps import stamp
from rag.index.ledger import Ledger
from rag.types import FileState

_UPLOADS = "uploads/"


def relocate(ledger: Ledger, about: Mapping[str, Any], unpacked: Path, folder: Path) -> None:
    """Note where the uploaded files of a backup will lie and how they are marked now: they are in the folder
    `unpacked`, which will be called `folder`."""
    known = ledger.files()
    if before := about.get("folder") or _former(known, str(about["index"])):
        ledger.move_files(f"{before}/{_UPLOADS}", f"{folder.resolve()}/{_UPLOADS}")
    by_file: dict[str, list[str]] = {}
    for name in known:
        by_file.setdefault(container_of(name) or name, []).append(name)
    for told in about["files"]:
        names = by_file.get(told["name"], []) if str(told["name"]).startswith(_UPLOADS) else []
        same = [name for name in names if _is_as_indexed(known[name], told, name)]
        if same and len(same) == len(names):
            _mark(ledger, {name: known[name] for name in same}, unpacked / told["name"], folder / told["name"])


def _mark(ledger: Ledger, known: Mapping[str, FileState], file: Path, place: Path) -> None:
    modified = next(iter(known.values())).stamp.mtime_ns or 0
    os.utime(file, ns=(modified, modified))
    now = stamp(file, place=os.path.join(place.parent.resolve(), place.name))
    for name, state in known.items():
        if not state.stale:
            ledger.touch(name, now)


def _is_as_indexed(state: FileState, told: Mapping[str, Any], name: str) -> bool:
    """True if the file was as the index knew it when it was backed up; earlier backups do not tell its time."""
    if state.stamp.mtime_ns is None or state.stamp.size != told["size"]:
        return False
    if "mtime_ns" in told:
        return bool(state.stamp.mtime_ns == told["mtime_ns"])
    return bool(name != told["name"] or state.sha256 == told["sha256"])


def _former(known: Mapping[str, FileState], index: str) -> str | None:
    """The folder in which the index was, as the sources of its uploads tell: earlier backups do not."""
    found: Counter[str] = Counter()
    for name, state in known.items():
        if name.startswith(_UPLOADS) and state.source.endswith(f"/{index}/{name}"):
            found[state.source[: -len(name) - 1]] += 1
    return _first(found.most_common(1))


def _first(counted: Sequence[tuple[str, int]]) -> str | None:
    return counted[0][0] if counted else None
