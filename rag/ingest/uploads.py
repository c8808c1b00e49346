"""Files from elsewhere -> documents of an index, kept in a folder of it that can be synced like any other.

In: a name and bytes. Out: `INDEX/uploads/NAME` and the document `uploads/NAME`. Until that is committed the file
waits in `uploads/.incoming/JOB/`, so that one that cannot be read leaves what the index has under its name untouched,
and one whose process was killed is found again. A service holds the lock of its uploads, so that another that starts
takes only those of services that are gone. `rag index INDEX/uploads --index INDEX` brings the two in line.
"""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from filelock import FileLock, Timeout

from rag.atomic import write_whole
from rag.documents import sidecar
from rag.documents.contained import container_of, file_of, is_container, is_mistakable
from rag.documents.discover import Found
from rag.documents.formats import HIDDEN, is_readable
from rag.errors import DocumentError, InputError, RagError, UnsupportedDocument
from rag.ingest.changes import Change, by_container
from rag.ingest.failures import failed_anyhow
from rag.ingest.naming import UPLOADS
from rag.ingest.prepare import Here, ReadFiles
from rag.ingest.run import Failure, Summary, carry_out
from rag.ingest.stamps import stamp
from rag.seams import Embedder, WritableIndex
from rag.settings import Settings
from rag.types import FileState, Stamp

FOLDER = UPLOADS
_INCOMING = ".incoming"
_OWNER = ".owner"  # in the folder of a job: the name of the lock of the service that has it
_BEFORE = ".before"  # in the folder of a job: what was in its place
_WAIT_S = 5.0
_LONGEST = 200  # bytes of a part of a name; file systems take 255, and the sidecar has a longer name
_LONGEST_NAME = 1_000  # bytes of all parts; the system takes 4,096 with the folder of the index


class Upload(NamedTuple):
    """A file that waits to be indexed."""

    job: str
    name: str
    folder: Path  # `uploads` of its index

    @property
    def path(self) -> Path:
        """The path of the file while it waits."""
        return self.folder / _INCOMING / self.job / self.name

    @property
    def document_id(self) -> str:
        """The id of the document that the file becomes."""
        return f"{FOLDER}/{self.name}"


def checked_name(name: str) -> str:
    """The name, if it is one below the folder, with slashes. Raises `InputError` for a name that would lie elsewhere or
    be hidden, and `UnsupportedDocument` for a type that is not read."""
    parts = name.split("/")
    if len(name) > _LONGEST_NAME or not all(map(_is_plain, parts)) or any(map(is_mistakable, parts[:-1])):
        raise InputError(
            f"{name[:80]!r} cannot be the name of a document: use at most {_LONGEST_NAME:,} bytes, in parts of at most "
            f"{_LONGEST} bytes between slashes, without a dot in front, backslashes or control characters, and no "
            "folders such as 'a.zip!'",
            "file",
        )
    if not is_readable(name):
        raise UnsupportedDocument(f"files of type {Path(name).suffix.lower() or 'without a suffix'} are not read")
    return name


def check_place(upload: Upload) -> None:
    """Check that the file can be put in its place. Raises `InputError` if a file stands where its name has a folder, or
    a folder where its name has a file."""
    place = upload.folder / upload.name
    folders = [folder for folder in place.parents if folder.is_relative_to(upload.folder)]
    taken = next((folder.relative_to(upload.folder) for folder in folders if folder.is_file()), None)
    if taken is not None:
        raise InputError(
            f"{upload.name[:200]!r} would lie in {str(taken)[:200]!r}, which is a document: rename it", "file"
        )
    if place.is_dir():
        raise InputError(f"{upload.name[:200]!r} is a folder with documents: choose another name", "file")


def _is_plain(part: str) -> bool:
    try:
        size = len(part.encode("utf-8"))
    except UnicodeEncodeError:
        return False
    return 0 < size <= _LONGEST and not part.startswith(HIDDEN) and part.isprintable() and "\\" not in part


class Owner:
    """A service, as the owner of the uploads that it takes in; its locks are released when it ends, however it ends."""

    def __init__(self) -> None:
        self._name = f".{uuid.uuid4().hex}.lock"
        self._locks: dict[Path, FileLock] = {}
        self._one_at_a_time = threading.Lock()

    def take(self, folder: Path, job: str) -> None:
        """Note that the job, below a folder of uploads, is of this service. For any thread. Raises `OSError`."""
        incoming = folder / _INCOMING
        with self._one_at_a_time:
            if incoming not in self._locks:
                incoming.mkdir(parents=True, exist_ok=True)
                lock = FileLock(incoming / self._name, thread_local=False)
                lock.acquire(timeout=_WAIT_S)
                self._locks[incoming] = lock
        if (incoming / job).exists():
            write_whole(incoming / job / _OWNER, self._name.encode())
            return
        fresh = incoming / f".{job}"  # a folder that is there has an owner
        try:
            fresh.mkdir()
            (fresh / _OWNER).write_text(self._name)
            os.rename(fresh, incoming / job)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def has_left(self, folder: Path, job: str) -> bool:
        """True if the service that took the job in is gone. Jobs of earlier versions of this program have no owner."""
        try:
            name = (folder / _INCOMING / job / _OWNER).read_text()
        except OSError:
            return True
        file = folder / _INCOMING / name
        if name == self._name or not file.exists():
            return name != self._name
        lock = FileLock(file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        return True

    def close(self) -> None:
        """Release the locks: what still waits may be taken by another service."""
        with self._one_at_a_time:
            for incoming, lock in self._locks.items():
                (incoming / self._name).unlink(missing_ok=True)
                lock.release()
            self._locks.clear()


def keep(content: BinaryIO, upload: Upload, metadata: Mapping[str, str]) -> None:
    """Write the file and its metadata where they wait; the file is there whole or not at all."""
    upload.path.parent.mkdir(parents=True, exist_ok=True)
    partial = upload.folder / _INCOMING / upload.job / ".part"
    with partial.open("xb") as out:
        shutil.copyfileobj(content, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
    sidecar.write_sidecar(upload.path, metadata)
    partial.rename(upload.path)


def waiting(index_folder: Path, owner: Owner) -> list[Upload]:
    """The files that were kept and not indexed when their service ended, in the order in which they came; they are of
    `owner` from now on. Remains of others are removed."""
    folder = index_folder / FOLDER
    found: list[tuple[int, Upload]] = []
    for job in sorted((folder / _INCOMING).glob("*")):
        if job.name.startswith(".") or not owner.has_left(folder, job.name):
            continue
        files = [path for path in job.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(job))]
        if not files:
            shutil.rmtree(job, ignore_errors=True)
            continue
        owner.take(folder, job.name)
        for path in files:
            upload = Upload(job.name, path.relative_to(job).as_posix(), folder)
            found.append((path.stat().st_mtime_ns, upload))
    return [upload for _, upload in sorted(found)]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def discard(upload: Upload) -> None:
    """Delete what waits of an upload, whole or in part, so that no later start takes it up."""
    shutil.rmtree(upload.folder / _INCOMING / upload.job, ignore_errors=True)


def read_ahead(upload: Upload, read: ReadFiles) -> ReadFiles:
    """Read the file now, before its index is open for writing, so that a slow one holds up no other; -> what `put`
    reads it with. A file that holds others is read by `put`, since it may be large and the index may have most of
    it."""
    if is_container(upload.name):
        return read
    results = list(read([_found(upload)]))
    return lambda files: iter(results)


def _found(upload: Upload) -> Found:
    place = (upload.folder / upload.name).absolute()
    return Found(str(upload.path), upload.document_id, str(place.resolve()))


def put(upload: Upload, index: WritableIndex, embedder: Embedder, settings: Settings, read: ReadFiles) -> Summary:
    """Put the file into its place, read it and commit it as a document, with those in it. If the process is killed in
    between, the file still waits and is put in once more; if it fails, what was in its place is there again. A file of
    which nothing can be read is a failure. Raises `InputError` if the id is that of a file elsewhere, or the place is
    taken."""
    place = (upload.folder / upload.name).absolute()
    known = index.files()
    check_place(upload)  # another upload may have come first
    _check_free(upload, known, place)
    moved = _Placed(upload, place)
    found = _found(upload)
    before = _marks(place)
    try:
        moved.begin()
        change = Change(
            changed=[found],
            stamps={upload.document_id: stamp(place)._replace(place=found.source)},
            known=_known(upload, known),
            forgotten={found.source},
            undone_if_empty=True,
        )
        summary = carry_out(change, index, Here(embedder, settings.passage_tokens, read))
        if summary.added or summary.replaced:
            discard(upload)
            return summary
        summary.failed += _nothing_read(upload, found, summary)
        if summary.failed:
            moved.undo()
            _note_undone(upload, known, before, place, index)
            failures = [failed_anyhow(found.source, name, message) for name, message, _ in summary.failed]
            index.remember(found.source, failures)
        discard(upload)
        return summary
    except Exception:
        moved.undo()
        with suppress(RagError):
            _note_undone(upload, known, before, place, index)
        raise


def _marks(place: Path) -> Stamp | None:
    """The marks of the file in a place, if there is one."""
    try:
        return stamp(place)
    except OSError:
        return None


def _note_undone(
    upload: Upload, known: Mapping[str, FileState], before: Stamp | None, place: Path, index: WritableIndex
) -> None:
    """Note that the file of the upload's name is as it was: putting it back changed no more than marks of its own."""
    now, states = _marks(place), index.files()
    for name in (upload.document_id, *by_container(known).get(upload.document_id, ())):
        if name in known and name in states and states[name].sha256 == known[name].sha256 and not known[name].stale:
            was = known[name].stamp
            # Nothing but another name for the file may have changed the time of change of the one there before
            if before is not None and now is not None and before._replace(ctime_ns=was.ctime_ns).marks() == was.marks():
                was = now._replace(place=was.place)
            index.touch(name, was)


class _Placed:
    """The file of an upload in its place, with the metadata beside it, and what was there before."""

    def __init__(self, upload: Upload, place: Path) -> None:
        self._upload = upload
        self._place = place
        self._before = upload.folder / _INCOMING / upload.job / _BEFORE

    def begin(self) -> None:
        """Put the file in its place; it also still waits. Raises `DocumentError` if that cannot be done."""
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            if not self._before.exists():  # else a process was killed after it had begun
                self._keep_before()
            fresh = self._before.with_name(".placed")
            _copy(self._upload.path, fresh)
            os.replace(fresh, self._place)
            sidecar.write_sidecar(self._place, sidecar.read_sidecar(self._upload.path))
        except OSError as exc:
            reason = f"cannot be put in its place: {exc.strerror}"
            raise DocumentError(f"{self._upload.path}: {reason}; free space, or choose another name") from exc

    def _keep_before(self) -> None:
        """Keep what is in the place, whole or not at all."""
        part = self._before.with_name(f"{_BEFORE}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for file in (self._place, sidecar.beside(self._place)):
            if file.exists():
                _copy(file, part / file.name)
        os.rename(part, self._before)

    def undo(self) -> None:
        """Put back what was there before, if anything."""
        if not self._before.exists():
            return
        for file in (self._place, sidecar.beside(self._place)):
            if not file.is_dir():
                file.unlink(missing_ok=True)
            if (self._before / file.name).exists():
                os.replace(self._before / file.name, file)
        self._before.rmdir()


def _copy(file: Path, to: Path) -> None:
    """Give the file another name; on file systems that have no such names, copy it."""
    to.unlink(missing_ok=True)
    try:
        os.link(file, to)
    except OSError:
        shutil.copy2(file, to)


def _check_free(upload: Upload, known: Mapping[str, FileState], place: Path) -> None:
    """Check that the document's id is free, or that of a file that was uploaded under this name."""
    for name in (upload.document_id, *by_container(known).get(upload.document_id, [])):
        if name in known and file_of(name, known[name].source) not in (str(place), str(place.resolve())):
            raise InputError(
                f"{upload.document_id} is the document of {known[name].source}, which was not uploaded: choose another "
                "name, or index the folder of that file again",
                "file",
            )


def _nothing_read(upload: Upload, found: Found, summary: Summary) -> list[Failure]:
    """The failure of an upload in which nothing could be read and nothing failed."""
    if summary.failed or summary.unchanged:
        return []
    notes = "; ".join(note.message.removeprefix(f"{found.source}: ") for note in summary.notes)
    notes = notes.replace(found.source, upload.name)
    why = f"no file in it can be read: {notes}" if notes else "is empty: there is nothing to read in it"
    return [Failure(upload.document_id, f"{upload.path}: {why}")]


def _known(upload: Upload, known: Mapping[str, FileState]) -> dict[str, list[str]]:
    """What the index has of the file of the upload's name, as in `Change.known`: nothing of one without others in it,
    so that an empty one takes nothing away."""
    if not is_container(upload.name):
        return {}
    names = [upload.document_id, *by_container(known).get(upload.document_id, ())]
    return {upload.document_id: [name for name in names if name in known]}


def remove_document(document_id: str, index: WritableIndex) -> None:
    """Take a document out with those in its file, and delete the file if it was uploaded: else the next sync would
    bring it back. Raises `DocumentNotFound`, and `InputError` for a document in a file, which would come back, too."""
    known = index.files()
    container = container_of(document_id)
    if container is not None and document_id in known:
        raise InputError(
            f"{document_id} lies in {container} and would come back when that is indexed again: "
            f"remove {container}, or take the file out of it and index it again",
            "id",
        )
    inside = by_container(known).get(document_id, [])
    for name in inside if inside and document_id not in known else [document_id, *inside]:
        index.remove(name)
    index.publish()
    path = index.folder / document_id
    files = {file_of(name, known[name].source) for name in (document_id, *inside) if name in known}
    if files <= {str(path), str(path.resolve())} and path.resolve().is_relative_to((index.folder / FOLDER).resolve()):
        path.unlink(missing_ok=True)
        sidecar.beside(path).unlink(missing_ok=True)
        for file in files:
            index.remember(file, [])
