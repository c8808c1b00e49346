"""Fit `rag/weights.json`: what makes a span an answer, and how sure the product may be of it.

    python benchmarks/fit_answers.py [../shared/eval] [--questions 900] [--keep FOLDER]

Questions of squad2's development half are read once by the embedded models (the slow part; `--keep` stores it). Spans:
a linear score under a softmax over all spans of a question, trained on those of the highest token F1. Confidence: a
logistic regression on whether the cited sentence holds a right answer, with squad2's own unanswerable questions and
questions of other sets (pubmedqa, cranfield, vaswani) as what must be refused. All printed figures are of five folds
by article, so that no question is judged by weights that saw its article.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from evalset import build_index, eval_argument, row_id, rows
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag.confidence import signals_of
from rag.evaluation.squad import contains_answer, token_f1
from rag.evidence import select_evidence
from rag.index.local import LocalIndex
from rag.pipeline import Models, load_models
from rag.prompt import reading_prompts
from rag.question import parse_question
from rag.quoting import span_features
from rag.retrieval import retrieve
from rag.saying import order_evidence
from rag.settings import load_settings

FOLDS = 5
FOREIGN = ("pubmedqa", "cranfield", "vaswani")
FOREIGN_SHARE = 0.2  # of all questions
FALSE_REFUSALS = 0.05  # of the questions that are answered right: what the threshold of refusal may cost
WEIGHTS = Path(__file__).parent.parent / "rag" / "weights.json"
READ_CLOSELY = 2
SHARPNESS = 16  # 2, 4, 8: F1 0.530, 0.527, 0.548 where 16 gives 0.558 (docs/experiments.md)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--questions", type=int, default=800)
    parser.add_argument(
        "--keep", type=Path, help="folder for the index and the readings, used again when they are there"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        readings = _readings(options, work)
    spans, picks = fit_spans(readings)
    fitted = {"span": spans}
    for name, signals in _signal_sets(readings, picks).items():
        fitted[name] = fit_confidence(name, readings, signals)
    WEIGHTS.write_text(json.dumps(fitted, indent=1, sort_keys=True) + "\n", "utf-8")


def _readings(options: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    store = work / f"readings-{options.questions}.pickle"
    if store.is_file():
        kept: list[dict[str, Any]] = pickle.loads(store.read_bytes())
        return [row | {"question": parse_question(row["question"].text)} for row in kept]
    corpus = rows(options.eval / "squad2", "corpus")
    settings = load_settings(indexes_dir=work / "indexes", index="squad2")
    models = load_models(settings)
    index = build_index(corpus, work, settings, models.embedder)
    articles = {row["id"]: row["title"] for row in corpus}
    found = []
    for number, question in enumerate(_sample(options)):
        found.append(_read(question, articles, index, models))
        if number % 100 == 99:
            print(f"{number + 1} questions read", flush=True)
    store.write_bytes(pickle.dumps(found))
    return found


def _sample(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Two answerable questions to one unanswerable one, and some of other sets."""
    draw = random.Random(0)
    own = rows(options.eval / "squad2", "questions")
    draw.shuffle(own)
    foreign = [
        q | {"answerable": False, "answers": []} for name in FOREIGN for q in rows(options.eval / name, "questions")
    ]
    count = int(options.questions * FOREIGN_SHARE)
    answerable = [q for q in own if q["answerable"]][: (options.questions - count) * 2 // 3]
    unanswerable = [q for q in own if not q["answerable"]][: (options.questions - count) // 3]
    return answerable + unanswerable + draw.sample(foreign, min(count, len(foreign)))


def _read(question: dict[str, Any], articles: dict[str, str], index: LocalIndex, models: Models) -> dict[str, Any]:
    assert models.language_model is not None
    asked = parse_question(question["question"])
    with index.snapshot() as snapshot:
        hits = retrieve(snapshot, asked, models.embedder.embed_query(asked.text), 10)
        weights = snapshot.term_weights(sorted(asked.terms))
    evidence = select_evidence(hits, 4, 2000, models.language_model.count_tokens)
    readings = models.language_model.read(
        reading_prompts(asked.text, evidence),
        lambda likelihoods: order_evidence(asked, evidence, likelihoods)[:READ_CLOSELY],
    ).readings
    gold = (question.get("gold_doc_ids") or question.get("related_doc_ids") or [row_id(hits[0].passage.document_id)])[0]
    return {
        "question": asked,
        "answers": question["answers"],
        "answerable": question["answerable"],
        "group": articles.get(gold, "") or articles.get(row_id(hits[0].passage.document_id), ""),
        "evidence": evidence,
        "weights": weights,
        "readings": readings,
        "order": order_evidence(asked, evidence, [reading.likelihood for reading in readings]),
    }


def _candidates(row: dict[str, Any], closely: int) -> list[tuple[int, Any, dict[str, float]]]:
    """(evidence, span, features) of every span of the best `closely` sentences."""
    read = [i for i in row["order"][:closely] if row["readings"][i].spans]
    if not read:
        return []
    score = max(row["evidence"][i].score for i in read)
    likelihood = max(row["readings"][i].likelihood for i in read)
    return [
        (
            i,
            span,
            span_features(row["question"], row["evidence"][i].text, span)
            | {
                "evidence": row["evidence"][i].score - score,
                "likelihood": row["readings"][i].likelihood - likelihood,
            },
        )
        for i in read
        for span in row["readings"][i].spans
    ]


def _folds(readings: Sequence[dict[str, Any]]) -> list[int]:
    groups = sorted({row["group"] for row in readings})
    random.Random(1).shuffle(groups)
    return [groups.index(row["group"]) % FOLDS for row in readings]


def fit_spans(readings: Sequence[dict[str, Any]], closely: int = 2) -> tuple[dict[str, Any], list[Any]]:
    """-> the weights, and for each question the (evidence, span) that weights of the other folds choose."""
    candidates = [_candidates(row, closely) for row in readings]
    names = sorted({name for found in candidates for _, _, features in found for name in features})
    tables = [np.array([[f.get(name, 0.0) for name in names] for _, _, f in found]) for found in candidates]
    gains = [
        np.array([token_f1(row["evidence"][i].text[s.start : s.end], row["answers"]) for i, s, _ in found])
        for row, found in zip(readings, candidates, strict=True)
    ]
    everything = np.concatenate([table for table in tables if len(table)])
    scale = everything.std(axis=0) + 1e-6
    use = [n for n, row in enumerate(readings) if row["answerable"] and len(tables[n]) and gains[n].max() > 0]
    folds = _folds(readings)
    picks: list[Any] = [None] * len(readings)
    for fold in range(FOLDS):
        weights = _softmax_fit(
            [tables[n] / scale for n in use if folds[n] != fold], [gains[n] for n in use if folds[n] != fold]
        )
        for n, table in enumerate(tables):
            if folds[n] == fold and len(table):
                picks[n] = candidates[n][int(np.argmax((table / scale) @ weights))][:2]
    answerable = [n for n, row in enumerate(readings) if row["answerable"]]
    said = [
        readings[n]["evidence"][picks[n][0]].text[picks[n][1].start : picks[n][1].end] if picks[n] else ""
        for n in answerable
    ]
    f1 = [token_f1(text, readings[n]["answers"]) for text, n in zip(said, answerable, strict=True)]
    best = [gains[n].max() if len(gains[n]) else 0.0 for n in answerable]
    print(
        f"spans: {len(answerable)} questions, F1 {np.mean(f1):.4f}, EM {np.mean(np.array(f1) > 0.9999):.4f}, "
        f"best possible {np.mean(best):.4f}"
    )
    weights = _softmax_fit([tables[n] / scale for n in use], [gains[n] for n in use]) / scale
    rounded = {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}
    return {"weights": rounded, "measured": {"f1": round(float(np.mean(f1)), 4), "questions": len(answerable)}}, picks


def _softmax_fit(tables: Sequence[Any], gains: Sequence[Any], l2: float = 3e-4) -> Any:
    """Weights that put the probability on the spans of the highest F1: cross entropy to F1 to the power `SHARPNESS`."""
    width, longest = tables[0].shape[1], max(len(table) for table in tables)
    x, y = torch.zeros(len(tables), longest, width), torch.zeros(len(tables), longest)
    mask = torch.full((len(tables), longest), -1e9)
    for n, (table, gain) in enumerate(zip(tables, gains, strict=True)):
        x[n, : len(table)] = torch.tensor(table)
        y[n, : len(gain)] = torch.tensor(gain)
        mask[n, : len(table)] = 0
    target = y**SHARPNESS / (y**SHARPNESS).sum(1, keepdim=True)
    weights = torch.zeros(width, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        log_p = torch.log_softmax(x @ weights + mask, dim=1)
        value = -(target * log_p).sum(1).mean() + l2 * (weights**2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return weights.detach().numpy()


def _signal_sets(readings: Sequence[dict[str, Any]], picks: Sequence[Any]) -> dict[str, list[Any]]:
    """For each kind of confidence, (signals, chosen evidence) by question."""
    sets: dict[str, list[Any]] = {"confidence_span": [], "confidence_sentence": [], "confidence_plain": []}
    for row, pick in zip(readings, picks, strict=True):
        question, weights, evidence = row["question"], row["weights"], row["evidence"]
        best = row["order"][0]
        i, span = pick or (best, None)
        sets["confidence_span"].append((signals_of(question, evidence[i], weights, row["readings"][i], span), i))
        sets["confidence_sentence"].append((signals_of(question, evidence[best], weights, row["readings"][best]), best))
        sets["confidence_plain"].append((signals_of(question, evidence[0], weights), 0))
    return sets


def fit_confidence(name: str, readings: Sequence[dict[str, Any]], signals: Sequence[Any]) -> dict[str, Any]:
    """A logistic regression, and the threshold that refuses `FALSE_REFUSALS` of what is right."""
    names = sorted({key for values, _ in signals for key in values} - {"model", "span"})
    x = np.array([[values.get(key, 0.0) for key in names] for values, _ in signals])
    right = np.array(
        [
            bool(row["answerable"]) and contains_answer(row["evidence"][i].text, row["answers"])
            for row, (_, i) in zip(readings, signals, strict=True)
        ]
    )
    folds = np.array(_folds(readings))
    scale = x.std(axis=0) + 1e-6
    p = np.zeros(len(x))
    for fold in range(FOLDS):
        model = LogisticRegression(C=1.0, max_iter=2000).fit(x[folds != fold] / scale, right[folds != fold])
        p[folds == fold] = model.predict_proba(x[folds == fold] / scale)[:, 1]
    answerable = np.array([row["answerable"] for row in readings])
    own = np.array([bool(row["answers"]) or "answerable" in row and row["group"] != "" for row in readings])
    foreign = np.arange(len(readings)) >= len(readings) - int(len(readings) * FOREIGN_SHARE)
    threshold = float(np.quantile(p[right], FALSE_REFUSALS))
    measured = {
        "auroc_right": roc_auc_score(right, p),
        "auroc_answerable_own": roc_auc_score(answerable[~foreign & own], p[~foreign & own]),
        "brier": float(np.mean((p - right) ** 2)),
        "refused_right": float(np.mean(p[right] < threshold)),
        "refused_answerable": float(np.mean(p[answerable] < threshold)),
        "refused_unanswerable": float(np.mean(p[~answerable & ~foreign] < threshold)),
        "refused_foreign": float(np.mean(p[foreign] < threshold)),
    }
    print(name, " ".join(f"{key} {value:.3f}" for key, value in measured.items()), f"threshold {threshold:.3f}")
    model = LogisticRegression(C=1.0, max_iter=2000).fit(x / scale, right)
    return {
        "weights": {key: round(float(w), 4) for key, w in zip(names, model.coef_[0] / scale, strict=True)},
        "intercept": round(float(model.intercept_[0]), 4),
        "threshold": round(threshold, 4),
        "measured": {key: round(float(value), 4) for key, value in measured.items()},
    }


if __name__ == "__main__":
    main()
