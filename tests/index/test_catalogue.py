"""The catalogue alone: what goes in comes out, each change is one transaction, and what nobody needs is dropped."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.atomic import set_aside
from rag.errors import DocumentError, DocumentNotFound, IndexMismatch, RagError
from rag.index import schema
from rag.index.catalogue import Catalogue, Generations
from rag.index.failures import plain_errors
from rag.index.ledger import Ledger
from rag.index.orphans import orphans
from rag.index.rules import embedding_faults, embedding_key, passage_faults
from rag.types import BlockSpan, Document, Embedding, Entry, LinkSpan, MadeWith, Passage, Section, Sentence, Stamp
from tests.index.contract import BRIDGES, BRIDGES_AGAIN, DIMENSION, MILLS, fast_folder, make_entry, unit_vector

SETTINGS = MadeWith("e1", DIMENSION, "c1")
TABLES = ("versions", "texts", "blocks", "passages", "passage_blocks", "embeddings")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    schema.create_catalogue(tmp_path, SETTINGS)
    return Ledger.open(tmp_path)


def sizes(ledger: Ledger) -> tuple[int, ...]:
    """Rows of each of `TABLES`."""
    return tuple(ledger.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in TABLES)


def test_every_field_comes_back(ledger: Ledger) -> None:
    text = "Häuser \U0001f3e0 stehen.\x00 東京\n\nΤέλος."
    document = Document(
        "ordner/täst.pdf", "Ein \"Titel\"", text, "https://example.org/ä", "ab" * 32, (0, 20), (Section(0, "A > B"),),
        {"author": "Ö"}, blocks=(BlockSpan(0, 16, "heading"), BlockSpan(18, 27, "table", (18, 22))),
    )  # fmt: skip
    passage = Passage(
        document.id, document.title, document.source, 0, len(text), text, (Sentence(0, 16), Sentence(22, 28)), "A > B",
        (1, 2), document.blocks, "a | b",
    )  # fmt: skip
    embedding = Embedding(unit_vector("p"), np.stack([unit_vector("s"), unit_vector("t")]))
    ledger.replace(Entry(document, [passage], [embedding]))
    assert ledger.document(document.id, at=1) == document
    (stored,) = ledger.fetch([1], at=1)
    assert stored.passage == passage
    assert stored.passage.page == 1
    assert np.array_equal(stored.embedding.passage, embedding.passage)
    assert np.array_equal(stored.embedding.sentences, embedding.sentences)
    assert np.array_equal(ledger.vectors(np.array([1]), DIMENSION), embedding.passage[None])
    assert ledger.documents(at=1)[0].pages == 2
    assert ledger.documents(at=1)[0].characters == len(text)
    assert ledger.settings == SETTINGS


def test_a_file_of_an_earlier_version_has_no_blocks_until_it_is_written(ledger: Ledger) -> None:
    ledger.replace(MILLS)
    for table in ("blocks", "passage_blocks"):
        ledger.connection.execute(f"DROP TABLE {table}")
    assert ledger.document("mills.txt", at=1).blocks == ()
    assert [stored.passage.blocks for stored in ledger.fetch([1, 2], at=1)] == [(), ()]
    assert [text.header for text in ledger.texts(0, at=1)] == ["", ""]
    ledger.close()
    with closing(Ledger.open(ledger.folder)) as again:
        again.replace(MILLS)
        assert again.document("mills.txt", at=2) == MILLS.document
        assert [stored.passage for stored in again.fetch([3, 4], at=2)] == list(MILLS.passages)


def test_each_change_is_a_generation(ledger: Ledger) -> None:
    ledger.replace(MILLS)
    ledger.replace(BRIDGES)
    ledger.replace(BRIDGES_AGAIN)
    ledger.remove("mills.txt")
    assert ledger.state() == Generations(generation=4, published=0, pruned=0)
    shown = [[info.id for info in ledger.documents(at)] for at in range(5)]
    both = ["a/bridges.txt", "mills.txt"]
    assert shown == [[], ["mills.txt"], both, both, ["a/bridges.txt"]]
    assert ledger.document("a/bridges.txt", at=2) == BRIDGES.document
    assert ledger.document("a/bridges.txt", at=3) == BRIDGES_AGAIN.document
    assert [ledger.rows(at).tolist() for at in range(5)] == [[], [1, 2], [1, 2, 3, 4], [1, 2, 5], [5]]
    assert [passage.row for passage in ledger.texts(since=2, at=4)] == [5]
    assert [ledger.changed(since) for since in (0, 2, 3, 4)] == [{1: 2, 2: 2, 3: 1}, {1: 2, 2: 2, 3: 1}, {1: 2}, {}]
    assert (ledger.count(at=2), ledger.count(at=4), ledger.count(at=4, since=3)) == (4, 1, 0)


def test_publishing_drops_what_is_gone_and_its_vectors(ledger: Ledger) -> None:
    ledger.replace(MILLS)
    ledger.replace(BRIDGES)
    ledger.replace(make_entry("copy.txt", [BRIDGES.passages[0].text]))
    assert sizes(ledger) == (3, 3, 3, 5, 5, 4)  # the copy shares the vectors of what it copied
    ledger.remove("a/bridges.txt")
    ledger.remove("mills.txt")
    assert sizes(ledger) == (3, 3, 3, 5, 5, 4)
    ledger.publish(4)  # the removal of the mills is generation 5
    assert sizes(ledger) == (2, 2, 2, 3, 3, 3)
    assert ledger.state() == Generations(5, 4, 4)
    ledger.publish(5)
    assert sizes(ledger) == (1, 1, 1, 1, 1, 1)
    assert ledger.embedded([embedding_key(p) for p in BRIDGES.passages])[1] is None
    assert ledger.embedded([embedding_key(BRIDGES.passages[0])])[0] is not None


def test_numbers_are_never_given_twice(ledger: Ledger) -> None:
    ledger.replace(MILLS)
    ledger.remove("mills.txt")
    ledger.publish(2)
    assert sizes(ledger) == (0, 0, 0, 0, 0, 0)
    ledger.replace(MILLS)
    assert ledger.rows(at=3).tolist() == [3, 4]


def test_a_moved_document_keeps_its_vectors(ledger: Ledger) -> None:
    ledger.replace(MILLS)
    moved = make_entry("moved/mills.txt", [p.text for p in MILLS.passages])
    ledger.remove("mills.txt")
    kept = ledger.embedded([embedding_key(passage) for passage in moved.passages])
    assert all(embedding is not None for embedding in kept)
    ledger.replace(moved._replace(embeddings=[embedding for embedding in kept if embedding is not None]))
    ledger.publish(3)
    assert sizes(ledger) == (1, 1, 1, 2, 2, 2)


def test_a_change_that_fails_leaves_no_trace(ledger: Ledger) -> None:
    ledger.replace(MILLS)
    before = sizes(ledger)
    with pytest.raises(DocumentError, match="half a character"):
        ledger.replace(make_entry("half.txt", ["Whole.", "A \ud800 half."])._replace(embeddings=BRIDGES.embeddings))
    with pytest.raises(ValueError, match="shorter"):
        ledger.replace(MILLS._replace(embeddings=MILLS.embeddings[:1]))
    with pytest.raises(DocumentNotFound, match=r'no document "x\.txt".*rag documents list'):
        ledger.remove("x.txt")
    with pytest.raises(DocumentNotFound):
        ledger.touch("x.txt", Stamp(1, 1))
    assert sizes(ledger) == before
    assert ledger.state() == Generations(1, 0, 0)
    assert ledger.document("mills.txt", at=1) == MILLS.document


def test_a_reader_in_a_transaction_keeps_what_is_pruned(ledger: Ledger) -> None:
    ledger.replace(MILLS)
    ledger.publish(1)
    reader = Catalogue.open(ledger.folder)
    reader.begin()
    assert reader.state().published == 1
    ledger.remove("mills.txt")
    ledger.publish(2)
    assert reader.document("mills.txt", at=1) == MILLS.document
    assert [stored.passage for stored in reader.fetch([2, 1], at=1)] == MILLS.passages[::-1]
    reader.end()
    with pytest.raises(DocumentNotFound):
        reader.document("mills.txt", at=2)
    with pytest.raises(RagError, match=r"no passage 1 at generation 2.*rag verify --repair"):
        reader.fetch([1], at=2)


def test_a_full_disk_is_one_clear_line(ledger: Ledger) -> None:
    (pages,) = ledger.connection.execute("PRAGMA page_count").fetchone()
    ledger.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    long = make_entry("long.txt", [f"Paragraph {n}." for n in range(500)])
    with pytest.raises(RagError, match="^no space left on the disk of .*: free some"), plain_errors(ledger.folder):
        ledger.replace(long)
    assert ledger.state().generation == 0
    assert sizes(ledger) == (0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left on the disk of"),
        (OSError(errno.EROFS, "Read-only file system"), r"cannot be opened or written \(Read-only file system\)"),
        (PermissionError(errno.EACCES, "Permission denied"), r"cannot be opened or written \(Permission denied\)"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x"), "No such file"),
        (sqlite3.OperationalError("strange"), "strange"),
    ],
)
def test_foreign_errors_become_one_line(tmp_path: Path, error: Exception, line: str) -> None:
    with pytest.raises(RagError, match=line) as caught, plain_errors(tmp_path):
        raise error
    assert "\n" not in str(caught.value)
    assert str(tmp_path.name) in str(caught.value)


def test_another_format_is_refused(ledger: Ledger) -> None:
    ledger.connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    with pytest.raises(IndexMismatch, match="has format 99 and this version reads format 1: remove the folder"):
        Catalogue.open(ledger.folder)


def test_a_half_made_catalogue_is_made_again(tmp_path: Path) -> None:
    (tmp_path / f"{schema.CATALOGUE_FILE}.new").write_bytes(b"half")
    (tmp_path / f"{schema.CATALOGUE_FILE}.new-journal").write_bytes(b"half")
    schema.create_catalogue(tmp_path, SETTINGS)
    assert Catalogue.open(tmp_path).settings == SETTINGS
    assert sorted(path.name for path in tmp_path.glob("*.new*")) == []


def test_aside_takes_the_first_free_number(tmp_path: Path) -> None:
    for content in ("one", "two"):
        (tmp_path / "dense.faiss").write_text(content)
        set_aside(tmp_path / "dense.faiss")
    assert (tmp_path / "dense.faiss.damaged-1").read_text() == "one"
    assert (tmp_path / "dense.faiss.damaged-2").read_text() == "two"
    assert set_aside(tmp_path / "dense.faiss") is None


def passage(start: int, end: int, text: str, *spans: tuple[int, int], pages: tuple[int, ...] = ()) -> Passage:
    return Passage("d", "T", "s", start, end, text, tuple(Sentence(*span) for span in spans), None, pages)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (passage(2, 4, "cd", (2, 3), (3, 4)), None),
        (passage(2, 4, "cd"), None),
        (passage(2, 4, "ce", (2, 4)), "its text is not what the document has in its place"),
        (passage(4, 7, "efg", (4, 7)), "it lies outside the text of 6 characters"),
        (passage(3, 3, ""), "it lies outside the text of 6 characters"),
        (passage(2, 4, "cd", (3, 4), (2, 3)), "its sentences are not in order inside it"),
        (passage(2, 4, "cd", (1, 4)), "its sentences are not in order inside it"),
        (passage(2, 4, "cd", (2, 5)), "its sentences are not in order inside it"),
        (passage(2, 4, "cd", (2, 4), pages=(1, 1)), "it has 1 sentences and page numbers for 2"),
    ],
)
def test_passages_are_held_to_their_document(wrong: Passage, fault: str | None) -> None:
    assert passage_faults("abcdef", wrong) == ([fault] if fault else [])


def test_vectors_are_held_to_shape_and_length() -> None:
    good = Embedding(unit_vector("p"), unit_vector("s")[None])
    one = passage(0, 1, "a", (0, 1))
    assert embedding_faults(one, good, DIMENSION) == []
    assert embedding_faults(passage(0, 1, "a"), Embedding(good.passage, good.sentences[:0]), DIMENSION) == []
    assert embedding_faults(one, Embedding(good.passage, good.sentences * 1.01), DIMENSION) == [
        "its vectors are not of unit length"
    ]
    assert embedding_faults(one, good, 8) == ["its vectors have shapes (16,) and (1, 16), not (8,) and (1, 8)"]


def test_the_key_is_of_text_and_relative_boundaries() -> None:
    here = passage(10, 14, "abcd", (10, 12), (12, 14))
    assert embedding_key(here) == embedding_key(passage(50, 54, "abcd", (50, 52), (52, 54)))
    assert embedding_key(here) != embedding_key(passage(10, 14, "abcd", (10, 11), (11, 14)))
    assert embedding_key(here) != embedding_key(passage(10, 14, "abce", (10, 12), (12, 14)))
    assert len(embedding_key(here)) == 32


PARTLY = MILLS._replace(document=replace(MILLS.document, notes=("1 comment",), hidden=True))


LINKED = MILLS._replace(document=replace(MILLS.document, links=(LinkSpan(0, 3, "https://mill.example/é"),)))


def test_links_go_with_the_versions_that_have_some(ledger: Ledger) -> None:
    ledger.replace(LINKED)
    ledger.replace(BRIDGES)
    assert ledger.document("mills.txt", at=2) == LINKED.document
    assert ledger.document(BRIDGES.document.id, at=2) == BRIDGES.document
    ledger.remove("mills.txt")
    ledger.publish(3)
    assert ledger.connection.execute("SELECT * FROM links").fetchall() == []


def test_a_catalogue_of_an_earlier_version_has_no_links_until_it_is_written_to(ledger: Ledger) -> None:
    ledger.replace(LINKED)
    ledger.connection.execute("DROP TABLE links")
    ledger.close()
    catalogue = Catalogue.open(ledger.folder)
    assert (catalogue.document("mills.txt", at=1), orphans(catalogue.connection)) == (MILLS.document, [])
    catalogue.close()
    again = Ledger.open(ledger.folder)
    again.replace(LINKED)
    assert again.document("mills.txt", at=2) == LINKED.document
    again.close()


def test_rows_of_no_document_are_seen_in_every_table(ledger: Ledger) -> None:
    ledger.replace(LINKED)
    assert orphans(ledger.connection) == []
    ledger.connection.execute("INSERT INTO readers VALUES (7, 2)")
    ledger.connection.execute("INSERT INTO receipts VALUES (7, '[]', NULL), (8, '[]', NULL)")
    ledger.connection.execute("INSERT INTO links VALUES (9, '[]')")
    assert orphans(ledger.connection) == [
        "1 versions of readers of no document",
        "2 receipts of no document",
        "1 lists of links of no document",
    ]


def receipts(ledger: Ledger) -> list[tuple[object, ...]]:
    return ledger.connection.execute("SELECT * FROM receipts").fetchall()


def test_receipts_go_with_the_versions_that_have_one(ledger: Ledger) -> None:
    ledger.replace(PARTLY)
    ledger.replace(BRIDGES)
    assert receipts(ledger) == [(1, '["1 comment"]', 1)]
    ledger.remove("mills.txt")
    ledger.publish(3)
    assert receipts(ledger) == []


def test_a_catalogue_of_an_earlier_version_has_no_receipts_until_it_is_written_to(ledger: Ledger) -> None:
    ledger.replace(PARTLY)
    ledger.connection.execute("DROP TABLE receipts")
    ledger.close()
    catalogue = Catalogue.open(ledger.folder)
    assert catalogue.document("mills.txt", at=1) == MILLS.document
    assert (catalogue.documents(at=1)[0].notes, catalogue.files()["mills.txt"].hidden) == ((), None)
    assert catalogue.notes(["mills.txt"], at=1) == {}
    catalogue.close()
    again = Ledger.open(ledger.folder)
    again.replace(PARTLY)
    assert again.document("mills.txt", at=2) == PARTLY.document
    again.close()
