"""The confidence from which two of three answers are right, by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "benchmarks"))
from fit_confidence import Example, two_of_three


@pytest.mark.parametrize(
    ("confidences", "right", "from_"),
    [
        # 0.5 alone is right, but with the wrong one behind it half of both are: only the last three are 2/3
        ([0.1, 0.5, 0.6, 0.7, 0.8, 0.9], [False, True, False, True, False, True], 0.9),
        ([0.1, 0.2, 0.3, 0.4, 0.5], [False, False, True, False, True], 0.5),
        ([0.3, 0.1, 0.2], [True, False, True], 0.2),
        ([0.2, 0.4, 0.6, 0.8], [True, True, False, True], 0.2),  # pooled: 2 of 3, then 1 of 1
        ([0.2, 0.4], [False, False], 1.0),
    ],
)
def test_the_share_of_right_answers_never_falls(confidences: list[float], right: list[bool], from_: float) -> None:
    examples = [Example("set", str(number), {}, True, is_right) for number, is_right in enumerate(right)]
    assert two_of_three(examples, np.array(confidences)) == from_


def test_sets_count_about_the_same() -> None:
    large = [Example("large", str(number), {}, True, False) for number in range(4)]
    small = [Example("small", "0", {}, True, True)]  # counts four times, and eight times would be 2/3 of twelve
    assert two_of_three([*large, *small], np.full(5, 0.5)) == 1.0
    assert two_of_three([*large[:2], *small, Example("small", "1", {}, True, True)], np.full(4, 0.5)) == 1.0
