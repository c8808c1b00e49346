"""Files from elsewhere -> documents of an index, kept in a folder of it that can be synced like any other.

In: an upload that waits (`rag.ingest.incoming`). Out: `INDEX/uploads/NAME` and the document `uploads/NAME`, and the
outcome of the job. The outcome is committed with the document and with those in the file, all in one transaction: a job
whose process was killed is either known to be done, or is done from the beginning; one that fails leaves the index and
the file of its name as they were. `rag index INDEX/uploads --index INDEX` brings the two in line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rag.documents import sidecar
from rag.documents.contained import container_of, file_of, is_container, is_mistakable
from rag.documents.discover import Found
from rag.documents.formats import HIDDEN, is_readable
from rag.documents.stamps import stamp
from rag.documents.unpack import id_of
from rag.errors import InputError, RagError, UnsupportedDocument
from rag.index.originals import bring_copies_in_line
from rag.index.uploaded import UPLOADS
from rag.ingest.changes import Change, by_container
from rag.ingest.failures import failed_anyhow
from rag.ingest.incoming import Upload, came_after, discard
from rag.ingest.placing import Placed, forget_before
from rag.ingest.prepare import Here, ReadFiles
from rag.ingest.run import Summary, carry_out
from rag.seams import Embedder, WritableIndex
from rag.settings import Settings
from rag.types import Document, FileState, Prepared, Stamp

_LONGEST = 200  # bytes of a part of a name; file systems take 255, and the sidecar has a longer name
_AHEAD = 10_000_000  # characters of documents that are kept until their index is free
_LONGEST_NAME = 1_000  # bytes of all parts; the system takes 4,096 with the folder of the index


class UploadOutcome(NamedTuple):
    """The outcome of an upload. `error` says why nothing is indexed, or which file in it could not be read."""

    document_id: str
    done: bool
    error: str | None
    passages: int

    def text(self) -> str:
        """The outcome as an index keeps it."""
        return json.dumps(self._asdict(), ensure_ascii=False)

    @classmethod
    def of_text(cls, text: str) -> UploadOutcome:
        """The outcome that an index kept."""
        return cls(**json.loads(text))


def checked_name(name: str) -> str:
    """The name, if it is one below the folder, with slashes. Raises `InputError` for a name that would lie elsewhere or
    be hidden, and `UnsupportedDocument` for a type that is not read."""
    parts = name.split("/")
    size = len(name.encode("utf-8", "replace"))
    if size > _LONGEST_NAME or not all(map(_is_plain, parts)) or any(map(is_mistakable, parts[:-1])):
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


def read_ahead(upload: Upload, read: ReadFiles) -> ReadFiles:
    """Read the file now, with those in it, before its index is open for writing, so that a slow one holds up no other;
    -> what `put` reads it with. If more text is in it than is kept at once, `put` reads it again."""
    results, characters = [], 0
    for found, result in read([_found(upload)]):
        results.append((found, result))
        document = result.document if isinstance(result, Prepared) else result
        characters += len(document.text) if isinstance(document, Document) else 0
        if characters > _AHEAD and id_of(result) != upload.document_id:
            return read
    return lambda files: iter(results)


def _found(upload: Upload) -> Found:
    place = (upload.folder / upload.name).absolute()
    return Found(str(upload.path), upload.document_id, str(place.resolve()))


def put(upload: Upload, index: WritableIndex, embedder: Embedder, settings: Settings, read: ReadFiles) -> UploadOutcome:
    """Put the file into its place, read it and commit it as a document, with those in it and with the outcome. If the
    process is killed in between, the next call does it once more, or finds the outcome. A file of which nothing can be
    read is a failure. Raises the error of anything else that goes wrong, with all as it was."""
    if kept := index.outcome(upload.job):
        discard(upload)
        return UploadOutcome.of_text(kept)
    place = (upload.folder / upload.name).absolute()
    known = index.files()
    moved = Placed(upload, place)
    if _is_superseded(upload, index):
        return give_up(upload, index, f"{upload.name}: a later upload of that name was indexed before this one")
    try:
        check_place(upload)  # another upload may have come first
        _check_free(upload, known, place)
        moved.begin()
        outcome = _indexed(upload, index, known, Here(embedder, settings.passage_tokens, read))
    except _NothingRead as nothing:
        _undo(moved, upload, index)
        outcome = _failed(upload, index, nothing.summary)
    except Exception:
        _undo(moved, upload, index)
        raise
    index.publish()
    discard(upload)
    return outcome


def _is_superseded(upload: Upload, index: WritableIndex) -> bool:
    """True if an upload of the same name that came later is indexed already: another service took it in, while this
    one waited for its own to start again."""
    later = index.outcomes_after(upload.job).items()
    outcomes = [UploadOutcome.of_text(text) for job, text in later if came_after(job, upload.job)]
    return any(outcome.done and outcome.document_id == upload.document_id for outcome in outcomes)


def give_up(upload: Upload, index: WritableIndex, error: str) -> UploadOutcome:
    """End a job that cannot be done, which a killed process may have begun or even done, and note why. What was in its
    place is there again."""
    if kept := index.outcome(upload.job):
        outcome = UploadOutcome.of_text(kept)
    else:
        _undo(Placed(upload, (upload.folder / upload.name).absolute()), upload, index)
        outcome = UploadOutcome(upload.document_id, False, error, 0)
        index.note_outcome(upload.job, outcome.text())
    discard(upload)
    return outcome


class _NothingRead(Exception):
    """Nothing of an upload could be read, so that nothing of it is to be committed."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary


def _indexed(upload: Upload, index: WritableIndex, known: Mapping[str, FileState], here: Here) -> UploadOutcome:
    """Commit the documents of a file in its place, and the outcome, together. Raises `_NothingRead`."""
    found = _found(upload)
    change = Change(
        changed=[found],
        stamps={upload.document_id: stamp(found.source)._replace(place=found.source)},
        known=_known(upload, known),
        forgotten={found.source},
    )
    with index.at_once():
        summary = carry_out(change, index, here)
        if not (summary.added or summary.replaced) and (summary.failed or not summary.unchanged):
            raise _NothingRead(summary)
        failures = [failure.message for failure in summary.failed]  # of an archive, some files may have failed
        error = next((_named(message, upload) for message in failures), None)
        outcome = UploadOutcome(upload.document_id, True, error, summary.passages)
        index.note_outcome(upload.job, outcome.text())
    return outcome


def _failed(upload: Upload, index: WritableIndex, summary: Summary) -> UploadOutcome:
    """Note the failures and the outcome."""
    found = _found(upload)
    failures = [(name, message) for name, message, _ in summary.failed] or [_nothing_read(upload, found, summary)]
    index.remember(found.source, [failed_anyhow(found.source, name, message) for name, message in failures])
    outcome = UploadOutcome(upload.document_id, False, _named(failures[0][1], upload), 0)
    index.note_outcome(upload.job, outcome.text())
    return outcome


def _named(message: str, upload: Upload) -> str:
    """The message with the name of the upload in the place of the path at which it waited."""
    return message.replace(str(upload.path), upload.name)


def _undo(moved: Placed, upload: Upload, index: WritableIndex) -> None:
    """Put back the file that was there before, and note that this changed no more than marks of its own. If a later
    upload took its place, that stays."""
    if _is_superseded(upload, index):
        return
    before = moved.undo()
    with suppress(OSError, RagError):
        now, known = stamp(upload.folder / upload.name), index.files()
        if before is None or _lasting(before) != _lasting(now):
            return  # there was none, or somebody has changed it
        for name in (upload.document_id, *by_container(known).get(upload.document_id, ())):
            noted = known[name].stamp if name in known and not known[name].stale else None
            # The end of an earlier upload has changed its time of change
            if noted and before._replace(ctime_ns=noted.ctime_ns).marks() == noted.marks():
                index.touch(name, now._replace(place=noted.place))


def _lasting(marks: Stamp) -> tuple[object, ...]:
    """The marks that another name for the file, or for its metadata, does not change."""
    size, modified, _, *number = marks.own.split() or ["", "", ""]
    return marks.size, marks.mtime_ns, marks.inode, size, modified, number


def _check_free(upload: Upload, known: Mapping[str, FileState], place: Path) -> None:
    """Check that the document's id is free, or that of a file that was uploaded under this name."""
    for name in (upload.document_id, *by_container(known).get(upload.document_id, [])):
        if name in known and file_of(name, known[name].source) not in (str(place), str(place.resolve())):
            raise InputError(
                f"{upload.document_id} is the document of {known[name].source}, which was not uploaded: choose another "
                "name, or index the folder of that file again",
                "file",
            )


def _nothing_read(upload: Upload, found: Found, summary: Summary) -> tuple[str, str]:
    """The failure of an upload in which nothing could be read and nothing failed."""
    notes = "; ".join(note.message.removeprefix(f"{found.source}: ") for note in summary.notes)
    notes = notes.replace(found.source, upload.name)
    why = f"no file in it can be read: {notes}" if notes else "is empty: there is nothing to read in it"
    return upload.document_id, f"{upload.path}: {why}"


def _known(upload: Upload, known: Mapping[str, FileState]) -> dict[str, list[str]]:
    """Documents that the index has of the file of the upload's name, as in `Change.known`: none if it holds no others,
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
    names = [name for name in (document_id, *inside) if name in known]
    path = index.folder / document_id
    files = {file_of(name, known[name].source) for name in names}
    uploads = (index.folder / UPLOADS).resolve()
    if names and files <= {str(path), str(path.resolve())} and path.resolve().is_relative_to(uploads):
        path.unlink(missing_ok=True)  # first: a process that is killed leaves the document, which can be removed again
        sidecar.sidecar_path(path).unlink(missing_ok=True)
        forget_before(index.folder / UPLOADS, document_id.removeprefix(f"{UPLOADS}/"))
        for file in files:
            index.remember(file, [])
    for name in names or [document_id]:
        index.remove(name)
    index.publish()
    bring_copies_in_line(index.folder, {name: known[name] for name in known.keys() - set(names)}, copy=False)
