"""A document -> the file that it was read from, as long as that is the same.

In: a document's id, hash and source, as the index has them. Out: the path of the file, which is or holds the
document's. The hash decides: places in a document are no places in a file that was changed since, and then only a copy
that was kept (`rag.index.originals`) is its original. It fetches nothing: pages of the web are not kept.
"""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import NamedTuple

from rag.documents.contained import file_of
from rag.documents.stamps import sha256_of, stamp
from rag.errors import OriginalChanged, OriginalGone

_REMEMBERED = 10_000  # files whose hashes are kept


class Original(NamedTuple):
    """The file behind a document; `file` holds that of the document if the id says so."""

    document_id: str
    sha256: str  # of the bytes of the document's file, in hex
    file: Path
    inside: bool  # the document's file lies in `file`

    @property
    def suffix(self) -> str:
        """The suffix of the document's file, in lower case."""
        return os.path.splitext(self.document_id)[1].lower()

    @property
    def name(self) -> str:
        """The name of the document's file, without folders."""
        return self.document_id.rpartition("/")[2]


def original_of(document_id: str, sha: str, source: str, kept: Path | None = None) -> Original:
    """The original of a document whose stored source is given: the copy that is kept of it, else the file there. Raises
    `OriginalGone` if there is neither."""
    file = file_of(document_id, source)
    if kept is not None:
        return Original(document_id, sha, kept, file != source)
    if not os.path.isabs(file):
        raise OriginalGone(f"the original of {document_id[:200]!r} is not a file of this server; its text is kept")
    try:
        regular = stat.S_ISREG(os.stat(file).st_mode)
    except (OSError, ValueError):
        regular = False
    if not regular:
        raise OriginalGone(f"the file of {document_id[:200]!r} is not there any more; its text is kept")
    return Original(document_id, sha, Path(file), file != source)


def original_changed(original: Original) -> OriginalChanged:
    """The error for a file that is another than the one that was read."""
    return OriginalChanged(
        f"the file of {original.document_id[:200]!r} was changed since it was indexed: index it again; its text "
        "is kept as it was"
    )


class Hashes:
    """Hashes of files, remembered as long as the marks of the files stay. Any thread may call."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[object, ...], str]] = {}
        self._lock = threading.Lock()

    def check(self, original: Original) -> None:
        """Check that a file of a folder has the bytes that were read. Raises `OriginalGone`, `OriginalChanged`."""
        try:
            marks = stamp(original.file, described=False).marks()
            found = self._known.get(original.file)
            if found is None or found[0] != marks:
                found = marks, sha256_of(original.file)
        except OSError as exc:
            raise OriginalGone(
                f"the file of {original.document_id[:200]!r} cannot be read: {exc.strerror or exc}; its text is kept"
            ) from exc
        with self._lock:
            self._known[original.file] = found
            while len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]
        if found[1] != original.sha256:
            raise original_changed(original)
