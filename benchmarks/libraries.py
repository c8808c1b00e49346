"""Ask real libraries questions in people's own words; print how many are answered right, by library and type.

    python benchmarks/libraries.py FOLDER [--eval FOLDER] [--only a d] [--keep FOLDER] [--mode auto] [--wrong]

In: a folder with, for each library NAME, its questions `NAME.jsonl` (the form of `rag eval`) and its documents `NAME/`,
and `score.py`, whose `right(question, answer)` judges the JSON of an answer; this program runs that file. The documents
of library b are the PDF files of the evaluation set financebench: `--eval` is their folder, or that of the evaluation
sets. A library without questions or documents is named and left out.

Out: right answers by type, by library and in all; the questions that were refused though the documents answer them; the
AUROC of the confidence, right against wrong, among the questions that got an answer (`nan` if all of them are alike);
and both again over the questions on which nothing was fitted. The weights of the confidence may come from the libraries
a, c and d: `benchmarks/fit_confidence.py` prints what it reaches with each of them left out. With `--keep` the indexes
stay in a folder, and the next run reads only files that changed.

Exit codes: 0 success, 2 the folder or its `score.py` is absent, or no library is left.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from evalset import DEFAULT_EVAL, rows
from fit_confidence import fitted_on

from rag.evaluation.certainty import auroc
from rag.ingest.run import sync
from rag.models import Models, load_models
from rag.pipeline import Pipeline
from rag.serialise import AnswerJSON, answer_json
from rag.settings import Settings, load_settings
from rag.stores.open import open_index

LIBRARIES = ("a", "b", "c", "d")
PDFS = "b"  # the library whose documents are those of an evaluation set
Row = dict[str, Any]
Right = Callable[[Row, AnswerJSON], object]  # true if a person would call the answer right


class Asked(NamedTuple):
    """A question, what it got, and the verdict."""

    library: str
    question: Row
    answer: AnswerJSON
    right: bool
    seconds: float


def main() -> None:
    """Parse the arguments, ask every library, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the libraries")
    parser.add_argument(
        "--eval", type=Path, default=DEFAULT_EVAL, help=f"folder of library b's PDF files (default: {DEFAULT_EVAL})"
    )
    parser.add_argument("--only", nargs="+", choices=LIBRARIES, default=LIBRARIES, help="libraries (default: all)")
    parser.add_argument("--keep", type=Path, help="folder in which the indexes stay")
    parser.add_argument("--mode", default="auto", help="answer mode (default: auto)")
    parser.add_argument("--wrong", action="store_true", help="print each answer that is not right, beside the gold")
    options = parser.parse_args()
    right = rules(options.folder)
    there = {
        name: documents for name in options.only if (documents := documents_of(options.folder, options.eval, name))
    }
    if not there:
        _stop(f"{options.folder} holds none of the libraries {', '.join(options.only)}: each is NAME.jsonl and NAME/")
    asked: list[Asked] = []
    with tempfile.TemporaryDirectory() as temporary:
        settings = load_settings(indexes_dir=options.keep or Path(temporary), mode=options.mode)
        models = load_models(settings)
        try:
            for name, documents in there.items():
                own = settings.model_copy(update={"index": name})
                asked += ask(name, documents, rows(options.folder, name), own, models, right)
        finally:
            models.close()
    if options.wrong:
        _print_wrong(asked)
    print(table(asked))


def rules(folder: Path) -> Right:
    """The function `right` of the folder's `score.py`."""
    path = folder / "score.py"
    if not path.is_file():
        _stop(f"{path} is not there: give the folder of the libraries, with its score.py, as the argument")
    spec = importlib.util.spec_from_file_location("score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Right = module.right
    return found


def documents_of(folder: Path, sets: Path, name: str) -> Path | None:
    """The folder of a library's documents; None, with a line that says why, if the library cannot be asked."""
    below = sets / "financebench" / "pdfs"
    pdfs = below if below.is_dir() else sets
    documents: Path = pdfs if name == PDFS else folder / name
    if not (folder / f"{name}.jsonl").is_file():
        print(f"library {name} is left out: {folder / name}.jsonl is not there")
    elif not documents.is_dir() or (name == PDFS and not any(documents.glob("*.pdf"))):
        remedy = "; give its PDF files with --eval" if name == PDFS else ""
        print(f"library {name} is left out: {documents} holds no documents of it{remedy}")
    else:
        return documents
    return None


def _stop(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(2)


def ask(
    name: str, documents: Path, questions: Sequence[Row], settings: Settings, models: Models, right: Right
) -> list[Asked]:
    """Index a library, ask its questions, and judge the answers."""
    begin = time.perf_counter()
    index = open_index(settings, models.embedder, create=True)
    summary = sync([documents], index, models.embedder, settings)
    print(f"library {name}: {len(index.files())} documents in {time.perf_counter() - begin:.0f} s", flush=True)
    for failure in summary.failed:
        print(f"  failed  {failure.message}")
    asked = []
    with Pipeline(index, models, settings, owns_models=False) as pipeline:
        for question in questions:
            begin = time.perf_counter()
            answer = answer_json(pipeline.ask(question["question"]))
            seconds = time.perf_counter() - begin
            asked.append(Asked(name, question, answer, bool(right(question, answer)), seconds))
    return asked


def table(asked: Sequence[Asked]) -> str:
    """Markdown: a line for each type, a column for each library; then what holds for all of them."""
    libraries = sorted({one.library for one in asked})
    groups: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        groups[one.question["type"]].append(one)
    lines = [f"| right | {' | '.join(libraries)} | all |", "|---" * (len(libraries) + 2) + "|"]
    for name, group in [*sorted(groups.items()), ("all", list(asked))]:
        shares = [_share(one.right for one in group if one.library == library) for library in libraries]
        lines.append(f"| {name} | {' | '.join(shares)} | {_share(one.right for one in group)} |")
    answered = [one for one in asked if one.answer["answered"]]
    fresh = [one for one in asked if one.question["id"] not in fitted_on(f"library {one.library}")]
    refused = [not one.answer["answered"] for one in asked if one.question["answerable"]]
    seconds = statistics.median(one.seconds for one in asked)
    return "\n".join(
        [
            *lines,
            "",
            f"refused though the documents answer it: {_share(refused)}",
            f"AUROC of the confidence, right against wrong: {certainty(answered):.3f} ({len(answered)} answers)",
            f"questions on which nothing was fitted: right {_share(one.right for one in fresh) or 'none asked'}, AUROC "
            f"{certainty([one for one in fresh if one.answer['answered']]):.3f}",
            f"median seconds an answer: {seconds:.2f}",
        ]
    )


def certainty(answered: Sequence[Asked]) -> float:
    """The probability that a right answer has more confidence than a wrong one; NaN if all are right or all wrong."""
    right = np.array([one.right for one in answered], dtype=np.float64)
    return auroc(right, np.array([one.answer["confidence"] or 0.0 for one in answered], dtype=np.float64))


def _share(values: Iterable[bool]) -> str:
    found = list(values)
    return f"{sum(found)}/{len(found)}" if found else ""


def _print_wrong(asked: Sequence[Asked]) -> None:
    for one in asked:
        if not one.right:
            gold = one.question.get("answer_groups") or one.question["answers"] or "no answer in the documents"
            print(f"- {one.library}, {one.question['type']}: {one.question['question']}")
            print(f"    got  {one.answer['answer']} ({one.answer['confidence'] or 0.0:.2f})\n    gold {gold}")


if __name__ == "__main__":
    main()
