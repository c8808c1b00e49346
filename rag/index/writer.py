"""The one writer of an index: it holds the lock, commits to the catalogue and keeps FAISS and Tantivy up with it.

In: documents to put in, take out, publish. Out: files on disk. The order of `publish` is what makes a killed process
harmless: catalogue onto the disk, Tantivy's commit, then the catalogue's note that readers may see it, then FAISS's
file. If it is cut short anywhere, derived files are behind or of a generation unknown to the catalogue, and the next
writer, or a reader that finds no writer, brings them up to it. FAISS is imported only if its files are to be
written.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.atomic import set_aside
from rag.index.damage import Damaged
from rag.index.dense.manifest import DENSE_MANIFEST, FAISS_FILE, VECTORS, allowance, dense_manifest, is_large
from rag.index.exchange import is_under_way, settle
from rag.index.failures import plain_errors
from rag.index.ledger import Ledger
from rag.index.lexical.writer import LexicalWriter
from rag.index.lock import WriterLock
from rag.index.rules import check_entry
from rag.types import Entry, Failed, MadeWith, Stamp

if TYPE_CHECKING:
    from rag.index.dense.loading import Searchable
    from rag.index.staging import Staged
    from rag.index.verify import Problem


class LocalWriter:
    """The writer of an index, which exists while the lock is held: from `open` to `close`. For any thread; one call at
    a time."""

    def __init__(self, folder: Path, lock: WriterLock, ledger: Ledger) -> None:
        self.folder = folder
        self.ledger = ledger
        self._lock = lock
        self._lexical = LexicalWriter(folder)
        self._one_at_a_time = threading.RLock()

    @classmethod
    def open(cls, folder: Path, wait: float) -> LocalWriter:
        """Take the lock, waiting `wait` seconds at most, and finish what a killed writer left. Raises `IndexBusy`."""
        lock = WriterLock(folder)
        with plain_errors(folder):
            lock.acquire(wait)
            if is_under_way(folder):  # it was got in a folder that somebody made in the meantime
                lock.release()
                settle(folder.parent)
                lock.acquire(wait)
            try:
                writer = cls(folder, lock, Ledger.open(folder))
            except BaseException:
                lock.release()
                raise
        try:
            writer.publish()
        except BaseException:
            writer.abandon()
            raise
        return writer

    def replace(self, entry: Entry) -> None:
        """Put the document in place of the one with its id, if any. Raises `DocumentError` if passages or vectors do
        not fit it."""
        check_entry(entry, self.ledger.settings.dimension)
        with self._one_at_a_time, plain_errors(self.folder):
            self.ledger.replace(entry)

    def remove(self, document_id: str) -> None:
        """Remove the document. Raises `DocumentNotFound`."""
        with self._one_at_a_time, plain_errors(self.folder):
            self.ledger.remove(document_id)

    def touch(self, document_id: str, stamp: Stamp) -> None:
        """Note a new size and time of a file whose content is the same. Raises `DocumentNotFound`."""
        with self._one_at_a_time, plain_errors(self.folder):
            self.ledger.touch(document_id, stamp)

    def mark_stale(self, document_ids: Iterable[str]) -> None:
        """Note that the files behind these documents could not be read, or not be found."""
        with self._one_at_a_time, plain_errors(self.folder):
            self.ledger.mark_stale(document_ids)

    def note_root(self, given: str, place: str) -> None:
        """Note where a folder that was given leads."""
        with self._one_at_a_time, plain_errors(self.folder):
            self.ledger.note_root(given, place)

    def move_files(self, before: str, now: str) -> None:
        """Note other paths of files."""
        with self._one_at_a_time, plain_errors(self.folder):
            self.ledger.move_files(before, now)

    def remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Remember these failures of a file, and of files in it, in place of those before."""
        with self._one_at_a_time, plain_errors(self.folder):
            self.ledger.remember(file, failures)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Commit the changes of the block together, or none of them."""
        with self._one_at_a_time, plain_errors(self.folder), self.ledger.at_once():
            yield

    def note_outcome(self, job: str, outcome: str) -> None:
        """Note what came of an upload."""
        with self._one_at_a_time, plain_errors(self.folder):
            self.ledger.note_outcome(job, outcome)

    def publish(self) -> int:
        """Bring Tantivy to the last commit and let readers see it; returns its generation."""
        with self._one_at_a_time, plain_errors(self.folder):
            generation, published, _ = self.ledger.state()
            if self.ledger.is_at_once:
                return published
            if generation != published:
                self.ledger.flush()
            self._lexical.bring_to(generation, self.ledger)
            if generation != published:
                self.ledger.publish(generation)
            if self._dense_is_due():
                self._save_dense()
            return generation

    def mend(self) -> None:
        """Make again the derived files that readers cannot use, at the published generation."""
        with self._one_at_a_time, plain_errors(self.folder):
            self._lexical.bring_to(self.ledger.state().published, self.ledger)
            self._save_dense()

    def verify(self) -> list[Problem]:
        """Check all derived files against the catalogue, and the catalogue against itself."""
        from rag.index.verify import problems

        with self._one_at_a_time, plain_errors(self.folder):
            self.save()
            return problems(self.folder, self.ledger)

    def repair(self) -> list[Problem]:
        """Put aside FAISS's files or Tantivy's folder if something is wrong with them, make them again, and return the
        problems that remain."""
        from rag.index.verify import problems

        with self._one_at_a_time, plain_errors(self.folder):
            self.publish()
            wrong = {problem.part for problem in problems(self.folder, self.ledger)}
            if "lexical" in wrong:
                self._lexical.rebuild(self.ledger.state().published, self.ledger)
            if "dense" in wrong:
                set_aside(self.folder / DENSE_MANIFEST)
                set_aside(self.folder / FAISS_FILE)
                set_aside(self.folder / VECTORS)
                self._save_dense()
            return problems(self.folder, self.ledger)

    def stage(self, settings: MadeWith) -> Staged:
        """A catalogue for the same documents, to be made with other settings and then adopted."""
        from rag.index.staging import Staged

        return Staged.open(self.folder, settings, self.ledger)

    def adopt(self, fresh: Staged) -> None:
        """Put what was staged, which is closed by it, in place of all there is; killed at any point, all of it is done
        or nothing. FAISS and Tantivy follow, and are made by the next writer or reader if this one is killed before."""
        from rag.index.staging import drop

        with self._one_at_a_time, plain_errors(self.folder):
            fresh.close()
            self.ledger.adopt(fresh.folder)
            for name in (DENSE_MANIFEST, FAISS_FILE, VECTORS):
                (self.folder / name).unlink(missing_ok=True)
            self.publish()
            drop(self.folder)

    def save(self) -> None:
        """Write FAISS's file if it is behind: by anything if it is exact, by too much if it is quantised."""
        with self._one_at_a_time, plain_errors(self.folder):
            if self._dense_behind() != 0 and (not self._quantised() or self._dense_is_due()):
                self._save_dense()

    def close(self) -> None:
        """Save, and release the lock; what was committed and not published stays so until the next open."""
        try:
            self.save()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Release the lock without saving."""
        self._lexical.close()
        self.ledger.close()
        self._lock.release()

    def _dense_is_due(self) -> bool:
        behind = self._dense_behind()
        rows = self.ledger.count(self.ledger.state().published)
        if (quantised := self._quantised()) != is_large(rows, quantised):
            return True
        return (rows if behind is None else behind) > allowance(rows, quantised)

    def _dense_behind(self) -> int | None:
        """The number of rows that FAISS's file lacks or has too many; None if there is no file that can be used."""
        generation, at, _ = self.ledger.state()
        try:
            saved = dense_manifest(self.folder)
        except Damaged:
            return None
        if saved.generation > generation:  # the catalogue is an older copy: its next rows may have the same numbers
            set_aside(self.folder / DENSE_MANIFEST)
            return None
        new = self.ledger.count(at, since=saved.generation)
        kept = self.ledger.count(at) - new
        return new + saved.vectors - kept

    def _quantised(self) -> bool:
        try:
            return dense_manifest(self.folder).trained is not None
        except Damaged:
            return False

    def _save_dense(self) -> None:
        """Bring FAISS's file to the published generation; a damaged one is put aside, and a whole quantised one may
        stay behind."""
        from rag.index.dense import compaction, loading
        from rag.index.dense.quantised import Quantised

        at = self.ledger.state().published
        saved: Searchable | None = None
        try:
            saved = loading.load_dense(self.folder, self.ledger.settings.dimension)
        except Damaged as damage:
            set_aside(damage.file)
        if not isinstance(saved, Quantised) or self._dense_is_due():
            compaction.save_dense(saved, at, self.ledger, self.folder)
            self.ledger.forget_removals(at)
