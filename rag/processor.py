"""The abilities of the processor that decide how models are run."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def processor_flags() -> frozenset[str]:
    """The flags of Linux's /proc/cpuinfo; empty on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return frozenset()
    return frozenset(flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split())


def has_bfloat16() -> bool:
    """True if the processor multiplies bfloat16 matrices: nearly twice the speed of float32, at cosines above
    0.9999."""
    return bool(processor_flags() & {"avx512_bf16", "amx_bf16"})


def spin_briefly() -> None:
    """Let threads of OpenMP that wait for one another sleep after some 40 µs, instead of spinning for milliseconds.

    If another process or thread needs a core too, a spinning thread keeps that core from the very thread that it
    waits for: with two cores and one busy neighbour reading took 14 times as long (docs/experiments.md). Must be called
    before the first library that brings OpenMP (torch, llama.cpp) is loaded; a value that the user set is kept.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
