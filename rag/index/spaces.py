"""Embedders whose vectors may stand beside one another, told by their fingerprints (pure)."""

from __future__ import annotations

# The embedded model of 8 bits, and the same of float32 with which versions up to 0.2 embedded. Questions of the one
# find as much among vectors of the other, or of both, as among its own (docs/experiments.md).
_SHARED = (frozenset({"all-MiniLM-L6-v2:int8-1a19594da065:256+late", "all-MiniLM-L6-v2:53aa51172d142c89:256+late"}),)


def shared(fingerprint: str, other: str) -> bool:
    """True if vectors of both embedders may be in one index."""
    return fingerprint == other or any({fingerprint, other} <= group for group in _SHARED)
