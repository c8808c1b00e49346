"""Ask a folder of documents a file of questions and show what is wrong.

    python benchmarks/library.py [seeds/library] [seeds/questions.jsonl]

A factual answer is right when a right answer stands in its text and in the quote of its first citation; a list is
right when every group of `answer_groups` does; a description when one of the right answers stands in its text. An
unanswerable question is right when it is refused.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from rag.evaluation.squad import contains_answer
from rag.ingest.run import sync
from rag.models import load_models
from rag.pipeline import Pipeline
from rag.settings import load_settings
from rag.stores.open import open_index
from rag.types import Answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("seeds/library"))
    parser.add_argument("questions", nargs="?", type=Path, default=Path("seeds/questions.jsonl"))
    parser.add_argument("--mode", default="auto")
    options = parser.parse_args()
    questions = [json.loads(line) for line in options.questions.read_text("utf-8").split("\n") if line.strip()]
    with tempfile.TemporaryDirectory() as work:
        settings = load_settings(indexes_dir=Path(work), index="library", mode=options.mode)
        models = load_models(settings)
        index = open_index(settings, models.embedder, create=True)
        sync([options.folder], index, models.embedder, settings)
        with Pipeline(index, models, settings, owns_models=True) as pipeline:
            report(pipeline, questions)


def report(pipeline: Pipeline, questions: list[dict[str, Any]]) -> None:
    """A line for each wrong answer, then the share of right ones by type."""
    right: dict[str, list[bool]] = defaultdict(list)
    for row in questions:
        answer = pipeline.ask(row["question"])
        kind = row.get("type") or ("factual" if row["answerable"] else "unanswerable")
        good = is_right(answer, row)
        right[kind].append(good)
        if not good:
            gold = row.get("answer_groups") or row["answers"]
            print(f"- {kind}: {row['question']}\n    got  {answer.answer} ({answer.confidence:.2f})\n    gold {gold}")
    for kind, values in sorted(right.items()):
        print(f"{kind:13} {sum(values)}/{len(values)}  {statistics.mean(values):.2f}")


def is_right(answer: Answer, row: dict[str, Any]) -> bool:
    """See the description of this script."""
    if not row["answerable"]:
        return not answer.answered
    if not answer.answered:
        return False
    if groups := row.get("answer_groups"):
        return all(contains_answer(answer.answer, group) for group in groups)
    quote = answer.citations[0].quote
    said = contains_answer(answer.answer, row["answers"])
    return said and (row.get("type") == "descriptive" or contains_answer(quote, row["answers"]))


if __name__ == "__main__":
    main()
