"""An Answer -> what its spans say by the names that evaluation programs look for (pure).

Without text: the kinds of OpenInference. With text, which `trace_text` allows: question, answer and passages by the
names of OpenInference (`input.value`, `retrieval.documents`), by those of OpenTelemetry for generative models
(`gen_ai.input.messages`), and as the output of a RETRIEVER span in the form that MLflow reads.
"""

from __future__ import annotations

import json
from typing import Any

from rag.types import Answer, Hit

ANSWER_KIND = {"openinference.span.kind": "CHAIN"}
STEP_KINDS = {"retrieve": "RETRIEVER", "read": "RERANKER", "generate": "LLM"}
_JSON = "application/json"


def step_attributes(step: str, answer: Answer, text: bool) -> dict[str, Any]:
    """The attributes of the span of a step; passages stand in that which found them."""
    kind = {"openinference.span.kind": STEP_KINDS.get(step, "CHAIN")}
    return kind | (_found(answer) if text and step == "retrieve" else {})


def answer_attributes(answer: Answer) -> dict[str, Any]:
    """Question and answer, as attributes of the span of the question."""
    return {
        "gen_ai.operation.name": "chat",
        "input.value": answer.question,
        "input.mime_type": "text/plain",
        "output.value": answer.answer,
        "output.mime_type": "text/plain",
        "gen_ai.input.messages": _messages("user", answer.question),
        "gen_ai.output.messages": _messages("assistant", answer.answer),
    }


def _messages(role: str, text: str) -> str:
    return _dumped([{"role": role, "parts": [{"type": "text", "content": text}]}])


def _found(answer: Answer) -> dict[str, Any]:
    listed: dict[str, Any] = {}
    for number, hit in enumerate(answer.hits):
        name = f"retrieval.documents.{number}.document"
        listed |= {
            f"{name}.id": hit.passage.document_id,
            f"{name}.content": hit.passage.text,
            f"{name}.score": hit.score,
            f"{name}.metadata": _dumped(_place(hit)),
        }
    outputs = [{"page_content": hit.passage.text, "metadata": _place(hit)} for hit in answer.hits]
    return {
        "input.value": answer.question,
        "input.mime_type": "text/plain",
        "output.value": _dumped(outputs),
        "output.mime_type": _JSON,
        **listed,
    }


def _place(hit: Hit) -> dict[str, Any]:
    """The place of a passage; `doc_uri` is MLflow's name for the document."""
    passage = hit.passage
    return {"doc_uri": passage.document_id, "chunk_id": passage.id, "start": passage.start, "end": passage.end}


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
