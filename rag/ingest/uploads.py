"""Files from elsewhere -> documents of an index, kept in a folder of it that can be synced like any other.

In: a name and bytes. Out: `INDEX/uploads/NAME` and the document `uploads/NAME`. Until that is committed the file
waits in `uploads/.incoming/JOB/`, so that one that cannot be read leaves what the index has under its name untouched,
and one whose process was killed is found again. `rag index INDEX/uploads --index INDEX` brings the two in line.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rag.documents import sidecar
from rag.documents.contained import container_of, is_container, is_mistakable
from rag.documents.discover import Found
from rag.documents.formats import HIDDEN
from rag.documents.read import is_readable
from rag.errors import InputError, UnsupportedDocument
from rag.ingest.changes import Change, by_container, stamp
from rag.ingest.prepare import Here, ReadFiles
from rag.ingest.run import Failure, Summary, carry_out, note_failures
from rag.seams import Embedder, WritableIndex
from rag.settings import Settings

FOLDER = "uploads"
_INCOMING = ".incoming"
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


def keep(content: BinaryIO, upload: Upload, metadata: Mapping[str, str]) -> None:
    """Write the file and its metadata where they wait; the file is there whole or not at all."""
    upload.path.parent.mkdir(parents=True)
    partial = upload.folder / _INCOMING / upload.job / ".part"
    with partial.open("xb") as out:
        shutil.copyfileobj(content, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
    sidecar.write_sidecar(upload.path, metadata)
    partial.rename(upload.path)


def waiting(index_folder: Path) -> list[Upload]:
    """The files that were kept and not indexed when the process ended, in the order in which they came; remains of
    others are removed."""
    folder = index_folder / FOLDER
    found = []
    for job in sorted((folder / _INCOMING).glob("*"), key=lambda job: (job.stat().st_mtime_ns, job.name)):
        files = [path for path in job.rglob("*") if path.is_file() and not path.name.startswith(".")]
        found += [Upload(job.name, path.relative_to(job).as_posix(), folder) for path in files]
        if not files:
            shutil.rmtree(job, ignore_errors=True)
    return found


def put(upload: Upload, index: WritableIndex, embedder: Embedder, settings: Settings, read: ReadFiles) -> Summary:
    """Read the file, commit it as a document, with those in it, and then move it to its place. If the process is killed
    in between, the file still waits and is put in once more. A file of which nothing can be read is a failure."""
    place = (upload.folder / upload.name).absolute()
    found = Found(str(upload.path), upload.document_id, str(place.resolve()))
    change = Change([found], [], [], [], [], {upload.document_id: stamp(upload.path)}, [], _known(upload, index))
    try:
        check_place(upload)  # another upload may have come first
        summary = carry_out(change, index, Here(embedder, settings.passage_tokens, read))
        if summary.added or summary.replaced:
            place.parent.mkdir(parents=True, exist_ok=True)
            sidecar.write_sidecar(place, sidecar.read_sidecar(upload.path))
            os.replace(upload.path, place)
        elif not summary.failed:
            notes = "; ".join(note.message.removeprefix(f"{found.source}: ") for note in summary.notes)
            notes = notes.replace(found.source, upload.name)
            summary.failed.append(Failure(upload.document_id, f"{upload.path}: no file in it can be read: {notes}"))
        note_failures(index, summary)
        return summary
    finally:
        discard(upload)


def discard(upload: Upload) -> None:
    """Delete what waits of an upload, whole or in part."""
    shutil.rmtree(upload.folder / _INCOMING / upload.job, ignore_errors=True)


def read_ahead(upload: Upload, read: ReadFiles) -> ReadFiles:
    """Read the file now, before its index is open for writing, so that a slow one holds up no other; -> what `put`
    reads it with. A file that holds others is read by `put`, since it may be large and the index may have most of
    it."""
    if is_container(upload.name):
        return read
    place = (upload.folder / upload.name).absolute()
    results = list(read([Found(str(upload.path), upload.document_id, str(place.resolve()))]))
    return lambda files: iter(results)


def _known(upload: Upload, index: WritableIndex) -> dict[str, list[str]]:
    """What the index has of the file of the upload's name, as in `Change.known`."""
    known = index.files() if is_container(upload.name) else {}
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
    if document_id.startswith(f"{FOLDER}/"):
        path = index.folder / document_id
        if path.resolve().is_relative_to((index.folder / FOLDER).resolve()):
            path.unlink(missing_ok=True)
            sidecar.beside(path).unlink(missing_ok=True)
