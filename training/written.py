"""Questions and claims that were written by reading passages -> rows of `made/` and `nli/`.

    python written.py WRITTEN DATA [--seed 0]

In: files `NAME.jsonl.gz`, a passage a line: `title`, `section`, `text`, `license`, and what was written over it:
`rows` of `question`, `answer` (characters of the text, or null if it does not answer) with their place `start`, and
`yesno`; or `claims` of `claim` and `label`. Passages of one document stand together, in order. A passage of a training
set is not repeated: instead of `text` it has the `sha256` of its text, which is looked up in `DATA/qa` and `DATA/nli`,
and is left out if it is not there.

Out: `DATA/made/written-NAME.jsonl.gz` and `DATA/nli/written-NAME.jsonl.gz`. A question also meets the passages of its
file that share most words with it and do not hold the answer; a part of the passages are joined to a neighbour, since
documents are cut at other places as well.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sources import Nearest

Row = dict[str, Any]
JOINED = 0.25  # share of the passages that meet their question with a neighbour
LONGEST = 1500  # characters of a passage and its neighbour
NEAR = {
    True: 1.3,
    False: 0.6,
}  # near passages a question on average, by whether the answer is short enough to be looked for
SHORT = 60  # characters of an answer that another passage would repeat literally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("written", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for path in sorted(options.written.glob("*.jsonl.gz")):
        name = f"written-{path.name.removesuffix('.jsonl.gz')}"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            passages = _with_texts([json.loads(line) for line in file], options.data)
        rng = random.Random(f"{options.seed} {name}")
        for family, rows in (("made", list(asked(name, passages, rng))), ("nli", list(claimed(name, passages)))):
            if rows:
                (options.data / family).mkdir(parents=True, exist_ok=True)
                with gzip.open(options.data / family / f"{name}.jsonl.gz", "wt", encoding="utf-8") as out:
                    out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                print(family, name, len(rows), "rows")


def _with_texts(passages: Sequence[Row], data: Path) -> list[Row]:
    """The passages whose text is there or found in the training sets."""
    wanted = {passage["sha256"] for passage in passages if "text" not in passage}
    found: dict[str, str] = {}
    for path in sorted([*(data / "qa").glob("*.jsonl.gz"), *(data / "nli").glob("*.jsonl.gz")]) if wanted else ():
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                text = row.get("context") or row.get("evidence") or ""
                found.setdefault(hashlib.sha256(text.encode()).hexdigest(), text)
    return [
        passage if "text" in passage else passage | {"text": found[passage["sha256"]]}
        for passage in passages
        if "text" in passage or passage["sha256"] in found
    ]


def asked(name: str, passages: Sequence[Row], rng: random.Random) -> Iterator[Row]:
    """The questions with their own passages, and with near ones that do not answer."""
    near = Nearest([passage["text"] for passage in passages])
    by_text = {passage["text"]: number for number, passage in enumerate(passages)}
    for number, passage in enumerate(passages):
        for row in passage.get("rows", ()):
            text, before = _joined(passages, number, rng) if rng.random() < JOINED else (passage["text"], 0)
            yield _row(name, passage, row, text, before)
            answer = row["answer"]
            if answer is None:
                continue
            others = [
                by_text[other]
                for other in near.find(row["question"], 6)
                if other != passage["text"] and answer[:SHORT].lower() not in other.lower()
            ]
            wanted = int(NEAR[len(answer) <= SHORT] + rng.random())
            for at in rng.sample(others[:4], min(wanted, len(others[:4]))):
                yield _row(name, passages[at], row | {"answer": None}, passages[at]["text"], 0)


def claimed(name: str, passages: Sequence[Row]) -> Iterator[Row]:
    """The claims with their evidence."""
    for passage in passages:
        for row in passage.get("claims", ()):
            yield {
                "src": name,
                "claim": row["claim"],
                "evidence": passage["text"],
                "label": row["label"],
                "license": passage["license"],
            }


def _joined(passages: Sequence[Row], number: int, rng: random.Random) -> tuple[str, int]:
    """The passage's text with that of a neighbour of its document, and the characters before its own."""
    text, at = passages[number]["text"], rng.choice((-1, 1))
    other = passages[number + at] if 0 <= number + at < len(passages) else None
    if other is None or other["title"] != passages[number]["title"] or len(text) + len(other["text"]) > LONGEST:
        return text, 0
    if at < 0:
        return f"{other['text']}\n\n{text}", len(other["text"]) + 2
    return f"{text}\n\n{other['text']}", 0


def _row(name: str, passage: Row, row: Row, text: str, before: int) -> Row:
    answer = row["answer"]
    return {
        "src": name,
        "question": row["question"],
        "title": passage["title"],
        "section": passage["section"],
        "context": text,
        "answers": [] if answer is None else [{"text": answer, "start": row["start"] + before}],
        "answerable": answer is not None,
        "yesno": row.get("yesno") if answer is not None else None,
        "license": passage["license"],
        "made": "written",
    }


if __name__ == "__main__":
    main()
