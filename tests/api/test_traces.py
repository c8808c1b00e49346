"""Stored traces: what is in them, with text and without, how long they are kept, and that answers never wait."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

import api.observing.traces
from api.observing.metrics import Metrics
from api.observing.observer import Observer
from rag import __version__
from rag.cli.main import main
from rag.deadline import Deadline
from rag.errors import RagError
from rag.state.keys import Keys
from rag.traces.collect import Trace, collecting, note_evidence, note_readings, prompt_sha256, watched
from rag.traces.record import TraceJSON, trace_json
from rag.traces.store import FILE, TraceStore, timestamp
from rag.types import AnswerSpan, Evidence, Message, PassageReading, Retrieved
from tests.api.fakes import END, HITS, PUMPS, SAID, SENTENCE, START, WORDS, FakePipeline, Stage, answered, serving
from tests.api.test_observing import figures
from tests.test_serialise import ANSWERED

EVIDENCE = (
    Evidence(1, HITS[0].passage, START, END, SENTENCE, 0.9, 0.7),
    Evidence(2, HITS[1].passage, 0, 25, HITS[1].passage.text, 0.2, 0.1),
)
READINGS = (
    PassageReading(HITS[0].passage, (AnswerSpan(START + 21, START + 30, 6.5),), 2.5, 0.25, 0.5),
    PassageReading(HITS[1].passage, (), -3.0, 0.0, 0.0),
)
NOW = datetime.now(UTC)


def record(id: str = "ans_1", created: datetime = NOW, index: str = "default", text: bool = False) -> TraceJSON:
    trace = Trace(HITS, READINGS, EVIDENCE, "ab" * 32)
    answer = replace(answered("Who found it?", index), id=id)
    return trace_json(answer, trace, created=timestamp(created), version="1", request_id="r1", text=text)


def test_a_record_has_places_and_figures_and_no_text() -> None:
    retrieved, second = record()["retrieved"]
    assert retrieved == {
        "id": f"{PUMPS.id}:{START}-{END}",
        "document_id": PUMPS.id,
        "start": START,
        "end": END,
        "page": None,
        "dense_rank": 1,
        "dense_score": 0.6,
        "lexical_rank": 2,
        "lexical_score": 3.5,
        "score": 0.71,
        "listed": True,
    }
    assert second["lexical_rank"] is None
    assert record()["read"] == [
        {
            "passage_id": f"{PUMPS.id}:{START}-{END}",
            "start": START + 21,
            "end": START + 30,
            "score": 6.5,
            "relevance": 2.5,
            "yes": 0.25,
            "no": 0.5,
        },
        {
            "passage_id": HITS[1].passage.id,
            "start": None,
            "end": None,
            "score": None,
            "relevance": -3.0,
            "yes": 0.0,
            "no": 0.0,
        },
    ]
    whole = json.dumps(record(), ensure_ascii=False)
    for text in (WORDS, "rusty", "Who found it", "script", PUMPS.title):
        assert text not in whole
    assert record()["question_characters"] == len("Who found it?")


def test_with_text_the_answer_is_there_as_it_was_given() -> None:
    assert record(text=True)["answer"] == ANSWERED


def test_passages_that_competed_and_are_not_listed() -> None:
    trace = Trace(hits=HITS)
    answer = replace(answered("Who?"), hits=HITS[:1])
    found = trace_json(answer, trace, created="", version="")["retrieved"]
    assert [hit["listed"] for hit in found] == [True, False]


SOON = Deadline()


class Writer:
    """A language model that writes two words."""

    name, parameters, context_tokens = "writer", 1, 100

    def write(self, messages: Any, grammar: str, max_tokens: int, deadline: Any = None) -> Iterator[str]:
        assert (max_tokens, deadline) == (9, SOON)
        yield from ("two", "words")


def test_notes_reach_the_trace_of_their_own_question_only() -> None:
    model: Any = Writer()
    note_evidence(EVIDENCE)  # nobody asked
    note_readings(HITS, READINGS)
    assert watched(model) is model
    trace, other = Trace(), Trace()
    with collecting(trace):
        note_readings(HITS, READINGS)
        note_evidence(EVIDENCE)
        threads = [
            threading.Thread(target=note, args=args)  # of another question
            for note, args in ((note_evidence, [()]), (note_readings, [(), ()]))
        ]
        for thread in threads:
            thread.start()
            thread.join()
        with collecting(other):
            assert list(watched(model).write([Message("user", "hi")], "g", 9, deadline=SOON)) == ["two", "words"]
    assert trace == Trace(HITS, READINGS, EVIDENCE)
    assert other == Trace(prompt_sha256=prompt_sha256(["user", "hi", "g"]))


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_the_hash_tells_pieces_apart(one: list[str], other: list[str]) -> None:
    assert (prompt_sha256(one) == prompt_sha256(other)) == (one == other)


def test_the_newest_are_kept(tmp_path: Path) -> None:
    store = TraceStore(tmp_path, 3, 30)
    store.put([record(f"ans_{number}") for number in range(2)])
    store.put([record(f"ans_{number}") for number in range(2, 6)])
    assert [trace["id"] for trace in store.all("default")] == ["ans_3", "ans_4", "ans_5"]
    assert (store.get("ans_2"), store.get("ans_5")) == (None, record("ans_5"))
    assert (store.all("other"), store.get("none")) == ([], None)


def test_what_is_too_old_is_neither_found_nor_kept(tmp_path: Path) -> None:
    days = timedelta(days=1)
    TraceStore(tmp_path, 9, 30).put([record("old", NOW - 2 * days), record("young", NOW - days / 2)])
    store = TraceStore(tmp_path, 9, 1)
    assert (store.get("old"), len(store.all("default"))) == (None, 1)
    store.put([])
    assert [trace["id"] for trace in TraceStore(tmp_path, 9, 30).all("default")] == ["young"]


def test_the_traces_of_an_index_move_with_its_name_and_go_with_it(tmp_path: Path) -> None:
    store = TraceStore(tmp_path, 9, 30)
    store.forget("default")  # nothing is kept yet
    store.put([record("ans_1"), record("ans_2")])
    store.rename("default", "letters")
    assert store.all("default") == []
    assert [(trace["id"], trace["index"]["name"]) for trace in store.all("letters")] == [
        ("ans_1", "letters"),
        ("ans_2", "letters"),
    ]
    store.put([{**record("ans_3"), "index": {**record()["index"], "name": "other"}}])
    store.forget("letters")
    assert (store.get("ans_1"), store.all("letters"), len(store.all("other"))) == (None, [], 1)


def test_none_is_kept_and_what_was_kept_is_gone(tmp_path: Path) -> None:
    store = TraceStore(tmp_path, 0, 30)
    store.put([record()])
    assert not (tmp_path / ".service" / FILE).exists()
    TraceStore(tmp_path, 1, 30).put([record(text=True)])
    store.put([])
    assert (store.get("ans_1"), TraceStore(tmp_path, 9, 30).all("default")) == (None, [])
    assert WORDS.encode() not in (tmp_path / ".service" / FILE).read_bytes()  # overwritten, not only unlinked


def test_several_may_write_from_the_moment_the_file_is_made(tmp_path: Path) -> None:
    """Each with its own connection, as processes have, and all at once: most of all while the file is being made."""
    folders = [tmp_path / str(number) for number in range(20)]
    start = threading.Barrier(4, timeout=30)

    def write(writer: int) -> None:
        for folder in folders:
            start.wait()
            for number in range(3):
                TraceStore(folder, 1000, 30).put([record(f"{writer}-{number}")])

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(TraceStore(folder, 1000, 30).all("default")) for folder in folders] == [12] * 20


def test_a_file_that_is_just_being_made_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    assert TraceStore(tmp_path, 1, 1).get("ans_1") is None


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, and long enough to be read as one" * 100)
    with pytest.raises(RagError, match="file is not a database"):
        TraceStore(tmp_path, 1, 1).get("ans_1")


def test_stored_answers_with_text_are_exported_for_ragas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    store = TraceStore(tmp_path / "indexes", 9, 30)
    store.put([record("bare"), record("whole", text=True), record("other", index="other", text=True)])
    assert main(["eval", "--stored", "--export", "ragas", "asked.jsonl"]) == 0
    assert "1 of 2 stored answers, those with text" in capsys.readouterr().out
    (line,) = map(json.loads, (tmp_path / "asked.jsonl").read_text("utf-8").splitlines())
    assert line["user_input"] == "Who found it?"
    assert line["response"] == " ".join(line["response"].replace("[1]", "").split())  # without marks
    assert line["retrieved_contexts"] == [hit.passage.text for hit in HITS]
    assert (line["reference"], line["reference_context_ids"]) == (None, None)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_can_be_looked_up(client: TestClient, stream: bool) -> None:
    body = {"question": "Who found it?", "stream": stream}
    client.post("/v1/ask", json=body, headers={"X-Request-ID": "r7"})
    trace = client.get("/v1/answers/ans_1").json()
    assert (trace["id"], trace["request_id"], trace["version"]) == ("ans_1", "r7", __version__)
    assert (trace["answered"], trace["abstained"], trace["mode"], trace["model"]) == (True, None, "quote", "tiny")
    assert (trace["index"], trace["usage"]) == (ANSWERED["index"], ANSWERED["usage"])
    assert trace["timings"] == {"retrieve": 0.012}
    assert trace["verdicts"] == [{"start": 0, "end": len(SAID), "support": 0.98, "reason": None, "citations": [1]}]
    assert trace["citations"][0]["document_id"] == PUMPS.id
    assert trace["answer"] is None
    unknown = client.get("/v1/answers/ans_9")
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "answer_not_found")


def test_an_answer_from_an_index_that_is_gone_is_gone(client: TestClient, stage: Stage) -> None:
    client.post("/v1/ask", json={"question": "Is it far?", "index": "other"})
    assert client.get("/v1/answers/ans_2").json()["abstained"] == "no_evidence"
    for file in (stage.indexes_dir / "other").iterdir():
        file.unlink()
    assert client.get("/v1/answers/ans_2").status_code == 404


def test_they_outlive_a_restart_and_text_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    with serving(Stage(tmp_path, more={"trace_text": True})) as client:
        client.post("/v1/ask", json={"question": "Who found it?"})
    with serving(Stage(tmp_path)) as client:
        assert client.get("/v1/answers/ans_1").json()["answer"] == ANSWERED
    with serving(Stage(tmp_path, more={"traces": 0})) as client:
        client.post("/v1/ask", json={"question": "Is it far?"})
        assert client.get("/v1/answers/ans_2").status_code == 404
    assert TraceStore(tmp_path, 9, 30).all("default") == []


def test_an_answer_does_not_wait_for_its_trace(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(api.observing.traces, "_WAITING", 1)
    hold, writing = threading.Event(), threading.Event()
    put = TraceStore.put

    def slow(self: TraceStore, traces: Any) -> None:
        writing.set()
        hold.wait(60)
        put(self, traces)

    monkeypatch.setattr(TraceStore, "put", slow)
    with serving(stage) as client:
        assert writing.wait(60)
        assert client.post("/v1/ask", json={"question": "Who found it?"}).status_code == 200
        assert client.get("/v1/answers/ans_1").status_code == 200  # it waits, and is found
        assert client.post("/v1/ask", json={"question": "Is it far?"}).status_code == 200
        assert client.get("/v1/answers/ans_2").status_code == 404
        assert figures(client)["rag_traces_lost_total",] == 1
        hold.set()
    assert [trace["id"] for trace in TraceStore(stage.indexes_dir, 9, 30).all("default")] == ["ans_1"]
    assert "that of answer ans_2 is lost" in caplog.text


def test_a_fault_of_the_store_costs_one_trace_and_not_all_that_come_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, faults = TraceStore.put, iter([ValueError("a fault")])

    def faulty(self: TraceStore, traces: Any) -> None:
        if traces and (fault := next(faults, None)):
            raise fault
        put(self, traces)

    monkeypatch.setattr(TraceStore, "put", faulty)
    with serving(stage) as client:
        client.post("/v1/ask", json={"question": "Who found it?"})
        while ("rag_traces_lost_total",) not in figures(client) or not figures(client)["rag_traces_lost_total",]:
            time.sleep(0.01)
        client.post("/v1/ask", json={"question": "Is it far?"})
    assert [trace["id"] for trace in TraceStore(stage.indexes_dir, 9, 30).all("default")] == ["ans_2"]


def test_a_store_that_cannot_be_used_costs_the_trace_and_no_path_gets_out(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.indexes_dir.mkdir()
    (stage.indexes_dir / FILE).write_bytes(b"not a database, and long enough to be read as one" * 100)
    with serving(stage) as client:
        assert client.post("/v1/ask", json={"question": "Who found it?"}).status_code == 200
        while ("rag_traces_lost_total",) not in figures(client) or not figures(client)["rag_traces_lost_total",]:
            pass
        response = client.get("/v1/answers/ans_1")
    assert response.json()["error"] == {
        "type": "internal_error",
        "message": "the stored answers cannot be read: the server's log tells why",
    }
    assert "file is not a database" in caplog.text


def test_an_answer_is_rated_in_its_trace_and_the_rating_taken_back(client: TestClient) -> None:
    assert client.post("/v1/ask", json={"question": "Who found it?"}).status_code == 200
    rated = client.put("/v1/answers/ans_1/rating", json={"rating": "down"})
    assert (rated.status_code, rated.json()) == (200, {"rating": "down"})
    assert client.get("/v1/answers/ans_1").json()["rating"] == "down"
    client.put("/v1/answers/ans_1/rating", json={"rating": None})
    assert client.get("/v1/answers/ans_1").json()["rating"] is None
    wrong, unknown = (
        client.put(f"/v1/answers/{id}/rating", json={"rating": rating}) for id, rating in (("ans_1", "so"), ("x", "up"))
    )
    assert (wrong.status_code, unknown.json()["error"]["type"]) == (422, "answer_not_found")


def test_a_trace_of_an_earlier_version_has_no_rating(tmp_path: Path) -> None:
    store = TraceStore(tmp_path, 9, 30)
    store.put([{key: value for key, value in record().items() if key != "rating"}])  # type: ignore[list-item]
    assert [trace["rating"] for trace in store.all("default")] == [None]
    assert store.rate("ans_1", "up")
    assert [trace["rating"] for trace in store.all("default")] == ["up"]


def test_a_key_sees_answers_from_its_own_indexes_only(tmp_path: Path) -> None:
    stage = Stage(tmp_path, more={"auth": "keys"})
    with serving(stage) as client:
        keys = Keys(stage.indexes_dir)
        every, other = (
            {"Authorization": f"Bearer {keys.add(name, ['read'], indexes)[1]}"}
            for name, indexes in (("every", None), ("other", ["other"]))
        )
        client.post("/v1/ask", json={"question": "Is it far?"}, headers=every)
        assert client.get("/v1/answers/ans_2", headers=every).status_code == 200
        hidden, unknown = (client.get(f"/v1/answers/{id}", headers=other) for id in ("ans_2", "ans_9"))
        assert (hidden.status_code, hidden.json()["error"]["type"]) == (404, "answer_not_found")
        assert hidden.text.replace("ans_2", "ans_9") == unknown.text
        mine, others = (
            client.put("/v1/answers/ans_2/rating", json={"rating": "up"}, headers=key) for key in (every, other)
        )
        assert (mine.status_code, others.status_code) == (200, 404)
        assert client.get("/v1/answers/ans_2").status_code == 401


@pytest.mark.parametrize("stream", [False, True])
def test_chats_are_seen_too(client: TestClient, stream: bool) -> None:
    chat = {"model": "rag/default", "messages": [{"role": "user", "content": "Who found it?"}], "stream": stream}
    assert client.post("/v1/chat/completions", json=chat).status_code == 200
    assert figures(client)["rag_questions_total", "default", "answered"] == 1
    assert client.get("/v1/answers/ans_1").json()["answered"] is True


def test_a_stream_that_is_left_is_counted_as_such(tmp_path: Path) -> None:
    hold = threading.Event()
    stage = Stage(tmp_path, pipeline=FakePipeline(hold_sentences=hold))
    seen = Observer(Metrics(list, lambda: None), None, None)
    steps = seen.observed(stage.pipeline).stream("Who found it?")  # type: ignore[arg-type]
    assert isinstance(next(steps), Retrieved)
    steps.close()
    text = seen.metrics.text(lambda index: True).decode()
    assert 'rag_question_failures_total{index="default",type="cancelled"} 1.0' in text
    assert "rag_questions_in_progress 0.0" in text
