"""Folders that lead elsewhere than before: links that were changed, above what was given or at it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.ingest.changes import find_changes
from rag.ingest.roots import follow, followed, moved_roots
from rag.ingest.run import Summary, sync
from rag.settings import Settings
from rag.stores.open import open_index
from tests.fakes import HashEmbedder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(indexes_dir=tmp_path / "indexes", passage_tokens=40)


def run(settings: Settings, *paths: Path) -> Summary:
    embedder = HashEmbedder()
    with open_index(settings, embedder, create=True) as index:
        return sync(paths, index, embedder, settings)


def texts(settings: Settings) -> dict[str, str]:
    with open_index(settings, HashEmbedder()) as index:
        return {info.id: index.document(info.id).text for info in index.documents()}


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def lead(link: Path, place: Path) -> Path:
    fresh = link.with_name("fresh")
    fresh.symlink_to(place)
    os.replace(fresh, link)
    return link


@pytest.mark.parametrize("below", ["", "docs"])
def test_documents_follow_a_link_that_leads_elsewhere_now(tmp_path: Path, settings: Settings, below: str) -> None:
    """The documents of the place before stayed for ever, and those of the new one had other names."""
    write(tmp_path / "one" / below, a="first a", b="first b", same="same")
    write(tmp_path / "two" / below, a="second a", c="second c", same="same")
    given = lead(tmp_path / "now", tmp_path / "one") / below
    label = given.name
    run(settings, given)
    lead(tmp_path / "now", tmp_path / "two")
    with open_index(settings, None) as index:
        known = followed([given], index.files(), index.roots())
        assert find_changes([given], known, settings.indexes_dir).vanished == [f"{label}/b.txt"]
        assert (tmp_path / "one").resolve() in Path(
            index.files()[f"{label}/b.txt"].source
        ).parents  # nothing was changed
    done = run(settings, given)
    assert (done.added, done.removed, done.renamed) == ([f"{label}/c.txt"], [f"{label}/b.txt"], [])
    second = {f"{label}/a.txt": "second a", f"{label}/c.txt": "second c", f"{label}/same.txt": "same"}
    assert texts(settings) == second
    with open_index(settings, HashEmbedder()) as index:
        assert index.document(f"{label}/same.txt").source == str((tmp_path / "two" / below / "same.txt").resolve())
    again = run(settings, given)
    assert (again.added, again.replaced, again.removed) == ([], [], [])
    assert texts(settings) == second


def test_a_place_to_which_another_path_leads_keeps_its_documents(tmp_path: Path, settings: Settings) -> None:
    one, two = write(tmp_path / "one", a="first"), write(tmp_path / "two", a="second")
    given = lead(tmp_path / "now", one)
    run(settings, one)
    run(settings, given)
    lead(given, two)
    run(settings, given)
    assert texts(settings) == {"one/a.txt": "first", "now/a.txt": "second"}


def test_what_the_index_has_of_the_new_place_already_is_there_once(tmp_path: Path, settings: Settings) -> None:
    one, two = write(tmp_path / "one", a="first", b="b"), write(tmp_path / "two", a="second", b="b")
    given = lead(tmp_path / "now", one)
    run(settings, given)
    run(settings, two)
    lead(given, two)
    run(settings, given)
    assert sorted(texts(settings).values()) == ["b", "second"]


def test_most_of_a_place_is_not_removed_because_a_link_was_changed(tmp_path: Path, settings: Settings) -> None:
    given = lead(tmp_path / "now", write(tmp_path / "one", a="a", b="b"))
    run(settings, given)
    lead(given, write(tmp_path / "two", c="c"))
    done = run(settings, given)
    assert ([held.vanished for held in done.held], done.removed) == ([2], [])
    assert set(texts(settings)) == {"now/a.txt", "now/b.txt", "now/c.txt"}


def test_which_places_move() -> None:
    """Only one to which no path leads any more, at, below or above it."""
    now = {"/now": "/two"}
    assert moved_roots({"/now": "/one"}, now) == [("/one/", "/two/")]
    assert moved_roots({}, now) == moved_roots({"/now": "/two"}, now) == []
    for other in ("/one", "/one/below", "/"):
        assert moved_roots({"/now": "/one", other: other}, now) == []
    assert moved_roots({"/now": "/one", "/one-more": "/one-more"}, now) == [("/one/", "/two/")]


def test_where_a_folder_leads_is_noted_once(tmp_path: Path, settings: Settings) -> None:
    given = write(tmp_path / "docs", a="a")
    run(settings, given)
    with open_index(settings, None, write=True) as index:
        assert index.roots() == {str(given): str(given.resolve())}
        follow([given, given / "a.txt"], index)
        assert index.roots() == {str(given): str(given.resolve())}


@pytest.mark.parametrize("link", ["now", "now/docs"])
def test_a_file_given_by_name_follows_a_link_above_it(tmp_path: Path, settings: Settings, link: str) -> None:
    """Its document stayed for ever as it was, with the new file beside it as `a (2).txt`."""
    write(tmp_path / "one" / "docs", a="first", b="of somebody else")
    write(tmp_path / "two" / "docs", a="second")
    changed = tmp_path / link
    if changed.name == "docs":
        (tmp_path / "now").mkdir()
    leads = "docs" if changed.name == "docs" else ""
    lead(changed, tmp_path / "one" / leads)
    given, other = tmp_path / "now" / "docs" / "a.txt", tmp_path / "one" / "docs" / "b.txt"
    run(settings, given, other)
    lead(changed, tmp_path / "two" / leads)
    done = run(settings, given)
    assert (done.added, done.replaced, done.renamed) == ([], ["a.txt"], [])
    assert texts(settings) == {"a.txt": "second", "b.txt": "of somebody else"}
    lead(changed, tmp_path / "one" / leads)
    run(settings, given)
    assert texts(settings) == {"a.txt": "first", "b.txt": "of somebody else"}


def test_which_files_move() -> None:
    now, files = {"/now/a.zip": "/two/a.zip"}, {"/now/a.zip"}
    assert moved_roots({"/now/a.zip": "/one/a.zip"}, now, files) == [("/one/a.zip", "/two/a.zip")]
    assert moved_roots({}, now, files) == [("/now/a.zip", "/two/a.zip")]  # its folder was none before that leads on
    assert moved_roots({"/now/a.zip": "/one/a.zip", "/one": "/one"}, now, files) == []
