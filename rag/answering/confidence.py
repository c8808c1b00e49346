"""Signals of a chosen answer -> the calibrated probability that it is right (pure).

The signals are what the reader says of the passage, by how much the span is better than the best one of other words,
how well the passage was found and if it was found best, how much of the question it holds, laid on it word by word as
a claim would be, and the numbers of the question that it lacks. Two logistic regressions add them up: the probability
that the documents hold an answer, and that the chosen span is it if they do, of which the rival tells most. Their
weights, the threshold of refusal and that from which an answer is sure are in `weights.json`, with the hash of the
reader and the data that they were fitted with (benchmarks/fit_confidence.py).
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.resources import files
from typing import Any

from rag.answering.choose import Chosen
from rag.checking.alignment import align
from rag.retrieval.naming import with_file_name
from rag.retrieval.question import Question

Signals = dict[str, float]


def signals_of(question: Question, chosen: Chosen) -> Signals:
    """Signals for and against the chosen span as the answer to the question."""
    found = with_file_name(chosen.passage, question.terms)
    passage = align(question.text, [f"{found.title}\n{found.section or ''}\n{found.text}"])
    return {
        "span": chosen.reading.score,
        "relevance": chosen.reading.relevance,
        "lead": chosen.lead,
        "margin": chosen.margin,
        "retrieval": chosen.hit.score,
        "cosine": chosen.hit.dense_score,
        "covered": passage.features["covered_kin"],
        "number_absent": passage.features["number_absent"],
    }


def confidence(signals: Signals) -> float:
    """The probability (0..1) that the documents hold the answer and that this is it."""
    return _logistic("held", signals) * _logistic("chosen", signals)


def threshold() -> float:
    """The confidence below which an answer is refused, unless an index has its own threshold (`calibration.py`)."""
    return float(weights()["threshold"])


def sure_from() -> float:
    """The confidence from which two of three answers are right (`two_of_three` of benchmarks/fit_confidence.py)."""
    return float(weights()["sure"])


@cache
def weights() -> dict[str, Any]:
    """The packaged weights, with what they were fitted with."""
    content: dict[str, Any] = json.loads(files("rag.answering").joinpath("weights.json").read_text("utf-8"))
    return content


def _logistic(name: str, signals: Signals) -> float:
    fitted = weights()[name]
    total = fitted["intercept"] + sum(weight * signals[signal] for signal, weight in fitted["weights"].items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))
