"""Question + Evidence -> the parts of an answer: whole sentences, verbatim spans, or written sentences.

Each of the three modes tells at once the signals from which the confidence is computed, and then says its parts, each
when it has been checked. Nothing here decides whether to abstain.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from math import exp
from typing import NamedTuple

from rag.answering.cited_text import Cited, CitedText
from rag.answering.confidence import EvidenceSignals, signals_of
from rag.answering.lists import announces_list, list_items, whole_enumeration, without_marker
from rag.answering.parts import Part, Place, quoted
from rag.answering.prompt import DECLINED, reading_prompts, writing_grammar, writing_messages
from rag.answering.span_features import span_score, with_qualifier
from rag.checking.faithfulness import check
from rag.deadline import Deadline
from rag.retrieval.evidence import refers_back
from rag.retrieval.question import Question
from rag.types import CELL_SEPARATOR, AbstentionReason, Evidence, LanguageModel, Reading, Sentence, Span, Usage

_LIKELIHOOD_WEIGHT = (
    0.3  # beside the evidence score: fitted by hand between 0.1 and 1, flat there (docs/experiments.md)
)
# Evidence score below the best one at which a sentence is not worth reading: it saves three tenths of the tokens and
# costs 0.001 of right sentences and 0.002 of F1 (docs/experiments.md).
_WORTH_READING = 0.15
# The best span's share of probability among all that were scored, below which it is no answer: fewer than half of such
# spans even touch the right words, and three of five of their sentences hold them (docs/experiments.md). Then the
# sentence is said whole.
_CLEAR_SHARE = 0.15
_READ_CLOSELY = 2  # sentences of which spans are scored: a third gains nothing, one alone loses 0.02 of F1
_DESCRIPTION = 3  # sentences of a description
_DESCRIPTION_MARGIN = 0.08  # evidence score below the best one at which a sentence still adds to it
_WHY = re.compile(r"\b(why|reasons?|what (caused|led to))\b", re.IGNORECASE)
_BECAUSE = re.compile(
    r"\b(because|since|so that|so as|in order to|due to|owing to|thanks to|therefore|thus|hence|reasons?|cause[ds]?|"
    r"led to|for fear|to (avoid|prevent|keep|protect|save|allow|make sure))\b",
    re.IGNORECASE,
)
_REASON = 0.1  # what a sentence that gives a reason gains: less than a missing name or number costs it
_WRITTEN_TOKENS = 256


class Outcome(NamedTuple):
    """What is known when everything has been said."""

    usage: Usage = Usage()
    reason: AbstentionReason = "unsupported"  # why there are no parts, where there are none


class Said(NamedTuple):
    """What a mode makes of the evidence. The generator does its work as it is read; left alone, it does none."""

    parts: Generator[Part, None, Outcome]
    signals: EvidenceSignals
    usage: Usage = Usage()  # of what was read for the signals; the outcome's usage holds it too


def extract(question: Question, evidence: Sequence[Evidence]) -> Said:
    """The best sentences as they stand; needs no language model."""
    return _at_once(_sentences(question, evidence, evidence[0]), signals_of(question, evidence[0]))


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
        return _at_once(_sentences(question, [evidence[i] for i in order], best), signals, readings.usage)
    best, reading, span, share = _best_span(question, evidence, readings.readings, order)
    signals = signals_of(question, best, reading, span, share)
    if question.kind == "list" or announces_list(best.text):
        return _at_once(_items(best, span, question), signals, readings.usage)
    if share < _CLEAR_SHARE:
        return _at_once([_checked(best, 0, len(best.text), question)], signals, readings.usage)
    start = with_qualifier(best.text, span.start)
    return _at_once([_checked(best, start, span.end, question)], signals, readings.usage)


def write(
    question: Question, evidence: Sequence[Evidence], model: LanguageModel, deadline: Deadline | None = None
) -> Said:
    """Sentences in the model's own words, each with labels that the grammar allows; checked, not yet filtered."""
    return Said(_written(question, evidence, model, deadline), signals_of(question, evidence[0]))


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
    """Those that do not reach from one cell of a table row into the next; all, where all do."""
    return [span for span in spans if CELL_SEPARATOR not in text[span.start : span.end]] or spans


def _checked(evidence: Evidence, start: int, end: int, question: Question) -> Part:
    """A verbatim part; its support is what the checker says of it, as for any other text."""
    verdict = check(evidence.text[start:end], [evidence.text], question.text)
    return quoted(evidence, start, end, verdict.support)


def _whole(evidence: Evidence, sentence: Sentence, question: Question) -> Part:
    passage = evidence.passage
    text = passage.text[sentence.start - passage.start : sentence.end - passage.start]
    item = Evidence(evidence.label, passage, sentence.start, sentence.end, text, evidence.score)
    return _checked(item, without_marker(text), len(text), question)


def _sentences(question: Question, ranked: Sequence[Evidence], best: Evidence) -> list[Part]:
    """The best sentence; for a description also others nearly as good, in the order in which they stand."""
    wants_items = question.kind == "list" or announces_list(best.text)
    if wants_items and (items := list_items(best)):
        return [_whole(best, item, question) for item in items]
    chosen = [(best, Sentence(best.start, best.end))]
    if question.kind == "descriptive":
        for other in ranked:
            same_passage = other.passage.id == best.passage.id
            if other != best and same_passage and other.score >= best.score - _DESCRIPTION_MARGIN:
                chosen.append((other, Sentence(other.start, other.end)))
        chosen = chosen[:_DESCRIPTION]
    if question.kind == "descriptive" and len(chosen) < _DESCRIPTION and refers_back(best.text):
        before = [s for s in best.passage.sentences if s.end <= best.start]
        chosen += [(best, before[-1])] if before else []
    chosen[1:] = sorted(chosen[1:], key=lambda item: item[1].start)
    return [_whole(item, sentence, question) for item, sentence in chosen]


def _items(best: Evidence, span: Span, question: Question) -> list[Part]:
    if items := list_items(best):
        return [_whole(best, item, question) for item in items]
    start, end = whole_enumeration(best.text, span.start, span.end)
    return [_checked(best, start, end, question)]


def _at_once(parts: Sequence[Part], signals: EvidenceSignals, usage: Usage = Usage()) -> Said:  # noqa: B008
    """Parts that are all there already."""

    def say() -> Generator[Part, None, Outcome]:
        yield from parts
        return Outcome(usage)

    return Said(say(), signals, usage)


def _written(
    question: Question, evidence: Sequence[Evidence], model: LanguageModel, deadline: Deadline | None
) -> Generator[Part, None, Outcome]:
    """Whatever comes, a grammar kept or not: what is said cites what was shown, and has been checked against it."""
    messages = writing_messages(question.text, evidence)
    grammar = writing_grammar([item.label for item in evidence])
    prompt_tokens = sum(model.count_tokens(message.content) for message in messages)
    by_label = {item.label: item for item in evidence}
    text, tokens, silent = CitedText(by_label), 0, True
    for piece in model.write(messages, grammar, _WRITTEN_TOKENS, deadline):
        tokens += 1
        if silent and (text.rest + piece).lstrip().startswith(DECLINED):
            return Outcome(Usage(prompt_tokens, tokens), "declined")
        for cited in text.add(piece):
            silent = False
            yield _written_part(cited, by_label, question)
    for cited in text.end():
        yield _written_part(cited, by_label, question)
    return Outcome(Usage(prompt_tokens, tokens))


def _written_part(claim: Cited, by_label: Mapping[int, Evidence], question: Question) -> Part:
    cited = [by_label[label] for label in claim.labels]
    verdict = check(claim.text, [item.text for item in cited], question.text)
    places = tuple(Place(item, item.start, item.end) for item in cited)
    return Part(claim.text, places, verdict.support, verdict.reason)
