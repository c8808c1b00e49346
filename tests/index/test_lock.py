"""The lock of the writer on disks that have none."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from rag.errors import RagError
from rag.index.folders import Expected
from rag.index.local import LocalIndex


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_told_of_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(RagError, match=r"has no locks \(.*\), .*: keep indexes on another disk, with --indexes-dir"):
        LocalIndex.open(tmp_path, "t", Expected("e", 4, "c"), create=True)
    assert not list(tmp_path.rglob("catalogue.sqlite*"))
