"""Texts in order, as Jina's and Cohere's clients ask for them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.routes.rerank import MAX_CHARACTERS, MAX_TEXTS
from rag.reading.reader import Reader
from tests.api.fakes import Stage, serving

TEXTS = ["The mill is old.", "The pump was found by Ada.", "Nothing here."]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(Stage(tmp_path_factory.mktemp("rerank") / "indexes")) as client:
        yield client


def rerank(client: TestClient, path: str = "/v1/rerank", **fields: Any) -> Any:
    return client.post(path, json={"query": "found the pump", "documents": TEXTS} | fields)


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
def test_texts_come_best_first_with_a_probability(client: TestClient, path: str) -> None:
    found = rerank(client, path, model="words").json()
    one, three = 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-3))  # the fake's logit is the number of common words
    assert found["results"] == [
        {"index": 1, "relevance_score": three},
        {"index": 0, "relevance_score": one},
        {"index": 2, "relevance_score": 0.5},
    ]
    assert (found["object"], found["model"]) == ("list", "words")
    assert found["usage"] == {"prompt_tokens": 18, "total_tokens": 18}  # words and full stops


def test_the_first_few_with_their_texts_and_texts_in_objects(client: TestClient) -> None:
    texts = [{"text": text, "title": "x"} for text in TEXTS]
    found = rerank(client, documents=texts, top_n=1, return_documents=True).json()
    assert [(one["index"], one["document"]) for one in found["results"]] == [(1, {"text": TEXTS[1]})]
    assert len(rerank(client, top_n=10).json()["results"]) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query": "  "}, "query: it is empty: send the words to rank by"),
        ({"model": "rerank-v3.5"}, "model: this service ranks with 'words': send that, or leave it out"),
        ({"documents": []}, "documents: List should have at least 1 item after validation, not 0"),
        ({"documents": ["a"] * (MAX_TEXTS + 1)}, "documents: List should have at most 1000 items after validation"),
        (
            {"documents": ["a" * MAX_CHARACTERS, "b"]},
            "documents: 200,001 characters together and the limit is 200,000: send fewer or shorter ones",
        ),
        ({"top_n": 0}, "top_n: Input should be greater than or equal to 1"),
        ({"documents": [{"title": "x"}]}, "documents.0: Input should be a valid string"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_refused(client: TestClient, change: dict[str, Any], message: str) -> None:
    response = rerank(client, **change)
    assert (response.status_code, response.json()["error"]["type"]) == (422, "invalid_request")
    assert response.json()["error"]["message"].startswith(message)


@pytest.mark.parametrize(
    ("query", "texts"), [("found", ["a " * 100_000]), ("c " * 70, ["b a " * 20] * MAX_TEXTS)], ids=["dense", "many"]
)
def test_what_could_not_be_read_in_time_is_refused(client: TestClient, query: str, texts: list[str]) -> None:
    """By tokens, of which 200,000 characters may have as many; and a query is read with each text."""
    response = rerank(client, query=query, documents=texts)
    assert (response.status_code, response.json()["error"]["param"]) == (422, "documents")
    assert "with the query for each text, and the limit is 100,000" in response.json()["error"]["message"]


def test_without_a_reader_and_without_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path)
    with serving(stage) as client:
        monkeypatch.setattr("api.routes.rerank.RERANK_S", 0.0)
        assert (rerank(client).status_code, rerank(client).json()["error"]["type"]) == (504, "deadline_exceeded")
        stage.models.reader = None
        assert (rerank(client).status_code, rerank(client).json()["error"]["type"]) == (503, "not_ready")


@pytest.mark.models
def test_the_reader_puts_the_text_that_answers_first() -> None:
    from api.routes.rerank import _scores
    from rag.deadline import Deadline

    texts = ["The ferry has two decks.", "The ferry was launched in 1874.", ""]
    scores = _scores(Reader.load(1, 1), "When was the ferry launched?", texts, Deadline())
    assert scores.index(max(scores)) == 1
    assert all(0 <= score <= 1 for score in scores)
