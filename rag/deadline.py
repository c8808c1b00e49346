"""The limit of the work on an answer: a time, or the moment at which the caller has left.

One `Deadline` goes with a question through every step. The caller may cancel it from any thread; the steps look at it
as they work. Does not interrupt anything by itself.
"""

from __future__ import annotations

import time

from rag.errors import Cancelled, DeadlineExceeded


class Deadline:
    """A limit `seconds` (> 0) from now; None for no limit. `setting` is the one that allows more, if there is one. Safe
    for any number of threads."""

    def __init__(self, seconds: float | None = None, setting: str | None = "answer_seconds") -> None:
        self._seconds = seconds
        self._setting = setting
        self._end = float("inf") if seconds is None else time.monotonic() + seconds
        self._cancelled = False

    def cancel(self) -> None:
        """Note that the caller has left and nobody waits for the answer any more. Cannot be undone."""
        self._cancelled = True

    def shorten(self, seconds: float) -> None:
        """Set a limit `seconds` from now, which no setting changes, if that is sooner."""
        if seconds < self.left:
            self._seconds, self._setting = seconds, None
            self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds until its time, infinite if it has none; negative afterwards."""
        return self._end - time.monotonic()

    @property
    def over(self) -> bool:
        """True if its time has passed or it was cancelled."""
        return self._cancelled or self.left <= 0

    def check(self) -> None:
        """Do nothing while there is time left; raise `Cancelled` or `DeadlineExceeded` if it is over."""
        if self._cancelled:
            raise Cancelled("the question was withdrawn")
        if self.over:
            if self._setting is None:
                raise DeadlineExceeded(
                    f"the request took longer than {self._seconds:g} s, which is the limit: ask for less at once, or "
                    "again when there is less to do"
                )
            raise DeadlineExceeded(
                f"the answer took longer than {self._seconds:g} s, which is the limit (setting {self._setting!r}): ask "
                "again when there is less to do, or allow more"
            )
