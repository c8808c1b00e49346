"""The table of what the product must reach: each figure against what is required of it.

    python benchmarks/quality.py [../shared/eval] [--libraries FOLDER] [--limit N] [--seed S] [--only ROW ...]
                                 [--keep FOLDER]

Each set is indexed and asked by `rag.evaluation`, so every figure is that of `rag eval`, with its interval; `--limit`
asks N questions of each set, drawn by the seed, of squad2 half answerable. F1 and exact match are of `answer_span`.
What is required is required of the questions on which nothing was fitted (`fitted_on.json`); the figures of the fitted
ones stand beside them in lines of their own. With `--keep` indexes and answers stay in a folder, and a run that was
interrupted goes on. The rows of the checker are of weights fitted on the other sets (`fit_checker.py`, which writes
nothing here); they need no index and are always of whole sets. The libraries are asked if their folder is given.

Exit 1 where a figure is not reached, 2 where the sets are absent.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from conversation import recalls, turns_of
from evalset import build_index, eval_argument, rows
from fit_confidence import fitted_on

from rag.cli.evaluate import run_questions, write_figures
from rag.evaluation import run
from rag.evaluation.intervals import bootstrap
from rag.evaluation.judging import judgement_table
from rag.evaluation.measures import MEASURES, figure
from rag.evaluation.record import Record
from rag.models import Models, load_models
from rag.pipeline import open_pipeline
from rag.settings import Settings, load_settings

FOREIGN = ("cranfield", "vaswani", "pubmedqa")  # asked of the squad2 index, which answers none of them
FALSE_REFUSALS = 0.05
ROWS = ("libraries", "squad2", "foreign", "clapnq", "citations", "checker", "mtrag_un")
HISTORY_GAIN = 0.10


class Row(NamedTuple):
    """A line of the table; `value` is NaN where it is not measured, and `note` says why.

    `required` is NaN where nothing is required.
    """

    of: str
    what: str
    required: float
    value: float
    low: float = float("nan")
    high: float = float("nan")
    questions: int = 0
    note: str = ""

    @property
    def reached(self) -> bool:
        return self.value >= self.required or not self.is_required

    @property
    def is_required(self) -> bool:
        return self.required == self.required


class Bench:
    """Indexes and runs below one folder, and the models that all of them share."""

    def __init__(self, folder: Path, sets: Path, limit: int | None, seed: int, libraries: Path | None) -> None:
        self.folder, self.sets, self.limit, self.seed, self.libraries = folder, sets, limit, seed, libraries
        self._models: Models | None = None

    @property
    def models(self) -> Models:
        if self._models is None:
            self._models = load_models(self.settings("default"))
        return self._models

    def close(self) -> None:
        if self._models is not None:
            self._models.close()

    def settings(self, index: str) -> Settings:
        return load_settings(indexes_dir=self.folder / "indexes", index=index)

    def index(self, name: str) -> Settings:
        """The settings of an index of the corpus, made where it is not there."""
        settings = self.settings(name)
        build_index(rows(self.sets / name, "corpus"), self.folder / name, settings, self.models.embedder).close()
        return settings

    def draw(self, questions: list[dict[str, Any]], limit: int | None = None) -> list[dict[str, Any]]:
        """Draw as many as are asked of each set; half of them answerable where both kinds are there."""
        limit = limit or self.limit
        if limit is None or limit >= len(questions):
            return questions
        rng = random.Random(self.seed)
        kinds = [[q for q in questions if q["answerable"] is kind] for kind in (True, False)]
        first = min(len(kinds[0]), limit - min(len(kinds[1]), limit // 2))
        return rng.sample(kinds[0], first) + rng.sample(kinds[1], limit - first)

    def ask(self, name: str, index: str, questions: Sequence[dict[str, Any]]) -> list[Record]:
        """The records of a run, gone on with where it was begun."""
        settings = self.index(index)
        path, out = self.folder / f"{name}.jsonl", self.folder / "runs" / f"{name}-{self.limit or 'all'}-{self.seed}"
        path.write_text("".join(json.dumps(question) + "\n" for question in questions), "utf-8")
        print(f"asking {len(questions)} questions of {name}; the answers are in {out}", file=sys.stderr, flush=True)
        run_questions(path, out, settings, models=self.models)
        records = run.read_records(out)
        write_figures(out, records, self.seed)
        return records

    def row(self, of: str, what: str, required: float, measure: str, records: Sequence[Record]) -> Row:
        """A figure of `rag eval` as a line."""
        chosen = next(one for one in MEASURES if one.name == measure)
        found = figure(chosen, judgement_table(records), self.seed)
        return Row(of, what, required, *found.interval, found.questions)


def squad2(bench: Bench) -> Iterator[Row]:
    for part, records, required in _parts("squad2", _squad2(bench)):
        yield bench.row(part, "token F1 of the span", required(0.82), "f1", records)
        yield bench.row(part, "exact match of the span", required(0.72), "exact_match", records)
        yield bench.row(part, "first quote contains a right answer", required(0.91), "quote_contained", records)
        yield _first_document(bench, part, required(0.92), records)
        yield bench.row(part, "AUROC of confidence for answerable", required(0.86), "auroc_answerable", records)


def _squad2(bench: Bench) -> list[Record]:
    return bench.ask("squad2", "squad2", bench.draw(rows(bench.sets / "squad2", "questions")))


def _parts(name: str, records: Sequence[Record]) -> Iterator[tuple[str, list[Record], Callable[[float], float]]]:
    """The records of questions on which nothing was fitted, then the others: a name, records, what is required of
    them."""
    fitted = fitted_on(name)
    fresh = [record for record in records if record.id not in fitted]
    others = [record for record in records if record.id in fitted]
    yield f"{name}, never fitted", fresh, lambda value: value
    if others:
        yield f"{name}, fitted", others, lambda _: float("nan")


def _first_document(bench: Bench, of: str, required: float, records: Sequence[Record]) -> Row:
    """The share of answerable questions whose first citation is of a gold document; a refusal counts 0."""
    hits = np.array([_cites_gold(record) for record in records if record.answerable], float)
    interval = bootstrap(lambda chosen: float(hits[chosen].mean()), len(hits), bench.seed)
    return Row(of, "first citation of a right document", required, *interval, len(hits))


def _cites_gold(record: Record) -> bool:
    cited = record.answer["citations"]
    return bool(cited) and cited[0]["document_id"] in record.documents


def foreign(bench: Bench) -> Iterator[Row]:
    """Refusals at the threshold that refuses 5 % of squad2's answerable questions, and as shipped; questions on which
    something was fitted are left out."""
    own = [record for record in _squad2(bench) if record.id not in fitted_on("squad2")]
    unanswerable = {"answerable": False, "answers": [], "gold_doc_ids": [], "evidence": []}
    asked = [
        question | unanswerable | {"id": f"{name}:{question['id']}"}
        for name in FOREIGN
        for question in rows(bench.sets / name, "questions")
        if question["id"] not in fitted_on(name)
    ]
    other = bench.ask("foreign", "squad2", bench.draw(asked))
    at = np.array([record.answer["confidence"] for record in own if record.answerable])
    away = np.array([record.answer["confidence"] for record in other])
    both, are_own = np.concatenate([at, away]), np.arange(len(at) + len(away)) < len(at)
    interval = bootstrap(lambda chosen: _abstained(both[chosen], are_own[chosen]), len(both), bench.seed)
    threshold = _threshold(at)
    note = f"confidence below {threshold:.3f}, false refusals {(at < threshold).mean():.3f}"
    yield Row("foreign questions to squad2", "abstained at <= 5 % false refusals", 0.98, *interval, len(away), note)
    shipped = bench.row("foreign questions to squad2", "abstained as shipped", 0.98, "refused_unanswerable", other)
    false = bench.row("", "", 0.0, "refused_answerable", own)
    yield shipped._replace(note=f"false refusals {false.value:.3f} ({false.low:.3f} to {false.high:.3f})")


def _threshold(own: Any) -> float:
    """The confidence below which at most `FALSE_REFUSALS` of the answerable questions lie."""
    return float(np.quantile(own, FALSE_REFUSALS, method="lower"))


def _abstained(confidence: Any, is_own: Any) -> float:
    """The share of the others below that threshold, which moves with the questions that are drawn."""
    if is_own.all() or not is_own.any():
        return float("nan")
    return float((confidence[~is_own] < _threshold(confidence[is_own])).mean())


def clapnq(bench: Bench) -> Iterator[Row]:
    records = bench.ask("clapnq", "clapnq", bench.draw(rows(bench.sets / "clapnq", "questions")))
    for part, own, required in _parts("clapnq", records):
        yield bench.row(part, "AUROC of confidence for answerable", required(0.87), "auroc_answerable", own)


def libraries(bench: Bench) -> Iterator[Row]:
    """People's questions of real libraries, as `libraries.py` asks and judges them."""
    from libraries import LIBRARIES, Asked, ask, documents_of, rules

    folder = bench.libraries
    if folder is None:
        yield Row("libraries", "right", 0.55, float("nan"), note="--libraries is not given")
        return
    judge, asked = rules(folder), list[Asked]()
    for name in LIBRARIES:
        if documents := documents_of(folder, bench.sets, name):
            settings = bench.settings(f"library-{name}")
            asked += ask(name, documents, rows(folder, name), settings, bench.models, judge)
    fresh = [one for one in asked if one.question["id"] not in fitted_on(f"library {one.library}")]
    for part, own, needed in (("libraries", asked, True), ("libraries, never fitted", fresh, False)):
        if not own:
            continue
        right = np.array([one.right for one in own], float)
        interval = bootstrap(partial(_share, right), len(right), bench.seed)
        yield Row(part, "right", 0.55 if needed else float("nan"), *interval, len(right))
        answered = [one for one in own if one.answer["answered"]]
        sure = bootstrap(partial(_certainty, answered), len(answered), bench.seed)
        what = "AUROC of confidence, right against wrong, answered"
        note = "weights of fit_confidence.py, which prints its figures with each library left out" if needed else ""
        yield Row(part, what, 0.75 if needed else float("nan"), *sure, len(answered), note)


def citations(bench: Bench) -> Iterator[Row]:
    records = [record for record in _squad2(bench) if record.id not in fitted_on("squad2")]
    hotpot = bench.ask("hotpotqa", "hotpotqa", bench.draw(rows(bench.sets / "hotpotqa", "questions")))
    for of, chosen in (("squad2 + hotpotqa", records + hotpot), ("  squad2", records), ("  hotpotqa", hotpot)):
        yield bench.row(of, "citation precision of answered", 0.80, "citation_precision", chosen)
        yield bench.row(of, "citation recall of answered", 0.75, "citation_recall", chosen)


def checker(bench: Bench) -> Iterator[Row]:
    """Weights fitted on the other sets, and beside it five folds by source text."""
    from fit_checker import across, auroc, cross_validate, read

    required = {"begin": 0.95, "mtrag_human_eval": 0.97, "faithbench": 0.72}
    for name in required:
        rows(bench.sets / name, "responses")
    claims = bench.sets.parent / "training" / "nli"
    if not claims.is_dir():
        print(f"{claims} is not there: the checker is measured without its training sets", file=sys.stderr)
    data = read(bench.sets, claims)
    transfer = across(data)
    cross_validate(data)
    for name, least in required.items():
        count = sum(answer.source == name and answer.good is not None for answer in data)
        note = f"five folds by source text, the set itself among them: {auroc(data, name):.3f}"
        yield Row(
            f"{name}, nothing fitted on it", "AUROC of faithfulness", least, transfer[name], questions=count, note=note
        )


def mtrag_un(bench: Bench) -> Iterator[Row]:
    """Recall with the turns before the question, against that of the question alone."""
    questions = [q for q in rows(bench.sets / "mtrag_un", "questions") if q["gold_doc_ids"] and q.get("history")]
    chosen = bench.draw(questions)
    with open_pipeline(bench.index("mtrag_un"), bench.models) as pipeline:
        alone = recalls(pipeline, chosen, lambda row: (row["question"], []))
        gain = recalls(pipeline, chosen, lambda row: (row["question"], turns_of(row))) - alone
    interval = bootstrap(lambda drawn: float(gain[drawn].mean()), len(gain), bench.seed)
    note = f"question alone {alone.mean():.3f}, with history {(alone + gain).mean():.3f}"
    yield Row("mtrag_un", "gain in recall@5 by history", HISTORY_GAIN, *interval, len(gain), note)


def _share(right: Any, chosen: Any) -> float:
    return float(right[chosen].mean())


def _certainty(asked: Sequence[Any], chosen: Any) -> float:
    from libraries import certainty

    return certainty([asked[number] for number in chosen])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--libraries", type=Path, help="the folder of the libraries")
    parser.add_argument("--limit", type=int, help="questions to ask of each set (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing and of the intervals (default: 0)")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=ROWS, help="parts of the table")
    parser.add_argument("--keep", type=Path, help="folder for indexes and answers, used again when they are there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder, options.eval, options.limit, options.seed, options.libraries)
        parts: dict[str, Callable[[Bench], Iterator[Row]]] = {
            "libraries": libraries,
            "squad2": squad2,
            "foreign": foreign,
            "clapnq": clapnq,
            "citations": citations,
            "checker": checker,
            "mtrag_un": mtrag_un,
        }
        found = [row for name in options.only for row in parts[name](bench)]
        bench.close()
    _print(found)
    return 0 if all(row.reached for row in found) else 1


def _print(found: Sequence[Row]) -> None:
    print("| set | figure | measured | 95 % interval | questions | required | reached |\n|---|---|---|---|---|---|---|")
    for row in found:
        interval = f"{row.low:.3f} to {row.high:.3f}" if row.low == row.low else ""
        value = f"{row.value:.3f}" if row.value == row.value else "not measured"
        reached = ("yes" if row.reached else "no") if row.is_required else ""
        note = f" ({row.note})" if row.note else ""
        required = f"{row.required:.2f}" if row.is_required else ""
        count = row.questions or ""
        print(f"| {row.of} | {row.what} | {value} | {interval} | {count} | {required} | {reached}{note} |")


if __name__ == "__main__":
    sys.exit(main())
