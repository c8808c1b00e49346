"""A large index, quantised: the same contract and the same damage as a small one, with the limits lowered; and what a
`Quantised` finds, against comparing with all vectors."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tests.index.test_damage as damage
import tests.index.test_kill as kill
import tests.index.test_model as model
import tests.index.test_readers as readers
from rag.errors import RagError
from rag.index.damage import Damaged
from rag.index.dense import compaction, loading, manifest, quantised, training, vector_file
from rag.index.dense.exact import Dense
from rag.index.dense.quantised import Quantised, RowIds
from rag.seams import WritableIndex
from rag.types import Entry, Scored, Vectors
from tests.index.contract import (
    BRIDGES,
    BRIDGES_AGAIN,
    DIMENSION,
    IndexContract,
    fast_folder,
    make_entry,
    published_state,
    put,
    unit_vector,
)
from tests.index.test_local import EVERY, everything, folder_of_books, open_index


@pytest.fixture
def lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every index is large, and is compacted when a third of it and more than three rows changed."""
    lower(monkeypatch.setattr)


def lower(put_in_place: Callable[[object, str, object], None]) -> None:
    put_in_place(manifest, "LARGE", 1)
    put_in_place(manifest, "_SHARE_QUANTISED", 0.3)
    put_in_place(manifest, "_ROWS_QUANTISED", 3)
    put_in_place(manifest, "_ROWS", 3)
    put_in_place(training, "_CANDIDATES", (4, 20, 1000))
    put_in_place(quantised, "EXACT_SHARE", 0.5)
    put_in_place(training, "QUERIES", 16)


@pytest.fixture
def folder(lowered: None) -> Iterator[Path]:
    with folder_of_books() as folder:
        yield folder


@pytest.mark.usefixtures("lowered")
class TestContract(IndexContract):
    @pytest.fixture(autouse=True)
    def _place(self) -> Iterator[None]:
        with fast_folder() as folder:
            self.folder = folder
            yield

    def open_empty(self) -> WritableIndex:
        """With something that was there before, so that it is quantised from the beginning."""
        index = open_index(self.folder, create=True)
        put(index, make_entry("first.txt", [f"Paragraph {n}." for n in range(40)]))
        assert isinstance(loading.load_dense(self.folder / "books", DIMENSION), Quantised)
        index.remove("first.txt")
        index.publish()
        return index


class TestDamage(damage.TestDamage):
    """With the fixture `folder` of this module."""

    def test_repair_mends_what_looks_whole_and_is_not(self, folder: Path) -> None:
        file = folder / "books" / manifest.VECTORS
        content = bytearray(file.read_bytes())
        content[0] ^= 1
        file.write_bytes(content)
        with open_index(folder) as index:
            assert [str(problem.message) for problem in index.verify()] == [
                "dense.vectors is not the file that dense.json tells of"
            ]
            assert index.repair() == []
            assert index.verify() == []
            assert everything(index) == (EVERY, {p.id for p in BRIDGES.passages})
        assert (folder / "books" / "dense.vectors.damaged-1").read_bytes() == content

    @pytest.mark.parametrize("kind", ["cut short", "gone"])
    def test_exact_vectors_that_are_lost(self, folder: Path, kind: str) -> None:
        file = folder / "books" / manifest.VECTORS
        damage.cut_short(file) if kind == "cut short" else file.unlink()
        with open_index(folder) as index:
            assert {problem.part for problem in index.verify()} == {"dense"}
            assert everything(index) == (EVERY, {p.id for p in BRIDGES.passages})
            assert index.verify() == []

    def test_other_vectors_than_the_catalogue_are_named(self, folder: Path) -> None:
        place = folder / "books"
        saved = loading.load_dense(place, DIMENSION)
        assert isinstance(saved, Quantised)
        vectors = saved.base.vectors.read(np.arange(4))[::-1]
        compaction.save_quantised(saved.rows, iter([vectors]), DIMENSION, 2, place)
        with open_index(folder) as index:
            assert [problem.message for problem in index.verify()] == [
                f"dense.vectors has another vector than the catalogue for passage number {row}" for row in (1, 2, 3, 4)
            ]
            assert index.repair() == []
            assert index.verify() == []


class TestKind:
    def test_an_index_that_grows_is_quantised_and_one_that_shrinks_is_exact_again(
        self, lowered: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(manifest, "LARGE", 50)
        with fast_folder() as folder, open_index(folder, create=True) as index, open_index(folder) as reader:
            place = folder / "books"
            put(index, *many(0, 45))
            assert (kind(place), (place / "dense.vectors").exists()) == (Dense, False)
            assert "trained" not in json.loads((place / "dense.json").read_text())
            assert len(published_state(reader)[2]) == 45
            put(index, *many(45, 55))
            assert (kind(place), (place / "dense.vectors").stat().st_size) == (Quantised, 55 * DIMENSION * 4)
            assert len(published_state(reader)[2]) == 55
            told = manifest.dense_manifest(place)
            assert told.trained is not None
            assert (told.format, told.vectors, told.trained.trained_on, told.trained.lists) == (2, 55, 55, 3)
            assert told.trained.recall >= training.RECALL
            take_out(index, 0, 25)
            assert kind(place) is Quantised  # 30 are more than half of 50
            take_out(index, 25, 35)
            assert (kind(place), (place / "dense.vectors").exists()) == (Dense, False)
            assert len(published_state(reader)[2]) == 20
            assert index.verify() == []

    def test_few_changes_rewrite_nothing_and_more_keep_the_lists(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = folder / "books"
        with open_index(folder, write=True) as index:
            put(index, *many(0, 200))
            files = [(place / name).stat().st_ino for name in ("dense.faiss", "dense.vectors", "dense.json")]
            put(index, BRIDGES_AGAIN)
            index.remove("mills.txt")
            index.publish()
        told = manifest.dense_manifest(place)
        assert files == [(place / name).stat().st_ino for name in ("dense.faiss", "dense.vectors", "dense.json")]
        with open_index(folder) as index:
            assert len(published_state(index)[2]) == 201
            assert index.verify() == []
        with open_index(folder, write=True) as index:
            put(index, *many(200, 300))
        again = manifest.dense_manifest(place)
        assert (again.vectors, again.trained and again.trained.trained_on) == (301, told.vectors)
        with open_index(folder, write=True) as index:
            put(index, *many(300, 500))
            assert index.verify() == []
        assert (last := manifest.dense_manifest(place).trained) is not None
        assert last.trained_on == 501

    def test_a_generation_costs_what_changed(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A reader that has a generation never asks for all rows to have the next."""
        from rag.index.catalogue import Catalogue

        with open_index(folder, write=True) as index, open_index(folder) as reader:
            put(index, *many(0, 40))
            assert len(published_state(reader)[2]) == 44
            monkeypatch.setattr(manifest, "_SHARE_QUANTISED", 10)
            monkeypatch.setattr(Catalogue, "rows", None)
            put(index, *many(40, 45), BRIDGES_AGAIN)
            take_out(index, 3, 6)
            assert len(published_state(reader)[2]) == 45
            for number in range(7, 30):
                take_out(index, number, number + 1)
                put(index, *many(100 + number, 102 + number))
                assert len(published_state(reader)[2]) == len(published_state(index)[2])
            with open_index(folder) as fresh:
                assert published_state(fresh) == published_state(reader)

    def test_what_an_earlier_version_removed_is_found_by_comparing(self, folder: Path) -> None:
        with open_index(folder, write=True) as index, open_index(folder) as reader:
            assert published_state(reader)[2] == EVERY
            connection = index._writing().ledger.connection
            connection.execute("UPDATE removals_known SET until = until - 1")
            index.remove("mills.txt")
            index.publish()
            assert connection.execute("SELECT since, until FROM removals_known").fetchall() == [(2, 3)]
            connection.execute("DROP TABLE removals_known")
            assert published_state(reader)[2] == {p.id for p in BRIDGES.passages}


def many(first: int, end: int) -> list[Entry]:
    return [make_entry(f"{number}.txt", [f"Document number {number}."]) for number in range(first, end)]


def take_out(index: WritableIndex, first: int, end: int) -> None:
    for number in range(first, end):
        index.remove(f"{number}.txt")
    index.publish()


def kind(place: Path) -> type:
    return type(loading.load_dense(place, DIMENSION))


class LoweredMachine(model.IndexMachine):
    pass


TestModel = pytest.mark.usefixtures("lowered")(LoweredMachine.TestCase)
TestModel.settings = settings(
    max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_readers_in_threads_never_see_half_a_change(lowered: None) -> None:
    with fast_folder() as folder:
        readers.test_readers_in_threads_never_see_half_a_change(folder)


def test_a_killed_writer_loses_nothing(lowered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "EXACT_SHARE", 0.0)  # of a dozen rows, each is to be found
    lowering = "from tests.index.test_quantised import lower; lower(setattr)\nfor line"
    script = kill.HELPER.replace("for line", lowering).format(root=str(Path(__file__).parent.parent.parent))
    chance, reached = random.Random(20), []
    with fast_folder() as folder:
        log = folder / "log"
        log.write_text("")
        helper = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            for turn in range(8):
                kill.kill_after(helper, folder, log, chance.uniform(0, 2 * kill.LONGEST_S))
                lines = log.read_text().splitlines()
                if (folder / "k" / "catalogue.sqlite").exists():
                    kill.check(folder, lines, write=turn % 2 == 0)
                reached.append(len(lines))
        finally:
            helper.kill()
            helper.communicate()
    assert max(reached) > 20, f"the writer never got anywhere: {reached}"


class World:
    """A `Quantised` beside a plain dictionary of the vectors that it should hold."""

    def __init__(self, folder: Path, count: int, seed: int, alike: int = 1) -> None:
        """So many rows after another have the same vector."""
        self.random = np.random.default_rng(seed)
        self.all = np.repeat(self.unit(count + 400), alike, axis=0)[: count + 400]
        self.rows = np.sort(self.random.choice(10**9, count + 400, replace=False)).astype(np.int64)
        self.alive = dict(zip(self.rows[:count].tolist(), self.all, strict=False))
        self.next = count
        compaction.save_quantised(self.rows[:count], iter([self.all[:count]]), 8, 1, folder)
        loaded = loading.load_dense(folder, 8)
        assert isinstance(loaded, Quantised)
        self.index = loaded

    def unit(self, count: int) -> Vectors:
        vectors = self.random.standard_normal((count, 8)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def vectors_of(self, rows: RowIds) -> Vectors:
        return self.all[np.searchsorted(self.rows, rows)]

    def change(self, add: int, remove: int) -> None:
        added = self.rows[self.next : self.next + add]
        removed = self.random.choice(np.array(list(self.alive)), min(remove, len(self.alive)), replace=False)
        for row in removed.tolist():
            del self.alive[row]
        self.alive.update(zip(added.tolist(), self.all[self.next : self.next + add], strict=True))
        self.next += add
        generation = self.index.generation + 1
        self.index = self.index.changed(added, removed, generation, self.vectors_of)

    def exact(self, query: Vectors, k: int, among: RowIds | None = None) -> list[Scored]:
        rows = np.array(sorted(self.alive), dtype=np.int64)
        rows = rows if among is None else np.intersect1d(rows, among)
        return Dense.build(rows, self.vectors_of(rows)).search(query, k)


changes = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), max_size=6)


def test_vectors_in_a_file_are_read_as_they_were_written(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    vectors = random.standard_normal((1000, 3)).astype(np.float32)
    digest = vector_file.write_vectors(tmp_path / "v", iter([vectors[:7], vectors[7:7], vectors[7:]]))
    assert (tmp_path / "v").read_bytes() == vectors.tobytes()
    stored_vectors = vector_file.VectorFile(tmp_path / "v", 1000, 3)
    assert stored_vectors.digest() == digest == hashlib.sha256(vectors.tobytes()).hexdigest()
    half = np.flatnonzero(random.random(1000) < 0.5)
    for some in ([], [0], [999], [0, 1, 2, 999], range(1000), [3, 5, 6, 9], half):
        chosen = np.array(some, dtype=np.int64)
        assert np.array_equal(stored_vectors.read(chosen), vectors[chosen])
    os.truncate(tmp_path / "v", 600)
    with pytest.raises(RagError, match=r"v was cut short while it was in use: run `rag verify --repair`"):
        stored_vectors.read(np.array([10, 50]))
    with pytest.raises(Damaged, match="v does not have the size of 1000 vectors"):
        vector_file.VectorFile(tmp_path / "v", 1000, 3)
    with pytest.raises(Damaged, match="w is missing"):
        vector_file.VectorFile(tmp_path / "w", 1000, 3)


class TestSearch:
    def test_lists_that_hold_too_few_are_not_all_that_is_looked_at(self, lowered: None) -> None:
        with fast_folder() as folder:
            world = World(folder, 600, 1)
            base = world.index.base._replace(probes=1, candidates=1)
            index = Quantised(base, 1, world.rows[:0])
            for query in world.unit(20):
                assert len(index.search(query, 60)) == 60

    def test_equal_scores_come_in_order_of_row(self, lowered: None) -> None:
        with fast_folder() as folder:
            world = World(folder, 60, 1, alike=3)
            world.change(30, 10)
            (query,) = world.unit(1)
            for among in (None, world.rows):
                hits = world.index.search(query, 2000, among)
                assert len({hit.score for hit in hits}) < len(hits) == 80
                assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.row))

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(count=st.integers(1, 600), changes=changes, seed=st.integers(0, 99), share=st.floats(0, 1))
    def test_filtered_and_long_searches_are_exact_whatever_changed(
        self, lowered: None, count: int, changes: list[tuple[int, int]], seed: int, share: float
    ) -> None:
        with fast_folder() as folder:
            world = World(folder, count, seed)
            for add, remove in changes:
                world.change(add, remove)
            assert (len(world.index), world.index.rows.tolist()) == (len(world.alive), sorted(world.alive))
            (query,) = world.unit(1)
            for k in (1, 7, 2000):
                among = np.sort(world.rows[world.random.random(len(world.rows)) < share])
                assert world.index.search(query, k, among) == world.exact(query, k, among)
            assert world.index.search(query, 2000) == world.exact(query, 2000)
            found = world.index.search(query, 5)
            assert len(found) == min(5, len(world.alive))
            scores = {hit.row: hit.score for hit in world.exact(query, 2000)}
            assert [hit.score for hit in found] == [scores[hit.row] for hit in found]
            again = world.index.brought_to(np.array(sorted(world.alive)), 9, world.vectors_of)
            assert again.search(query, 2000) == world.exact(query, 2000)

    def test_nearly_all_of_the_ten_nearest_are_found_by_looking_at_few(self, tmp_path: Path) -> None:
        world = World(tmp_path, 20_000, 1)
        told = manifest.dense_manifest(tmp_path).trained
        assert told is not None
        assert (told.lists, told.queries) == (566, 256)
        assert told.recall >= training.RECALL
        assert told.probes < told.lists / 4
        assert measured(world) >= 0.98
        for _ in range(4):
            world.change(100, 2000)
        assert measured(world) >= 0.98

    def test_where_the_lists_looked_into_are_emptied_all_is_looked_at(self, lowered: None, tmp_path: Path) -> None:
        world = World(tmp_path, 600, 2)
        (query,) = world.unit(1)
        near = np.sort(np.array([hit.row for hit in world.exact(query, 590)]))
        world.alive = {row: vector for row, vector in world.alive.items() if row not in near}
        index = world.index.changed(near[:0], near, 2, world.vectors_of)
        assert index.search(query, 10) == world.exact(query, 10)

    def test_an_index_is_not_changed_by_its_successors(self, lowered: None, tmp_path: Path) -> None:
        world = World(tmp_path, 300, 3)
        (query,) = world.unit(1)
        before, expected = world.index, world.exact(query, 1000)
        for _ in range(5):
            world.change(30, 30)
        assert before.search(query, 1000) == expected

    def test_a_query_of_another_dimension_is_refused(self, lowered: None, tmp_path: Path) -> None:
        world = World(tmp_path, 20, 4)
        with pytest.raises(ValueError, match=r"shape \(9,\), not \(8,\)"):
            world.index.search(np.zeros(9, dtype=np.float32), 1)

    def test_equal_vectors_do_not_count_as_missed(self, tmp_path: Path) -> None:
        vectors = np.tile(unit_vector("the same", 8), (500, 1))
        compaction.save_quantised(np.arange(500), iter([vectors]), 8, 1, tmp_path)
        assert (told := manifest.dense_manifest(tmp_path).trained) is not None
        assert told.recall == 1.0


def measured(world: World) -> float:
    queries = world.unit(100)
    found = [{hit.row for hit in world.index.search(query, 10)} for query in queries]
    return float(
        np.mean(
            [len(rows & {hit.row for hit in world.exact(q, 10)}) / 10 for rows, q in zip(found, queries, strict=True)]
        )
    )
