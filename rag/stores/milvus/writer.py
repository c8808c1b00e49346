"""Writing to an index in Milvus: the one writer, and what it leaves when it is killed anywhere.

A new version is written in this order: passages, vectors, text, and last its row in the ledger, in one request with
the row of the version that it takes the place of. All of them carry the generation that is to be published next, so no
reader sees any; `publish` changes one row, and readers see all. What was written without a row in the ledger belongs to
no document: `_settle` deletes it, when the next writer opens and whenever a write failed half-way. If a ledger has two
versions of a document, since the request was cut short, the newer counts. A writer that slept past its lease writes
nothing more; what it wrote in the moment of waking its successor undoes (`_undo_late`).

Versions that were removed are deleted `KEPT_S` after that was published, so that readers finish with them first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rag.errors import DocumentError
from rag.index.rules import check_entry, embedding_key
from rag.stores.milvus import rows
from rag.stores.milvus.filters import facets
from rag.stores.milvus.lease import Lease
from rag.stores.milvus.reading import document_not_found
from rag.stores.milvus.schema import BLOBS, DOCUMENTS, NEVER, PART, PASSAGES, UNUSED, collection
from rag.stores.milvus.server import MilvusRow, Server, text_of
from rag.stores.milvus.snapshot import LONGEST_S
from rag.stores.milvus.state import Meta, MilvusState
from rag.types import Embedding, Entry, Failed, MadeWith, Passage, Stamp

T = TypeVar("T")

KEPT_S = 2 * LONGEST_S
_FENCE_BITS = 32  # the lower ones of a number; the others are the fencing number of the writer that gave it
_LEDGER = [*rows.ABOUT, "keys"]
_PASSAGE = ["row", "version", "added", "document", "embedding", "text", "about", "terms", "dense"]
_VALUES = 500  # of a list in an expression


class MilvusWriter:
    """The writer of an index, which exists while the lease is held: from `open` to `close`. For any thread; one call at
    a time."""

    def __init__(self, server: Server, index: str, settings: MadeWith, lease: Lease) -> None:
        self._server = server
        self._index = index
        self._settings = settings
        self._lease = lease
        self._meta = Meta(server, index)
        self._fence = lease.fence << _FENCE_BITS  # versions below this number were made by writers before this one
        self._numbers = range(self._fence, self._fence + (1 << _FENCE_BITS))
        self._changed = self._torn = self._is_at_once = False
        self._inherited: set[int] = set()  # those that had changed since the last publish when this one came
        self._retired: set[int] = set()  # those that this one retired
        self._one_at_a_time = threading.RLock()
        self._state = self._meta.state()
        self._since = self._state.published  # a writer before this one goes on from there, if it is still at work

    @classmethod
    def open(cls, server: Server, index: str, settings: MadeWith) -> MilvusWriter:
        """Take the lease, and finish and publish what a killed writer left. Raises `IndexBusy`."""
        lease = Lease.take(server, index)
        try:
            writer = cls(server, index, settings, lease)
            writer._meta.fence_off(writer._state, lease.fence)
            writer._settle()
            writer._inherited = {row["version"] for row in writer._ledger(writer._unpublished())}
            renewed = writer._renew_terms()
            writer.publish()
            if renewed:
                writer._meta.note_analysis()
        except BaseException:
            lease.release()
            raise
        return writer

    def replace(self, entry: Entry) -> None:
        """Put the document in place of the one with its id, if any. Raises `DocumentError` if passages or vectors do
        not fit it, or Milvus does not take them."""
        check_entry(entry, self._settings.dimension)
        document, passages, embeddings, _ = entry
        with self._one_at_a_time:
            before = self._live(document.id)
            version, *_ = self._take(1)
            first = self._take(len(passages)).start
            try:
                text = rows.text_parts(version, document)
                ledger = rows.version_row(version, entry, len(text), self._next)
                info = rows.info(ledger)
                fresh = list(rows.passage_rows(first, version, info, passages, embeddings, self._next))
            except UnicodeEncodeError as exc:
                raise DocumentError(f"the text cannot be stored: it holds half a character ({exc.reason})") from exc
            self._torn = True
            self._put(PASSAGES, fresh, 16 * self._settings.dimension + 4 * PART // 10)
            self._put(BLOBS, self._unknown(passages, embeddings), PART)
            self._put(BLOBS, text, PART)
            self._put(DOCUMENTS, [ledger, *(self._gone(row) for row in before)], 2 * PART)
            self._torn, self._changed = False, True

    def remove(self, document_id: str) -> None:
        """Remove the document. Raises `DocumentNotFound`."""
        with self._one_at_a_time:
            before = self._live(document_id)
            if not before:
                raise document_not_found(self._index, document_id)
            self._put(DOCUMENTS, [self._gone(row) for row in before], 2 * PART)
            self._changed = True

    def touch(self, document_id: str, stamp: Stamp) -> None:
        """Note the size and time of a file whose content did not change. Raises `DocumentNotFound`."""
        with self._one_at_a_time:
            before = self._live(document_id)
            if not before:
                raise document_not_found(self._index, document_id)
            fresh = rows.touched(before[-1], stamp)
            was, now = facets(rows.info(before[-1])), facets(rows.info(fresh))
            if was != now:  # filters by day compare it
                where = f"version == {fresh['version']}"
                found = self._server.query(collection(self._index, PASSAGES), where, _PASSAGE)
                self._put(PASSAGES, [row | now for row in found], PART)
            self._put(DOCUMENTS, [fresh | UNUSED], PART)

    def mark_stale(self, document_ids: Iterable[str]) -> None:
        """Note that the files behind these documents could not be read, or not be found."""
        with self._one_at_a_time:
            for document_id in document_ids:
                for before in self._live(document_id)[-1:]:
                    self._put(DOCUMENTS, [rows.stale(before) | UNUSED], PART)

    def note_root(self, given: str, place: str) -> None:
        """Note where a folder or file that was given leads."""
        with self._one_at_a_time:
            self._lease.hold()
            self._meta.note_root(given, place)

    def move_files(self, before: str, now: str) -> None:
        """Note other paths of files, also of those that could not be read."""
        with self._one_at_a_time:
            found = self._ledger(f"removed == {NEVER}")
            moved = [fresh | UNUSED for row in found if (fresh := rows.elsewhere(row, before, now)) != row]
            self._put(DOCUMENTS, moved, PART)
            self._lease.hold()
            self._meta.move_failures(before, now)

    def remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Remember these failures of a file, and of files in it, in place of those before."""
        with self._one_at_a_time:
            self._lease.hold()
            self._meta.remember(file, failures)

    def note_outcome(self, job: str, outcome: str) -> None:
        """Note what came of an upload: after its documents, so that a job that was cut off is done once more."""
        with self._one_at_a_time:
            self._lease.hold()
            self._meta.note_outcome(job, outcome)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Undo the changes of the block if it ends with an error; within it, nothing is published. A process that dies
        meanwhile leaves them to the next writer, which publishes them."""
        with self._one_at_a_time:
            fence, before = self._take(1).start, set(self._retired)
            self._is_at_once = True
            try:
                yield
            except Exception:
                changed = [row for row in self._ledger(self._unpublished()) if row["version"] not in before]
                made = {row["version"] for row in changed if row["version"] >= fence}
                self._undo(changed, made)
                self._retired = before
                raise
            finally:
                self._is_at_once = False

    def publish(self) -> int:
        """Let readers see what was written, if anything was; returns the generation."""
        with self._one_at_a_time:
            if self._is_at_once:
                return self._state.published
            self._undo_late()
            if self._torn:
                self._settle()
            if self._changed:
                self._lease.check()
                state = self._published_next()
                self._meta.publish(state, self._lease.fence)
                self._state, self._changed = state, False
            self._purge()
            return self._state.published

    def close(self) -> None:
        """Give the lease back; the next writer publishes what was not published."""
        self._lease.release()

    def _renew_terms(self) -> bool:
        """Make the terms of all passages anew if another analysis made them; killed meanwhile, the next writer begins
        again. True if it did."""
        if self._meta.has_current_terms():
            return False
        terms = 0
        for row in self._ledger("added >= 0"):
            if row["removed"] == NEVER:
                self._lease.check()
                places = self._server.query(collection(self._index, PASSAGES), f"version == {row['version']}", _PASSAGE)
                shared = facets(rows.info(row))
                found = [rows.analysed(place) | shared for place in places]
                self._put(PASSAGES, found, 16 * self._settings.dimension + 4 * PART // 10)
                row = rows.with_size(row, sum(len(rows.terms_of(rows.passage(place))) for place in found))
                self._put(DOCUMENTS, [row | UNUSED], 2 * PART)
            if row["added"] <= self._state.published < row["removed"]:
                terms += rows.sizes_of(row)[1]
        self._state, self._changed = self._state._replace(terms=terms), True
        return True

    def _published_next(self) -> MilvusState:
        before = self._state
        passages, terms = before.passages, before.terms
        at = before.published
        for row in self._ledger(self._unpublished()):
            sign = (row["removed"] == NEVER) - (row["added"] <= at)  # added and kept, or removed
            more = rows.sizes_of(row)
            passages, terms = passages + sign * more[0], terms + sign * more[1]
        old = [pair for pair in before.recent if pair[1] < time.time() - KEPT_S]  # the last of them is the one to keep
        recent = (*old[-1:], *before.recent[len(old) :], (self._next, time.time()))
        return MilvusState(self._next, passages, terms, recent)

    @property
    def _next(self) -> int:
        return self._state.published + 1

    def _unpublished(self) -> str:
        """The expression on the ledger of what changed since the last publish."""
        at = self._state.published
        return f"added > {at} or (removed > {at} and removed < {NEVER})"

    def _undo_late(self) -> None:
        """Undo what a writer before this one wrote after this one had come: it was asleep, and woke between its check
        and its write. Version numbers begin with the fencing number, so they tell which writer made a version. An old
        version that it noted anew, such as with other marks of its file, is back beside the one of this writer."""
        since = self._since
        changed = f"added > {since} or (removed > {since} and removed < {NEVER})"
        known = self._inherited | self._retired
        late = [row for row in self._ledger(f"version < {self._fence} and ({changed})") if row["version"] not in known]
        self._undo(late, {row["version"] for row in late if row["added"] > since})
        for part in _slices(sorted(self._retired)):
            for row in self._ledger(f"version in {part} and removed == {NEVER}"):
                if any(newer["version"] > row["version"] for newer in self._live(row["document"])):
                    self._lease.check()  # else it is this writer that woke, and the next one that put it back
                    self._put(DOCUMENTS, [self._gone(row)], 2 * PART)
                    self._changed = True

    def _undo(self, changed: Sequence[MilvusRow], made: set[int]) -> None:
        """Delete the versions that were made, and put back those that were only retired."""
        self._delete(made)
        for row in changed:
            if row["version"] in made:
                self._forget(rows.text_keys(row["version"], rows.part_count(row)))
        for part in _slices(sorted(made)):
            self._server.delete(collection(self._index, DOCUMENTS), f"version in {part}")
        retired = [row for row in changed if row["version"] not in made and row["removed"] != NEVER]
        kept = [row | {"removed": NEVER} | UNUSED for row in retired]
        if kept:
            self._put(DOCUMENTS, kept, 2 * PART)

    def _put(self, kind: str, found: Iterable[MilvusRow], size: int) -> None:
        self._lease.hold()
        self._server.put(collection(self._index, kind), found, size)

    def _take(self, count: int) -> range:
        """Take `count` numbers that follow one another; no other writer gives them."""
        taken, self._numbers = self._numbers[:count], self._numbers[count:]
        return taken

    def _ledger(self, where: str) -> list[MilvusRow]:
        return list(self._server.query(collection(self._index, DOCUMENTS), where, _LEDGER))

    def _live(self, document_id: str) -> list[MilvusRow]:
        return self._ledger(f"document == {text_of(document_id)} and removed == {NEVER}")

    def _gone(self, row: MilvusRow) -> MilvusRow:
        self._retired.add(row["version"])
        return row | {"removed": self._next} | UNUSED

    def _unknown(self, passages: Sequence[Passage], embeddings: Sequence[Embedding]) -> list[MilvusRow]:
        """The parts of the vectors that are not there yet."""
        parts: dict[str, MilvusRow] = {}
        for passage, embedding in zip(passages, embeddings, strict=True):
            for row in rows.embedding_parts(embedding_key(passage).hex(), embedding):
                parts.setdefault(row["key"], row)
        there = self._server.get(collection(self._index, BLOBS), list(parts), ["key"])
        return [parts[key] for key in set(parts) - {row["key"] for row in there}]

    def _settle(self) -> None:
        """Delete what no row of the ledger refers to, and retire the older of two versions of a document."""
        fresh = f"added > {self._state.published}"
        written = self._server.query(collection(self._index, PASSAGES), fresh, ["version"])
        known = self._ledger(f"{fresh} or (removed > {self._state.published} and removed < {NEVER})")
        versions = {row["version"] for row in known}
        self._delete({row["version"] for row in written} - versions)
        for row in [row for row in known if row["removed"] == NEVER]:
            live = sorted(self._live(row["document"]), key=lambda row: int(row["version"]))
            self._put(DOCUMENTS, [self._gone(old) for old in live[:-1]], 2 * PART)
        self._torn, self._changed = False, self._changed or bool(known)

    def _purge(self) -> None:
        """Delete the versions that went so long ago that nobody reads them."""
        old = [generation for generation, at in self._state.recent if at < time.time() - KEPT_S]
        if not old:
            return
        gone = self._ledger(f"removed <= {max(old)}")
        self._delete({row["version"] for row in gone})
        for row in gone:
            self._forget(rows.text_keys(row["version"], rows.part_count(row)))
        for part in _slices([row["version"] for row in gone]):
            self._server.delete(collection(self._index, DOCUMENTS), f"version in {part}")

    def _delete(self, versions: Iterable[int]) -> None:
        """Delete the passages of these versions, and the vectors that no other has."""
        passages = collection(self._index, PASSAGES)
        for part in _slices(sorted(versions)):
            where = f"version in {part}"
            places = list(self._server.query(passages, where, ["embedding", "about"]))
            self._server.delete(passages, where)
            for group in _slices(sorted({row["embedding"] for row in places})):
                listed = f"[{', '.join(map(text_of, group))}]"
                kept = {
                    row["embedding"] for row in self._server.query(passages, f"embedding in {listed}", ["embedding"])
                }
                lost = {row["embedding"]: row for row in places if row["embedding"] in set(group) - kept}
                keys = [
                    rows.embedding_keys(key, rows.sentence_count(row), self._settings.dimension)
                    for key, row in lost.items()
                ]
                self._forget([key for some in keys for key in some])

    def _forget(self, keys: Sequence[str]) -> None:
        for part in _slices(list(keys)):
            self._server.delete(collection(self._index, BLOBS), f"key in [{', '.join(map(text_of, part))}]")


def _slices(values: list[T]) -> Iterable[list[T]]:
    return (values[start : start + _VALUES] for start in range(0, len(values), _VALUES))
