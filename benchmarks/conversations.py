"""Hold the conversations of `benchmarks/written/conversations`; print how many of their turns are answered right.

    python benchmarks/conversations.py [--keep FOLDER] [--half choose|measure] [--wrong]

Each turn is asked with the product's own answers to the turns before it as the history. It is right if the answer holds
the words of the gold and its first citation is of the gold's document. The half `choose` serves for choosing how
follow-ups are read; the half `measure` only measures. Out: a line for each half, over first turns and follow-ups, with
the share of follow-ups that cite the very words of the answer before, and with `--wrong` each turn that is not right.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from evalset import row_id, rows

from rag.evaluation.squad import contains_answer
from rag.ingest.run import sync
from rag.models import load_models
from rag.pipeline import Pipeline, open_pipeline
from rag.settings import load_settings
from rag.stores.open import open_index
from rag.types import Answer, Ask, Message

FOLDER = Path(__file__).parent / "written" / "conversations"
HALVES = ("choose", "measure")


class Turn(NamedTuple):
    """A question of a conversation with what became of it."""

    conversation: str
    number: int  # from 0
    question: str
    gold: Sequence[str]
    answer: Answer
    right: bool
    repeated: bool  # the answer before cites the same words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder in which the index stays")
    parser.add_argument("--half", choices=HALVES, help="hold the conversations of one half (default: all)")
    parser.add_argument("--wrong", action="store_true", help="print each turn that is not right, beside the gold")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        settings = load_settings(indexes_dir=options.keep or Path(temporary), index="conversations", model="none")
        models = load_models(settings)
        with open_index(settings, models.embedder, create=True) as index:
            sync([FOLDER / "documents"], index, models.embedder, settings)
        print("| half | conversations | turns right | first turns | follow-ups | repeats |")
        print("|---|---|---|---|---|---|")
        with open_pipeline(settings, models) as pipeline:
            for half in [options.half] if options.half else HALVES:
                turns = [
                    turn
                    for row in rows(FOLDER, "conversations")
                    if row["half"] == half
                    for turn in held(pipeline, row["id"], row["turns"])
                ]
                print(line(half, turns), flush=True)
                if options.wrong:
                    print_wrong(turns)


def held(pipeline: Pipeline, name: str, asked: Sequence[dict[str, str]]) -> list[Turn]:
    """The turns of one conversation."""
    history: list[Message] = []
    turns: list[Turn] = []
    for number, row in enumerate(asked):
        answer = pipeline.ask(Ask(row["question"], history=history))
        history += [Message("user", row["question"]), Message("assistant", answer.answer)]
        document = row_id(answer.citations[0].document_id) if answer.citations else None
        right = document == row["document"] and contains_answer(answer.answer, row["answers"])
        repeated = bool(turns) and answer.answered and _words(answer) == _words(turns[-1].answer)
        turns.append(Turn(name, number, row["question"], row["answers"], answer, right, repeated))
    return turns


def line(half: str, turns: Sequence[Turn]) -> str:
    """A row of the table."""
    first, later = [turn for turn in turns if not turn.number], [turn for turn in turns if turn.number]
    shares = [f"{sum(turn.right for turn in some)} of {len(some)}" for some in (turns, first, later)]
    return f"| {half} | {len(first)} | {' | '.join(shares)} | {sum(turn.repeated for turn in later)} |"


def print_wrong(turns: Sequence[Turn]) -> None:
    """Each turn that is not right, with what it should have been."""
    for turn in turns:
        if not turn.right:
            how = "refused, " if not turn.answer.answered else "repeats, " if turn.repeated else ""
            print(f"- {turn.conversation}.{turn.number + 1} {turn.question} ({how}{turn.answer.confidence:.2f})")
            print(f"    read {turn.answer.resolved_question}\n    got  {turn.answer.answer}\n    gold {turn.gold}")


def _words(answer: Answer) -> list[tuple[str, int, int]]:
    return [(place.document_id, place.answer_start, place.answer_end) for place in answer.citations]


if __name__ == "__main__":
    main()
