"""Uploads of an index that was restored elsewhere: they are where its catalogue says, and are not taken for changed."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from rag.index.backup import MANIFEST, back_up, restore
from rag.ingest.changes import find_changes
from rag.ingest.dating import dated
from rag.ingest.incoming import Upload, keep
from rag.ingest.prepare import read_here
from rag.ingest.uploads import put, remove_document
from rag.settings import Settings
from tests.fakes import HashEmbedder
from tests.ingest.test_vanished import opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(indexes_dir=tmp_path / "indexes", index="t", passage_tokens=40)


def put_in(settings: Settings, name: str, content: bytes, **metadata: str) -> bool:
    upload = Upload(f"job_{len(name)}{name[0]}", name, settings.indexes_dir / "t" / "uploads")
    keep(io.BytesIO(content), upload, metadata)
    with opened(settings) as index:
        return put(upload, index, HashEmbedder(), settings, read_here).done


def as_earlier_versions_wrote_it(file: Path) -> None:
    """Without the folder, and without times of files."""
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(contents[MANIFEST])
    del told["folder"]
    for each in told["files"]:
        del each["mtime_ns"]
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (contents | {MANIFEST: json.dumps(told).encode()}).items():
            archive.writestr(name, content)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("name", ["t", "other"])
def test_uploads_move_with_their_index(settings: Settings, tmp_path: Path, name: str, earlier: bool) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("in.txt", "The weir stands.")
    assert put_in(settings, "a.txt", b"The pump is here.", project="Mill")
    assert put_in(settings, "sub/b.zip", packed.getvalue())
    assert put_in(settings, "c.txt", b"The mill stands.")
    assert not put_in(settings, "d.txt", b"\x7fELF\x00\x00\x01")
    uploads = settings.indexes_dir / "t" / "uploads"
    (uploads / "c.txt").write_text("The mill has burnt.")  # behind the back of the index
    back_up(settings.indexes_dir, "t", tmp_path / "t.backup")
    if earlier:
        as_earlier_versions_wrote_it(tmp_path / "t.backup")
    shutil.rmtree(settings.indexes_dir)
    elsewhere = settings.model_copy(update={"indexes_dir": tmp_path / "else" / "where", "index": name})
    restore(elsewhere.indexes_dir, tmp_path / "t.backup", name)
    place = elsewhere.indexes_dir / name / "uploads"
    ids = ["uploads/a.txt", "uploads/c.txt", "uploads/sub/b.zip!/in.txt"]
    with opened(elsewhere) as index:
        states = index.files()
        assert {key: state.source for key, state in states.items()} == {key: f"{place.parent}/{key}" for key in ids}
        with index.snapshot() as snapshot:
            origins = snapshot.origins(ids)
        assert [key for key in ids if dated(key, origins[key]).stale] == ["uploads/c.txt"]
        assert [failed.file for failed in index.failures()] == [f"{place}/d.txt"]
        change = find_changes([place], states, elsewhere.indexes_dir, failures=index.failures())
        assert [found.document_id for found in change.changed] == ["uploads/c.txt"]
        assert change.vanished == change.stale == []
        remove_document("uploads/a.txt", index)
        assert index.verify() == []
    assert not (place / "a.txt").exists()
