"""Ask the invented libraries of `benchmarks/written`; print how often the answer is right, refused, and how sure.

    python benchmarks/written.py [--keep FOLDER] [--wrong]

Only questions on which nothing was fitted are asked (`fitted_on.json`). An answer is right if its first citation shows
the evidence in its document, as `rag eval` judges it. Out: a line for each library, and with `--wrong` each answer that
is not right.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from evalset import rows
from fit_confidence import WRITTEN, fitted_on

from rag.evaluation.asking import ask_all
from rag.evaluation.certainty import auroc
from rag.evaluation.gold import locate
from rag.evaluation.judging import Judgement, outcome
from rag.evaluation.questions import read_questions
from rag.evaluation.record import Record
from rag.ingest.run import sync
from rag.models import Models, load_models
from rag.pipeline import open_pipeline
from rag.settings import Settings, load_settings
from rag.stores.open import open_index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder in which the indexes stay")
    parser.add_argument("--wrong", action="store_true", help="print each answer that is not right, beside the gold")
    options = parser.parse_args()
    print("| library | questions | right of the answerable | refused of these | refused of the others | AUROC right |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        base = load_settings(indexes_dir=options.keep or Path(temporary), model="none")
        models = load_models(base)
        for name in sorted(path.stem for path in WRITTEN.glob("*.jsonl")):
            records = asked(name, base.model_copy(update={"index": name}), models)
            print(line(name, records), flush=True)
            if options.wrong:
                print_wrong(records)


def asked(name: str, settings: Settings, models: Models) -> list[Record]:
    """The answers to the questions of a library that nothing was fitted on."""
    with open_index(settings, models.embedder, create=True) as index:
        sync([WRITTEN / name], index, models.embedder, settings)
        with index.snapshot() as snapshot:
            left = {row["id"] for row in rows(WRITTEN, name)} - fitted_on(name)
            questions = [one for one in read_questions(WRITTEN / f"{name}.jsonl").questions if one.id in left]
            gold = locate(questions, snapshot, name)
    with open_pipeline(settings, models) as pipeline:
        return list(ask_all(pipeline, questions, gold, settings.k))


def line(name: str, records: list[Record]) -> str:
    """A row of the table."""
    outcomes = [outcome(record) for record in records]
    answerable = [one for record, one in zip(records, outcomes, strict=True) if record.answerable]
    others = [one for record, one in zip(records, outcomes, strict=True) if not record.answerable]
    given = [(record, one) for record, one in zip(records, outcomes, strict=True) if record.answer["answered"]]
    right = np.array([one == Judgement.RIGHT for _, one in given], np.float64)
    sure = auroc(right, np.array([record.answer["confidence"] for record, _ in given], np.float64))
    shares = (
        sum(one == Judgement.RIGHT for one in answerable) / len(answerable),
        sum(one == Judgement.REFUSED for one in answerable) / len(answerable),
        sum(one == Judgement.RIGHTLY_REFUSED for one in others) / len(others),
        sure,
    )
    return f"| {name} | {len(answerable)} + {len(others)} | " + " | ".join(f"{share:.3f}" for share in shares) + " |"


def print_wrong(records: list[Record]) -> None:
    """Each answer that is not right, with what it should have been."""
    for record in records:
        found = outcome(record)
        if found not in (Judgement.RIGHT, Judgement.RIGHTLY_REFUSED):
            print(f"- {record.question} ({found})\n    got  {record.answer['answer']}\n    gold {record.answers}")


if __name__ == "__main__":
    main()
