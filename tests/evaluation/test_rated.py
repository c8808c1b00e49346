"""Rated answers as questions: gold of those rated up, none of those rated down, the last rating of a question."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rag.cli.main import main
from rag.evaluation.questions import read_questions
from rag.evaluation.rated import count_ratings, rated_questions
from rag.traces.collect import Trace
from rag.traces.record import Rating, TraceJSON, trace_json
from rag.traces.store import TraceStore
from rag.types import Answer
from tests.api.fakes import PUMPS, SENTENCE, WORDS, abstained, answered

CREATED = "2999-01-01T00:00:00.000Z"


def trace(answer: Answer, rating: Rating | None, id: str = "ans_1", text: bool = True) -> TraceJSON:
    made = trace_json(replace(answer, id=id), Trace((), (), (), ""), created=CREATED, version="1", text=text)
    return {**made, "rating": rating}


GOOD, REFUSED = answered("Who found it?"), abstained("Is it far?")
UP = {
    "id": "ans_1",
    "question": "Who found it?",
    "answers": [WORDS],
    "gold_doc_ids": [PUMPS.id],
    "evidence": [SENTENCE],
    "answerable": True,
    "type": "rated up",
}


def test_what_is_rated_up_is_gold() -> None:
    assert rated_questions([trace(GOOD, "up"), trace(REFUSED, "up", "ans_2")]) == [
        UP,
        {"id": "ans_2", "question": "Is it far?", "answerable": False, "type": "rated up"},
    ]
    written = replace(GOOD, answer_span=None, resolved_question="Who found the pump?")
    assert rated_questions([trace(written, "up")]) == [{**UP, "question": "Who found the pump?", "answers": []}]


def test_what_is_rated_down_has_no_gold_and_the_last_rating_counts() -> None:
    down = {"id": "ans_3", "question": "Who found it?", "type": "rated down"}
    traces = [trace(GOOD, "up"), trace(REFUSED, None, "ans_2"), trace(GOOD, "down", "ans_3")]
    assert rated_questions(traces) == [down]
    assert count_ratings([*traces, trace(GOOD, "down", "ans_4", text=False)]) == {"up": 1, "down": 2}
    assert rated_questions([trace(GOOD, "up", text=False)]) == []


def test_the_command_prints_a_file_of_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_INDEXES_DIR", str(tmp_path))
    store = TraceStore(tmp_path, 9, 30)
    store.put([trace(GOOD, None), trace(REFUSED, None, "ans_2"), trace(REFUSED, None, "ans_3", text=False)])
    assert main(["eval", "--stored", "--rated"]) == 2
    assert "0 rated answers are kept, none with its text" in capsys.readouterr().err
    assert [store.rate(id, "up") for id in ("ans_1", "ans_3", "ans_9")] == [True, True, False]
    assert main(["eval", "--stored", "--rated"]) == 0
    said = capsys.readouterr()
    assert [json.loads(line) for line in said.out.splitlines()] == [UP]
    assert said.err.strip() == "2 rated up, 0 down; 1 questions with text"
    (tmp_path / "rated.jsonl").write_text(said.out)
    [question] = read_questions(tmp_path / "rated.jsonl").questions
    assert (question.answers, question.documents, question.evidence) == ((WORDS,), (PUMPS.id,), (SENTENCE,))
    assert main(["eval", "--stored", "--rated", "--export", "ragas", str(tmp_path / "samples.jsonl")]) == 0
    assert len((tmp_path / "samples.jsonl").read_text().splitlines()) == 1
    assert main(["eval", "--rated"]) == 2
    assert "--stored" in capsys.readouterr().err
