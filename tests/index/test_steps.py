"""The short version of `benchmarks/reliability.py`: kills after file-system steps, altered files, a full disk."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.index.contract import fast_folder

sys.path.append(str(Path(__file__).parent.parent.parent / "benchmarks"))

import cut_off
import faults
import kills
import readers


@pytest.fixture
def folder() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


@pytest.mark.skipif(not (shutil.which("cc") and sys.platform == "linux"), reason="needs a C compiler and Linux")
def test_a_writer_killed_after_a_step_on_the_file_system_loses_nothing(folder: Path) -> None:
    assert kills.after_each_step(folder, every=37) > 15


@pytest.mark.skipif(not (shutil.which("cc") and sys.platform == "linux"), reason="needs a C compiler and Linux")
def test_work_around_an_index_is_killed_and_finished_by_the_next(folder: Path) -> None:
    assert sum(cut_off.after_each_step(folder, every=60).values()) > 5


def test_every_damage_is_found_and_mended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "FLIPS", 1)
    for outcome in faults.damage(folder):
        assert outcome.wrong == []
        assert outcome.injected == outcome.found == outcome.mended > 0


def test_a_full_disk_loses_nothing(folder: Path) -> None:
    outcome = faults.full_disk(folder)
    if outcome is None:
        pytest.skip("no tmpfs may be mounted here")
    assert outcome[0] == outcome[1] > 0


def test_readers_never_fail_while_everything_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "WARM_UP", 3)
    outcome = readers.run(folder, documents=8, passages=10, cycles=10, seconds=1)
    assert outcome.failures == 0
    assert outcome.searches > 10
