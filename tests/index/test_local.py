"""`LocalIndex`: the contract of every index, opening and its errors, writing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from rag.errors import DocumentError, IndexMismatch, IndexNotFound, InputError, RagError
from rag.index.dense import manifest
from rag.index.folders import Expected, local_indexes
from rag.index.local import LocalIndex
from rag.seams import WritableIndex
from rag.types import Embedding, FileState, Stamp
from tests.index.contract import (
    BRIDGES,
    BRIDGES_AGAIN,
    DIMENSION,
    MILLS,
    IndexContract,
    fast_folder,
    ids,
    make_entry,
    published_state,
    put,
    unit_vector,
)

ROOT = Path(__file__).parent.parent.parent
# The index "books" of two documents, which many tests begin with.
EVERY = {passage.id for passage in [*MILLS.passages, *BRIDGES.passages]}


def open_index(folder: Path, *, write: bool = False, create: bool = False) -> LocalIndex:
    return LocalIndex.open(folder, "books", Expected("e1", DIMENSION, "c1"), write=write, create=create)


@contextmanager
def folder_of_books() -> Iterator[Path]:
    """A folder with the index, closed."""
    with fast_folder() as folder:
        with open_index(folder, create=True) as index:
            put(index, MILLS, BRIDGES)
        yield folder


def everything(index: LocalIndex) -> tuple[set[str], set[str]]:
    """All passages by dense search, and those that lexical search has for "bridges"."""
    with index.snapshot() as snapshot:
        every = ids(snapshot, snapshot.dense(unit_vector("any"), 100))
        return set(every), set(ids(snapshot, snapshot.lexical("bridges", 100)))


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_of_books() as folder:
        yield folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


class TestContract(IndexContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def open_empty(self) -> WritableIndex:
        return open_index(self.folder, create=True)


class TestOpening:
    def test_a_missing_index_names_those_that_exist(self, folder: Path) -> None:
        with pytest.raises(IndexNotFound, match=r"no index \"plays\" .*\(those there: books\).*--index plays"):
            LocalIndex.open(folder, "plays")
        with pytest.raises(IndexNotFound, match="those there: none"):
            LocalIndex.open(folder / "nowhere", "plays", write=True)
        assert sorted(path.name for path in folder.iterdir()) == ["books"]

    @pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", ".hidden", "-x", "a b", "x" * 65, "é"])
    def test_names_that_could_be_paths_are_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(InputError, match="cannot be the name of an index"):
            LocalIndex.open(tmp_path, name, Expected("e", 4, "c"), create=True)
        assert list(tmp_path.iterdir()) == []

    def test_indexes_are_listed(self, folder: Path) -> None:
        (folder / "not-an-index").mkdir()
        LocalIndex.open(folder, "A.b-2", Expected("e", 4, "c"), create=True).close()
        assert local_indexes(folder) == ["A.b-2", "books"]
        assert local_indexes(folder / "nowhere") == []

    @pytest.mark.parametrize(
        ("what", "given"),
        [
            ("embedder e1", Expected("e2")),
            ("chunker c1", Expected(chunker="c2")),
            ("dimension 16", Expected(dimension=8)),
        ],
    )
    def test_other_settings_are_refused_with_both_named(self, folder: Path, what: str, given: Expected) -> None:
        (value,) = filter(None, given)
        with pytest.raises(IndexMismatch, match=rf"made with {what} and is now to be used with {value}"):
            LocalIndex.open(folder, "books", given, write=True)
        LocalIndex.open(folder, "books", write=True).close()

    def test_creating_needs_all_settings(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="must be given"):
            LocalIndex.open(tmp_path, "books", Expected(dimension=4), create=True)

    def test_create_opens_what_is_there(self, folder: Path) -> None:
        with open_index(folder, create=True) as index:
            assert published_state(index)[1] == {"mills.txt", "a/bridges.txt"}

    def test_a_reader_cannot_write(self, folder: Path) -> None:
        with open_index(folder) as index, pytest.raises(RagError, match="open for reading only"):
            index.remove("mills.txt")

    def test_closed_things_say_so(self, folder: Path) -> None:
        index = open_index(folder)
        with index.snapshot() as snapshot:
            pass
        with pytest.raises(RagError, match="snapshot was closed"):
            snapshot.documents()
        index.close()
        with pytest.raises(RagError, match="was closed: open it again"):
            index.snapshot()

    def test_listing_documents_loads_no_search_engine(self, folder: Path) -> None:
        script = (
            "import sys; from pathlib import Path; from rag.index.local import LocalIndex\n"
            f"index = LocalIndex.open(Path({str(folder)!r}), 'books')\n"
            "print([d.id for d in index.documents()], index.document('mills.txt').title, len(index.files()))\n"
            "print({'faiss', 'tantivy', 'torch'} & set(sys.modules))\n"
        )
        assert run_python(script) == "['a/bridges.txt', 'mills.txt'] Title of mills.txt 2\nset()\n"


class TestWriting:
    def test_passages_must_be_slices_of_their_document(self, folder: Path) -> None:
        entry = make_entry("x.txt", ["One. Two."])
        embeddings = entry.embeddings
        short = Embedding(embeddings[0].passage[:8], embeddings[0].sentences)
        long = Embedding(embeddings[0].passage * 2, embeddings[0].sentences)
        nan = Embedding(embeddings[0].passage * np.float32(np.nan), embeddings[0].sentences)
        with open_index(folder, write=True) as index:
            with pytest.raises(DocumentError, match="its text is not what the document has"):
                index.replace(entry._replace(document=make_entry("x.txt", ["Won. Two."]).document))
            with pytest.raises(DocumentError, match=r'is of the document "x\.txt"'):
                index.replace(entry._replace(document=make_entry("y.txt", ["One. Two."]).document))
            with pytest.raises(DocumentError, match="1 passages came with 0 embeddings"):
                index.replace(entry._replace(embeddings=[]))
            with pytest.raises(DocumentError, match=r"shapes \(8,\)"):
                index.replace(entry._replace(embeddings=[short]))
            for wrong in (long, nan):
                with pytest.raises(DocumentError, match="not of unit length"):
                    index.replace(entry._replace(embeddings=[wrong]))
            index.publish()
            assert published_state(index) == (2, {"mills.txt", "a/bridges.txt"}, EVERY)

    def test_files_are_known_as_soon_as_committed(self, folder: Path) -> None:
        with open_index(folder, write=True) as index:
            index.replace(BRIDGES_AGAIN._replace(stamp=Stamp(26, 1_700_000_000_000_000_001)))
            index.touch("mills.txt", Stamp(77, 5))
            assert index.files() == {
                "a/bridges.txt": FileState(
                    BRIDGES_AGAIN.document.sha256, Stamp(26, 1_700_000_000_000_000_001), "/files/a/bridges.txt"
                ),
                "mills.txt": FileState(MILLS.document.sha256, Stamp(77, 5), "/files/mills.txt"),
            }
            assert index.document("a/bridges.txt") == BRIDGES.document  # not published yet

    def test_what_was_not_published_is_by_the_next_writer(self, folder: Path) -> None:
        with open_index(folder, write=True) as index:
            index.remove("mills.txt")
        with open_index(folder, write=True) as index:
            assert published_state(index) == (3, {"a/bridges.txt"}, {p.id for p in BRIDGES.passages})

    def test_small_changes_do_not_rewrite_the_vectors(self, folder: Path) -> None:
        before = (folder / "books" / "dense.faiss").stat().st_ino
        with open_index(folder, write=True) as index:
            put(index, BRIDGES_AGAIN)
            assert (folder / "books" / "dense.faiss").stat().st_ino == before
            assert published_state(index)[2] == {p.id for p in [*MILLS.passages, *BRIDGES_AGAIN.passages]}
        manifest = json.loads((folder / "books" / "dense.json").read_text())
        assert (manifest["generation"], manifest["vectors"]) == (3, 3)

    def test_many_changes_do(self, tmp_path: Path) -> None:
        with open_index(tmp_path, create=True) as index:
            put(index, make_entry("long.txt", [f"Paragraph number {n}." for n in range(1001)]))
            assert manifest.dense_manifest(tmp_path / "books").vectors == 1001


def run_python(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("kept", [0, 1, 3, 2048])
def test_passages_that_stay_in_memory_are_those_of_the_catalogue(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr("rag.index.snapshot._KEPT", kept)
    with folder_of_books() as folder, open_index(folder) as index, index.snapshot() as snapshot:
        rows = [found.row for found in snapshot.dense(MILLS.embeddings[0].passage, 99)]
        assert len(rows) > 3
        for asked in (rows[:2], rows[1:], rows[::-1], [], rows):
            assert [item.row for item in snapshot.fetch(asked)] == asked
            assert [item.passage.id for item in snapshot.fetch(asked)] == [
                item.passage.id for row in asked for item in snapshot.fetch([row])
            ]
        with pytest.raises(RagError, match="no passage 999"):
            snapshot.fetch([*rows, 999])
