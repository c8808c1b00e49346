"""A document -> the date of what it says, and whether its file changed since it was indexed.

In: what the index notes of the document's origin. Out: an `AsOf`. Looks at size and time of a file of this machine that
is there; reads none, and says nothing of files that are gone or lie elsewhere.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from rag.documents.contained import file_of
from rag.documents.sidecar import sidecar_path
from rag.documents.stamps import stamp
from rag.text.dates import stated_date
from rag.types import AsOf, Origin, Stamp


def dated(document_id: str, origin: Origin) -> AsOf:
    """The date that the document states, or the day of its file (UTC) if it states none that can be read."""
    stated = stated_date(origin.created) if origin.created else None
    day = stated or _day(origin.stamp.mtime_ns)
    return AsOf(day, None if day is None else "document" if stated else "file", _is_stale(document_id, origin))


def _is_stale(document_id: str, origin: Origin) -> bool:
    """True if the file has another size or time than when it was read, or other metadata beside it, or could not be
    read when it was last looked for. False where that is not known: a document of the web, of another machine, of an
    archive of which a part could not be read."""
    file = file_of(document_id, origin.source)
    if origin.stale:
        return True
    if origin.stamp.size is None or not os.path.isabs(file):
        return False
    try:
        now = stamp(file)
        if origin.stamp.inode is None:  # an earlier version took the later time of the file and its metadata
            return now[:2] != origin.stamp[:2] and not (now.own and _is_of_metadata(file, origin.stamp))
        return (*now[:2], now.own) != (*origin.stamp[:2], origin.stamp.own)
    except (OSError, ValueError):
        return False


def _is_of_metadata(file: str, before: Stamp) -> bool:
    """True if the size is that of the file, and the time that of the metadata beside it."""
    return (os.stat(file).st_size, os.stat(sidecar_path(Path(file))).st_mtime_ns) == before[:2]


def _day(mtime_ns: int | None) -> str | None:
    try:
        return None if mtime_ns is None else datetime.fromtimestamp(mtime_ns // 10**9, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return None
