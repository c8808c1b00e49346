"""Files that could not be read -> which need not be tried again: the same bytes, read in the same way.

In: what an index remembers, a file as it is now, and the options with which it would be read. Out: failures as before,
and what is to be remembered: all of them, since questions about such a file are told why. Tried at each run are those
after a fault of this program, and of files of which not even the bytes could be read or that changed meanwhile: they
have no `read_with`. With passwords all are tried.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from rag.documents.discover import Found
from rag.documents.options import ReadOptions
from rag.documents.stamps import sha256_of, stamp_of
from rag.documents.versions import reader_version
from rag.errors import DocumentError, EmptyDocument, ReaderFault
from rag.types import Failed, Stamp

_PROGRAMS = ("tesseract", "soffice", "libreoffice")  # on which it depends what can be read


class Again(NamedTuple):
    """Failures as before, and a file whose marks changed meanwhile although its bytes did not."""

    failed: list[Failed]
    remarked: bool


def as_before(found: Found, now: Stamp, remembered: Sequence[Failed], options: ReadOptions) -> Again | None:
    """The failures of a file, as it is now, that need not be tried again; None if it is to be read. Raises
    `OSError`."""
    if not remembered or options.passwords or now.own != remembered[0].stamp.own:
        return None
    if any(failed.read_with != read_with(failed.document_id, options) for failed in remembered):
        return None
    if now.ctime_ns is not None and now.marks() == remembered[0].stamp.marks():
        return Again(list(remembered), remarked=False)
    if now.size != remembered[0].stamp.size or sha256_of(found.path) != remembered[0].sha256:
        return None
    return Again([failed._replace(stamp=now) for failed in remembered], remarked=True)


def to_remember(
    found: Found, errors: Iterable[tuple[str, DocumentError]], before: Stamp | None, options: ReadOptions
) -> list[Failed]:
    """The failures of a file, and of those in it, that are to be remembered; `before` are its marks before it was read,
    if they are known."""
    each = list(errors)
    faults = any(isinstance(error, ReaderFault) for _, error in each)
    content = None if before is None or faults or options.passwords else _unchanged(found, before)
    return [
        failed_anyhow(found.source, document_id, str(error))
        if before is None or content is None
        else Failed(
            found.source, document_id, str(error), content, before, read_with(document_id, options),
            isinstance(error, EmptyDocument),
        )
        for document_id, error in each
    ]  # fmt: skip


def failed_anyhow(file: str, document_id: str, message: str) -> Failed:
    """A failure that is tried again at each run."""
    return Failed(file, document_id, message, "", Stamp(None, None), "")


def _unchanged(found: Found, before: Stamp) -> str | None:
    """The hash of the file; None if it has other marks than before."""
    try:
        content = sha256_of(found.path)
        now = stamp_of(found)
        return content if now._replace(ctime_ns=before.ctime_ns and now.ctime_ns) == before else None
    except OSError:
        return None


def read_with(document_id: str, options: ReadOptions) -> str:
    """A text that is another one if a file that could not be read may be readable now."""
    hidden = "hidden" if options.include_hidden else "seen"
    return " ".join([str(reader_version(document_id)), "+".join(options.ocr_languages), hidden, *_programs()])


@cache
def _programs() -> tuple[str, ...]:
    return tuple(program for program in _PROGRAMS if shutil.which(program))
