"""The value that all three modes return: the parts of an answer, as a lazy generator, with the signals of confidence.

A mode is a function from a question and its evidence to `Said`: `extract` (whole sentences), `quote` (verbatim spans)
and `write` (sentences of a model). The signals are known at once, and each part when it has been checked. Nothing here
decides whether to abstain.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from rag.answering.confidence import EvidenceSignals
from rag.answering.parts import Part
from rag.types import AbstentionReason, Usage


class Outcome(NamedTuple):
    """The end of an answer: tokens used, and the reason for an abstention if there are no parts."""

    usage: Usage = Usage()
    reason: AbstentionReason = "unsupported"  # of the abstention if there are no parts


class Said(NamedTuple):
    """The result of a mode. `parts` is lazy: nothing is computed until the generator is consumed."""

    parts: Generator[Part, None, Outcome]
    signals: EvidenceSignals
    usage: Usage = Usage()  # tokens that were read for the signals; the outcome's usage includes them


def at_once(parts: Sequence[Part], signals: EvidenceSignals, usage: Usage = Usage()) -> Said:  # noqa: B008
    """The result of a mode whose parts are all known already."""

    def say() -> Generator[Part, None, Outcome]:
        yield from parts
        return Outcome(usage)

    return Said(say(), signals, usage)
