"""What makes an answer doubtful, and that the fitted weights know every sign of it."""

from __future__ import annotations

import math

import pytest

from rag.answering.confidence import confidence, refuses, signals_of
from rag.answering.span_features import weights
from rag.retrieval.question import parse_question
from rag.seams import Reading, Span
from rag.text.sentences import split_sentences
from rag.types import Evidence, Passage

TEXT = "Ada Hart built the mill at Corran in 1859. The ferry was never closed."
READING = Reading(-1.5, ())
SPAN = Span(0, 8, -0.1, -0.5, -0.2, 3)


def evidence(number: int = 0, similarity: float = 0.6) -> Evidence:
    sentences = tuple(sentence for _, sentence in split_sentences(TEXT))
    passage = Passage("a.txt", "", "a.txt", 0, len(TEXT), TEXT, sentences)
    start, end = sentences[number]
    return Evidence(number + 1, passage, start, end, TEXT[start:end], 0.7, similarity)


def sure(question: str, item: Evidence | None = None) -> float:
    chosen = item or evidence()
    return confidence(signals_of(parse_question(question), chosen, READING, SPAN, 0.5))


@pytest.mark.parametrize(
    ("doubtful", "question"),
    [
        ("Who built the mill at Leeds?", "Who built the mill at Corran?"),  # a name that the text lacks
        ("Who built the mill at Corran in 1860?", "Who built the mill at Corran in 1859?"),
        ("Who never built the mill at Corran?", "Who built the mill at Corran?"),
        ("When was the mill at Corran built?", "Who built the mill at Corran?"),  # the span is no time
    ],
)
def test_what_the_text_does_not_say_makes_less_sure(doubtful: str, question: str) -> None:
    assert sure(doubtful) < sure(question) - 0.03


def test_a_nearer_sentence_and_a_likelier_span_make_more_sure() -> None:
    question = parse_question("Who built the mill?")
    assert sure("Who built the mill?", evidence(similarity=0.2)) < sure("Who built the mill?") - 0.1
    shares = [confidence(signals_of(question, evidence(), READING, SPAN, share)) for share in (0.1, 0.5, 0.9)]
    assert shares == sorted(set(shares))


def test_an_answer_whose_passage_lacks_a_name_of_the_question_must_be_likelier() -> None:
    signals = signals_of(parse_question("Who built the mill at Corran?"), evidence(), READING, SPAN, 0.5)
    fitted = weights()["confidence_span"]
    step = 0.01
    while confidence(signals) > fitted["threshold_name_absent"] - 0.02:
        signals["similarity"] -= step
    assert fitted["threshold"] < confidence(signals) < fitted["threshold_name_absent"]
    assert not refuses(signals)
    signals["passage_name_absent"] = 1e-9
    assert refuses(signals)


def test_the_confidence_is_the_logistic_of_the_weighted_signals() -> None:
    question, chosen = parse_question("Who built the mill?"), evidence()
    signals = signals_of(question, chosen)
    assert (signals["similarity"], signals["covered"], signals["negated"]) == (0.6, 1.0, 0.0)
    fitted = weights()["confidence_plain"]
    total = fitted["intercept"] + sum(fitted["weights"][name] * value for name, value in signals.items())
    assert confidence(signals) == pytest.approx(1 / (1 + math.exp(-total)))
    assert refuses(signals) == (confidence(signals) < fitted["threshold"])


@pytest.mark.parametrize(
    ("name", "reading", "span"),
    [("confidence_plain", None, None), ("confidence_sentence", READING, None), ("confidence_span", READING, SPAN)],
)
def test_the_weights_name_the_signals(name: str, reading: Reading | None, span: Span | None) -> None:
    chosen = evidence()
    assert set(weights()[name]["weights"]) == set(signals_of(parse_question("Why?"), chosen, reading, span))
