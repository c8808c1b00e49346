"""The date of what a document says, and a file that changed since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.documents.stamps import stamp
from rag.ingest.dating import dated
from rag.types import AsOf, Origin, Stamp

DAY = 86_400 * 10**9  # nanoseconds


@pytest.mark.parametrize(
    ("created", "mtime_ns", "day", "origin"),
    [
        ("2024-03-05", 20 * DAY, "2024-03-05", "document"),
        ("March 2024", 20 * DAY, "2024-03", "document"),
        (None, 20 * DAY, "1970-01-21", "file"),
        ("some time ago", 20 * DAY, "1970-01-21", "file"),
        (None, None, None, None),
        (None, 10**22, None, None),  # no calendar has it
    ],
)
def test_the_document_states_its_date_or_it_is_that_of_the_file(
    created: str | None, mtime_ns: int | None, day: str | None, origin: object
) -> None:
    assert dated("a.txt", Origin(created, "https://example.org/a.txt", Stamp(3, mtime_ns))) == AsOf(day, origin, False)  # type: ignore[arg-type]


def test_a_file_that_changed_is_stale(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one", "utf-8")
    origin = Origin(None, str(file), stamp(file))
    assert not dated("a.txt", origin).stale
    assert not dated("a.txt", origin._replace(stamp=Stamp(None, None))).stale  # not known
    assert not dated("a.txt", origin._replace(source="a.txt")).stale  # elsewhere
    os.utime(file, ns=(0, origin.stamp.mtime_ns + 1 if origin.stamp.mtime_ns else 1))
    assert dated("a.txt", origin).stale
    file.unlink()
    assert not dated("a.txt", origin).stale


def test_a_document_in_a_file_is_stale_with_the_file(tmp_path: Path) -> None:
    archive = tmp_path / "old.zip"
    archive.write_bytes(b"PK")
    origin = Origin(None, f"{archive}!/lease.pdf", stamp(archive))
    assert not dated("docs/old.zip!/lease.pdf", origin).stale
    archive.write_bytes(b"PK and more")
    assert dated("docs/old.zip!/lease.pdf", origin).stale
