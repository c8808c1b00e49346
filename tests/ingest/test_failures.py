"""Files that could not be read are named each time, and read again only if they, or the way to read them, changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from rag.background import Run
from rag.documents import versions
from rag.documents.discover import Found
from rag.documents.options import ReadOptions
from rag.documents.unpack import Result
from rag.errors import DocumentError
from rag.index.unread import unread
from rag.ingest import failures
from rag.ingest.changes import find_changes
from rag.ingest.prepare import Here, read_here
from rag.ingest.run import Summary, carry_out
from rag.settings import Settings
from rag.types import Embedding, Passage
from tests.documents.test_unpack import zipped
from tests.fakes import HashEmbedder
from tests.ingest.test_vanished import opened, write


def run(settings: Settings, folder: Path, options: ReadOptions = ReadOptions()) -> tuple[list[str], Summary]:  # noqa: B008
    """The files that were read, and the summary."""
    read: list[str] = []

    def reader(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        for found, result in read_here(files):
            read.append(found.document_id)
            yield found, result

    with opened(settings) as index:
        change = find_changes([folder], index.files(), None, options, index.failures())
        summary = carry_out(change, index, Here(HashEmbedder(), 40, reader))
        assert index.verify() == []
    return read, summary


def names(items: Iterable[object]) -> list[str]:
    return [str(getattr(item, "document_id")) for item in items]  # noqa: B009


@pytest.fixture
def broken(folder: Path) -> Path:
    write(folder, "a.txt")
    (folder / "b.pdf").write_bytes(b"%PDF-1.4 nothing more")
    (folder / "c.zip").write_bytes(zipped({"in.txt": "The wheel turns.", "in.pdf": "nothing"}))
    return folder


FAILED = ["notes/b.pdf", "notes/c.zip!/in.pdf"]


def test_what_failed_is_not_read_again_and_is_named_again(settings: Settings, broken: Path) -> None:
    _, first = run(settings, broken)
    assert (names(first.failed), first.failed_before) == (FAILED, [])
    for _ in range(2):
        read, again = run(settings, broken)
        assert (read, again.failed, names(again.failed_before)) == ([], [], FAILED)
        assert [failed.message for failed in again.failed_before] == [failure.message for failure in first.failed]
    assert again.unchanged == ["notes/a.txt", "notes/c.zip!/in.txt"]


def test_a_file_that_was_only_touched_is_not_read_again(settings: Settings, broken: Path) -> None:
    run(settings, broken)
    for name in ("b.pdf", "c.zip"):
        os.utime(broken / name, ns=(5, 5))
    for _ in range(2):
        read, again = run(settings, broken)
        assert (read, names(again.failed_before)) == ([], FAILED)
    with opened(settings) as index:
        assert {failed.stamp.mtime_ns for failed in index.failures()} == {5}


def test_what_changed_is_read_again_and_forgotten_if_it_can_be_read_or_is_gone(
    settings: Settings,
    broken: Path,
) -> None:
    run(settings, broken)
    (broken / "b.pdf").unlink()
    (broken / "c.zip").write_bytes(zipped({"in.txt": "The wheel turns."}))
    _, summary = run(settings, broken)
    assert (summary.failed, summary.failed_before, summary.unchanged) == (
        [],
        [],
        ["notes/a.txt", "notes/c.zip!/in.txt"],
    )
    with opened(settings) as index:
        assert index.failures() == []


def test_it_is_tried_again_with_another_reader_another_option_or_another_program(
    settings: Settings,
    broken: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(settings, broken)
    assert run(settings, broken, ReadOptions(ocr_languages=("deu",)))[1].failed_before == []
    assert run(settings, broken, ReadOptions(passwords=("secret",)))[1].failed_before == []
    run(settings, broken)
    monkeypatch.setattr(failures, "_programs", lambda: ("soffice",))
    assert run(settings, broken)[1].failed_before == []
    assert names(run(settings, broken)[1].failed_before) == FAILED
    monkeypatch.setattr(versions, "_VERSIONS", {**versions._VERSIONS, ".pdf": 99})
    assert run(settings, broken)[1].failed_before == []


def test_what_the_index_has_of_a_file_that_fails_now_stays_and_is_stale(
    settings: Settings,
    folder: Path,
) -> None:
    write(folder, "a.txt", "b.txt")
    run(settings, folder)
    (folder / "a.txt").write_bytes(b"\x7fELF\x00\x00\x01")
    for _ in range(2):
        run(settings, folder)
        with opened(settings) as index:
            assert {info.id: info.stale for info in index.documents()} == {"notes/a.txt": True, "notes/b.txt": False}
    write(folder, "a.txt")
    run(settings, folder)
    with opened(settings) as index:
        assert [info.stale for info in index.documents()] == [False, False]


@pytest.mark.parametrize(("content", "left"), [(b"\x7fELF\x00\x00\x01", [True, True]), (b" \n", [])])
def test_what_failed_in_a_run_that_was_killed_is_stale_or_gone_after_the_next(
    settings: Settings, folder: Path, content: bytes, left: list[bool]
) -> None:
    write(folder, "a.txt", "b.txt")
    run(settings, folder)
    for name in ("a.txt", "b.txt"):
        (folder / name).write_bytes(content)

    def dies(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        yield from read_here(list(files)[:1])
        raise KeyboardInterrupt

    with opened(settings) as index:
        change = find_changes([folder], index.files(), None, failures=index.failures())
        with pytest.raises(KeyboardInterrupt):
            carry_out(change, index, Here(HashEmbedder(), 40, dies))
    for _ in range(2):
        run(settings, folder)
        with opened(settings) as index:
            assert [info.stale for info in index.documents()] == left


def test_a_fault_of_the_program_is_tried_each_time(
    settings: Settings,
    broken: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from rag.documents import text

    def fails(*_: object) -> None:
        raise KeyError("nothing")

    monkeypatch.setattr(text, "parse", fails)
    for _ in range(2):
        assert "notes/a.txt" in names(run(settings, broken)[1].failed)
    assert told(settings)["notes/a.txt"].startswith("rag failed to read it (")


def told(settings: Settings) -> dict[str, str]:
    """The reasons that questions are told."""
    with opened(settings) as index:
        return {item.document_id: item.reason for item in unread(index.failures())}


def test_what_is_told_is_every_failure_until_the_file_is_read_or_gone(settings: Settings, broken: Path) -> None:
    (broken / "dangling.txt").symlink_to(broken / "nowhere")
    (broken / "secret.txt").write_text("The wheel turns.")
    (broken / ".secret.txt.metadata.json").write_text("[]")
    run(settings, broken)
    assert set(told(settings)) == {"notes/b.pdf", "notes/c.zip!/in.pdf", "notes/secret.txt"}
    run(settings, broken, ReadOptions(passwords=("word",)))
    assert set(told(settings)) == {"notes/b.pdf", "notes/c.zip!/in.pdf", "notes/secret.txt"}
    (broken / ".secret.txt.metadata.json").unlink()
    (broken / "b.pdf").unlink()
    run(settings, broken)
    assert list(told(settings)) == ["notes/c.zip!/in.pdf"]


class Refuses(HashEmbedder):
    def embed_passages(self, passages: Sequence[Passage]) -> list[Embedding]:
        raise DocumentError("a passage has no vector")


def test_a_document_that_cannot_be_put_in_is_told_of_and_tried_again(settings: Settings, broken: Path) -> None:
    for _ in range(2):
        with opened(settings) as index:
            change = find_changes([broken], index.files(), None, failures=index.failures())
            assert {"notes/a.txt", "notes/c.zip"} <= set(names(change.changed))
            carry_out(change, index, Here(Refuses(), 40, read_here))
        assert sorted(told(settings)) == ["notes/a.txt", *FAILED, "notes/c.zip!/in.txt"]
        assert told(settings)["notes/a.txt"] == "a passage has no vector"
    run(settings, broken)
    assert list(told(settings)) == FAILED


def test_failures_count_no_longer_if_files_are_left_out_or_elsewhere_gone(
    settings: Settings, broken: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(other, "x.txt")
    run(settings, broken)
    run(settings, other)
    assert set(told(settings)) == set(FAILED)
    (broken / "b.pdf").unlink()
    run(settings, other)
    assert list(told(settings)) == FAILED[1:]
    (broken / ".ragignore").write_text("*.zip\n")
    run(settings, broken)
    assert told(settings) == {}


def test_a_failure_is_over_if_the_file_is_again_as_the_index_has_it(settings: Settings, folder: Path) -> None:
    write(folder, "a.txt")
    run(settings, folder)
    os.rename(folder / "a.txt", folder.parent / "kept")
    (folder / "a.txt").write_bytes(b"\x7fELF\x00\x00\x01")
    run(settings, folder)
    assert list(told(settings)) == ["notes/a.txt"]
    os.replace(folder.parent / "kept", folder / "a.txt")
    for _ in range(2):
        run(settings, folder)
    assert told(settings) == {}


def test_a_run_that_is_stopped_forgets_nothing_that_it_did_not_reach(settings: Settings, broken: Path) -> None:
    run(settings, broken)
    with opened(settings) as index:
        options = ReadOptions(ocr_languages=("deu",))
        change = find_changes([broken], index.files(), None, options, index.failures())
        stopped = Run(stopped=lambda: True)
        summary = carry_out(change, index, Here(HashEmbedder(), 40, read_here), stopped)
        assert summary.left == 1
    assert set(told(settings)) == set(FAILED)
