"""What the processor can do, as far as it decides how models are run."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def processor_flags() -> frozenset[str]:
    """The flags of Linux's /proc/cpuinfo; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return frozenset()
    return frozenset(flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split())


def has_bfloat16() -> bool:
    """Whether it multiplies bfloat16 matrices itself: nearly twice the speed of float32, at cosines above 0.9999."""
    return bool(processor_flags() & {"avx512_bf16", "amx_bf16"})
