"""Recall of follow-up questions, and what a conversation costs questions that need none.

    python benchmarks/conversation.py [../shared/eval] [--keep FOLDER] [--seed S]

mtrag_un: recall@5 is the share of a question's gold documents among the first five different documents, over the
questions that have any, searched with the last question alone, with all questions of the conversation as one text, and
with `history`. squad2: the same of questions that stand on their own, with three questions and answers of another
article, or of other paragraphs of their own article, before them. Intervals hold 95 % of the means of resamples.

--keep is a folder in which the indexes stay, so that a second run need not make them again. No language model is used.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from evalset import build_index, eval_argument, row_id, rows

from rag.models import Models, load_models
from rag.pipeline import Pipeline
from rag.retrieval.question import MAX_QUESTION
from rag.settings import load_settings
from rag.types import Message

_FIRST = 5
_HITS = 40  # passages that are asked for: enough for five different documents
_STANDALONE = 400  # questions of squad2, drawn at random
_RESAMPLES = 2_000

Row = dict[str, Any]
Search = tuple[str, Sequence[Message]]  # what is asked, and the turns before it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--keep", type=Path, help="folder in which the indexes stay (default: none do)")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing of standalone questions (default: 0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        models = load_models(load_settings(), answers=False)
        questions = [row for row in rows(options.eval / "mtrag_un", "questions") if row["gold_doc_ids"]]
        with open_set(options.eval, "mtrag_un", work, models) as pipeline:
            report_follow_ups(pipeline, questions)
        asked = [row for row in rows(options.eval / "squad2", "questions") if row["answerable"]]
        articles = {row["id"]: row["title"] for row in rows(options.eval / "squad2", "corpus")}
        with open_set(options.eval, "squad2", work, models) as pipeline:
            report_standalone(pipeline, asked, articles, random.Random(options.seed))


def open_set(folder: Path, name: str, work: Path, models: Models) -> Pipeline:
    """The index of a set's corpus, made or, where it was kept, brought in line."""
    settings = load_settings(indexes_dir=work / "indexes", index=name)
    index = build_index(rows(folder / name, "corpus"), work / name, settings, models.embedder)
    return Pipeline(index, models, settings, owns_models=False)


def report_follow_ups(pipeline: Pipeline, questions: Sequence[Row]) -> None:
    """mtrag_un, overall and by what its rows are."""
    ways: dict[str, Callable[[Row], Search]] = {
        "last question": lambda row: (row["question"], ()),
        "all questions": lambda row: (joined(row), ()),
        "history": lambda row: (row["question"], turns_of(row)),
    }
    found = {name: recalls(pipeline, questions, way) for name, way in ways.items()}
    print(f"mtrag_un: recall@{_FIRST} of {len(questions)} questions that have gold documents")
    print_table(found, np.ones(len(questions), bool), "all")
    for label, values in groups_of(questions).items():
        for value in sorted(set(values)):
            print_table(found, np.array([other == value for other in values]), f"{label} {value}")


def report_standalone(
    pipeline: Pipeline, questions: Sequence[Row], articles: dict[str, str], draw: random.Random
) -> None:
    """squad2, each question with three turns of somewhere else before it."""
    by_article: dict[str, list[Row]] = {}
    for row in questions:
        by_article.setdefault(articles[row["gold_doc_ids"][0]], []).append(row)
    chosen = draw.sample(list(questions), min(_STANDALONE, len(questions)))
    elsewhere, nearby = {}, {}
    for row in chosen:
        own = articles[row["gold_doc_ids"][0]]
        other = draw.choice([name for name in by_article if name != own])
        elsewhere[row["id"]] = said(draw.sample(by_article[other], 3))
        rest = [item for item in by_article[own] if item["gold_doc_ids"] != row["gold_doc_ids"]]
        nearby[row["id"]] = said(draw.sample(rest, min(3, len(rest))))
    found = {
        "alone": recalls(pipeline, chosen, lambda row: (row["question"], ())),
        "after another article": recalls(pipeline, chosen, lambda row: (row["question"], elsewhere[row["id"]])),
        "after the same article": recalls(pipeline, chosen, lambda row: (row["question"], nearby[row["id"]])),
    }
    print(f"\nsquad2: recall@{_FIRST} of {len(chosen)} questions that stand on their own")
    print_table(found, np.ones(len(chosen), bool), "all")


def recalls(pipeline: Pipeline, questions: Sequence[Row], way: Callable[[Row], Search]) -> np.ndarray:
    """-> shape (questions,), each 0..1."""
    values = []
    for row in questions:
        query, history = way(row)
        hits = pipeline.search(query, _HITS, history=history)
        first = list(dict.fromkeys(row_id(hit.passage.document_id) for hit in hits))[:_FIRST]
        values.append(len(set(first) & set(row["gold_doc_ids"])) / len(set(row["gold_doc_ids"])))
    return np.array(values)


def turns_of(row: Row) -> list[Message]:
    return [Message("user" if turn["speaker"] == "user" else "assistant", turn["text"]) for turn in row["history"]]


def joined(row: Row) -> str:
    """All that the user said, as one question; its end where it is longer than a question may be."""
    said_before = [turn["text"] for turn in row["history"] if turn["speaker"] == "user"]
    return " ".join([*said_before, row["question"]])[-MAX_QUESTION:]


def said(questions: Sequence[Row]) -> list[Message]:
    """Questions with their evidence as the answers to them."""
    turns: list[Message] = []
    for row in questions:
        answer = row["evidence"][0] if row["evidence"] else row["answers"][0]
        turns += [Message("user", row["question"]), Message("assistant", answer)]
    return turns


def groups_of(questions: Sequence[Row]) -> dict[str, list[str]]:
    earlier = [sum(turn["speaker"] == "user" for turn in row["history"]) for row in questions]
    return {
        "type": [row["type"] for row in questions],
        "domain": [row["domain"] for row in questions],
        "earlier questions": ["0" if n == 0 else "1-2" if n <= 2 else "3 or more" for n in earlier],
    }


def print_table(found: dict[str, np.ndarray], chosen: np.ndarray, title: str) -> None:
    """Each way's mean, and its gain on the first way, with intervals."""
    first = next(iter(found.values()))[chosen]
    print(f"  {title} ({len(first)} questions)")
    for name, values in found.items():
        low, high = interval(values[chosen])
        gain_low, gain_high = interval(values[chosen] - first)
        gain = values[chosen].mean() - first.mean()
        print(
            f"    {name:24}{values[chosen].mean():.3f} ({low:.3f} to {high:.3f})"
            + (
                f"   gain {gain:+.3f} ({gain_low:+.3f} to {gain_high:+.3f})"
                if values is not found[next(iter(found))]
                else ""
            )
        )


def interval(values: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of the means of resamples (percentile bootstrap)."""
    drawn = np.random.default_rng(0).choice(values, (_RESAMPLES, len(values)))
    low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
