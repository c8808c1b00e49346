"""`rag index` beside other processes, and with a person who is asked."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.cli import index as command
from rag.index import folders
from rag.index.local import LocalIndex
from rag.settings import Settings
from rag.stores import open as stores
from tests.cli.test_index import options_of
from tests.fakes import HashEmbedder


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(command, "_embedder", lambda settings: HashEmbedder())
    return Settings(indexes_dir=tmp_path / "indexes", index="t", passage_tokens=40, workers=1)


def run(settings: Settings, *paths: Path, **more: bool) -> int:
    options = options_of()
    options.paths = [str(path) for path in paths]
    return command.run(argparse.Namespace(**{**vars(options), **more}), settings)


def write(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(f"The note {name} is about pumps.")


def documents(settings: Settings) -> list[str]:
    with LocalIndex.open(settings.indexes_dir, "t") as index:
        return [info.id for info in index.documents()]


class Person(io.StringIO):
    """A terminal whose person does something before the answer."""

    def __init__(self, answer: str, does: Callable[[], object]) -> None:
        super().__init__(answer)
        self._does = does

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        self._does()
        return super().readline(-1)


@pytest.mark.parametrize("answer", ["y\n", "n\n", ""])
def test_while_a_person_thinks_others_write_and_only_what_was_shown_goes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    folder = tmp_path / "notes"
    write(folder, *(f"{number}.txt" for number in range(10)))
    assert run(settings, folder) == command.OK
    for number in range(6):
        (folder / f"{number}.txt").unlink()

    def think() -> None:
        with LocalIndex.open(settings.indexes_dir, "t", write=True):  # the index is free
            (folder / "9.txt").unlink()

    monkeypatch.setattr(command.sys, "stdin", Person(answer, think))  # type: ignore[attr-defined]
    monkeypatch.setattr(command.sys.stderr, "isatty", lambda: True)  # type: ignore[attr-defined]
    monkeypatch.setattr(command, "ProgressBar", lambda unit: Quiet())
    assert run(settings, folder) == command.SOME_FAILED  # 9.txt is missing, and was not shown
    kept = [f"notes/{number}.txt" for number in ((6, 7, 8, 9) if answer == "y\n" else range(10))]
    assert documents(settings) == kept


class Quiet:
    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def __call__(self, *arguments: object) -> None: ...


def test_of_two_first_runs_the_second_adds_to_the_first(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has walked its folder, which has the name of the other, before the first made the index."""
    for parent in ("x", "y"):
        write(tmp_path / parent / "docs", "a.txt")
    names: Iterator[list[str]] = iter([[], []])
    real = stores.list_indexes
    monkeypatch.setattr(stores, "list_indexes", lambda given: next(names, None) or [])
    assert run(settings, tmp_path / "x" / "docs") == command.OK
    assert run(settings, tmp_path / "y" / "docs") == command.OK
    assert real(settings) == ["t"]
    assert documents(settings) == ["docs (2)/a.txt", "docs/a.txt"]


def test_a_first_run_that_failed_leaves_nothing_unless_another_process_has_filled_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"\x7fELF\x00\x00\x01")
    assert run(settings, folder) == command.NOTHING_DONE
    assert list(settings.indexes_dir.iterdir()) == []
    write(tmp_path / "other", "b.txt")
    discard = folders.discard_if_empty

    def later(index: Path) -> None:
        monkeypatch.setattr(stores, "discard_if_empty", discard)
        assert run(settings, tmp_path / "other") == command.OK
        discard(index)

    monkeypatch.setattr(stores, "discard_if_empty", later)
    assert run(settings, folder) == command.NOTHING_DONE
    assert documents(settings) == ["other/b.txt"]
    with LocalIndex.open(settings.indexes_dir, "t", write=True):
        discard(settings.indexes_dir / "t")  # somebody writes
    assert documents(settings) == ["other/b.txt"]
