"""Signals of an answer, and that the fitted weights know every one of them."""

from __future__ import annotations

import math

import pytest

from rag.answering.choose import NO_RIVAL, choose
from rag.answering.confidence import confidence, signals_of, threshold, weights
from rag.reading.reader import reader_sha256
from rag.retrieval.question import parse_question
from tests.answering.readings import chosen, hit, passage, reading

TEXT = "Ada Hart built the mill at Corran in 1859. The ferry was never closed."


def sure(question: str, score: float = 4.0, found: float = 0.5) -> float:
    """The confidence in a span of a passage that was found so well, beside one that was found with 0.5."""
    of, other = passage(TEXT), passage("It rained.", document="b.txt")
    best = choose([hit(of, found), hit(other)], [reading(of, "Ada Hart", score=score), reading(other)])
    assert best is not None
    return confidence(signals_of(parse_question(question), best))


def test_a_likelier_span_and_a_nearer_passage_make_more_sure() -> None:
    question = "Who built the mill at Corran?"
    by_score = [sure(question, score=score) for score in (-6.0, 0.0, 6.0)]
    assert by_score == sorted(set(by_score))
    assert sure(question, found=0.2) < sure(question, found=0.5)


def test_a_name_that_the_passage_lacks_makes_no_surer() -> None:
    assert sure("Who built the mill at Rosneath?") <= sure("Who built the mill at Corran?")


def test_the_confidence_is_the_product_of_two_logistics_of_the_weighted_signals() -> None:
    signals = signals_of(parse_question("Who built the mill?"), chosen(TEXT, "Ada Hart"))
    product = 1.0
    for name in ("held", "chosen"):
        fitted = weights()[name]
        total = fitted["intercept"] + sum(weight * signals[signal] for signal, weight in fitted["weights"].items())
        product /= 1 + math.exp(-total)
    assert confidence(signals) == pytest.approx(product)
    assert threshold() == weights()["threshold"]
    assert (signals["lead"], signals["relevance"], signals["span"], signals["margin"]) == (0.0, 1.0, 5.0, NO_RIVAL)


def test_a_rival_makes_less_sure_of_the_choice() -> None:
    signals = signals_of(parse_question("Who built the mill?"), chosen(TEXT, "Ada Hart"))
    by_margin = [confidence(signals | {"margin": margin}) for margin in (0.0, 4.0, NO_RIVAL)]
    assert by_margin == sorted(set(by_margin))


def test_the_weights_name_the_signals_and_the_reader() -> None:
    signals = signals_of(parse_question("Why?"), chosen(TEXT, "Ada Hart"))
    assert set(weights()["chosen"]["weights"]) == set(signals)
    assert set(weights()["held"]["weights"]) == set(signals) - {"margin"}
    assert weights()["fitted"]["reader"] == reader_sha256()
