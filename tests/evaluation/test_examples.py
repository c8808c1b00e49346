"""The metric classes of docs/examples, where the programs that they are for are installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

MILL = "The mill was built in 1859. It cost 1,400 pounds."
FOLDER = Path(__file__).parent.parent.parent / "docs" / "examples"
pytestmark = pytest.mark.filterwarnings("ignore")  # of those programs


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


def test_ragas() -> None:
    schema = pytest.importorskip("ragas.dataset_schema", exc_type=ImportError)
    metric = example("ragas_metric").CitedFaithfulness()
    scores = [
        metric.single_turn_score(
            schema.SingleTurnSample(user_input="What did it cost?", response=said, retrieved_contexts=[MILL])
        )
        for said in ("It cost 1,400 pounds.", "It cost 900 pounds.", "")
    ]
    assert scores[0] == 0.99
    assert scores[1] < 0.47
    assert scores[2] == 0.0


def test_deepeval() -> None:
    cases = pytest.importorskip("deepeval.test_case", exc_type=ImportError)
    metric = example("deepeval_metric").CitedFaithfulness(threshold=0.9)
    case = cases.LLMTestCase(
        input="What did it cost?", actual_output="It was built in 1859. It cost 900 pounds.", retrieval_context=[MILL]
    )
    assert metric.measure(case) == 0.5
    assert not metric.is_successful()
    assert metric.reason == "number_mismatch: It cost 900 pounds."
    case.actual_output = "It cost 1,400 pounds."
    assert (metric.measure(case), metric.is_successful(), metric.reason) == (1.0, True, "all claims are supported")
