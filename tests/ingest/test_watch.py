"""A watched folder: each burst of changes is one signal."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from rag.ingest import watch
from rag.ingest.watch import changes


def test_changes_below_a_folder_are_signalled(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "indexes").mkdir()
    seen: list[float] = []
    began = threading.Event()

    def follow() -> None:
        signals = changes([tmp_path], tmp_path / "indexes")
        began.set()
        for _ in signals:
            seen.append(time.monotonic())
            if len(seen) == 2:
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    began.wait()
    time.sleep(0.5)
    for number in range(5):
        (tmp_path / "sub" / f"{number}.txt").write_text("one burst")
    deadline = time.monotonic() + 20
    while len(seen) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(seen) == 1
    for number in range(30):
        (tmp_path / "indexes" / "catalogue.sqlite").write_text(f"{number}")
        time.sleep(0.1)
    time.sleep(2.5)
    assert len(seen) == 1
    (tmp_path / "sub" / "0.txt").unlink()
    thread.join(20)
    assert len(seen) == 2


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> Iterator[Callable[[int], bool]]:
    """Yields a function that waits until there were so many signals; False if there were others, or none."""
    monkeypatch.setattr(watch, "_LOOK_AT_ROOTS_MS", 300)
    monkeypatch.setattr(watch, "_QUIET_MS", 200)
    monkeypatch.setattr(watch, "_GONE_S", 0.05)
    seen: list[float] = []

    def follow() -> None:
        for _ in changes(paths, paths[0].parent / "indexes"):
            seen.append(time.monotonic())

    threading.Thread(target=follow, daemon=True).start()
    time.sleep(0.6)

    def signals(number: int) -> bool:
        deadline = time.monotonic() + 10
        while len(seen) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.6)
        return len(seen) == number

    yield signals


def test_each_save_of_a_file_given_by_name_is_signalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    with watching(monkeypatch, file) as signals:
        for number in range(1, 4):
            (tmp_path / ".a.txt.tmp12").write_text(f"save {number}")
            os.replace(tmp_path / ".a.txt.tmp12", file)
            assert signals(number)
        (tmp_path / "other.txt").write_text("of somebody else")
        assert signals(3)
        (tmp_path / ".a.txt.metadata.json").write_text("{}")
        assert signals(4)


def test_a_folder_that_was_exchanged_is_followed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "notes"
    root.mkdir()
    with watching(monkeypatch, root) as signals:
        root.rename(tmp_path / "away")
        (tmp_path / "fresh").mkdir()
        (tmp_path / "fresh").rename(root)
        assert signals(2)  # one for the exchange, one for what may have changed before the new folder was watched
        (root / "a.txt").write_text("one")
        assert signals(3)
        shutil.rmtree(root)
        assert signals(4)
        root.mkdir()
        (root / "b.txt").write_text("two")
        assert signals(5)


def test_beside_a_file_given_by_name_nothing_deeper_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a folder given as well, that is watched with all that is in it."""
    monkeypatch.setattr(watch, "_IN_TURN_MS", 100)
    (tmp_path / "home" / "deep").mkdir(parents=True)
    (tmp_path / "notes" / "sub").mkdir(parents=True)
    file = tmp_path / "home" / "a.txt"
    file.write_text("one")
    watched: list[tuple[set[Path], bool]] = []
    real = watchfiles.watch

    def noted(*which: Path, recursive: bool, **more: Any) -> Any:
        watched.append((set(which), recursive))
        return real(*which, recursive=recursive, **more)

    monkeypatch.setattr(watchfiles, "watch", noted)
    with watching(monkeypatch, file, tmp_path / "notes") as signals:
        assert watched == [({tmp_path / "notes"}, True), ({tmp_path / "home"}, False)]
        (tmp_path / "home" / "deep" / "b.txt").write_text("deeper")
        file.write_text("two")
        assert signals(1)
        (tmp_path / "notes" / "sub" / "c.txt").write_text("three")
        assert signals(2)


def test_the_file_behind_a_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of links in a folder, of a file given by name, and of links that are changed."""
    monkeypatch.setattr(watch, "_IN_TURN_MS", 100)
    (tmp_path / "notes").mkdir()
    (tmp_path / "far").mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / "far" / name).write_text("one")
    (tmp_path / "notes" / "a.txt").symlink_to(tmp_path / "far" / "a.txt")
    (tmp_path / "given.txt").symlink_to(tmp_path / "far" / "b.txt")
    with watching(monkeypatch, tmp_path / "notes", tmp_path / "given.txt") as signals:
        (tmp_path / "far" / "fresh").write_text("two")
        os.replace(tmp_path / "far" / "fresh", tmp_path / "far" / "a.txt")
        assert signals(1)
        (tmp_path / "far" / "b.txt").write_text("two")
        assert signals(2)
        (tmp_path / "far" / "c.txt").write_text("two")  # to which no link leads
        assert signals(2)
        (tmp_path / "fresh").symlink_to(tmp_path / "far" / "c.txt")
        os.replace(tmp_path / "fresh", tmp_path / "given.txt")
        assert signals(4)  # one for the link, one for what may have changed before the new file was watched
        (tmp_path / "far" / "c.txt").write_text("three")
        assert signals(5)
        (tmp_path / "notes" / "b.txt").symlink_to(tmp_path / "far" / "b.txt")
        assert signals(7)
        (tmp_path / "far" / "b.txt").write_text("three")
        assert signals(8)


def test_what_could_not_be_taken_in_is_signalled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_LOOK_AT_ROOTS_MS", 100)
    monkeypatch.setattr(watch, "_QUIET_MS", 100)
    monkeypatch.setattr(watch, "_PENDING_S", 0.3)
    pending, seen = threading.Event(), 0

    def follow() -> None:
        nonlocal seen
        for _ in changes([tmp_path], tmp_path / "indexes", is_pending=pending.is_set):
            seen += 1
            (pending.clear if seen == 3 else pending.set)()

    threading.Thread(target=follow, daemon=True).start()
    time.sleep(0.5)
    (tmp_path / "a.txt").write_text("one")
    time.sleep(3)
    assert seen == 3


def test_where_no_more_folders_are_followed_all_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It was a traceback."""
    monkeypatch.setattr(watch, "_POLL_MS", 200)
    real = watchfiles.watch

    def limited(*which: Path, force_polling: bool | None, **more: Any) -> Any:
        if not force_polling:
            raise OSError("OS file watch limit reached. about ['/home/ann/notes/b']")
        return real(*which, force_polling=True, **more)

    monkeypatch.setattr(watchfiles, "watch", limited)
    (tmp_path / "notes").mkdir()
    with watching(monkeypatch, tmp_path / "notes") as signals:
        (tmp_path / "notes" / "a.txt").write_text("one")
        assert signals(1)
    assert caplog.messages == [
        "rag: looking at all files every 0.2 s, since they cannot be followed: OS file watch limit reached"
    ]
