"""Each file is one document, whatever its names; no document's id is taken by another file that is there."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from rag.index.schema import CATALOGUE_FILE
from rag.ingest.changes import find_changes
from rag.ingest.naming import Renamed
from rag.settings import Settings
from tests.ingest.test_vanished import documents, opened, run, write


def texts(settings: Settings) -> dict[str, str]:
    with opened(settings) as index:
        return {info.id: index.document(info.id).text for info in index.documents()}


def ids(settings: Settings) -> list[str]:
    return sorted(documents(settings))


def test_a_link_and_its_file_are_one_document_which_follows_the_file(settings: Settings, folder: Path) -> None:
    write(folder, "z.txt")
    (folder / "a.txt").symlink_to(folder / "z.txt")
    run(settings, folder)
    assert ids(settings) == ["notes/z.txt"]
    (folder / "z.txt").write_text("The note is another one.")
    assert run(settings, folder).replaced == ["notes/z.txt"]
    assert texts(settings) == {"notes/z.txt": "The note is another one."}
    (folder / "a.txt").unlink()
    assert (run(settings, folder).removed, ids(settings)) == ([], ["notes/z.txt"])


def test_a_link_out_of_the_folder_goes_with_the_link_until_its_file_is_indexed_itself(
    settings: Settings, folder: Path, tmp_path: Path
) -> None:
    write(tmp_path / "far", "z.txt")
    write(folder, "b.txt")
    link = folder / "a.txt"
    link.symlink_to(tmp_path / "far" / "z.txt")
    run(settings, folder)
    assert ids(settings) == ["notes/a.txt", "notes/b.txt"]
    link.unlink()
    assert run(settings, folder).removed == ["notes/a.txt"]
    link.symlink_to(tmp_path / "far" / "z.txt")
    run(settings, folder)
    run(settings, tmp_path / "far")
    link.unlink()
    assert (run(settings, folder).removed, ids(settings)) == ([], ["notes/a.txt", "notes/b.txt"])
    (tmp_path / "far" / "z.txt").unlink()
    assert run(settings, tmp_path / "far", prune=True).removed == ["notes/a.txt"]


def test_a_link_that_leads_elsewhere_now_is_the_same_document(settings: Settings, folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "far", "y.txt", "z.txt")
    write(folder, "b.txt")
    for name in ("y", "z"):
        (folder / "a.txt").unlink(missing_ok=True)
        (folder / "a.txt").symlink_to(tmp_path / "far" / f"{name}.txt")
        run(settings, folder)
        assert texts(settings)["notes/a.txt"] == f"The note {name}.txt is about pumps."
        assert ids(settings) == ["notes/a.txt", "notes/b.txt"]


def test_links_that_lead_to_themselves_are_named_and_stop_nothing(settings: Settings, folder: Path) -> None:
    write(folder, "a.txt")
    (folder / "b.txt").symlink_to(folder / "b.txt")
    (folder / "c.txt").symlink_to(folder / "d.txt")
    (folder / "d.txt").symlink_to(folder / "c.txt")
    summary = run(settings, folder)
    assert (summary.added, [item.path.name for item in summary.skipped]) == (
        ["notes/a.txt"], ["b.txt", "c.txt", "d.txt"],
    )  # fmt: skip


def test_paths_that_overlap_are_one_document(settings: Settings, folder: Path) -> None:
    write(folder, "sub/a.txt")
    run(settings, folder / "sub" / "a.txt")
    run(settings, folder, folder / "sub")
    run(settings, folder / "sub", folder / "sub" / "a.txt")
    (folder / "alias").symlink_to(folder / "sub")
    run(settings, folder / "alias")
    assert ids(settings) == ["a.txt"]
    write(folder, "sub/b.txt")
    run(settings, folder / "sub", folder)
    assert len(ids(settings)) == 2


def test_folders_of_one_name_keep_their_documents_apart(settings: Settings, tmp_path: Path) -> None:
    first, second, third = (tmp_path / name / "docs" for name in "xyz")
    for number, root in enumerate((first, second, third)):
        write(root, "a.txt", f"only{number}.txt")
        (root / "a.txt").write_text(f"It is of {number}.")
    run(settings, first)
    summary = run(settings, second, third)
    assert summary.renamed == [Renamed(str(second), "docs (2)"), Renamed(str(third), "docs (3)")]
    expected = {"docs/a.txt": "0", "docs (2)/a.txt": "1", "docs (3)/a.txt": "2"}
    for root in (first, second, third, first):
        summary = run(settings, root)
        assert (summary.added, summary.replaced, summary.renamed) == ([], [], [])
        assert {name: text[-2] for name, text in texts(settings).items() if "only" not in name} == expected
    write(second, "new.txt")
    assert run(settings, first, second).added == ["docs (2)/new.txt"]
    (second / "a.txt").unlink()
    assert run(settings, second).removed == ["docs (2)/a.txt"]


def test_files_of_one_name_given_by_themselves_are_two_documents(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path, "x/a.txt", "y/a.txt")
    assert run(settings, tmp_path / "x" / "a.txt").added == ["a.txt"]
    assert run(settings, tmp_path / "y" / "a.txt").renamed == [Renamed(str(tmp_path / "y" / "a.txt"), "a (2).txt")]
    assert ids(settings) == ["a (2).txt", "a.txt"]


@pytest.mark.parametrize("how", ["moved", "renamed", "copied and deleted"])
def test_a_folder_that_is_elsewhere_now_keeps_its_ids(settings: Settings, tmp_path: Path, how: str) -> None:
    write(tmp_path / "x" / "docs", "a.txt", "sub/b.txt")
    run(settings, tmp_path / "x" / "docs")
    there = tmp_path / ("papers" if how == "renamed" else "y/docs")
    there.parent.mkdir(exist_ok=True)
    if how == "copied and deleted":
        shutil.copytree(tmp_path / "x" / "docs", there)
        shutil.rmtree(tmp_path / "x")
    else:
        (tmp_path / "x" / "docs").rename(there)
    for _ in range(2):
        assert run(settings, there).renamed == []
        assert ids(settings) == ["docs/a.txt", "docs/sub/b.txt"]
    write(there, "c.txt")
    (there / "a.txt").unlink()
    summary = run(settings, there)
    assert (summary.added, summary.removed) == (["docs/c.txt"], ["docs/a.txt"])


def test_a_folder_named_uploads_is_not_that_of_uploads(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "uploads", "a.txt")
    assert run(settings, tmp_path / "uploads").added == ["uploads (2)/a.txt"]
    place = settings.indexes_dir / "t" / "uploads"
    write(place, "a.txt")
    assert run(settings, place).added == ["uploads/a.txt"]
    assert run(settings, tmp_path / "uploads").unchanged == ["uploads (2)/a.txt"]


def test_names_that_differ_in_case_or_form_are_two_documents(settings: Settings, folder: Path) -> None:
    write(folder, "A.txt", "a.txt", "caf\u00e9.txt", "cafe\u0301.txt")
    for _ in range(2):
        run(settings, folder)
        assert len(set(texts(settings).values())) == 4


def test_hard_links_are_documents_of_their_own_and_both_follow_the_file(settings: Settings, folder: Path) -> None:
    write(folder, "a.txt")
    os.link(folder / "a.txt", folder / "b.txt")
    run(settings, folder)
    (folder / "b.txt").write_text("The note is another one.")
    run(settings, folder)
    assert texts(settings) == dict.fromkeys(("notes/a.txt", "notes/b.txt"), "The note is another one.")
    (folder / "a.txt").unlink()
    run(settings, folder)
    assert ids(settings) == ["notes/b.txt"]


def test_an_index_of_an_earlier_version_is_taken_over(settings: Settings, folder: Path) -> None:
    """It has neither the tables nor the marks, and two documents of one file, one of them frozen."""
    write(folder, "z.txt", "b.txt", "gone.txt")
    run(settings, folder)
    file = settings.indexes_dir / "t" / CATALOGUE_FILE
    with sqlite3.connect(file) as connection:
        connection.executescript("DROP TABLE sources; DROP TABLE failures;")
        row = connection.execute("SELECT * FROM versions WHERE document = 'notes/z.txt'").fetchone()
        connection.execute(f"INSERT INTO versions VALUES ({', '.join('?' * len(row))})", (99, "notes/a.txt", *row[2:]))
        connection.execute("UPDATE versions SET passages = 0 WHERE version = 99")
        connection.execute("INSERT INTO texts VALUES (99, 'old text', '[]', '[]')")
    connection.close()
    (folder / "a.txt").symlink_to(folder / "z.txt")
    (folder / "gone.txt").unlink()
    with opened(settings) as index:
        assert len(index.files()) == 4
        change = find_changes([folder], index.files())
        assert [found.document_id for found in change.touched] == ["notes/b.txt", "notes/z.txt"]
    assert sorted(run(settings, folder).removed) == ["notes/a.txt", "notes/gone.txt"]
    assert (ids(settings), run(settings, folder).replaced) == (["notes/b.txt", "notes/z.txt"], [])
    with opened(settings) as index:
        assert index.verify() == []
        assert find_changes([folder], index.files()).touched == []


def test_a_file_that_cannot_be_read_keeps_its_id(settings: Settings, tmp_path: Path) -> None:
    """It had a document before, and may have one again: meanwhile the id is no other file's."""
    one, two = tmp_path / "one" / "docs", tmp_path / "two" / "docs"
    write(one, "a.txt")
    write(two, "a.txt")
    run(settings, one, two)
    (two / "a.txt").write_bytes(b" ")  # there is nothing in it
    run(settings, one, two, prune=True)
    assert ids(settings) == ["docs/a.txt"]
    (one / "a.txt").rename(two / "b.txt")
    run(settings, one, two)
    assert ids(settings) == ["docs (2)/b.txt"]
    write(one, "a.txt")
    run(settings, one, two)
    write(two, "a.txt")
    run(settings, one, two)
    assert ids(settings) == ["docs (2)/a.txt", "docs (2)/b.txt", "docs/a.txt"]
    with opened(settings) as index:
        assert index.document("docs/a.txt").source == str((one / "a.txt").resolve())


def test_metadata_of_a_file_are_those_of_its_real_place_also_if_only_a_link_to_it_is_given(
    settings: Settings, tmp_path: Path
) -> None:
    """Each run over the other folder read it anew, with other metadata."""
    write(tmp_path / "real", "a.txt")
    (tmp_path / "real" / ".a.txt.metadata.json").write_text('{"team": "real"}')
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "b.txt").symlink_to(tmp_path / "real" / "a.txt")
    (tmp_path / "links" / ".b.txt.metadata.json").write_text('{"team": "link"}')

    def team() -> str:
        with opened(settings) as index:
            (info,) = index.documents()
            return info.metadata["team"]

    run(settings, tmp_path / "links")
    assert team() == "link"
    run(settings, tmp_path / "links", tmp_path / "real")
    assert team() == "real"
    for folder in ("links", "real", "links"):
        done = run(settings, tmp_path / folder)
        assert (done.replaced, done.unchanged, team()) == ([], ["links/b.txt"], "real")


def test_a_moved_folder_is_known_by_the_files_that_are_as_they_were_or_were_changed_in_place(
    settings: Settings, tmp_path: Path
) -> None:
    """Of a long folder only the first files were looked at, and one of which these were changed was a new one."""
    folder = tmp_path / "docs"
    write(folder, *(f"{number:02}.txt" for number in range(60)))
    run(settings, folder)
    folder.rename(tmp_path / "papers")
    for number in range(55):
        (tmp_path / "papers" / f"{number:02}.txt").unlink()
        (tmp_path / "papers" / f"{number:02}.txt").write_text(f"Changed to {number}.")
    done = run(settings, tmp_path / "papers")
    assert (len(done.replaced), done.added, done.renamed) == (60, [], [])
    (tmp_path / "papers").rename(folder)
    for number in range(60):
        (folder / f"{number:02}.txt").write_text(f"Changed again to {number}.")
    done = run(settings, folder)
    assert (len(done.replaced), done.added, done.renamed) == (60, [], [])
