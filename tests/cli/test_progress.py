"""How far a run is, and how it is ended."""

from __future__ import annotations

import os
import signal
import sys

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


@pytest.mark.parametrize(
    ("unit", "each", "lines"),
    [
        (
            "document",
            1,
            [
                "rag: 0 %, 30 of 7,300 documents, 1 a second, 2:01:10 left",
                "rag: 0 %, 60 of 7,300 documents, 1 a second, 2:00:40 left",
                "rag: 1 %, 90 of 7,300 documents, 1 a second, 2:00:10 left",
                "rag: 100 %, 7,300 of 7,300 documents, in 0:01:41",
            ],
        ),
        (
            "byte",
            250_000,
            [
                "rag: 0 %, 7.5 MB of 1,825.0 MB, 0.2 MB a second, 2:01:10 left",
                "rag: 0 %, 15.0 MB of 1,825.0 MB, 0.2 MB a second, 2:00:40 left",
                "rag: 1 %, 22.5 MB of 1,825.0 MB, 0.2 MB a second, 2:00:10 left",
                "rag: 100 %, 1,825.0 MB of 1,825.0 MB, in 0:01:41",
            ],
        ),
    ],
)
def test_where_there_is_no_terminal_a_line_tells_now_and_then_and_one_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], unit: str, each: int, lines: list[str]
) -> None:
    now = 100.0
    monkeypatch.setattr("rag.cli.progress.time.monotonic", lambda: now)
    with ProgressBar(unit) as shown:
        for done in range(101):
            now = 100.0 + done
            shown(each * done, each * 7300, "a.txt")
        now = 201.0
        shown(each * 7300, each * 7300, "")
    assert capsys.readouterr().err.splitlines() == lines


def test_a_short_run_without_a_terminal_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("byte") as shown:
        shown(10, 10, "")
    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_bar_stays_at_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressBar("byte") as shown:
        shown(0, 2_000_000, "a.txt")
        shown(2_000_000, 2_000_000, "")
    assert "100%" in capsys.readouterr().err.splitlines()[-1]
