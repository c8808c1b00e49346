"""Copies of the files that documents were read from, beside their index, so that a cited place can be shown after the
file was changed, moved or deleted.

In: the folder of an index, and the files behind its documents. Out: `INDEX/originals/`, a copy for each of those
contents: named by the hash of its bytes, or for a file that holds others by its id and marks. A copy that no document
was read from is deleted. Uploads and copies from servers lie in the index already. Backups do not hold them.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from rag.documents.contained import container_of, file_of
from rag.documents.stamps import stamp as marks_of
from rag.types import FileState, Stamp

ORIGINALS = "originals"
_BLOCK = 1 << 20
_PART = ".part"
_log = logging.getLogger(__name__)


def copy_place(folder: Path, document_id: str, sha256: str, stamp: Stamp) -> Path:
    """The place of the copy of the file that is or holds the document's, whether there is one or not."""
    container = container_of(document_id)
    suffix = os.path.splitext(container or document_id)[1].lower()
    held = repr((container, stamp.size, stamp.mtime_ns)).encode("utf-8", "replace")
    key = sha256 if container is None else hashlib.sha256(held).hexdigest()
    return folder / ORIGINALS / key[:2] / f"{key}{suffix}"


def kept_copy(folder: Path, document_id: str, sha256: str, stamp: Stamp) -> Path | None:
    """The copy of the file that is or holds the document's, as it was read; None if there is none."""
    if not (folder / ORIGINALS).is_dir():
        return None
    place = copy_place(folder, document_id, sha256, stamp)
    return place if place.is_file() else None


def bring_copies_in_line(folder: Path, files: Mapping[str, FileState], copy: bool) -> None:
    """Delete the copies that belong to none of the documents, given by their ids, and with `copy` make those that are
    missing. A file that is another than the one that was read is not copied."""
    if not copy and not (folder / ORIGINALS).is_dir():
        return
    places = {copy_place(folder, name, state.sha256, state.stamp): name for name, state in files.items()}
    for path in (folder / ORIGINALS).glob("*/*"):
        if path not in places:
            path.unlink(missing_ok=True)
    own = folder.resolve()
    for place, name in places.items() if copy else ():
        source = Path(file_of(name, files[name].source))
        if source.is_absolute() and not source.is_relative_to(own) and not place.exists():
            _copy(source, place, name, files[name])


def _copy(source: Path, place: Path, document_id: str, state: FileState) -> None:
    """Copy the file, whole or not at all, unless it was changed since it was read or cannot be read."""
    part = place.with_name(f"{place.name}{_PART}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if _written(source, part) == state.sha256 or _holds(source, document_id, state.stamp):
            os.replace(part, place)
        else:
            part.unlink()
    except OSError as exc:
        _log.warning("no copy of %s is kept: %s", source, exc.strerror or exc)
        part.unlink(missing_ok=True)


def _written(source: Path, part: Path) -> str:
    """The hash of a file, in hex, after it was written to another, which only its owner may read."""
    digest = hashlib.sha256()
    with source.open("rb") as file, open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        while block := file.read(_BLOCK):
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def _holds(source: Path, document_id: str, stamp: Stamp) -> bool:
    """True if the file holds others and has still the marks with which they were read."""
    if container_of(document_id) is None:
        return False
    now = marks_of(source)
    return (now.size, now.mtime_ns) == (stamp.size, stamp.mtime_ns)
