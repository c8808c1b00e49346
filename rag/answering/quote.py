"""Mode quote: the shortest exact span for a factual question, all items for a list, sentences for a description."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import exp

from rag.answering.confidence import signals_of
from rag.answering.extract import checked_part, sentence_part, sentence_parts
from rag.answering.lists import announces_list, list_items, whole_enumeration
from rag.answering.modes import Said, at_once
from rag.answering.parts import Part
from rag.answering.prompt import reading_prompts
from rag.answering.span_features import span_score, with_qualifier
from rag.deadline import Deadline
from rag.retrieval.question import Question
from rag.seams import LanguageModel, Reading, Span
from rag.types import CELL_SEPARATOR, Evidence

_LIKELIHOOD_WEIGHT = 0.3  # the evidence score has 1; fitted by hand between 0.1 and 1, flat there (docs/experiments.md)

# Evidence score below the best one at which a sentence is not worth reading: it saves three tenths of the tokens and
# costs 0.001 of right sentences and 0.002 of F1 (docs/experiments.md).
_WORTH_READING = 0.15

# The best span's share of the probability of all that were scored, below which the whole sentence is the answer: fewer
# than half of such spans even touch the right words, and three of five of their sentences hold them
# (docs/experiments.md).
_CLEAR_SHARE = 0.15

_READ_CLOSELY = 2  # sentences of which spans are scored: a third gains nothing, one alone loses 0.02 of F1

_WHY = re.compile(r"\b(why|reasons?|what (caused|led to))\b", re.IGNORECASE)

_BECAUSE = re.compile(
    r"\b(because|since|so that|so as|in order to|due to|owing to|thanks to|therefore|thus|hence|reasons?|cause[ds]?|"
    r"led to|for fear|to (avoid|prevent|keep|protect|save|allow|make sure))\b",
    re.IGNORECASE,
)

_REASON = 0.1  # added for a sentence that gives a reason: less than a missing name or number costs it


def quote(
    question: Question, evidence: Sequence[Evidence], model: LanguageModel, deadline: Deadline | None = None
) -> Said:
    """The shortest exact span for a factual question, all items for a list, whole sentences for a description."""
    evidence = [item for item in evidence if item.score >= evidence[0].score - _WORTH_READING]
    closely = 0 if question.kind == "descriptive" else _READ_CLOSELY
    readings = model.read(
        reading_prompts(question.text, evidence),
        lambda likelihoods: order_evidence(question, evidence, likelihoods)[:closely],
        deadline,
    )
    order = order_evidence(question, evidence, [reading.likelihood for reading in readings.readings])
    if question.kind == "descriptive":
        best = evidence[order[0]]
        signals = signals_of(question, best, readings.readings[order[0]])
        return at_once(sentence_parts(question, [evidence[i] for i in order], best), signals, readings.usage)
    best, reading, span, share = _best_span(question, evidence, readings.readings, order)
    signals = signals_of(question, best, reading, span, share)
    if question.kind == "list" or announces_list(best.text):
        return at_once(_items(best, span, question), signals, readings.usage)
    if share < _CLEAR_SHARE:
        return at_once([checked_part(best, 0, len(best.text), question)], signals, readings.usage)
    start = with_qualifier(best.text, span.start)
    return at_once([checked_part(best, start, span.end, question)], signals, readings.usage)


def order_evidence(question: Question, evidence: Sequence[Evidence], likelihoods: Sequence[float]) -> list[int]:
    """Indices of the evidence, best first: by its score, by how likely it makes the question, and for a question that
    asks why, by whether it gives a reason at all."""
    asks_why = bool(_WHY.search(question.text))
    scores = [
        item.score + _LIKELIHOOD_WEIGHT * likelihood + (_REASON if asks_why and _BECAUSE.search(item.text) else 0.0)
        for item, likelihood in zip(evidence, likelihoods, strict=True)
    ]
    return sorted(range(len(evidence)), key=lambda i: -scores[i])


def _best_span(
    question: Question, evidence: Sequence[Evidence], readings: Sequence[Reading], order: Sequence[int]
) -> tuple[Evidence, Reading, Span, float]:
    """The span of the highest score, and its share of the probability of all that were scored."""
    read = [i for i in order if readings[i].spans]
    if not read:  # a sentence without a single word, such as a row of figures and signs
        item = evidence[order[0]]
        return item, readings[order[0]], Span(0, len(item.text), 0.0, 0.0, 0.0, 1), 0.0
    top_score = max(evidence[i].score for i in read)
    top_likelihood = max(readings[i].likelihood for i in read)
    scored: list[tuple[float, int, int, Span]] = []
    for rank, i in enumerate(read):
        lead = (evidence[i].score - top_score, readings[i].likelihood - top_likelihood)
        spans = _within_cells(evidence[i].text, readings[i].spans)
        scored += [(span_score(question, evidence[i].text, span, *lead), -rank, i, span) for span in spans]
    best, _, index, span = max(scored, key=lambda item: item[:2])
    share = 1.0 / sum(exp(score - best) for score, *_ in scored)
    return evidence[index], readings[index], span, share


def _within_cells(text: str, spans: Sequence[Span]) -> Sequence[Span]:
    """The spans that do not reach from one cell of a table row into the next; all of them if all do."""
    return [span for span in spans if CELL_SEPARATOR not in text[span.start : span.end]] or spans


def _items(best: Evidence, span: Span, question: Question) -> list[Part]:
    if items := list_items(best):
        return [sentence_part(best, item, question) for item in items]
    start, end = whole_enumeration(best.text, span.start, span.end)
    return [checked_part(best, start, end, question)]
