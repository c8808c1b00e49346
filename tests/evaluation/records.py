"""Records made by hand, for tests of what is computed from them."""

from __future__ import annotations

from typing import Any

from rag.evaluation.record import GoldEvidence, GoldPlace, Record
from rag.serialise import AnswerJSON, CitationJSON, ClaimJSON, HitJSON, ShortAnswerJSON

TEXT = "Ada Hart built the mill. It cost 1,400 pounds. The mill closed in 1902."
FIRST, SECOND, THIRD = (0, 24), (25, 46), (47, 71)


def citation(label: int, place: tuple[int, int], document: str = "mill.txt", text: str = TEXT) -> CitationJSON:
    start, end = place
    return {
        "label": label,
        "document_id": document,
        "passage_id": f"{document}:0-{len(text)}",
        "title": "Mill",
        "source": document,
        "page": None,
        "section": None,
        "start": start,
        "end": end,
        "quote": text[start:end],
        "answer_start": start,
        "answer_end": min(start + 8, end),
        "as_of": None,
        "as_of_origin": None,
        "boxes": None,
        "answer_boxes": None,
        "stale": False,
    }


def claim(text: str, *labels: int) -> ClaimJSON:
    return {"text": text, "start": 0, "end": len(text), "support": 0.9, "citations": list(labels), "reason": None}


def evidence(place: tuple[int, int], document: str = "mill.txt") -> GoldEvidence:
    return GoldEvidence(TEXT[place[0] : place[1]], (GoldPlace(document, *place),))


def passage(document: str = "mill.txt", text: str = TEXT) -> HitJSON:
    return {
        "id": f"{document}:0-{len(text)}",
        "document_id": document,
        "title": "Mill",
        "source": document,
        "score": 0.8,
        "dense_score": 0.7,
        "lexical_score": 3.0,
        "dense_rank": 1,
        "lexical_rank": 1,
        "start": 0,
        "end": len(text),
        "page": None,
        "section": None,
        "text": text,
        "also_in": [],
    }


def answer(
    text: str | None,
    citations: list[CitationJSON] | None = None,
    claims: list[ClaimJSON] | None = None,
    confidence: float = 0.5,
    span: ShortAnswerJSON | None = None,
) -> AnswerJSON:
    """`None` for the text is a refusal."""
    refused = text is None
    return {
        "id": "ans_1",
        "question": "?",
        "resolved_question": None,
        "answered": not refused,
        "abstained": {"reason": "no_evidence", "message": "No.", "near": False} if refused else None,
        "answer": text or "The documents do not answer this question.",
        "answer_span": span,
        "mode": "extract",
        "faithfulness": 0.0 if refused else 0.9,
        "confidence": confidence,
        "sure": not refused,
        "claims": claims or [],
        "citations": citations or [],
        "alternative": None,
        "conflicts": [],
        "unanswered": [],
        "passages": [passage()],
        "model": None,
        "index": {"name": "t", "generation": 1},
        "usage": {"prompt_tokens": 10, "completion_tokens": 2},
        "timings": {"retrieve": 0.1},
        "notices": [],
        "documents": [],
    }


def record(given: AnswerJSON, name: str = "q1", **other: Any) -> Record:
    """A question on who built the mill, with its gold, unless told otherwise."""
    fields: dict[str, Any] = {
        "id": name,
        "question": "Who built the mill?",
        "answers": ("Ada Hart",),
        "answer_groups": (("Ada Hart",),),
        "documents": ("mill.txt",),
        "evidence": (evidence(FIRST),),
        "worded": ("Ada Hart",),
        "answerable": True,
        "type": "factual",
        "answer": given,
        "ranking": ("ferry.txt", "mill.txt"),
        "seconds": 0.5,
    }
    if other.get("answerable") is False:
        fields |= {"answers": (), "answer_groups": (), "documents": (), "evidence": (), "worded": ()}
    return Record(**(fields | other))
