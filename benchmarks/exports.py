"""Proof that other programs read what `rag eval --export` writes: ragas, in an environment of its own.

    python benchmarks/exports.py RUN [--env FOLDER]

RUN is the folder of a run. ragas 0.4.3 is installed into the environment where it is not there (it asks for other
versions of many libraries than this package does, and imports only with langchain-community below 0.4), loads the
exported file as its `EvaluationDataset`, and computes those of its measures that ask no language model. Its recall by
ids of documents must be the recall of the run over the passages that an answer lists. The file for RAGChecker is
compared with the fields of its `RAGResult`; that program is not installed, since it brings a judge model's libraries.

Exit 1 where a file does not load or the recalls differ.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from rag.evaluation.export import exported
from rag.evaluation.run import read_records

PINNED = ("ragas==0.4.3", "langchain-community<0.4", "rapidfuzz")
RAGCHECKER_FIELDS = {"query_id": str, "query": str, "gt_answer": str, "response": str, "retrieved_context": list}

# Runs in the other environment: no import of this package.
JUDGE = r"""
import asyncio, json, sys
from ragas import EvaluationDataset
from ragas.metrics import (
    ExactMatch, IDBasedContextPrecision, IDBasedContextRecall, NonLLMContextPrecisionWithReference, NonLLMContextRecall,
    NonLLMStringSimilarity,
)

dataset = EvaluationDataset.from_jsonl(sys.argv[1])
needs = [
    (ExactMatch(), ("response", "reference")),
    (NonLLMStringSimilarity(), ("response", "reference")),
    (NonLLMContextRecall(), ("retrieved_contexts", "reference_contexts")),
    (NonLLMContextPrecisionWithReference(), ("retrieved_contexts", "reference_contexts")),
    (IDBasedContextRecall(), ("retrieved_context_ids", "reference_context_ids")),
    (IDBasedContextPrecision(), ("retrieved_context_ids", "reference_context_ids")),
]

async def scores():
    found = {"samples": len(dataset.samples)}
    for metric, fields in needs:
        samples = [s for s in dataset.samples if all(getattr(s, field) for field in fields)]
        values = [await metric.single_turn_ascore(s) for s in samples]
        found[metric.name] = [sum(values) / len(values), len(values)] if values else None
    return found

print(json.dumps(asyncio.run(scores())))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a run of `rag eval`")
    parser.add_argument("--env", type=Path, help="folder of the environment, kept (default: made anew)")
    options = parser.parse_args()
    records = read_records(options.run)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        file = work / "ragas.jsonl"
        file.write_text(exported(records, "ragas"), "utf-8")
        found = judged(environment(options.env or work / "env"), file)
    ours = [
        len({p["document_id"] for p in record.answer["passages"]} & set(record.documents)) / len(record.documents)
        for record in records
        if record.documents and record.answer["passages"]
    ]
    for name, value in found.items():
        print(f"{name:42} {value}")
    theirs, count = found["id_based_context_recall"]
    same = count == len(ours) and abs(theirs - statistics.mean(ours)) < 1e-9
    print(f"recall of the run over the same passages   {statistics.mean(ours)} ({'the same' if same else 'differs'})")
    whole = found["samples"] == len(records) and loads_for_ragchecker(exported(records, "ragchecker"))
    return 0 if same and whole else 1


def environment(folder: Path) -> Path:
    """-> its Python, with ragas in it."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    if subprocess.run([python, "-c", "import ragas"], capture_output=True).returncode:
        print(f"installing {', '.join(PINNED)} in {folder} ...", file=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
    return python


def judged(python: Path, file: Path) -> dict[str, Any]:
    done = subprocess.run([python, "-W", "ignore", "-c", JUDGE, file], capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        raise SystemExit(1)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def loads_for_ragchecker(text: str) -> bool:
    """True if every result has the fields of RAGChecker's `RAGResult`, of their types."""
    results = json.loads(text)["results"]
    good = all(
        result.keys() == RAGCHECKER_FIELDS.keys()
        and all(isinstance(result[name], kind) for name, kind in RAGCHECKER_FIELDS.items())
        and all(passage.keys() == {"doc_id", "text"} for passage in result["retrieved_context"])
        for result in results
    )
    print(f"ragchecker: {len(results)} results, {'well' if good else 'not well'} formed")
    return good


if __name__ == "__main__":
    sys.exit(main())
