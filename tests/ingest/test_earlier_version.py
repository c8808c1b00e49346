"""An index that version 0.1.0 made: it says the one command that brings it here, and nothing is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import IndexMismatch
from rag.index.local import LocalIndex
from rag.index.schema import CATALOGUE_FILE
from rag.ingest.reembed import reembed
from rag.models import Models
from rag.pipeline import open_pipeline
from rag.settings import Settings
from tests.fakes import HashEmbedder, WordReader

EARLIER = Path(__file__).parent.parent / "index" / "catalogue_0_1.sql"
TEXTS = {
    "notes/ferry.txt": "The ferry runs until nine in the evening.",
    "notes/mill.md": "The mill\n\nThe mill was built in 1859. It cost 1,400 pounds.",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "indexes" / "old"
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / CATALOGUE_FILE)) as connection:
        connection.executescript(EARLIER.read_text("utf-8"))
    return Settings(indexes_dir=tmp_path / "indexes", index="old", passage_tokens=40, model="none")


def held(settings: Settings) -> dict[str, str]:
    with LocalIndex.open(settings.indexes_dir, "old") as index:
        return {info.id: index.document(info.id).text for info in index.documents()}


def test_it_is_read_and_names_the_command(settings: Settings) -> None:
    assert held(settings) == TEXTS
    models = Models(HashEmbedder(), reader=WordReader())
    with pytest.raises(IndexMismatch, match=r"`rag index --reembed --index old`"):
        open_pipeline(settings, models)


def test_after_that_command_all_is_there_and_questions_are_answered(settings: Settings) -> None:
    embedder = HashEmbedder()
    with LocalIndex.open(settings.indexes_dir, "old", write=True) as index:
        assert reembed(index, embedder, settings).failed == []
    assert held(settings) == TEXTS
    with open_pipeline(settings, Models(embedder, reader=WordReader()), refuse_below=0.0) as pipeline:
        answer = pipeline.ask("When was the mill built?")
        assert [cited.document_id for cited in answer.citations] == ["notes/mill.md"]
        assert "The mill was built in 1859" in answer.answer
        assert pipeline.origin("notes/mill.md").source == "/library/notes/mill.md"
