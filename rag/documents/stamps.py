"""A file -> the marks by which a later write shows without reading it, and its hash."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from rag.documents import sidecar
from rag.documents.discover import Found
from rag.types import Stamp

# A file that was changed less than this before its marks are taken may be changed again without another time: the clock
# of a file system goes in steps of up to 10 ms.
SETTLED_NS = 20_000_000
_SETTLED_S = SETTLED_NS / 1e9
_LARGEST = (1 << 63) - 1  # of a number in a catalogue


def stamp_of(found: Found) -> Stamp:
    """The marks of a file, as it is now; waits for a moment if it was changed just now. One that was changed in the
    future, as the clock goes, has no time of change, so that its bytes are compared the next time. Raises `OSError`."""
    found_now = stamp(found.file, found.described, found.place)
    age = time.time() - (found_now.ctime_ns or 0) / 1e9
    if age > _SETTLED_S:
        return found_now
    if age < -_SETTLED_S:
        return found_now._replace(ctime_ns=None)
    time.sleep(_SETTLED_S - age)
    return stamp(found.file, found.described, found.place)


def stamp(file: str | Path, described: bool = True, place: str | None = None) -> Stamp:
    """The marks of a file; `described` if metadata may lie beside it. Raises `OSError`."""
    stat = os.stat(file)
    return Stamp(
        stat.st_size,
        min(stat.st_mtime_ns, _LARGEST),
        min(stat.st_ctime_ns, _LARGEST),
        stat.st_ino & _LARGEST,
        sidecar.marks(file) if described else "",
        place,
        stat.st_dev & _LARGEST,
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file's bytes, in hex. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
