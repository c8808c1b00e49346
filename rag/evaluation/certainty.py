"""Measures of confidence: how well it tells right from wrong, and how well it is calibrated (pure).

In: pairs of confidence (0..1) and an outcome (1.0 or 0.0), shapes `(n,)`, without NaN. Out: numbers; NaN for those that
are not defined, such as an AUROC of one class only and any measure of no questions.
"""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

BINS = 10


class Bin(NamedTuple):
    """Questions whose confidence lies in `[low, low + 1 / BINS)`."""

    low: float
    confidence: float  # mean
    right: float  # share
    size: int  # questions


def auroc(outcome: Float64Array, confidence: Float64Array) -> float:
    """The probability that a positive has more confidence than a negative, ties counting half.

    The area under the ROC curve is that of Mann and Whitney's U (Hanley and McNeil 1982).
    """
    positive, negative = confidence[outcome == 1], np.sort(confidence[outcome == 0])
    if not len(positive) or not len(negative):
        return nan
    below = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
    return float(below.mean() / 2 / len(negative))


def risks(right: Float64Array, confidence: Float64Array) -> Float64Array:
    """The share of wrong ones among the n most confident, for n = 1, 2, ..., shape `(n,)`.

    The risk-coverage curve of selective prediction (El-Yaniv and Wiener 2010). Those of equal confidence come in
    together: each has the risk at the end of its group.
    """
    order = np.argsort(-confidence, kind="stable")
    risk = np.cumsum(1 - right[order]) / np.arange(1, len(order) + 1)
    ranked = -confidence[order]
    return np.asarray(risk[np.searchsorted(ranked, ranked, "right") - 1])


def risk_area(right: Float64Array, confidence: Float64Array) -> float:
    """The mean of `risks`: the area under the curve, the coverage of all of them being 1 (Geifman et al. 2019)."""
    return float(risks(right, confidence).mean()) if len(right) else nan


def brier(right: Float64Array, confidence: Float64Array) -> float:
    """Mean squared difference of confidence and outcome (Brier 1950)."""
    return float(((confidence - right) ** 2).mean()) if len(right) else nan


def bins(right: Float64Array, confidence: Float64Array) -> list[Bin]:
    """The ten equal bins of confidence, from 0 up; those without questions are left out."""
    number = np.minimum((confidence * BINS).astype(int), BINS - 1)
    members = [(at / BINS, number == at) for at in range(BINS) if (number == at).any()]
    return [Bin(low, float(confidence[m].mean()), float(right[m].mean()), int(m.sum())) for low, m in members]


def calibration_error(right: Float64Array, confidence: Float64Array) -> float:
    """Mean distance of confidence and share of right ones over ten equal bins, weighted by size.

    The expected calibration error (Naeini et al. 2015; Guo et al. 2017).
    """
    found = bins(right, confidence)
    return sum(abs(one.confidence - one.right) * one.size for one in found) / len(right) if found else nan
