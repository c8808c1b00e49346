"""The metric classes of docs/examples, where the programs that they are for are installed."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from api.schemas import AskRequest
from rag.serialise import AnswerJSON

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


def test_inspect(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", exc_type=ImportError)
    (tmp_path / "questions.jsonl").write_text(
        '{"question": "Who found it?", "answers": ["Ada Byron", "A. Byron"]}\n{"question": "Why?", "answers": []}\n'
    )
    task = example("inspect_task").cited_answers(str(tmp_path / "questions.jsonl"))
    assert [(one.input, one.target) for one in task.dataset] == [("Who found it?", ["Ada Byron", "A. Byron"])]


def test_promptfoo_asks_as_the_service_takes_it_and_reads_what_it_answers() -> None:
    yaml = pytest.importorskip("yaml")
    config = yaml.safe_load((FOLDER / "promptfoo.yaml").read_text("utf-8"))
    (provider,) = (one["config"] for one in config["providers"])
    assert AskRequest.model_validate(provider["body"], extra="forbid").question == "{{prompt}}"
    assert provider["url"].endswith("/v1/ask")
    read = set(re.findall(r"json\.(\w+)", provider["transformResponse"]))
    assert read == {"answer", "answered", "sure", "citations"}
    assert read <= AnswerJSON.__annotations__.keys()


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
