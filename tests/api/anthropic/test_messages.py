"""Anthropic's interface: the real `anthropic` package against a real server on loopback, with fakes behind it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import anthropic
import pytest

from api.anthropic.blocks import MessageHead, MessageText, TextBlock
from api.openai.chat_text import Told
from api.openai.limits import Cutter
from api.routes.links import Links
from rag.errors import ModelError, Overloaded
from rag.state.keys import Keys
from rag.types import NextClaim
from tests.api.fakes import END, PUMPS, SENTENCE, SHOWN, START, Stage, answered
from tests.api.site import Site, serving_site

pytestmark = pytest.mark.servers

MODEL = "rag/default"
QUESTION: Any = [{"role": "user", "content": "Who found it?"}]
PLACE = {
    "type": "char_location",
    "cited_text": SENTENCE,
    "document_index": 0,
    "document_title": PUMPS.title,
    "file_id": PUMPS.id,
    "start_char_index": START,
    "end_char_index": END,
}


def test_a_sentence_is_a_block_with_the_characters_that_it_cites(client: anthropic.Anthropic) -> None:
    found = client.messages.create(model=MODEL, max_tokens=500, messages=QUESTION)
    (block,) = found.content
    assert block.type == "text"
    assert block.text == SHOWN
    (cited,) = block.citations or []
    assert cited.to_dict() == PLACE
    assert PUMPS.text[START:END] == SENTENCE
    assert (found.role, found.type, found.model, found.stop_reason) == ("assistant", "message", MODEL, "end_turn")
    assert (found.usage.input_tokens, found.usage.output_tokens) == (180, len(SHOWN.split()))
    rag = found.to_dict()["rag"]
    assert isinstance(rag, dict)
    assert rag["cited_documents"] == [{"id": PUMPS.id, "title": PUMPS.title, "source": PUMPS.source}]
    assert (rag["answered"], rag["confidence"]) == (True, 0.83)


def test_a_stream_says_the_same(client: anthropic.Anthropic) -> None:
    with client.messages.stream(model=MODEL, max_tokens=500, messages=QUESTION) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_message()
    assert [kind for kind in kinds if kind not in ("text", "citation")] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    (block,) = final.content
    assert block.type == "text"
    assert (block.text, [cited.to_dict() for cited in block.citations or []]) == (SHOWN, [PLACE])
    assert (final.stop_reason, final.usage.input_tokens, final.usage.output_tokens) == (
        "end_turn",
        180,
        len(SHOWN.split()),
    )


def test_a_refusal_has_no_citations(client: anthropic.Anthropic) -> None:
    found = client.messages.create(model=MODEL, max_tokens=500, messages=[{"role": "user", "content": "Is it far?"}])
    (block,) = found.content
    assert block.type == "text"
    assert (block.text[:33], block.citations) == ("The documents do not answer this.", None)


def test_turns_options_and_unknown_fields(client: anthropic.Anthropic, site: Site) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aaaa"}}
    turns: Any = [
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Iron."}]},
        *QUESTION,
    ]
    found = client.messages.create(
        model=MODEL,
        max_tokens=500,
        messages=turns,
        system=[{"type": "text", "text": "Be brief."}],
        extra_body={"k": 3, "fliters": 1, "metadata": {"user_id": "7", "mode": "extract"}, "temperature": 0.5},
    )
    assert site.stage.pipeline.calls[-1] == ("Who found it?", "extract", 3)
    assert [turn.content for turn in site.stage.pipeline.histories[-1]] == ["What is this?", "Iron."]
    assert found.to_dict()["warnings"] == ["the field 'fliters' is unknown and has no effect: did you mean 'filters'?"]


def test_where_the_text_ends(client: anthropic.Anthropic) -> None:
    cut = client.messages.create(model=MODEL, max_tokens=1, messages=QUESTION)
    assert (cut.content, cut.stop_reason) == ([], "max_tokens")
    stopped = client.messages.create(model=MODEL, max_tokens=500, messages=QUESTION, stop_sequences=["zzz", ", see"])
    assert [block.to_dict()["text"] for block in stopped.content] == ["Ada Byron"]
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", ", see")


def test_a_title_needs_no_index(client: anthropic.Anthropic, site: Site) -> None:
    task = 'Give {"title": "x"}\n<chat_history>\nUSER: Who found the pump?\n</chat_history>'
    messages: Any = [{"role": "user", "content": task}]
    found = client.messages.create(model=MODEL, max_tokens=50, messages=messages)
    with client.messages.stream(model=MODEL, max_tokens=50, messages=messages) as stream:
        text = stream.get_final_text()
    assert json.loads(text) == {"title": "Who found the pump"}
    assert (found.content[0].to_dict()["text"], site.stage.pipeline.calls) == (text, [])


@pytest.mark.parametrize(
    ("change", "kind", "type_", "message"),
    [
        ({"model": "claude"}, anthropic.NotFoundError, "not_found_error", "the model 'claude' does not exist"),
        ({"messages": []}, anthropic.BadRequestError, "invalid_request_error", "messages: List should have at least 1"),
        (
            {"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]},
            anthropic.BadRequestError,
            "invalid_request_error",
            "messages[0].content[0]: only text can be read here, not document",
        ),
        ({"tool_choice": {"type": "any"}}, anthropic.BadRequestError, "invalid_request_error", "tool_choice: no tools"),
        ({"max_tokens": 0}, anthropic.BadRequestError, "invalid_request_error", "max_tokens: Input should be greater"),
        (
            {"extra_body": {"strict": True, "x": 1}},
            anthropic.UnprocessableEntityError,
            "invalid_request_error",
            "the field 'x' is unknown",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused(client: anthropic.Anthropic, change: Any, kind: Any, type_: str, message: str) -> None:
    with pytest.raises(kind) as caught:
        client.messages.create(**({"model": MODEL, "max_tokens": 50, "messages": QUESTION} | change))
    body = caught.value.body
    assert (body["type"], body["error"]["type"]) == ("error", type_)
    assert body["error"]["message"].startswith(message)


@pytest.mark.parametrize("stream", [False, True])
def test_a_full_queue_and_a_broken_model_have_their_status(
    client: anthropic.Anthropic, site: Site, stream: bool
) -> None:
    site.stage.pipeline.error = Overloaded("the queue is full", 2.1)
    with pytest.raises(anthropic.RateLimitError) as full:
        client.messages.create(model=MODEL, max_tokens=50, messages=QUESTION, stream=stream)
    assert full.value.response.headers["retry-after"] == "3"
    site.stage.pipeline.error = ModelError("no model")
    with pytest.raises(anthropic.InternalServerError) as broken:
        client.messages.create(model=MODEL, max_tokens=50, messages=QUESTION, stream=stream)
    assert (broken.value.status_code, broken.value.body) == (
        503,
        {"type": "error", "error": {"type": "overloaded_error", "message": "no model"}},
    )


def test_what_fails_after_the_response_began_ends_the_stream(
    client: anthropic.Anthropic, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.work.events.SILENCE_S", 0.05)
    hold = site.stage.pipeline.hold_sentences = threading.Event()
    site.stage.pipeline.late_error = ModelError("gone")
    stream = client.messages.create(model=MODEL, max_tokens=50, messages=QUESTION, stream=True)
    hold.set()
    with pytest.raises(anthropic.APIStatusError, match="gone"):
        list(stream)


def test_a_key_is_sent_as_the_package_sends_it(tmp_path: Path) -> None:
    with serving_site(Stage(tmp_path / "indexes", more={"auth": "keys"})) as site:
        _, secret = Keys(site.stage.indexes_dir).add("agent", ["read"], None)
        with anthropic.Anthropic(base_url=site.address, api_key=secret, max_retries=0) as client:
            assert client.messages.create(model=MODEL, max_tokens=50, messages=QUESTION).stop_reason == "end_turn"
        with (
            anthropic.Anthropic(base_url=site.address, api_key="rag_x", max_retries=0) as client,
            pytest.raises(anthropic.AuthenticationError),
        ):
            client.messages.create(model=MODEL, max_tokens=50, messages=QUESTION)


def test_what_stands_between_sentences_is_a_block_without_citations() -> None:
    answer = answered("Who?")
    text = MessageText(
        MessageHead("msg_1", MODEL), Told("annotations", Links("http://x", "default"), Cutter([], None, len))
    )
    blocks = text.add(text.told.step(NextClaim(answer.claims[0], answer.citations, "Found:\n- ")))
    blocks += text.add(text.told.step(NextClaim(answer.claims[0], answer.citations, "\n- ")))
    assert blocks == [
        TextBlock("Found:\n- "),
        TextBlock(SHOWN, (PLACE,)),
        TextBlock("\n- "),
        TextBlock(SHOWN, (PLACE,)),
    ]


def test_the_rest_of_a_sentence_that_was_held_back_has_its_citations() -> None:
    answer = answered("Who?")
    told = Told("annotations", Links("http://x", "default"), Cutter([f"{SHOWN[-3:]} more"], None, len))
    text = MessageText(MessageHead("msg_1", MODEL), told)
    first = text.add(told.step(NextClaim(answer.claims[0], answer.citations)))
    last = text.add(told.step(answer))
    assert (first, last) == ([TextBlock(SHOWN[:-3])], [TextBlock(SHOWN[-3:], (PLACE,))])
