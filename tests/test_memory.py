"""The memory of a process with many threads lies in few arenas."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

# Threads that are all alive, each with memory of its own; then glibc's own account of its arenas
ARENAS = """
import ctypes, sys, threading
from rag.memory import few_arenas, give_back
few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
ready, done = threading.Barrier(21), threading.Event()
def work():
    for _ in range(100):
        libc.malloc(1000)
    ready.wait()
    done.wait()
for _ in range(20):
    threading.Thread(target=work, daemon=True).start()
ready.wait()
give_back()
libc.fdopen.restype = ctypes.c_void_p
out = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(out))
libc.fclose(ctypes.c_void_p(out))
"""


def arenas(**environment: str) -> int:
    plain = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    done = subprocess.run(
        [sys.executable, "-c", ARENAS], capture_output=True, text=True, check=True, env=plain | environment
    )
    return len(re.findall(r"<heap nr=", done.stdout))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's own")
def test_threads_share_two_arenas_unless_the_environment_says_otherwise() -> None:
    assert arenas() == 2
    assert arenas(MALLOC_ARENA_MAX="5") == 5
