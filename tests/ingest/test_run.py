"""`sync`: what changed is read again, what vanished goes, a kill at any moment loses nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag.background import Run
from rag.documents import versions
from rag.documents.discover import Found
from rag.documents.options import ReadOptions
from rag.documents.read import read_document
from rag.documents.unpack import Result
from rag.errors import DocumentError, IndexBusy, InputError, ModelError
from rag.index.local import LocalIndex
from rag.ingest.changes import Same, find_changes, identical
from rag.ingest.prepare import BATCH_PASSAGES, Here, ReadFiles, read_here
from rag.ingest.run import Note, Summary, carry_out, sync
from rag.settings import Settings, load_settings
from rag.stores.open import open_index
from rag.types import Document, Embedding, FileState, Passage
from tests.fakes import HashEmbedder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(indexes_dir=tmp_path / "indexes", index="t", passage_tokens=40)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("Ada built the mill. It burned in 1859.")
    (folder / "sub" / "b.md").write_text("# Ferry\n\nIt leaves at noon.")
    return folder


def opened(settings: Settings) -> LocalIndex:
    index = open_index(settings, HashEmbedder(), create=True)
    assert isinstance(index, LocalIndex)
    return index


def run(
    settings: Settings,
    *paths: Path,
    embedder: HashEmbedder | None = None,
    read: ReadFiles = read_here,
    prune: bool = False,
) -> Summary:
    with opened(settings) as index:
        summary = sync(list(paths), index, embedder or HashEmbedder(), settings, read=read, prune=prune)
        assert index.verify() == []
        return summary


def test_a_first_run_adds_and_a_second_does_nothing(settings: Settings, library: Path) -> None:
    first = run(settings, library)
    assert (first.added, first.passages, first.embedded) == (["library/a.txt", "library/sub/b.md"], 2, 2)
    embedder = HashEmbedder()
    second = run(settings, library, embedder=embedder)
    assert (second.added, second.replaced, second.removed) == ([], [], [])
    assert sorted(second.unchanged) == ["library/a.txt", "library/sub/b.md"]
    assert embedder.embedded == 0


def test_files_whose_reader_changed_are_read_again_and_unchanged_passages_are_not_embedded(
    settings: Settings, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "_VERSIONS", {})
    run(settings, library)
    monkeypatch.setattr(versions, "_VERSIONS", {".txt": 7})
    assert find_changes([library], _files(settings)).reread == ["library/a.txt"]
    embedder = HashEmbedder()
    second = run(settings, library, embedder=embedder)
    assert (second.replaced, second.reread, second.added) == (["library/a.txt"], ["library/a.txt"], [])
    assert second.unchanged == ["library/sub/b.md"]
    assert embedder.embedded == 0
    third = run(settings, library)
    assert (third.replaced, third.reread) == ([], [])
    (library / "a.txt").write_text("Ada built the bridge.")
    monkeypatch.setattr(versions, "_VERSIONS", {".txt": 8})
    fourth = run(settings, library)
    assert (fourth.replaced, fourth.reread) == (["library/a.txt"], [])  # the file changed as well


def _files(settings: Settings) -> dict[str, FileState]:
    with opened(settings) as index:
        return index.files()


def test_without_a_preparer_nothing_can_be_put_in(settings: Settings, library: Path) -> None:
    with opened(settings) as index:
        with pytest.raises(ValueError, match="^2 files have changed: a preparer must be given"):
            carry_out(find_changes([library], {}), index, None)
        assert carry_out(find_changes([], {}), index, None).added == []
        assert index.documents() == []


def test_changed_files_are_replaced_and_vanished_ones_removed(settings: Settings, library: Path) -> None:
    run(settings, library)
    (library / "a.txt").write_text("Ada built the bridge.")
    (library / "sub" / "b.md").unlink()
    (library / "c.txt").write_text("New here.")
    summary = run(settings, library)
    assert (summary.added, summary.replaced, summary.removed) == (
        ["library/c.txt"],
        ["library/a.txt"],
        ["library/sub/b.md"],
    )
    with opened(settings) as index:
        assert index.document("library/a.txt").text == "Ada built the bridge."
        assert [info.id for info in index.documents()] == ["library/a.txt", "library/c.txt"]


def test_a_link_to_the_folder_around_it_keeps_no_vanished_file(settings: Settings, library: Path) -> None:
    (library / "sub" / "loop").symlink_to(library)
    run(settings, library)
    (library / "a.txt").unlink()
    assert run(settings, library).removed == ["library/a.txt"]


def test_a_file_that_was_only_touched_is_not_read_again(settings: Settings, library: Path) -> None:
    run(settings, library)
    os.utime(library / "a.txt", ns=(1, 1))
    summary = run(settings, library)
    assert (summary.replaced, sorted(summary.unchanged)) == ([], ["library/a.txt", "library/sub/b.md"])
    with opened(settings) as index:
        assert find_changes([library], index.files()).touched == []


def test_a_moved_file_is_not_embedded_again(settings: Settings, library: Path) -> None:
    run(settings, library)
    (library / "a.txt").rename(library / "sub" / "z.txt")
    summary = run(settings, library)
    assert (summary.added, summary.removed, summary.embedded) == (["library/sub/z.txt"], ["library/a.txt"], 0)


def test_moved_files_and_duplicates_are_named(settings: Settings, library: Path) -> None:
    run(settings, library)
    (library / "a.txt").rename(library / "z.txt")
    (library / "copy.md").write_bytes((library / "sub" / "b.md").read_bytes())
    (library / "new.txt").write_text("New here.")
    (library / "same.txt").write_text("New here.")
    expected = [
        Same("library/copy.md", "library/sub/b.md"),
        Same("library/same.txt", "library/new.txt"),
        Same("library/z.txt", "library/a.txt"),
    ]
    with opened(settings) as index:
        assert identical(find_changes([library], index.files()), index.files()) == expected
    summary = run(settings, library)
    assert (summary.duplicates, summary.moved) == (expected[:2], expected[2:])
    assert (len(summary.added), summary.removed) == (4, ["library/a.txt"])
    assert run(settings, library).duplicates == []


def test_an_index_inside_the_folder_is_no_part_of_it(settings: Settings, library: Path) -> None:
    inside = settings.model_copy(update={"indexes_dir": library / "indexes"})
    for _ in range(2):
        assert run(inside, library).skipped == []
    uploads = library / "indexes" / "t" / "uploads"
    uploads.mkdir()
    (uploads / "u.txt").write_text("Uploaded.")
    assert run(inside, library).added == []
    assert run(inside, uploads).added == ["uploads/u.txt"]
    assert run(inside, library).removed == []
    with opened(inside) as index:
        assert [info.id for info in index.documents()] == ["library/a.txt", "library/sub/b.md", "uploads/u.txt"]


def test_a_file_that_changes_while_it_is_read_is_read_again(settings: Settings, library: Path) -> None:
    def read_and_change(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        for found, document in read_here(files):
            found.path.write_text("Written meanwhile.")
            yield found, document

    run(settings, library, read=read_and_change)
    run(settings, library)
    with opened(settings) as index:
        assert index.document("library/a.txt").text == "Written meanwhile."


def test_a_stopped_run_commits_what_is_done_and_the_next_goes_on(settings: Settings, library: Path) -> None:
    for number in range(8):
        (library / f"c{number}.txt").write_text(f"Entry {number}.")
    seen: list[str] = []
    with opened(settings) as index:
        watched = Run(lambda done, total, name: seen.append(name), lambda: len(seen) == 3)
        first = sync([library], index, HashEmbedder(), settings, run=watched)
        assert (first.added, first.left) == (["library/a.txt", "library/c0.txt", "library/c1.txt"], 7)
        assert [info.id for info in index.documents()] == first.added
    embedder = HashEmbedder()
    assert len(run(settings, library, embedder=embedder).added) == 7
    assert embedder.embedded == 7


def test_a_long_document_goes_through_the_model_in_batches(settings: Settings, tmp_path: Path) -> None:
    class Sizes(HashEmbedder):
        sizes: list[int] = []

        def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
            self.sizes.append(len(passages))
            return super().embed_passages(passages)

    book = tmp_path / "book.txt"
    book.write_text("\n\n".join(f"Chapter {number} of the book is about {number}. " * 6 for number in range(300)))
    assert run(settings, book, embedder=Sizes()).passages == sum(Sizes.sizes) > 2 * BATCH_PASSAGES
    assert max(Sizes.sizes) == BATCH_PASSAGES


def test_further_documents_are_cut_while_a_batch_is_embedded(settings: Settings, tmp_path: Path) -> None:
    class Waits(HashEmbedder):
        """The last document is cut when the first batch has begun, and that ends when the last document is cut."""

        embeds, cut = threading.Event(), threading.Event()

        def token_spans(self, text: str) -> list[tuple[int, int]]:
            if "last" in text:
                assert self.embeds.wait(10)
                self.cut.set()
            return super().token_spans(text)

        def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
            self.embeds.set()
            assert self.cut.wait(10)
            return super().embed_passages(passages)

    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(BATCH_PASSAGES + 1):
        (folder / f"{number:03}.txt").write_text(f"Entry {number}." if number < BATCH_PASSAGES else "The last entry.")
    assert run(settings, folder, embedder=Waits()).embedded == BATCH_PASSAGES + 1


def test_a_batch_that_cannot_be_embedded_ends_the_run_and_the_next_goes_on(settings: Settings, tmp_path: Path) -> None:
    class Fails(HashEmbedder):
        def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
            if any("Entry 200." in passage.text for passage in passages):
                raise ModelError("no memory")
            return super().embed_passages(passages)

    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(3 * BATCH_PASSAGES):
        (folder / f"{number:03}.txt").write_text(f"Entry {number}.")
    with opened(settings) as index, pytest.raises(ModelError, match="no memory"):
        sync([folder], index, Fails(), settings)
    with opened(settings) as index:
        assert len(index.documents()) == BATCH_PASSAGES
    assert len(run(settings, folder).added) == 2 * BATCH_PASSAGES


def test_only_what_lies_under_the_given_paths_is_removed(settings: Settings, library: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text("Other.")
    run(settings, library, other)
    (library / "a.txt").unlink()
    (other / "x.txt").unlink()
    assert run(settings, other, prune=True).removed == ["other/x.txt"]
    below = run(settings, library / "sub")
    assert (below.removed, below.added, below.unchanged) == ([], [], ["library/sub/b.md"])
    assert run(settings, library).removed == ["library/a.txt"]


def test_a_file_that_cannot_be_read_leaves_the_rest_and_what_the_index_has_of_it(
    settings: Settings, library: Path
) -> None:
    run(settings, library)
    (library / "a.txt").write_bytes(b"\x7fELF\x00\x00\x01")
    (library / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    (library / "picture.png").write_bytes(b"\x89PNG")
    (library / "c.txt").write_text("New here.")
    summary = run(settings, library)
    assert summary.added == ["library/c.txt"]
    assert sorted(failure.document_id for failure in summary.failed) == ["library/a.txt", "library/broken.pdf"]
    assert all("\n" not in failure.message for failure in summary.failed)
    assert [item.path.name for item in summary.skipped] == ["picture.png"]
    with opened(settings) as index:
        assert index.document("library/a.txt").text.startswith("Ada built the mill.")


def test_files_with_hidden_text_are_read_again_for_the_option_that_reads_it(settings: Settings, library: Path) -> None:
    (library / "c.html").write_text("<p>It turns.</p><p style='display:none'>The code word is wheat.</p>")
    run(settings, library)
    assert find_changes([library], _files(settings)).changed == []
    change = find_changes([library], _files(settings), options=ReadOptions(include_hidden=True))
    assert ([found.document_id for found in change.changed], change.reread) == (["library/c.html"], ["library/c.html"])

    def read(files: Iterable[Found]) -> Iterator[tuple[Found, Document | DocumentError]]:
        for found in files:
            yield found, read_document(found.path, found.document_id, options=ReadOptions(include_hidden=True))

    with opened(settings) as index:
        carry_out(change, index, Here(HashEmbedder(), 40, read))
        assert index.document("library/c.html").text == "It turns.\n\nThe code word is wheat."
    assert find_changes([library], _files(settings), options=ReadOptions(include_hidden=True)).changed == []
    assert run(settings, library).reread == ["library/c.html"]
    with opened(settings) as index:
        document = index.document("library/c.html")
        assert document.text == "It turns."
        assert document.notes == ("23 characters of hidden text; rag index --include-hidden reads it",)


def test_a_run_with_options_compares_and_reads_with_them(settings: Settings, library: Path) -> None:
    (library / "c.html").write_text("<p>It turns.</p><p style='display:none'>The code word is wheat.</p>")
    run(settings, library)
    wanted = (ReadOptions(include_hidden=True), "It turns.\n\nThe code word is wheat.")
    for options, text in (wanted, (ReadOptions(), "It turns.")):
        with opened(settings) as index:
            assert sync([library], index, HashEmbedder(), settings, options=options).reread == ["library/c.html"]
            assert index.document("library/c.html").text == text
            assert sync([library], index, HashEmbedder(), settings, options=options).replaced == []


def test_what_a_reader_left_out_is_in_the_summary_and_in_the_log(
    settings: Settings, library: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def read(files: Iterable[Found]) -> Iterator[tuple[Found, Document | DocumentError]]:
        for found, document in read_here(files):
            assert isinstance(document, Document)
            left_out = ("page 2 was not read",) if found.document_id == "library/a.txt" else ()
            yield found, replace(document, notes=left_out)

    with caplog.at_level("INFO", logger="rag.ingest.run"):
        summary = run(settings, library, read=read)
    source = str(library / "a.txt")
    assert summary.notes == [Note("library/a.txt", f"{source}: page 2 was not read")]
    assert caplog.messages == [f"{source}: page 2 was not read"]


def test_two_writers_at_once_and_a_path_that_is_not_there(settings: Settings, library: Path) -> None:
    with opened(settings), pytest.raises(IndexBusy):
        opened(settings)
    with pytest.raises(InputError, match="absent"):
        run(settings, library / "absent")


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tests.fakes import HashEmbedder
from rag.background import Run
from rag.ingest.run import sync
from rag.settings import load_settings
from rag.stores.open import open_index
settings = load_settings(indexes_dir=Path(sys.argv[2]), index="t", passage_tokens=40)
with open_index(settings, HashEmbedder(), create=True) as index:
    print("open", flush=True)
    watched = Run(lambda done, total, name: print(done, flush=True))
    sync([Path(sys.argv[3])], index, HashEmbedder(), settings, run=watched)
"""


def test_a_kill_at_any_moment_leaves_an_index_that_the_next_run_completes(settings: Settings, tmp_path: Path) -> None:
    library = tmp_path / "many"
    library.mkdir()
    for number in range(400):
        (library / f"{number}.txt").write_text(f"Entry {number} was written by clerk {number * 7}. " * 12)
    draw = random.Random(11)
    script = [
        sys.executable,
        "-c",
        WRITER,
        str(Path(__file__).parent.parent.parent),
        str(settings.indexes_dir),
        str(library),
    ]
    seen: list[int] = []
    for _ in range(8):
        writer = subprocess.Popen(script, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(draw.randrange(150)):
            writer.stdout.readline()
        time.sleep(draw.uniform(0, 0.02))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        with opened(settings) as index:
            assert index.verify() == []
            seen.append(len(index.documents()))
    assert seen == sorted(seen)
    assert seen[-1] > 0
    run(settings, library)
    with opened(settings) as index:
        assert len(index.documents()) == 400
        assert {info.passages for info in index.documents()} == {len(index_passages(index, "many/7.txt"))}


def index_passages(index: LocalIndex, document_id: str) -> list[str]:
    with index.snapshot() as snapshot:
        rows = [scored.row for scored in snapshot.dense(HashEmbedder().embed_query("entry"), 10_000)]
        return [s.passage.text for s in snapshot.fetch(rows) if s.passage.document_id == document_id]
