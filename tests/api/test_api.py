"""The routes: what goes in, what comes out to the last field, which addresses there are."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag.errors import ModelError
from rag.types import DocumentInfo, LinkSpan
from tests.api.fakes import DOCUMENTS, MARKUP, NOTES, PARTLY, PUMPS, TEXT, Stage, serving
from tests.test_serialise import ABSTAINED, ANSWERED, PASSAGES

INFO = {
    "id": PUMPS.id,
    "title": PUMPS.title,
    "source": PUMPS.source,
    "sha256": PUMPS.sha256,
    "passages": 1,
    "characters": len(PUMPS.text),
    "pages": None,
    "metadata": {},
    "modified": None,
    "notes": [],
    "stale": False,
}
TEXT_OF_PUMPS = {
    "id": PUMPS.id, "title": PUMPS.title, "source": PUMPS.source, "text": PUMPS.text, "pages": [], "notes": [],
}  # fmt: skip
IDS = sorted(DOCUMENTS)


def test_a_question_is_answered(client: TestClient, stage: Stage) -> None:
    response = client.post("/v1/ask", json={"question": "Who found it?"})
    assert (response.status_code, response.json()) == (200, ANSWERED)
    assert response.headers["content-type"] == "application/json"
    assert stage.pipeline.calls == [("Who found it?", None, None)]


def test_an_abstention_is_an_answer_too(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": "Is it far?"})
    assert (response.status_code, response.json()) == (200, ABSTAINED)


def test_options_reach_the_pipeline_and_unknown_fields_are_ignored(client: TestClient, stage: Stage) -> None:
    body = {"question": "Who?", "index": "other", "mode": "extract", "k": 100, "colour": "blue", "stream": False}
    assert client.post("/v1/ask", json=body).json()["index"]["name"] == "other"
    assert stage.pipeline.calls == [("Who?", "extract", 100)]


def test_null_means_left_out(client: TestClient, stage: Stage) -> None:
    body = {"question": "Who?", "index": None, "mode": None, "k": None}
    assert client.post("/v1/ask", json=body).json()["index"]["name"] == "default"
    assert stage.pipeline.calls == [("Who?", None, None)]


def test_the_turns_before_a_question_reach_the_pipeline(client: TestClient, stage: Stage) -> None:
    turns = [{"role": "user", "content": "Who found it?"}, {"role": "assistant", "content": ""}]
    assert client.post("/v1/ask", json={"question": "Who?", "history": turns}).status_code == 200
    assert client.post("/v1/ask", json={"question": "Who?", "history": turns, "stream": True}).status_code == 200
    nothings: tuple[list[Any] | None, ...] = ([], None)
    for nothing in nothings:
        assert client.post("/v1/ask", json={"question": "Who?", "history": nothing}).status_code == 200
    assert stage.pipeline.histories == [turns, turns, [], []]


def test_search(client: TestClient, stage: Stage) -> None:
    assert client.post("/v1/search", json={"query": "pump"}).json() == {"hits": PASSAGES}
    assert client.post("/v1/search", json={"query": "pump", "k": 1}).json() == {"hits": PASSAGES[:1]}
    assert stage.pipeline.calls == [("pump", 10), ("pump", 1)]


MILL = "The mill was built in 1859. It cost 1,400 pounds."


def test_an_answer_of_any_system_is_checked(client: TestClient) -> None:
    answer = "😀 The mill was built in 1859 [1]. It cost 900 pounds. Penguins live there."
    checked = client.post("/v1/faithfulness", json={"answer": answer, "passages": ["Nothing.", MILL]}).json()
    first, second, third = checked["claims"]
    assert first == {
        "text": "😀 The mill was built in 1859 [1].",
        "start": 0,
        "end": 33,
        "support": first["support"],
        "reason": None,
        "evidence": {"passage": 1, "start": 0, "end": 27, "quote": "The mill was built in 1859."},
    }
    assert second["text"] == "It cost 900 pounds." == answer[second["start"] : second["end"]]
    assert (second["reason"], second["evidence"]["quote"]) == ("number_mismatch", "It cost 1,400 pounds.")
    assert (third["support"], third["reason"], third["evidence"]) == (0.0, "no_evidence", None)
    assert checked["faithfulness"] == pytest.approx((first["support"] + second["support"]) / 3)


def test_words_of_the_question_count_neither_way(client: TestClient) -> None:
    body = {"answer": "The harbour bridge was built in 1859.", "passages": [MILL]}
    asked = {**body, "question": "When was the harbour bridge built?"}
    without, with_question = (client.post("/v1/faithfulness", json=b).json()["faithfulness"] for b in (body, asked))
    assert without < with_question


def test_a_list_of_answers_is_checked_in_its_order(client: TestClient) -> None:
    bodies = [
        {"answer": "It cost 1,400 pounds.", "passages": [MILL]},
        {"answer": "It cost 900 pounds.", "passages": [MILL]},
    ]
    alone = [client.post("/v1/faithfulness", json=body).json() for body in bodies]
    response = client.post("/v1/faithfulness", json=bodies)
    assert (response.status_code, response.json()) == (200, alone)
    assert [one["claims"][0]["reason"] for one in alone] == [None, "number_mismatch"]
    error = client.post("/v1/faithfulness", json=[bodies[0], {"answer": 3, "passages": []}]).json()["error"]
    assert (error["param"], error["message"]) == ("answer", "1.answer: Input should be a valid string")
    for count, words in ((0, "at least 1 item"), (101, "at most 100 items")):
        refused = client.post("/v1/faithfulness", json=bodies[:1] * count)
        assert refused.status_code == 422
        assert words in refused.json()["error"]["message"]


@pytest.mark.parametrize(("answer", "passages"), [("", [MILL]), ("[1] ...", [MILL]), ("", [])])
def test_an_answer_without_claims_has_no_faithfulness(client: TestClient, answer: str, passages: list[str]) -> None:
    response = client.post("/v1/faithfulness", json={"answer": answer, "passages": passages})
    assert (response.status_code, response.json()) == (200, {"faithfulness": 0.0, "claims": []})


def test_checking_needs_no_model(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "indexes", load_error=ModelError("no model"))
    with serving(stage, ready=False) as client:
        response = client.post("/v1/faithfulness", json={"answer": "It cost 1,400 pounds.", "passages": [MILL]})
    assert response.json()["faithfulness"] == 0.99


def test_indexes(client: TestClient) -> None:
    scopes = ["read", "write", "admin"]
    told = {"indexes": ["default", "other"], "default": "default", "scopes": scopes}
    assert client.get("/v1/indexes").json() == told


def test_documents_come_a_page_at_a_time(client: TestClient) -> None:
    first = client.get("/v1/documents", params={"limit": 2}).json()
    assert [document["id"] for document in first["documents"]] == IDS[:2]
    assert first["documents"][1] == INFO
    rest = client.get("/v1/documents", params={"limit": 2, "after": first["next"]}).json()
    assert [document["id"] for document in rest["documents"]] == IDS[2:]
    assert "next" not in rest


def test_a_page_after_an_id_that_is_gone_begins_where_it_stood(client: TestClient) -> None:
    page = client.get("/v1/documents", params={"after": "notes/q"}).json()
    assert page == {"documents": [INFO | {"id": TEXT.id, "title": TEXT.title, "source": "text", "sha256": TEXT.sha256,
                                          "characters": len(TEXT.text)}]}  # fmt: skip


def test_what_was_not_read_of_a_document_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DOCUMENTS, PARTLY.id, PARTLY)
    listed = client.get("/v1/documents").json()["documents"]
    assert {document["id"]: document["notes"] for document in listed if document["notes"]} == {PARTLY.id: list(NOTES)}
    assert client.get(f"/v1/documents/{PARTLY.id}").json()["notes"] == list(NOTES)
    assert client.get(f"/v1/documents/{PARTLY.id}/text").json()["notes"] == list(NOTES)


def test_links_of_a_document_are_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    linked = replace(PUMPS, links=(LinkSpan(3, 8, "https://pumps.example/form"),))
    monkeypatch.setitem(DOCUMENTS, PUMPS.id, linked)
    told = client.get(f"/v1/documents/{PUMPS.id}").json()
    assert told["links"] == [{"start": 3, "end": 8, "url": "https://pumps.example/form"}]


@pytest.mark.parametrize("address", ["notes/pumps.md", "notes%2Fpumps.md", "notes%2fpumps%2Emd"])
def test_ids_hold_slashes_as_they_are_or_encoded(client: TestClient, address: str) -> None:
    assert client.get(f"/v1/documents/{address}").json() == INFO | {"links": []}
    assert client.get(f"/v1/documents/{address}/text").json() == TEXT_OF_PUMPS


def test_an_id_with_characters_that_mean_something_in_an_address(client: TestClient) -> None:
    text = client.get("/v1/documents/notes%2F%3Cb%3Emarkup%3Cb%3E.html/text").json()
    assert (text["id"], text["text"]) == (MARKUP.id, MARKUP.text)


@pytest.mark.parametrize(
    ("address", "id", "is_text"),
    [
        ("notes%2Ftext", "notes/text", False),
        ("notes/text", "notes/text", False),  # there is no document "notes" whose text could be meant
        ("notes/text/text", "notes/text", True),
        ("notes%2Ftext/text", "notes/text", True),
    ],
)
def test_an_id_that_ends_in_text(client: TestClient, address: str, id: str, is_text: bool) -> None:
    response = client.get(f"/v1/documents/{address}").json()
    assert (response["id"], "text" in response) == (id, is_text)


def test_plain_addresses_mean_a_text_where_there_is_one(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DOCUMENTS, "notes", PUMPS)
    assert client.get("/v1/documents/notes/text").json()["text"] == PUMPS.text
    assert client.get("/v1/documents/notes%2Ftext").json()["id"] == "notes/text"


def test_an_index_is_opened_once(client: TestClient, stage: Stage) -> None:
    for _ in range(2):
        client.post("/v1/ask", json={"question": "Who?"})
        client.get("/v1/documents", params={"index": "other"})
    assert stage.opened == ["default", "other"]


def test_an_index_made_anew_is_opened_anew_and_a_removed_one_is_let_go(client: TestClient, stage: Stage) -> None:
    folder = stage.indexes_dir / "default"
    shutil.move(folder, folder.with_name("aside"))
    assert client.get("/v1/documents").json()["error"]["type"] == "index_not_found"
    assert stage.pipeline.closed
    stage.make_index("default")
    assert client.get("/v1/documents").status_code == 200
    assert stage.opened == ["default", "default"]


def test_headers_protect_every_response(client: TestClient) -> None:
    for address in ("/", "/docs", "/page/page.js", "/healthz", "/v1/indexes", "/nothing"):
        headers = client.get(address).headers
        assert "default-src 'self'" in headers["content-security-policy"], address
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert "access-control-allow-origin" not in headers


def test_no_other_origin_is_let_in(client: TestClient) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert client.options("/v1/ask", headers=asked).status_code == 405
    assert "access-control-allow-origin" not in client.get("/v1/indexes", headers=asked).headers


@pytest.mark.parametrize("address", ["/", "/docs", "/healthz", "/readyz"])
def test_head_is_answered_without_a_body(client: TestClient, address: str) -> None:
    response = client.head(address)
    assert (response.status_code, response.content) == (200, b"")


def test_the_description_names_every_operation(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    assert {(path, method) for path, methods in description["paths"].items() for method in methods} == {
        ("/v1/ask", "post"),
        ("/v1/search", "post"),
        ("/v1/faithfulness", "post"),
        ("/v1/indexes", "get"),
        ("/v1/indexes", "post"),
        ("/v1/indexes/{name}", "patch"),
        ("/v1/indexes/{name}", "delete"),
        ("/v1/documents", "get"),
        ("/v1/documents", "post"),
        ("/v1/documents/{id}", "delete"),
        ("/v1/unread", "get"),
        ("/v1/unread", "post"),
        ("/v1/jobs/{id}", "get"),
        ("/v1/documents/{id}", "get"),
        ("/v1/documents/{id}/text", "get"),
        ("/v1/documents/{id}/file", "get"),
        ("/v1/documents/{id}/pages", "get"),
        ("/v1/documents/{id}/pages/{page}.png", "get"),
        ("/v1/documents/{id}/boxes", "get"),
        ("/v1/documents/{id}/blocks", "get"),
        ("/v1/responses", "post"),
        ("/v1/messages", "post"),
        ("/v1/rerank", "post"),
        ("/v1/search/external", "post"),
        ("/retrieval", "post"),
        ("/v1/chat/completions", "post"),
        ("/v1/models", "get"),
        ("/v1/models/{id}", "get"),
        ("/v1/embeddings", "post"),
        ("/v1/answers/{id}", "get"),
        ("/v1/answers/{id}/rating", "put"),
        ("/metrics", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
    }
    shown = description["components"]["schemas"]
    assert set(shown["AnswerJSON"]["properties"]) == set(ANSWERED)
    assert "HTTPValidationError" not in shown
    assert set(shown["CheckedClaimJSON"]["properties"]) == {"text", "start", "end", "support", "reason", "evidence"}
    assert shown["FaithfulnessRequest"]["required"] == ["answer", "passages"]
    assert shown["FaithfulnessRequest"]["properties"]["answer"]["maxLength"] == 20_000
    assert shown["FaithfulnessRequest"]["properties"]["passages"]["maxItems"] == 200


def test_the_page_and_its_documentation_name_no_other_host(client: TestClient) -> None:
    for address in ("/", "/page/page.js", "/page/page.css", "/page/docs.js", "/docs"):
        response = client.get(address)
        assert response.status_code == 200
        assert "://" not in response.text, address


def test_a_document_and_a_page_are_read_without_the_whole_list(client: TestClient, stage: Stage) -> None:
    asked: list[tuple[str | None, int]] = []
    listed = stage.pipeline.listed

    def noted(after: str | None, most: int) -> list[DocumentInfo]:
        asked.append((after, most))
        return listed(after, most)

    def never() -> list[DocumentInfo]:
        raise AssertionError("the whole list is read")

    every = stage.pipeline.documents()
    stage.pipeline.listed = noted  # type: ignore[method-assign]
    page = client.get("/v1/documents", params={"limit": 2, "after": every[0].id}).json()
    assert [info["id"] for info in page["documents"]] == [info.id for info in every[1:3]]
    assert asked == [(every[0].id, 3)]  # one more tells if there is a next page
    stage.pipeline.info = lambda document_id: every[0]  # type: ignore[method-assign]
    stage.pipeline.documents = never  # type: ignore[method-assign]
    assert client.get(f"/v1/documents/{every[0].id}").json()["id"] == every[0].id
