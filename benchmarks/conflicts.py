"""Ask about pairs of documents that disagree, or only look so; print how many are found, and the false alarms.

    python benchmarks/conflicts.py [--wrong]

In: `benchmarks/written/conflicts/pairs.jsonl`, a pair a line: two `documents`, a `question`, `disagree`, and `fit`:
half of the pairs served for choosing rules and thresholds, the other half only measures. All documents are in one
index. A conflict is found if both documents of the pair are cited in it; an alarm is false if any is told over a pair
that does not disagree.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from rag.ingest.run import sync
from rag.models import load_models
from rag.pipeline import open_pipeline
from rag.serialise import AnswerJSON, answer_json
from rag.settings import load_settings
from rag.stores.open import open_index

PAIRS = Path(__file__).parent / "written" / "conflicts" / "pairs.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="print each pair that is judged wrongly")
    options = parser.parse_args()
    pairs = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    told = answers(pairs)
    print("| half | found | false alarms |")
    print("|---|---|---|")
    for fit, name in ((True, "chosen on"), (False, "measured")):
        half = [(pair, answer) for pair, answer in zip(pairs, told, strict=True) if pair["fit"] == fit]
        found = [is_told(pair, answer) for pair, answer in half if pair["disagree"]]
        false = [bool(answer["conflicts"]) for pair, answer in half if not pair["disagree"]]
        print(f"| {name} | {sum(found)} of {len(found)} | {sum(false)} of {len(false)} |")
    if options.wrong:
        for pair, answer in zip(pairs, told, strict=True):
            right = is_told(pair, answer) if pair["disagree"] else not answer["conflicts"]
            if not right:
                print(f"- {pair['id']} ({pair['kind']}): {pair['question']}\n    {answer['answer']}")
                print(f"    {answer['conflicts']}")


def answers(pairs: list[dict[str, Any]]) -> list[AnswerJSON]:
    """The answer to the question of each pair, from an index of all documents."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "papers"
        folder.mkdir()
        for pair in pairs:
            for document in pair["documents"]:
                (folder / document["name"]).write_text(document["text"], "utf-8")
        settings = load_settings(indexes_dir=Path(temporary) / "indexes", index="pairs", model="none")
        models = load_models(settings)
        with open_index(settings, models.embedder, create=True) as index:
            sync([folder], index, models.embedder, settings)
        with open_pipeline(settings, models) as pipeline:
            return [answer_json(pipeline.ask(pair["question"])) for pair in pairs]


def is_told(pair: dict[str, Any], answer: AnswerJSON) -> bool:
    """True if a conflict cites both documents of the pair."""
    labels = {label for conflict in answer["conflicts"] for value in conflict["values"] for label in value["citations"]}
    cited = {Path(one["document_id"]).name for one in answer["citations"] if one["label"] in labels}
    return {document["name"] for document in pair["documents"]} <= cited


if __name__ == "__main__":
    main()
