"""An index -> the same documents with another embedder or chunker: ingestion whose reader is the catalogue.

In: an index that is open for writing, and the new embedder. Out: the index changed in one transaction at the end. Until
then it is searched as it was; the new vectors gather in a catalogue beside it, and a run that was stopped or killed
is continued from there. The files that the documents came from are not needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rag.background import UNWATCHED, Run
from rag.documents.discover import Found
from rag.errors import DocumentError
from rag.index.local import LocalIndex
from rag.index.staging import Staged
from rag.ingest.changes import Change
from rag.ingest.chunking import chunker_fingerprint
from rag.ingest.prepare import Here
from rag.ingest.run import Summary, carry_out
from rag.seams import Embedder
from rag.settings import Settings
from rag.types import Document, MadeWith


def reembed(
    index: LocalIndex,
    embedder: Embedder,
    settings: Settings,
    run: Run = UNWATCHED,
) -> Summary:
    """Embed all documents anew. The summary's `left` is 0 if the index has been changed; otherwise the run was stopped.
    Raises `DocumentError` if a document does not fit the new embedder; the index is then as it was."""
    made_with = MadeWith(embedder.fingerprint, embedder.dimension, chunker_fingerprint(settings))
    staged = index.stage(made_with)
    try:
        change = _what_is_left(index, staged)

        def read(files: Iterable[Found]) -> Iterator[tuple[Found, Document | DocumentError]]:
            return ((found, index.document(found.document_id)) for found in files)

        summary = carry_out(change, staged, Here(embedder, settings.passage_tokens, read), run)
        if summary.failed:
            raise DocumentError(f"{summary.failed[0].message}; the index is as it was")
        if not summary.left:
            index.adopt(staged)
        return summary
    finally:
        staged.close()


def _what_is_left(index: LocalIndex, staged: Staged) -> Change:
    there = staged.files()
    here = index.files()
    change = Change(vanished=sorted(there.keys() - here.keys()))
    for document_id, state in here.items():
        if document_id in there and staged.document(document_id) == index.document(document_id):
            change.unchanged.append(document_id)
            staged.touch(document_id, state.stamp)
        else:
            change.changed.append(Found(state.source, document_id, state.source))
            change.stamps[document_id] = state.stamp
    return change
