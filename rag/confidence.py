"""Signals of an answer -> the calibrated probability that it is right, and whether to give it at all (pure).

The signals are what retrieval, the question's own words and the language model say about the chosen sentence. A
logistic regression adds them up; its weights and the threshold of refusal are in `weights.json`, with the error rates
at that threshold (made by benchmarks/fit_answers.py): one set for spans, one for sentences, and one for answers
without a language model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from rag.question import Question
from rag.quoting import expected_type_fits, weights
from rag.retrieval import content_terms, coverage
from rag.terms import terms
from rag.types import Evidence, Reading, Span

EvidenceSignals = dict[str, float]

_NAMES = re.compile(r"(?<=\s)(?:[A-Z][\w'’.-]*|\S*\d\S*)")


def signals_of(
    question: Question,
    evidence: Evidence,
    weights: Mapping[str, float],
    reading: Reading | None = None,
    span: Span | None = None,
) -> EvidenceSignals:
    """What speaks for the answer in `evidence`; `weights` are the inverse frequencies of the question's terms."""
    sentence = content_terms(evidence.text)
    passage = evidence.passage
    around = content_terms(passage.text) | content_terms(f"{passage.title}\n{passage.section or ''}")
    heaviest = max(weights.values(), default=0.0) or 1.0
    names = [set(terms(name)) for name in _NAMES.findall(question.text)]
    named = [found for found in names if found]
    signals = {
        "evidence": evidence.score,
        "sentence_coverage": coverage(sentence, weights),
        "passage_coverage": coverage(around, weights),
        "heaviest_missing": max((w for t, w in weights.items() if t not in around), default=0.0) / heaviest,
        "names_missing": sum(not found <= around for found in named) / len(named) if named else 0.0,
        "terms": math.log1p(len(question.terms)),
        "type_missing": float(expected_type_fits(question, evidence.text) is False),
    }
    if reading is not None:
        signals |= {"model": 1.0, "likelihood": reading.likelihood}
    if span is not None:
        signals |= {
            "span": 1.0,
            "span_first": span.first,
            "span_total": span.total + span.stop,
            "span_type_missing": float(expected_type_fits(question, evidence.text[span.start : span.end]) is False),
        }
    return signals


def confidence(signals: EvidenceSignals) -> float:
    """0..1: the probability that the documents hold the answer and that this is it."""
    fitted = weights()[_fit_of(signals)]
    total = fitted["intercept"] + sum(w * signals.get(name, 0.0) for name, w in fitted["weights"].items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def refuses(signals: EvidenceSignals) -> bool:
    """Whether the confidence is below the threshold at which answers are given."""
    return confidence(signals) < float(weights()[_fit_of(signals)]["threshold"])


def _fit_of(signals: EvidenceSignals) -> str:
    """Which fit applies: `span`, `sentence` (a language model read, no span) or `plain` (no language model)."""
    if "span" in signals:
        return "confidence_span"
    return "confidence_sentence" if "model" in signals else "confidence_plain"
