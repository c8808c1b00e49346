"""The checker of rag as a metric of ragas: no judge model, no key.

ragas 0.4 imports a module that langchain-community has lost in 0.4: `pip install ragas 'langchain-community<0.4'`.

evaluate(EvaluationDataset.from_jsonl("samples.jsonl"), metrics=[CitedFaithfulness()])
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ragas.dataset_schema import SingleTurnSample
from ragas.metrics.base import MetricType, SingleTurnMetric

from rag import check_faithfulness


@dataclass
class CitedFaithfulness(SingleTurnMetric):
    """The mean support (0..1) of the claims of a response by its contexts; 0.0 for a response without claims."""

    name: str = "cited_faithfulness"
    _required_columns: dict[MetricType, set[str]] = field(
        default_factory=lambda: {MetricType.SINGLE_TURN: {"user_input", "response", "retrieved_contexts"}}
    )

    def init(self, run_config: Any) -> None:
        """Do nothing: there is no model to load."""

    async def _single_turn_ascore(self, sample: SingleTurnSample, callbacks: Any) -> float:
        checked = check_faithfulness(sample.response or "", sample.retrieved_contexts or [], sample.user_input)
        return checked.faithfulness
