"""Answers as JSON by the schema of a request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from api.openai.errors import Refused
from api.openai.json_answer import Shape, json_answer, read_shape
from api.routes.links import Links
from tests.api.fakes import END, PUMPS, SAID, SENTENCE, START, Stage, answered
from tests.api.site import serving_site

MODEL = "rag/default"


class Cited(BaseModel):
    document_id: str
    start: int
    end: int
    quote: str
    page: int | None


class Found(BaseModel):
    answer: str
    citations: list[Cited]
    confidence: float


CITED = Cited(document_id=PUMPS.id, start=START, end=END, quote=SENTENCE, page=3)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    with (
        serving_site(Stage(tmp_path_factory.mktemp("stage") / "indexes")) as site,
        openai.OpenAI(base_url=f"{site.address}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


@pytest.mark.servers
def test_a_model_of_pydantic_is_filled(client: openai.OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Who found it?"}]
    whole = client.chat.completions.parse(model=MODEL, messages=messages, response_format=Found)
    expected = Found(answer=SAID, citations=[CITED], confidence=0.83)
    assert whole.choices[0].message.parsed == expected
    response = client.responses.parse(model=MODEL, input="Who found it?", text_format=Found)
    assert response.output_parsed == expected
    with client.chat.completions.stream(model=MODEL, messages=messages, response_format=Found) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == expected
    messages[0]["content"] = "Is it far?"
    refused = client.chat.completions.parse(model=MODEL, messages=messages, response_format=Found)
    assert refused.choices[0].message.parsed == Found(
        answer="The documents do not answer this.", citations=[], confidence=0.07
    )


@pytest.mark.servers
def test_a_schema_of_other_fields_is_refused(client: openai.OpenAI) -> None:
    class Summary(BaseModel):
        summary: str

    messages: Any = [{"role": "user", "content": "Who found it?"}]
    with pytest.raises(openai.BadRequestError, match="response_format: 'summary' cannot be given") as caught:
        client.chat.completions.parse(model=MODEL, messages=messages, response_format=Summary)
    assert (caught.value.param, caught.value.code) == ("response_format", "unsupported_value")
    with pytest.raises(openai.BadRequestError, match=r"text\.format: 'summary' cannot be given"):
        client.responses.parse(model=MODEL, input="Who found it?", text_format=Summary)


EVERY = ("answer", "answered", "sure", "confidence", "citations")
PLACE = ("label", "document_id", "title", "source", "page", "section", "start", "end", "quote", "url")


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        (None, Shape(EVERY, PLACE)),
        ({"type": "object"}, Shape(EVERY, PLACE)),
        ({"properties": {"confidence": {"type": "number"}, "answer": {}}}, Shape(("confidence", "answer"), PLACE)),
        (
            {"properties": {"citations": {"type": "array", "items": {"type": "string"}}}},
            Shape(("citations",), None),
        ),
        (
            {"properties": {"citations": {"items": {"properties": {"quote": {"type": ["string", "null"]}}}}}},
            Shape(("citations",), ("quote",)),
        ),
        ({"properties": {"citations": {"$ref": "#/properties/citations"}}}, Shape(("citations",), PLACE)),
    ],
)
def test_the_shape_that_a_schema_asks_for(schema: Any, shape: Shape) -> None:
    assert read_shape(schema, "response_format") == shape


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"confidence": {"type": "string"}}, "'confidence' cannot be given in that form"),
        ({"answer": {"anyOf": [{"type": "array"}, {"type": "null"}]}}, "'answer' cannot be given in that form"),
        ({"citations": {"items": {"properties": {"colour": {}}}}}, "citations: 'colour' cannot be given in that form"),
    ],
)
def test_what_cannot_be_given_is_refused(properties: Any, message: str) -> None:
    with pytest.raises(Refused, match=message):
        read_shape({"properties": properties}, "response_format")


def test_quotes_alone_and_addresses() -> None:
    answer, links = answered("Who?"), Links("http://x", "default")
    assert json.loads(json_answer(answer, Shape(("citations",), None), links)) == {"citations": [SENTENCE]}
    found = json.loads(json_answer(answer, Shape(("sure", "citations"), ("url",)), links))
    assert found == {"sure": True, "citations": [{"url": links.to(answer.citations[0])}]}
