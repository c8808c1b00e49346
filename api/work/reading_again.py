"""Files of folders that could not be read, and one of them read once more, such as with its password.

In: a document's id, an index and a password, which is kept in memory until the file is read. Out: what came of it.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from api.errors import public
from api.served import Served
from api.work.upload_jobs import Jobs
from rag.documents.options import DEFAULTS, ReadOptions
from rag.ingest.again import read_again
from rag.ingest.prepare import Here
from rag.stores.open import open_index


class UnreadFileJSON(TypedDict):
    """A file that could not be read, by the id that its document would have, and why, in one line."""

    id: str
    reason: str


class ReadAgainJSON(TypedDict):
    """The outcome of a file that was read again; `error` says in one line why it, or which file in it, could not be
    read."""

    id: str
    done: bool
    error: str | None
    passages: int


def unread_files(served: Served, index: str | None) -> list[UnreadFileJSON]:
    """The files of an index that could not be read. Raises `IndexNotFound`."""
    return [{"id": one.document_id, "reason": one.reason} for one in served.pipeline(index).unread()]


def read_file_again(served: Served, jobs: Jobs, name: str, document_id: str, password: str) -> ReadAgainJSON:
    """Read a file again and put it in. Raises `DocumentNotFound`, `IndexNotFound`, `IndexBusy`, `NotReady`."""
    served.check(name)
    settings = served.settings.model_copy(update={"index": name})
    embedder = served.models().embedder
    options = ReadOptions(passwords=(password,)) if password else DEFAULTS
    with (
        jobs.reader(options) as pool,
        jobs.writing(name),
        open_index(settings, embedder, write=True) as index,
    ):
        summary = read_again(document_id, index, Here(embedder, settings.passage_tokens, pool.read), options)
    error = next((public(failure.message) for failure in summary.failed), None)
    done = bool(summary.added or summary.replaced or (summary.unchanged and not summary.failed))
    return {"id": document_id, "done": done, "error": error, "passages": summary.passages}
