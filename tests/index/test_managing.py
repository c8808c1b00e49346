"""Indexes that are renamed and deleted: what moves along, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import IndexBusy, IndexNotFound, InputError
from rag.index.folders import local_indexes
from rag.index.local import LocalIndex
from rag.index.managing import delete_local_index, rename_local_index
from rag.ingest.changes import find_changes
from rag.ingest.run import sync
from rag.settings import Settings
from rag.stores.open import make_index
from tests.fakes import HashEmbedder
from tests.index.test_relocate import put_in
from tests.ingest.test_vanished import opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(indexes_dir=tmp_path / "indexes", index="t", passage_tokens=40)


def test_uploads_move_with_an_index_that_is_renamed_while_it_is_read(settings: Settings) -> None:
    assert put_in(settings, "a.txt", b"The pump is here.")
    with LocalIndex.open(settings.indexes_dir, "t") as reader:
        rename_local_index(settings.indexes_dir, "t", "letters")
        assert reader.document("uploads/a.txt").text == "The pump is here."
    assert local_indexes(settings.indexes_dir) == ["letters"]
    there = settings.model_copy(update={"index": "letters"})
    place = settings.indexes_dir.resolve() / "letters/uploads/a.txt"
    with opened(there) as index:
        assert index.document("uploads/a.txt").source == str(place)
        assert place.read_bytes() == b"The pump is here."
        changes = find_changes([place.parent], index.files(), settings.indexes_dir)
        assert not changes.changed
        assert not changes.vanished
    assert put_in(there, "a.txt", b"The pump was there.")  # takes its place


def test_copies_from_servers_move_with_an_index_that_is_renamed(settings: Settings) -> None:
    copy = settings.indexes_dir / "t/.mirror/https/example.org/page%.html"
    with opened(settings) as index:
        copy.parent.mkdir(parents=True)
        copy.write_text("<p>The pump is here.</p>")
        sync([copy.parent], index, HashEmbedder(), settings)
        held = [info.id for info in index.documents()]
    rename_local_index(settings.indexes_dir, "t", "letters")
    there = settings.indexes_dir / "letters/.mirror/https/example.org"
    with opened(settings.model_copy(update={"index": "letters"})) as index:
        changes = find_changes([there], index.files(), settings.indexes_dir)
        assert (changes.changed, changes.vanished, len(held)) == ([], [], 1)


def test_what_cannot_be_renamed_or_deleted_stays(settings: Settings) -> None:
    make_index(settings, HashEmbedder())
    other = settings.model_copy(update={"index": "other"})
    make_index(other, HashEmbedder())
    with pytest.raises(InputError, match='"other" already'):
        make_index(other, HashEmbedder())
    with pytest.raises(InputError, match='"other" already'):
        rename_local_index(settings.indexes_dir, "t", "other")
    for name in ("../x", "", ".hidden", "keys.json"):
        with pytest.raises(InputError, match="cannot be the name"):
            rename_local_index(settings.indexes_dir, "t", name)
    with pytest.raises(IndexNotFound, match='no index "none"'):
        delete_local_index(settings.indexes_dir, "none")
    (settings.indexes_dir / "linked").symlink_to(settings.indexes_dir / "other")
    with pytest.raises(InputError, match="is a link"):
        delete_local_index(settings.indexes_dir, "linked")
    (settings.indexes_dir / "linked").unlink()
    waits = settings.indexes_dir / "t/uploads/.incoming/job_1"
    waits.mkdir(parents=True)
    with pytest.raises(IndexBusy, match="uploads wait"):
        delete_local_index(settings.indexes_dir, "t")
    with pytest.raises(IndexBusy, match="uploads wait"):
        rename_local_index(settings.indexes_dir, "t", "u")
    waits.rmdir()
    assert local_indexes(settings.indexes_dir) == ["other", "t"]


def test_an_index_is_deleted_with_its_uploads(settings: Settings) -> None:
    assert put_in(settings, "a.txt", b"The pump is here.")
    delete_local_index(settings.indexes_dir, "t")
    assert list(settings.indexes_dir.iterdir()) == []


def test_what_a_killed_deletion_left_goes_with_the_next(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        make_index(settings.model_copy(update={"index": name}), HashEmbedder())
    with monkeypatch.context() as patch:
        patch.setattr("rag.index.managing.shutil.rmtree", lambda folder, ignore_errors: None)
        delete_local_index(settings.indexes_dir, "one")
    assert [path.name for path in settings.indexes_dir.iterdir() if path.name != "two"] == [".one.deleted"]
    delete_local_index(settings.indexes_dir, "two")
    assert list(settings.indexes_dir.iterdir()) == []
