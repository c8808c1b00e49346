"""A folder with `corpus.jsonl` and `questions.jsonl` -> an index of it.

The form is that of ../shared/eval/README.md: documents have `id`, `title`, `text`; questions have `id`, `question`,
`answers`, `gold_doc_ids`, `answerable`. Used by the other scripts here.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.index.local import LocalIndex
from rag.ingest.run import sync
from rag.seams import Embedder
from rag.settings import Settings
from rag.stores.open import open_index

DEFAULT_EVAL = Path("../shared/eval")


def eval_argument(parser: argparse.ArgumentParser) -> None:
    """The folder of evaluation sets, as every benchmark takes it."""
    parser.add_argument("eval", nargs="?", type=Path, default=DEFAULT_EVAL, help=f"default: {DEFAULT_EVAL}")


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of `name`.jsonl or `name`.jsonl.gz; ends the program with a clear line where the set is absent."""
    plain, zipped = folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"
    if plain.is_file():
        return [json.loads(line) for line in plain.read_text("utf-8").split("\n") if line.strip()]
    if zipped.is_file():
        return [
            json.loads(line)
            for line in gzip.decompress(zipped.read_bytes()).decode("utf-8").split("\n")
            if line.strip()
        ]
    print(f"{plain} is not there: give the folder of the evaluation sets as the argument", file=sys.stderr)
    raise SystemExit(2)


def build_index(corpus: Sequence[dict[str, Any]], work: Path, settings: Settings, embedder: Embedder) -> LocalIndex:
    """Each row as a text file of its own below `work`, indexed as a person would index a folder."""
    folder = work / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for row in corpus:
        file, content = folder / f"{row['id']}.txt", row["text"].encode()
        if not file.exists() or file.read_bytes() != content:  # written again, it would count as touched
            file.write_bytes(content)
    index = open_index(settings, embedder, create=True)
    assert isinstance(index, LocalIndex)
    sync([folder], index, embedder, settings)
    return index


def row_id(document_id: str) -> str:
    """The corpus row of an indexed document."""
    return Path(document_id).stem
