"""inspect_ai asks the service: answers that hold what is expected, and cite it.

rag serve --index demo
export LOCAL_BASE_URL=http://localhost:8000/v1 LOCAL_API_KEY=none
inspect eval inspect_task.py --model openai-api/local/rag/demo -T questions=../../seeds/questions.jsonl
"""

from __future__ import annotations

import re
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import Sample, json_dataset
from inspect_ai.scorer import Score, Scorer, Target, accuracy, includes, scorer, stderr
from inspect_ai.solver import TaskState, generate


def sample(line: dict[str, Any]) -> Sample:
    """A line of a file of questions, as `rag eval` reads it."""
    return Sample(input=line["question"], target=line["answers"])


@scorer(metrics=[accuracy(), stderr()])
def cited() -> Scorer:
    """1 if the answer cites a source, as `[1]`."""

    async def score(state: TaskState, target: Target) -> Score:
        said = state.output.completion
        return Score(value=int(re.search(r"\[\d+\]", said) is not None), answer=said)

    return score


@task
def cited_answers(questions: str) -> Task:
    """The questions of a file that have answers."""
    dataset = json_dataset(questions, sample).filter(lambda one: bool(one.target))
    return Task(dataset, solver=generate(), scorer=[includes(), cited()])
