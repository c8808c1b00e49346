"""The real `openai` package against a real server on loopback, with fakes for models and index."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import numpy as np
import openai
import pytest

from rag.errors import ModelError, Overloaded
from rag.index.schema import CATALOGUE_FILE, create_catalogue
from rag.types import Filters, MadeWith
from tests.api.fakes import END, PUMPS, SENTENCE, SHOWN, START
from tests.api.site import Site
from tests.api.test_stream import events
from tests.test_serialise import ANSWERED, CITATION, CLAIM, PASSAGES

pytestmark = pytest.mark.servers

MODEL = "rag/default"
QUESTION: Any = [{"role": "user", "content": "Who found it?"}]
AIOHTTP = {"User-Agent": "Python/3.12 aiohttp/3.13.2"}  # what Open WebUI calls with
REFUSAL = "The documents do not answer this."


def test_an_answer_with_its_annotation_and_its_usage(client: openai.OpenAI, site: Site) -> None:
    found = client.chat.completions.create(model=MODEL, messages=QUESTION)
    (choice,) = found.choices
    assert (found.object, found.model, found.id[:9]) == ("chat.completion", MODEL, "chatcmpl-")
    assert (choice.index, choice.finish_reason, choice.message.role, choice.message.content) == (
        0,
        "stop",
        "assistant",
        SHOWN,
    )
    (annotation,) = choice.message.annotations or []
    cited = annotation.url_citation
    assert SHOWN[cited.start_index : cited.end_index] == SHOWN
    assert cited.title == "Pumps 😀, page 3"
    place = parse_qs(urlsplit(cited.url).fragment)
    assert cited.url.startswith(f"{site.address}/#")
    assert place == {"document": [PUMPS.id], "index": ["default"], "start": [str(START)], "end": [str(END)]}
    assert PUMPS.text[int(place["start"][0]) : int(place["end"][0])] == SENTENCE
    words = len(SHOWN.split())  # the fake counts words
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.total_tokens) == (
        180,
        words,
        180 + words,
    )
    assert found.model_dump()["rag"] == {
        "id": "ans_1",
        "answered": True,
        "abstained": None,
        "faithfulness": 0.98,
        "confidence": 0.83,
        "sure": True,
        "unanswered": [],
        "documents": [],
        "resolved_question": None,
    }
    assert "sources" not in found.model_dump()


@pytest.mark.parametrize("options", [{"extra_body": {"citations": "openwebui"}}, {"extra_headers": AIOHTTP}])
def test_sources_for_open_webui(client: openai.OpenAI, options: Any) -> None:
    found = client.chat.completions.create(model=MODEL, messages=QUESTION, **options).model_dump()
    chunks = client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True, **options)
    found_status, read_status, event = [
        chunk.model_dump()["event"] for chunk in chunks if "event" in chunk.model_dump()
    ]
    line = {"action": "knowledge_search", "description": "2 passages found in 2 documents"}
    assert found_status == {"type": "status", "data": line | {"done": False}}
    assert read_status == {"type": "status", "data": line | {"done": True}}
    assert event == {"type": "source", "data": found["sources"][0]}
    assert event["data"]["document"] == [SENTENCE]
    assert event["data"]["metadata"][0]["source"] == event["data"]["source"]["url"]
    assert found["choices"][0]["message"]["annotations"] == []


def test_an_abstention_is_a_plain_sentence(client: openai.OpenAI) -> None:
    found = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Is it far?"}])
    content = found.choices[0].message.content or ""
    assert content.startswith(f"{REFUSAL}\n\n- Pumps 😀: “The old 🛠 pump was found by Ada Byron")
    assert content.count("\n") == 3
    assert found.choices[0].message.annotations == []
    assert found.model_dump()["rag"]["abstained"] == "no_evidence"


def test_a_stream_says_the_same(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
    )
    *said, last = chunks
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert said[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in said) == SHOWN
    assert [chunk.choices[0].finish_reason for chunk in said] == [None] * (len(said) - 1) + ["stop"]
    assert all(chunk.usage is None for chunk in said)
    assert (last.choices, last.usage and last.usage.prompt_tokens) == ([], 180)
    assert not any("event" in chunk.model_dump() for chunk in said)


def test_the_stream_helper_joins_the_annotations(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=QUESTION) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    assert message.content == SHOWN
    assert message.annotations is not None
    assert [item.url_citation.end_index for item in message.annotations] == [len(SHOWN)]


def test_async_and_async_streaming(site: Site) -> None:
    async def converse() -> tuple[str | None, str]:
        async with openai.AsyncOpenAI(base_url=f"{site.address}/v1", api_key="none", max_retries=0) as client:
            whole = await client.chat.completions.create(model=MODEL, messages=QUESTION)
            said = ""
            async for chunk in await client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True):
                said += chunk.choices[0].delta.content or ""
            return whole.choices[0].message.content, said

    assert asyncio.run(converse()) == (SHOWN, SHOWN)


def test_models(client: openai.OpenAI) -> None:
    assert [(model.id, model.object, model.owned_by) for model in client.models.list()] == [
        ("rag/default", "model", "rag"),
        ("rag/other", "model", "rag"),
    ]
    assert client.models.retrieve("rag/other").id == "rag/other"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-5")
    assert (caught.value.code, caught.value.type, caught.value.param) == (
        "model_not_found",
        "invalid_request_error",
        "model",
    )


def test_the_model_chooses_the_index(client: openai.OpenAI, site: Site) -> None:
    client.chat.completions.create(model="rag/other", messages=QUESTION)
    assert site.stage.opened[-1] == "other"


def test_embeddings_in_both_encodings(client: openai.OpenAI, site: Site) -> None:
    texts = ["one mill", "two mills"]
    found = client.embeddings.create(model="all-MiniLM-L6-v2", input=texts)  # the package asks for base64
    plain = client.embeddings.create(model="all-MiniLM-L6-v2", input=texts, encoding_format="float")
    assert [item.index for item in found.data] == [0, 1]
    assert np.allclose([item.embedding for item in found.data], [item.embedding for item in plain.data], atol=1e-7)
    expected = [site.stage.models.embedder.embed_query(text) for text in texts]
    assert np.allclose([item.embedding for item in plain.data], expected, atol=1e-6)
    assert (found.usage.prompt_tokens, found.model) == (4, "all-MiniLM-L6-v2")
    single = client.embeddings.create(model="all-MiniLM-L6-v2", input="one mill", dimensions=16)
    assert np.allclose(single.data[0].embedding, expected[0], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "kind", "param", "code"),
    [
        ({"model": "gpt-4o"}, openai.NotFoundError, "model", "model_not_found"),
        ({"model": "default"}, openai.NotFoundError, "model", "model_not_found"),
        ({"model": "rag/../x"}, openai.NotFoundError, "model", "model_not_found"),
        ({"messages": []}, openai.BadRequestError, "messages", "invalid_value"),
        ({"messages": QUESTION * 1000}, openai.BadRequestError, "messages", "invalid_value"),
        (
            {"messages": [{"role": "robot", "content": "x"}]},
            openai.BadRequestError,
            "messages.0.role",
            "invalid_value",
        ),
        ({"messages": [{"role": "user"}]}, openai.BadRequestError, "messages", "invalid_value"),
        ({"messages": [{"role": "user", "content": " "}]}, openai.BadRequestError, "messages", "invalid_value"),
        (
            {"messages": [*QUESTION, {"role": "assistant", "content": "x"}]},
            openai.BadRequestError,
            "messages",
            "invalid_value",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]}
                ]
            },
            openai.BadRequestError,
            "messages[0].content[0]",
            "unsupported_content",
        ),
        ({"n": 2}, openai.BadRequestError, "n", "unsupported_value"),
        ({"logprobs": True}, openai.BadRequestError, "logprobs", "unsupported_value"),
        ({"temperature": 2.1}, openai.BadRequestError, "temperature", "invalid_value"),
        ({"temperature": "hot"}, openai.BadRequestError, "temperature", "invalid_type"),
        ({"max_tokens": 0}, openai.BadRequestError, "max_tokens", "invalid_value"),
        ({"stop": ["a"] * 5}, openai.BadRequestError, "stop", "invalid_value"),
        ({"stream_options": {"include_usage": True}}, openai.BadRequestError, "stream_options", "invalid_value"),
        ({"tool_choice": "required"}, openai.BadRequestError, "tool_choice", "unsupported_value"),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, "response_format", "unsupported_value"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused(client: openai.OpenAI, change: Any, kind: Any, param: str, code: str) -> None:
    with pytest.raises(kind) as caught:
        client.chat.completions.create(**({"model": MODEL, "messages": QUESTION} | change))
    error = caught.value
    assert (error.param, error.code, error.type) == (param, code, "invalid_request_error")
    assert isinstance(error.body, dict)
    assert "\n" not in error.body["message"]


def test_open_webui_is_told_what_is_being_read_while_it_is(site: Site) -> None:
    hold = site.stage.pipeline.hold_sentences = threading.Event()
    body = {"model": MODEL, "messages": QUESTION, "stream": True}
    with httpx2.stream(
        "POST", f"{site.address}/v1/chat/completions", json=body, headers=AIOHTTP, timeout=30
    ) as response:
        pieces = response.iter_text()
        text = ""
        while "passages found" not in text:
            text += next(pieces)
        assert "Ada" not in text  # no sentence is known yet
        hold.set()
        text += "".join(pieces)
    assert text.count("2 passages found in 2 documents") == 2
    assert text.endswith("data: [DONE]\n\n")


def test_options_of_a_question_are_honoured(client: openai.OpenAI, site: Site) -> None:
    fields: Any = {"filters": {"type": "md"}, "mode": "extract", "k": 3, "documents": ["notes/pumps.md"]}
    texts = {"filters": '{"type": "md"}', "mode": "extract", "k": "3", "documents": '["notes/pumps.md"]'}
    for options in ({"extra_body": fields}, {"metadata": texts}):
        found = client.chat.completions.create(model=MODEL, messages=QUESTION, **options)
        assert site.stage.pipeline.calls.pop() == (
            "Who found it?",
            "extract",
            3,
            Filters(documents=("notes/pumps.md",), types=("md",)),
        )
        assert "warnings" not in found.model_dump()


def test_an_unknown_field_is_named_or_refused(client: openai.OpenAI) -> None:
    slip: Any = {"fliters": {"type": "md"}}
    warning = "the field 'fliters' is unknown and has no effect: did you mean 'filters'?"
    found = client.chat.completions.create(model=MODEL, messages=QUESTION, extra_body=slip)
    assert found.model_dump()["warnings"] == [warning]
    *_, last = client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True, extra_body=slip)
    assert last.model_dump()["warnings"] == [warning]
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(model=MODEL, messages=QUESTION, extra_body=slip | {"strict": True})
    assert (caught.value.param, caught.value.code) == ("fliters", "unknown_parameter")
    with pytest.raises(openai.BadRequestError) as wrong:
        client.chat.completions.create(model=MODEL, messages=QUESTION, extra_body={"filters": {"after": "soon"}})
    assert wrong.value.param == "filters"


@pytest.mark.parametrize("tokens", [[9906, 1917], [[9906, 1917]]])
def test_numbers_of_tokens_are_refused_with_the_remedy(client: openai.OpenAI, tokens: Any) -> None:
    with pytest.raises(openai.BadRequestError, match=r"send the texts .*check_embedding_ctx_length=False") as caught:
        client.embeddings.create(model="all-MiniLM-L6-v2", input=tokens)
    assert (caught.value.param, caught.value.code) == ("input", "invalid_value")


def test_a_part_of_an_earlier_turn_that_is_no_text_is_passed_over(client: openai.OpenAI, site: Site) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aaaa"}}
    messages: Any = [
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]},
        {
            "role": "assistant",
            "content": [{"type": "reasoning", "text": [{"a": 1}]}, {"type": "text", "text": "Iron."}],
        },
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]},
        {"role": "assistant", "content": [{"type": "thinking", "text": "They want to know ..."}]},
        *QUESTION,
    ]
    assert client.chat.completions.create(model=MODEL, messages=messages).choices[0].message.content == SHOWN
    turns = [(turn.role, turn.content) for turn in site.stage.pipeline.histories[-1]]
    assert turns == [("user", "What is this?"), ("assistant", "Iron.")]


def test_an_index_that_is_still_being_made_is_not_offered(client: openai.OpenAI, site: Site) -> None:
    folder = site.stage.indexes_dir / "young"
    folder.mkdir()
    create_catalogue(folder, MadeWith("hash-1", 16, "words"))
    try:
        assert "rag/young" not in [model.id for model in client.models.list()]
        with pytest.raises(openai.NotFoundError, match="its index is being made"):
            client.models.retrieve("rag/young")
        with closing(sqlite3.connect(folder / CATALOGUE_FILE)) as connection, connection:
            connection.execute("UPDATE state SET published = 1")
        assert "rag/young" in [model.id for model in client.models.list()]
        assert client.models.retrieve("rag/young").created > 0
    finally:
        shutil.rmtree(folder)


def test_fields_that_clients_send_by_habit_have_no_effect(client: openai.OpenAI) -> None:
    extra = {"seed": 1, "frequency_penalty": 0.5, "user": "ada", "metadata": {"a": "b"}}
    tools: Any = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    found = client.chat.completions.create(
        model=MODEL, messages=QUESTION, temperature=0.7, top_p=1, n=1, tools=tools, extra_body=extra
    )
    assert found.choices[0].message.content == SHOWN
    assert "warnings" not in found.model_dump()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"model": "rag/default", "messages": [{"role": "user", "content": "\xff"}]}', 400),
        (b'{"model": "rag/default", "messages": [{"role": "user", "content": "Who?"}], "temperature": NaN}', 400),
        (b'{"model": "rag/default", "messages": "Who?"}', 400),
        (b'{"model": "rag/default", "messages": [{"role": "user", "content": 5}]}', 400),
        (b'{"messages": [{"role": "user", "content": "Who?"}]}', 400),
        (b"[]", 400),
        (b"", 400),
        (b'{"model": "' + b"x" * 1_000_000 + b'"}', 413),
    ],
    ids=lambda value: str(value)[:60],
)
def test_bodies_that_no_client_makes(site: Site, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    response = httpx2.post(f"{site.address}/v1/chat/completions", content=body, headers=headers)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (status, "invalid_request_error")
    assert set(error) == {"message", "type", "param", "code"}
    assert "\n" not in error["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_full_queue_and_a_broken_model_have_their_status(client: openai.OpenAI, site: Site, stream: bool) -> None:
    site.stage.pipeline.error = Overloaded("the queue is full", 2.1)
    with pytest.raises(openai.RateLimitError) as full:
        client.chat.completions.create(model=MODEL, messages=QUESTION, stream=stream)
    assert (full.value.code, full.value.response.headers["retry-after"]) == ("rate_limit_exceeded", "3")
    site.stage.pipeline.error = None
    site.stage.pipeline.late_error = ModelError("no model")  # after the passages, of which a chat says nothing
    with pytest.raises(openai.InternalServerError) as broken:
        client.chat.completions.create(model=MODEL, messages=QUESTION, stream=stream)
    assert (broken.value.status_code, broken.value.code, broken.value.type) == (503, "model_error", "server_error")


def test_what_fails_after_the_response_began_is_an_error_of_the_stream(
    client: openai.OpenAI, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.work.events.SILENCE_S", 0.05)
    hold = site.stage.pipeline.hold_sentences = threading.Event()
    site.stage.pipeline.late_error = ModelError("gone")
    stream = client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True)  # begins without a word
    hold.set()
    with pytest.raises(openai.APIError, match="gone"):
        list(stream)


def test_history_is_what_was_said_before(client: openai.OpenAI, site: Site) -> None:
    messages: Any = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is"}, {"type": "text", "text": "rusty?"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {}}]},
        {"role": "tool", "tool_call_id": "1", "content": "42"},
        {"role": "assistant", "content": 'The pump [^1].\n\n[^1]: [Pumps](http://x/): "It was rusty."'},
        *QUESTION,
    ]
    client.chat.completions.create(model=MODEL, messages=messages)
    assert site.stage.pipeline.calls[-1][0] == "Who found it?"
    turns = [(turn.role, turn.content) for turn in site.stage.pipeline.histories[-1]]
    assert turns == [("user", "What is\nrusty?"), ("assistant", "The pump [1].")]


def test_long_conversations_are_answered_from_their_end(client: openai.OpenAI, site: Site) -> None:
    messages: Any = [{"role": "user", "content": f"turn {n} " + "x" * 1000} for n in range(400)]
    client.chat.completions.create(model=MODEL, messages=[*messages, *QUESTION])
    assert [turn.content[:8] for turn in site.stage.pipeline.histories[-1]] == [f"turn {n}" for n in range(388, 400)]


def test_footnotes(client: openai.OpenAI, site: Site) -> None:
    found = client.chat.completions.create(model=MODEL, messages=QUESTION, extra_body={"citations": "footnotes"})
    content = found.choices[0].message.content or ""
    text, _, notes = content.partition("\n\n")
    assert text == SHOWN.replace("[1].", "[^1].")
    assert notes.startswith(f"[^1]: [Pumps 😀, page 3]({site.address}/#document=notes%2Fpumps.md&index=default&start=")
    assert notes.endswith('): "The old 🛠 pump was found by Ada Byron in 1843, see \\[1\\] there."')
    assert found.choices[0].message.annotations == []


def test_max_tokens_and_stop(client: openai.OpenAI) -> None:
    def ask(**options: Any) -> tuple[str | None, str, int]:
        (choice,) = client.chat.completions.create(model=MODEL, messages=QUESTION, **options).choices
        return choice.message.content, choice.finish_reason, len(choice.message.annotations or [])

    words = len(SHOWN.split())
    assert ask(max_tokens=words) == (SHOWN, "stop", 1)
    assert ask(max_completion_tokens=words - 1) == ("", "length", 0)  # half a checked sentence is not said
    assert ask(stop=", see") == ("Ada Byron", "stop", 0)
    assert ask(stop=["nowhere", " Byron"]) == ("Ada", "stop", 0)


def test_a_title_needs_no_index(client: openai.OpenAI, site: Site) -> None:
    prompt = (
        "### Task:\nGenerate a title.\n### Output:\n"
        'JSON format: { "title": "..." }\n<chat_history>\nUSER: Who found the pump?\nASSISTANT: Ada.\n</chat_history>'
    )
    task: Any = [{"role": "user", "content": prompt}]
    found = client.chat.completions.create(model=MODEL, messages=task)
    assert json.loads(found.choices[0].message.content or "") == {"title": "Who found the pump"}
    streamed = client.chat.completions.create(model=MODEL, messages=task, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == found.choices[0].message.content
    assert site.stage.pipeline.calls == []


def test_passages_and_sentences_of_ask_come_when_they_are_known(site: Site) -> None:
    hold = site.stage.pipeline.hold_sentences = threading.Event()
    body = {"question": "Who found it?", "stream": True}
    with httpx2.stream("POST", f"{site.address}/v1/ask", json=body, timeout=30) as response:
        pieces = response.iter_text()
        text = ""
        while "\n\n" not in text:
            text += next(pieces)
        assert events(text) == [("passages", {"passages": PASSAGES})]  # while the sentence is not yet there
        hold.set()
        text += "".join(pieces)
    assert events(text)[1:] == [
        ("sentence", CLAIM | {"citations": [CITATION], "before": "", "sure": True}),
        ("answer", ANSWERED),
    ]
