"""How long an answer is worth working on: until a time, or until the caller has left.

One `Deadline` goes down with a question through every step. Whoever asked may cancel it from any thread; whoever works
looks at it between steps. Does not interrupt anything by itself.
"""

from __future__ import annotations

import time

from rag.errors import Cancelled, DeadlineExceeded


class Deadline:
    """`seconds` (> 0) from now; None for no limit. Safe for any number of threads."""

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._end = float("inf") if seconds is None else time.monotonic() + seconds
        self._cancelled = False

    def cancel(self) -> None:
        """The caller has left: nobody waits for the answer any more. Cannot be undone."""
        self._cancelled = True

    @property
    def left(self) -> float:
        """Seconds until its time, infinite where it has none; negative afterwards."""
        return self._end - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether work for it is of no use any more."""
        return self._cancelled or self.left <= 0

    def check(self) -> None:
        """Raises `Cancelled` or `DeadlineExceeded` where it is over."""
        if self._cancelled:
            raise Cancelled("the question was withdrawn")
        if self.over:
            raise DeadlineExceeded(
                f"the answer took longer than {self._seconds:g} s, which is the limit (setting 'answer_seconds'): ask "
                "again when there is less to do, or allow more"
            )
