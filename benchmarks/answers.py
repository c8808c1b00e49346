"""Ask the questions of an evaluation set of an index of its corpus; print how right, how cited and how fast.

    python benchmarks/answers.py [../shared/eval] [--set squad2] [--limit N] [--seed S] [--unfitted] [--model none]

hit@k counts documents; "quote" is whether the first citation's quote contains a right answer, over all answerable
questions (an abstention counts as wrong); F1 and EM are SQuAD's, of `answer_span`, or of the answer without its
citation marks if there is no span; every citation and passage is compared with the characters of its document. Times
are those of this machine. `--unfitted` leaves out the questions on which `rag/answering/weights.json` was fitted.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from evalset import build_index, eval_argument, row_id, rows
from fit_confidence import fitted_on

from rag.evaluation.squad import contains_answer, exact_match, token_f1
from rag.models import load_models
from rag.pipeline import Pipeline
from rag.settings import load_settings
from rag.types import Answer

_MARKS = re.compile(r"\s*(?:\[\d+\])+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--set", default="squad2")
    parser.add_argument("--limit", type=int, help="questions to ask, drawn at random (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing (default: 0)")
    parser.add_argument("--unfitted", action="store_true", help="leave out the questions that were fitted on")
    parser.add_argument("--model", help="as the setting: 'none' for no language model; it writes only in mode write")
    options = parser.parse_args()
    corpus, questions = rows(options.eval / options.set, "corpus"), rows(options.eval / options.set, "questions")
    if options.unfitted:
        fitted = fitted_on(options.set)
        questions = [question for question in questions if question["id"] not in fitted]
    if options.limit:
        questions = random.Random(options.seed).sample(questions, min(options.limit, len(questions)))
    with tempfile.TemporaryDirectory() as work:
        settings = load_settings(indexes_dir=Path(work) / "indexes", index=options.set, model=options.model)
        models = load_models(settings)
        begin = time.perf_counter()
        index = build_index(corpus, Path(work), settings, models.embedder)
        print(f"indexed {len(corpus)} documents in {time.perf_counter() - begin:.1f} s")
        with Pipeline(index, models, settings, owns_models=True) as pipeline:
            report(pipeline, questions)


def report(pipeline: Pipeline, questions: list[dict[str, Any]]) -> None:
    """Ask everything and print the table."""
    answerable: dict[str, list[float]] = {"hit@1": [], "hit@5": [], "quote": [], "F1": [], "EM": [], "answered": []}
    refused, seconds, citations, wrong = [], [], 0, 0
    for row in questions:
        begin = time.perf_counter()
        answer = pipeline.ask(row["question"])
        seconds.append(time.perf_counter() - begin)
        wrong += _misquotes(pipeline, answer)
        citations += len(answer.citations) + len(answer.hits)
        if not row["answerable"]:
            refused.append(not answer.answered)
            continue
        found = list(dict.fromkeys(row_id(hit.passage.document_id) for hit in pipeline.search(row["question"], 20)))
        short = _short_form(answer)
        first = answer.citations[0].quote if answer.citations else ""
        answerable["hit@1"].append(bool(set(found[:1]) & set(row["gold_doc_ids"])))
        answerable["hit@5"].append(bool(set(found[:5]) & set(row["gold_doc_ids"])))
        answerable["quote"].append(contains_answer(first, row["answers"]))
        answerable["F1"].append(token_f1(short, row["answers"]))
        answerable["EM"].append(exact_match(short, row["answers"]))
        answerable["answered"].append(answer.answered)
    print(f"{len(answerable['F1'])} answerable questions")
    for name, values in answerable.items():
        print(f"  {name:9} {statistics.mean(values) if values else float('nan'):.4f}")
    if refused:
        print(f"{len(refused)} unanswerable questions\n  refused   {statistics.mean(refused):.4f}")
    print(f"{citations} citations and passages, {wrong} not equal to the characters of their document")
    slow = statistics.quantiles(seconds, n=20)[-1]
    print(f"seconds an answer: median {statistics.median(seconds):.3f}, 95th percentile {slow:.3f}")


def _short_form(answer: Answer) -> str:
    """The span that answers; in mode write, which has none, the whole answer; empty for an abstention."""
    if answer.answer_span:
        return answer.answer_span.text
    return _MARKS.sub("", answer.answer) if answer.answered else ""


def _misquotes(pipeline: Pipeline, answer: Answer) -> int:
    places = [(c.document_id, c.start, c.end, c.quote) for c in answer.citations]
    places += [(h.passage.document_id, h.passage.start, h.passage.end, h.passage.text) for h in answer.hits]
    return sum(pipeline.document(name).text[start:end] != text for name, start, end, text in places)


if __name__ == "__main__":
    main()
