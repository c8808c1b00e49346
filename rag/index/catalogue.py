"""The catalogue: one SQLite file that holds all there is to know of an index; the rest can be made again from it.

In: queries about a generation. Out: documents, passages, vectors, and what changed between two generations.
Writing is in `rag.index.ledger`. Rows of `versions` and `passages` never change and their numbers are never used
again: a document that changed gets a new version, and the old one says at which generation it was removed. So "the
state at generation g" is a condition on two columns, and a passage's number names the same passage for ever.

A passage's text is stored beside the document's, though it is a slice of it: cutting 50 passages out of a book of
3 million characters takes SQLite 126 ms, reading 50 stored texts 0.5 ms, and the vectors are ten times larger anyway.
`verify` checks that the two are equal. numpy is imported where vectors and rows are read: comparing files with the
index needs none.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import DocumentNotFound, RagError
from rag.index.block_rows import unpacked, unpacked_links
from rag.index.later_tables import LaterTables
from rag.index.schema import CATALOGUE_FILE, connect_catalogue, identity, unwritten
from rag.index.sources import ShowSource, with_path
from rag.types import (
    CREATED,
    Document,
    DocumentInfo,
    Embedding,
    Failed,
    FileState,
    MadeWith,
    Origin,
    Passage,
    Section,
    Sentence,
    Stamp,
    StoredDocument,
    StoredPassage,
    Vectors,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LIVE = "v.added <= :at AND (v.removed IS NULL OR v.removed > :at)"
_PASSAGE = "p.row, v.document, v.title, v.source, p.start, p.end, p.text, p.sentences, p.section, p.pages, "
_PASSAGE_COLUMNS = 12  # with its blocks and the header of its table
_NO_PAGES = "[]"
_LONGEST_TOLD = 200  # characters of an id in a message
_UNREADABLE = "unreadable"  # the state of a source
_JOINED = "passages p JOIN versions v ON v.version = p.version JOIN embeddings e ON e.embedding = p.embedding"


class Generations(NamedTuple):
    """The generation numbers of an index; all are 0 when it is new."""

    generation: int  # of the last commit
    published: int  # the last that readers may see
    pruned: int  # versions removed at or before it are deleted from the tables


class PassageText(NamedTuple):
    """A passage as lexical search indexes it."""

    row: int
    version: int
    section: str | None
    header: str  # of the table that begins before it
    text: str


class Selection(NamedTuple):
    """The passages that a search is restricted to: their rows, ascending, and the versions of which these are all
    passages."""

    rows: NDArray[np.int64]
    versions: tuple[int, ...]


class RowChange(NamedTuple):
    """The rows added and removed between two generations. A row that came and went in between is in `removed` alone."""

    added: NDArray[np.int64]  # ascending
    removed: NDArray[np.int64]


class Catalogue:
    """A connection to the catalogue, for one thread at a time. `at` is always a generation.

    Between `begin` and `end` it sees the file as it was at `begin`, whatever is written meanwhile.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self.connection = connection
        self._later = LaterTables(connection)
        self.shown: ShowSource = with_path
        self._unwritten: tuple[int, int, int] | None = None  # the file, if it was opened as one that nobody writes to
        self.file: tuple[int, int] | None = None  # its numbers

    @classmethod
    def open(cls, folder: Path) -> Catalogue:
        """Open the catalogue for reading. Raises `RagError` if the file is damaged, `IndexMismatch` if its format is
        another."""
        while True:
            unwritten_before, file = unwritten(folder), identity(folder)
            connection = connect_catalogue(folder)
            if file == identity(folder):
                break
            connection.close()  # another took its place meanwhile
        connection.execute("PRAGMA query_only = ON")
        catalogue = cls(folder, connection)
        catalogue._unwritten, catalogue.file = unwritten_before, file
        return catalogue

    def is_replaced(self) -> bool:
        """True if another file has its place, as after a restore; False if there is none, as after a deletion."""
        return identity(self.folder) not in (None, self.file)

    def is_outdated(self) -> bool:
        """True if the file was opened as one to which nobody writes, and somebody does, or did."""
        return self._unwritten is not None and self._unwritten != unwritten(self.folder)

    def begin(self) -> None:
        """Begin a transaction; it sees nothing that others commit before `end`."""
        self.connection.execute("BEGIN")

    def end(self) -> None:
        """End the transaction, if one is open, and undo what it did not commit."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @property
    def settings(self) -> MadeWith:
        """The embedder, dimension and chunker of the index; others from the generation on at which its documents are
        embedded anew."""
        meta = dict(self.connection.execute("SELECT key, value FROM meta"))
        return MadeWith(meta["embedder"], int(meta["dimension"]), meta["chunker"])

    def state(self) -> Generations:
        """The last generation, the published one, and the one up to which removed versions are deleted."""
        return Generations(*self.connection.execute("SELECT generation, published, pruned FROM state").fetchone())

    def files(self) -> dict[str, FileState]:
        """The states of the files behind the documents, by document id: all that is committed, published or not."""
        stamp, join = self._later.stamp()
        found = self.connection.execute(
            f"SELECT document, sha256, source, {self._later.reader()}, {self._later.receipt('hidden')}, {stamp} "
            f"FROM versions v {join} WHERE removed IS NULL ORDER BY document"
        )
        return {
            name: FileState(sha256, Stamp(*stamp), source, reader, _flag(hidden), ocr, state == _UNREADABLE)
            for name, sha256, source, reader, hidden, ocr, state, *stamp in found
        }

    def failures(self, most: int | None = None) -> list[Failed]:
        """The files, and files in them, that could not be read when they were last tried, by id; the last `most`."""
        if not self._later.has("failures"):
            return []
        found = self.connection.execute(
            "SELECT file, document, message, sha256, stamp, read_with, empty FROM "
            "(SELECT * FROM failures ORDER BY rowid DESC LIMIT ?) ORDER BY document",
            (-1 if most is None else most,),
        )
        return [
            Failed(file, document, message, sha256, Stamp(*json.loads(stamp)), read_with, bool(empty))
            for file, document, message, sha256, stamp, read_with, empty in found
        ]

    def roots(self) -> dict[str, str]:
        """Real paths to which the given folders led the last time."""
        return (
            dict(self.connection.execute("SELECT given, place FROM roots").fetchall())
            if self._later.has("roots")
            else {}
        )

    def outcome(self, job: str) -> str | None:
        """The outcome of an upload, as it was noted; None if that is not known."""
        if not self._later.has("jobs"):
            return None
        found = self.connection.execute("SELECT outcome FROM jobs WHERE job = ?", (job,)).fetchone()
        return None if found is None else str(found[0])

    def outcomes_after(self, job: str) -> dict[str, str]:
        """Outcomes of the uploads whose ids sort behind this one, by id."""
        if not self._later.has("jobs"):
            return {}
        return dict(self.connection.execute("SELECT job, outcome FROM jobs WHERE job > ?", (job,)).fetchall())

    def origins(self, document_ids: Iterable[str], at: int) -> dict[str, Origin]:
        """The origins of these documents, by id."""
        stamp, join = self._later.stamp()
        wanted = (
            f"SELECT v.version, document, metadata, source, {stamp} FROM versions v {join} "
            "WHERE document IN (SELECT value FROM json_each(:ids)) AND added <= :at AND"
        )
        found = self.connection.execute(  # apart, each finds its rows by an index
            f"{wanted} removed IS NULL UNION ALL {wanted} removed > :at",
            {"ids": json.dumps(list(document_ids)), "at": at},
        )
        return {
            name: Origin(json.loads(metadata).get(CREATED), source, Stamp(*stamp), state == _UNREADABLE, version)
            for version, name, metadata, source, _, state, *stamp in found
        }

    def documents(
        self, at: int, after: str | None = None, most: int = -1, only: str | None = None
    ) -> list[DocumentInfo]:
        """The documents of a generation, sorted by id: the first `most` behind the id `after`, or `only` one."""
        which = "" if after is None else "v.document > :after AND "
        which = which if only is None else "v.document = :only AND "
        found = self.connection.execute(
            "SELECT document, title, source, sha256, passages, characters, pages, metadata, "
            f"date(mtime_ns / 1000000000, 'unixepoch'), {self._later.receipt('notes')}, {self._later.source('state')} "
            f"FROM versions v WHERE {which}{_LIVE} ORDER BY document LIMIT :most",
            {"at": at, "after": after, "most": most, "only": only},
        )
        return [
            DocumentInfo(
                name, title, self.shown(source, name), sha256, passages, characters, pages, json.loads(metadata), day,
                _notes(notes), state == _UNREADABLE,
            )
            for name, title, source, sha256, passages, characters, pages, metadata, day, notes, state in found
        ]  # fmt: skip

    def notes(self, document_ids: Iterable[str], at: int) -> dict[str, tuple[str, ...]]:
        """Parts of these documents' files that were not read, by document id; none for those that were read whole."""
        found = self.connection.execute(
            f"SELECT v.document, {self._later.receipt('notes')} FROM versions v "
            f"WHERE v.document IN (SELECT value FROM json_each(:ids)) AND {_LIVE}",
            {"ids": json.dumps(list(document_ids)), "at": at},
        )
        return {document: _notes(notes) for document, notes in found if _notes(notes)}

    def document(self, document_id: str, at: int) -> Document:
        """A document of a generation, with its text. Raises `DocumentNotFound`."""
        later = self._later
        row = self.connection.execute(
            "SELECT v.document, v.title, t.text, v.source, v.sha256, t.pages, t.sections, v.metadata, "
            f"{later.reader()}, {later.blocks()}, {later.receipt('notes')}, {later.receipt('hidden')}, "
            f"{later.source('ocr')}, {later.links()} FROM versions v JOIN texts t ON t.version = v.version "
            f"WHERE v.document = :id AND {_LIVE}",
            {"id": document_id, "at": at},
        ).fetchone()
        if row is None:
            raise self.not_found(document_id)
        id_, title, text, source, sha256, pages, sections, metadata, reader, blocks, notes, hidden, ocr, links = row
        return Document(
            id_,
            title,
            text,
            self.shown(source, id_),
            sha256,
            pages=tuple(json.loads(pages)),
            sections=tuple(Section(*heading) for heading in json.loads(sections)),
            blocks=unpacked(blocks),
            metadata=json.loads(metadata),
            reader=reader,
            notes=_notes(notes),
            hidden=_flag(hidden),
            ocr=ocr,
            links=unpacked_links(links),
        )

    def stored(self, document_id: str, at: int) -> StoredDocument:
        """A document of a generation with its passages and their vectors. Raises `DocumentNotFound`."""
        document = self.document(document_id, at)
        return StoredDocument(document, self.fetch(self.selection([document_id], at).rows.tolist(), at))

    def not_found(self, document_id: str) -> DocumentNotFound:
        """The error that names the document, and the command that lists those of the index."""
        name, told = self.folder.name, document_id[:_LONGEST_TOLD]
        return DocumentNotFound(
            f'index "{name}" has no document "{told}": `rag documents list --index {name}` shows those it has'
        )

    def rows(self, at: int) -> NDArray[np.int64]:
        """The numbers of all passages, ascending."""
        import numpy as np

        found = self.connection.execute(
            f"SELECT p.row FROM versions v JOIN passages p ON p.version = v.version WHERE {_LIVE}", {"at": at}
        )
        return np.sort(np.fromiter((row for (row,) in found), dtype=np.int64))

    def selection(self, document_ids: Sequence[str], at: int) -> Selection:
        """The passages of these documents."""
        import numpy as np

        found = self.connection.execute(
            "SELECT p.row, v.version FROM versions v JOIN passages p ON p.version = v.version "
            f"WHERE v.document IN (SELECT value FROM json_each(:ids)) AND {_LIVE}",
            {"ids": json.dumps(list(document_ids)), "at": at},
        ).fetchall()
        rows = np.sort(np.fromiter((row for row, _ in found), dtype=np.int64))
        return Selection(rows, tuple(sorted({version for _, version in found})))

    def vectors(self, rows: NDArray[np.int64], dimension: int) -> Vectors:
        """The passage vectors of `rows`, which must ascend: shape (rows, dimension). Raises `RagError` if one is
        missing."""
        import numpy as np

        found = self.connection.execute(
            "SELECT e.passage FROM passages p JOIN embeddings e ON e.embedding = p.embedding "
            "WHERE p.row IN (SELECT value FROM json_each(?)) ORDER BY p.row",
            (json.dumps(rows.tolist()),),
        )
        joined = np.frombuffer(b"".join(blob for (blob,) in found), dtype="<f4")
        if joined.size != len(rows) * dimension:
            raise RagError(f"{self.folder / CATALOGUE_FILE} lacks vectors of its own passages: run `rag verify`")
        return joined.reshape(len(rows), dimension)

    def fetch(self, rows: Sequence[int], at: int) -> list[StoredPassage]:
        """The passages of `rows` with their vectors, in that order. Raises `RagError` if one is not a passage of the
        generation."""
        dimension = self.settings.dimension
        blocks, join = self._later.passage_blocks()
        found = self.connection.execute(
            f"SELECT {_PASSAGE}{blocks}, e.passage, e.sentences FROM {_JOINED} {join} "
            f"WHERE p.row IN (SELECT value FROM json_each(:rows)) AND {_LIVE}",
            {"rows": json.dumps([int(row) for row in rows]), "at": at},
        )
        by_row = {
            row[0]: StoredPassage(
                row[0],
                self._passage(row[1:_PASSAGE_COLUMNS]),
                _embedding(row[_PASSAGE_COLUMNS], row[_PASSAGE_COLUMNS + 1], dimension),
            )
            for row in found
        }
        if missing := [row for row in rows if row not in by_row]:
            raise RagError(
                f'index "{self.folder.name}" has no passage {missing[0]} at generation {at}: '
                f"`rag verify --repair --index {self.folder.name}` mends it"
            )
        return [by_row[row] for row in rows]

    def embedded(self, keys: Sequence[bytes]) -> list[Embedding | None]:
        """The embeddings that are stored under these keys (`rules.embedding_key`), in that order; None for a key that
        is not there."""
        one = "SELECT passage, sentences FROM embeddings WHERE key = ?"
        dimension = self.settings.dimension
        rows = [self.connection.execute(one, (key,)).fetchone() for key in keys]
        return [row and _embedding(row[0], row[1], dimension) for row in rows]

    def contents(self, at: int) -> Iterator[tuple[Passage, Embedding, bytes]]:
        """Iterate over all passages with their vectors and keys, for `verify`; vectors that are missing are empty."""
        dimension = self.settings.dimension
        blocks, join = self._later.passage_blocks()
        found = self.connection.execute(
            f"SELECT {_PASSAGE}{blocks}, e.passage, e.sentences, e.key FROM passages p "
            f"JOIN versions v ON v.version = p.version LEFT JOIN embeddings e ON e.embedding = p.embedding {join} "
            f"WHERE {_LIVE} ORDER BY v.version, p.row",
            {"at": at},
        )
        for row in found:
            vector, sentences, key = (column or b"" for column in row[_PASSAGE_COLUMNS:])
            yield self._passage(row[1:_PASSAGE_COLUMNS]), _embedding(vector, sentences, dimension), key

    def texts(self, since: int, at: int) -> Iterator[PassageText]:
        """The passages that are there at `at` and were not at `since`, by row; `since=0` gives all."""
        header = "COALESCE(b.header, '')" if self._later.has("passage_blocks") else "''"
        _, join = self._later.passage_blocks()
        found = self.connection.execute(
            f"SELECT p.row, p.version, p.section, {header}, p.text FROM passages p "
            f"JOIN versions v ON v.version = p.version {join} WHERE v.added > :since AND {_LIVE} ORDER BY p.row",
            {"since": since, "at": at},
        )
        return (PassageText(*row) for row in found)

    def changed(self, since: int) -> dict[int, int]:
        """The versions that were added or removed after `since`, and the number of passages of each. Complete only if
        `since` >= `pruned`."""
        found = self.connection.execute(
            "SELECT version, passages FROM versions WHERE removed > :since OR added > :since ORDER BY version",
            {"since": since},
        )
        return dict(found.fetchall())

    def change(self, since: int, at: int) -> RowChange | None:
        """The rows added and removed between `since` and the published generation `at`, at a cost in proportion to
        them; None if removals since then are not recorded any more."""
        if not self.has_removals():
            return None
        import numpy as np

        first, last = self.connection.execute("SELECT since, until FROM removals_known").fetchone()
        if not first <= since <= at <= last:
            return None
        gone = self.connection.execute(
            "SELECT first, last FROM removals WHERE generation > ? AND generation <= ?", (since, at)
        ).fetchall()
        found = self.connection.execute(
            f"SELECT p.row FROM versions v JOIN passages p ON p.version = v.version WHERE v.added > :since AND {_LIVE}",
            {"since": since, "at": at},
        )
        added = np.sort(np.fromiter((row for (row,) in found), dtype=np.int64))
        ranges = [np.arange(first, last + 1, dtype=np.int64) for first, last in gone]
        return RowChange(added, np.concatenate(ranges) if ranges else np.empty(0, dtype=np.int64))

    def has_removals(self) -> bool:
        """True if the file has the tables of removals."""
        return self._later.has("removals_known")

    def count(self, at: int, since: int = 0) -> int:
        """The number of passages that are there at `at` and were added after `since`."""
        (total,) = self.connection.execute(
            f"SELECT COALESCE(SUM(v.passages), 0) FROM versions v WHERE v.added > :since AND {_LIVE}",
            {"since": since, "at": at},
        ).fetchone()
        return int(total)

    def passages_of(self, document_id: str, at: int) -> int:
        """The number of passages of the document, counted one by one."""
        (total,) = self.connection.execute(
            "SELECT COUNT(*) FROM passages p JOIN versions v ON v.version = p.version "
            f"WHERE v.document = :id AND {_LIVE}",
            {"id": document_id, "at": at},
        ).fetchone()
        return int(total)

    def _passage(self, row: Sequence[Any]) -> Passage:
        document, title, source, start, end, text, sentences, section, pages, blocks, header = row
        bounds = iter(json.loads(sentences))
        spans = tuple(map(Sentence._make, zip(bounds, bounds, strict=True)))
        numbers = () if pages == _NO_PAGES else tuple(json.loads(pages))
        return Passage(
            document, title, self.shown(source, document), start, end, text, spans, section, numbers,
            unpacked(blocks, start), header or "",
        )  # fmt: skip


def _notes(stored: str | None) -> tuple[str, ...]:
    return tuple(json.loads(stored)) if stored else ()


def _flag(stored: int | None) -> bool | None:
    return None if stored is None else bool(stored)


def _embedding(passage: bytes, sentences: bytes, dimension: int) -> Embedding:
    import numpy as np

    vectors = np.frombuffer(sentences, dtype="<f4").reshape(-1, dimension)
    return Embedding(np.frombuffer(passage, dtype="<f4"), vectors)
