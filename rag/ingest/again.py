"""A file of a folder that could not be read -> read once more, such as with its password.

In: the id of a document that an index remembers as unread, and how files are read now. Out: what came of it. It does
not look at the folder, and reads no file that the index does not know: no path comes from whoever asks. Uploads that
failed are sent anew instead.
"""

from __future__ import annotations

import os

from rag.documents.contained import container_of, is_container
from rag.documents.discover import Found
from rag.documents.options import ReadOptions
from rag.documents.stamps import stamp_of
from rag.errors import DocumentError, DocumentNotFound
from rag.index.unread import Unread, unread
from rag.ingest.changes import Change, by_container
from rag.ingest.prepare import Here
from rag.ingest.run import Summary, carry_out
from rag.seams import DocumentSink, Index
from rag.types import Failed


def readable_again(index: Index, most: int) -> list[Unread]:
    """The files, and files in them, that could not be read and are still there, of the last `most` that failed."""
    return unread(failed for failed in index.failures(most) if _may_be_read(failed))


def read_again(document_id: str, index: DocumentSink, here: Here, options: ReadOptions) -> Summary:
    """Read the file that is or holds the document, and put in what is read; `here` reads with the options. Raises
    `DocumentNotFound` if the index knows of no such file, and `DocumentError` if that cannot be looked at."""
    failed = next((one for one in index.failures() if one.document_id == document_id and _may_be_read(one)), None)
    if failed is None:
        raise DocumentNotFound(
            f"no file of the document {document_id[:200]!r} waits to be read: GET /v1/unread lists those that do"
        )
    name = container_of(document_id) or document_id
    found = Found(failed.file, name, failed.file)
    try:
        stamp = stamp_of(found)
    except OSError as exc:
        raise DocumentError(f"{failed.file}: cannot be read: {exc.strerror or exc}") from exc
    known = index.files()
    inside = [each for each in (name, *by_container(known).get(name, ())) if each in known]
    change = Change(
        changed=[found],
        stamps={name: stamp},
        known={name: inside} if is_container(name) and inside else {},
        forgotten={failed.file},
        options=options,
    )
    return carry_out(change, index, here)


def _may_be_read(failed: Failed) -> bool:
    return not failed.empty and os.path.isfile(failed.file)
