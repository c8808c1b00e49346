"""The checker of rag as a metric of deepeval: no judge model, no key.

assert_test(LLMTestCase(input=..., actual_output=..., retrieval_context=[...]), [CitedFaithfulness(threshold=0.9)])
"""

from __future__ import annotations

from typing import Any

from deepeval.metrics import BaseMetric
from deepeval.test_case import LLMTestCase

from rag import check_faithfulness


class CitedFaithfulness(BaseMetric):
    """The share (0..1) of the claims of an output that its retrieval context supports; 0.0 for one without claims.
    `reason` names each doubted claim, and why it is doubted."""

    def __init__(self, threshold: float = 0.9) -> None:
        self.threshold = threshold

    def measure(self, test_case: LLMTestCase, *_: Any, **__: Any) -> float:
        """Check a test case; keeps and returns its score."""
        context = [str(passage) for passage in test_case.retrieval_context or []]
        claims = check_faithfulness(test_case.actual_output or "", context, test_case.input).claims
        doubted = [claim for claim in claims if claim.reason]
        self.score = 1 - len(doubted) / len(claims) if claims else 0.0
        self.reason = "; ".join(f"{claim.reason}: {claim.text}" for claim in doubted) or "all claims are supported"
        self.success = self.score >= self.threshold
        return self.score

    async def a_measure(self, test_case: LLMTestCase, *_: Any, **__: Any) -> float:
        """The same; nothing waits."""
        return self.measure(test_case)

    def is_successful(self) -> bool:
        """Tell if the last test case reached the threshold."""
        return bool(self.success)

    @property
    def __name__(self) -> str:
        return "Cited faithfulness"
