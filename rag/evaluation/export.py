"""The records of a run -> files that other evaluation programs read (pure).

ragas: a JSON object a line, the fields of its `SingleTurnSample`; `EvaluationDataset.from_jsonl` loads it. Ids are
those of documents, so that its measures by id can be compared with recall here. RAGChecker: one JSON object with
`results`.

The answer goes without its citation marks, which judges would take for words. Of a question that the documents do not
answer, the right answer is to say so. RAGChecker needs a right answer: questions without one are left out of its file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, get_args

from rag.evaluation.judging import said
from rag.evaluation.record import Record

ExportFormat = Literal["ragas", "ragchecker"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
REFUSAL = "The documents do not answer this question."


def exported(records: Sequence[Record], shape: ExportFormat) -> str:
    """The text of a file in that format."""
    if shape == "ragas":
        return "".join(json.dumps(ragas_sample(record), ensure_ascii=False) + "\n" for record in records)
    results = [ragchecker_result(record) for record in records if reference(record) is not None]
    return json.dumps({"results": results}, ensure_ascii=False, indent=1) + "\n"


def reference(record: Record) -> str | None:
    """The right answer in one string: the first of each group; None if none is known."""
    if record.answerable is False:
        return REFUSAL
    return "; ".join(group[0] for group in record.answer_groups) or None


def ragas_sample(record: Record) -> dict[str, Any]:
    """One question as ragas has it: a `SingleTurnSample`."""
    passages = record.answer["passages"]
    return {
        "user_input": record.question,
        "retrieved_contexts": [passage["text"] for passage in passages],
        "retrieved_context_ids": [passage["document_id"] for passage in passages],
        "reference_contexts": [item.text for item in record.evidence] or None,
        "reference_context_ids": list(record.documents) or None,
        "response": response(record),
        "reference": reference(record),
    }


def ragchecker_result(record: Record) -> dict[str, Any]:
    """One question as RAGChecker has it: an item of `results`."""
    return {
        "query_id": record.id,
        "query": record.question,
        "gt_answer": reference(record),
        "response": response(record),
        "retrieved_context": [
            {"doc_id": passage["document_id"], "text": passage["text"]} for passage in record.answer["passages"]
        ],
    }


def response(record: Record) -> str:
    """The text that a person was shown, without citation marks; for a refusal its text."""
    return said(record) or record.answer["answer"]
