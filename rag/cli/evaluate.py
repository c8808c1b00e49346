"""`rag eval`: a file of questions and an index in, a folder with answers, figures and a report out.

Also makes the report of a run anew, compares two runs, and writes files for other programs. Figures are made from the
lines of `answers.jsonl` alone, so they can be made again without a model or the index.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import InputError
from rag.evaluation import run
from rag.evaluation.asking import ask_all
from rag.evaluation.compare import compare_runs, comparison_json
from rag.evaluation.export import FORMATS, exported
from rag.evaluation.gate import fallen
from rag.evaluation.gold import Gold, locate
from rag.evaluation.judging import judgement_table
from rag.evaluation.listing import comparison_text, figures_text
from rag.evaluation.measures import Figure, figure_json, figures
from rag.evaluation.questions import read_questions, sample
from rag.evaluation.rated import count_ratings, rated_questions
from rag.evaluation.record import GoldQuestion, Record, record_of_answer
from rag.evaluation.report import comparison_html, number, planned, report_html
from rag.serialise import to_json
from rag.settings import Settings
from rag.state.open import open_state

if TYPE_CHECKING:
    from rag.models import Models
    from rag.traces.record import TraceJSON


FIGURES = "figures.json"
WORSE = 1


def evaluate(options: argparse.Namespace, settings: Settings) -> int:
    """Carry out the options; returns the exit code: 1 if a figure is worse than `--gate` allows, else 0. Raises
    `InputError` for options that cannot be carried out."""
    _check(options)
    if options.compare:
        first, second = map(Path, options.compare)
        return _compare(first, second, options)
    if options.export and options.export[0] not in FORMATS:
        raise InputError(f"--export {options.export[0]!r} is not known: use one of {', '.join(FORMATS)}", "export")
    if options.rated and not options.stored:
        raise InputError("--rated chooses among the answers that the service kept: give it with --stored", "rated")
    if options.stored:
        return _export_stored(options, settings)
    if not options.out:
        raise InputError("rag eval needs --out DIR, the folder of the run", "out")
    folder = Path(options.out)
    if options.questions:
        run_questions(Path(options.questions), folder, settings, options.limit, options.seed)
    records = _records(folder)
    found = write_figures(folder, records, options.seed)
    if options.export:
        shape, file = options.export
        _write(Path(file), exported(records, shape))
    _print(folder, records, found, options.json)
    return _gate(Path(options.gate), folder, found) if options.gate else 0


def _check(options: argparse.Namespace) -> None:
    """Raises `InputError` for options that would do nothing beside the others."""
    asks = ("limit", "mode", "model")
    without = [name for name in asks if getattr(options, name) is not None and not options.questions]
    if options.compare:
        without += [name for name in ("questions", "gate", "export", "stored") if getattr(options, name)]
    if without:
        named = ", ".join(name if name == "questions" else f"--{name}" for name in without)
        rest = "with --compare" if options.compare else "without a file of questions"
        raise InputError(f"{named} does nothing {rest}: leave it out", without[0])


def _gate(path: Path, folder: Path, found: Sequence[Figure]) -> int:
    """The exit code; what is worse is named on standard error."""
    path = path / FIGURES if path.is_dir() else path
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise InputError(f"the figures {path} cannot be read: {exc}", "gate") from exc
    worse = fallen(found, run.read_info(folder)["questions"], stored)
    for one in worse:
        measure = one.figure.measure
        value, before, bound = (number(v, measure.unit) for v in (one.figure.interval.value, one.stored, one.bound))
        side = "least" if measure.better == "higher" else "most"
        print(f"worse: {measure.title} {value}, was {before}, at {side} {bound} is let through", file=sys.stderr)
    return WORSE if worse else 0


def run_questions(
    path: Path,
    folder: Path,
    settings: Settings,
    limit: int | None = None,
    seed: int = 0,
    models: Models | None = None,
) -> None:
    """Ask the questions that are not yet answered, and append a line in the folder for each; given `models` are shared,
    not closed.

    Raises `InputError` for questions, gold or a folder that cannot be used, and the errors of `open_pipeline` and
    `ask`.
    """
    from rag.stores.open import open_index

    if limit is not None and limit < 1:
        raise InputError(f"--limit is {limit}; it can be 1 or more", "limit")
    asked = read_questions(path)
    for notice in asked.notices:
        print(f"note: {notice}", file=sys.stderr)
    questions = sample(asked.questions, limit, seed)
    with open_index(settings, None, chunker=False) as index, index.snapshot() as snapshot:
        gold = locate(questions, snapshot, settings.index)
        info = run.describe(settings, snapshot, asked, limit, seed)
    run.start(folder, info)
    with run.writing(folder):
        run.mend(folder)
        done = {record.id for record in run.read_records(folder)}
        left = [question for question in questions if question.id not in done]
        if left:
            _ask(folder, left, gold, settings, models, len(done))


def write_figures(folder: Path, records: Sequence[Record], seed: int) -> list[Figure]:
    """Write `figures.json` and `report.html`; returns the figures."""
    info = run.read_info(folder)
    columns = judgement_table(records)
    found = figures(columns, seed)
    stored = {"questions": len(records), "seed": seed, "asked": info["questions"]}
    stored |= {"figures": [figure_json(one) for one in found]}
    (folder / FIGURES).write_bytes(to_json(stored, indent=2) + b"\n")
    _write(folder / "report.html", report_html(info, records, columns, found))
    return found


def _ask(
    folder: Path,
    questions: Sequence[GoldQuestion],
    gold: dict[str, Gold],
    settings: Settings,
    models: Models | None,
    done: int,
) -> None:
    from rag.pipeline import open_pipeline

    generation = run.read_info(folder)["index"]["generation"]
    with open_pipeline(settings, models) as pipeline:
        for record in _progress(ask_all(pipeline, questions, gold, settings.k), done, len(questions)):
            now = record.answer["index"]["generation"]
            if now != generation:
                raise InputError(
                    f"index {settings.index!r} changed while the run went on (generation {generation}, then {now}): "
                    "give another folder with --out",
                    "index",
                )
            run.append(folder, record)


def _progress(records: Iterator[Record], done: int, left: int) -> Iterator[Record]:
    """The records, with a progress bar on standard error if that is a terminal."""
    from tqdm import tqdm

    if done:
        print(f"resuming after {done} answered questions", file=sys.stderr)
    yield from tqdm(records, initial=done, total=done + left, unit="question", disable=None, leave=False)


def _records(folder: Path) -> list[Record]:
    run.read_info(folder)
    return run.read_records(folder)


def _compare(first: Path, second: Path, options: argparse.Namespace) -> int:
    compared = compare_runs(_records(first), _records(second), options.seed)
    if options.json:
        print(json.dumps(comparison_json(compared), ensure_ascii=False, indent=2))
    else:
        print(comparison_text(compared, str(first), str(second)))
    if options.out:
        page = Path(options.out) / "comparison.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        _write(page, comparison_html(compared, str(first), str(second)))
        print(f"page: {page}", file=sys.stderr)
    return 0


def _export_stored(options: argparse.Namespace, settings: Settings) -> int:
    """Write the answers that the service stored with their text as a file of ragas; RAGChecker would need gold. Those
    that were rated are printed as lines of questions unless a file is named."""
    if options.questions or options.out or (options.export[0] != "ragas" if options.export else not options.rated):
        raise InputError(
            "--stored takes the answers that the service kept: give it with --export ragas FILE, or with --rated, "
            "which prints a file of questions; and without questions and --out",
            "stored",
        )
    from rag.traces.store import TraceStore  # late: it brings SQLAlchemy along

    where = open_state(settings) or settings.indexes_dir
    traces = TraceStore(where, settings.traces, settings.trace_days).all(settings.index)
    if options.rated:
        traces = [trace for trace in traces if trace["rating"]]
    records = [record_of_answer(trace["answer"]) for trace in traces if trace["answer"]]
    if not records:
        raise InputError(
            f"of index {settings.index!r} {len(traces)} {'rated ' if options.rated else ''}answers are kept, none with "
            "its text: serve with the setting trace_text = true, and ask",
            "stored",
        )
    if not options.export:
        return _print_rated(traces)
    _write(Path(options.export[1]), exported(records, "ragas"))
    print(f"{len(records)} of {len(traces)} stored answers, those with text: {options.export[1]}")
    return 0


def _print_rated(traces: Sequence[TraceJSON]) -> int:
    lines = rated_questions(traces)
    for line in lines:
        print(json.dumps(line, ensure_ascii=False))
    counts = count_ratings(traces)
    print(f"{counts['up']} rated up, {counts['down']} down; {len(lines)} questions with text", file=sys.stderr)
    return 0


def _print(folder: Path, records: Sequence[Record], found: Sequence[Figure], as_json: bool) -> None:
    if as_json:
        print((folder / FIGURES).read_text("utf-8"), end="")
        return
    print(figures_text(found))
    info: dict[str, Any] = run.read_info(folder)
    if len(records) < planned(info):
        print(f"{len(records)} of {planned(info)} questions are answered: the run is not finished")
    without = sum(not record.has_gold for record in records)
    if without:
        print(f"{without} questions have no gold: they count only for what needs none")
    print(f"report: {folder / 'report.html'}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8", "backslashreplace")
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}", "out") from exc
