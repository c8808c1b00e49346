"""Uploads -> documents, one after another in a thread of their own, and the state of each.

In: files that `rag.ingest.uploads` keeps. Out: `Job`s, whose state a client asks for. Uploads that wait when the
process ends are taken up when it starts again. Finished jobs are remembered up to a number, in memory only; if services
share a database (`rag.state.job_table`), the state of each job is written there as well, so that any of them can be
asked.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal

from typing_extensions import TypedDict

from api.caller import caller
from api.errors import JobNotFound, NotReady, public
from api.served import Served, absent
from rag.documents.pool import ReaderPool
from rag.errors import IndexBusy, Overloaded, RagError, StateUnavailable
from rag.index.folders import index_folder
from rag.ingest import uploads
from rag.ingest.prepare import ReadFiles
from rag.ingest.run import Summary
from rag.ingest.uploads import Upload
from rag.serialise import to_json
from rag.state.database import Database
from rag.state.job_table import JobTable
from rag.stores.open import open_index

_log = logging.getLogger(__name__)

_ID = re.compile(r"job_[0-9a-f]{32}")
_WAITING = 1000  # jobs
_REMEMBERED = 10_000
_BUSY_S = 600.0  # how long a job waits for another process that writes to its index
_RETRY_S = 0.5


class JobJSON(TypedDict):
    """An upload on its way to be a document; `error` says in one line why it failed, or which file in it could not be
    read if it is done."""

    id: str
    status: Literal["queued", "running", "done", "failed"]
    index: str
    document_id: str
    error: str | None
    passages: int


@dataclass(slots=True)
class Job:
    """Upload on its way to be a document, with the fields of `JobJSON`."""

    id: str
    index: str
    document_id: str
    status: Literal["queued", "running", "done", "failed"] = "queued"
    error: str | None = None
    passages: int = 0

    def json(self) -> JobJSON:
        """The job as JSON."""
        return {
            "id": self.id,
            "status": self.status,
            "index": self.index,
            "document_id": self.document_id,
            "error": self.error,
            "passages": self.passages,
        }


class Jobs:
    """Queue of uploads, with the thread that indexes them. Any thread may call; `start` and `close` once each."""

    def __init__(self, served: Served, state: Database | None = None) -> None:
        self._served = served
        self._shared = JobTable(state, _REMEMBERED) if state else None
        self._jobs: dict[str, Job] = {}
        self._owner = uploads.Owner()
        self._queue: queue.Queue[Upload | None] = queue.Queue(_WAITING)  # None ends the thread
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="uploads", daemon=True)

    def start(self) -> None:
        """Take up the uploads that an earlier process left waiting, and start the thread."""
        for folder in sorted(self._served.settings.indexes_dir.glob(f"*/{uploads.FOLDER}")):
            for upload in uploads.waiting(folder.parent, self._owner):
                self._enqueue(folder.parent.name, upload)
        self._thread.start()

    def add(self, name: str, content: BinaryIO, metadata: Mapping[str, str], index: str, create: bool) -> Job:
        """Keep the file and queue it. Raises `InputError`, `UnsupportedDocument`, `IndexNotFound`, `NotReady` and
        `Overloaded`."""
        folder = index_folder(self._served.settings.indexes_dir, index)
        if not caller().sees(index):
            raise absent(index)
        if not create and index != self._served.settings.index:
            self._served.check(index)
        self._served.models()
        if self._queue.full():
            raise Overloaded(f"{_WAITING} uploads wait already: try again later", 60.0)
        upload = Upload(f"job_{uuid.uuid4().hex}", uploads.checked_name(name), folder / uploads.FOLDER)
        self._owner.take(upload.folder, upload.job)
        uploads.keep(content, upload, metadata)
        return self._enqueue(index, upload)

    def get(self, job_id: str) -> Job:
        """The job of that id. Raises `JobNotFound`, `StateUnavailable`."""
        job = self._jobs.get(job_id) or self._elsewhere(job_id)
        if job is None or not caller().sees(job.index):
            kept = (
                f"the newest {_REMEMBERED:,} are remembered"
                if self._shared
                else "a restart of the service forgets them"
            )
            raise JobNotFound(f"there is no job {job_id[:80]!r}: {kept}")
        return job

    def _elsewhere(self, job_id: str) -> Job | None:
        """The job as another service, or this one before a restart, wrote it to the shared database; None if there is
        none."""
        if self._shared is None or not _ID.fullmatch(job_id):
            return None
        try:
            record = self._shared.get(job_id)
        except StateUnavailable as exc:
            _log.error("%s", exc)
            raise StateUnavailable("jobs cannot be looked up now: the server's log tells why") from exc
        return Job(**json.loads(record)) if record else None

    def _tell(self, job: Job) -> None:
        """Write the state of a job to the shared database. If that fails, the upload goes on."""
        if self._shared is None:
            return
        try:
            self._shared.put(job.id, to_json(job.json()).decode())
        except RagError as exc:
            _log.warning("what job %s has come to is known here only: %s", job.id, exc)

    def remove(self, document_id: str, index: str) -> None:
        """Remove a document from an index. Raises `DocumentNotFound`, `IndexNotFound`, `IndexBusy`."""
        self._served.check(index)
        if not self._writing.acquire(timeout=5):
            raise IndexBusy("an upload is being indexed: try again in a few seconds")
        try:
            settings = self._served.settings.model_copy(update={"index": index})
            with open_index(settings, None, write=True, chunker=False) as opened:
                uploads.remove_document(document_id, opened)
        finally:
            self._writing.release()

    def close(self) -> None:
        """Finish the current job; the others wait for the next start."""
        self._closing.set()
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(30)
        if not self._thread.is_alive():  # else the job at hand is still of this process
            self._owner.close()

    def _enqueue(self, index: str, upload: Upload) -> Job:
        job = self._jobs[upload.job] = Job(upload.job, index, upload.document_id)
        for old in list(self._jobs)[: max(0, len(self._jobs) - _REMEMBERED)]:
            del self._jobs[old]
        self._tell(job)
        self._queue.put(upload)
        return job

    def _work(self) -> None:
        with ReaderPool(1) as pool:
            while (upload := self._queue.get()) is not None and not self._closing.is_set():
                job = self._jobs[upload.job]
                job.status = "running"
                self._tell(job)
                there = False
                try:
                    summary = self._put_when_possible(job.index, upload, pool.read)
                    failures = [failure.message.replace(str(upload.path), upload.name) for failure in summary.failed]
                    job.passages, job.error = summary.passages, next(map(public, failures), None)
                    there = bool(summary.added or summary.replaced)  # of an archive, some files may have failed
                except (IndexBusy, NotReady) as exc:
                    if self._closing.is_set():  # it is taken up at the next start
                        job.status = "queued"
                        self._tell(job)
                        break
                    job.error = public(str(exc))
                except RagError as exc:
                    job.error = public(str(exc).replace(str(upload.path), upload.name))
                except Exception:
                    _log.exception("upload %s failed", upload.document_id)
                    job.error = "something went wrong here: the server's log tells what"
                if job.error and not there:
                    uploads.discard(upload)  # what failed is not done after all at the next start
                job.status = "failed" if job.error and not there else "done"
                self._tell(job)

    def _put_when_possible(self, index: str, upload: Upload, read: ReadFiles) -> Summary:
        """Index an upload. Waits for models that are being loaded, and for another process that writes to the index."""
        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                return self._put(index, upload, read)
            except (IndexBusy, NotReady):
                if time.monotonic() > deadline or self._closing.wait(_RETRY_S):
                    raise

    def _put(self, index: str, upload: Upload, read: ReadFiles) -> Summary:
        settings = self._served.settings.model_copy(update={"index": index})
        embedder = self._served.models().embedder
        with (
            self._writing,
            open_index(settings, embedder, create=True) as opened,
        ):
            return uploads.put(upload, opened, embedder, settings, read)
