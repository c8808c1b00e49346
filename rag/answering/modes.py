"""Result of a mode of answering: the parts of an answer, each when it has been checked.

Nothing here decides whether to abstain.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from rag.answering.parts import Part
from rag.types import AbstentionReason, Usage


class ModeResult(NamedTuple):
    """The end of an answer, when all its parts have been said."""

    usage: Usage = Usage()
    reason: AbstentionReason = "unsupported"  # why there are no parts, if there are none
    remark: str = ""  # our own words behind the parts, which are no claim


Parts = Generator[Part, None, ModeResult]  # lazy: nothing is computed until it is consumed; closed, it ends the work


def at_once(parts: Sequence[Part], remark: str = "") -> Parts:
    """Parts that are all there already, and a remark behind them."""
    yield from parts
    return ModeResult(remark=remark)
