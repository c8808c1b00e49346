"""Answers with their confidences -> a low threshold at which few enough of them are wrong (pure).

The method is selection with guaranteed risk (Geifman and El-Yaniv 2017, algorithm 1): a binary search over the
confidences, at each step of which the exact binomial bound (Clopper and Pearson 1934) must hold with an equal part of
the error that is allowed, so that it holds for the threshold that is found.
"""

from __future__ import annotations

from math import ceil, log, log1p, log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CERTAINTY = 0.95  # probability that the bound holds for questions like those measured
_STEPS = 60  # halvings of 0..1 in which the bound is found


class Threshold(NamedTuple):
    """A threshold with what was measured at it."""

    value: float
    given: int  # answers at or above it
    wrong: int  # of them
    bound: float  # 0..1, what their share of wrong ones is at most


def lowest_threshold(
    right: NDArray[np.bool_], confidence: NDArray[np.float64], at_most: float, certainty: float = CERTAINTY
) -> Threshold | None:
    """The lowest threshold that the search finds at which at most the share `at_most` (0..1) of the answers is wrong,
    with that certainty; None if it finds none. `right` and `confidence` have the shape `(answers,)`.

    >>> lowest_threshold(np.ones(200, bool), np.linspace(0.2, 0.9, 200), 0.1).given
    200
    >>> lowest_threshold(np.ones(20, bool), np.linspace(0.2, 0.9, 20), 0.1) is None
    True
    """
    count = len(right)
    if not count:
        return None
    ordered = np.sort(confidence)
    steps = max(1, ceil(log2(count)) + 1)  # one more than the search takes, for the threshold that gives all answers
    error = (1 - certainty) / steps
    best: Threshold | None = None
    fewest_right = next((n for n in range(1, count + 1) if upper_bound(0, n, error) <= at_most), count)
    low, high = 0, count - fewest_right  # with fewer answers the bound cannot hold
    for _ in range(steps):
        if low > high:
            break
        middle = (low + high) // 2 if best or low else 0  # all answers are looked at first
        found = _at(float(ordered[middle]), right, confidence, error)
        if found.bound <= at_most:
            best, high = found, middle - 1
        else:
            low = middle + 1
    return best


def fewest(at_most: float, certainty: float = CERTAINTY) -> int:
    """The number of answers, all of them right, from which a threshold can be found at all.

    >>> fewest(0.1)
    47
    """
    count = 1
    while upper_bound(0, count, (1 - certainty) / (ceil(log2(count)) + 1)) > at_most:
        count += 1
    return count


def upper_bound(wrong: int, count: int, error: float) -> float:
    """The largest share of wrong answers (0..1) at which `wrong` or fewer of `count` are seen with a probability of at
    least `error`: the exact one-sided bound of Clopper and Pearson.

    >>> round(upper_bound(0, 28, 0.05), 3), round(upper_bound(3, 84, 0.05), 3)
    (0.101, 0.09)
    """
    if wrong >= count:
        return 1.0
    if not wrong:
        return 1 - float(error ** (1 / count))
    seen = np.arange(wrong + 1)
    ways = np.concatenate(([0.0], np.cumsum(np.log((count + 1 - seen[1:]) / seen[1:]))))  # logarithms of their numbers
    low, high = wrong / count, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle >= 1:
            break
        at_most_seen = np.exp(ways + seen * log(middle) + (count - seen) * log1p(-middle)).sum()
        low, high = (middle, high) if at_most_seen > error else (low, middle)
    return high


def _at(value: float, right: NDArray[np.bool_], confidence: NDArray[np.float64], error: float) -> Threshold:
    given = confidence >= value
    count, wrong = int(given.sum()), int((given & ~right).sum())
    return Threshold(value, count, wrong, upper_bound(wrong, count, error))
