"""`rag calibrate`: questions whose answers are known in, the threshold of refusal of an index out.

Every question is asked as `rag ask` does it, but without refusals, so that the confidence of each answer is seen beside
whether it is right. The lowest threshold at which few enough of the answers are wrong is stored beside the index.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.answering.calibration import Calibration, confidence_fingerprint, remove_calibration, write_calibration
from rag.answering.confidence import threshold
from rag.errors import InputError
from rag.evaluation.asking import ask_all
from rag.evaluation.gold import locate
from rag.evaluation.judging import Judgement, outcome
from rag.evaluation.questions import QuestionFile, read_questions
from rag.evaluation.record import Record
from rag.evaluation.threshold import CERTAINTY, fewest, lowest_threshold
from rag.index.uploaded import CALIBRATION
from rag.retrieval.several import questions_in
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.models import Models


def calibrate(options: argparse.Namespace, settings: Settings, models: Models | None = None) -> int:
    """Carry out the options; returns the exit code 0. Raises `InputError` for options or questions that cannot be
    used, and if no threshold keeps the share; then nothing is changed."""
    from rag.stores.open import open_index

    if options.remove:
        if options.questions or options.dry_run:
            raise InputError("--remove goes back to the packaged threshold: give it without questions and --dry-run")
        with open_index(settings, None, chunker=False) as index:
            remove_calibration(index.folder)
        _print(options, {"index": settings.index, "threshold": threshold()}, f"{threshold():.3f}, as packaged")
        return 0
    if not options.questions:
        raise InputError("rag calibrate needs a file of questions with gold, one a line, as for rag eval", "questions")
    if not 0 < options.at_most < 1:
        raise InputError(f"--at-most is {options.at_most}; it is a share between 0 and 1, such as 0.1", "at_most")
    asked = read_questions(Path(options.questions))
    for notice in asked.notices:
        print(f"note: {notice}", file=sys.stderr)
    folder, embedder, records = _asked(asked, settings, models)
    found = calibration(asked, records, options.at_most, confidence_fingerprint(embedder))
    _print(options, {"index": settings.index, **found._asdict()}, f"{found.threshold:.3f}\n{_seen(found)}")
    if not options.dry_run:
        write_calibration(folder, found)
        if not options.json:
            print(f"stored in {folder / CALIBRATION}")
    return 0


def calibration(asked: QuestionFile, records: list[Record], at_most: float, made: str) -> Calibration:
    """The calibration that answers given without refusals allow. Raises `InputError` if there is none.

    Questions that ask for two things are left out, since each part is refused by itself; of questions with the same
    words one counts, as more of them show nothing new.
    """
    single = {record.question: record for record in records if len(questions_in(record.question)) == 1}
    outcomes = [(record, outcome(record)) for record in single.values()]
    given = [(record, one) for record, one in outcomes if record.answer["answered"] and one != Judgement.UNKNOWN]
    right = np.array([one == Judgement.RIGHT for _, one in given], bool)
    confidence = np.array([record.answer["confidence"] for record, _ in given], np.float64)
    found = lowest_threshold(right, confidence, at_most)
    if found is None:
        raise InputError(_too_few(len(given), int((~right).sum()), at_most), "questions")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Calibration(
        threshold=found.value,
        at_most=at_most,
        bound=found.bound,
        questions=len(single),
        given=found.given,
        wrong=found.wrong,
        file=asked.name,
        file_sha256=asked.sha256,
        made_with=made,
        date=today,
    )


def _asked(asked: QuestionFile, settings: Settings, models: Models | None) -> tuple[Path, str, list[Record]]:
    """The folder of the index, its embedder, and the answers of all questions, none refused for its confidence."""
    from tqdm import tqdm

    from rag.pipeline import open_pipeline
    from rag.stores.open import open_index

    with open_index(settings, None, chunker=False) as index, index.snapshot() as snapshot:
        folder, embedder = index.folder, index.settings.embedder
        gold = locate(asked.questions, snapshot, settings.index)
    with open_pipeline(settings, models, refuse_below=0.0) as pipeline:
        answers = ask_all(pipeline, asked.questions, gold, settings.k)
        shown = tqdm(answers, total=len(asked.questions), unit="question", disable=None, leave=False)
        return folder, embedder, list(shown)


def _too_few(answers: int, wrong: int, at_most: float) -> str:
    needed = fewest(at_most)
    if answers < needed or not wrong:
        reason = f"{answers} answers are too few: it takes {max(needed, answers + 1)} or more, even if all are right"
        return f"no threshold can be shown to keep wrong answers at {at_most:.1%} or less: {reason}"
    return (
        f"no threshold keeps wrong answers at {at_most:.1%} or less: {wrong} of {answers} are wrong, and confidence "
        "does not tell them apart well enough. Give more questions, or allow more with --at-most"
    )


def _seen(found: Calibration) -> str:
    share = found.wrong / found.given
    return (
        f"of {found.questions} questions {found.given} get an answer, {found.wrong} of them a wrong one ({share:.1%}; "
        f"with {CERTAINTY:.0%} certainty at most {found.bound:.1%} of answers to questions like these)"
    )


def _print(options: argparse.Namespace, as_json: dict[str, object], text: str) -> None:
    name = as_json["index"]
    print(json.dumps(as_json, indent=2) if options.json else f"index {name!r}: refused below a confidence of {text}")
