"""Tantivy's folder, brought from one state of a catalogue to another: by what changed, or afresh."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import pytest

from rag.errors import RagError
from rag.index import schema
from rag.index.catalogue import PassageText
from rag.index.folders import Expected
from rag.index.ledger import Ledger
from rag.index.lexical import search as lexical
from rag.index.lexical.search import NO_GENERATION, in_memory
from rag.index.lexical.writer import LexicalWriter
from rag.index.local import LocalIndex
from rag.types import MadeWith
from tests.index.contract import DIMENSION, fast_folder, make_entry

# more passages than are made anew at every removal
LARGE = make_entry("large.txt", [f"Common paragraph number{n}." for n in range(1200)])
OLD = make_entry("small.txt", ["An old word.", "An old and common word."])
NEW = make_entry("small.txt", ["A new word.", "A new and common word.", "And one more."])


class Breaking(Ledger):
    """Gives half of the texts and then fails."""

    def texts(self, since: int, at: int) -> Iterator[PassageText]:
        yield from list(super().texts(since, at))[:1]
        raise RagError("the disk fell out")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """The large document is generation 1, the old small one 2, the new small one 3."""
    with fast_folder() as folder:
        schema.create_catalogue(folder, MadeWith("e", DIMENSION, "c"))
        ledger = Ledger.open(folder)
        for entry in (LARGE, OLD):
            ledger.replace(entry)
        yield ledger


@pytest.fixture
def writer(ledger: Ledger) -> Iterator[LexicalWriter]:
    writer = LexicalWriter(ledger.folder)
    writer.bring_to(2, ledger)
    ledger.replace(NEW)
    yield writer
    writer.close()


def rows(ledger: Ledger, query: str) -> list[int]:
    return sorted(hit.row for hit in lexical.read_lexical(ledger.folder).search(query, 5000))


def told(ledger: Ledger) -> dict[str, object]:
    found: dict[str, object] = json.loads((ledger.folder / "lexical" / "manifest.json").read_text())
    return found


def test_changes_are_put_in_and_taken_out(ledger: Ledger, writer: LexicalWriter) -> None:
    assert rows(ledger, "old word") == [1201, 1202]
    writer.bring_to(3, ledger)
    assert (told(ledger)["generation"], told(ledger)["dead"]) == (3, 2)
    assert (rows(ledger, "old"), rows(ledger, "new word")) == ([], [1203, 1204])
    found = lexical.read_lexical(ledger.folder)
    assert (found.generation, found.passages, found.versions()[1205]) == (3, 1203, 3)
    # exact, though Tantivy still counts the two that are gone: 1201 of 1203, and 0 of 1203
    assert found.weights(["common", "old"]) == {
        "common": pytest.approx(math.log(1 + (1203 - 1201 + 0.5) / (1201 + 0.5)), rel=1e-5),
        "old": pytest.approx(math.log(1 + (1203 + 0.5) / 0.5)),
    }


def test_a_commit_that_no_manifest_tells_of_is_not_used_and_made_good(ledger: Ledger, writer: LexicalWriter) -> None:
    """As after a kill between Tantivy's commit and the manifest."""
    manifest = ledger.folder / "lexical" / "manifest.json"
    before = manifest.read_text()
    writer.bring_to(3, ledger)
    manifest.write_text(before)
    assert lexical.read_lexical(ledger.folder).generation == NO_GENERATION
    ledger.remove("small.txt")
    writer.bring_to(4, ledger)
    assert (rows(ledger, "word"), told(ledger)["dead"]) == ([], 5)
    ledger.replace(OLD)
    manifest_of_4 = manifest.read_text()
    writer.bring_to(5, ledger)
    manifest.write_text(manifest_of_4)
    writer.bring_to(5, ledger)  # the same additions a second time
    assert rows(ledger, "word") == [1206, 1207]
    assert lexical.read_lexical(ledger.folder).passages == 1202


def test_a_change_that_breaks_off_leaves_nothing_for_the_next(ledger: Ledger, writer: LexicalWriter) -> None:
    with pytest.raises(RagError, match="fell out"):
        writer.bring_to(3, Breaking(ledger.folder, ledger.connection))
    assert lexical.read_lexical(ledger.folder).generation == 2
    writer.bring_to(3, ledger)
    assert rows(ledger, "word") == [1203, 1204]
    assert lexical.read_lexical(ledger.folder).passages == 1203


@pytest.mark.parametrize("change", [{"analysis": "of another version"}, {"generation": 9}])
def test_what_cannot_be_continued_is_made_anew(
    ledger: Ledger, writer: LexicalWriter, change: dict[str, object]
) -> None:
    manifest = ledger.folder / "lexical" / "manifest.json"
    manifest.write_text(json.dumps({**told(ledger), **change}))
    assert lexical.read_lexical(ledger.folder).generation != 2
    writer.bring_to(3, ledger)
    assert (told(ledger)["generation"], told(ledger)["dead"]) == (3, 0)
    assert (rows(ledger, "word"), lexical.read_lexical(ledger.folder).passages) == ([1203, 1204], 1203)
    assert not list(ledger.folder.glob("*damaged*"))


def test_another_commit_at_the_same_generation_is_made_anew(ledger: Ledger, writer: LexicalWriter) -> None:
    import tantivy

    writer.close()
    index = tantivy.Index.open(str(ledger.folder / "lexical"))
    other = index.writer(15_000_000, 1)
    other.delete_documents_by_query(tantivy.Query.term_query(index.schema, "version", 1, "basic"))
    other.commit()
    other.wait_merging_threads()
    assert lexical.read_lexical(ledger.folder).generation == NO_GENERATION
    del other
    writer.bring_to(2, ledger)
    assert lexical.read_lexical(ledger.folder).passages == 1202


def test_every_commit_has_a_number_of_its_own(ledger: Ledger, writer: LexicalWriter) -> None:
    """Also those that leave nothing: else an old manifest could be taken to tell of the new commit."""
    ledger.remove("large.txt")
    ledger.remove("small.txt")
    numbers = [told(ledger)["opstamp"]]
    for at in (5, 4, 5, 2, 5):
        writer.bring_to(at, ledger)
        numbers.append(told(ledger)["opstamp"])
    assert len(set(numbers)) == 6, numbers


def test_what_was_pruned_cannot_be_continued_from(ledger: Ledger, writer: LexicalWriter) -> None:
    ledger.publish(3)  # the old version, which would have to be taken out, is gone
    writer.bring_to(3, ledger)
    assert (rows(ledger, "word"), told(ledger)["dead"]) == ([1203, 1204], 0)


def test_scores_forget_what_was_removed(ledger: Ledger, writer: LexicalWriter) -> None:
    """Many removals in a large index, any in a small one: then the counts are those of the definition again."""
    ledger.remove("large.txt")
    writer.bring_to(4, ledger)
    assert told(ledger)["dead"] == 0
    assert rows(ledger, "common") == [1204]
    searched = lexical.read_lexical(ledger.folder).search("common word", 5)
    assert searched == in_memory(ledger, 4).search("common word", 5)
    assert [hit.row for hit in searched] == [1204, 1203]


def test_the_index_in_memory_has_all_documents_from_the_first_to_the_last(ledger: Ledger) -> None:
    """The first was added by generation 1, the last by the generation that is asked for."""
    found = in_memory(ledger, 2)
    assert (found.generation, found.passages) == (2, 1202)
    assert found.versions() == {row: 1 if row <= 1200 else 2 for row in range(1, 1203)}
    first, last = found.search("number0", 5), found.search("old word", 5)
    assert ([hit.row for hit in first], sorted(hit.row for hit in last)) == ([1], [1201, 1202])
    LexicalWriter(ledger.folder).bring_to(2, ledger)
    kept = lexical.read_lexical(ledger.folder)
    assert (first, last) == (kept.search("number0", 5), kept.search("old word", 5))


def test_publishing_in_a_large_index_goes_by_what_changed() -> None:
    """And not over everything, as it would if the catalogue forgot the old version first."""
    with fast_folder() as folder, LocalIndex.open(folder, "x", Expected("e", DIMENSION, "c"), create=True) as index:
        index.replace(LARGE)
        index.replace(OLD)
        index.publish()
        index.replace(NEW)
        index.publish()
        assert json.loads((folder / "x" / "lexical" / "manifest.json").read_text())["dead"] == 2
        assert index.verify() == []


def test_a_publish_that_fails_loses_nothing() -> None:
    with fast_folder() as folder, LocalIndex.open(folder, "x", Expected("e", DIMENSION, "c"), create=True) as index:
        index.replace(OLD)
        index.publish()
        (folder / "x" / "lexical" / "meta.json").unlink()
        (folder / "x" / "lexical.new").write_text("in the way of a new start")
        index.replace(NEW)
        with pytest.raises(RagError, match=r'^index "x" in .*lexical\.new'):
            index.publish()
        assert index.document("small.txt") == OLD.document
        (folder / "x" / "lexical.new").unlink()
        assert index.publish() == 2
        assert index.document("small.txt") == NEW.document
        assert index.verify() == []
