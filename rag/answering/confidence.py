"""Signals of an answer -> the calibrated probability that it is right, and whether to give it at all (pure).

The signals are the similarity of the question and the chosen sentence, the likelihoods of the language model, and the
differences of the question and the text, compared word by word like a claim with its evidence: another number or name,
a superfluous "not", an opposite. Nothing is compared with other passages, so that the probability means the same in a
library of ten documents and of ten thousand. A logistic regression adds the signals up; its weights and the threshold
of refusal are in `weights.json`, with the error rates at that threshold (made by benchmarks/fit_answers.py, in which
each signal may only count in the direction of its sense): one set for spans, one for sentences, one for answers without
a language model.
"""

from __future__ import annotations

import math

from rag.answering.span_features import expected_type_fits, weights
from rag.checking.alignment import align
from rag.retrieval.question import Question
from rag.seams import Reading, Span
from rag.types import Evidence

EvidenceSignals = dict[str, float]


def signals_of(
    question: Question,
    evidence: Evidence,
    reading: Reading | None = None,
    span: Span | None = None,
    share: float = 0.0,
) -> EvidenceSignals:
    """The signals for the answer in `evidence`, by name; `share` (0..1) is the probability of `span` among all scored
    spans."""
    sentence = align(question.text, [evidence.text]).features
    passage = align(question.text, [evidence.passage.text]).features
    signals = {
        "similarity": evidence.similarity,
        "covered": sentence["covered_kin"],
        "number_absent": sentence["number_absent"],
        "negated": sentence["negated"],
        "opposite": sentence["opposite"],
        "contrary": sentence["contrary"],
        "passage_name_absent": passage["name_absent"],
        "passage_negated": passage["negated"],
        "passage_opposite": passage["opposite"],
        "type_missing": float(expected_type_fits(question, evidence.text) is False),
    }
    if reading is not None:
        signals |= {"likelihood": reading.likelihood}
    if span is not None:
        signals |= {
            "span_total": span.total + span.stop,
            "span_share": share,
            "span_type_missing": float(expected_type_fits(question, evidence.text[span.start : span.end]) is False),
        }
    return signals


def confidence(signals: EvidenceSignals) -> float:
    """The calibrated probability (0..1) that the documents hold the answer and that this is it."""
    fitted = weights()[_fit_of(signals)]
    total = fitted["intercept"] + sum(w * signals.get(name, 0.0) for name, w in fitted["weights"].items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def refuses(signals: EvidenceSignals) -> bool:
    """True if the confidence is below the threshold at which answers are given. The threshold is higher if the passage
    lacks a name of the question, since the answer may then be about somebody else."""
    fitted = weights()[_fit_of(signals)]
    return confidence(signals) < float(
        fitted["threshold_name_absent" if signals["passage_name_absent"] else "threshold"]
    )


def _fit_of(signals: EvidenceSignals) -> str:
    """The name of the fit that applies: for a span, for a sentence (a language model read it, no span was chosen), or
    plain (no language model)."""
    if "span_total" in signals:
        return "confidence_span"
    return "confidence_sentence" if "likelihood" in signals else "confidence_plain"
