"""The outcomes of one file, and of the files in it -> which of its documents stay as they are, and which are gone.

In: outcomes as a run reads them, and the documents that the index has of the file. Out: their ids. What could not be
read leaves what the index has of it, with all that is in it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rag.documents.contained import holders_of
from rag.documents.unpack import UnchangedFile
from rag.errors import DocumentError, EmptyDocument
from rag.ingest.prepare import FileResult
from rag.types import Prepared


class Settled(NamedTuple):
    """The documents of a file that was read to its end, by their ids."""

    same: list[str]
    failed: list[str]
    gone: list[str]


class Contents:
    """The ids of documents that are in a file, by what came of them."""

    def __init__(self) -> None:
        self.put: set[str] = set()  # new or changed
        self._kept: set[str] = set()
        self._failed: set[str] = set()

    def add(self, outcome: FileResult, document_id: str) -> None:
        """Note an outcome."""
        if isinstance(outcome, Prepared):
            self.put.add(document_id)
        elif isinstance(outcome, UnchangedFile):
            self._kept.add(document_id)
        elif isinstance(outcome, DocumentError) and not isinstance(outcome, EmptyDocument):
            self._failed.add(document_id)

    def has_failed(self, document_id: str) -> bool:
        """True if the file of this id, or one that holds it, could not be read."""
        return _is_or_lies_in(document_id, self._failed)

    def settled(self, known: Iterable[str]) -> Settled:
        """The fate of the documents that the index has of the file and that were not put in anew."""
        found = Settled([], [], [])
        for document_id in known:
            if document_id in self.put:
                continue
            if self.has_failed(document_id):
                found.failed.append(document_id)
            else:
                (found.same if _is_or_lies_in(document_id, self._kept) else found.gone).append(document_id)
        return found


def _is_or_lies_in(document_id: str, among: set[str]) -> bool:
    return document_id in among or any(holder in among for holder in holders_of(document_id))
