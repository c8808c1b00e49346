"""Measure how well the claim head tells supported answers from others.

    python claims.py READER.onnx TOKENIZER.json EVAL [--count 50] [--threads 2]

In: the folder of evaluation sets, of which begin, mtrag_human_eval and faithbench are read. Each sentence of an answer
is held against the three stretches of its passages that share most words with it, and has the best support. Out: for
each set the AUROC of the mean of the two lowest supports, and of the mean of all. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
from sources import passage
from tokenizers import Tokenizer

from rag.encoder.session import EncoderSession
from rag.evaluation.certainty import auroc
from rag.reading.forms import shown

SETS = ("begin", "mtrag_human_eval", "faithbench")
LONGEST = 384  # tokens of a pair
START, BREAK = 101, 102  # [CLS] and [SEP]
WINDOW, STEP, WINDOWS = 130, 80, 3  # words of a stretch, between two of them, and how many are read
LABELS = {
    "begin": {"fully attributable": True, "not fully attributable": False},
    "faithbench": {"consistent": True, "benign": True, "unwanted": False},
}
FAITHFUL, UNFAITHFUL = 3.7, 2.3  # mean mark from which, or up to which, people agree
Row = dict[str, Any]


class Checker:
    """A reader file, asked for its claim head alone."""

    def __init__(self, model: Path, vocabulary: Path, threads: int) -> None:
        self._session = EncoderSession(model, threads, 0)
        self._tokenizer = Tokenizer.from_file(str(vocabulary))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def support(self, claim: str, texts: list[str]) -> float:
        """The best probability of support that one of the texts gives to the claim."""
        first = self._ids(claim)[: LONGEST // 2]
        rows = []
        for text in texts:
            second = self._ids(shown(passage(text, "", None)).text)[: LONGEST - 3 - len(first)]
            rows.append([START, *first, BREAK, *second, BREAK])
        return max((_share(out["claim"]) for out in self._session.run(rows)), default=0.0)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids


def _share(logits: Any) -> float:
    powers = np.exp(logits - logits.max())
    return float(powers[0] / powers.sum())


def sentences(text: str) -> list[str]:
    cut = re.split(r"(?<=[.!?])[\"')\]]?\s+|\n+", text)
    return [part.strip() for part in cut if len(re.findall(r"\w+", part)) > 1] or [text]


def windows(passages: list[str], claim: str) -> list[str]:
    """The stretches of the passages that share most words with the claim."""
    found = []
    for text in passages:
        words = text.split()
        found += [" ".join(words[at : at + WINDOW]) for at in range(0, max(1, len(words) - STEP // 2), STEP)]
    asked = set(re.findall(r"\w+", claim.lower()))
    return sorted(found, key=lambda window: -len(asked & set(re.findall(r"\w+", window.lower()))))[:WINDOWS]


def truth(name: str, row: Row) -> bool | None:
    """The verdict of people on an answer; None if they disagree."""
    if name in LABELS:
        return LABELS[name].get(row["label"])
    mark = float(np.mean(row["human"]["faithfulness"]))
    return True if mark >= FAITHFUL else False if mark <= UNFAITHFUL else None


def measure(checker: Checker, name: str, rows: list[Row], count: int) -> str:
    rng = random.Random(18)
    kinds = [[row for row in rows if truth(name, row) is kind] for kind in (True, False)]
    picked = [row for kind in kinds for row in rng.sample(kind, min(count, len(kind)))]
    lowest, means = [], []
    for row in picked:
        passages = [each if isinstance(each, str) else each.get("text", "") for each in row["passages"]]
        found = sorted(checker.support(part, windows(passages, part)) for part in sentences(row["response"]))
        lowest.append(float(np.mean(found[:2])))
        means.append(float(np.mean(found)))
    good = np.array([truth(name, row) for row in picked], float)
    figures = [auroc(good, np.array(values)) for values in (lowest, means)]
    return f"{name}, {len(picked)} answers: two lowest {figures[0]:.3f}, mean {figures[1]:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("eval", type=Path)
    parser.add_argument("--count", type=int, default=50, help="answers of each kind and set")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    checker = Checker(options.reader, options.tokenizer, options.threads)
    for name in SETS:
        lines = (options.eval / name / "responses.jsonl").read_text("utf-8").split("\n")
        print(measure(checker, name, [json.loads(line) for line in lines if line.strip()], options.count), flush=True)


if __name__ == "__main__":
    main()
