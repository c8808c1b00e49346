"""The list of figures: the name of each, its meaning, and how it is computed from the columns of `judging.py`.

A figure is a statistic of the questions for which its columns are defined, with its bootstrap interval. If there are
none, it is "not defined", never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from math import isnan, nan
from typing import Any, Literal, NamedTuple

import numpy as np

from rag.evaluation.certainty import Float64Array, auroc, brier, calibration_error, risk_area
from rag.evaluation.intervals import Indices, Interval, bootstrap, is_few, wilson
from rag.evaluation.judging import CUT, RECALL_AT, JudgementTable

Better = Literal["higher", "lower", "neither"]


class Measure(NamedTuple):
    """A figure before it is computed; `statistic` takes one array for each of `columns`, all of one shape `(n,)`."""

    name: str
    title: str
    group: str
    columns: tuple[str, ...]
    statistic: Callable[..., float]
    better: Better
    unit: Literal["", "s", "tokens"]
    meaning: str


class Figure(NamedTuple):
    """A measure of one run, with the number of questions for which it is defined."""

    measure: Measure
    interval: Interval
    questions: int


def mean(values: Float64Array) -> float:
    """The mean; NaN if there are no values."""
    return float(values.mean()) if len(values) else nan


def percentile(share: float, values: Float64Array) -> float:
    """The quantile at `share` (0..1), linear between order statistics, as numpy has it; NaN if there are no values."""
    return float(np.quantile(values, share)) if len(values) else nan


def _mean(name: str, title: str, group: str, meaning: str, better: Better = "higher") -> Measure:
    return Measure(name, title, group, (name,), mean, better, "", meaning)


def _latency(name: str, title: str, share: float) -> Measure:
    meaning = "From question to answer, on the machine and with the load of the run."
    return Measure(name, title, "Cost", ("seconds",), partial(percentile, share), "lower", "s", meaning)


def _tokens(name: str, title: str, meaning: str) -> Measure:
    return Measure(name, title, "Cost", (name,), mean, "lower", "tokens", meaning)


RETRIEVAL, ANSWERS, CITATIONS, REFUSAL = "Retrieval", "Answers", "Citations and faithfulness", "Confidence and refusal"

MEASURES: tuple[Measure, ...] = (
    *(
        _mean(
            f"recall@{k}", f"Recall@{k}", RETRIEVAL, f"Share of the gold documents that are among the first {k} found."
        )
        for k in RECALL_AT
    ),
    _mean("mrr", f"MRR@{CUT}", RETRIEVAL, "1 / rank of the first gold document, 0 beyond the tenth."),
    _mean("ndcg", f"nDCG@{CUT}", RETRIEVAL, "Discounted gain of gold documents, over that of the best ranking."),
    _mean(
        "as_read",
        "Right to a reader",
        ANSWERS,
        "The answer itself holds a right one, and what it cites bears that out; a refusal counts 0.",
    ),
    _mean(
        "as_quoted",
        "Quote holds it",
        ANSWERS,
        "The first citation overlaps gold evidence or holds a right answer, whatever is said; a refusal counts 0.",
    ),
    _mean("exact_match", "Exact match", ANSWERS, "The answer is a right one, as SQuAD normalises; a refusal counts 0."),
    _mean("f1", "Token F1", ANSWERS, "Words shared with the nearest right answer (SQuAD); a refusal counts 0."),
    _mean("contained", "Answer contained", ANSWERS, "A right answer stands in the answer; a refusal counts 0."),
    _mean(
        "quote_contained",
        "First quote contains an answer",
        ANSWERS,
        "A right answer stands in the quote of the first citation; a refusal counts 0.",
    ),
    _mean(
        "citation_precision",
        "Citation precision (gold)",
        CITATIONS,
        "Share of an answer's citations that overlap gold evidence, or contain a right answer in a gold document.",
    ),
    _mean(
        "citation_recall",
        "Citation recall (gold)",
        CITATIONS,
        "Share of the gold evidence, or of the answer, that the citations of an answer show.",
    ),
    _mean(
        "entailed_recall",
        "Citation recall (entailment)",
        CITATIONS,
        "Share of an answer's claims that are supported by what they cite, by the product's own checker (ALCE).",
    ),
    _mean(
        "entailed_precision",
        "Citation precision (entailment)",
        CITATIONS,
        "Share of citations that their claim needs, or that support it alone, by the product's own checker (ALCE).",
    ),
    _mean("faithfulness", "Faithfulness", CITATIONS, "Mean support of an answer's claims, as the answer gives it."),
    Measure(
        "auroc_answerable",
        "AUROC of confidence, answerable",
        REFUSAL,
        ("answerable", "confidence"),
        auroc,
        "higher",
        "",
        "How often an answerable question has more confidence than an unanswerable one; 0.5 is chance.",
    ),
    _mean("refused_unanswerable", "Unanswerable refused", REFUSAL, "Share of unanswerable questions that are refused."),
    _mean("refused_answerable", "Answerable refused", REFUSAL, "False refusals: answerable and refused.", "lower"),
    Measure(
        "risk_area",
        "Area under the risk-coverage curve",
        REFUSAL,
        ("right_answered", "confidence"),
        risk_area,
        "lower",
        "",
        "Mean share of wrong answers among the most confident ones, over all coverages that the answers reach.",
    ),
    Measure(
        "calibration_error",
        "Expected calibration error",
        REFUSAL,
        ("right", "confidence"),
        calibration_error,
        "lower",
        "",
        "Mean distance between confidence and the share that is right, over ten bins. Refused answerable questions are "
        "left out: what would have been said is not known.",
    ),
    Measure(
        "brier",
        "Brier score",
        REFUSAL,
        ("right", "confidence"),
        brier,
        "lower",
        "",
        "Mean squared distance between confidence and being right, of the same questions.",
    ),
    _latency("seconds_median", "Latency, median", 0.5),
    _latency("seconds_95", "Latency, 95th percentile", 0.95),
    _latency("seconds_99", "Latency, 99th percentile", 0.99),
    _tokens("prompt_tokens", "Tokens read", "Mean tokens that the language model read for a question."),
    _tokens("completion_tokens", "Tokens written", "Mean tokens that the language model wrote for a question."),
)


def figures(columns: JudgementTable, seed: int, measures: Iterable[Measure] = MEASURES) -> list[Figure]:
    """The figures of a run, in the order of `measures`; intervals are drawn from `seed`."""
    return [figure(measure, columns, seed) for measure in measures]


def figure(measure: Measure, columns: JudgementTable, seed: int) -> Figure:
    """The figure of one measure, over the questions for which it is defined."""
    arrays = defined(measure, columns)
    count = len(arrays[0]) if arrays else 0
    if measure.statistic is mean and count and is_few(arrays[0]):
        return Figure(measure, wilson(int(arrays[0].sum()), count), count)
    interval = bootstrap(lambda chosen: measure.statistic(*(array[chosen] for array in arrays)), count, seed)
    return Figure(measure, interval, count)


def defined(measure: Measure, columns: JudgementTable, chosen: Indices | None = None) -> list[Float64Array]:
    """The columns of the measure, of the chosen questions for which none of them is NaN."""
    if any(name not in columns for name in measure.columns):  # a run without a single answer
        return []
    arrays = [columns[name] if chosen is None else columns[name][chosen] for name in measure.columns]
    known = ~np.isnan(arrays).any(axis=0)
    return [array[known] for array in arrays]


def figure_json(figure: Figure) -> dict[str, Any]:
    """A figure as JSON; `value`, `low` and `high` are null if it is not defined."""
    measure, interval = figure.measure, figure.interval
    return {
        "name": measure.name,
        "title": measure.title,
        "group": measure.group,
        "value": number_or_none(interval.value),
        "low": number_or_none(interval.low),
        "high": number_or_none(interval.high),
        "questions": figure.questions,
        "better": measure.better,
        "unit": measure.unit,
    }


def number_or_none(value: float) -> float | None:
    """The number, or None for NaN, which JSON does not have."""
    return None if isnan(value) else value
