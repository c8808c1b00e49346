"""What every `Index` must do, whatever holds it: subclass `IndexContract` and say how to open an empty one.

Also the small documents that the index tests use. Vectors are made from the text by a seeded generator, so equal texts
have equal vectors and different ones are nearly orthogonal; no model is needed.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import DocumentNotFound, InputError
from rag.index.filters import matching
from rag.seams import Index, Snapshot, WritableIndex
from rag.text.terms import query_terms, terms
from rag.types import (
    BlockSpan,
    Document,
    DocumentInfo,
    Embedding,
    Entry,
    Failed,
    Filters,
    Origin,
    Passage,
    Scored,
    Section,
    Sentence,
    Stamp,
    Vectors,
)

DIMENSION = 16


def unit_vector(text: str, dimension: int = DIMENSION) -> Vectors:
    """The vector that stands for a text, here and in a query."""
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8])
    vector = np.random.default_rng(seed).standard_normal(dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def embed(passage: Passage, document: Document) -> Embedding:
    sentences = [unit_vector(document.text[s.start : s.end]) for s in passage.sentences]
    return Embedding(unit_vector(passage.text), np.array(sentences, dtype=np.float32).reshape(-1, DIMENSION))


def make_entry(document_id: str, paragraphs: Sequence[str], section: str | None = None) -> Entry:
    """A document with one passage for each paragraph and one sentence for each part that ends in ". "."""
    text = "\n\n".join(paragraphs)
    document = Document(
        id=document_id,
        title=f"Title of {document_id}",
        text=text,
        source=f"/files/{document_id}",
        sha256=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
        sections=(Section(0, section),) if section else (),
        blocks=tuple(_blocks(paragraphs)),
        metadata={"author": "Ann"},
    )
    passages, start = [], 0
    for paragraph in paragraphs:
        spans, at = [], start
        for part in paragraph.split(". "):
            end = min(at + len(part) + 1, start + len(paragraph))
            spans.append(Sentence(at, end))
            at = end + 1
        end = start + len(paragraph)
        passages.append(
            Passage(
                document_id, document.title, document.source, start, end, paragraph, tuple(spans), section,
                blocks=tuple(block for block in document.blocks if block.start == start),
            )
        )  # fmt: skip
        start = end + 2
    return Entry(document, passages, [embed(passage, document) for passage in passages])


def _blocks(paragraphs: Sequence[str]) -> Iterator[BlockSpan]:
    start = 0
    for paragraph in paragraphs:
        yield BlockSpan(start, start + len(paragraph), "prose")
        start += len(paragraph) + 2


MILLS = make_entry(
    "mills.txt", ["Mills grind corn. They stand by rivers.", "A windmill needs wind. It has sails."], "Mills > Kinds"
)
BRIDGES = make_entry("a/bridges.txt", ["Bridges cross rivers. Some are long.", "Stone bridges last longest."])
BRIDGES_AGAIN = make_entry("a/bridges.txt", ["Bridges cross valleys too."])


def passage_terms(passage: Passage) -> list[str]:
    return terms(f"{passage.section or ''} {passage.text}")


def bm25(query: str, passages: list[Passage]) -> dict[str, float]:
    """By passage id, where above 0: sum of idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean length)).

    Tantivy keeps lengths up to 40 terms exactly, and no passage here is longer.
    """
    k1, b = 1.2, 0.75
    analysed = {passage.id: Counter(passage_terms(passage)) for passage in passages}
    total = len(passages)
    mean = sum(counts.total() for counts in analysed.values()) / max(total, 1)
    scores: dict[str, float] = defaultdict(float)
    for term in set(query_terms(query)):
        holding = {passage_id: counts for passage_id, counts in analysed.items() if term in counts}
        idf = math.log(1 + (total - len(holding) + 0.5) / (len(holding) + 0.5))
        for passage_id, counts in holding.items():
            length = 1 - b + b * counts.total() / mean
            scores[passage_id] += idf * counts[term] * (k1 + 1) / (counts[term] + k1 * length)
    return dict(scores)


class IndexContract:
    """The tests. `open_empty` makes a new index for vectors of `DIMENSION`, open for writing."""

    def open_empty(self) -> WritableIndex:
        raise NotImplementedError

    @pytest.fixture
    def index(self) -> Iterator[WritableIndex]:
        index = self.open_empty()
        yield index
        index.close()

    def test_an_empty_index_finds_nothing(self, index: WritableIndex) -> None:
        with index.snapshot() as snapshot:
            assert snapshot.dense(unit_vector("x"), 5) == []
            assert snapshot.lexical("mills", 5) == []
            assert snapshot.fetch([]) == []
            assert snapshot.documents() == []

    def test_what_is_put_in_comes_back_whole(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        with index.snapshot() as snapshot:
            assert snapshot.document("mills.txt") == MILLS.document
            assert snapshot.document("a/bridges.txt") == BRIDGES.document
            assert [info.id for info in snapshot.documents()] == ["a/bridges.txt", "mills.txt"]
            assert [info.id for info in snapshot.listed(None, 1)] == ["a/bridges.txt"]
            assert [info.id for info in snapshot.listed("a/bridges.txt", 9)] == ["mills.txt"]
            assert [info.id for info in snapshot.listed("a/bridges.txt!", 9)] == ["mills.txt"]
            assert snapshot.listed("mills.txt", 9) == []
            assert [snapshot.info("mills.txt"), snapshot.info("a/bridges.txt")] == snapshot.documents()[::-1]
            assert snapshot.info("mills") is None
            info = snapshot.documents()[1]
            assert (info.passages, info.characters, info.pages) == (2, len(MILLS.document.text), None)
            assert (info.title, info.source, info.sha256) == ("Title of mills.txt", "/files/mills.txt",
                                                              MILLS.document.sha256)  # fmt: skip
            assert info.metadata == {"author": "Ann"}

    def test_files_that_are_elsewhere_now_move_with_what_is_in_them_and_nothing_beside_them(
        self, index: WritableIndex
    ) -> None:
        names = ["d/a.zip", "d/a.zip!/b.txt", "d/a.zip.txt", "d2/c.txt"]
        put(index, *(make_entry(name, [f"The text of {name}."]) for name in names))
        index.touch("d/a.zip", Stamp(1, 2, place="/files/d/a.zip"))
        index.remember("/files/d/bad.pdf", [Failed("/files/d/bad.pdf", "d/bad.pdf", "broken", "", Stamp(1, 2), "1")])
        index.move_files("/files/d/a.zip", "/files/e/a.zip")
        sources = {name: state.source for name, state in index.files().items()}
        assert sources == {name: f"/files/{name}" for name in names} | {
            "d/a.zip": "/files/e/a.zip",
            "d/a.zip!/b.txt": "/files/e/a.zip!/b.txt",
        }
        assert index.files()["d/a.zip"].stamp.place == "/files/e/a.zip"
        index.move_files("/files/d/", "/files/f/")
        sources |= {"d/a.zip.txt": "/files/f/a.zip.txt"}
        assert {name: state.source for name, state in index.files().items()} == sources
        assert [(failed.file, failed.document_id) for failed in index.failures()] == [("/files/f/bad.pdf", "d/bad.pdf")]

    def test_where_paths_led_is_noted(self, index: WritableIndex) -> None:
        index.note_root("/now", "/one")
        index.note_root("/now \udcff", "/none")
        index.note_root("/other", "/other")
        index.note_root("/now", "/two")
        assert index.roots() == {"/now": "/two", "/other": "/other"}

    def test_blocks_come_back_and_the_header_of_a_table_is_found(self, index: WritableIndex) -> None:
        text = "Sort | Weight\nrye | 4\n\noats | 5"
        blocks = (BlockSpan(0, 21, "table", (0, 13)), BlockSpan(23, 31, "table", (0, 13)))
        document = Document("t.csv", "T", text, "/t.csv", "0", blocks=blocks)
        first = Passage("t.csv", "T", "/t.csv", 0, 21, text[:21], (Sentence(14, 21),), blocks=blocks[:1])
        later = Passage(
            "t.csv", "T", "/t.csv", 23, 31, text[23:], (Sentence(23, 31),), blocks=blocks[1:], header="Sort | Weight"
        )
        put(index, Entry(document, [first, later], [embed(first, document), embed(later, document)]), MILLS)
        assert index.document("t.csv") == document
        assert [stored.passage for stored in index.stored("t.csv").passages] == [first, later]
        with index.snapshot() as snapshot:
            assert set(ids(snapshot, snapshot.lexical("weights", 5))) == {first.id, later.id}

    def test_dense_search_is_by_cosine_best_first(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        query = unit_vector("A question.")
        pairs = [pair for entry in (MILLS, BRIDGES) for pair in zip(entry.passages, entry.embeddings, strict=True)]
        every = [(passage.id, float(embedding.passage @ query)) for passage, embedding in pairs]
        expected = sorted(every, key=lambda pair: -pair[1])
        with index.snapshot() as snapshot:
            assert ids(snapshot, snapshot.dense(query, 3)) == [passage_id for passage_id, _ in expected[:3]]
            scores = [hit.score for hit in snapshot.dense(query, 10)]
            assert scores == pytest.approx([score for _, score in expected], abs=1e-5)
            best = snapshot.dense(unit_vector(MILLS.passages[1].text), 1)
            assert ids(snapshot, best) == [MILLS.passages[1].id]
            assert best[0].score == pytest.approx(1.0, abs=1e-5)

    def test_lexical_search_matches_stems_of_any_term(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        with index.snapshot() as snapshot:
            found = snapshot.lexical("Which rivers have a bridge?", 10)
            assert ids(snapshot, found)[0] == BRIDGES.passages[0].id  # both terms
            assert set(ids(snapshot, found)[1:]) == {MILLS.passages[0].id, BRIDGES.passages[1].id}
            assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
            assert min(hit.score for hit in found) > 0
            assert len(snapshot.lexical("rivers bridges", 2)) == 2
            assert snapshot.lexical("which of the", 10) == []
            assert snapshot.lexical("zeppelin", 10) == []

    def test_lexical_scores_are_bm25_by_what_is_published(self, index: WritableIndex) -> None:
        """Passages that were replaced or removed no longer count, neither as passages nor in the mean length."""
        rivers = make_entry("rivers.txt", ["Rivers of corn. " * 4 + "No river is as long as the river of mills."])
        put(index, MILLS, BRIDGES, rivers, make_entry("gone.txt", ["Gone is the river. " * 4 + "Gone is the mill."]))
        put(index, BRIDGES_AGAIN)
        index.remove("gone.txt")
        index.publish()
        with index.snapshot() as snapshot:
            for query in ("rivers", "Which mills of a river grind corn?", "bridges bridges across valleys", "kinds"):
                expected = bm25(query, [*MILLS.passages, *BRIDGES_AGAIN.passages, *rivers.passages])
                hits = snapshot.lexical(query, 10)
                found = dict(zip(ids(snapshot, hits), (hit.score for hit in hits), strict=True))
                assert found == pytest.approx(expected, rel=1e-4)

    def test_lexical_search_knows_the_heading(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        with index.snapshot() as snapshot:
            assert set(ids(snapshot, snapshot.lexical("kinds", 10))) == {p.id for p in MILLS.passages}

    def test_fetch_keeps_the_order_asked_for(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        with index.snapshot() as snapshot:
            rows = [hit.row for hit in snapshot.dense(unit_vector("any"), 4)]
            forth, back = snapshot.fetch(rows), snapshot.fetch(rows[::-1])
            assert [stored.row for stored in forth] == rows
            assert [stored.row for stored in back] == rows[::-1]
            by_id = {stored.passage.id: stored for stored in forth}
        for entry in (MILLS, BRIDGES):
            for passage, embedding in zip(entry.passages, entry.embeddings, strict=True):
                assert by_id[passage.id].passage == passage
                assert np.array_equal(by_id[passage.id].embedding.passage, embedding.passage)
                assert np.array_equal(by_id[passage.id].embedding.sentences, embedding.sentences)

    def test_term_weights_are_inverse_document_frequencies(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        river, mill, absent = terms("rivers mills zeppelin")
        with index.snapshot() as snapshot:
            weights = snapshot.term_weights([river, mill, absent, river])
        # 4 passages; "river" is in 2; "mill" in one, and as a heading above it and another; "zeppelin" in none
        assert weights == {
            river: pytest.approx(math.log(1 + (4 - 2 + 0.5) / (2 + 0.5)), abs=1e-6),
            mill: pytest.approx(math.log(1 + (4 - 2 + 0.5) / (2 + 0.5)), abs=1e-6),
            absent: pytest.approx(math.log(1 + (4 - 0 + 0.5) / (0 + 0.5)), abs=1e-6),
        }

    def test_terms_that_any_passage_holds_whatever_the_filters(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        river, mill, absent = terms("rivers mills zeppelin")
        for filters in (None, Filters(documents=("a/bridges.txt",))):
            with index.snapshot(filters) as snapshot:
                assert snapshot.held([river, mill, absent, river]) == {river, mill}
        index.remove("mills.txt")
        index.publish()
        with index.snapshot() as snapshot:
            assert snapshot.held([river, mill, absent]) == {river}

    def test_replacing_leaves_nothing_of_the_old(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        put(index, BRIDGES_AGAIN)
        with index.snapshot() as snapshot:
            assert snapshot.document("a/bridges.txt") == BRIDGES_AGAIN.document
            every = ids(snapshot, snapshot.dense(unit_vector("any"), 10))
            assert sorted(every) == sorted(p.id for p in [*MILLS.passages, *BRIDGES_AGAIN.passages])
            assert snapshot.lexical("stone", 10) == []
            assert ids(snapshot, snapshot.lexical("valleys", 10)) == [BRIDGES_AGAIN.passages[0].id]
            assert snapshot.term_weights(["stone"]) == {"stone": pytest.approx(math.log(1 + 3.5 / 0.5), abs=1e-6)}

    def test_removing_takes_a_document_out(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        index.remove("mills.txt")
        index.publish()
        with index.snapshot() as snapshot:
            assert [info.id for info in snapshot.documents()] == ["a/bridges.txt"]
            with pytest.raises(DocumentNotFound, match=r"mills\.txt"):
                snapshot.document("mills.txt")
            assert sorted(ids(snapshot, snapshot.dense(unit_vector("any"), 10))) == [p.id for p in BRIDGES.passages]
        with pytest.raises(DocumentNotFound, match=r"mills\.txt"):
            index.remove("mills.txt")

    def test_nothing_shows_before_it_is_published(self, index: WritableIndex) -> None:
        put(index, MILLS)
        first = published_state(index)
        index.replace(BRIDGES)
        index.remove("mills.txt")
        assert published_state(index) == first
        generation = index.publish()
        assert published_state(index) == (generation, {"a/bridges.txt"}, {p.id for p in BRIDGES.passages})
        assert generation > first[0]
        assert index.publish() == generation

    def test_a_snapshot_stays_as_it_was(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        with index.snapshot() as snapshot:
            rows = [hit.row for hit in snapshot.dense(unit_vector("any"), 10)]
            put(index, BRIDGES_AGAIN)
            index.remove("mills.txt")
            index.publish()
            assert [hit.row for hit in snapshot.dense(unit_vector("any"), 10)] == rows
            assert ids(snapshot, snapshot.lexical("stone", 5)) == [BRIDGES.passages[1].id]
            assert snapshot.document("mills.txt") == MILLS.document
            assert {stored.passage.id for stored in snapshot.fetch(rows)} == {
                p.id for p in [*MILLS.passages, *BRIDGES.passages]
            }

    def test_vectors_are_remembered_by_text_and_boundaries(self, index: WritableIndex) -> None:
        moved = make_entry("elsewhere/copy.txt", ["A new beginning.", *(p.text for p in MILLS.passages)])
        assert index.cached_embeddings(MILLS.passages) == [None, None]
        index.replace(MILLS)
        index.remove("mills.txt")
        found = index.cached_embeddings(moved.passages)
        assert found[0] is None
        for remembered, embedding in zip(found[1:], MILLS.embeddings, strict=True):
            assert remembered is not None
            assert np.array_equal(remembered.passage, embedding.passage)
            assert np.array_equal(remembered.sentences, embedding.sentences)
        whole = MILLS.passages[0]
        other_boundaries = Passage(*whole_fields(whole), (Sentence(whole.start, whole.end),))
        assert index.cached_embeddings([other_boundaries]) == [None]

    def test_filters_come_before_the_search(self, index: WritableIndex) -> None:
        many = [
            make_entry(f"a/{n}.txt", [f"A common word and number{n}.", f"More common words {n}."]) for n in range(30)
        ]
        put(index, *many, make_entry("b/x.md", ["Common things."]), make_entry("b/none.md", []))
        with index.snapshot() as snapshot:
            dense = snapshot.dense(unit_vector("any"), 1000)
            lexical = snapshot.lexical("common", 1000)
            document = {s.row: s.passage.document_id for s in snapshot.fetch([hit.row for hit in dense])}
            weights = snapshot.term_weights(["common"])
        for filters in (
            Filters(folders=("a",)), Filters(documents=("a/7.txt", "a/9.txt", "gone.txt")), Filters(types=("md",)),
            Filters(folders=("a",), types=("md",)), Filters(documents=("b/none.md",)),
            Filters(metadata=(("author", ("ann",)),)),
        ):  # fmt: skip
            with index.snapshot(filters) as snapshot:
                fits = set(matching(filters, index_documents(index)))
                assert {info.id for info in snapshot.documents()} == fits
                for k in (1, 5, 1000):  # the first k of those that fit, not those among the first k that fit
                    assert snapshot.dense(unit_vector("any"), k) == [h for h in dense if document[h.row] in fits][:k]
                    assert snapshot.lexical("common", k) == [h for h in lexical if document[h.row] in fits][:k]
                assert snapshot.term_weights(["common"]) == weights
        with (
            index.snapshot(Filters(metadata=(("colour", ("red",)),))) as snapshot,
            pytest.raises(InputError, match="'colour' is not known.*document, folder, type, after, before, author"),
        ):
            snapshot.dense(unit_vector("any"), 5)

    def test_the_version_of_the_reader_is_kept_with_a_document(self, index: WritableIndex) -> None:
        put(index, BRIDGES, MILLS._replace(document=replace(MILLS.document, reader=3)))
        assert {name: state.reader for name, state in index.files().items()} == {BRIDGES.document.id: 1, "mills.txt": 3}
        assert (index.document("mills.txt").reader, index.document(BRIDGES.document.id).reader) == (3, 1)
        put(index, MILLS)
        assert index.files()["mills.txt"].reader == 1

    def test_the_receipt_of_a_file_is_kept_with_its_document(self, index: WritableIndex) -> None:
        notes = ("2 comments", 'hidden sheet "Old"; rag index --include-hidden reads it')
        partly = MILLS._replace(document=replace(MILLS.document, notes=notes, hidden=False))
        put(index, partly, BRIDGES)
        assert index.document("mills.txt") == partly.document
        assert [(info.id, info.notes) for info in index.documents()] == [("a/bridges.txt", ()), ("mills.txt", notes)]
        assert {name: state.hidden for name, state in index.files().items()} == {
            "a/bridges.txt": None, "mills.txt": False,
        }  # fmt: skip
        with index.snapshot() as snapshot:
            assert snapshot.notes(["mills.txt", "a/bridges.txt", 'no "such" one']) == {"mills.txt": notes}
            assert snapshot.notes([]) == {}
        put(index, MILLS)
        with index.snapshot() as snapshot:
            assert snapshot.notes(["mills.txt"]) == {}
        assert index.files()["mills.txt"].hidden is None

    def test_the_origins_of_documents_are_those_of_the_generation(self, index: WritableIndex) -> None:
        dated = replace(MILLS.document, metadata={"author": "Ann", "created": "2024-03-05"})
        put(index, BRIDGES, MILLS._replace(document=dated, stamp=Stamp(120, 1_700_000_000_000_000_001)))
        wanted = [BRIDGES.document.id, "mills.txt", 'no "such".txt']
        origins = {
            BRIDGES.document.id: Origin(None, BRIDGES.document.source, Stamp(None, None)),
            "mills.txt": Origin("2024-03-05", "/files/mills.txt", Stamp(120, 1_700_000_000_000_000_001)),
        }
        with index.snapshot(Filters(documents=(BRIDGES.document.id,))) as snapshot:
            index.remove("mills.txt")
            index.publish()
            found = snapshot.origins(wanted)
            assert {name: origin._replace(version=0) for name, origin in found.items()} == origins
            assert snapshot.stored("mills.txt").document.metadata == dated.metadata
        with index.snapshot() as snapshot:
            assert set(snapshot.origins(wanted)) == {BRIDGES.document.id}
            assert snapshot.origins([]) == {}

    def test_failures_of_a_file_are_remembered_in_place_of_those_before(self, index: WritableIndex) -> None:
        stamp = Stamp(7, 3, 4, 5, "own", "/home/c_d%.zip", 6)
        inside = [
            Failed("/home/c_d%.zip", name, f'/home/{name}: it says "no"', "ab", stamp, "1 eng", empty)
            for name, empty in (("c.zip!/y.txt", True), ("c.zip!/x.pdf", False))
        ]
        other = Failed("/home/cxdx.zip", "b.zip", "half \ud800", "", Stamp(None, None), "")
        index.remember("/home/c_d%.zip", inside)
        index.remember("/home/b.pdf", [other._replace(file="/home/b.pdf", message="it says no")])
        assert index.failures() == [other._replace(file="/home/b.pdf", message="it says no"), inside[1], inside[0]]
        assert len(index.failures(2)) == 2
        index.remember("/home/c_d%.zip", inside[1:])
        index.remember("/home/b.pdf", [])
        assert index.failures() == inside[1:]
        index.remember("/home/cxdx.zip", [other])  # a store may not take it
        assert [failed for failed in index.failures() if failed.file == "/home/c_d%.zip"] == inside[1:]
        assert index.documents() == []

    def test_a_block_of_changes_is_made_whole_or_not_at_all(self, index: WritableIndex) -> None:
        put(index, MILLS, BRIDGES)
        before = published_state(index)
        new = make_entry("new.txt", ["Something new."])

        def changed(fails: bool) -> None:
            at = index.publish()
            with index.at_once():
                index.replace(BRIDGES_AGAIN)
                index.replace(new)
                index.remove("mills.txt")
                assert index.publish() == at
                if fails:
                    raise RuntimeError("of no matter")
                index.note_outcome("job_1", "it is done")

        for _ in range(2):
            with pytest.raises(RuntimeError, match="of no matter"):
                changed(fails=True)
            index.publish()
            assert published_state(index)[1:] == before[1:]
            assert (sorted(index.files()), index.outcome("job_1")) == (["a/bridges.txt", "mills.txt"], None)
        changed(fails=False)
        assert published_state(index)[1:] == before[1:]
        index.publish()
        assert [info.id for info in index.documents()] == ["a/bridges.txt", "new.txt"]
        assert index.document("a/bridges.txt") == BRIDGES_AGAIN.document
        index.note_outcome("job_1", "it is told again")
        assert (index.outcome("job_1"), index.outcome("job_2")) == ("it is told again", None)

    def test_a_document_may_have_no_passages(self, index: WritableIndex) -> None:
        put(index, make_entry("empty.txt", []), MILLS)
        with index.snapshot() as snapshot:
            assert {info.id: info.passages for info in snapshot.documents()} == {"empty.txt": 0, "mills.txt": 2}
            assert snapshot.document("empty.txt").text == ""


def index_documents(index: Index) -> list[DocumentInfo]:
    with index.snapshot() as snapshot:
        return snapshot.documents()


def put(index: WritableIndex, *entries: Entry) -> int:
    for entry in entries:
        index.replace(entry)
    return index.publish()


def ids(snapshot: Snapshot, hits: Sequence[Scored]) -> list[str]:
    return [stored.passage.id for stored in snapshot.fetch([hit.row for hit in hits])]


def published_state(index: Index) -> tuple[int, set[str], set[str]]:
    """Generation, documents and passages as a reader sees them."""
    with index.snapshot() as snapshot:
        passages = set(ids(snapshot, snapshot.dense(unit_vector("any"), 1000)))
        return snapshot.generation, {info.id for info in snapshot.documents()}, passages


def whole_fields(passage: Passage) -> tuple[str, str, str, int, int, str]:
    return passage.document_id, passage.title, passage.source, passage.start, passage.end, passage.text


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A temporary folder, in memory where there is such a place: on a disk every publish waits for it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)
