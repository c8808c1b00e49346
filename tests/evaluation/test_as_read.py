"""Answers judged as a reader would: by what they say, borne out by what they cite."""

from __future__ import annotations

import pytest

from rag.evaluation.as_read import as_read
from rag.evaluation.judging import Judgement, differs, is_quoted_right, judgement_table, outcome
from rag.evaluation.record import Record
from tests.evaluation.records import FIRST, SECOND, answer, citation, record


def judged(text: str, *right: str, groups: tuple[tuple[str, ...], ...] = (), place: tuple[int, int] = FIRST) -> Record:
    told = answer(f"{text} [1].", [citation(1, place)])
    return record(told, answers=right, answer_groups=groups or (right,), worded=())


@pytest.mark.parametrize(
    ("said", "right", "expected"),
    [
        ("The mill was built by Ada Hart", ("ada hart",), True),
        ("Adam Hartley built it", ("Ada Hart",), False),
        ("It cost 1,400 pounds", ("1400",), True),
        ("It rose by 4.5 %", ("4.5 per cent", "9"), True),
        ("It rose by 4.5 %", ("45 %",), False),
        ("It rose by 15 %", ("5 %",), False),
        ("It is 5 % of all", ("5 percent",), True),
        ("The low is -3 degrees", ("3 degrees",), False),
        ("The low is \u22123 degrees", ("-3 degrees",), True),
        ("The years 1914-1918", ("1918",), True),
        ("A red, blue and green flag", ("red blue",), True),
        ("Yes. Dogs are allowed", ("yes",), True),
        ("No. Dogs are not allowed", ("yes",), False),
        ("Nobody came", ("no",), False),
        ("The documents say: dogs are allowed on a lead", ("yes", "on a lead"), True),
        ("The documents say: dogs are allowed", ("yes", "on a lead"), False),
        ("Yes. Dogs are allowed", ("no", "allowed"), False),
    ],
)
def test_the_text_must_hold_a_right_answer(said: str, right: tuple[str, ...], expected: bool) -> None:
    assert as_read(judged(said, *right), said) is expected


def test_one_of_each_group_must_be_said() -> None:
    groups = (("ticket",), ("whistle", "flute"))
    assert as_read(judged("x", groups=groups), "a ticket and a flute") is True
    assert as_read(judged("x", groups=groups), "a ticket") is False


def test_what_is_cited_must_bear_it_out() -> None:
    said = "Ada Hart built it"
    assert as_read(judged(said, "Ada Hart"), said) is True
    assert as_read(judged(said, "Ada Hart", place=SECOND), said) is False  # the gold evidence is the first sentence
    anywhere = record(answer(said, [citation(1, SECOND)]), evidence=(), worded=())
    assert as_read(anywhere, said) is True  # nothing is known but the document, which it cites
    other = record(answer(said, [citation(1, SECOND, "ferry.txt")]), evidence=(), worded=())
    assert as_read(other, said) is False
    nothing_known = record(answer(said), evidence=(), worded=(), documents=())
    assert as_read(nothing_known, said) is True


def test_an_answer_that_somebody_wrote_at_length_is_judged_by_the_quote() -> None:
    long = "Ada Hart built the mill in the spring of the year with the help of all her neighbours"
    one = judged("Ada Hart built the mill", long)
    assert as_read(one, "Ada Hart built the mill") is None
    assert (outcome(one), differs(one)) == (Judgement.RIGHT, False)
    assert as_read(judged("x", groups=()), "x") is None


def test_what_is_read_and_what_is_quoted_are_told_apart() -> None:
    misread = judged("Bob built it", "Ada Hart")  # the quote names her
    assert (outcome(misread), is_quoted_right(misread), differs(misread)) == (Judgement.WRONG, True, True)
    second = record(answer("Ada Hart [2].", [citation(1, SECOND), citation(2, FIRST)]))
    assert (outcome(second), is_quoted_right(second), differs(second)) == (Judgement.RIGHT, False, True)
    right = judged("Ada Hart", "Ada Hart")
    assert (outcome(right), differs(right)) == (Judgement.RIGHT, False)
    refusal = record(answer(None))
    table = judgement_table([misread, second, right, refusal, record(answer(None), answerable=False)])
    assert table["as_read"][:4].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert table["as_quoted"][:4].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert [column[4] != column[4] for column in (table["as_read"], table["as_quoted"])] == [True, True]  # not defined
