"""What is not found is not always gone: a folder that came up empty, a drive that is not there, a file out of reach."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rag.documents.discover import Found, UnreachableFile
from rag.documents.options import ReadOptions
from rag.index.local import LocalIndex
from rag.ingest import vanished as vanishing
from rag.ingest.changes import find_changes
from rag.ingest.dating import dated
from rag.ingest.prepare import Here, read_here
from rag.ingest.run import Summary, carry_out
from rag.ingest.vanished import Held, Walked, vanished
from rag.settings import Settings
from rag.stores.open import open_index
from rag.types import FileState, Stamp
from tests.fakes import HashEmbedder


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"The note {name} is about pumps.")


def opened(settings: Settings) -> LocalIndex:
    index = open_index(settings, HashEmbedder(), create=True)
    assert isinstance(index, LocalIndex)
    return index


def run(settings: Settings, *paths: Path, prune: bool = False, exclude: tuple[str, ...] = ()) -> Summary:
    with opened(settings) as index:
        change = find_changes(
            paths, index.files(), settings.indexes_dir, ReadOptions(), index.failures(), exclude, prune=prune
        )
        return carry_out(change, index, Here(HashEmbedder(), settings.passage_tokens, read_here))


def documents(settings: Settings) -> dict[str, bool]:
    """Tells of each document if it is stale."""
    with opened(settings) as index:
        return {info.id: info.stale for info in index.documents()}


def test_of_a_folder_that_came_up_empty_nothing_is_removed_unless_that_is_wanted(
    settings: Settings, folder: Path
) -> None:
    write(folder, "1.txt", "2.txt", "3.txt")
    run(settings, folder)
    shutil.rmtree(folder)
    folder.mkdir()
    for _ in range(2):
        summary = run(settings, folder)
        assert (summary.removed, summary.held) == ([], [Held(str(folder), 3, 3)])
        assert documents(settings) == {"notes/1.txt": True, "notes/2.txt": True, "notes/3.txt": True}
    write(folder, "1.txt")
    assert run(settings, folder).removed == ["notes/2.txt", "notes/3.txt"]  # two of three are not all
    assert documents(settings) == {"notes/1.txt": False}
    (folder / "1.txt").unlink()
    assert run(settings, folder, prune=True).removed == ["notes/1.txt"]


@pytest.mark.parametrize(
    ("there", "gone", "held"), [(9, 8, False), (9, 9, True), (10, 5, False), (10, 6, True), (20, 10, False)]
)
def test_more_than_half_of_ten_or_more_is_asked_about(
    settings: Settings, folder: Path, there: int, gone: int, held: bool
) -> None:
    write(folder, *(f"{number}.txt" for number in range(there)))
    run(settings, folder)
    for number in range(gone):
        (folder / f"{number}.txt").unlink()
    summary = run(settings, folder)
    assert (len(summary.removed), summary.held) == ((0, [Held(str(folder), gone, there)]) if held else (gone, []))
    assert len(documents(settings)) == there - len(summary.removed)


def test_each_path_is_asked_about_by_itself_and_new_files_are_taken_in_all_the_same(
    settings: Settings, folder: Path, tmp_path: Path
) -> None:
    write(folder, *(f"{number}.txt" for number in range(9)))
    write(tmp_path / "usb", "a.txt")
    run(settings, folder, tmp_path / "usb")
    (tmp_path / "usb" / "a.txt").unlink()
    (folder / "0.txt").unlink()
    write(folder, "new.txt")
    summary = run(settings, folder, tmp_path / "usb")
    assert (summary.added, summary.removed) == (["notes/new.txt"], ["notes/0.txt"])
    assert summary.held == [Held(str(tmp_path / "usb"), 1, 1)]


def test_files_that_moved_are_not_lost(settings: Settings, folder: Path) -> None:
    write(folder, *(f"a/{number}.txt" for number in range(12)))
    run(settings, folder)
    (folder / "a").rename(folder / "b")
    summary = run(settings, folder)
    assert (len(summary.added), len(summary.removed), len(summary.moved), summary.held) == (12, 12, 12, [])
    shutil.copytree(folder / "b", folder / "c")  # other numbers on the drive, the same bytes
    shutil.rmtree(folder / "b")
    summary = run(settings, folder)
    assert (len(summary.removed), len(summary.moved), summary.held) == (12, 12, [])


def test_what_is_to_be_left_out_goes_unasked(settings: Settings, folder: Path) -> None:
    write(folder, "1.txt", "2.txt", "node_modules/x.txt")
    (folder / ".ragignore").write_text("!node_modules/")
    run(settings, folder)
    summary = run(settings, folder, exclude=("*.txt",))
    assert (summary.removed, summary.held) == (["notes/1.txt", "notes/2.txt", "notes/node_modules/x.txt"], [])


def test_a_file_on_a_drive_that_is_not_there_is_kept(folder: Path) -> None:
    """The folder below which it lay is there, and lies on another drive than the file did."""
    write(folder, "a.txt", "usb/b.txt")
    drive = folder.stat().st_dev
    known = {
        f"notes/{name}": FileState("0", Stamp(1, 1, device=device), str(folder / name))
        for name, device in (("usb/b.txt", drive + 1), ("usb/c.txt", drive), ("gone.txt", drive), ("a.txt", drive))
    }
    (folder / "usb" / "b.txt").unlink()
    found = Found(str(folder / "a.txt"), "notes/a.txt", str(folder / "a.txt"))
    walked = Walked([folder], [found], [], [])
    gone = vanished(walked, known, {})
    away = ["notes/usb/b.txt"]
    assert gone == (["notes/gone.txt", "notes/usb/c.txt"], [Held(str(folder), 1, 4)], away, away)
    restarted = {name: state._replace(stamp=state.stamp._replace(device=77)) for name, state in known.items()}
    again = vanished(walked, restarted, {"notes/a.txt": Stamp(1, 1, device=drive)}, prune=False)
    assert again == (["notes/gone.txt", "notes/usb/b.txt", "notes/usb/c.txt"], [], [], [])


def test_a_link_that_was_deleted_is_gone_although_its_file_lies_on_another_drive(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another drive is simulated: all below `usb` has another number."""
    usb = folder.parent / "usb"
    write(usb, "far.txt")
    write(folder, "a.txt", "b.txt", "c.txt")
    (folder / "near.txt").symlink_to(usb / "far.txt")
    run(settings, folder)
    with opened(settings) as index:
        known = index.files()
    (state,) = (state for state in known.values() if state.source == str(usb / "far.txt"))
    here = folder.stat().st_dev
    number = here + 1
    known["notes/near.txt"] = state._replace(stamp=state.stamp._replace(device=number))
    monkeypatch.setattr(vanishing, "drive_of", lambda file: number if str(usb) in file else here)
    (folder / "near.txt").unlink()
    seen = [Found(str(folder / name), f"notes/{name}", str(folder / name)) for name in ("a.txt", "b.txt", "c.txt")]
    assert vanished(Walked([folder], seen, [], []), known, {}).vanished == ["notes/near.txt"]
    monkeypatch.setattr(vanishing, "drive_of", lambda file: here)  # the drive is not there either
    assert vanished(Walked([folder], seen, [], []), known, {}).kept == ["notes/near.txt"]


def test_what_was_agreed_to_goes_and_nothing_else(settings: Settings, folder: Path) -> None:
    """While somebody thought, another file came back, and another one vanished."""
    write(folder, *(f"{number}.txt" for number in range(10)))
    run(settings, folder)
    for number in range(6):
        (folder / f"{number}.txt").unlink()
    with opened(settings) as index:
        shown = find_changes([folder], index.files()).kept
    assert shown == [f"notes/{number}.txt" for number in range(6)]
    (folder / "9.txt").unlink()
    write(folder, "0.txt")
    with opened(settings) as index:
        change = find_changes([folder], index.files(), prune=shown)
    assert change.vanished == [f"notes/{number}.txt" for number in range(1, 6)]
    assert (change.kept, change.held) == (["notes/9.txt"], [Held(str(folder), 1, 10)])


@pytest.mark.parametrize("part", ["sub/b.txt", "sub"])
def test_what_cannot_be_looked_at_stays_and_is_stale_until_it_is_read_again(
    settings: Settings, folder: Path, part: str
) -> None:
    write(folder, "a.txt", "sub/b.txt", "sub/c.txt")
    run(settings, folder)
    with opened(settings) as index:
        known = index.files()
        closed = UnreachableFile(folder / part, "cannot be reached: Input/output error")
        seen = [Found(str(folder / "a.txt"), "notes/a.txt", str(folder / "a.txt"))]
        gone = vanishing.vanished(Walked([folder], seen, [closed], []), known, {})
        out_of_reach = ["notes/sub/b.txt"] if part == "sub/b.txt" else ["notes/sub/b.txt", "notes/sub/c.txt"]
        assert gone.stale == out_of_reach
        assert gone.vanished == ([] if part == "sub" else ["notes/sub/c.txt"])
        index.mark_stale(gone.stale)
        assert [info.id for info in index.documents() if info.stale] == out_of_reach
        with index.snapshot() as snapshot:
            origins = snapshot.origins(known)
        assert [name for name in sorted(origins) if dated(name, origins[name]).stale] == out_of_reach
    assert run(settings, folder).unchanged
    assert not any(documents(settings).values())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_for_a_while_stays(settings: Settings, folder: Path) -> None:
    write(folder, "a.txt", "b.txt")
    run(settings, folder)
    (folder / "a.txt").chmod(0)
    summary = run(settings, folder)
    assert (summary.removed, summary.stale) == ([], ["notes/a.txt"])
    (folder / "a.txt").chmod(0o600)
    run(settings, folder)
    assert documents(settings) == {"notes/a.txt": False, "notes/b.txt": False}


def test_a_file_that_is_emptied_goes_and_one_that_is_cut_short_to_nothing_stays(
    settings: Settings, folder: Path
) -> None:
    write(folder, "a.txt", "b.txt", "c.txt")
    run(settings, folder)
    (folder / "a.txt").write_bytes(b"")
    (folder / "b.txt").write_bytes(b" \n")
    summary = run(settings, folder)
    assert (sorted(summary.removed), summary.failed) == (["notes/a.txt", "notes/b.txt"], [])
    assert {(item.path.name, item.reason) for item in summary.skipped} == {("a.txt", "is empty"), ("b.txt", "is empty")}
    again = run(settings, folder)
    assert (again.removed, len(again.skipped), again.failed_before) == ([], 2, [])


@pytest.mark.parametrize("content", [b"\x7fELF\x00\x00\x01", b" \n"])
@pytest.mark.parametrize("again", [False, True])
def test_a_document_whose_id_a_file_gets_that_cannot_be_read_goes_with_its_own_file(
    settings: Settings, tmp_path: Path, content: bytes, again: bool
) -> None:
    """It stayed with its old text, since a file of its id was there."""
    one, two = tmp_path / "one" / "docs", tmp_path / "two" / "docs"
    write(one, "a.txt")
    write(two, "a.txt")
    (two / "a.txt").write_bytes(content)
    if again:  # it failed before
        run(settings, one, two)
    else:
        run(settings, one)
    (one / "a.txt").rename(two / "b.txt")
    done = run(settings, one, two)
    added = "docs (2)/b.txt" if again else "docs/b.txt"  # of a folder whose name is known, though nothing of it is read
    assert (done.added, done.removed, done.held) == ([added], ["docs/a.txt"], [])
    assert documents(settings) == {added: False}


def test_where_much_is_missing_a_document_whose_id_another_file_gets_stays_until_that_is_read(
    settings: Settings, tmp_path: Path
) -> None:
    one, two = tmp_path / "one" / "docs", tmp_path / "two" / "docs"
    others = [f"{number}.txt" for number in range(9)]
    write(one, "a.txt", *others)
    run(settings, one)
    shutil.rmtree(one)
    one.mkdir()
    two.mkdir(parents=True)
    (two / "a.txt").write_bytes(b"\x7fELF\x00\x00\x01")
    done = run(settings, one, two)
    assert (done.removed, [held.path for held in done.held]) == ([], [str(one)])
    assert documents(settings) == dict.fromkeys([f"docs/{name}" for name in ["a.txt", *others]], True)
    (two / "a.txt").write_text("The new note.")
    run(settings, one, two)
    assert [name for name, stale in documents(settings).items() if not stale] == ["docs/a.txt"]
