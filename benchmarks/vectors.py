"""The embedded embedder beside the same model in float32, what they find: `python benchmarks/vectors.py EVAL`.

In: evaluation sets (form: ../shared/eval/README.md). Each document is read and cut as for an index; questions are those
with gold. Out: for each set the share of questions whose gold document has the nearest passage, or is of the five
nearest documents, by exact search: float32 alone, 8 bits alone, questions of 8 bits among passages of float32, and
among passages of both in turn.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from evalset import eval_argument, rows
from ours import published_embedder

from rag.documents.read import read_document
from rag.embedding.embedded import EmbeddedEmbedder
from rag.embedding.passages import SentenceTransformerEmbedder
from rag.ingest.prepare import cut, embedded
from rag.seams import Embedder
from rag.settings import load_settings
from rag.types import Passage, Vectors

SETS = ("squad2", "clapnq")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--sets", nargs="+", default=SETS)
    options = parser.parse_args()
    threads = load_settings().threads
    bytes_, whole = EmbeddedEmbedder.load(threads), SentenceTransformerEmbedder.load(str(published_embedder()), threads)
    for name in options.sets:
        passages = passages_of(rows(options.eval / name, "corpus"), bytes_)
        asked = [row for row in rows(options.eval / name, "questions") if row["answerable"] and row["gold_doc_ids"]]
        compare(name, passages, asked, whole, bytes_)


def passages_of(corpus: Sequence[dict[str, Any]], embedder: Embedder) -> list[Passage]:
    found: list[Passage] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text.txt"
        for row in corpus:
            file.write_text(row["text"], "utf-8")
            found += cut(read_document(file, row["id"]), embedder, load_settings().passage_tokens)
    return found


def compare(
    name: str, passages: list[Passage], asked: Sequence[dict[str, Any]], whole: Embedder, bytes_: Embedder
) -> None:
    vectors, questions, seconds = {}, {}, {}
    for kind, embedder in (("float32", whole), ("8 bits", bytes_)):
        list(embedded(embedder, passages[:16]))
        began = time.perf_counter()
        vectors[kind] = np.stack([each.passage for each in embedded(embedder, passages)])
        seconds[kind] = time.perf_counter() - began
        questions[kind] = np.stack([embedder.embed_query(row["question"]) for row in asked])
    turns = np.where(np.arange(len(passages))[:, None] % 2, vectors["float32"], vectors["8 bits"])
    cosine = (vectors["float32"] * vectors["8 bits"]).sum(axis=1).mean()
    print(f"\n{name}: {len(passages)} passages, {len(asked)} questions; mean cosine {cosine:.4f}; embedded in", end=" ")
    print(", ".join(f"{taken:.1f} s ({kind})" for kind, taken in seconds.items()))
    golds = [set(row["gold_doc_ids"]) for row in asked]
    ids = [passage.document_id for passage in passages]
    for label, among, by in (
        ("float32", vectors["float32"], questions["float32"]),
        ("8 bits", vectors["8 bits"], questions["8 bits"]),
        ("8 bits among float32", vectors["float32"], questions["8 bits"]),
        ("8 bits among both", turns, questions["8 bits"]),
    ):
        first, five = (hits(among, by, ids, golds, k) for k in (1, 5))
        print(f"  {label:22} hit@1 {first:.4f}  hit@5 {five:.4f}")


def hits(vectors: Vectors, questions: Vectors, ids: Sequence[str], golds: Sequence[set[str]], k: int) -> float:
    """The share of questions with gold among the `k` nearest documents."""
    order = np.argsort(-(questions @ vectors.T), axis=1, kind="stable")
    nearest = (list(dict.fromkeys(ids[row] for row in line[: 20 * k]))[:k] for line in order)
    return float(np.mean([bool(gold.intersection(found)) for gold, found in zip(golds, nearest, strict=True)]))


if __name__ == "__main__":
    main()
