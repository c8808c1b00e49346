"""Writing to the catalogue: each change is one transaction and one generation.

In: documents with their passages and vectors. Out: rows, and a generation number that grew by one. What is
committed survives a killed process; what `publish` or `flush` wrote, and all before it, survives a power cut as well
(WAL with synchronous=NORMAL does not wait for the disk, FULL does). That order matters: FAISS and Tantivy are only
brought to a generation that the disk has, so they can never be ahead of the catalogue.

Does not lock: one process writes at a time, and `rag.index.writer` ensures that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from rag.errors import DocumentError
from rag.index.block_rows import packed, packed_links
from rag.index.catalogue import Catalogue
from rag.index.rules import embedding_key
from rag.index.schema import CATALOGUE_FILE, connect_catalogue
from rag.types import Embedding, Entry, Failed, Passage, Stamp, Vectors

_WAL_BYTES = 64 * 2**20  # to which the log file is cut once all of it has been moved into the main file

# The rows of versions that were deleted, so that a reader at an older generation need not compare all rows. The
# passages of a version are added by one transaction, so their numbers follow one another. `removals` is complete for
# generations above `since`, as long as nothing was published beyond `until`, as by an earlier version of the program.
_REMOVALS = (
    "CREATE TABLE removals (generation INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL)",
    "CREATE INDEX removals_generation ON removals (generation)",
    "CREATE TABLE removals_known (since INTEGER NOT NULL, until INTEGER NOT NULL)",
    "INSERT INTO removals_known SELECT pruned, pruned FROM state",
)

# The version of the reader of a document's file, where it is not the first.
_READERS = "CREATE TABLE IF NOT EXISTS readers (version INTEGER PRIMARY KEY, reader INTEGER NOT NULL)"

# The blocks of a document, and those of a passage with the header of a table that begins before it.
_BLOCKS = (
    "CREATE TABLE IF NOT EXISTS blocks (version INTEGER PRIMARY KEY, blocks TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS passage_blocks (row INTEGER PRIMARY KEY, blocks TEXT NOT NULL, header TEXT NOT NULL)",
)
# What was not read of a document's file, where that is anything.
_RECEIPTS = "CREATE TABLE IF NOT EXISTS receipts (version INTEGER PRIMARY KEY, notes TEXT NOT NULL, hidden INTEGER)"

# The links of a document, where it has any.
_LINKS = "CREATE TABLE IF NOT EXISTS links (version INTEGER PRIMARY KEY, links TEXT NOT NULL)"
# The file of a folder behind a document, beyond what `versions` has of it: `state` is `present` or `unreadable`.
_SOURCES = """CREATE TABLE IF NOT EXISTS sources (
    version INTEGER PRIMARY KEY, place TEXT, device INTEGER, inode INTEGER, ctime_ns INTEGER, own TEXT NOT NULL,
    ocr TEXT, state TEXT NOT NULL)"""
# Files, and files in them, that could not be read.
_FAILURES = """CREATE TABLE IF NOT EXISTS failures (
    file TEXT NOT NULL, document TEXT NOT NULL, message TEXT NOT NULL, sha256 TEXT NOT NULL, stamp TEXT NOT NULL,
    read_with TEXT NOT NULL, empty INTEGER NOT NULL, PRIMARY KEY (file, document))"""

# What came of uploads, the newest last.
_JOBS = "CREATE TABLE IF NOT EXISTS jobs (number INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE, outcome TEXT NOT NULL)"
_JOBS_KEPT = 10_000

# Folders as they were given, and where they led.
_ROOTS = "CREATE TABLE IF NOT EXISTS roots (given TEXT PRIMARY KEY, place TEXT NOT NULL)"

# Embeddings first: which of them are left without a passage shows only while the passages are still there.
_PRUNE = (
    """INSERT INTO removals SELECT v.removed, (SELECT MIN(row) FROM passages p WHERE p.version = v.version),
           (SELECT MAX(row) FROM passages p WHERE p.version = v.version)
           FROM versions v WHERE v.removed <= :at AND v.passages > 0""",
    """UPDATE removals_known SET until = :at,
           since = CASE WHEN until < (SELECT pruned FROM state) THEN (SELECT pruned FROM state) ELSE since END""",
    """DELETE FROM embeddings WHERE embedding IN (
           SELECT p.embedding FROM versions v JOIN passages p ON p.version = v.version WHERE v.removed <= :at)
       AND NOT EXISTS (
           SELECT 1 FROM passages p JOIN versions v ON v.version = p.version
           WHERE p.embedding = embeddings.embedding AND (v.removed IS NULL OR v.removed > :at))""",
    """DELETE FROM passage_blocks WHERE row IN (
           SELECT p.row FROM versions v JOIN passages p ON p.version = v.version WHERE v.removed <= :at)""",
    "DELETE FROM passages WHERE version IN (SELECT version FROM versions WHERE removed <= :at)",
    "DELETE FROM blocks WHERE version IN (SELECT version FROM versions WHERE removed <= :at)",
    "DELETE FROM texts WHERE version IN (SELECT version FROM versions WHERE removed <= :at)",
    "DELETE FROM readers WHERE version IN (SELECT version FROM versions WHERE removed <= :at)",
    "DELETE FROM receipts WHERE version IN (SELECT version FROM versions WHERE removed <= :at)",
    "DELETE FROM links WHERE version IN (SELECT version FROM versions WHERE removed <= :at)",
    "DELETE FROM sources WHERE version IN (SELECT version FROM versions WHERE removed <= :at)",
    "DELETE FROM versions WHERE removed <= :at",
    "UPDATE state SET published = :at, pruned = :at",
)

_ADOPT = (
    "DELETE FROM passage_blocks",
    "DELETE FROM passages",
    "DELETE FROM blocks",
    "DELETE FROM texts",
    "DELETE FROM readers",
    "DELETE FROM receipts",
    "DELETE FROM links",
    "DELETE FROM sources",
    "DELETE FROM versions",
    "DELETE FROM embeddings",
    "INSERT INTO embeddings SELECT * FROM staged.embeddings",
    """INSERT INTO versions SELECT version + :v, document, title, source, sha256, passages, characters, pages, metadata,
           size, mtime_ns, :at, NULL FROM staged.versions WHERE removed IS NULL""",
    "INSERT INTO texts SELECT version + :v, text, pages, sections FROM staged.texts",
    "INSERT INTO readers SELECT version + :v, reader FROM staged.readers",
    "INSERT INTO blocks SELECT version + :v, blocks FROM staged.blocks",
    "INSERT INTO passage_blocks SELECT row + :p, blocks, header FROM staged.passage_blocks",
    "INSERT INTO receipts SELECT version + :v, notes, hidden FROM staged.receipts",
    "INSERT INTO links SELECT version + :v, links FROM staged.links",
    "INSERT INTO sources SELECT version + :v, place, device, inode, ctime_ns, own, ocr, state FROM staged.sources",
    """INSERT INTO passages SELECT row + :p, version + :v, embedding, start, "end", section, sentences, pages, text
           FROM staged.passages""",
    "INSERT OR REPLACE INTO meta SELECT * FROM staged.meta",
    "UPDATE state SET generation = :at, published = :at, pruned = :at",
    "DELETE FROM removals",
    "UPDATE removals_known SET since = :at, until = :at",
)


class Ledger(Catalogue):
    """The one connection that writes to the catalogue."""

    is_at_once = False  # within `at_once`

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """Open the catalogue for writing, and add the tables that earlier versions did not make. Errors are those of
        `Catalogue.open`."""
        connection = connect_catalogue(folder)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        ledger = cls(folder, connection)
        for statement in (_READERS, _RECEIPTS, _LINKS, *_BLOCKS, _SOURCES, _FAILURES, _JOBS, _ROOTS):
            connection.execute(statement)
        if not ledger.has_removals():
            with ledger._transaction():
                for statement in _REMOVALS:
                    connection.execute(statement)
        return ledger

    def replace(self, entry: Entry) -> None:
        """Put the document in place of the one with its id, if any. An embedding whose key is there already is kept as
        it was. Raises `DocumentError` if its text cannot be stored as UTF-8."""
        keys = [embedding_key(passage) for passage in entry.passages]
        with self._change() as generation:
            self._retire(entry.document.id, generation)
            version = self._insert_version(entry, generation)
            self._insert_embeddings(keys, entry.embeddings)
            self._insert_passages(version, keys, entry.passages)

    def remove(self, document_id: str) -> None:
        """Remove the document. Raises `DocumentNotFound`."""
        with self._change() as generation:
            if not self._retire(document_id, generation):
                raise self.not_found(document_id)

    def touch(self, document_id: str, stamp: Stamp) -> None:
        """Note the marks of a file whose content did not change. Raises `DocumentNotFound`."""
        with self._transaction():
            changed = self.connection.execute(
                "UPDATE versions SET size = ?, mtime_ns = ? WHERE document = ? AND removed IS NULL RETURNING version",
                (stamp.size, stamp.mtime_ns, document_id),
            ).fetchone()
            if not changed:
                raise self.not_found(document_id)
            self._put_source(changed[0], stamp)

    def move_files(self, before: str, now: str) -> None:
        """Note that what lay at `before`, a folder with a slash behind or a file with what is in it, lies at `now`."""
        with self._transaction():
            for table, column in (("versions", "source"), ("sources", "place"), ("failures", "file")):
                self.connection.execute(
                    f"UPDATE {table} SET {column} = :now || substr({column}, length(:before) + 1) "
                    f"WHERE substr({column}, 1, length(:before)) = :before AND (substr(:before, -1) = '/' "
                    f"OR substr({column}, length(:before) + 1, 2) IN ('', '!/'))",
                    {"before": before, "now": now},
                )

    def note_root(self, given: str, place: str) -> None:
        """Note where a folder that was given leads; nothing if its name is not UTF-8, which cannot be stored."""
        with suppress(UnicodeEncodeError):
            self.connection.execute("INSERT OR REPLACE INTO roots VALUES (?, ?)", (given, place))

    def mark_stale(self, document_ids: Iterable[str]) -> None:
        """Note that the files behind these documents could not be read, or not be found, until they are put in or
        touched again."""
        self.connection.execute(
            "INSERT INTO sources SELECT version, NULL, NULL, NULL, NULL, '', NULL, 'unreadable' FROM versions "
            "WHERE document IN (SELECT value FROM json_each(?)) AND removed IS NULL "
            "ON CONFLICT (version) DO UPDATE SET state = 'unreadable'",
            (_json(list(document_ids)),),
        )

    def remember(self, file: str, failures: Sequence[Failed]) -> None:
        """Remember these failures of a file, and of files in it, in place of those before; none if a name is not UTF-8,
        which cannot be stored."""
        with suppress(UnicodeEncodeError), self._transaction():
            self.connection.execute("DELETE FROM failures WHERE file = ?", (file,))
            self.connection.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((*failed[:4], _json(failed.stamp), *failed[5:]) for failed in failures),
            )

    def note_outcome(self, job: str, outcome: str) -> None:
        """Note what came of an upload, in place of what was noted before; the newest `_JOBS_KEPT` are kept."""
        with self._transaction():
            self.connection.execute(
                "INSERT INTO jobs (job, outcome) VALUES (?, ?) "
                "ON CONFLICT (job) DO UPDATE SET outcome = excluded.outcome",
                (job, outcome),
            )
            self.connection.execute(
                "DELETE FROM jobs WHERE number <= (SELECT MAX(number) FROM jobs) - ?", (_JOBS_KEPT,)
            )

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Commit all that is changed within the block in one transaction, or nothing of it."""
        with self._transaction():
            self.is_at_once = True
            try:
                yield
            finally:
                self.is_at_once = False

    def flush(self) -> None:
        """Wait until the disk has everything that was committed."""
        with self._durable(), self._transaction():
            self.connection.execute("UPDATE state SET generation = generation")

    def publish(self, generation: int) -> None:
        """Let readers see `generation`, and drop the versions and vectors that are not part of it or a later one."""
        with self._durable(), self._transaction():
            for statement in _PRUNE:
                self.connection.execute(statement, {"at": generation})

    def forget_removals(self, until: int) -> None:
        """Delete the records of removals up to generation `until`, which the files of dense search have."""
        with self._transaction():
            self.connection.execute("DELETE FROM removals WHERE generation <= ?", (until,))
            self.connection.execute("UPDATE removals_known SET since = MAX(since, ?)", (until,))

    def adopt(self, staged: Path) -> None:
        """Put the catalogue in the folder `staged` in place of all there is, settings included, as one published
        generation. Row numbers go on from the highest ever used, as they do everywhere."""
        self.connection.execute("ATTACH DATABASE ? AS staged", (str(staged / CATALOGUE_FILE),))
        try:
            with self._durable(), self._transaction():
                numbers = {
                    "versions": 0,
                    "passages": 0,
                    **dict(self.connection.execute("SELECT * FROM sqlite_sequence")),
                }
                at = {"at": self.state().generation + 1, "v": numbers["versions"], "p": numbers["passages"]}
                for statement in _ADOPT:
                    self.connection.execute(statement, at if ":" in statement else ())
        finally:
            self.connection.execute("DETACH DATABASE staged")

    def _retire(self, document_id: str, generation: int) -> bool:
        changed = self.connection.execute(
            "UPDATE versions SET removed = ? WHERE document = ? AND removed IS NULL", (generation, document_id)
        )
        return changed.rowcount > 0

    def _insert_version(self, entry: Entry, generation: int) -> int:
        document = entry.document
        added = self.connection.execute(
            "INSERT INTO versions (document, title, source, sha256, passages, characters, pages, metadata, size, "
            "mtime_ns, added) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (document.id, document.title, document.source, document.sha256, len(entry.passages), len(document.text),
             len(document.pages) or None, _json(document.metadata), *entry.stamp[:2], generation),
        )  # fmt: skip
        self.connection.execute(
            "INSERT INTO texts VALUES (?, ?, ?, ?)",
            (added.lastrowid, document.text, _json(document.pages), _json(document.sections)),
        )
        if document.reader != 1:
            self.connection.execute("INSERT INTO readers VALUES (?, ?)", (added.lastrowid, document.reader))
        if document.blocks:
            self.connection.execute("INSERT INTO blocks VALUES (?, ?)", (added.lastrowid, packed(document.blocks)))
        if document.notes or document.hidden is not None:
            receipt = (added.lastrowid, _json(document.notes), document.hidden)
            self.connection.execute("INSERT INTO receipts VALUES (?, ?, ?)", receipt)
        if document.links:
            self.connection.execute("INSERT INTO links VALUES (?, ?)", (added.lastrowid, packed_links(document.links)))
        if entry.stamp.place is not None or document.ocr is not None:
            self._put_source(int(added.lastrowid or 0), entry.stamp, document.ocr)
        return int(added.lastrowid or 0)

    def _put_source(self, version: int, stamp: Stamp, ocr: str | None = None) -> None:
        """Write the source of a version, which is there; the way in which its images were read is kept."""
        self.connection.execute(
            "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, 'present') ON CONFLICT (version) DO UPDATE SET "
            "place = excluded.place, device = excluded.device, inode = excluded.inode, ctime_ns = excluded.ctime_ns, "
            "own = excluded.own, state = excluded.state",
            (version, stamp.place, stamp.device, stamp.inode, stamp.ctime_ns, stamp.own, ocr),
        )

    def _insert_embeddings(self, keys: Iterable[bytes], embeddings: Iterable[Embedding]) -> None:
        self.connection.executemany(
            "INSERT INTO embeddings (key, passage, sentences) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
            ((key, _blob(e.passage), _blob(e.sentences)) for key, e in zip(keys, embeddings, strict=True)),
        )

    def _insert_passages(self, version: int, keys: Iterable[bytes], passages: Sequence[Passage]) -> None:
        self.connection.executemany(
            "INSERT INTO passages (version, embedding, start, end, section, sentences, pages, text) "
            "VALUES (?, (SELECT embedding FROM embeddings WHERE key = ?), ?, ?, ?, ?, ?, ?)",
            (
                (version, key, p.start, p.end, p.section, _json(tuple(chain(*p.sentences))), _json(p.pages), p.text)
                for key, p in zip(keys, passages, strict=True)
            ),
        )
        last = int(self.connection.execute("SELECT MAX(row) FROM passages").fetchone()[0] or 0)
        self.connection.executemany(
            "INSERT INTO passage_blocks VALUES (?, ?, ?)",
            (
                (row, packed(passage.blocks, passage.start), passage.header)
                for row, passage in enumerate(passages, last - len(passages) + 1)
                if passage.blocks
            ),
        )

    @contextmanager
    def _change(self) -> Iterator[int]:
        """Make one generation in one transaction, and yield its number. Raises `DocumentError` for a text that is not
        UTF-8."""
        with self._transaction():
            self.connection.execute("UPDATE state SET generation = generation + 1")
            try:
                yield self.state().generation
            except UnicodeEncodeError as exc:
                raise DocumentError(f"the text cannot be stored: it holds half a character ({exc.reason})") from exc

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self.is_at_once:
            with self._part():
                yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        finally:
            self.end()  # rolls back what was not committed, whatever the reason

    @contextmanager
    def _part(self) -> Iterator[None]:
        """A part of a transaction that is undone alone if it fails."""
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:  # else SQLite has undone all, as with a full disk
                self.connection.execute("ROLLBACK TO part")
            raise
        finally:
            if self.connection.in_transaction:
                self.connection.execute("RELEASE part")

    @contextmanager
    def _durable(self) -> Iterator[None]:
        self.connection.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA synchronous = NORMAL")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _blob(vectors: Vectors) -> bytes:
    import numpy as np

    return np.ascontiguousarray(vectors, dtype="<f4").tobytes()
