"""A statistic over questions -> its 95 % confidence interval (pure).

The percentile bootstrap (Efron and Tibshirani 1993, chapter 13): as many questions are drawn with replacement as there
are, over and over, and the interval holds the middle 95 % of what the statistic then is. It says how much another
sample of such questions would move the figure. If all questions have the same value, it has no width, however few they
are; so for a share of few questions (below 100, each of which counts 0 or 1) the interval is that of Wilson (1927).
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
LEVEL = 0.95
FEW = 100
_Z = 1.959964  # standard deviations of a normal distribution that hold the middle 95 %

Indices = NDArray[np.int64]


class Interval(NamedTuple):
    """A statistic of all questions and the ends of its interval; NaN if it is not defined."""

    value: float
    low: float
    high: float


def bootstrap(statistic: Callable[[Indices], float], count: int, seed: int, resamples: int = RESAMPLES) -> Interval:
    """The statistic of all of `count` questions, with its interval; the same seed gives the same one.

    `statistic` is given indices of questions, shape `(count,)`.

    Draws in which it is not defined (NaN: no question of one kind among them) are left out.
    """
    everything = np.arange(count)
    if not count or np.isnan(value := statistic(everything)):
        return Interval(nan, nan, nan)
    rng = np.random.default_rng(seed)
    drawn = np.array([statistic(rng.integers(count, size=count)) for _ in range(resamples)])
    low, high = np.quantile(drawn[~np.isnan(drawn)], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def is_few(values: NDArray[np.float64]) -> bool:
    """Tells if the values, shape `(n,)`, are fewer than 100 and each 0 or 1."""
    return len(values) < FEW and bool(np.isin(values, (0, 1)).all())


def wilson(successes: int, count: int) -> Interval:
    """The share of successes among `count` (1 or more) with its score interval.

    >>> [round(end, 3) for end in wilson(10, 10)]
    [1.0, 0.722, 1.0]
    """
    share, square = successes / count, _Z * _Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = _Z / (1 + square / count) * sqrt(share * (1 - share) / count + square / (4 * count * count))
    low, high = middle - half, middle + half
    return Interval(share, low if successes else 0.0, high if successes < count else 1.0)  # not 1e-17, as computed
