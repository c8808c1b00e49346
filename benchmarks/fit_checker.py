"""Fits the weights of `rag.grounding` on answers that people marked, and measures them.

    python benchmarks/fit_checker.py [EVAL_DIR=../shared/eval]

In: `begin`, `mtrag_human_eval` and `faithbench` (`responses.jsonl`), and sentences of `squad2/corpus.jsonl`, altered.
Out: the figures on the screen, and with the weights in `rag/checker.json`. Exit 2 where the folder is absent.

Three steps. The first two are each a logistic regression in which a feature may only count in the direction of its sense. First all
features on the answers of people's making; then, with these fixed, what contradiction costs on top, on the altered
sentences too; last a slope and a shift that calibrate the sum. In one step, near-verbatim falsehoods taught it to mistrust overlap (AUROC of begin 0.957 -> 0.940).
No cross-validation fold shares a source text with another.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from altered import KINDS, altered, names_in
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from rag.alignment import align
from rag.grounding import VERBATIM, find_verbatim, split_claims, without_markers
from rag.sentences import split_sentences

Floats = NDArray[np.float64]

HUMAN = ("begin", "mtrag_human_eval", "faithbench")
SHARE = {"begin": 1.0, "mtrag_human_eval": 0.4, "faithbench": 0.6, "altered": 0.4}  # of the fit, by size and purity
HELPS = ("covered", "covered_kin", "pairs", "in_order")  # all other features count against
CONTRADICTS = ("number_absent", "number_elsewhere", "name_absent", "contrary")
CONTRADICTS += ("exchanged", "number_replaced", "name_replaced", "negated", "opposite")
PENALTY = 0.2  # on squared weights of standardised features; from 0.03 to 1, no AUROC moved by more than 0.01
PENALTY_CONTRADICTION = 1e-3
LEAST_SPREAD = 0.05  # a feature that hardly varies gets no large weight by standardising
ALTERED_PARAGRAPHS = 1_200
FOLDS = 5
BINS = 10
OUT = Path(__file__).parent.parent / "rag" / "checker.json"


@dataclass
class Answer:
    """An answer, or an altered sentence; `good` of each claim, and of the whole (None: people did not agree)."""

    source: str
    group: str
    good: bool | None
    claims: list[dict[str, float]]
    verbatim: list[bool]
    good_claims: list[bool | None]
    kind: str = ""
    support: list[float] = field(default_factory=list)

    @property
    def faithfulness(self) -> float:
        return mean(self.support)


@dataclass
class Fitted:
    names: list[str]
    weights: Floats
    intercept: float

    def support(self, answer: Answer) -> list[float]:
        z = np.array([[claim[name] for name in self.names] for claim in answer.claims]) @ self.weights + self.intercept
        return [VERBATIM if v else float(1 / (1 + np.exp(-x))) for v, x in zip(answer.verbatim, z, strict=True)]


# --- reading


def answers(folder: Path) -> Iterator[Answer]:
    for name in HUMAN:
        for row in _lines(folder / name / "responses.jsonl"):
            texts = [passage["text"] for passage in row["passages"]]
            good = _is_good(name, row)
            group = texts[0] if name == "faithbench" else row["split_key"]
            spans = split_claims(row["response"])
            bad = [(label["start"], label["end"]) for label in row["labels"] if _is_bad(name, label["type"])]
            marks = [not any(a < end and b > start for a, b in bad) for start, end in spans]
            if spans and (name != "begin" or row["label"] != "generic"):
                claims = [row["response"][start:end] for start, end in spans]
                yield _measured(
                    name, group, good, claims, texts, marks if name == "faithbench" else [good] * len(spans)
                )


def _is_good(name: str, row: dict[str, Any]) -> bool | None:
    if name == "begin":
        return bool(row["label"] == "fully attributable")
    if name == "faithbench":
        return row["label"] in ("consistent", "benign")
    rated = mean(row["human"]["faithfulness"])
    return True if rated >= 3.7 else False if rated <= 2.3 else None


def _is_bad(name: str, kind: str) -> bool:
    return name == "faithbench" and kind.startswith(("Unwanted", "Questionable"))


def altered_sentences(folder: Path) -> Iterator[Answer]:
    rng = random.Random(0)
    rows = list(_lines(folder / "squad2" / "corpus.jsonl"))
    rng.shuffle(rows)
    names = [name for row in rows for name in names_in(row["text"])]
    for at, row in enumerate(rows[:ALTERED_PARAGRAPHS]):
        chosen, other = _a_sentence(row["text"], rng), rows[(at + 7) % len(rows)]
        texts = [row["text"], *(rows[(at + more) % len(rows)]["text"] for more in range(1, rng.randrange(1, 5)))]
        rng.shuffle(texts)
        made = [*altered(chosen, row["text"], names, rng)] if chosen else []
        if other["title"] != row["title"] and (foreign := _a_sentence(other["text"], rng)):
            made.append((foreign, "foreign"))
        for claim, kind in made:
            good = kind == "kept"
            if good or find_verbatim(claim, texts) is None:
                yield _measured("altered", row["title"], good, [claim], texts, [good], kind)


def _a_sentence(text: str, rng: random.Random) -> str | None:
    sentences = [text[start:end] for _, (start, end) in split_sentences(text)]
    usable = [sentence for sentence in sentences if 7 <= len(sentence.split()) <= 45]
    return rng.choice(usable) if usable else None


def _measured(
    source: str,
    group: str,
    good: bool | None,
    claims: Iterable[str],
    texts: Sequence[str],
    marks: Sequence[bool | None],
    kind: str = "",
) -> Answer:
    bare = [without_markers(claim) for claim in claims]
    features = [align(claim, texts).features for claim in bare]
    return Answer(source, group, good, features, [find_verbatim(c, texts) is not None for c in bare], list(marks), kind)


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


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
    # Whether all or one of an answer's claims is bad is known for the marked spans of faithbench only.
    weight = np.array([1.0 if row[3] == "faithbench" else row[2] ** -0.5 for row in rows])
    for source in set(sources):
        weight[sources == source] *= SHARE[source] / weight[sources == source].sum()
    human = sources != "altered"
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
    for source in SHARE:
        own = [i for i, answer in enumerate(data) if answer.source == source]
        for fold, (_, test) in enumerate(GroupKFold(FOLDS).split(own, groups=[data[i].group for i in own])):
            folds[fold].extend(own[i] for i in test)
    for fold in folds:
        held = set(fold)
        fitted = fit([answer for i, answer in enumerate(data) if i not in held])
        for i in fold:
            data[i].support = fitted.support(data[i])


def auroc(data: Iterable[Answer], source: str) -> float:
    judged = [answer for answer in data if answer.source == source and answer.good is not None]
    return float(roc_auc_score([answer.good for answer in judged], [answer.faithfulness for answer in judged]))


def across(data: Sequence[Answer]) -> dict[str, float]:
    """AUROC of each set, fitted on the two others and the altered sentences."""
    result = {}
    for source in HUMAN:
        fitted = fit([answer for answer in data if answer.source != source])
        for answer in (own := [answer for answer in data if answer.source == source]):
            answer.support = fitted.support(answer)
        result[source] = auroc(own, source)
    return result


def claim_pairs(data: Iterable[Answer], source: str, kind: str = "") -> tuple[Floats, Floats]:
    """-> (support, whether good) of all claims of a set that were judged."""
    pairs = [
        (support, float(good))
        for answer in data
        if answer.source == source and kind in ("", answer.kind)
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
    """Least mean of both error rates, the four sets counting alike."""
    pairs = [claim_pairs(data, source) for source in SHARE]
    tried = [round(0.3 + 0.01 * step, 2) for step in range(50)]
    return min(tried, key=lambda t: mean(mean(errors(*pair, t).values()) for pair in pairs))


def main(folder: Path) -> int:
    if not folder.is_dir():
        print(f"no evaluation sets in {folder}; usage: python benchmarks/fit_checker.py EVAL_DIR", file=sys.stderr)
        return 2
    data = [*answers(folder), *altered_sentences(folder)]
    transfer = across(data)
    cross_validate(data)
    threshold = best_threshold(data)
    figures: dict[str, Any] = {"threshold_rule": best_threshold.__doc__, "folds": FOLDS}
    for source in SHARE:
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
    fitted = fit(data)
    weights = {name: round(float(w), 4) for name, w in zip(fitted.names, fitted.weights, strict=True)}
    stored = {"weights": weights, "intercept": round(fitted.intercept, 4), "threshold": threshold, "figures": figures}
    text = json.dumps(_rounded(stored), indent=2)
    OUT.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main(Path(next(islice(sys.argv, 1, None), "../shared/eval"))))
