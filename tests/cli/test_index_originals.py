"""`rag index` with `keep_originals`: copies of the files that documents were read from, and what is shown from them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from rag.cli import index as command
from rag.deadline import Deadline
from rag.errors import OriginalChanged, OriginalGone
from rag.index.local import LocalIndex
from rag.index.originals import ORIGINALS
from rag.ingest.uploads import remove_document
from rag.models import Models
from rag.originals.find import Original, original_of
from rag.originals.viewer import Viewer
from rag.pipeline import open_pipeline
from rag.settings import Settings
from tests.cli.test_index_run import run
from tests.fakes import HashEmbedder, WordReader


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(command, "_embedder", lambda settings: HashEmbedder())
    return Settings(
        indexes_dir=tmp_path / "indexes", index="t", passage_tokens=40, workers=1, model="none", keep_originals=True
    )


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("The lamp was lit at dusk.")
    (folder / "same.txt").write_text("The lamp was lit at dusk.")
    with zipfile.ZipFile(folder / "old.zip", "w") as archive:
        archive.writestr("letters/may.txt", "The pump was rusty.")
    return folder


def copies(settings: Settings) -> list[Path]:
    return sorted((settings.indexes_dir / "t" / ORIGINALS).glob("*/*"))


def looked_up(settings: Settings, document_id: str) -> Original:
    with open_pipeline(settings, Models(HashEmbedder(), reader=WordReader())) as pipeline:
        origin = pipeline.origin(document_id)
        return original_of(document_id, pipeline.info(document_id).sha256, origin.source, origin.kept)


def shown(settings: Settings, document_id: str) -> bytes:
    viewer = Viewer(1)
    try:
        return viewer.file(looked_up(settings, document_id), Deadline()).read_bytes()
    finally:
        viewer.close()


def test_originals_are_shown_after_their_files_changed_or_went(settings: Settings, notes: Path) -> None:
    assert run(settings, notes) == command.OK
    assert len(copies(settings)) == 2  # contents, not files
    assert all(path.stat().st_mode & 0o77 == 0 for path in copies(settings))
    (notes / "a.txt").write_text("The lamp went out.")
    (notes / "old.zip").unlink()
    assert shown(settings, "notes/a.txt") == b"The lamp was lit at dusk."
    assert shown(settings, "notes/old.zip!/letters/may.txt") == b"The pump was rusty."


def test_without_the_setting_there_are_none(settings: Settings, notes: Path) -> None:
    without = settings.model_copy(update={"keep_originals": False})
    assert run(without, notes) == command.OK
    assert not (settings.indexes_dir / "t" / ORIGINALS).exists()
    (notes / "a.txt").write_text("The lamp went out.")
    with pytest.raises(OriginalChanged):
        shown(without, "notes/a.txt")
    (notes / "a.txt").unlink()
    with pytest.raises(OriginalGone):
        shown(without, "notes/a.txt")


def test_copies_go_with_their_documents_and_not_with_the_setting(settings: Settings, notes: Path) -> None:
    run(settings, notes)
    before = copies(settings)
    (notes / "b.txt").write_text("The bell rang.")
    run(settings.model_copy(update={"keep_originals": False}), notes)
    assert copies(settings) == before
    run(settings, notes)
    assert len(copies(settings)) == 3
    (notes / "b.txt").write_text("The bell is silent.")
    run(settings, notes)
    held = {path.read_bytes() for path in copies(settings)}
    assert held - {path.read_bytes() for path in before} == {b"The bell is silent."}
    with LocalIndex.open(settings.indexes_dir, "t", write=True) as index:
        remove_document("notes/b.txt", index)
    assert copies(settings) == before


def test_a_file_that_is_another_than_the_one_that_was_read_is_not_copied(settings: Settings, notes: Path) -> None:
    run(settings.model_copy(update={"keep_originals": False}), notes)
    (notes / "a.txt").write_text("The lamp went out.")
    (notes / "same.txt").write_text("The lamp went out.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("letters/may.txt", "The pump shines.")
    (notes / "old.zip").write_bytes(buffer.getvalue())
    (notes / "c.txt").write_text("The bell rang.")
    assert run(settings, notes / "c.txt") == command.OK  # the others are not looked at
    assert [path.read_bytes() for path in copies(settings)] == [b"The bell rang."]
