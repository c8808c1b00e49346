"""`LocalIndex`: the contract, opening, damage and mending, and processes that read, write and get in the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from index_contract import (
    BRIDGES,
    BRIDGES_AGAIN,
    DIMENSION,
    MILLS,
    Entry,
    IndexContract,
    fast_folder,
    ids,
    make_entry,
    published_state,
    put,
    unit_vector,
)

from rag.errors import DocumentError, IndexBusy, IndexMismatch, IndexNotFound, InputError, RagError
from rag.index import dense
from rag.index.local import FileState, LocalIndex, list_indexes
from rag.types import Embedding, Index

ROOT = Path(__file__).parent.parent
EVERY = {p.id for p in MILLS.passages + BRIDGES.passages}


def open_index(folder: Path, *, write: bool = False, create: bool = False) -> LocalIndex:
    return LocalIndex.open(
        folder, "books", write=write, create=create, embedder_fingerprint="e1", dimension=DIMENSION, chunker="c1"
    )


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the index "books" of two documents, closed."""
    with open_index(tmp_path, create=True) as index:
        put(index, MILLS, BRIDGES)
    return tmp_path


class TestContract(IndexContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def open_empty(self) -> Index:
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
            LocalIndex.open(tmp_path, name, create=True, embedder_fingerprint="e", dimension=4, chunker="c")
        assert list(tmp_path.iterdir()) == []

    def test_indexes_are_listed(self, folder: Path) -> None:
        (folder / "not-an-index").mkdir()
        LocalIndex.open(folder, "A.b-2", create=True, embedder_fingerprint="e", dimension=4, chunker="c").close()
        assert list_indexes(folder) == ["A.b-2", "books"]
        assert list_indexes(folder / "nowhere") == []

    @pytest.mark.parametrize(
        ("what", "given"),
        [("embedder e1", {"embedder_fingerprint": "e2"}), ("chunker c1", {"chunker": "c2"}),
         ("dimension 16", {"dimension": 8})],
    )  # fmt: skip
    def test_other_settings_are_refused_with_both_named(self, folder: Path, what: str, given: dict[str, str]) -> None:
        (value,) = given.values()
        with pytest.raises(IndexMismatch, match=rf"made with {what} and is now to be used with {value}"):
            LocalIndex.open(folder, "books", write=True, **given)  # type: ignore[arg-type]
        LocalIndex.open(folder, "books", write=True).close()

    def test_creating_needs_all_settings(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="must be given"):
            LocalIndex.open(tmp_path, "books", create=True, dimension=4)

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
        document, passages, embeddings = make_entry("x.txt", ["One. Two."])
        short = Embedding(embeddings[0].passage[:8], embeddings[0].sentences)
        long = Embedding(embeddings[0].passage * 2, embeddings[0].sentences)
        nan = Embedding(embeddings[0].passage * np.float32(np.nan), embeddings[0].sentences)
        with open_index(folder, write=True) as index:
            with pytest.raises(DocumentError, match="its text is not what the document has"):
                index.replace(make_entry("x.txt", ["Won. Two."]).document, passages, embeddings)
            with pytest.raises(DocumentError, match=r'is of the document "x\.txt"'):
                index.replace(make_entry("y.txt", ["One. Two."]).document, passages, embeddings)
            with pytest.raises(DocumentError, match="1 passages came with 0 embeddings"):
                index.replace(document, passages, [])
            with pytest.raises(DocumentError, match=r"shapes \(8,\)"):
                index.replace(document, passages, [short])
            for wrong in (long, nan):
                with pytest.raises(DocumentError, match="not of unit length"):
                    index.replace(document, passages, [wrong])
            index.publish()
            assert published_state(index) == (2, {"mills.txt", "a/bridges.txt"}, EVERY)

    def test_files_are_known_as_soon_as_committed(self, folder: Path) -> None:
        with open_index(folder, write=True) as index:
            index.replace(*BRIDGES_AGAIN, size=26, mtime_ns=1_700_000_000_000_000_001)
            index.touch("mills.txt", 77, 5)
            assert index.files() == {
                "a/bridges.txt": FileState(
                    BRIDGES_AGAIN.document.sha256, 26, 1_700_000_000_000_000_001, "/files/a/bridges.txt"
                ),
                "mills.txt": FileState(MILLS.document.sha256, 77, 5, "/files/mills.txt"),
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
            assert published_state(index)[2] == {p.id for p in MILLS.passages + BRIDGES_AGAIN.passages}
        manifest = json.loads((folder / "books" / "dense.json").read_text())
        assert (manifest["generation"], manifest["vectors"]) == (3, 3)

    def test_many_changes_do(self, tmp_path: Path) -> None:
        with open_index(tmp_path, create=True) as index:
            put(index, make_entry("long.txt", [f"Paragraph number {n}." for n in range(1001)]))
            assert dense.manifest(tmp_path / "books").vectors == 1001


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_all_short(path: Path) -> None:
    for file in path.iterdir():
        cut_short(file)


def save_for_eight_dimensions(path: Path) -> None:
    dense.save(dense.empty(8), 2, path.parent)


def garble(path: Path) -> None:
    path.write_bytes(b"\x00garbage{")


DAMAGE = {
    "FAISS file cut short": ("dense", "dense.faiss", cut_short),
    "FAISS file empty": ("dense", "dense.faiss", lambda path: path.write_bytes(b"")),
    "FAISS file gone": ("dense", "dense.faiss", Path.unlink),
    "FAISS file of another dimension": ("dense", "dense.json", save_for_eight_dimensions),
    "manifest garbled": ("dense", "dense.json", garble),
    "manifest of another shape": ("dense", "dense.json", lambda path: path.write_text('{"generation": 2}')),
    "manifest gone": ("dense", "dense.json", Path.unlink),
    "lexical gone": ("lexical", "lexical", shutil.rmtree),
    "lexical cut short": ("lexical", "lexical", cut_all_short),
    "lexical emptied": ("lexical", "lexical", lambda path: [file.unlink() for file in path.iterdir()]),
    "lexical without its list": ("lexical", "lexical/meta.json", Path.unlink),
    "lexical with its list garbled": ("lexical", "lexical/meta.json", garble),
    "lexical without a generation": ("lexical", "lexical/manifest.json", Path.unlink),
}


class TestDamage:
    @pytest.mark.parametrize("kind", DAMAGE)
    def test_a_reader_finds_it_and_has_it_mended(self, folder: Path, kind: str) -> None:
        part, name, damage = DAMAGE[kind]
        path = folder / "books" / name
        damage(path)
        remains = path.exists()
        with open_index(folder) as index:
            assert {problem.part for problem in index.verify()} == {part}
            assert everything(index) == (EVERY, {p.id for p in BRIDGES.passages})
            assert index.verify() == []
        aside = [file.name for file in (folder / "books").iterdir() if ".damaged-1" in file.name]
        assert aside == ([f"{name.split('/')[0]}.damaged-1"] if remains or "/" in name or "emptied" in kind else [])

    @pytest.mark.parametrize("kind", DAMAGE)
    def test_a_writer_that_is_there_mends_it(self, folder: Path, kind: str) -> None:
        _, name, damage = DAMAGE[kind]
        with open_index(folder, write=True) as index:
            damage(folder / "books" / name)
            put(index, BRIDGES_AGAIN)
            assert everything(index)[0] == {p.id for p in MILLS.passages + BRIDGES_AGAIN.passages}
            assert index.verify() == []

    @pytest.mark.parametrize("kind", ["FAISS file cut short", "lexical gone"])
    def test_a_reader_makes_do_while_another_process_writes(self, folder: Path, kind: str) -> None:
        _, name, damage = DAMAGE[kind]
        with open_index(folder, write=True), open_index(folder) as reader:
            damage(folder / "books" / name)
            assert everything(reader) == (EVERY, {p.id for p in BRIDGES.passages})

    def test_repair_mends_what_looks_whole_and_is_not(self, folder: Path) -> None:
        place = folder / "books"
        saved = dense.load(place, DIMENSION)
        dense.save(dense.Dense.build(saved.rows, saved.vectors()[::-1]), 2, place)
        take_from_tantivy(place / "lexical", version=1)
        with open_index(folder) as index:
            messages = [problem.message for problem in index.verify()]
            assert messages[:4] == [
                f"dense.faiss has another vector than the catalogue for passage number {row}" for row in (1, 2, 3, 4)
            ]
            assert messages[4] == "lexical lacks 2 passages and has 0 that are not there"
            assert index.repair() == []
            assert index.verify() == []
            assert everything(index) == (EVERY, {p.id for p in BRIDGES.passages})

    def test_an_older_copy_of_the_catalogue_is_believed_over_newer_files(self, folder: Path, tmp_path: Path) -> None:
        shutil.copy(folder / "books" / "catalogue.sqlite", folder / "copy")
        with open_index(folder, write=True) as index:
            put(index, BRIDGES_AGAIN, make_entry("new.txt", ["Something new."]))
        os.replace(folder / "copy", folder / "books" / "catalogue.sqlite")
        with open_index(folder, write=True) as index:  # row numbers 5 and 6 are given out a second time
            put(index, make_entry("other.txt", ["Quite another thing."]), make_entry("more.txt", ["With other words."]))
            put(index, make_entry("last.txt", ["And more."]))
            assert index.verify() == []
            assert everything(index)[0] == EVERY | {"other.txt:0-20", "more.txt:0-17", "last.txt:0-9"}
        with open_index(folder) as index, index.snapshot() as snapshot:
            for text in ("Quite another thing.", "With other words.", "And more."):
                (hit,) = snapshot.dense(unit_vector(text), 1)
                assert (snapshot.fetch([hit.row])[0].passage.text, hit.score) == (text, pytest.approx(1.0, abs=1e-5))

    @pytest.mark.parametrize("write", [False, True])
    @pytest.mark.parametrize("content", [b"", b"this is no database" * 100])
    def test_a_catalogue_that_is_none_is_named_and_kept(self, folder: Path, content: bytes, write: bool) -> None:
        file = folder / "books" / "catalogue.sqlite"
        file.write_bytes(content)
        before = sorted(path.name for path in file.parent.iterdir())
        with pytest.raises(RagError, match=r"catalogue\.sqlite is (empty|damaged).*run `rag index PATH"):
            open_index(folder, write=write)
        assert file.read_bytes() == content
        assert sorted(path.name for path in file.parent.iterdir()) == before

    def test_a_database_of_something_else_is_refused(self, folder: Path) -> None:
        import sqlite3

        file = folder / "books" / "catalogue.sqlite"
        file.unlink()
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE meta (key TEXT, value TEXT)")
        connection.close()
        with pytest.raises(RagError, match="is not a catalogue"):
            open_index(folder)

    def test_a_lost_catalogue_leaves_no_vectors_behind(self, folder: Path) -> None:
        (folder / "books" / "catalogue.sqlite").unlink()
        with open_index(folder, create=True) as index:
            put(index, make_entry("one.txt", ["Only this."]), make_entry("two.txt", ["And this."]))
            assert published_state(index) == (2, {"one.txt", "two.txt"}, {"one.txt:0-10", "two.txt:0-9"})
            assert index.verify() == []


WRITER = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from index_contract import BRIDGES_AGAIN, put
from test_index_local import open_index
with open_index(Path({folder!r}), write=True) as index:
    print("open", flush=True)
    for line in sys.stdin:
        print(put(index, BRIDGES_AGAIN), flush=True)
"""


@pytest.fixture
def other_writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the index open for writing, and replaces a document for each line it is given."""
    script = WRITER.format(root=str(ROOT), tests=str(ROOT / "tests"), folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "open\n"
        yield process
    finally:
        process.kill()
        process.communicate()


class TestProcesses:
    def test_the_second_writer_is_told_who_is_first(self, folder: Path, other_writer: subprocess.Popen[str]) -> None:
        with pytest.raises(IndexBusy, match=rf'index "books" is being written to by process {other_writer.pid}:'):
            open_index(folder, write=True)
        with open_index(folder) as index, pytest.raises(IndexBusy):
            index.verify()
        other_writer.kill()
        other_writer.wait()
        open_index(folder, write=True).close()

    def test_a_reader_sees_what_another_process_publishes(
        self, folder: Path, other_writer: subprocess.Popen[str]
    ) -> None:
        assert other_writer.stdin is not None and other_writer.stdout is not None
        with open_index(folder) as index:
            assert published_state(index) == (2, {"mills.txt", "a/bridges.txt"}, EVERY)
            with index.snapshot() as before:
                other_writer.stdin.write("replace\n")
                other_writer.stdin.flush()
                assert other_writer.stdout.readline() == "3\n"
                assert before.document("a/bridges.txt") == BRIDGES.document
            expected = {p.id for p in MILLS.passages + BRIDGES_AGAIN.passages}
            assert published_state(index) == (3, {"mills.txt", "a/bridges.txt"}, expected)


def test_readers_in_threads_never_see_half_a_change(tmp_path: Path) -> None:
    """Two documents of three passages, all of which name their version; a writer replaces them by turns."""

    def version(document_id: str, number: int) -> Entry:
        words = f"{document_id} is at version{number}"
        return make_entry(document_id, [f"{part} of {words}." for part in ("Head", "Body", "Tail")])

    writer = open_index(tmp_path, create=True)
    put(writer, version("a", 0), version("b", 0))
    done, failures, seen = threading.Event(), [], [set[int]() for _ in range(4)]

    def read(index: LocalIndex, generations: set[int]) -> None:
        last = 0
        while not done.is_set():
            with index.snapshot() as snapshot:
                generation = snapshot.generation
                found = snapshot.fetch([hit.row for hit in snapshot.dense(unit_vector("any"), 100)])
                by_document: dict[str, set[str]] = {}
                for stored in found:
                    by_document.setdefault(stored.passage.document_id, set()).add(stored.passage.text.split()[-1])
                    text = snapshot.document(stored.passage.document_id).text
                    assert text[stored.passage.start : stored.passage.end] == stored.passage.text
                assert len(found) == 6 and all(len(versions) == 1 for versions in by_document.values()), by_document
                for document_id, versions in by_document.items():
                    hits = snapshot.lexical(versions.pop().rstrip("."), 10)
                    stored_hits = snapshot.fetch([hit.row for hit in hits])
                    assert sum(stored.passage.document_id == document_id for stored in stored_hits) == 3
            assert generation >= last
            last = generation
            generations.add(generation)

    def guarded(index: LocalIndex, generations: set[int]) -> None:
        try:
            read(index, generations)
        except BaseException as error:
            failures.append(error)

    reader = open_index(tmp_path)
    threads = [
        threading.Thread(target=guarded, args=(index, generations))
        for index, generations in zip((reader, reader, reader, writer), seen, strict=True)
    ]
    for thread in threads:
        thread.start()
    for number in range(1, 13):
        generation = put(writer, version("ab"[number % 2], number))
        time.sleep(0.01)
    time.sleep(0.1)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(max(generations) == generation and len(generations) > 3 for generations in seen), seen
    reader.close()
    writer.close()


def everything(index: LocalIndex) -> tuple[set[str], set[str]]:
    """All passages by dense search, and those that lexical search has for "bridges"."""
    with index.snapshot() as snapshot:
        every = ids(snapshot, snapshot.dense(unit_vector("any"), 100))
        return set(every), set(ids(snapshot, snapshot.lexical("bridges", 100)))


def take_from_tantivy(place: Path, version: int) -> None:
    """Behind the manifest's back, which is made to vouch for the result."""
    import tantivy

    told = json.loads((place / "manifest.json").read_text())
    index = tantivy.Index.open(str(place))
    writer = index.writer(15_000_000, 1)
    writer.delete_documents_by_query(tantivy.Query.term_query(index.schema, "version", version, "basic"))
    (place / "manifest.json").write_text(json.dumps({**told, "opstamp": writer.commit()}))
    writer.wait_merging_threads()


def run_python(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout
