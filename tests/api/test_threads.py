"""The gate for blocking work: whatever ends a request gives its work up, no kind of work waits behind another, and the
event loop never works for long by itself."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.work import threads as gate
from api.work.threads import Threads
from rag.deadline import Deadline
from rag.errors import Cancelled, DeadlineExceeded, Overloaded
from tests.api.fakes import FakePipeline, Stage, serving

LONG_S = 30.0
STILL_S = 0.05  # of its own processor time, in which the event loop serves nobody else


class Work:
    """Works until its deadline is over, and notes how it ended."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.ended: list[str] = []

    def __call__(self, deadline: Deadline) -> str:
        self.begun.release()
        until = time.monotonic() + LONG_S
        while time.monotonic() < until:
            try:
                deadline.check()
            except Exception as error:
                self.ended.append(type(error).__name__)
                raise
            time.sleep(0.002)
        return "never given up"


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def test_a_cancelled_request_gives_up_its_work_and_its_place_is_free_when_that_has_ended() -> None:
    async def go() -> None:
        threads, work = Threads(1, LONG_S), Work()
        tasks = [asyncio.create_task(threads.question(work)) for _ in range(1 + gate.SPARE)]
        for _ in tasks:
            await asyncio.to_thread(work.begun.acquire)
        with pytest.raises(Overloaded, match="5 questions are being answered or wait already"):
            await threads.question(work)
        for task in tasks:
            task.cancel()
        await until(lambda: len(work.ended) == 5)
        await until(lambda: threads._questions.taken == 0)
        assert work.ended == ["Cancelled"] * 5

    run(go)


def test_a_client_that_leaves_gives_up_work_of_every_kind_also_before_it_has_begun() -> None:
    async def go() -> None:
        threads, work, left = Threads(1, LONG_S), Work(), asyncio.Event()

        async def receive() -> dict[str, Any]:
            await left.wait()
            return {"type": "http.disconnect"}

        first = [asyncio.create_task(threads.costly(work, LONG_S, receive)) for _ in range(gate.COSTLY)]
        for _ in first:
            await asyncio.to_thread(work.begun.acquire)
        waiting = asyncio.create_task(threads.costly(work, LONG_S, receive))
        question = asyncio.create_task(threads.question(work, receive))
        await asyncio.to_thread(work.begun.acquire)
        left.set()
        for task in (*first, waiting, question):
            with pytest.raises(Cancelled):
                await task
        assert work.ended == ["Cancelled"] * 3  # the one that waited never began

    run(go)


def test_costly_work_has_a_time_of_its_own_from_its_beginning() -> None:
    async def go() -> None:
        work = Work()
        with pytest.raises(DeadlineExceeded, match=r"longer than 0\.05 s, which is the limit: ask for less at once"):
            await Threads(1, LONG_S).costly(work, 0.05)
        assert work.ended == ["DeadlineExceeded"]

    run(go)


def test_a_call_that_waits_for_a_thread_is_told_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        monkeypatch.setattr(gate, "READ_S", 0.1)
        threads, hold, done = Threads(1, LONG_S), threading.Event(), []
        taken = [
            asyncio.create_task(threads.writing(lambda: done.append(hold.wait(LONG_S)))) for _ in range(gate.WRITERS)
        ]
        await until(lambda: threads._writers.taken == gate.WRITERS)
        with pytest.raises(DeadlineExceeded, match=r"longer than 0\.1 s"):
            await threads.writing(lambda: done.append(False))
        hold.set()
        await asyncio.gather(*taken)  # what has begun to write goes on to its end
        await until(lambda: threads._writers.taken == 0)
        assert done == [True] * gate.WRITERS

    run(go)


def test_a_reader_that_a_disk_holds_up_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        monkeypatch.setattr(gate, "READ_S", 0.1)
        threads, hold = Threads(1, LONG_S), threading.Event()
        with pytest.raises(DeadlineExceeded, match=r"longer than 0\.1 s"):
            await threads.reading(lambda: hold.wait(LONG_S))
        assert threads._readers.taken == 1
        hold.set()
        await until(lambda: threads._readers.taken == 0)

    run(go)


def test_a_cancelled_request_that_waits_is_cancelled_not_late() -> None:
    async def go() -> None:
        threads, hold = Threads(1, LONG_S), threading.Event()
        tasks = [asyncio.create_task(threads.writing(lambda: hold.wait(LONG_S))) for _ in range(gate.WRITERS + 1)]
        await until(lambda: threads._writers.taken == gate.WRITERS + 1)
        tasks[-1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[-1]
        hold.set()
        assert await asyncio.gather(*tasks[:-1]) == [True] * gate.WRITERS

    run(go)


def test_figures_that_cannot_be_looked_up_are_a_504(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Stage(tmp_path)) as client:
        monkeypatch.setattr(gate, "PROBE_S", 0.05)
        hold = threading.Event()
        monkeypatch.setattr(client.app.state.metrics, "text", lambda sees: hold.wait(LONG_S))  # type: ignore[attr-defined]
        late = client.get("/metrics")
        hold.set()
    assert (late.status_code, late.json()["error"]["type"]) == (504, "deadline_exceeded")


def test_the_end_of_the_service_gives_up_all_work() -> None:
    async def go() -> None:
        threads, work = Threads(1, LONG_S), Work()
        task = asyncio.create_task(threads.question(work))
        await asyncio.to_thread(work.begun.acquire)
        await asyncio.to_thread(threads.close)
        assert work.ended == ["Cancelled"]
        with pytest.raises(Cancelled):
            await task

    run(go)


def test_probes_answer_while_every_other_thread_is_taken(tmp_path: Path) -> None:
    hold = threading.Event()

    class Held(FakePipeline):
        def documents(self) -> Any:
            hold.wait(LONG_S)
            return super().documents()

    with serving(Stage(tmp_path, pipeline=Held())) as client:
        many = [threading.Thread(target=client.get, args=("/v1/documents",)) for _ in range(gate.READERS + 3)]
        for one in many:
            one.start()
        began = time.monotonic()
        assert client.get("/readyz").json()["ready"]
        assert client.get("/healthz").status_code == 200
        assert time.monotonic() - began < gate.PROBE_S
        hold.set()
        for one in many:
            one.join()


def test_readiness_that_cannot_be_looked_up_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path)
    with serving(stage) as client:
        monkeypatch.setattr(gate, "PROBE_S", 0.05)
        hold = threading.Event()
        monkeypatch.setattr(client.app.state.served, "missing", lambda: [] if hold.wait(1) else [])  # type: ignore[attr-defined]
        slow = client.get("/readyz")
        hold.set()
    assert (slow.status_code, slow.json()["missing"]) == (
        503,
        ["the state of the index and of the models could not be looked up within 5 s: see what keeps them busy"],
    )


def test_what_is_checked_is_limited_by_its_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"answer": "The mill cost 900 pounds. " * 150, "passages": ["The mill was old. " * 10_000]}
    with serving(Stage(tmp_path)) as client:
        refused = client.post("/v1/faithfulness", json=body)
        assert (refused.status_code, refused.json()["error"]) == (
            422,
            {
                "type": "invalid_request",
                "message": "150 claims against 180,000 characters of passages are 27,000,000 to compare and the limit "
                "is 20,000,000: check the answer in parts, or against fewer passages",
                "param": "passages",
            },
        )
        monkeypatch.setattr("api.routes.questions.CHECK_S", 0.001)
        late = client.post("/v1/faithfulness", json=body | {"passages": ["The mill was old. " * 6_000]})
        assert (late.status_code, late.json()["error"]["type"]) == (504, "deadline_exceeded")


Shape = Callable[[int], bytes]  # the body with that many values, if they fit into a megabyte
FEW = 9_000  # values in a body that is parsed


def many(item: str, before: str, after: str) -> Shape:
    def body(values: int) -> bytes:
        times = min(values // max(1, item.count(":")), (990_000 - len(before) - len(after)) // (len(item) + 1))
        return (before + ",".join([item] * times) + after).encode()

    return body


def keys(value: str, before: str, after: str) -> Shape:
    def body(values: int) -> bytes:
        times = min(values, 900_000 // (9 + len(value)))
        return (before + ",".join(f'"k{n}":{value}' for n in range(times)) + after).encode()

    return body


QUESTION = (
    '{"question":"Who?","query":"Who?","answer":"a","model":"rag/default","messages":[{"role":"user","content":"Who?"}]'
)
SHAPES = {
    "many wrong messages": many("0", '{"model":"rag/default","messages":[', "]}"),
    "many messages": many('{"role":"user","content":"a"}', '{"model":"rag/default","messages":[', "]}"),
    "wrong parts": many("0", '{"model":"rag/default","messages":[{"role":"user","content":[', "]}]}"),
    "many parts": many(
        '{"type":"text","text":""}', '{"model":"rag/default","messages":[{"role":"user","content":[', "]}]}"
    ),
    "wrong stops": many("0", f'{QUESTION},"stop":[', "]}"),
    "wrong inputs": many("0", '{"model":"all-MiniLM-L6-v2","input":[', "]}"),
    "many inputs": many('"a"', '{"model":"all-MiniLM-L6-v2","input":[', "]}"),
    "wrong history": many("0", f'{QUESTION},"history":[', "]}"),
    "much history": many('{"role":"user","content":"a"}', f'{QUESTION},"history":[', "]}"),
    "wrong passages": many("0", '{"answer":"a","passages":[', "]}"),
    "many passages": many('"a"', '{"answer":"a","passages":[', "]}"),
    "wrong filters": keys("0", f'{QUESTION},"filters":{{', "}}"),
    "many filters": keys('"a"', f'{QUESTION},"filters":{{', "}}"),
    "wrong values of a filter": many("0", f'{QUESTION},"filters":{{"type":[', "]}}"),
    "many values of a filter": many('"a"', f'{QUESTION},"filters":{{"type":[', "]}}"),
    "unknown fields": keys("0", f"{QUESTION},", "}"),
    "many conditions": many(
        '{"name":"a","comparison_operator":"is","value":"b"}',
        '{"knowledge_id":"default","query":"Who?","metadata_condition":{"conditions":[',
        "]}}",
    ),
    "many items": many('{"role":"user","content":"a"}', '{"model":"rag/default","input":[', "]}"),
    "wrong items": many('{"type":"message","content":[0]}', '{"model":"rag/default","input":[', "]}"),
    "many tools": many('{"type":"a"}', '{"model":"rag/default","input":"Who?","tools":[', "]}"),
    "many stop sequences": many('"a"', f'{QUESTION},"stop_sequences":[', "]}"),
    "many texts": many('{"text":"Who?"}', '{"query":"Who?","documents":[', "]}"),
    "wrong texts": many('{"txt":0}', '{"query":"Who?","documents":[', "]}"),
}
BODIES = {
    "deep": b"[" * 990_000,
    "deep objects": b'{"a":' * 190_000,
    "a long number": b'{"question":"Who?","k":' + b"1" * 900_000 + b"}",
    "a long question": json.dumps({"question": "who " * 240_000, "query": "who " * 240_000}).encode(),
    "a long chat": json.dumps(
        {"model": "rag/default", "messages": [{"role": "user", "content": "<chat_history>" * 70_000}]}
    ).encode(),
    "a long knowledge": json.dumps({"knowledge_id": "k" * 400_000, "query": "q" * 400_000}).encode(),
    "a long chat of a front-end": json.dumps(
        {
            "model": "rag/default",
            "messages": [{"role": "user", "content": "{ " * 450_000 + "<chat_history></chat_history>"}],
        }
    ).encode(),
    "a front-end's long turns": json.dumps(
        {
            "model": "rag/default",
            "messages": [{"role": "user", "content": f"<chat_history>{'user:x ' * 140_000}</chat_history>{{'title':"}],
        }
    ).encode(),
    "JSON in metadata": json.dumps(
        {
            "model": "rag/default",
            "messages": [{"role": "user", "content": "Who?"}],
            "input": "Who?",
            "max_tokens": 9,
            "metadata": {"filters": "{" + ",".join(f'"{n}":{{}}' for n in range(75_000)) + "}"},
        }
    ).encode(),
    "a long reference": json.dumps(
        {
            "model": "rag/default",
            "messages": [{"role": "user", "content": "Who?"}],
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "schema": {
                        "properties": {
                            field: {"$ref": "#/x"} for field in ("answer", "sure", "confidence", "citations")
                        },
                        "x": {"$ref": "#/" + "/".join("a" * 450_000)},
                    }
                },
            },
        }
    ).encode(),
    "a long name": json.dumps({"model": "m" * 990_000, "input": "a", "messages": []}).encode(),
} | {f"{name}, {count:,}": shape(count) for name, shape in SHAPES.items() for count in (FEW, 990_000)}
PATHS = (
    "/v1/ask /v1/search /v1/search/external /retrieval /v1/rerank /v1/faithfulness /v1/chat/completions "
    "/v1/responses /v1/messages /v1/embeddings"
).split()


async def beat(worst: list[float]) -> None:
    before = time.thread_time()
    while True:
        await asyncio.sleep(0)
        now = time.thread_time()
        worst.append(now - before)
        before = now


async def longest(client: httpx2.AsyncClient, path: str, body: bytes) -> float:
    """The longest time, in seconds of its own, for which a request kept the loop."""
    worst: list[float] = []
    beating = asyncio.create_task(beat(worst))
    await asyncio.sleep(0)
    response = await client.post(path, content=body, headers={"content-type": "application/json"})
    await asyncio.sleep(0)
    beating.cancel()
    assert response.status_code < 500, response.text
    return max(worst)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.no_cover
def test_the_loop_never_stands_still(tmp_path: Path, path: str) -> None:
    slow: dict[str, float] = {}

    async def go() -> None:
        app = Stage(tmp_path).app()
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client,
        ):
            await client.post(path, json={})
            for name, body in BODIES.items():
                took: list[float] = []  # the least counts: the others hold what does not come from the body
                while len(took) < 3 and min(took, default=1.0) > STILL_S:
                    took.append(await longest(client, path, body))
                if min(took) > STILL_S:
                    slow[name] = min(took)

    gc.collect()
    gc.freeze()  # what the tests before left behind is not looked through on the loop
    try:
        run(go)
    finally:
        gc.unfreeze()
    assert slow == {}
