"""The gate: a figure is worse where it leaves the stored interval on its worse side."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest

from rag.errors import InputError
from rag.evaluation.gate import fallen
from rag.evaluation.intervals import Interval
from rag.evaluation.measures import MEASURES, Figure

ASKED = {"file": "q.jsonl", "sha256": "0123456789", "of": 4, "limit": None}


def figure(name: str, value: float) -> Figure:
    measure = next(one for one in MEASURES if one.name == name)
    return Figure(measure, Interval(value, value, value), 4)


def stored(name: str, value: float | None, low: float | None, high: float | None, **other: Any) -> dict[str, Any]:
    return {"asked": ASKED, "figures": [{"name": name, "value": value, "low": low, "high": high}]} | other


@pytest.mark.parametrize(
    ("name", "value", "is_worse"),
    [
        ("f1", 0.59, True),  # higher is better
        ("f1", 0.60, False),
        ("f1", 0.95, False),
        ("refused_answerable", 0.81, True),  # lower is better
        ("refused_answerable", 0.80, False),
        ("refused_answerable", 0.10, False),
        ("f1", nan, False),
        ("seconds_median", 9.0, False),  # another machine
        ("prompt_tokens", 9.0, True),
    ],
)
def test_a_figure_beyond_its_stored_interval(name: str, value: float, is_worse: bool) -> None:
    worse = fallen([figure(name, value), figure("mrr", 0.0)], ASKED, stored(name, 0.7, 0.6, 0.8))
    bound = 0.6 if name == "f1" else 0.8
    assert [(one.figure.measure.name, one.stored, one.bound) for one in worse] == (
        [(name, 0.7, bound)] if is_worse else []
    )


def test_a_figure_that_was_not_defined_lets_everything_through() -> None:
    assert fallen([figure("f1", 0.0)], ASKED, stored("f1", None, None, None)) == []


@pytest.mark.parametrize("content", [[], {}, {"figures": [{"value": 1}]}, {"figures": 3}, None, "x"])
def test_what_holds_no_figures_is_refused(content: object) -> None:
    with pytest.raises(InputError, match="the file of --gate holds no figures: give figures.json of a run"):
        fallen([figure("f1", 0.5)], ASKED, content)


def test_figures_of_other_questions_are_refused() -> None:
    other = ASKED | {"sha256": "abcdefghij", "limit": 3, "seed": 7}
    with pytest.raises(InputError, match=r"are of q.jsonl \(abcdefgh\), 3 drawn with seed 7 and these of q.jsonl"):
        fallen([figure("f1", 0.5)], ASKED, stored("f1", 0.7, 0.6, 0.8, asked=other))
