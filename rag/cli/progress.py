"""A long run on a terminal: its progress, and its end by Ctrl-C without losing finished work.

In: bytes or documents done and in all; signals of the terminal. Out: a bar or lines on standard error; a flag that the
run polls.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

_LOG_EVERY_S = 30.0  # if standard error is no terminal


class Interrupts:
    """A flag that the first Ctrl-C (or SIGTERM) sets, to end the run after the batch at hand; the second ends at
    once."""

    def __init__(self) -> None:
        self._asked = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """True after the first signal."""
        return self._asked

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        # not `print`: the signal may have come in the middle of one
        os.write(2, b"\nrag: finishing the files at hand; Ctrl-C once more stops at once\n")


class ProgressBar:
    """A bar with rate and time left on standard error, which stays when the run is at its end; if that is no terminal,
    a line now and then, and one at the end if there were others."""

    def __init__(self, unit: str) -> None:
        self._unit = unit  # `byte`, or the name of what is counted
        self._bar: Any = None
        self._lines = 0
        self._done = self._total = 0
        self._began = self._told = time.monotonic()

    def __enter__(self) -> ProgressBar:
        return self

    def __call__(self, done: int, total: int, name: str) -> None:
        """Show that `done` of `total` units are finished, `name` the last."""
        self._done, self._total = done, total
        if not sys.stderr.isatty():
            self._log()
            return
        from tqdm import tqdm

        if self._bar is None and total:
            is_bytes = self._unit == "byte"
            unit = "B" if is_bytes else f" {self._unit}s"
            self._bar = tqdm(total=total, unit=unit, unit_scale=is_bytes, smoothing=0.05)
        if self._bar is not None:
            self._bar.set_postfix_str(name[-40:], refresh=False)
            self._bar.update(done - self._bar.n)

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._lines:
            self._tell(f"in {_clock(time.monotonic() - self._began)}")

    def _log(self) -> None:
        now = time.monotonic()
        if not self._done or now - self._told < _LOG_EVERY_S:
            return
        self._told = now
        rate = self._done / (now - self._began)
        self._tell(f"{self._amount(rate)} a second, {_clock((self._total - self._done) / rate)} left")

    def _tell(self, more: str) -> None:
        self._lines += 1
        share = int(100 * self._done / self._total) if self._total else 100
        what = f"{self._amount(self._done)} of {self._amount(self._total)}"
        print(f"rag: {share} %, {what}{'' if self._unit == 'byte' else f' {self._unit}s'}, {more}", file=sys.stderr)

    def _amount(self, number: float) -> str:
        return f"{number / 1e6:,.1f} MB" if self._unit == "byte" else f"{number:,.1f}".removesuffix(".0")


def _clock(seconds: float) -> str:
    """
    >>> _clock(3_725)
    '1:02:05'
    """
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
