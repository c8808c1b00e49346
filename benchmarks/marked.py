"""Sets of judged answers -> answers with the features of their claims, and whether they are supported.

In: the evaluation sets `begin`, `mtrag_human_eval`, `faithbench` (`responses.jsonl`; only the last marks single
stretches), sentences of `squad2/corpus.jsonl`, altered, and those of the training sets of claims that people judged or
that were edited. Out: `Answer`s. Not here: fitting (`fit_checker.py`).
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from altered import altered, names_in, word_changed

from rag.checking.alignment import align
from rag.checking.faithfulness import find_verbatim, split_claims, without_markers
from rag.checking.rounding import exactly
from rag.text.sentences import split_sentences

HUMAN = ("begin", "mtrag_human_eval", "faithbench")
JUDGED = (  # answers and summaries of models, as training sets; their names begin so
    "q2-wow",
    "summedits-",
    "attrbench-expertqa",
    "attrbench-hagrid",
    "attrbench-stanford-gensearch",
    "factcheck-gpt",
)
JUDGED_ROWS = 600  # of a set at most
LONGEST = 8_000  # characters of evidence: longer ones take long to compare
WORD_CHANGED = "word_changed"  # a source of its own: it counts less in the fit
ALTERED_PARAGRAPHS = 1_200
FAITHFUL, UNFAITHFUL = 3.7, 2.3  # mean rating, 1 to 4, from which raters agreed; between them nothing is said


@dataclass
class Answer:
    """An answer, or an altered sentence; `good` of each claim, and of the whole (None: people did not agree)."""

    source: str
    group: str
    good: bool | None
    claims: list[dict[str, float]]
    verbatim: list[bool]
    good_claims: list[bool | None]
    kind: str = ""
    support: list[float] = field(default_factory=list)

    @property
    def faithfulness(self) -> float:
        return mean(self.support)


def answers(folder: Path) -> Iterator[Answer]:
    for name in HUMAN:
        for row in _lines(folder / name / "responses.jsonl"):
            texts = [passage["text"] for passage in row["passages"]]
            good = _is_good(name, row)
            group = texts[0] if name == "faithbench" else row["split_key"]
            spans = split_claims(row["response"])
            bad = [(label["start"], label["end"]) for label in row["labels"] if _is_bad(name, label["type"])]
            marks = [not any(a < end and b > start for a, b in bad) for start, end in spans]
            if spans and (name != "begin" or row["label"] != "generic"):
                claims = [row["response"][start:end] for start, end in spans]
                yield _measured(
                    name, group, good, claims, texts, marks if name == "faithbench" else [good] * len(spans)
                )


def _is_good(name: str, row: dict[str, Any]) -> bool | None:
    if name == "begin":
        return bool(row["label"] == "fully attributable")
    if name == "faithbench":
        return row["label"] in ("consistent", "benign")
    rated = mean(row["human"]["faithfulness"])
    return True if rated >= FAITHFUL else False if rated <= UNFAITHFUL else None


def _is_bad(name: str, kind: str) -> bool:
    return name == "faithbench" and kind.startswith(("Unwanted", "Questionable"))


def judged(folder: Path) -> Iterator[Answer]:
    """Claims of the training sets, with their set as source; `folder` holds `NAME.jsonl.gz`."""
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        if not name.startswith(JUDGED):
            continue
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found = [row for row in map(json.loads, file) if len(row["evidence"]) <= LONGEST]
        for row in random.Random(0).sample(found, min(JUDGED_ROWS, len(found))):
            good = row["label"] == "supported"
            yield _measured(name, row["evidence"], good, [row["claim"]], [row["evidence"]], [good])


def altered_sentences(folder: Path) -> Iterator[Answer]:
    rng = random.Random(0)
    rows = list(_lines(folder / "squad2" / "corpus.jsonl"))
    rng.shuffle(rows)
    names = [name for row in rows for name in names_in(row["text"])]
    for at, row in enumerate(rows[:ALTERED_PARAGRAPHS]):
        chosen, other = _a_sentence(row["text"], rng), rows[(at + 7) % len(rows)]
        texts = [row["text"], *(rows[(at + more) % len(rows)]["text"] for more in range(1, rng.randrange(1, 5)))]
        rng.shuffle(texts)
        made = [*altered(chosen, row["text"], names, rng)] if chosen else []
        if other["title"] != row["title"] and (foreign := _a_sentence(other["text"], rng)):
            made.append((foreign, "foreign"))
        if chosen and (changed := word_changed(chosen, row["text"], rng)):
            made.append((changed, WORD_CHANGED))
        for claim, kind in made:
            good = kind == "kept"
            source = WORD_CHANGED if kind == WORD_CHANGED else "altered"
            if good or find_verbatim(claim, texts) is None:
                yield _measured(source, row["title"], good, [claim], texts, [good], kind)


def _a_sentence(text: str, rng: random.Random) -> str | None:
    sentences = [text[start:end] for _, (start, end) in split_sentences(text)]
    usable = [sentence for sentence in sentences if 7 <= len(sentence.split()) <= 45]
    return rng.choice(usable) if usable else None


def _measured(
    source: str,
    group: str,
    good: bool | None,
    claims: Iterable[str],
    texts: Sequence[str],
    marks: Sequence[bool | None],
    kind: str = "",
) -> Answer:
    bare = [without_markers(claim) for claim in claims]
    features = [align(exactly(claim, texts), texts).features for claim in bare]
    return Answer(source, group, good, features, [find_verbatim(c, texts) is not None for c in bare], list(marks), kind)


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
