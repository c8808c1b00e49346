"""What tests of ingestion begin with: settings, and an empty folder `notes`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(indexes_dir=tmp_path / "indexes", index="t", passage_tokens=40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"
