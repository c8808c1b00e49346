"""Uploads -> documents, in some threads of their own, and the state of each.

In: files that `rag.ingest.incoming` keeps. Out: `Job`s, whose state a client asks for. Uploads that wait when the
process ends are taken up when it starts again. What came of each is noted in its index, with its documents, so that
other services and later ones can be asked; if services share a database (`rag.state.job_table`), the state of each job
is written there as well. Uploads of one name go to one thread, so that they take effect in the order in which they
came; a file that takes long holds up only those that share its thread.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias
from zlib import crc32

from typing_extensions import TypedDict

from api.caller import caller
from api.errors import JobNotFound, NotReady, public, storage_error
from api.served import Served, absent
from rag.documents.contained import is_container
from rag.documents.discover import Found
from rag.documents.options import DEFAULTS, ReadOptions
from rag.documents.pool import SECONDS, ReaderPool, Time
from rag.errors import IndexBusy, Overloaded, RagError, StateUnavailable
from rag.index.folders import index_folder
from rag.index.managing import clear_deleted
from rag.index.uploaded import UPLOADS
from rag.ingest import incoming, uploads
from rag.ingest.cutting import program_of
from rag.ingest.incoming import Upload
from rag.ingest.placing import is_begun
from rag.ingest.prepare import ReadFiles
from rag.ingest.uploads import UploadOutcome
from rag.serialise import to_json
from rag.state.database import Database
from rag.state.job_table import JobTable
from rag.stores.open import list_indexes, open_index

_log = logging.getLogger(__name__)

_ID = re.compile(r"job_[0-9a-f]{32}")
_WAITING = 1000  # uploads, in all indexes; those that an earlier process left count as well
_WORKERS = 3
_FILE_S = 30.0  # to read a small file: less than `rag index` gives, since others wait
_HOLDER_S = 120.0  # to read a small file that holds others, or pages that need OCR
_MEGABYTE_S = 10.0  # more for each megabyte
_MOST_S = 600.0  # for a file with all that is in it
_LARGEST = 64 << 20  # bytes of what was read and cut of a file: in memory they take some ten times as much
_REMEMBERED = 10_000
_BUSY_S = 600.0  # how long a job waits for another process that writes to its index
_RETRY_S = 0.5
_TRIES = 4
_MOMENT_S = 0.05  # between two of them
_YIELD_S = 0.1  # between two uploads, for other writers: they look for a free index every 0.02 s


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

    def end(self, outcome: UploadOutcome) -> None:
        """Note what came of it; messages of files tell no path of this machine."""
        self.document_id, self.passages = outcome.document_id, outcome.passages
        self.error = None if outcome.error is None else public(outcome.error)
        self.status = "done" if outcome.done else "failed"

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


_Queue: TypeAlias = "queue.SimpleQueue[tuple[Job, Upload, str] | None]"  # with the password, if one was given


class Jobs:
    """Queues of uploads, with the threads that index them. Any thread may call; `start` and `close` once each."""

    def __init__(self, served: Served, state: Database | None = None) -> None:
        self._served = served
        self._shared = JobTable(state, _REMEMBERED) if state else None
        self._jobs: dict[str, Job] = {}
        self._owner = incoming.Owner()
        # Without a bound, so that nothing waits to put something in; `_reserve` counts. None ends the thread.
        self._queues: list[_Queue] = [queue.SimpleQueue() for _ in range(_WORKERS)]
        self._waiting = 0
        self._last = 0  # number of the newest job
        self._lock = threading.Lock()  # of the five around
        self._writing: dict[str, threading.Lock] = {}  # by index
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(waiting,), name="uploads", daemon=True)
            for waiting in self._queues
        ]

    def start(self) -> None:
        """Take up the uploads that an earlier process left waiting, in the order in which they came, and start the
        threads. What is left of indexes whose deletion was cut off goes."""
        clear_deleted(self._served.settings.indexes_dir)
        for folder in sorted(self._served.settings.indexes_dir.glob(f"*/{UPLOADS}")):
            for upload in self._left_waiting(folder.parent):
                with self._lock:
                    self._waiting += 1
                    self._last = max(self._last, incoming.number_of(upload.job))  # whatever the clock says now
                self._enqueue(folder.parent.name, upload)
        for thread in self._threads:
            thread.start()

    def _left_waiting(self, folder: Path) -> list[Upload]:
        """The uploads that wait in an index; none on a disk that takes no lock: they wait there for another start."""
        try:
            return incoming.waiting(folder, self._owner)
        except OSError as exc:
            _log.warning('uploads that may wait in index "%s" stay there: %s', folder.name, storage_error(exc) or exc)
            return []

    def add(
        self,
        name: str,
        content: BinaryIO,
        metadata: Mapping[str, str],
        index: str,
        create: bool,
        password: str = "",
    ) -> Job:
        """Keep the file and queue it; the password is kept in memory only, until the file is read. Raises `InputError`,
        `UnsupportedDocument`, `IndexNotFound`, `NotReady`, `Overloaded`, and `NoSpace` if the disk does not take
        it."""
        folder = index_folder(self._served.settings.indexes_dir, index)
        if not caller().sees(index):
            raise absent(index)
        if not create and index != self._served.settings.index:
            self._served.check(index)
        self._served.models()
        upload = Upload(self._new_id(index, folder), uploads.checked_name(name), folder / UPLOADS)
        uploads.check_place(upload)
        self._reserve()
        try:
            settings = self._served.settings
            may_make = create or index == settings.index or settings.store != "local"  # the folder of the index
            self._keep(content, upload, metadata, may_make)
        except BaseException as exc:
            with self._lock:
                self._waiting -= 1
            if isinstance(exc, FileNotFoundError):  # it was renamed or deleted meanwhile
                raise absent(index) from exc
            if isinstance(exc, OSError):
                raise (storage_error(exc) or exc) from exc
            raise
        return self._enqueue(index, upload, password)

    def _keep(self, content: BinaryIO, upload: Upload, metadata: Mapping[str, str], create: bool) -> None:
        """Keep the file, or nothing of it. The folder of its index may be away for a moment, while another index takes
        its place, or a name is given that cannot be had. Raises `OSError`."""
        for left in reversed(range(_TRIES)):
            try:
                content.seek(0)
                self._owner.take(upload.folder, upload.job, create)
                incoming.keep(content, upload, metadata, taken=True)
                return
            except BaseException as exc:
                incoming.discard(upload)
                if not left or not isinstance(exc, FileNotFoundError):
                    raise
            time.sleep(_MOMENT_S)

    def _new_id(self, index: str, folder: Path) -> str:
        """An id that sorts behind those of earlier uploads, whatever the clock says."""
        noted: dict[str, str] = {}
        settings = self._served.settings.model_copy(update={"index": index})
        with suppress(RagError), open_index(settings, None, chunker=False) as opened:
            noted = opened.outcomes_after(f"job_{time.time_ns():016x}")
        number = incoming.first_free(folder, noted)
        with self._lock:
            self._last = max(self._last + 1, number)
            return f"job_{self._last:016x}{uuid.uuid4().hex[:16]}"

    def _reserve(self) -> None:
        """Take a place among those that wait, before anything is written."""
        with self._lock:
            if self._waiting >= _WAITING:
                raise Overloaded(f"{_WAITING:,} uploads wait already: try again later", 60.0)
            self._waiting += 1

    def get(self, job_id: str) -> Job:
        """The job of that id. Raises `JobNotFound`, `StateUnavailable`."""
        job = self._jobs.get(job_id)
        if job is None and _ID.fullmatch(job_id):
            job = self._elsewhere(job_id) or self._noted(job_id)
        if job is None or not caller().sees(job.index):
            raise JobNotFound(f"there is no job {job_id[:80]!r}: the newest {_REMEMBERED:,} are remembered")
        return job

    def _noted(self, job_id: str) -> Job | None:
        """The job as one of the indexes knows it, or as it waits for another service on their folder."""
        settings = self._served.settings
        for name in filter(caller().sees, list_indexes(settings)):
            with (
                suppress(RagError),
                open_index(settings.model_copy(update={"index": name}), None, chunker=False) as index,
            ):
                if kept := index.outcome(job_id):
                    job = Job(job_id, name, "")
                    job.end(UploadOutcome.of_text(kept))
                    return job
        for folder in settings.indexes_dir.glob(f"*/{UPLOADS}"):
            if document_id := incoming.is_waiting(folder.parent, job_id):
                return Job(job_id, folder.parent.name, document_id)
        return None

    def _elsewhere(self, job_id: str) -> Job | None:
        """The job as another service, or this one before a restart, wrote it to the shared database; None if there is
        none."""
        if self._shared is None:
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
        settings = self._served.settings.model_copy(update={"index": index})
        with self.writing(index), open_index(settings, None, write=True, chunker=False) as opened:
            uploads.remove_document(document_id, opened)

    @contextmanager
    def writing(self, index: str) -> Iterator[None]:
        """Keep uploads out of an index within a `with` block. Raises `IndexBusy` if one is being put in."""
        writing = self._writer_of(index)
        if not writing.acquire(timeout=5):
            raise IndexBusy("an upload is being indexed: try again in a few seconds")
        try:
            yield
        finally:
            writing.release()

    def close(self) -> None:
        """Finish the current jobs; the others wait for the next start."""
        self._closing.set()
        for waiting in self._queues:
            waiting.put(None)
        until = time.monotonic() + 30
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))
        if not any(thread.is_alive() for thread in self._threads):  # else a job at hand is still of this process
            self._owner.close()

    def _enqueue(self, index: str, upload: Upload, password: str = "") -> Job:
        job = Job(upload.job, index, upload.document_id)
        with self._lock:
            self._jobs[upload.job] = job
            while len(self._jobs) > _REMEMBERED:
                del self._jobs[next(iter(self._jobs))]
        self._tell(job)
        self._queues[lane(index, upload.name)].put((job, upload, password))
        return job

    def _work(self, waiting: _Queue) -> None:
        with ExitStack() as ending:
            reader = cache(lambda: ending.enter_context(self.reader()))
            while (item := waiting.get()) is not None and not self._closing.is_set():
                job, upload, password = item
                with self._lock:
                    self._waiting -= 1
                job.status = "running"
                self._tell(job)
                if password:
                    with ExitStack() as unlocked:
                        of_it = ReadOptions(passwords=(password,))
                        self._end(job, upload, cache(lambda: unlocked.enter_context(self.reader(of_it))))  # noqa: B023
                else:
                    self._end(job, upload, reader)
                self._tell(job)

    def reader(self, options: ReadOptions = DEFAULTS) -> ReaderPool:
        """A process that reads files and cuts them for the embedder. Raises `NotReady`."""
        program = program_of(self._served.models().embedder, self._served.settings.passage_tokens)
        return ReaderPool(1, options, largest=_LARGEST, time_for=reading_time, program=program)

    def _end(self, job: Job, upload: Upload, reader: Callable[[], ReaderPool]) -> None:
        """Bring a job to its end. A job that failed leaves no file that the next start would put in; one that is cut
        off by the end of the service waits for the next."""
        try:
            outcome: UploadOutcome | None = self._put_when_possible(job.index, upload, reader)
        except (IndexBusy, NotReady) as exc:
            outcome = None if self._closing.is_set() else self._given_up(job, upload, str(exc))
        except RagError as exc:
            outcome = self._given_up(job, upload, str(exc).replace(str(upload.path), upload.name))
        except Exception as exc:
            _log.exception("upload %s failed", upload.document_id)
            known = storage_error(exc)
            error = str(known) if known else "something went wrong here: the server's log tells what"
            outcome = self._given_up(job, upload, error)
        if outcome is None:
            job.status = "queued"
        else:
            job.end(outcome)

    def _given_up(self, job: Job, upload: Upload, error: str) -> UploadOutcome | None:
        """End a job that cannot be done, with what an earlier process has done of it undone. None if that is not
        possible now: it waits for the next start."""
        settings = self._served.settings.model_copy(update={"index": job.index})
        try:
            with self._writer_of(job.index), open_index(settings, None, write=True, chunker=False) as opened:
                return uploads.give_up(upload, opened, error)
        except Exception as exc:
            if is_begun(upload):
                _log.warning("upload %s waits for the next start: %s", upload.document_id, exc)
                return None
        incoming.discard(upload)
        return UploadOutcome(upload.document_id, False, error, 0)

    def _put_when_possible(self, index: str, upload: Upload, reader: Callable[[], ReaderPool]) -> UploadOutcome:
        """Index an upload. Waits for models that are being loaded, and for another process that writes to the index."""
        deadline = time.monotonic() + _BUSY_S
        read: ReadFiles | None = None
        while True:
            try:
                read = read or uploads.read_ahead(upload, reader().read)
                return self._put(index, upload, read)
            except (IndexBusy, NotReady):
                if time.monotonic() > deadline or self._closing.wait(_RETRY_S):
                    raise

    def _put(self, index: str, upload: Upload, read: ReadFiles) -> UploadOutcome:
        settings = self._served.settings.model_copy(update={"index": index})
        embedder = self._served.models().embedder
        with self._writer_of(index):
            # An index that was deleted with what waited in it does not come back
            with open_index(settings, embedder, write=True, create=upload.path.is_file()) as opened:
                outcome = uploads.put(upload, opened, embedder, settings, read)
            self._closing.wait(_YIELD_S)
        return outcome

    def _writer_of(self, index: str) -> threading.Lock:
        """The lock of those who write to an index; the names come from indexes that are there, or that an admin
        makes."""
        with self._lock:
            return self._writing.setdefault(index, threading.Lock())


def reading_time(found: Found) -> Time:
    """The time to read an upload, by its size; more for PDFs, of which pages may need OCR, and files that hold others:
    some seconds for most, and nobody's turn for minutes because of a small file."""
    megabytes = 0.0
    with suppress(OSError):  # the reader will tell
        megabytes = found.path.stat().st_size / 1e6
    if not is_container(found.file):
        return Time(min(_FILE_S + _MEGABYTE_S * megabytes, SECONDS))
    seconds = _HOLDER_S + _MEGABYTE_S * megabytes
    return Time(min(seconds, SECONDS), min(seconds, _MOST_S))


def lane(index: str, name: str) -> int:
    """The number of the thread for uploads of that name to that index."""
    return crc32(f"{index}/{name}".encode()) % _WORKERS
