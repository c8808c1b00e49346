"""OpenAI's Responses API: the real `openai` package against a real server on loopback, with fakes behind it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import openai
import pytest
from openai.types.responses import response_create_params

from api.observing.traces import Traces
from api.openai.conversations import MOST, Conversations, answer_id
from api.openai.errors import Refused
from api.openai.response_schemas import ResponsesRequest
from api.openai.responses import WITHOUT_EFFECT
from rag.errors import ModelError, Overloaded
from rag.settings import Settings
from rag.state.keys import Keys
from rag.traces.collect import Trace
from rag.types import Filters, Message
from tests.api.fakes import END, PUMPS, SHOWN, START, Stage, answered, serving
from tests.api.site import Site

pytestmark = pytest.mark.servers

MODEL = "rag/default"
FILES: Any = [{"type": "file_search", "vector_store_ids": ["x"]}]


def test_an_answer_with_an_annotation_of_its_address(client: openai.OpenAI) -> None:
    found = client.responses.create(model=MODEL, input="Who found it?", metadata={"chat": "7"})
    (item,) = found.output
    assert item.type == "message"
    (part,) = item.content
    assert part.type == "output_text"
    assert (found.status, found.output_text, part.text, found.model) == ("completed", SHOWN, SHOWN, MODEL)
    (cited,) = part.annotations
    assert cited.type == "url_citation"
    assert (cited.title, part.text[cited.start_index : cited.end_index]) == ("Pumps 😀, page 3", SHOWN)
    assert parse_qs(urlsplit(cited.url).fragment) == {
        "document": [PUMPS.id],
        "index": ["default"],
        "start": [str(START)],
        "end": [str(END)],
    }
    words = len(SHOWN.split())
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.total_tokens) == (180, words, 180 + words)
    assert (found.metadata, found.tools, found.incomplete_details) == ({"chat": "7"}, [], None)
    extra = found.model_dump()
    assert (extra["rag"]["answered"], extra["rag"]["confidence"], "warnings" in extra) == (True, 0.83, False)


def test_with_the_tool_of_files_citations_are_of_files(client: openai.OpenAI) -> None:
    found = client.responses.create(
        model=MODEL, input="Who found it?", tools=FILES, tool_choice={"type": "file_search"}
    )
    assert found.to_dict()["output"][0]["content"][0]["annotations"] == [  # type: ignore[index]
        {
            "type": "file_citation",
            "file_id": PUMPS.id,
            "filename": PUMPS.title,
            "index": len(SHOWN),
        }
    ]


@pytest.mark.parametrize("tools", [None, FILES])
def test_a_stream_says_the_same(client: openai.OpenAI, tools: Any) -> None:
    whole = client.responses.create(model=MODEL, input="Who found it?", tools=tools or openai.omit)
    events = list(client.responses.create(model=MODEL, input="Who found it?", tools=tools or openai.omit, stream=True))
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(10))
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == whole.output_text
    assert last.response.output[0].content == whole.output[0].content  # type: ignore[union-attr]
    annotation = events[5]
    assert annotation.type == "response.output_text.annotation.added"
    expected = whole.to_dict()["output"][0]["content"][0]["annotations"][0]  # type: ignore[index]
    assert annotation.to_dict()["annotation"] == expected
    assert last.response.id == events[0].response.id  # type: ignore[union-attr]


def test_the_stream_helper_joins_the_text(client: openai.OpenAI) -> None:
    with client.responses.stream(model=MODEL, input="Is it far?") as stream:
        deltas = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert deltas == final.output_text
    assert final.output_text.startswith("The documents do not answer this.")
    assert final.model_dump()["rag"]["abstained"] == "no_evidence"


def test_the_response_before_is_continued(client: openai.OpenAI, site: Site) -> None:
    first = client.responses.create(model=MODEL, input="Who found it?")
    second = client.responses.create(model=MODEL, input="Who sold it?", previous_response_id=first.id)
    client.responses.create(model=MODEL, input="Who else?", previous_response_id=second.id, stream=True).close()
    turns = [[(turn.role, turn.content) for turn in history] for history in site.stage.pipeline.histories]
    said = ("assistant", "Ada Byron, see [1] there [1].")
    assert turns[1] == [("user", "Who found it?"), said]
    assert turns[2] == [*turns[1], ("user", "Who sold it?"), said]
    assert second.previous_response_id == first.id


def test_what_is_not_stored_cannot_be_continued(client: openai.OpenAI) -> None:
    for id in (client.responses.create(model=MODEL, input="Who?", store=False).id, "resp_none"):
        with pytest.raises(
            openai.BadRequestError, match="no response 'resp_.*' is kept: send the earlier turns"
        ) as why:
            client.responses.create(model=MODEL, input="Who?", previous_response_id=id)
        assert (why.value.param, why.value.code) == ("previous_response_id", "previous_response_not_found")


def test_a_streamed_response_is_continued(client: openai.OpenAI, site: Site) -> None:
    *_, last = client.responses.create(model=MODEL, input="Who found it?", stream=True)
    assert last.type == "response.completed"
    client.responses.create(model=MODEL, input="Who sold it?", previous_response_id=last.response.id)
    assert [turn.content for turn in site.stage.pipeline.histories[-1]][:1] == ["Who found it?"]


def test_turns_of_the_input_are_a_conversation(client: openai.OpenAI, site: Site) -> None:
    turns: Any = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "What is rusty?"}, {"type": "input_image"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": [{"odd": 1}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "The pump [1]."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "Who found it?"}]},
    ]
    assert client.responses.create(model=MODEL, input=turns).output_text == SHOWN
    assert [(turn.role, turn.content) for turn in site.stage.pipeline.histories[-1]] == [
        ("user", "What is rusty?"),
        ("assistant", "The pump [1]."),
    ]


def test_options_limits_and_unknown_fields(client: openai.OpenAI, site: Site) -> None:
    found = client.responses.create(
        model=MODEL, input="Who found it?", metadata={"k": "3", "mode": "extract"}, extra_body={"fliters": 1}
    )
    assert site.stage.pipeline.calls[-1] == ("Who found it?", "extract", 3)
    assert found.model_dump()["warnings"] == [
        "the field 'fliters' is unknown and has no effect: did you mean 'filters'?"
    ]
    filters: Any = {"filters": {"type": "md"}}
    client.responses.create(model=MODEL, input="Who found it?", extra_body=filters)
    assert site.stage.pipeline.calls.pop() == ("Who found it?", None, None, Filters(types=("md",)))
    cut = client.responses.create(model=MODEL, input="Who found it?", max_output_tokens=1)
    assert (cut.status, cut.output_text) == ("incomplete", "")
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"
    footnotes = client.responses.create(model=MODEL, input="Who found it?", extra_body={"citations": "footnotes"})
    assert "[^1]: [Pumps 😀, page 3](" in footnotes.output_text


def test_a_title_needs_no_index(client: openai.OpenAI, site: Site) -> None:
    task = 'Give {"title": "x"}\n<chat_history>\nUSER: Who found the pump?\n</chat_history>'
    found = client.responses.create(model=MODEL, input=task)
    assert json.loads(found.output_text) == {"title": "Who found the pump"}
    *_, last = client.responses.create(model=MODEL, input=task, stream=True)
    assert last.type == "response.completed"
    assert (last.response.output_text, site.stage.pipeline.calls) == (found.output_text, [])


@pytest.mark.parametrize(
    ("change", "kind", "param", "code"),
    [
        ({"model": "gpt-4o"}, openai.NotFoundError, "model", "model_not_found"),
        ({"input": []}, openai.BadRequestError, "input", "invalid_value"),
        ({"input": " "}, openai.BadRequestError, "input", "invalid_value"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]},
            openai.BadRequestError,
            "input[0].content[0]",
            "unsupported_content",
        ),
        ({"background": True}, openai.BadRequestError, "background", "unsupported_value"),
        ({"conversation": "conv_1"}, openai.BadRequestError, "conversation", "unsupported_value"),
        ({"prompt": {"id": "p"}}, openai.BadRequestError, "prompt", "unsupported_value"),
        ({"tool_choice": "required"}, openai.BadRequestError, "tool_choice", "unsupported_value"),
        ({"text": {"format": {"type": "json_object"}}}, openai.BadRequestError, "text.format", "unsupported_value"),
        ({"max_output_tokens": 0}, openai.BadRequestError, "max_output_tokens", "invalid_value"),
        ({"extra_body": {"strict": True, "x": 1}}, openai.UnprocessableEntityError, "x", "unknown_parameter"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused(client: openai.OpenAI, change: Any, kind: Any, param: str, code: str) -> None:
    with pytest.raises(kind) as caught:
        client.responses.create(**({"model": MODEL, "input": "Who?"} | change))
    assert (caught.value.param, caught.value.code, caught.value.type) == (param, code, "invalid_request_error")


@pytest.mark.parametrize("stream", [False, True])
def test_a_full_queue_has_its_status(client: openai.OpenAI, site: Site, stream: bool) -> None:
    site.stage.pipeline.error = Overloaded("the queue is full", 2.1)
    with pytest.raises(openai.RateLimitError) as full:
        client.responses.create(model=MODEL, input="Who?", stream=stream)
    assert full.value.response.headers["retry-after"] == "3"


def test_what_fails_after_the_response_began_is_an_event(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.work.events.SILENCE_S", 0.05)
    site.stage.pipeline.late_error = ModelError("gone")
    body = {"model": MODEL, "input": "Who?", "stream": True}
    hold = site.stage.pipeline.hold_sentences = threading.Event()
    with httpx2.stream("POST", f"{site.address}/v1/responses", json=body, timeout=30) as response:
        hold.set()
        text = "".join(response.iter_text())
    data = json.loads(text.split("data: ")[-1])
    assert data == {"type": "error", "sequence_number": 0, "code": "model_error", "message": "gone", "param": None}


def test_only_fields_that_are_refused_or_known_are_of_the_openai_package() -> None:
    fields = {*response_create_params.ResponseCreateParamsBase.__annotations__, "stream"}
    assert fields - set(ResponsesRequest.model_fields) - WITHOUT_EFFECT == set()


def test_responses_are_held_up_to_a_number_and_only_those_that_the_caller_may_see(tmp_path: Path) -> None:
    held = Conversations(Traces(Settings(indexes_dir=tmp_path), lambda: None))
    for number in range(MOST + 1):
        held.keep(f"resp_{number}", "default", [Message("user", "x" * 9000)] * 20)
    assert [len(turn.content) for turn in held.turns("resp_1")] == [4000] * 12
    with pytest.raises(Refused):
        held.turns("resp_0")
    assert held.turns(None) == ()


def test_a_stored_text_is_continued_by_another_process(tmp_path: Path) -> None:
    traces = Traces(Settings(indexes_dir=tmp_path, trace_text=True), lambda: None)
    answer = replace(answered("Who sold it?"), id=answer_id("resp_5f"), resolved_question="Who sold the pump?")
    traces.keep(answer, Trace())
    assert Conversations(traces).turns("resp_5f") == (
        Message("user", "Who sold the pump?"),
        Message("assistant", answer.answer),
    )


def test_of_a_response_that_is_not_stored_no_trace_is_kept(tmp_path: Path) -> None:
    with serving(Stage(tmp_path / "indexes")) as client:
        for store, status in ((False, 404), (True, 200)):
            client.post("/v1/responses", json={"model": MODEL, "input": "Who?", "store": store})
            assert client.get("/v1/answers/ans_1").status_code == status


def test_a_response_of_a_hidden_index_is_not_known(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "indexes", more={"auth": "keys"})
    with serving(stage) as client:
        keys = Keys(stage.indexes_dir)
        all_, one = (
            {"Authorization": f"Bearer {keys.add(name, ['read'], indexes)[1]}"}
            for name, indexes in (("all", None), ("one", ["other"]))
        )
        first = client.post("/v1/responses", json={"model": MODEL, "input": "Who?"}, headers=all_).json()["id"]
        body = {"model": "rag/other", "input": "Who?", "previous_response_id": first}
        assert client.post("/v1/responses", json=body, headers=one).json()["error"]["code"] == (
            "previous_response_not_found"
        )
        assert client.post("/v1/responses", json=body, headers=all_).status_code == 200
