"""`LocalIndex` against a plain dictionary, numpy and BM25 as it is defined, under changes that Hypothesis thinks up."""

from __future__ import annotations

import math
import shutil
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rag.index.folders import Expected
from rag.index.local import LocalIndex
from rag.seams import Snapshot
from rag.types import Entry
from tests.index.contract import DIMENSION, bm25, fast_folder, make_entry, passage_terms, unit_vector

WORDS = ["corn", "mill", "river", "stone", "wind", "wheel", "miller", "bread", "東京都", "1,500"]
IDS = ["a.txt", "b.txt", "dir/c.txt", "d.txt"]
paragraphs = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join), max_size=4)


class IndexMachine(RuleBasedStateMachine):
    """`committed` and `published` are what the index should hold."""

    @initialize()
    def start(self) -> None:
        self.temporary = fast_folder()
        self.folder = self.temporary.__enter__()
        self.committed: dict[str, Entry] = {}
        self.published: dict[str, Entry] = {}
        self.index = self.open(write=True)

    def open(self, write: bool) -> LocalIndex:
        return LocalIndex.open(self.folder, "x", Expected("e", DIMENSION, "c"), write=write, create=write)

    @rule(document_id=st.sampled_from(IDS), paragraphs=paragraphs, section=st.none() | st.sampled_from(WORDS))
    def replace(self, document_id: str, paragraphs: list[str], section: str | None) -> None:
        entry = make_entry(document_id, paragraphs, section)
        self.index.replace(entry)
        self.committed[document_id] = entry

    @precondition(lambda self: self.committed)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        document_id = data.draw(st.sampled_from(sorted(self.committed)))
        self.index.remove(document_id)
        del self.committed[document_id]

    @rule()
    def publish(self) -> None:
        self.index.publish()
        self._is_published()

    @rule()
    def reopen(self) -> None:
        """What was committed and not published is published by the next writer."""
        self.index.close()
        self.index = self.open(write=True)
        self._is_published()

    @rule()
    def killed(self) -> None:
        """Nothing is saved or closed; a reader comes first and sets things right."""
        assert self.index._writer is not None
        self.index._writer.abandon()
        self._is_published()
        with self.open(write=False) as reader, reader.snapshot() as snapshot:
            self._check(snapshot)
        self.index = self.open(write=True)

    @rule(name=st.sampled_from(["dense.faiss", "dense.json", "lexical"]))
    def lose(self, name: str) -> None:
        """A derived file is deleted, and the index opened again."""
        self.index.close()
        self._is_published()
        path = self.folder / "x" / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        self.index = self.open(write=True)

    @invariant()
    def readers_see_what_is_published(self) -> None:
        if hasattr(self, "index"):
            with self.index.snapshot() as snapshot:
                self._check(snapshot)

    def teardown(self) -> None:
        if hasattr(self, "index"):
            try:
                self.index.publish()
                assert self.index.verify() == []
            finally:
                self.index.close()
                self.temporary.__exit__(None, None, None)

    def _is_published(self) -> None:
        self.published = dict(self.committed)

    def _check(self, snapshot: Snapshot) -> None:
        assert [info.id for info in snapshot.documents()] == sorted(self.published)
        for document_id, entry in self.published.items():
            assert snapshot.document(document_id) == entry.document
        self._check_dense(snapshot)
        self._check_lexical(snapshot)

    def _check_dense(self, snapshot: Snapshot) -> None:
        query = unit_vector("a query")
        expected = {
            passage.id: (passage, float(embedding.passage @ query), embedding.sentences)
            for entry in self.published.values()
            for passage, embedding in zip(entry.passages, entry.embeddings, strict=True)
        }
        hits = snapshot.dense(query, 1000)
        stored = snapshot.fetch([hit.row for hit in hits])
        assert len(hits) == len(expected)
        assert [hit.score for hit in hits] == pytest.approx(
            sorted((score for _, score, _ in expected.values()), reverse=True), abs=1e-5
        )
        for hit, found in zip(hits, stored, strict=True):
            passage, score, sentences = expected[found.passage.id]
            assert found.passage == passage
            assert hit.score == pytest.approx(score, abs=1e-5)
            assert np.array_equal(found.embedding.sentences, sentences)

    def _check_lexical(self, snapshot: Snapshot) -> None:
        query = "corn river 1500 of 京都"
        passages = [passage for entry in self.published.values() for passage in entry.passages]
        expected = bm25(query, passages)
        hits = snapshot.lexical(query, 1000)
        found = [stored.passage.id for stored in snapshot.fetch([hit.row for hit in hits])]
        assert sorted(found) == sorted(expected)
        assert [hit.score for hit in hits] == pytest.approx([expected[passage_id] for passage_id in found], rel=1e-4)
        containing = Counter(term for passage in passages for term in set(passage_terms(passage)))
        assert snapshot.term_weights(["corn", "nowhere"]) == {
            term: pytest.approx(math.log(1 + (len(passages) - containing[term] + 0.5) / (containing[term] + 0.5)))
            for term in ("corn", "nowhere")
        }


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
