"""Rows of a folder without those that share text with what only measures.

    python overlap.py ROWS_FOLDER OUT_FOLDER MEASURES...

MEASURES are folders or files. A row goes if more than 5 % of the 8-grams of its context's words stand in them, or if
its question (case and signs ignored) is one of theirs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

GRAM = 8
MOST = 0.05
TEXTS = (".jsonl", ".json", ".gz", ".txt", ".md", ".rst", ".csv", ".tsv", ".html", ".eml", ".ics", ".vcf")


def plain(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def grams(words: list[str]) -> set[int]:
    return {hash(tuple(words[n : n + GRAM])) for n in range(len(words) - GRAM + 1)}


def texts(path: Path) -> Iterator[str]:
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and file.suffix in TEXTS:
            data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            for line in data.decode("utf-8", "ignore").split("\n"):
                yield line.replace("\\n", " ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("measures", type=Path, nargs="+")
    settings = parser.parse_args()
    known: set[int] = set()
    asked: set[str] = set()
    waiting: list[str] = []
    for measure in settings.measures:
        for line in texts(measure):
            if line.startswith("{"):
                try:
                    question = json.loads(line).get("question")
                except ValueError:
                    question = None
                if isinstance(question, str):
                    asked.add(" ".join(plain(question)))
            waiting = waiting[-GRAM + 1 :] + plain(line)
            known |= grams(waiting)
    settings.out.mkdir(parents=True, exist_ok=True)
    for path in sorted(settings.rows.glob("*.jsonl.gz")):
        kept, dropped = [], 0
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                own = grams(plain(row["context"]))
                question = plain(row["question"])
                if (own and len(own & known) > MOST * len(own)) or (len(question) > 3 and " ".join(question) in asked):
                    dropped += 1
                else:
                    kept.append(line)
        with gzip.open(settings.out / path.name, "wt", encoding="utf-8") as file:
            file.writelines(kept)
        print(path.name, len(kept), "kept", dropped, "dropped")


if __name__ == "__main__":
    main()
