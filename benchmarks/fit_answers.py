"""Fit `rag/answering/weights.json`: what makes a span an answer, and how sure the product may be of it.

    python benchmarks/fit_answers.py [../shared/eval] [--questions N] [--keep FOLDER]

Questions of squad2's development half are read once by the embedded models (the slow part; `--keep` stores it). Spans:
a linear score under a softmax over all spans of a question, trained on those of the highest token F1. Confidence: a
logistic regression on whether the cited sentence holds a right answer. What must be refused are squad2's own
unanswerable questions, questions of other sets (pubmedqa, cranfield, vaswani), and answerable ones whose article is
left out of what is found. Each signal counts in the direction of its sense or not at all. All printed figures are of
five folds by article (each other set is one), so that no question is judged by weights that saw its article; the last
ones are of whole answers, as `rag.answering.quote.quote` gives them.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from evalset import build_index, eval_argument, row_id, rows
from logistic import fit_logistic
from sklearn.metrics import roc_auc_score

from rag.answering import confidence
from rag.answering import span_features as quoting
from rag.answering.confidence import signals_of
from rag.answering.parts import compose
from rag.answering.prompt import reading_prompts
from rag.answering.quote import order_evidence, quote
from rag.answering.span_features import span_features
from rag.checking.faithfulness import SUPPORTED
from rag.deadline import Deadline
from rag.evaluation.squad import contains_answer, exact_match, token_f1
from rag.index.local import LocalIndex
from rag.models import Models, load_models
from rag.retrieval.evidence import select_evidence
from rag.retrieval.question import parse_question
from rag.retrieval.search import retrieve
from rag.seams import LanguageModel, Reading, Readings, Span, SpanPrompt
from rag.settings import load_settings
from rag.types import Usage

FOLDS = 5
QUESTIONS = 1500
FOREIGN = ("pubmedqa", "cranfield", "vaswani")
MIX = (6, 4, 1)  # answerable, unanswerable and foreign questions in turn, while there are any
FOREIGN_EACH = 40  # questions of each other set
AWAY = 200  # answerable questions that are asked with their article left out
WIDE = 200  # passages among which there are ten of other articles
# Of the answerable questions: what the threshold may cost, and what it may cost together with the higher one that is
# for answers whose passage lacks a name of the question.
FALSE_REFUSALS, FALSE_REFUSALS_IN_ALL = 0.03, 0.05
PENALTY = 0.02  # on squared weights of standardised signals; from 0.003 to 0.03 no AUROC moved by more than 0.006
AGAINST = {"type_missing", "span_type_missing", "number_absent", "negated", "opposite", "contrary"}
AGAINST |= {"passage_name_absent", "passage_negated", "passage_opposite"}  # every other signal speaks for an answer
WEIGHTS = Path(__file__).parent.parent / "rag" / "answering" / "weights.json"
READ_CLOSELY = 2
SHARPNESS = 16  # 2, 4, 8: F1 0.530, 0.527, 0.548 where 16 gives 0.558 (docs/experiments.md)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument(
        "--keep", type=Path, help="folder for the index and the readings, used again when they are there"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        readings = _readings(options, work)
    fitted = fit(readings)
    WEIGHTS.write_text(json.dumps(fitted, indent=1, sort_keys=True) + "\n", "utf-8")
    print_answers(readings)


def fit(readings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is written to `weights.json`."""
    spans, picks = fit_spans(readings)
    fitted = {"span": spans}
    for name, signals in _signal_sets(readings, picks).items():
        fitted[name] = fit_confidence(name, readings, signals)
    return fitted


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
    for number, question in enumerate(_sample(options.eval, options.questions) + _away(options.eval, articles)):
        found.append(_read(question, articles, index, models))
        if number % 100 == 99:
            print(f"{number + 1} questions read", flush=True)
    store.write_bytes(pickle.dumps(found))
    return found


def fitted_on(folder: Path) -> set[str]:
    """The ids of the questions of squad2 that `weights.json` comes from: on all others it can be measured."""
    sample = [question for question in _sample(folder, QUESTIONS) if "set" not in question]
    return {question["id"] for question in [*sample, *_last_answerable(folder)]}


def _sample(folder: Path, most: int) -> list[dict[str, Any]]:
    """Questions of the three kinds in turn, as `MIX` says."""
    own = rows(folder / "squad2", "questions")
    random.Random(0).shuffle(own)
    kinds = [[q for q in own if q["answerable"]], [q for q in own if not q["answerable"]], _foreign(folder)]
    mixed: list[dict[str, Any]] = []
    while kinds[0] or kinds[1]:
        for kind, count in zip(kinds, MIX, strict=True):
            mixed += kind[:count]
            del kind[:count]
    return mixed[:most]


def _last_answerable(folder: Path) -> list[dict[str, Any]]:
    """Those that `_sample` comes to last."""
    own = rows(folder / "squad2", "questions")
    random.Random(0).shuffle(own)
    return [q for q in own if q["answerable"]][-AWAY:]


def _away(folder: Path, articles: dict[str, str]) -> list[dict[str, Any]]:
    """Answerable questions with the article that is to be left out."""
    chosen = _last_answerable(folder)
    return [q | {"answerable": False, "without": articles[q["gold_doc_ids"][0]]} for q in chosen]


def _foreign(folder: Path) -> list[dict[str, Any]]:
    found = []
    for name in FOREIGN:
        questions = rows(folder / name, "questions")
        random.Random(1).shuffle(questions)
        found += [q | {"set": name, "answerable": False, "answers": []} for q in questions[:FOREIGN_EACH]]
    random.Random(2).shuffle(found)
    return found


def _read(question: dict[str, Any], articles: dict[str, str], index: LocalIndex, models: Models) -> dict[str, Any]:
    assert models.language_model is not None
    asked = parse_question(question["question"])
    with index.snapshot() as snapshot:
        hits = retrieve(
            snapshot, asked, partial(models.embedder.embed_query, asked.text), WIDE if "without" in question else 10
        )
    left = [hit for hit in hits if articles[row_id(hit.passage.document_id)] != question.get("without")]
    evidence = select_evidence(left[:10], 4, 2000, models.language_model.count_tokens)
    readings = models.language_model.read(
        reading_prompts(asked.text, evidence),
        lambda likelihoods: order_evidence(asked, evidence, likelihoods)[:READ_CLOSELY],
    ).readings
    gold = (question.get("gold_doc_ids") or question.get("related_doc_ids") or [""])[0]
    return {
        "question": asked,
        "answers": question["answers"],
        "answerable": question["answerable"],
        "foreign": "set" in question,
        "away": "without" in question,
        "group": question.get("set") or articles.get(gold, ""),
        "evidence": evidence,
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
    """-> the weights, and for each question the (evidence, span, share) that weights of the other folds choose."""
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
    picks: list[Any] = [None] * len(readings)  # (evidence, span, share)
    for fold in range(FOLDS):
        weights = _softmax_fit(
            [tables[n] / scale for n in use if folds[n] != fold], [gains[n] for n in use if folds[n] != fold]
        )
        for n, table in enumerate(tables):
            if folds[n] == fold and len(table):
                scores = (table / scale) @ weights
                best = int(np.argmax(scores))
                picks[n] = (*candidates[n][best][:2], float(1 / np.exp(scores - scores[best]).sum()))
    answerable = [n for n, row in enumerate(readings) if row["answerable"]]
    said = [
        readings[n]["evidence"][picks[n][0]].text[picks[n][1].start : picks[n][1].end] if picks[n] else ""
        for n in answerable
    ]
    f1 = [token_f1(text, readings[n]["answers"]) for text, n in zip(said, answerable, strict=True)]
    highest = [gains[n].max() if len(gains[n]) else 0.0 for n in answerable]
    print(
        f"spans: {len(answerable)} questions, F1 {np.mean(f1):.4f}, EM {np.mean(np.array(f1) > 0.9999):.4f}, "
        f"best possible {np.mean(highest):.4f}"
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
    optimiser: torch.optim.Optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimiser.zero_grad()
        log_p = torch.log_softmax(x @ weights + mask, dim=1)
        value = -(target * log_p).sum(1).mean() + l2 * (weights**2).sum()
        torch.autograd.backward(value)
        return float(value)

    optimiser.step(loss)
    return weights.detach().numpy()


def _signal_sets(readings: Sequence[dict[str, Any]], picks: Sequence[Any]) -> dict[str, list[Any]]:
    """For each kind of confidence, (signals, chosen evidence) by question."""
    sets: dict[str, list[Any]] = {"confidence_span": [], "confidence_sentence": [], "confidence_plain": []}
    for row, pick in zip(readings, picks, strict=True):
        question, evidence, read = row["question"], row["evidence"], row["readings"]
        best = row["order"][0]
        i, span, share = pick or (best, Span(0, len(evidence[best].text), 0.0, 0.0, 0.0, 1), 0.0)
        spoken = signals_of(question, evidence[i], read[i], span, share)
        sets["confidence_span"].append((spoken, i))
        sets["confidence_sentence"].append((signals_of(question, evidence[best], read[best]), best))
        sets["confidence_plain"].append((signals_of(question, evidence[0]), 0))
    return sets


def fit_confidence(name: str, readings: Sequence[dict[str, Any]], signals: Sequence[Any]) -> dict[str, Any]:
    """A logistic regression, and the threshold that refuses `FALSE_REFUSALS` of what is answerable."""
    names = sorted({key for values, _ in signals for key in values})
    signs = [-1 if key in AGAINST else 1 for key in names]
    x = np.array([[values.get(key, 0.0) for key in names] for values, _ in signals])
    right = np.array(
        [
            bool(row["answerable"]) and contains_answer(row["evidence"][i].text, row["answers"])
            for row, (_, i) in zip(readings, signals, strict=True)
        ]
    )
    folds = np.array(_folds(readings))
    p = np.zeros(len(x))
    for fold in range(FOLDS):
        weights, intercept = fit_logistic(x[folds != fold], right[folds != fold], signs, PENALTY)
        p[folds == fold] = 1 / (1 + np.exp(-(x[folds == fold] @ weights + intercept)))
    answerable = np.array([row["answerable"] for row in readings])
    foreign, away = (np.array([row[kind] for row in readings]) for kind in ("foreign", "away"))
    own = ~foreign & ~away
    threshold = float(np.quantile(p[answerable], FALSE_REFUSALS))
    nameless = np.array([values["passage_name_absent"] > 0 for values, _ in signals])
    nameless_threshold = _highest(p, answerable, nameless, threshold)
    refused = p < np.where(nameless, nameless_threshold, threshold)
    measured = {
        "auroc_right": roc_auc_score(right, p),
        "auroc_answerable_own": roc_auc_score(answerable[own], p[own]),
        "brier": float(np.mean((p - right) ** 2)),
        "right_sentence": float(np.mean(right[answerable])),
        "right_and_answered": float(np.mean(right[answerable] & ~refused[answerable])),
        "refused_answerable": float(np.mean(refused[answerable])),
        "refused_unanswerable": float(np.mean(refused[~answerable & own])),
        "refused_away": float(np.mean(refused[away])),
        "refused_foreign": float(np.mean(refused[foreign])),
    }
    print(name, " ".join(f"{key} {value:.3f}" for key, value in measured.items()), f"threshold {threshold:.3f}")
    weights, intercept = fit_logistic(x, right, signs, PENALTY)
    return {
        "weights": {key: round(float(w), 4) for key, w in zip(names, weights, strict=True)},
        "intercept": round(intercept, 4),
        "threshold": round(threshold, 4),
        "threshold_name_absent": round(nameless_threshold, 4),
        "measured": {key: round(float(value), 4) for key, value in measured.items()},
    }


def _highest(p: Any, answerable: Any, nameless: Any, threshold: float) -> float:
    """The highest threshold of the nameless at which `FALSE_REFUSALS_IN_ALL` of what is answerable is refused."""
    among = np.sort(p[answerable & nameless & (p >= threshold)])
    spare = round(FALSE_REFUSALS_IN_ALL * answerable.sum()) - int((p[answerable] < threshold).sum())
    return float(among[min(max(spare, 0), len(among) - 1)]) if len(among) else threshold


def print_answers(readings: Sequence[dict[str, Any]]) -> None:
    """Whole answers, each by weights that were fitted without its article."""
    folds = np.array(_folds(readings))
    said: list[tuple[bool, float, str, str]] = [(True, 0.0, "", "")] * len(readings)
    for fold in range(FOLDS):
        fitted = fit([row for row, its in zip(readings, folds, strict=True) if its != fold])
        with _weights(fitted):
            for n in np.flatnonzero(folds == fold).tolist():
                said[n] = _answer(readings[n])
    refused = np.array([answer[0] for answer in said])
    p = np.array([answer[1] for answer in said])
    kinds = {kind: np.array([row[kind] for row in readings]) for kind in ("answerable", "foreign", "away")}
    asked = np.flatnonzero(kinds["answerable"]).tolist()
    own = ~kinds["foreign"] & ~kinds["away"]
    measures: dict[str, Callable[[str, list[str]], float]] = {"F1": token_f1, "EM": exact_match}
    print(f"whole answers, {len(asked)} answerable questions:")
    given = [not refused[n] and contains_answer(said[n][3], readings[n]["answers"]) for n in asked]
    print(f"  first quote contains a right answer {np.mean(given):.3f}")
    for name, measure in measures.items():
        values = [0.0 if refused[n] else float(measure(said[n][2], readings[n]["answers"])) for n in asked]
        print(f"  {name} {np.mean(values):.3f}")
    print(f"  AUROC answerable (squad2) {roc_auc_score(kinds['answerable'][own], p[own]):.3f}")
    groups = {
        "answerable": kinds["answerable"],
        "unanswerable": own & ~kinds["answerable"],
        "away": kinds["away"],
        **{name: np.array([row["group"] == name for row in readings]) for name in FOREIGN},
    }
    for name, chosen in groups.items():
        print(f"  refused {name} {refused[chosen].mean():.3f} of {chosen.sum()}")


@contextmanager
def _weights(fitted: dict[str, Any]) -> Iterator[None]:
    """These in the place of those of the package."""
    kept = quoting.weights
    quoting.weights = confidence.weights = lambda: fitted  # type: ignore[assignment,attr-defined]
    try:
        yield
    finally:
        quoting.weights = confidence.weights = kept  # type: ignore[attr-defined]


class _Reread:
    """The language model, as it has read a question's evidence."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings

    def read(
        self,
        prompts: Sequence[SpanPrompt],
        choose: Callable[[list[float]], Sequence[int]],
        deadline: Deadline | None = None,
    ) -> Readings:
        """See `LanguageModel.read`; a sentence that was not read closely then has no spans now."""
        readings = self._readings[: len(prompts)]
        closely = set(choose([reading.likelihood for reading in readings]))
        found = [reading if n in closely else Reading(reading.likelihood, ()) for n, reading in enumerate(readings)]
        return Readings(found, Usage())


def _answer(row: dict[str, Any]) -> tuple[bool, float, str, str]:
    """Whether it is refused, its confidence, its text, and its first quote."""
    said = quote(row["question"], row["evidence"], cast(LanguageModel, _Reread(row["readings"])))
    parts = [part for part in said.parts if part.support >= SUPPORTED]
    composed = compose(parts)
    text = " ".join(part.text for part in parts)
    refused = confidence.refuses(said.signals) or not parts
    return refused, confidence.confidence(said.signals), text, composed.citations[0].quote if parts else ""


if __name__ == "__main__":
    main()
