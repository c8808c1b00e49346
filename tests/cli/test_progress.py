"""How far a run is, and how it is ended."""

from __future__ import annotations

import os
import signal

import pytest

from rag.cli.progress import Interrupts, ProgressBar


def test_the_first_interrupt_asks_and_the_second_ends(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        assert not interrupts()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before
    assert "Ctrl-C once more stops at once" in capfd.readouterr().err


def test_where_there_is_no_terminal_a_line_tells_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr("rag.cli.progress.time.monotonic", lambda: now)
    with ProgressBar("file") as shown:
        for done in range(101):
            now = 100.0 + done
            shown(done, 7300, "a.txt")
    assert capsys.readouterr().err.splitlines() == [
        "rag: 30 of 7300 files, 1.0 a second, 2:01:10 left",
        "rag: 60 of 7300 files, 1.0 a second, 2:00:40 left",
        "rag: 90 of 7300 files, 1.0 a second, 2:00:10 left",
    ]
