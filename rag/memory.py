"""The memory of the C library: few arenas, and what was freed given back to the system.

glibc gives each thread an arena of its own, up to eight for each core, and what is freed in one serves no other: a
service whose threads take turns keeps in each the most that a question ever needed there. Does nothing where the C
library is another one (macOS, musl).
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

ARENAS = 2
_M_ARENA_MAX = -8  # of <malloc.h>


def few_arenas() -> None:
    """Let all threads of the process share `ARENAS` arenas, unless MALLOC_ARENA_MAX says otherwise; to be called before
    they start."""
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Return freed memory to the system; takes a millisecond."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
