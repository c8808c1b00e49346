"""Each measure against an example worked out by hand, and against another implementation where there is one."""

from __future__ import annotations

from math import isnan, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import bootstrap as scipy_bootstrap
from sklearn.metrics import roc_auc_score

from rag.evaluation.certainty import Bin, auroc, bins, brier, calibration_error, risk_area, risks
from rag.evaluation.intervals import bootstrap, is_few, wilson
from rag.evaluation.measures import MEASURES, figure
from rag.evaluation.ranking import ndcg, recall, reciprocal_rank
from rag.evaluation.squad import contains_all, contains_answer, exact_match, normalise, token_f1


def array(*values: float) -> np.ndarray:
    return np.array(values, float)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Norman-French.", "normanfrench"),
        ("an Apple a day", "apple day"),
        ("theatre", "theatre"),
        ("1,400 pounds!", "1400 pounds"),
        ("the", ""),
    ],
)
def test_squad_normalises(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_token_f1_and_exact_match() -> None:
    # tall ada hart / ada hart: 2 words in common; precision 2/3, recall 2/2; F1 = 2 * 2/3 * 1 / (2/3 + 1) = 4/5
    assert token_f1("the tall Ada Hart", ["Ada Hart", "Leeds"]) == pytest.approx(4 / 5)
    # a word counts as often as both have it: b b c / b c c: 2 in common of 3 and 3
    assert token_f1("b b c", ["b c c"]) == pytest.approx(2 / 3)
    assert token_f1("", ["Ada"]) == 0.0
    assert token_f1("Ada", []) == 0.0
    assert exact_match("Ada Hart.", ["Leeds", "ada  hart"]) == 1.0
    assert exact_match("Ada", ["Ada Hart"]) == 0.0


def test_an_answer_is_contained_as_whole_words() -> None:
    assert contains_answer("It was built in 1859, in Leeds.", ["1859"])
    assert not contains_answer("It was built in 1859.", ["185"])
    assert not contains_answer("It was built.", ["the", ""])
    assert contains_all("Ada in Leeds", [["Ada", "Hart"], ["Leeds"]])
    assert not contains_all("Ada in York", [["Ada", "Hart"], ["Leeds"]])
    assert not contains_all("Ada in York", [])


def test_ranking_by_hand() -> None:
    ranking, gold = ["x", "a", "y", "b"], {"a", "b", "c"}
    assert recall(ranking, gold, 1) == 0.0
    assert recall(ranking, gold, 2) == pytest.approx(1 / 3)
    assert recall(ranking, gold, 10) == pytest.approx(2 / 3)
    assert reciprocal_rank(ranking, gold, 10) == 1 / 2
    assert reciprocal_rank(ranking, gold, 1) == 0.0
    best = 1 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert ndcg(ranking, gold, 10) == pytest.approx((1 / log2(3) + 1 / log2(5)) / best)


@hypothesis_settings(deadline=None)
@given(
    st.lists(st.sampled_from("abcdefghijklmnop"), unique=True, max_size=14),
    st.sets(st.sampled_from("abcdefghijklmnop"), min_size=1),
)
def test_ranking_as_trec_eval_has_it(ranking: list[str], gold: set[str]) -> None:
    measures = pytest.importorskip("ir_measures")
    run = {"q": {name: float(-rank) for rank, name in enumerate(ranking)}}
    r, rr, gain = measures.R @ 5, measures.RR @ 10, measures.nDCG @ 10
    theirs = measures.calc_aggregate([r, rr, gain], {"q": dict.fromkeys(gold, 1)}, run) if ranking else {}
    assert recall(ranking, gold, 5) == pytest.approx(theirs.get(r, 0.0))
    assert reciprocal_rank(ranking, gold, 10) == pytest.approx(theirs.get(rr, 0.0))
    assert ndcg(ranking, gold, 10) == pytest.approx(theirs.get(gain, 0.0))


def test_auroc_by_hand() -> None:
    # positives 0.9, 0.5; negatives 0.5, 0.1: of four pairs three are in order and one is a tie: 3.5 / 4
    assert auroc(array(1, 1, 0, 0), array(0.9, 0.5, 0.5, 0.1)) == 3.5 / 4
    assert isnan(auroc(array(1, 1), array(0.9, 0.5)))
    assert isnan(auroc(array(), array()))


@hypothesis_settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.1, 0.2, 0.5, 0.7])), min_size=2, max_size=30))
def test_auroc_as_scikit_learn_has_it(pairs: list[tuple[bool, float]]) -> None:
    outcome, confidence = np.array([float(p[0]) for p in pairs]), np.array([p[1] for p in pairs])
    if len(set(outcome)) == 2:
        assert auroc(outcome, confidence) == pytest.approx(roc_auc_score(outcome, confidence))


def test_risk_and_coverage_by_hand() -> None:
    # by confidence: right, wrong, right, wrong -> wrong among the first 1, 2, 3, 4: 0, 1/2, 1/3, 2/4
    right, confidence = array(1, 1, 0, 0), array(0.7, 0.9, 0.8, 0.1)
    assert risks(right, confidence) == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert risk_area(right, confidence) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert isnan(risk_area(array(), array()))


def test_answers_of_equal_confidence_come_in_together() -> None:
    assert risks(array(1, 0, 1), array(0.5, 0.5, 0.9)) == pytest.approx([0, 1 / 3, 1 / 3])
    assert risks(array(0, 1, 1), array(0.5, 0.5, 0.9)) == pytest.approx([0, 1 / 3, 1 / 3])


def test_calibration_by_hand() -> None:
    right, confidence = array(1, 0, 1, 1), array(0.72, 0.78, 0.31, 1.0)
    assert [(one.low, one.size) for one in bins(right, confidence)] == [(0.3, 1), (0.7, 2), (0.9, 1)]
    assert bins(right, confidence)[1] == Bin(0.7, pytest.approx(0.75), 0.5, 2)  # type: ignore[arg-type]
    # |0.31 - 1| * 1/4 + |0.75 - 0.5| * 2/4 + |1 - 1| * 1/4
    assert calibration_error(right, confidence) == pytest.approx(0.69 / 4 + 0.25 / 2)
    assert brier(right, confidence) == pytest.approx((0.28**2 + 0.78**2 + 0.69**2 + 0) / 4)
    assert isnan(calibration_error(array(), array()))


def test_the_interval_is_that_of_scipy() -> None:
    values = np.random.default_rng(3).exponential(size=200)
    ours = bootstrap(lambda chosen: float(values[chosen].mean()), len(values), seed=0, resamples=4000)
    other = scipy_bootstrap((values,), np.mean, method="percentile", n_resamples=4000, rng=1).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx((other.low, other.high), abs=0.01)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        values = (rng.random(100) < 0.7).astype(float)
        interval = bootstrap(lambda chosen, v=values: float(v[chosen].mean()), 100, seed=1, resamples=300)  # type: ignore[misc]
        held += interval.low <= 0.7 <= interval.high
    assert 0.90 <= held / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval_and_nothing_gives_none() -> None:
    values = array(0, 1, 1, 0, 1)

    def mean(chosen: np.ndarray) -> float:
        return float(values[chosen].mean())

    assert bootstrap(mean, 5, seed=7) == bootstrap(mean, 5, seed=7)
    assert all(isnan(value) for value in bootstrap(mean, 0, seed=7))


def test_draws_without_a_kind_of_question_are_left_out() -> None:
    outcome, confidence = array(1, 0, 0), array(0.9, 0.2, 0.3)
    interval = bootstrap(lambda chosen: auroc(outcome[chosen], confidence[chosen]), 3, seed=0)
    assert interval == (1.0, 1.0, 1.0)


def test_the_interval_of_few_questions_is_wilsons() -> None:
    for successes, count in ((0, 1), (10, 10), (3, 7), (42, 99)):
        theirs = binomtest(successes, count).proportion_ci(0.95, method="wilson")
        assert wilson(successes, count) == pytest.approx((successes / count, theirs.low, theirs.high), abs=1e-6)
    measure = next(one for one in MEASURES if one.name == "contained")
    assert figure(measure, {"contained": np.ones(10)}, seed=0).interval == wilson(10, 10)
    assert figure(measure, {"contained": np.ones(100)}, seed=0).interval == (1, 1, 1)  # the bootstrap's, from 100 on
    assert not is_few(np.array([0.5, 1.0]))
