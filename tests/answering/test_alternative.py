"""The other place that an answer which is not sure names."""

from __future__ import annotations

from rag.answering.alternative import other_place
from rag.answering.choose import RETRIEVAL_WEIGHT, choose
from rag.types import Passage
from tests.answering.readings import hit, passage, reading

QUIET = "Quiet is kept from ten in the evening. The pitch is left by noon."
FEES = "A pitch costs eleven crowns a night."
OLD = "A pitch costs nine crowns a night."
SAUNA = "sauna | price\nAdults | 7\nChildren | 3"


def place_of(first: Passage, at: str, second: Passage, other: str, below: float) -> str | None:
    """The words of the other place beside the first one, whose best span is `below` logits better."""
    hits = [hit(first, 0.5), hit(second, 0.5)]
    readings = [reading(first, at, score=6.0), reading(second, other, score=6.0 - below)]
    chosen = choose(hits, readings)
    assert chosen is not None
    found = other_place(chosen, hits, readings, ())
    return None if found is None else found.passage.text[found.span.start : found.span.end]


def test_a_place_that_is_nearly_as_good_is_the_other_one() -> None:
    fees = passage(FEES, document="b.txt")
    assert place_of(passage(QUIET), "by noon", fees, "eleven crowns", 2.9) == "eleven crowns"
    assert place_of(passage(QUIET), "by noon", fees, "eleven crowns", 3.1) is None


def test_retrieval_and_the_common_text_count_for_both() -> None:
    first, second = passage(QUIET), passage(FEES, document="b.txt")
    hits = [hit(first, 0.5), hit(second, 0.5 - 2 / RETRIEVAL_WEIGHT)]
    readings = [reading(first, "by noon", score=6.0), reading(second, "eleven crowns", score=5.5)]
    chosen = choose(hits, readings)
    assert chosen is not None
    assert other_place(chosen, hits, readings, ()) is not None
    assert other_place(chosen, hits, readings, [0.0, -1.0]) is None


def test_another_sentence_of_the_same_passage_is_another_place() -> None:
    one = passage(QUIET)
    both = reading(one, "by noon", score=6.0)
    both = both._replace(spans=(*both.spans, *reading(one, "ten in the evening", score=5.0).spans))
    chosen = choose([hit(one)], [both])
    assert chosen is not None
    found = other_place(chosen, [hit(one)], [both], ())
    assert found is not None
    assert one.text[found.span.start : found.span.end] == "ten in the evening"


def test_words_of_the_same_sentence_are_no_other_place() -> None:
    one = passage(QUIET)
    both = reading(one, "by noon", score=6.0)
    both = both._replace(spans=(*both.spans, *reading(one, "The pitch", score=5.0).spans))
    chosen = choose([hit(one)], [both])
    assert chosen is not None
    assert other_place(chosen, [hit(one)], [both], ()) is None


def test_the_same_sentence_with_another_figure_is_that_of_a_version() -> None:
    old, new = passage(OLD.replace("nine", "9")), passage(FEES.replace("eleven", "11"), document="b.txt")
    assert place_of(new, "11 crowns", old, "9 crowns", 1.0) is None
