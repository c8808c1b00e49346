"""The threshold with a bound on wrong answers, against sums of binomial probabilities and against all thresholds."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.threshold import CERTAINTY, fewest, lowest_threshold, upper_bound

ANSWERS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.8])), min_size=1, max_size=200)


def tail(wrong: int, count: int, share: float) -> float:
    """The probability of `wrong` or fewer, term by term."""
    return sum(comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(wrong + 1))


@given(st.integers(1, 120), st.data(), st.floats(0.001, 0.5))
def test_the_bound_is_where_seeing_so_few_becomes_improbable(count: int, data: st.DataObject, error: float) -> None:
    wrong = data.draw(st.integers(0, count - 1))
    bound = upper_bound(wrong, count, error)
    assert wrong / count < bound < 1
    assert tail(wrong, count, bound) == pytest.approx(error, rel=1e-6)


def test_all_wrong_may_always_be_so() -> None:
    assert upper_bound(7, 7, 0.05) == 1.0


@given(ANSWERS, st.sampled_from([0.05, 0.1, 0.3, 0.6]))
def test_a_threshold_that_is_found_keeps_its_bound(answers: list[tuple[bool, float]], at_most: float) -> None:
    right = np.array([one for one, _ in answers], bool)
    confidence = np.array([one for _, one in answers], np.float64)
    found = lowest_threshold(right, confidence, at_most)
    if found is None:
        return
    kept = confidence >= found.value
    assert (found.given, found.wrong) == (int(kept.sum()), int((kept & ~right).sum()))
    assert found.value in confidence
    assert found.wrong / found.given < found.bound <= at_most
    assert tail(found.wrong, found.given, at_most) <= 1 - CERTAINTY  # also without a share for each step of the search


def test_the_lowest_threshold_is_found_where_wrong_answers_have_little_confidence() -> None:
    confidence = np.linspace(0.0, 1.0, 400)
    right = confidence > 0.4
    found = lowest_threshold(right, confidence, 0.1)
    assert found is not None
    allowed = [
        value
        for value in confidence
        if upper_bound(
            int(((confidence >= value) & ~right).sum()), int((confidence >= value).sum()), (1 - CERTAINTY) / 10
        )
        <= 0.1
    ]  # 400 answers take ten steps at most
    assert found.value == min(allowed)
    assert 0.3 < found.value < 0.4


def test_answers_that_are_all_right_are_all_given() -> None:
    found = lowest_threshold(np.ones(60, bool), np.linspace(0.1, 0.9, 60), 0.1)
    assert found is not None
    assert (found.value, found.given, found.wrong) == (0.1, 60, 0)


@pytest.mark.parametrize("at_most", [0.02, 0.1, 0.3])
def test_the_fewest_answers_are_just_enough(at_most: float) -> None:
    count = fewest(at_most)
    assert lowest_threshold(np.ones(count, bool), np.linspace(0.1, 0.9, count), at_most) is not None
    assert lowest_threshold(np.ones(count - 1, bool), np.linspace(0.1, 0.9, count - 1), at_most) is None


def test_no_answers_have_no_threshold() -> None:
    assert lowest_threshold(np.ones(0, bool), np.ones(0), 0.1) is None


def test_a_few_wrong_answers_of_the_least_confidence_are_cut_off() -> None:
    for count, wrong in ((80, 5), (90, 10), (60, 3)):
        right = np.arange(count) >= wrong
        found = lowest_threshold(right, np.linspace(0.1, 0.9, count), 0.1)
        assert found is not None, (count, wrong)
        assert found.given >= count - wrong - 16


def test_the_bound_holds_for_questions_that_were_not_measured() -> None:
    """With confidence that tells nothing, and 10.1 % wrong answers, a threshold for 10 % is found in 5 % of draws at
    most: 8 % if the error were not divided by the steps of the search."""
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(600):
        right = rng.random(400) > 0.101
        found += lowest_threshold(right, rng.random(400), 0.1) is not None
    assert found / 600 <= 1 - CERTAINTY
