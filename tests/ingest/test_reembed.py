"""Another embedder or chunker for an index: all at once at the end, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.background import Run
from rag.errors import IndexMismatch
from rag.index import staging
from rag.index.local import LocalIndex
from rag.ingest.reembed import reembed
from rag.ingest.run import Summary, sync
from rag.settings import Settings, load_settings
from rag.stores.open import open_index
from rag.types import Embedding, Entry, LinkSpan, Passage, Vectors
from tests.fakes import HashEmbedder
from tests.index.contract import fast_folder

DOCUMENTS = 40


class OtherEmbedder(HashEmbedder):
    """Vectors of twice the length, the second half a mirror of the first."""

    fingerprint = "hash-2"
    dimension = 32

    def embed_query(self, text: str) -> Vectors:
        vector = super().embed_query(text)
        return np.asarray(np.concatenate([vector, vector[::-1]]) / np.sqrt(2), np.float32)


class Turned(HashEmbedder):
    """Vectors of the same length, and others."""

    fingerprint = "hash-3"

    def embed_query(self, text: str) -> Vectors:
        return np.ascontiguousarray(-super().embed_query(text))


@pytest.fixture
def settings() -> Iterator[Settings]:
    with fast_folder() as folder:
        made = load_settings(indexes_dir=folder / "indexes", index="t", passage_tokens=40)
        library = folder / "library"
        library.mkdir()
        for number in range(DOCUMENTS):
            text = " ".join(f"Entry {number} has line {line} by clerk {number * 7 + line}." for line in range(12))
            (library / f"{number}.txt").write_text(text)
        with opened(made, HashEmbedder(), create=True) as index:
            sync([library], index, HashEmbedder(), made)
            assert index.verify() == []
        yield made


def opened(settings: Settings, embedder: HashEmbedder, write: bool = False, create: bool = False) -> LocalIndex:
    index = open_index(settings, embedder, write=write, create=create)
    assert isinstance(index, LocalIndex)
    return index


def migrate(settings: Settings, embedder: HashEmbedder, stop_after: int | None = None) -> Summary:
    calls: list[int] = []
    with LocalIndex.open(settings.indexes_dir, "t", write=True) as index:
        watched = Run(lambda done, total, name: calls.append(done), lambda: len(calls) == stop_after)
        return reembed(index, embedder, settings, watched)


def check(settings: Settings, embedder: HashEmbedder) -> None:
    """The index is whole and every passage is found by the vector that this embedder makes of it."""
    with opened(settings, embedder) as index:
        assert index.verify() == []
        assert len(index.documents()) == DOCUMENTS
        with index.snapshot() as snapshot:
            assert len(snapshot.lexical("clerk", 1000)) == sum(info.passages for info in snapshot.documents())
            for number in (0, 7, DOCUMENTS - 1):
                passage = snapshot.fetch([snapshot.lexical(f"{number}", 1)[0].row])[0].passage
                (hit,) = snapshot.dense(embedder.embed_query(passage.text), 1)
                assert hit.score == pytest.approx(1.0, abs=1e-5)
                assert snapshot.fetch([hit.row])[0].passage.text == passage.text
    assert not (settings.indexes_dir / "t" / staging.FOLDER).exists()
    assert not list((settings.indexes_dir / "t").glob("*damaged*"))


@pytest.mark.parametrize("embedder", [OtherEmbedder(), Turned()], ids=["other length", "same length"])
def test_another_embedder(settings: Settings, embedder: HashEmbedder) -> None:
    with pytest.raises(IndexMismatch, match="rag index --reembed --index t"):
        opened(settings, embedder)
    summary = migrate(settings, embedder)
    assert (len(summary.added), summary.left) == (DOCUMENTS, 0)
    check(settings, embedder)
    with opened(settings, embedder, create=True) as index:
        again = sync([settings.indexes_dir.parent / "library"], index, embedder, settings)
        assert len(again.unchanged) == DOCUMENTS


def test_another_chunker_keeps_the_vectors_of_passages_that_stay(settings: Settings) -> None:
    finer = settings.model_copy(update={"passage_tokens": 20})
    summary = migrate(finer, HashEmbedder())
    assert summary.passages > 2 * DOCUMENTS
    check(finer, HashEmbedder())
    assert migrate(finer, embedder := HashEmbedder()).left == 0  # what is so already is not embedded again
    assert embedder.embedded == 0
    check(finer, HashEmbedder())


def test_readers_go_on_until_the_end_and_are_then_told(settings: Settings) -> None:
    with opened(settings, HashEmbedder()) as reader:
        assert migrate(settings, Turned(), stop_after=3).left == DOCUMENTS - 3
        with reader.snapshot() as before:
            assert migrate(settings, Turned()).left == 0
            assert len(before.fetch([hit.row for hit in before.dense(HashEmbedder().embed_query("clerk"), 9)])) == 9
        with pytest.raises(IndexMismatch, match="was embedded anew, with hash-3"):
            reader.snapshot()
        assert len(reader.documents()) == DOCUMENTS
    check(settings, Turned())


def test_a_stopped_one_goes_on_and_sees_what_changed_meanwhile(settings: Settings) -> None:
    migrate(settings, OtherEmbedder(), stop_after=10)
    library = settings.indexes_dir.parent / "library"
    (library / "0.txt").write_text("Entry 0 was written by clerk 0 again.")
    (library / "1.txt").rename(library / "1000.txt")
    with opened(settings, HashEmbedder(), create=True) as index:
        sync([library], index, HashEmbedder(), settings)
    embedder = OtherEmbedder()
    summary = migrate(settings, embedder)
    assert len(summary.unchanged) == 8
    assert len(summary.added) + len(summary.replaced) == DOCUMENTS - 8
    check(settings, OtherEmbedder())
    migrate(settings, Turned(), stop_after=5)
    migrate(settings, HashEmbedder())  # a third one: what was begun for another is dropped
    check(settings, HashEmbedder())


def test_a_document_that_fails_leaves_the_index_as_it_was(settings: Settings) -> None:
    class Wrong(Turned):
        def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
            return [Embedding(2 * vector, sentences) for vector, sentences in super().embed_passages(passages)]

    from rag.errors import DocumentError

    with pytest.raises(DocumentError, match="not of unit length; the index is as it was"):
        migrate(settings, Wrong())
    with opened(settings, HashEmbedder()) as index:
        assert index.verify() == []


KILLED = """
import sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from tests.ingest.test_reembed import OtherEmbedder, HashEmbedder, migrate
from rag.settings import load_settings
from rag.stores.open import open_index
settings = load_settings(indexes_dir=Path({folder!r}), index="t", passage_tokens=40)
print("ready", flush=True)
while True:
    migrate(settings, OtherEmbedder())
    migrate(settings, HashEmbedder())
"""


def test_killed_at_any_moment_it_is_the_old_index_or_the_new(settings: Settings) -> None:
    script = KILLED.format(root=str(Path(__file__).parent.parent.parent), folder=str(settings.indexes_dir))
    seen = set()
    for turn in range(5):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1 * turn)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        with LocalIndex.open(settings.indexes_dir, "t") as index:
            embedder = OtherEmbedder() if index.settings.embedder == "hash-2" else HashEmbedder()
        seen.add(embedder.fingerprint)
        with opened(settings, embedder, write=turn % 2 == 0) as index:
            assert index.repair() == []
            with index.snapshot() as snapshot:
                assert len(snapshot.documents()) == DOCUMENTS
                assert len(snapshot.dense(embedder.embed_query("clerk"), 1000)) == len(snapshot.lexical("clerk", 1000))
    assert migrate(settings, Turned()).left == 0
    check(settings, Turned())


def test_receipts_are_carried_over(settings: Settings) -> None:
    with opened(settings, HashEmbedder(), create=True) as index:
        stored = index.stored("library/7.txt")
        partly = replace(
            stored.document, notes=("1 comment",), hidden=True, links=(LinkSpan(0, 3, "https://x.example"),)
        )
        passages = [each.passage for each in stored.passages]
        index.replace(Entry(partly, passages, [each.embedding for each in stored.passages]))
        index.publish()
    migrate(settings, Turned())
    with opened(settings, Turned()) as index:
        assert index.document("library/7.txt") == partly
        assert [info.id for info in index.documents() if info.notes] == ["library/7.txt"]
