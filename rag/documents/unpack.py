"""A file of a folder -> its document, and those of the files in it, one after another.

In: the path of a file. Out: for each file in it, and last for the file itself, a `Document`, the `DocumentError` that
says why there is none, `UnchangedFile` if the index has it already, or `Archive` if it has no text of its own. The file
comes last, so that whoever has seen it has seen all. Before each comes `Begun`, from which on its time counts. What
reads is imported when a file is read: a run over files that are as they were needs none of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Set
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rag.documents.contained import MEMBER_MARK, Budget, Member, plan, stays_closed
from rag.documents.options import DEFAULTS, ReadOptions
from rag.errors import DocumentError
from rag.types import Document, Prepared


class Begun(NamedTuple):
    """A file is about to be read."""

    document_id: str


class Spent(NamedTuple):
    """The process has come near the end of its memory: what it says next is the last that it can be trusted with."""


class UnchangedFile(NamedTuple):
    """A file whose bytes are those that the index has; what is in it stays as well."""

    document_id: str


class Archive(NamedTuple):
    """A file without text of its own, whose members are documents."""

    document_id: str
    notes: tuple[str, ...] = ()  # on members that are not read


Result = Document | DocumentError | UnchangedFile | Archive


def id_of(result: Result | Prepared) -> str:
    """The id of the document that there is or would be; empty for an error of a file that holds no others."""
    if isinstance(result, Prepared):
        return result.document.id
    return result.id if isinstance(result, Document) else result.document_id


def read_all(
    path: Path,
    document_id: str,
    source: str | None = None,
    options: ReadOptions = DEFAULTS,
    known: Set[tuple[str, str]] = frozenset(),
    past: Set[str] = frozenset(),
) -> Iterator[Begun | Result]:
    """Reads a file with the files in it; `source` is its path if none is given.

    `known` are documents that the index has, as id and SHA-256, by the readers of today; a PDF only with all that is in
    it. `past` are ids that are passed over, with all that is in them: the results of an earlier call that came to no
    end.
    """
    from rag.documents.read import file_bytes

    whole = _File(path.name, partial(file_bytes, path), document_id, source or str(path), str(path), 0)
    return _Reading(options, known, past).results(whole)


class _File(NamedTuple):
    """A file to read, of a folder or in another."""

    name: str  # its suffix tells the reader
    load: Callable[[], bytes]
    document_id: str
    source: str
    shown: str  # its path, for messages
    depth: int  # the number of files that hold it

    def inside(self, document_id: str, member: Member) -> _File:
        """The file that a member is; its id begins with that of this one."""
        path = document_id[len(self.document_id) :]
        name = path[len(MEMBER_MARK) :]
        return _File(name, member.load, document_id, self.source + path, self.shown + path, self.depth + 1)


class _Reading:
    """The reading of one file of a folder, with what may still be taken out of it."""

    def __init__(self, options: ReadOptions, known: Set[tuple[str, str]], past: Set[str]) -> None:
        self._options = options
        self._known = known
        self._past = past
        self._budget = Budget()

    def results(self, file: _File) -> Iterator[Begun | Result]:
        """Yields what is in the file, and the file itself last."""
        if file.document_id in self._past:
            return
        yield Begun(file.document_id)
        own, inside = self._opened(file)
        for each in inside:
            yield from self.results(each)
        yield own

    def _opened(self, file: _File) -> tuple[Result, list[_File]]:
        """The file itself, and the files in it."""
        from rag.documents.read import as_document, check_type, parsed, reported

        try:
            with reported(file.shown):
                check_type(file.name)
                data = file.load()
                same = (file.document_id, hashlib.sha256(data).hexdigest()) in self._known
                if same and stays_closed(file.name):
                    return UnchangedFile(file.document_id), []
                if not file.depth:
                    self._budget.begin(len(data))
                content = parsed(file.name, data, self._options)
        except DocumentError as exc:
            return _of(file, exc), []
        members, notes = plan(file.document_id, content.members, self._budget, file.depth)
        inside = [file.inside(*member) for member in members]
        if same:
            return UnchangedFile(file.document_id), inside
        try:
            with reported(file.shown):
                document = as_document(content, file.name, data, file.document_id, file.source, notes)
        except DocumentError as exc:
            return _of(file, exc), inside
        if document is None:
            return Archive(file.document_id, (*content.notes, *notes)), inside
        return document, inside


def _of(file: _File, error: DocumentError) -> DocumentError:
    error.document_id = file.document_id
    return error
