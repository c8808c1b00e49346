"""An index whose files are lost, cut short, altered or of another time, and what `verify` and `repair` say of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.errors import RagError
from rag.index.dense import exact as dense
from rag.index.dense import manifest
from tests.index.contract import BRIDGES, BRIDGES_AGAIN, DIMENSION, MILLS, make_entry, published_state, put, unit_vector
from tests.index.test_local import EVERY, everything, folder_of_books, open_index


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_of_books() as folder:
        yield folder


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_all_short(path: Path) -> None:
    for file in path.iterdir():
        cut_short(file)


def empty_out(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()


def save_for_eight_dimensions(path: Path) -> None:
    dense.save_exact(dense.empty(8), 2, path.parent)


def save_for_another_faiss(path: Path) -> None:
    """The file is what the manifest tells of, and this FAISS cannot decode it."""
    content = b"IxZ9" + bytes(400)
    path.write_bytes(content)
    told = manifest.dense_manifest(path.parent)._replace(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    manifest.write_manifest(told, path.parent)


def garble(path: Path) -> None:
    path.write_bytes(b"\x00garbage{")


DAMAGE: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "FAISS file cut short": ("dense", "dense.faiss", cut_short),
    "FAISS file empty": ("dense", "dense.faiss", lambda path: path.write_bytes(b"")),
    "FAISS file gone": ("dense", "dense.faiss", Path.unlink),
    "FAISS file of another version": ("dense", "dense.faiss", save_for_another_faiss),
    "FAISS file of another dimension": ("dense", "dense.json", save_for_eight_dimensions),
    "manifest garbled": ("dense", "dense.json", garble),
    "manifest of another shape": ("dense", "dense.json", lambda path: path.write_text('{"generation": 2}')),
    "manifest gone": ("dense", "dense.json", Path.unlink),
    "lexical gone": ("lexical", "lexical", shutil.rmtree),
    "lexical cut short": ("lexical", "lexical", cut_all_short),
    "lexical emptied": ("lexical", "lexical", empty_out),
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
            assert everything(index)[0] == {p.id for p in [*MILLS.passages, *BRIDGES_AGAIN.passages]}
            assert index.verify() == []

    @pytest.mark.parametrize("kind", ["FAISS file cut short", "lexical gone"])
    def test_a_reader_makes_do_while_another_process_writes(self, folder: Path, kind: str) -> None:
        _, name, damage = DAMAGE[kind]
        with open_index(folder, write=True), open_index(folder) as reader:
            damage(folder / "books" / name)
            assert everything(reader) == (EVERY, {p.id for p in BRIDGES.passages})

    def test_repair_mends_what_looks_whole_and_is_not(self, folder: Path) -> None:
        place = folder / "books"
        saved = dense.load_exact(place, DIMENSION)
        dense.save_exact(dense.Dense.build(saved.rows, saved.vectors()[::-1]), 2, place)
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
                assert snapshot.fetch([hit.row])[0].passage.text == text
                assert hit.score == pytest.approx(1.0, abs=1e-5)

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


def take_from_tantivy(place: Path, version: int) -> None:
    """Behind the manifest's back, which is made to vouch for the result."""
    import tantivy

    told = json.loads((place / "manifest.json").read_text())
    index = tantivy.Index.open(str(place))
    writer = index.writer(15_000_000, 1)
    writer.delete_documents_by_query(tantivy.Query.term_query(index.schema, "version", version, "basic"))
    (place / "manifest.json").write_text(json.dumps({**told, "opstamp": writer.commit()}))
    writer.wait_merging_threads()


def test_a_bit_in_what_no_checksum_covers_is_found_and_mended(folder: Path) -> None:
    file = next((folder / "books" / "lexical").glob("*.fast"))
    content = bytearray(file.read_bytes())
    content[content.rindex(b'"major":') + len(b'"major":')] ^= 1
    file.write_bytes(bytes(content))
    with open_index(folder, write=True) as index:
        assert [problem.part for problem in index.verify()] == ["lexical"]
        index.repair()
        assert index.verify() == []
        assert everything(index) == (EVERY, {p.id for p in BRIDGES.passages})
