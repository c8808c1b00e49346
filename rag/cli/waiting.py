"""An index that another process writes to -> the same, opened when that one has finished, or an error after a time.

In: a function that opens the index. Out: what it returns. A service writes for one upload at a time and leaves the
index free for a moment between two, in which a process that waits here is next.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from rag.errors import IndexBusy

T = TypeVar("T")

WAIT_S = 60.0
_RETRY_S = 0.02  # opening waits for some time itself


def when_free(open_it: Callable[[], T], seconds: float) -> T:
    """Open what may be busy, waiting `seconds` (>= 0) at most; a line on standard error says so. Raises `IndexBusy`."""
    end = time.monotonic() + seconds
    told = False
    while True:
        try:
            return open_it()
        except IndexBusy as exc:
            if time.monotonic() >= end:
                raise IndexBusy(f"{exc}; --wait SECONDS waits longer than {seconds:g} s") from exc
            if not told:
                print(f"rag: {str(exc).partition(': ')[0]}: waiting {seconds:g} s at most", file=sys.stderr, flush=True)
                told = True
            time.sleep(_RETRY_S)
