"""The common text of passages near the best one, and what each loses in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.choose import choose
from rag.answering.side_by_side import CLOSE, gains, side_by_side
from rag.types import AnswerSpan, BlockSpan, Passage, PassageReading
from tests.answering.readings import hit, passage, reading

MILL, FERRY, PIER = "Ada Hart built the mill in 1859.", "Tom Byrne built the ferry in 1874.", "Cid Ray built the pier."


def three(first: float, second: float, third: float) -> tuple[list[Passage], list[PassageReading]]:
    passages = [passage(MILL), passage(FERRY, document="b.txt", section="Boats"), passage(PIER, document="c.txt")]
    names = zip(passages, ("Ada Hart", "Tom Byrne", "Cid Ray"), (first, second, third), strict=True)
    return passages, [reading(of, name, score=score) for of, name, score in names]


def test_sentences_near_the_best_stand_in_one_text_the_best_one_last() -> None:
    passages, readings = three(6.0, 5.0, 6.0 - CLOSE - 0.1)
    beside = side_by_side([hit(of) for of in passages], readings)
    assert beside is not None
    assert beside.passage.text == f"Title > Boats : {FERRY}\n\nTitle : {MILL}"
    assert [(number, beside.passage.text[start:end]) for number, start, end in beside.places] == [(1, FERRY), (0, MILL)]


def test_one_that_is_far_better_is_not_weighed() -> None:
    passages, readings = three(6.0, 6.0 - CLOSE - 0.1, 0.0 - CLOSE)
    assert side_by_side([hit(of) for of in passages], readings) is None
    assert side_by_side([], []) is None
    again = passage(MILL, document="copy.txt")
    assert side_by_side([hit(passages[0]), hit(again)], [readings[0], reading(again, "Ada Hart")]) is None


def test_the_text_is_cut_around_the_answer_of_a_long_sentence() -> None:
    long = passage("The harbour, " + "and the quay, " * 60 + "was built by Eve Moss " + "and her men " * 60 + ".")
    passages, readings = three(6.0, 0.0, 0.0)
    beside = side_by_side([hit(passages[0]), hit(long)], [readings[0], reading(long, "Eve Moss", score=5.0)])
    assert beside is not None
    number, start, end = beside.places[0]
    assert (number, end - start) == (1, 400)
    assert "was built by Eve Moss and" in beside.passage.text[start:end]


def test_a_row_of_a_table_is_shown_with_the_names_of_its_columns() -> None:
    table = passage("Code | Meaning | Part\nE4 | Grinder blocked | \nE5 | No water | tank", document="b.txt")
    block = BlockSpan(0, len(table.text), "table", header=(0, 21))
    table = replace(table, blocks=(block,))
    prose = passage(MILL)
    beside = side_by_side(
        [hit(prose), hit(table)], [reading(prose, "Ada Hart"), reading(table, "Grinder blocked", score=4.0)]
    )
    assert beside is not None
    assert beside.passage.text == f"Title : Code: E4; Meaning: Grinder blocked\n\nTitle : {MILL}"


def test_what_loses_side_by_side_is_chosen_only_if_it_was_better_by_more() -> None:
    passages, readings = three(6.0, 5.0, 6.0 - CLOSE - 0.1)
    hits = [hit(of) for of in passages]
    beside = side_by_side(hits, readings)
    assert beside is not None
    spans = [AnswerSpan(*beside.places[0][1:], score=4.0), AnswerSpan(*beside.places[1][1:], score=1.0)]
    lost = gains(beside, PassageReading(beside.passage, tuple(spans), 1.0, 0.0, 0.0), 3)
    assert lost == [-1.5, 0.0, -1.5]  # half of 3 logits; what was not shown loses as much as the worst
    found = choose(hits, readings, gained=lost)
    assert found is not None
    assert found.passage == passages[1]
    assert found.margin == pytest.approx(0.5)
    ferry_alone = PassageReading(beside.passage, (spans[0],), 1.0, 0.0, 0.0)
    # Of the mill nothing was chosen: 8 logits below the least would cost 4, but 2.5 is the most.
    assert gains(beside, ferry_alone, 3) == [-2.5, 0.0, -2.5]
    assert gains(beside, PassageReading(beside.passage, (), 1.0, 0.0, 0.0), 3) == [0.0, 0.0, 0.0]


def test_what_was_not_shown_comes_before_nothing_that_was() -> None:
    passages, readings = three(6.0, 5.9, 6.0 - CLOSE - 0.1)
    beside = side_by_side([hit(of) for of in passages], readings)
    assert beside is not None
    spans = tuple(
        AnswerSpan(*place[1:], score=score) for place, score in zip(beside.places, (30.0, -30.0), strict=True)
    )
    lost = gains(beside, PassageReading(beside.passage, spans, 1.0, 0.0, 0.0), 3)
    found = choose([hit(of) for of in passages], readings, gained=lost)
    assert found is not None
    assert found.passage == passages[1]
