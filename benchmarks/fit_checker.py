"""Fits the weights of `rag.checking.faithfulness` on answers that people marked, and measures them.

    python benchmarks/fit_checker.py [EVAL] [--training FOLDER]

In: the sets that `marked.py` reads; FOLDER holds the training sets (`nli/NAME.jsonl.gz`). Out: the figures on the
screen and, with the weights, in `rag/checking/checker.json`. Exit code 2 if a folder is absent. faithbench only
measures.

Three steps. First a logistic regression of all features on answers that people judged, in which a feature may only
count in the direction of its sense. Then, with these weights fixed, what contradiction costs on top, learnt on
altered sentences too: in one step, falsehoods in nearly verbatim wording taught it to mistrust overlap (AUROC of
begin 0.949 instead of 0.952, of mtrag_human_eval 0.979 instead of 0.981). Last a slope and a shift that calibrate the
sum. No fold shares a source text with another.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from altered import KINDS
from evalset import DEFAULT_EVAL, eval_argument
from marked import HUMAN, WORD_CHANGED, Answer, altered_sentences, answers, judged
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from rag.checking.faithfulness import VERBATIM, vetoed

Floats = NDArray[np.float64]

SHARE = {"begin": 1.0, "mtrag_human_eval": 0.4, "altered": 0.4}  # of the fit, by size and purity
SHARE_JUDGED = 0.1  # of each training set; from 0.15 to 1, no AUROC moved by more than 0.005
SHARE_WORD_CHANGED = 0.02  # a word in the place of another stands in 1 of 100 claims that people judged
HELPS = ("covered", "covered_kin", "pairs", "in_order")  # all other features count against
_FIGURES = ("number_absent", "number_elsewhere", "number_replaced", "name_absent", "name_replaced")
CONTRADICTS = (*_FIGURES, "word_replaced", "negated", "opposite", "contrary", "exchanged")
PENALTY = 0.2  # on squared weights of standardised features; from 0.03 to 1, no AUROC moved by more than 0.01
PENALTY_CONTRADICTION = 1e-3
LEAST_SPREAD = 0.05  # a feature that hardly varies gets no large weight by standardising
MEASURED = ("faithbench",)
POOLED = "training sets"
FOLDS = 5
BINS = 10
DEFAULT_TRAINING = DEFAULT_EVAL.parent / "training"
OUT = Path(__file__).parent.parent / "rag" / "checking" / "checker.json"


@dataclass
class Fitted:
    names: list[str]
    weights: Floats
    intercept: float

    def support(self, answer: Answer) -> list[float]:
        z = np.array([[claim[name] for name in self.names] for claim in answer.claims]) @ self.weights + self.intercept
        raw = (1 / (1 + np.exp(-z))).tolist()
        fitted = [vetoed(support, claim) for support, claim in zip(raw, answer.claims, strict=True)]
        return [VERBATIM if v else support for v, support in zip(answer.verbatim, fitted, strict=True)]


def read(folder: Path, claims: Path) -> list[Answer]:
    """All answers: of the evaluation sets, altered sentences, and of the training sets."""
    return [*answers(folder), *altered_sentences(folder), *judged(claims)]


# --- fitting


def fit(training: Sequence[Answer]) -> Fitted:
    names = list(training[0].claims[0])
    rows = [
        ([claim[name] for name in names], good, len(answer.claims), answer.source)
        for answer in training
        for claim, good, verbatim in zip(answer.claims, answer.good_claims, answer.verbatim, strict=True)
        if good is not None and not verbatim
    ]
    x, y = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])
    sources = np.array([row[3] for row in rows])
    weight = np.array([row[2] ** -0.5 for row in rows])  # which claims of a bad answer are bad is not known
    for source in set(sources):
        share = SHARE_WORD_CHANGED if source == WORD_CHANGED else SHARE.get(source, SHARE_JUDGED)
        weight[sources == source] *= share / weight[sources == source].sum()
    human = ~np.isin(sources, ("altered", WORD_CHANGED))
    signs = np.array([1.0 if name in HELPS else -1.0 for name in names])
    weights, intercept = _logistic(x[human], y[human], weight[human], signs, np.zeros(human.sum()), PENALTY, True)
    if human.all():
        return Fitted(names, weights, intercept)
    columns = [names.index(name) for name in CONTRADICTS]
    base = x @ weights + intercept
    extra, shift = _logistic(x[:, columns], y, weight, signs[columns], base, PENALTY_CONTRADICTION, False)
    weights[columns] += extra
    z = (x @ weights + intercept + shift)[:, None]
    slope, start = _logistic(z, y, weight, np.ones(1), np.zeros(len(y)), 0.0, False)
    return Fitted(names, weights * slope, (intercept + shift) * float(slope[0]) + start)


def _logistic(
    x: Floats, y: Floats, weight: Floats, signs: Floats, offset: Floats, penalty: float, standardise: bool
) -> tuple[Floats, float]:
    """Weighted logistic regression with an L2 penalty, each weight of the sign given or 0 -> weights, intercept."""
    weight = weight / weight.sum()
    centre = np.average(x, axis=0, weights=weight) if standardise else np.zeros(x.shape[1])
    spread = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=weight)) if standardise else np.ones(x.shape[1])
    spread = np.maximum(spread, LEAST_SPREAD)
    z = (x - centre) / spread * signs

    def loss(t: Floats) -> tuple[float, Floats]:
        logit = z @ t[1:] + t[0] + offset
        error = weight * (1 / (1 + np.exp(-logit)) - y)
        value = weight @ (np.logaddexp(0, logit) - y * logit) + penalty * (t[1:] @ t[1:]) / 2
        return float(value), np.concatenate([[error.sum()], z.T @ error + penalty * t[1:]])

    bounds = [(None, None)] + [(0, None)] * x.shape[1]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[1:] / spread * signs
    return weights, float(found[0] - weights @ centre)


# --- measuring


def cross_validate(data: Sequence[Answer]) -> None:
    """Fills in `support`, from the fit that has not seen the answer's group."""
    folds: list[list[int]] = [[] for _ in range(FOLDS)]
    for group in (*SHARE, WORD_CHANGED, *MEASURED, POOLED):
        own = [i for i, answer in enumerate(data) if _set(answer) == group]
        if not own:  # the training sets are not there
            continue
        for number, (_, test) in enumerate(GroupKFold(FOLDS).split(own, groups=[data[i].group for i in own])):
            folds[number].extend(own[i] for i in test)
    for fold in folds:
        held = set(fold)
        fitted = fit([answer for i, answer in enumerate(data) if i not in held and answer.source not in MEASURED])
        for i in held:
            data[i].support = fitted.support(data[i])


def _set(answer: Answer) -> str:
    """The set that an answer counts to: the training sets are small and count as one."""
    return answer.source if answer.source in (*SHARE, WORD_CHANGED, *MEASURED) else POOLED


def auroc(data: Iterable[Answer], source: str) -> float:
    judged = [answer for answer in data if answer.source == source and answer.good is not None]
    return float(roc_auc_score([answer.good for answer in judged], [answer.faithfulness for answer in judged]))


def across(data: Sequence[Answer]) -> dict[str, float]:
    """AUROC of each set, fitted on all others but those that only measure."""
    result = {}
    for source in HUMAN:
        fitted = fit([answer for answer in data if answer.source not in (source, *MEASURED)])
        for answer in data:
            if answer.source == source:
                answer.support = fitted.support(answer)
        result[source] = auroc(data, source)
    return result


def claim_pairs(data: Iterable[Answer], source: str, kind: str = "") -> tuple[Floats, Floats]:
    """-> (support, whether good) of all claims of a set that were judged."""
    pairs = [
        (support, float(good))
        for answer in data
        if _set(answer) == source and kind in ("", answer.kind)
        for support, good in zip(answer.support, answer.good_claims, strict=True)
        if good is not None
    ]
    return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])


def calibration(support: Floats, good: Floats) -> dict[str, float]:
    """Brier score, and expected calibration error over ten equal bins."""
    bins = np.minimum((support * BINS).astype(int), BINS - 1)
    gaps = [abs(support[bins == b].mean() - good[bins == b].mean()) * (bins == b).mean() for b in set(bins)]
    return {"brier": float(((support - good) ** 2).mean()), "ece": float(sum(gaps))}


def errors(support: Floats, good: Floats, threshold: float) -> dict[str, float]:
    result = {}
    if good.any():
        result["doubted_though_supported"] = float((support[good == 1] < threshold).mean())
    if not good.all():
        result["passed_though_not_supported"] = float((support[good == 0] >= threshold).mean())
    return result


def best_threshold(data: Sequence[Answer]) -> float:
    """Least mean of both error rates; the sets that weights are fitted on count alike, the training sets as one."""
    pairs = [claim_pairs(data, source) for source in (*SHARE, POOLED)]
    tried = [round(0.3 + 0.01 * step, 2) for step in range(50)]
    return min(tried, key=lambda t: mean(mean(errors(*pair, t).values()) for pair in pairs))


def main(folder: Path, training: Path) -> int:
    claims = training / "nli"
    if not folder.is_dir() or not claims.is_dir():
        absent = claims if folder.is_dir() else folder
        print(f"{absent} is not there: python benchmarks/fit_checker.py EVAL --training FOLDER", file=sys.stderr)
        return 2
    data = read(folder, claims)
    transfer = across(data)
    cross_validate(data)
    threshold = best_threshold(data)
    figures: dict[str, Any] = {"threshold_rule": best_threshold.__doc__, "folds": FOLDS}
    for source in (*SHARE, *MEASURED):
        pairs = claim_pairs(data, source)
        figures[source] = {
            "answers": sum(answer.source == source for answer in data),
            "claims": len(pairs[0]),
            "auroc": auroc(data, source),
            **({"auroc_fitted_on_others": transfer[source]} if source in transfer else {}),
            **calibration(*pairs),
            **errors(*pairs, threshold),
        }
    pooled = [np.concatenate(both) for both in zip(*(claim_pairs(data, source) for source in HUMAN), strict=True)]
    figures["human_sets_together"] = calibration(pooled[0], pooled[1])
    figures["altered"]["by_kind"] = {
        kind: errors(*claim_pairs(data, "altered", kind), threshold) for kind in ("kept", *KINDS, "foreign")
    }
    fitted = fit([answer for answer in data if answer.source not in MEASURED])
    figures[WORD_CHANGED] = errors(*claim_pairs(data, WORD_CHANGED), threshold)
    weights = {name: round(float(w), 4) for name, w in zip(fitted.names, fitted.weights, strict=True)}
    stored = {
        "weights": weights,
        "intercept": round(fitted.intercept, 4),
        "threshold": threshold,
        "figures": figures,
        "fitted": {
            "command": "python benchmarks/fit_checker.py EVAL --training FOLDER",
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "claims": {
                name: sum(len(answer.claims) for answer in data if answer.source == name)
                for name in sorted({answer.source for answer in data}.difference(MEASURED))
            },
        },
    }
    text = json.dumps(_rounded(stored), indent=2)
    OUT.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument(
        "--training",
        type=Path,
        default=DEFAULT_TRAINING,
        help=f"folder of the training sets (default: {DEFAULT_TRAINING})",
    )
    given = parser.parse_args()
    sys.exit(main(given.eval, given.training))
