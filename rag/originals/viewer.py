"""Documents -> their files, pictures of their pages, and places on these, looked at in processes that can be ended.

In: `Original`s, as find.py finds them. Out: paths, PNGs, sizes, boxes. A PDF that hangs, crashes or takes too much
memory costs its process and is one `DocumentError`, which is remembered as what was drawn is: in memory, the latest
first. Files that were taken out of others and PDFs that were made of slides lie in a folder that goes when the viewer
is closed. Nothing is written beside the index. Any thread may call.
"""

from __future__ import annotations

import json
import signal
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from rag.deadline import Deadline
from rag.documents.libreoffice import CONVERSION_SECONDS
from rag.documents.pool import LONGEST_START
from rag.documents.pool_process import PoolProcess
from rag.documents.pool_worker import GRACE
from rag.errors import DocumentError, PageNotFound, UnsupportedDocument
from rag.originals import worker
from rag.originals.find import Hashes, Original, original_changed
from rag.originals.places import PageText
from rag.originals.worker import Conversion, Drawing, Extraction, Placing, Sizes, ViewerTask
from rag.types import Box

PROCESSES = 2
DRAW_S, PLACE_S, RECOGNISE_S, MAKE_S = 30.0, 30.0, 130.0, CONVERSION_SECONDS + 20.0  # seconds for a job
MEGABYTES = 4096  # of memory for a process; a PDF may have 512
LAID_OUT = frozenset({".docx", ".docm", ".dotx", ".doc", ".odt", ".rtf", ".pptx", ".pptm", ".ppsx", ".ppt", ".odp"})
NARROWEST, WIDEST = 16, 3000  # dots of a drawn page
MOST_DRAWN = 64 << 20  # bytes of pages that are kept
MOST_MADE = 1 << 30  # bytes of files that are kept
MOST_KNOWN = 4096  # places, sizes and errors that are kept
LARGEST = 256 << 20  # bytes of a message
START = (
    f"from rag.originals.worker import ReaderLimits, view\nview({{descriptor}}, ReaderLimits({DRAW_S}, {MEGABYTES}))"
)
HOSTILE = "its text is kept"

V = TypeVar("V")


class Viewer:
    """Looks at originals, in some processes that are started when they are needed."""

    def __init__(self, processes: int = PROCESSES) -> None:
        self._idle: list[_Process] = [_Process() for _ in range(processes)]
        self._all = tuple(self._idle)
        self._change = threading.Condition()
        self._hashes = Hashes()
        self._folder = tempfile.TemporaryDirectory(prefix="rag-originals-", ignore_cleanup_errors=True)
        self._made: _Latest[Path] = _Latest(MOST_MADE, lambda path: path.stat().st_size, lambda path: path.unlink(True))
        self._drawn: _Latest[bytes] = _Latest(MOST_DRAWN, len)
        self._known: _Latest[bytes] = _Latest(MOST_KNOWN, lambda _: 1)
        self._failed: _Latest[DocumentError] = _Latest(MOST_KNOWN, lambda _: 1)

    def file(self, original: Original, deadline: Deadline) -> Path:
        """A file with the bytes of the document. Raises `OriginalGone`, `OriginalChanged`, `DocumentError`."""
        if not original.inside:
            self._hashes.check(original)
            return original.file
        return self._kept(original, original.suffix, deadline, lambda to: Extraction(original.file, *original[:2], to))

    def sizes(self, original: Original, deadline: Deadline) -> list[tuple[float, float]]:
        """The width and height of each page as it is shown, in points. Raises as `file` does, and
        `UnsupportedDocument` for a document whose pages cannot be shown."""
        pdf = self._pdf(original, deadline)
        found = self._remembered(original, Sizes(*pdf), DRAW_S, deadline)
        return [(float(width), float(height)) for width, height in json.loads(found)]

    def page(self, original: Original, number: int, width: int, deadline: Deadline) -> bytes:
        """A PNG of a page (1-based), `width` dots wide if that is not too many for its height. Raises as `sizes` does,
        and `PageNotFound`."""
        pdf = self._pdf(original, deadline)
        count = len(self.sizes(original, deadline))
        if not 1 <= number <= count:
            raise PageNotFound(f"{original.document_id[:200]!r} has no page {number}: it has {count:,}")
        key = original.sha256, number, width
        drawn = self._drawn.get(key)
        if drawn is None:
            drawn = self._work(original, Drawing(*pdf, number - 1, width), DRAW_S, deadline)
            self._drawn.put(key, drawn)
        return drawn

    def boxes(self, original: Original, pages: Sequence[PageText], deadline: Deadline) -> list[Box]:
        """The rectangles of the spans of pages, one a line, in order; none for what is not found on its page.
        Raises as `sizes` does."""
        pdf = self._pdf(original, deadline)
        found: list[Box] = []
        for page in pages:
            job = Placing(*pdf, page.page - 1, page.text, page.span, page.languages)
            seconds = RECOGNISE_S if page.languages else PLACE_S
            boxes = json.loads(self._remembered(original, job, seconds, deadline))
            found += [Box(page.page, *map(_share, box)) for box in boxes]
        return found

    def close(self) -> None:
        """End the processes and delete what was made."""
        for process in self._all:
            process.stop()
        self._folder.cleanup()

    def _pdf(self, original: Original, deadline: Deadline) -> tuple[Path, str]:
        """A PDF with the pages of the document, and the hash that it must have; empty for one that was made here."""
        suffix = original.suffix
        if suffix == ".pdf":
            return (self.file(original, deadline), "") if original.inside else (original.file, original.sha256)
        if suffix not in LAID_OUT:
            raise UnsupportedDocument(
                f"{original.document_id[:200]!r} has no pages that could be shown: PDFs, documents and slides have"
            )
        file = self.file(original, deadline)
        return self._kept(original, ".pdf", deadline, lambda to: Conversion(file, suffix, original.sha256, to)), ""

    def _kept(self, original: Original, suffix: str, deadline: Deadline, job: Callable[[Path], ViewerTask]) -> Path:
        """The file that a job makes of an original; made once at a time, as long as it is kept."""
        key = original.sha256, suffix
        path = self._made.get(key)
        if path is None:
            to = Path(self._folder.name, f"{original.sha256}{suffix}")
            self._work(original, job(to), MAKE_S, deadline)
            path = self._made.put(key, to)
        return path

    def _remembered(self, original: Original, job: ViewerTask, seconds: float, deadline: Deadline) -> bytes:
        """The result of a job, for which a process is asked once."""
        key = _key(original, job)
        found = self._known.get(key)
        return self._known.put(key, self._work(original, job, seconds, deadline)) if found is None else found

    def _work(self, original: Original, job: ViewerTask, seconds: float, deadline: Deadline) -> bytes:
        """The result of a job. An error of the document is raised again for the same job, without another try."""
        key = _key(original, job)
        if (failed := self._failed.get(key)) is not None:
            raise type(failed)(str(failed))
        try:
            with self._process(job.file, deadline) as process:
                message = process.work(job, seconds, original.document_id)
            return _result(message, original)
        except DocumentError as exc:
            self._failed.put(key, exc)
            raise

    @contextmanager
    def _process(self, file: Path, deadline: Deadline) -> Iterator[_Process]:
        """A process that is free; the one that opened the file last, if it is among them."""
        with self._change:
            while not self._idle:
                deadline.check()
                self._change.wait(min(1.0, max(0.0, deadline.left)))
            deadline.check()
            chosen = next((process for process in self._idle if process.file == file), self._idle[0])
            self._idle.remove(chosen)
        try:
            yield chosen
        finally:
            with self._change:
                self._idle.append(chosen)
                self._change.notify()


def _key(original: Original, job: ViewerTask) -> bytes:
    return sha256(repr((original.document_id, original.sha256, job)).encode("utf-8", "replace")).digest()


def _result(message: bytes, original: Original) -> bytes:
    """The result that was asked for. Raises the error that a process told instead."""
    kind, rest = message[:1], message[1:]
    if kind == worker.DONE:
        return rest
    if kind == worker.CHANGED:
        raise original_changed(original)
    error = UnsupportedDocument if kind == worker.UNSUPPORTED else DocumentError
    raise error(f"{original.document_id[:200]!r}: {rest.decode('utf-8', 'replace')[:500]}")


class _Process:
    """A process that looks at originals; started when it is needed, and again after it was ended."""

    def __init__(self) -> None:
        self.file: Path | None = None
        self._process: PoolProcess | None = None

    def work(self, job: ViewerTask, seconds: float, shown: str) -> bytes:
        """The message that answers a job. Raises `DocumentError` if its process ends or takes longer than `seconds`."""
        if self._process is None or self._process.ended:
            self.stop()
            self._process = PoolProcess(START)
        self.file = job.file
        pipe = self._process.pipe
        try:
            pipe.send((job, seconds))
            if pipe.poll(seconds + 2 * GRACE + LONGEST_START):
                return pipe.recv_bytes(LARGEST)
            code = -signal.SIGALRM
            self._process.end()
        except (EOFError, OSError):
            code = self._process.end(1.0)
        self._process = None
        if code == -signal.SIGALRM:
            raise DocumentError(
                f"{shown[:200]!r} took more than {seconds:g} s to be shown, which is the limit; {HOSTILE}"
            )
        raise DocumentError(f"{shown[:200]!r} ended the process that was to show it; {HOSTILE}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.end()
        self._process = None


class _Latest(Generic[V]):
    """Values by their keys, of which the ones that were used last are kept. Any thread may call."""

    def __init__(self, most: int, size: Callable[[V], int], dropped: Callable[[V], object] = lambda _: None) -> None:
        self._most = most
        self._size = size
        self._dropped = dropped
        self._values: OrderedDict[object, tuple[V, int]] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: object) -> V | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: object, value: V) -> V:
        size = self._size(value)
        with self._lock:
            if key in self._values:
                self._total -= self._values.pop(key)[1]
            self._values[key] = value, size
            self._total += size
            while self._total > self._most and len(self._values) > 1:
                _, (old, less) = self._values.popitem(last=False)
                self._total -= less
                self._dropped(old)
        return value


def _share(value: float) -> float:
    """The share of a side, in millionths, on the page."""
    return round(min(1.0, max(0.0, value)), 6)
