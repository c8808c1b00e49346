"""Metadata beside a file: absent is not the same as out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.documents.sidecar import read_sidecar, sidecar_path
from rag.errors import DocumentError


def test_metadata_on_a_drive_that_is_not_there_are_no_absent_ones(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    assert read_sidecar(file) == {}
    sidecar_path(file).symlink_to(tmp_path / "drive" / "a.json")
    with pytest.raises(DocumentError, match="is a link to nothing"):
        read_sidecar(file)
    (tmp_path / "drive").mkdir()
    (tmp_path / "drive" / "a.json").write_text('{"project": "Mill"}')
    assert read_sidecar(file) == {"project": "Mill"}
