"""Answers that people rated -> lines for a file of questions (pure).

An answer that was rated up gives gold: its short form, its documents and its quotes, or that the documents do not
answer. One that was rated down tells that something is wrong, not what is right: its line has no gold, and waits for a
person to add it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rag.serialise import AnswerJSON
from rag.traces.record import Rating, TraceJSON


def rated_questions(traces: Iterable[TraceJSON]) -> list[dict[str, Any]]:
    """A line for each question whose answer was rated and kept with its text; of a question that was asked several
    times the last rating counts. `type` is `rated up` or `rated down`."""
    lines: dict[str, dict[str, Any]] = {}
    for trace in traces:
        answer, rating = trace["answer"], trace["rating"]
        if answer is not None and rating is not None:
            question = answer["resolved_question"] or answer["question"]
            lines.pop(question, None)
            gold = _gold(answer) if rating == "up" else {}
            lines[question] = {"id": answer["id"], "question": question, **gold, "type": f"rated {rating}"}
    return list(lines.values())


def count_ratings(traces: Iterable[TraceJSON]) -> dict[Rating, int]:
    """The number of ratings of each kind, with text or without."""
    found: dict[Rating, int] = {"up": 0, "down": 0}
    for trace in traces:
        if trace["rating"] is not None:
            found[trace["rating"]] += 1
    return found


def _gold(answer: AnswerJSON) -> dict[str, Any]:
    if not answer["answered"]:
        return {"answerable": False}
    cited = answer["citations"]
    short = answer["answer_span"]
    return {
        "answers": [short["text"]] if short else [],
        "gold_doc_ids": list(dict.fromkeys(citation["document_id"] for citation in cited)),
        "evidence": list(dict.fromkeys(citation["quote"] for citation in cited)),
        "answerable": True,
    }
