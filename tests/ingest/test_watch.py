"""A watched folder: each burst of changes is one signal."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from rag.ingest.watch import changes


def test_changes_below_a_folder_are_signalled(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "indexes").mkdir()
    seen: list[float] = []
    began = threading.Event()

    def follow() -> None:
        signals = changes([tmp_path], tmp_path / "indexes")
        began.set()
        for _ in signals:
            seen.append(time.monotonic())
            if len(seen) == 2:
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    began.wait()
    time.sleep(0.5)
    for number in range(5):
        (tmp_path / "sub" / f"{number}.txt").write_text("one burst")
    deadline = time.monotonic() + 20
    while len(seen) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(seen) == 1
    for number in range(30):
        (tmp_path / "indexes" / "catalogue.sqlite").write_text(f"{number}")
        time.sleep(0.1)
    time.sleep(2.5)
    assert len(seen) == 1
    (tmp_path / "sub" / "0.txt").unlink()
    thread.join(20)
    assert len(seen) == 2
