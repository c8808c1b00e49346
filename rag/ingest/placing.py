"""An upload in its place: the file beside the one that was there before, which can be put back.

In: an upload that waits. Out: its file at `INDEX/uploads/NAME` with its metadata, and what was there before in the
folder of its job until the job is at its end. Each step can be done again by the next process.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from rag.atomic import write_whole
from rag.documents import sidecar
from rag.documents.stamps import stamp
from rag.errors import DocumentError
from rag.index.uploaded import BEFORE, INCOMING, MARKS
from rag.ingest.incoming import Upload
from rag.types import Stamp

_PART = ".before.part"
_FRESH = ".placed"
_UNDONE = ".undone"


class Placed:
    """The file of an upload in its place, with the metadata beside it, and what was there before."""

    def __init__(self, upload: Upload, place: Path) -> None:
        self._upload = upload
        self._place = place
        self._before = upload.folder / INCOMING / upload.job / BEFORE
        self._marks = self._before.with_name(MARKS)

    def begin(self) -> None:
        """Put the file in its place; it also still waits. Raises `DocumentError` if that cannot be done."""
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            if not self._before.exists():  # else a process was killed after it had begun
                self._keep_before()
            fresh = self._before.with_name(_FRESH)
            _copy(self._upload.path, fresh)
            os.replace(fresh, self._place)
            sidecar.write_sidecar(self._place, sidecar.read_sidecar(self._upload.path))
        except OSError as exc:
            reason = f"cannot be put in its place: {exc.strerror}"
            raise DocumentError(f"{self._upload.path}: {reason}; free space, or choose another name") from exc

    def _keep_before(self) -> None:
        """Keep what is in the place, whole or not at all."""
        if self._place.is_file() and not self._marks.exists():  # before it gets another name, which changes them
            write_whole(self._marks, json.dumps(stamp(self._place)).encode())
        part = self._before.with_name(_PART)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for file in (self._place, sidecar.sidecar_path(self._place)):
            if file.exists():
                _copy(file, part / file.name)
        os.rename(part, self._before)

    def undo(self) -> Stamp | None:
        """Put back what was there before, if anything was put in its place; that can be done again. Returns the marks
        that the file had before, if there was one."""
        before = Stamp(*json.loads(self._marks.read_text())) if self._marks.exists() else None
        undone, part = self._before.with_name(_UNDONE), self._before.with_name(_PART)
        if self._before.exists():
            self._put_back()
            shutil.rmtree(undone, ignore_errors=True)
            os.rename(self._before, undone)
        for left in (undone, part):  # now, since taking a name from a file changes its marks
            shutil.rmtree(left, ignore_errors=True)
        return before

    def _put_back(self) -> None:
        fresh = self._before.with_name(_FRESH)
        for file in (self._place, sidecar.sidecar_path(self._place)):
            if (self._before / file.name).exists():
                _copy(self._before / file.name, fresh)
                os.replace(fresh, file)
                fresh.unlink(missing_ok=True)  # it is still there if it was in its place already
            elif not file.is_dir():
                file.unlink(missing_ok=True)


def forget_before(uploads: Path, name: str) -> None:
    """Delete what was in the place of this name before uploads that are under way, so that it does not come back."""
    for before in (uploads / INCOMING).glob(f"[!.]*/{BEFORE}"):
        if (before.parent / name).is_file():
            kept = before / Path(name).name
            for file in (kept, sidecar.sidecar_path(kept)):
                file.unlink(missing_ok=True)


def is_begun(upload: Upload) -> bool:
    """True if a process may have put the file in its place, and neither committed nor undid that."""
    return (upload.folder / INCOMING / upload.job / BEFORE).exists()


def _copy(file: Path, to: Path) -> None:
    """Give the file another name; on file systems that have no such names, copy it."""
    to.unlink(missing_ok=True)
    try:
        os.link(file, to)
    except OSError:
        shutil.copy2(file, to)
