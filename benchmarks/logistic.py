"""Logistic regression in which each feature may only count in the direction of its sense.

A feature that should speak for an answer and got a negative weight fits the accidents of a set, not what it stands for;
held to its sign it does no harm on other sets (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize


def fit_logistic(x: Any, y: Any, signs: Sequence[int], penalty: float) -> tuple[Any, float]:
    """-> weights, shape `(features,)`, and intercept, for `x` of shape `(rows, features)` as it is and `y` of 0 and 1.

    `signs`: 1 for a weight >= 0, -1 for one <= 0. `penalty` is on half the squared weights of standardised features.
    """
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    z = (x - centre) / spread

    def loss(t: Any) -> tuple[float, Any]:
        logit = z @ t[1:] + t[0]
        error = (1 / (1 + np.exp(-logit)) - y) / len(y)
        value = np.mean(np.logaddexp(0, logit) - y * logit) + penalty * (t[1:] @ t[1:]) / 2
        return float(value), np.concatenate([[error.sum()], z.T @ error + penalty * t[1:]])

    bounds = [(None, None)] + [(0, None) if sign > 0 else (None, 0) for sign in signs]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[1:] / spread
    return weights, float(found[0] - weights @ centre)
