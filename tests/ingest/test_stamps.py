"""Changes that size and time do not show, and metadata beside a file that come, change and go."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.documents import stamps
from rag.documents.discover import Found
from rag.documents.options import ReadOptions
from rag.documents.unpack import Result
from rag.ingest import changes
from rag.ingest.prepare import read_here
from rag.ingest.run import sync
from rag.settings import Settings
from rag.types import Document, Stamp
from tests.fakes import HashEmbedder
from tests.ingest.test_vanished import opened, run, write

WHEN = (1_600_000_000 * 10**9,) * 2


def text_of(settings: Settings, document_id: str) -> str:
    with opened(settings) as index:
        return index.document(document_id).text


@pytest.mark.parametrize("how", ["in place", "rename"])
def test_other_content_of_the_same_size_and_time_is_seen(settings: Settings, folder: Path, how: str) -> None:
    file = folder / "weir.txt"
    file.write_text("The weir was built in 1911.")
    os.utime(file, ns=WHEN)
    run(settings, folder)
    if how == "in place":
        file.write_text("The weir was built in 1912.")
    else:
        (folder / ".new").write_text("The weir was built in 1912.")
        os.utime(folder / ".new", ns=WHEN)
        os.replace(folder / ".new", file)
    os.utime(file, ns=WHEN)
    assert run(settings, folder).replaced == ["notes/weir.txt"]
    assert text_of(settings, "notes/weir.txt") == "The weir was built in 1912."


def test_a_write_right_after_the_run_is_seen_although_the_clock_goes_in_steps(
    settings: Settings,
    folder: Path,
) -> None:
    file = folder / "a.txt"
    for number in range(10):
        file.write_text(f"The count is {number}.")
        os.utime(file, ns=WHEN)
        run(settings, folder)
        assert text_of(settings, "notes/a.txt") == f"The count is {number}."


def test_marks_are_taken_of_a_file_that_has_settled(folder: Path) -> None:
    write(folder, "a.txt")
    found = Found(str(folder / "a.txt"), "notes/a.txt", str(folder / "a.txt"))
    taken = stamps.stamp_of(found)
    assert taken.ctime_ns is not None
    assert time.time_ns() - taken.ctime_ns >= 20_000_000


def test_of_a_file_that_was_changed_in_the_future_the_bytes_are_compared(
    settings: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(folder, "a.txt")
    real = time.time
    monkeypatch.setattr(stamps.time, "time", lambda: real() - 3600)  # type: ignore[attr-defined]
    run(settings, folder)
    with opened(settings) as index:
        assert index.files()["notes/a.txt"].stamp.ctime_ns is None
        change = changes.find_changes([folder], index.files())
    assert ([found.document_id for found in change.touched], change.unchanged) == (["notes/a.txt"], [])


def test_a_drive_that_tells_no_change_is_found_out_in_turn(
    settings: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(folder, *(f"{number:02}.txt" for number in range(20)))
    monkeypatch.setattr(stamps, "stamp", lambda file, described, place: Stamp(9, 9, 9, 9, "", place))
    run(settings, folder)
    (folder / "03.txt").write_text("The note 03.txt is about mills.")
    seen = []
    for first in range(20):
        monkeypatch.setattr(changes.time, "time_ns", lambda first=first: first * 1000)  # type: ignore[attr-defined]
        with opened(settings) as index:
            change = changes.find_changes([folder], index.files())
        seen.append([found.document_id for found in change.changed])
        assert len(change.unchanged) + len(change.changed) == 20
    assert seen.count(["notes/03.txt"]) == 8
    assert seen.count([]) == 12


def test_metadata_beside_a_file_come_change_and_go(settings: Settings, folder: Path) -> None:
    write(folder, "a.txt", "b.txt")
    beside = folder / ".a.txt.metadata.json"

    def projects() -> dict[str, str | None]:
        run(settings, folder)
        with opened(settings) as index:
            return {info.id[6:]: info.metadata.get("project") for info in index.documents()}

    assert projects() == {"a.txt": None, "b.txt": None}
    beside.write_text(json.dumps({"project": "Mill"}))
    os.utime(beside, ns=(1, 1))  # older than the file
    assert projects() == {"a.txt": "Mill", "b.txt": None}
    beside.write_text(json.dumps({"project": "Weir"}))
    os.utime(beside, ns=(1, 1))
    assert projects() == {"a.txt": "Weir", "b.txt": None}
    assert run(settings, folder).replaced == []
    beside.unlink()
    assert projects() == {"a.txt": None, "b.txt": None}
    assert run(settings, folder).replaced == []


@pytest.mark.parametrize(
    ("read_with", "now", "installed", "again"),
    [
        ("", ("eng",), True, True),  # OCR was installed since
        ("", ("eng",), False, False),
        ("eng", ("eng",), True, False),
        ("eng", ("deu", "eng"), True, True),
        ("eng", ("deu",), False, False),  # what was read is not lost because OCR is not there
        (None, ("deu",), True, False),  # it has no images
    ],
)
def test_images_of_pages_are_read_again_if_that_is_possible_otherwise_now(
    settings: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    read_with: str | None,
    now: tuple[str, ...],
    installed: bool,
    again: bool,
) -> None:
    write(folder, "a.txt", "b.txt")

    def read(files: Iterable[Found]) -> Iterator[tuple[Found, Result]]:
        for found, document in read_here(files):
            assert isinstance(document, Document)
            yield found, replace(document, ocr=read_with if found.document_id == "notes/a.txt" else None)

    monkeypatch.setattr(changes, "_has_ocr", lambda: installed)
    with opened(settings) as index:
        sync([folder], index, HashEmbedder(), settings, read)
        assert index.files()["notes/a.txt"].ocr == index.document("notes/a.txt").ocr == read_with
        change = changes.find_changes([folder], index.files(), options=ReadOptions(ocr_languages=now))
    assert change.reread == (["notes/a.txt"] if again else [])
    assert [found.document_id for found in change.changed] == change.reread
