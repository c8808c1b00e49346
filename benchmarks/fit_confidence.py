"""Fit `rag/answering/weights.json`: how sure the product may be that what the reader chose is right.

    python benchmarks/fit_confidence.py [EVAL] [--libraries FOLDER] [--keep FOLDER] [--dry-run]

Each question is asked as the product asks it: passages are found and read, a span is chosen, its signals are computed.
It is right if the documents answer it and the sentences around the span hold a right answer in a right document, or are
the evidence. Two logistic regressions, in which each signal counts in the direction of its sense or not at all, make
the confidence of the signals: the probability that the documents answer the question, times that of the span being
right, which is fitted on answerable questions. Both are fitted on a sample of squad2, on questions of pubmedqa asked of
squad2, on half of clapnq, on half of the questions of `benchmarks/written` and, with `--libraries`, on the libraries a,
c and d; the ids are written to `benchmarks/fitted_on.json`, which every benchmark subtracts. Each set counts about the
same. Printed are, for each set, the AUROC of right against not right, over all questions and over the answerable ones,
and of answerable against not, with weights made of all sets and with weights made without that set. Beside the
threshold of refusal stands the confidence from which an answer is sure: the lowest one at which two of three answers
are right, each set by weights made without it.

Exit code 2 if the folder of the evaluation sets is absent.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from evalset import build_index, eval_argument, rows
from logistic import fit_logistic

from rag.answering.choose import Chosen, choose, sentences_around
from rag.answering.confidence import signals_of
from rag.answering.side_by_side import MOST_LOST, gained
from rag.evaluation.certainty import auroc
from rag.evaluation.squad import contains_answer
from rag.ingest.run import sync
from rag.models import Models, load_models
from rag.reading.reader import reader_sha256
from rag.retrieval.question import parse_question
from rag.retrieval.search import retrieve
from rag.seams import Index
from rag.settings import load_settings
from rag.stores.open import open_index

READ = 8  # passages, as the pipeline reads them
SIZES = {"squad2": (300, 220), "clapnq": (80, 60)}  # answerable and unanswerable questions
FOREIGN = 60  # questions of pubmedqa
WRITTEN = Path(__file__).parent / "written"  # libraries that were invented for this project, with their questions
LIBRARIES = ("a", "c", "d")
AGAINST = {"number_absent"}  # every other signal speaks for the answer
RIVALS = {"margin"}  # signals that tell which answer is right, but not if there is one
MOST_REPEATED = 8  # times that a question of a small set counts
PENALTY = 0.02  # on half the squared weights of standardised signals
LOST = 0.05  # share of the right answers that the threshold refuses, the mean over the sets
SURE = 2 / 3  # share of the answers of some confidence that are right, from which they are sure
OUT = Path(__file__).parent.parent / "rag" / "answering" / "weights.json"
MANIFEST = Path(__file__).parent / "fitted_on.json"


class Example(NamedTuple):
    """A question with what the product chose for it."""

    source: str  # the set
    id: str
    signals: dict[str, float]
    answerable: bool
    right: bool


class Regression(NamedTuple):
    """A fitted logistic regression."""

    signals: list[str]
    weights: Any
    intercept: float

    def probabilities(self, examples: Sequence[Example]) -> Any:
        x = np.array([[example.signals[name] for name in self.signals] for example in examples])
        return 1 / (1 + np.exp(-(x @ self.weights + self.intercept)))

    def stored(self) -> dict[str, Any]:
        """The form in which `weights.json` holds it."""
        weights = {name: round(float(weight), 5) for name, weight in zip(self.signals, self.weights, strict=True)}
        return {"intercept": round(self.intercept, 5), "weights": weights}


class Model(NamedTuple):
    """The probabilities whose product is the confidence."""

    held: Regression  # the documents answer the question
    chosen: Regression  # the chosen span is right, if they do


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--libraries", type=Path, help="the folder of the libraries")
    parser.add_argument(
        "--keep", type=Path, help="folder of the indexes and of what was read, used again if they are there"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the figures and write nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        examples = list(_examples(options, work))
    fitted = fit(examples)
    report(examples)
    if not options.dry_run:
        OUT.write_text(json.dumps(fitted, indent=1, sort_keys=True) + "\n", "utf-8")
        ids: dict[str, list[str]] = {}
        for example in examples:
            ids.setdefault(example.source, []).append(example.id)
        MANIFEST.write_text(
            json.dumps({name: sorted(of) for name, of in sorted(ids.items())}, indent=1) + "\n", "utf-8"
        )


def fitted_on(name: str) -> set[str]:
    """The ids of the questions of a set that `weights.json` comes from: on all others it can be measured."""
    return set(json.loads(MANIFEST.read_text("utf-8")).get(name, ()))


def fit(examples: Sequence[Example]) -> dict[str, Any]:
    """The content of `weights.json`."""
    model = _model(examples)
    return {
        **{name: regression.stored() for name, regression in model._asdict().items()},
        "threshold": round(_threshold(examples, _confidences(examples, model)), 4),
        "sure": round(two_of_three(examples, _confidences_by_others(examples)), 4),
        "fitted": {
            "reader": reader_sha256(),
            "questions": {
                name: sum(e.source == name for e in examples) for name in sorted({e.source for e in examples})
            },
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "command": "python benchmarks/fit_confidence.py EVAL --libraries FOLDER",
        },
    }


def _threshold(examples: Sequence[Example], confidences: Any) -> float:
    """The highest confidence below which, on average over the sets, no more than the share `LOST` of the right answers
    lies; the libraries count as one set."""
    sets: dict[str, list[float]] = {}
    for example, confidence in zip(examples, confidences, strict=True):
        if example.right:
            sets.setdefault(example.source.split()[0], []).append(float(confidence))
    tried = np.linspace(0, 1, 1001)
    lost = np.mean([[np.mean(np.array(own) < value) for value in tried] for own in sets.values()], axis=0)
    return float(tried[lost <= LOST].max())


def two_of_three(examples: Sequence[Example], confidences: Any) -> float:
    """The lowest confidence of answers of which the share `SURE` is right, by isotonic regression: the share never
    falls as the confidence grows. 1 if there is none. Each set counts as often as for the weights."""
    counts = np.array(_counts(examples), float)
    right = counts * np.array([example.right for example in examples])
    blocks: list[tuple[float, float, float]] = []  # the lowest confidence, the weight, the weight of right ones
    for value in np.unique(confidences):
        own = confidences == value
        block = float(value), float(counts[own].sum()), float(right[own].sum())
        while blocks and blocks[-1][2] / blocks[-1][1] >= block[2] / block[1]:  # pool adjacent violators
            last = blocks.pop()
            block = last[0], last[1] + block[1], last[2] + block[2]
        blocks.append(block)
    return next((lowest for lowest, weight, of_right in blocks if of_right >= SURE * weight), 1.0)


def report(examples: Sequence[Example]) -> None:
    """Print the table of AUROCs: fitted on all sets, and without the set that is measured."""
    every = _confidences(examples, _model(examples))
    print(
        "| set | questions | right | AUROC right | without the set | of the answerable | without the set "
        "| AUROC answerable | without the set |"
    )
    print("|---" * 9 + "|")
    for name in sorted({example.source for example in examples}):
        own = np.array([example.source == name for example in examples])
        chosen = [example for example in examples if example.source == name]
        without = _confidences(chosen, _model([example for example in examples if example.source != name]))
        right = np.array([example.right for example in chosen])
        answerable = np.array([example.answerable for example in chosen])
        figures = [
            auroc(kind[among], confidence[among])
            for kind, among in ((right, right | True), (right, answerable), (answerable, right | True))
            for confidence in (every[own], without)
        ]
        print(f"| {name} | {len(chosen)} | {right.mean():.3f} | " + " | ".join(f"{f:.3f}" for f in figures) + " |")


def _model(examples: Sequence[Example]) -> Model:
    """Both regressions; each set counts about as often as the largest one."""
    signals = list(examples[0].signals)
    alone = [name for name in signals if name not in RIVALS]
    answerable = [example for example in examples if example.answerable]
    return Model(
        _regression(examples, alone, [example.answerable for example in examples]),
        _regression(answerable, signals, [example.right for example in answerable]),
    )


def _regression(examples: Sequence[Example], signals: list[str], truth: Sequence[bool]) -> Regression:
    counts = _counts(examples)
    x = np.repeat([[example.signals[name] for name in signals] for example in examples], counts, axis=0)
    y = np.repeat(np.array(truth, float), counts)
    weights, intercept = fit_logistic(x, y, [-1 if name in AGAINST else 1 for name in signals], PENALTY)
    return Regression(signals, weights, intercept)


def _confidences_by_others(examples: Sequence[Example]) -> Any:
    """The confidence of each example with weights made without its set, as for a library that nothing was fitted on."""
    confidences = np.zeros(len(examples))
    for name in {example.source for example in examples}:
        own = np.array([example.source == name for example in examples])
        chosen = [example for example in examples if example.source == name]
        others = [example for example in examples if example.source != name]
        confidences[own] = _confidences(chosen, _model(others))
    return confidences


def _counts(examples: Sequence[Example]) -> list[int]:
    """Weights of the examples: those of small sets more, so that each set counts about the same."""
    sizes = {name: sum(e.source == name for e in examples) for name in {e.source for e in examples}}
    return [max(1, min(MOST_REPEATED, max(sizes.values()) // sizes[example.source])) for example in examples]


def _confidences(examples: Sequence[Example], model: Model) -> Any:
    return model.held.probabilities(examples) * model.chosen.probabilities(examples)


def _examples(options: argparse.Namespace, work: Path) -> Iterator[Example]:
    """The examples of all sets; those that this reader has read before come from a file in `work`."""
    made_of = f"{reader_sha256()} {bool(options.libraries)} {Chosen._fields} {SIZES} {FOREIGN} {MOST_LOST}"
    done = work / f"examples-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.jsonl"
    if not done.exists():
        found = [json.dumps(example._asdict()) for example in _read_now(options, work)]
        done.write_text("\n".join(found) + "\n", "utf-8")
    yield from (Example(**json.loads(line)) for line in done.read_text("utf-8").splitlines())


def _read_now(options: argparse.Namespace, work: Path) -> Iterator[Example]:
    models = load_models(load_settings(model="none"))
    rng = random.Random(18)
    for name, sizes in SIZES.items():
        own = rows(options.eval / name, "questions")
        kinds = [[row for row in own if row["answerable"] is wanted] for wanted in (True, False)]
        asked = [row for kind, size in zip(kinds, sizes, strict=True) for row in rng.sample(kind, min(size, len(kind)))]
        settings = load_settings(indexes_dir=work / "indexes", index=name, model="none")
        own_index = build_index(rows(options.eval / name, "corpus"), work / name, settings, models.embedder)
        yield from _asked(name, own_index, models, asked)
        if name == "squad2":
            foreign = rng.sample(rows(options.eval / "pubmedqa", "questions"), FOREIGN)
            yield from _asked("pubmedqa", own_index, models, [row | {"answerable": False} for row in foreign])
        own_index.close()
    for name in sorted(path.stem for path in WRITTEN.glob("*.jsonl")):
        own = rows(WRITTEN, name)
        yield from _asked_of(name, WRITTEN / name, work, models, rng.sample(own, len(own) // 2))
    for name in LIBRARIES if options.libraries else ():
        own = rows(options.libraries, name)
        yield from _asked_of(f"library {name}", options.libraries / name, work, models, own)


def _asked_of(
    source: str, documents: Path, work: Path, models: Models, questions: Sequence[dict[str, Any]]
) -> Iterator[Example]:
    """The examples of a folder of documents, which is indexed first."""
    settings = load_settings(indexes_dir=work / "indexes", index=source.replace(" ", "-"), model="none")
    with open_index(settings, models.embedder, create=True) as index:
        sync([documents], index, models.embedder, settings)
        yield from _asked(source, index, models, questions)


def _asked(source: str, index: Index, models: Models, questions: Sequence[dict[str, Any]]) -> Iterator[Example]:
    assert models.reader is not None
    for row in questions:
        question = parse_question(row["question"])
        vector = models.embedder.embed_query(question.standalone)
        with index.snapshot() as snapshot:
            hits = retrieve(snapshot, question, partial(np.asarray, vector), READ)
        readings = models.reader.read(question.standalone, [hit.passage for hit in hits])
        chosen = choose(hits, readings, gained=gained(models.reader, question.standalone, hits, readings))
        if chosen is None:
            continue
        sentences = [item.text for item in sentences_around(chosen)]
        right = bool(row["answerable"]) and _is_right(row, chosen.passage.document_id, sentences)
        yield Example(source, row["id"], signals_of(question, chosen), bool(row["answerable"]), right)
    print(f"{source}: {len(questions)} questions", flush=True)


def _is_right(row: dict[str, Any], document: str, sentences: Sequence[str]) -> bool:
    gold = row.get("gold_doc_ids") or []
    evidence = [_letters(text) for text in row.get("evidence") or []]
    if any(here in there or there in here for here in map(_letters, sentences) for there in evidence if here and there):
        return True
    in_place = not gold or Path(document).stem in gold
    return in_place and contains_answer(" ".join(sentences), row.get("answers") or [])


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())


if __name__ == "__main__":
    main()
