"""squad2 in the local store, in a file of Milvus Lite, and back: the same content, and the same found?

    python benchmarks/stores.py [../shared/eval] [--limit N] [--questions 200]

Copies both ways as `rag migrate` does, with its comparison of 200 searches, and asks both stores the same questions:
the share of which the right paragraph comes first, and is among the first five. Milvus Lite counts by scanning in
Python, a second for each word that it meets first, so questions take most of the time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

from evalset import build_index, eval_argument, row_id
from workload import Asked, squad2

from rag.index.folders import Expected
from rag.models import load_models
from rag.retrieval.question import parse_question
from rag.retrieval.search import retrieve
from rag.seams import Embedder, WritableIndex
from rag.settings import Settings, load_settings
from rag.stores.compare import compare_indexes
from rag.stores.migrate import migrate
from rag.stores.open import open_as

SEARCHES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    eval_argument(parser)
    parser.add_argument("--limit", type=int, metavar="N", help="the first N paragraphs only")
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    workload = squad2(options.eval).limited(options.limit)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        here = load_settings(indexes_dir=work / "first", index="squad2", milvus_uri=str(work / "milvus.db"))
        embedder = load_models(here, answers=False).embedder
        corpus = [{"id": name, "text": text} for name, text in workload.documents]
        build_index(corpus, work, here, embedder).close()
        there = here.model_copy(update={"store": "milvus"})
        copy(here, there)
        copy(there, here.model_copy(update={"indexes_dir": work / "second"}))
        questions = workload.questions[: options.questions]
        for settings in (here, there):
            with open_as(settings, Expected()) as index:
                print(f"{settings.store}: {found(index, questions, embedder)}", flush=True)


def copy(source: Settings, target: Settings) -> None:
    began = time.perf_counter()
    with open_as(source, Expected()) as one, open_as(target, Expected(*one.settings), create=True) as other:
        done = migrate(one, other)
        seconds = time.perf_counter() - began
        check = compare_indexes(one, other, SEARCHES)
    print(f"{source.store} to {target.store}: {done.copied} documents copied in {seconds:.0f} s")
    print(
        f"    documents {check.documents}, passages {check.passages}; {len(check.different)} of {check.compared} differ"
    )
    print(f"    the same first ten of {check.searches} by vector {check.dense}, of a question {check.hits}", flush=True)
    print(f"    first ten by BM25 in both {check.lexical / check.searches:.1%}", flush=True)


def found(index: WritableIndex, questions: list[Asked], embedder: Embedder) -> str:
    ranks = []
    for question in questions:
        with index.snapshot() as snapshot:
            hits = retrieve(snapshot, parse_question(question.text), partial(embedder.embed_query, question.text), 5)
        ranks.append(next((n for n, hit in enumerate(hits) if row_id(hit.passage.document_id) in question.gold), 5))
    first, five = (sum(rank < most for rank in ranks) / len(ranks) for most in (1, 5))
    return f"right first {first:.3f}, among five {five:.3f} of {len(ranks)} questions"


if __name__ == "__main__":
    main()
