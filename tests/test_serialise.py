"""Values -> JSON: exactly the fields of the contract, numbers that JSON has, text as it is."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.serialise import (
    AnswerJSON,
    CitationJSON,
    ClaimJSON,
    HitJSON,
    answer_json,
    document_json,
    hit_json,
    links_json,
    to_json,
)
from rag.types import (
    Answer,
    Citation,
    Claim,
    Conflict,
    ConflictValue,
    DocumentInfo,
    Hit,
    LinkSpan,
    ListedDocument,
    ShortAnswer,
)
from tests.api.fakes import END, HITS, SAID, SENTENCE, START, abstained, answered

PASSAGES: list[HitJSON] = [
    {
        "id": f"notes/pumps.md:{START}-{END}",
        "document_id": "notes/pumps.md",
        "title": "Pumps 😀",
        "source": "/library/notes/pumps.md",
        "score": 0.71,
        "dense_score": 0.6,
        "lexical_score": 3.5,
        "dense_rank": 1,
        "lexical_rank": 2,
        "start": START,
        "end": END,
        "page": None,
        "section": "Pumps",
        "text": SENTENCE,
        "also_in": [],
    },
    {
        "id": "notes/<b>markup<b>.html:0-25",
        "document_id": "notes/<b>markup<b>.html",
        "title": "<img src=x onerror=alert(1)>",
        "source": "https://example.org/markup",
        "score": 0.3,
        "dense_score": 0.3,
        "lexical_score": 0.0,
        "dense_rank": 2,
        "lexical_rank": None,
        "start": 0,
        "end": 25,
        "page": None,
        "section": None,
        "text": "<script>alert(1)</script>",
        "also_in": [],
    },
]
CITATION: CitationJSON = {
    "label": 1,
    "document_id": "notes/pumps.md",
    "passage_id": f"notes/pumps.md:{START}-{END}",
    "title": "Pumps 😀",
    "source": "/library/notes/pumps.md",
    "page": 3,
    "section": "Pumps",
    "start": START,
    "end": END,
    "quote": SENTENCE,
    "answer_start": START + 28,
    "answer_end": START + 37,
    "as_of": None,
    "as_of_origin": None,
    "boxes": None,
    "answer_boxes": None,
    "stale": False,
}
CLAIM: ClaimJSON = {"text": SAID, "start": 0, "end": len(SAID), "support": 0.98, "citations": [1], "reason": None}
ANSWERED: AnswerJSON = {
    "id": "ans_1",
    "question": "Who found it?",
    "resolved_question": None,
    "answered": True,
    "abstained": None,
    "answer": SAID,
    "answer_span": {"text": "Ada Byron", "label": 1, "start": START + 28, "end": START + 37},
    "mode": "quote",
    "faithfulness": 0.98,
    "confidence": 0.83,
    "sure": True,
    "claims": [CLAIM],
    "citations": [CITATION],
    "alternative": None,
    "conflicts": [],
    "unanswered": [],
    "passages": PASSAGES,
    "model": "tiny",
    "index": {"name": "default", "generation": 7},
    "usage": {"prompt_tokens": 180, "completion_tokens": 12},
    "timings": {"retrieve": 0.012},
    "notices": ["a notice, with `rag doctor`"],
    "documents": [],
}
ABSTAINED: AnswerJSON = {
    "id": "ans_2",
    "question": "Is it far?",
    "resolved_question": None,
    "answered": False,
    "abstained": {"reason": "no_evidence", "message": "The documents do not answer this.", "near": True},
    "answer": "The documents do not answer this.",
    "answer_span": None,
    "mode": "quote",
    "faithfulness": 0.0,
    "confidence": 0.07,
    "sure": False,
    "claims": [],
    "citations": [],
    "alternative": None,
    "conflicts": [],
    "unanswered": [],
    "passages": PASSAGES,
    "model": None,
    "index": {"name": "default", "generation": 7},
    "usage": {"prompt_tokens": 0, "completion_tokens": 0},
    "timings": {},
    "notices": [],
    "documents": [],
}


def test_an_answer() -> None:
    assert answer_json(answered("Who found it?")) == ANSWERED


def test_doubt_and_the_parts_without_an_answer() -> None:
    answer = replace(answered("Who found it?"), sure=False, unanswered=("And when?", "Où ?"))
    assert answer_json(answer) == {**ANSWERED, "sure": False, "unanswered": ["And when?", "Où ?"]}


def test_documents_that_disagree() -> None:
    answer = answered("Who found it?")
    dated = replace(answer.citations[0], as_of="2024-03-05", as_of_origin="document", stale=True)
    values = (
        ConflictValue("Ada Byron", SAID, (1,), "2024-03-05"),
        ConflictValue("Bo Lund", "Bo Lund [2].", (2,), None),
    )
    document = answer_json(replace(answer, citations=(dated,), conflicts=(Conflict("Who found it?", values),)))
    assert document["citations"] == [CITATION | {"as_of": "2024-03-05", "as_of_origin": "document", "stale": True}]
    assert document["conflicts"] == [
        {
            "about": "Who found it?",
            "values": [
                {"value": "Ada Byron", "claim": SAID, "citations": [1], "as_of": "2024-03-05"},
                {"value": "Bo Lund", "claim": "Bo Lund [2].", "citations": [2], "as_of": None},
            ],
        }
    ]


def test_an_abstention() -> None:
    assert answer_json(abstained("Is it far?")) == ABSTAINED


def test_every_field_of_the_values_is_there() -> None:
    document = answer_json(answered("Who?"))
    assert {field.name for field in fields(Answer)} - {"hits"} | {"passages"} == set(document)
    assert {field.name for field in fields(Claim)} == set(document["claims"][0])
    assert set(ShortAnswer._fields) == set(document["answer_span"] or ())
    assert {field.name for field in fields(Citation)} == set(document["citations"][0])
    assert {field.name for field in fields(Hit)} - {"passage", "sentences"} <= set(document["passages"][0])


def test_a_document() -> None:
    info = DocumentInfo("a/b.pdf", "B", "/a/b.pdf", "00", 3, 900, 2, {"author": "Ada"}, notes=("1 comment",))
    assert document_json(info) == {
        "id": "a/b.pdf",
        "title": "B",
        "source": "/a/b.pdf",
        "sha256": "00",
        "passages": 3,
        "characters": 900,
        "pages": 2,
        "metadata": {"author": "Ada"},
        "modified": None,
        "notes": ["1 comment"],
        "stale": False,
    }


def test_links_of_a_document() -> None:
    assert links_json((LinkSpan(4, 8, "https://mill.example/form"),)) == [
        {"start": 4, "end": 8, "url": "https://mill.example/form"}
    ]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), np.float32("nan")])
def test_what_is_no_number_becomes_null(number: float) -> None:
    answer = replace(answered("Who?"), faithfulness=number, confidence=number, timings={"check": number})
    document = json.loads(to_json(answer_json(answer)))
    assert (document["faithfulness"], document["confidence"], document["timings"]) == (None, None, {"check": None})


def test_numbers_of_numpy_are_numbers() -> None:
    single: Any = np.float32(0.5)
    hit = replace(HITS[0], score=single, dense_score=np.float64(0.25))
    document = json.loads(to_json(hit_json(hit)))
    assert (document["score"], document["dense_score"]) == (0.5, 0.25)


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=10))
def test_json_that_is_read_is_what_was_written(value: object) -> None:
    assert json.loads(to_json(value)) == value


def test_half_a_surrogate_pair_is_escaped_and_all_else_is_as_it_is() -> None:
    assert to_json("é😀\ud800\n") == b'"\xc3\xa9\xf0\x9f\x98\x80\\ud800\\n"'


def test_nan_is_refused_where_nobody_replaced_it() -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        to_json({"x": float("nan")})


def test_the_documents_of_an_answer_about_the_library() -> None:
    listed = (ListedDocument("a/b.txt", "B", "/a/b.txt"),)
    told = answer_json(replace(answered("Who found it?"), mode="catalogue", documents=listed))
    assert (told["mode"], told["documents"]) == ("catalogue", [{"id": "a/b.txt", "title": "B", "source": "/a/b.txt"}])
