"""Question + Evidence -> the parts of an answer: whole sentences, verbatim spans, or written sentences.

Each of the three modes tells at once the signals from which the confidence is computed, and then says its parts, each
when it has been checked. Nothing here decides whether to abstain.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from rag.answering.confidence import EvidenceSignals
from rag.answering.parts import Part
from rag.types import AbstentionReason, Usage


class Outcome(NamedTuple):
    """What is known when everything has been said."""

    usage: Usage = Usage()
    reason: AbstentionReason = "unsupported"  # why there are no parts, where there are none


class Said(NamedTuple):
    """What a mode makes of the evidence. The generator does its work as it is read; left alone, it does none."""

    parts: Generator[Part, None, Outcome]
    signals: EvidenceSignals
    usage: Usage = Usage()  # of what was read for the signals; the outcome's usage holds it too
