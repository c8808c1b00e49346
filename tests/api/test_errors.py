"""Every row of the error table, and that no body whatever makes the server fail."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from api.errors import public
from rag import errors
from tests.api.fakes import FakePipeline, Stage, serving


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(Stage(tmp_path_factory.mktemp("stage") / "indexes")) as client:
        yield client


RAISED = [
    (errors.InputError("too long", "question"), 422, "invalid_request"),
    (errors.DocumentError("damaged"), 422, "document_error"),
    (errors.UnsupportedDocument("what is that"), 415, "unsupported_document"),
    (errors.DocumentNotFound("no such document"), 404, "document_not_found"),
    (errors.IndexNotFound("no such index"), 404, "index_not_found"),
    (errors.IndexBusy("busy"), 409, "index_busy"),
    (errors.IndexMismatch("other embedder"), 409, "index_mismatch"),
    (errors.ModelError("no model"), 503, "model_error"),
    (errors.Overloaded("full", 2.1), 429, "overloaded"),
    (errors.RagError("the disk is full"), 500, "internal_error"),
]


@pytest.mark.parametrize(("error", "status", "kind"), RAISED, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_pipeline_raises(tmp_path: Path, error: Exception, status: int, kind: str, stream: bool) -> None:
    with serving(Stage(tmp_path, pipeline=FakePipeline(error=error))) as client:
        response = client.post("/v1/ask", json={"question": "Who?", "stream": stream})
    param = {"param": "question"} if isinstance(error, errors.InputError) else {}
    assert response.status_code == status
    assert response.json() == {"error": {"type": kind, "message": str(error), **param}}
    assert response.headers.get("retry-after") == ("3" if status == 429 else None)


@pytest.mark.parametrize("stream", [False, True])
def test_what_nobody_expected(tmp_path: Path, caplog: pytest.LogCaptureFixture, stream: bool) -> None:
    stage = Stage(tmp_path, pipeline=FakePipeline(error=ValueError("secret /etc/passwd")))
    with serving(stage) as client, caplog.at_level(logging.ERROR):
        response = client.post("/v1/ask", json={"question": "Who?", "stream": stream})
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "internal_error"
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "ValueError: secret /etc/passwd" in caplog.text


def post(client: TestClient, body: bytes | str, kind: str = "application/json", path: str = "/v1/ask") -> Any:
    return client.post(path, content=body, headers={"Content-Type": kind} if kind else {})


BODIES: list[tuple[bytes, int, str, str | None]] = [
    (b"{", 400, "invalid_json", None),
    (b'{"question": "\xff"}', 400, "invalid_json", None),
    (b'{"question": "Who?", "k": ' + b"9" * 5000 + b"}", 400, "invalid_json", None),
    (b"[" * 100_000, 400, "invalid_json", None),
    (b"", 422, "invalid_request", None),
    (b"[]", 422, "invalid_request", None),
    (b"null", 422, "invalid_request", None),
    (b'"Who?"', 422, "invalid_request", None),
    (b"{}", 422, "invalid_request", "question"),
    (b'{"question": null}', 422, "invalid_request", "question"),
    (b'{"question": 5}', 422, "invalid_request", "question"),
    (b'{"question": ["Who?"]}', 422, "invalid_request", "question"),
    (b'{"question": ""}', 422, "invalid_request", "question"),
    (b'{"question": " \\n\\t"}', 422, "invalid_request", "question"),
    (b'{"question": "Who?", "k": 0}', 422, "invalid_request", "k"),
    (b'{"question": "Who?", "k": 101}', 422, "invalid_request", "k"),
    (b'{"question": "Who?", "k": "5"}', 422, "invalid_request", "k"),
    (b'{"question": "Who?", "k": true}', 422, "invalid_request", "k"),
    (b'{"question": "Who?", "k": NaN}', 422, "invalid_request", "k"),
    (b'{"question": "Who?", "mode": "shout"}', 422, "invalid_request", "mode"),
    (b'{"question": "Who?", "stream": "yes"}', 422, "invalid_request", "stream"),
    (b'{"question": "Who?", "history": "Who?"}', 422, "invalid_request", "history"),
    (b'{"question": "Who?", "history": ["Who?"]}', 422, "invalid_request", "history"),
    (b'{"question": "Who?", "history": [{"role": "user"}]}', 422, "invalid_request", "history"),
    (b'{"question": "Who?", "history": [{"role": "user", "content": null}]}', 422, "invalid_request", "history"),
    (b'{"question": "Who?", "history": [{"role": "user", "content": [5]}]}', 422, "invalid_request", "history"),
    (b'{"question": "Who?", "history": [{"role": "tool", "content": "5"}]}', 422, "invalid_request", "history"),
    (b'{"question": "Who?", "index": 7}', 422, "invalid_request", "index"),
    (b'{"question": "Who?", "index": "' + b"i" * 65 + b'"}', 422, "invalid_request", "index"),
    (b'{"question": "Who?", "index": "absent"}', 404, "index_not_found", None),
    (b'{"question": "Who?", "index": ""}', 404, "index_not_found", None),
]


@pytest.mark.parametrize(("body", "status", "kind", "param"), BODIES, ids=lambda value: str(value)[:40])
def test_bodies(client: TestClient, body: bytes, status: int, kind: str, param: str | None) -> None:
    response = post(client, body)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error.get("param")) == (status, kind, param)
    assert "\n" not in error["message"]
    assert error["message"]


def test_the_turn_at_fault_is_named(client: TestClient) -> None:
    turns = [{"role": "user", "content": "Who?"}, {"role": "user", "content": 5}]
    error = client.post("/v1/ask", json={"question": "Who?", "history": turns}).json()["error"]
    assert error["message"] == "history.1.content: Input should be a valid string"


def test_half_a_surrogate_pair_comes_back_as_it_was_sent(client: TestClient) -> None:
    response = post(client, b'{"question": "Who \\ud800?"}')
    assert (response.status_code, response.json()["question"]) == (200, "Who \ud800?")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", b'{"model": "all-MiniLM-L6-v2", "input": ["a \\ud800"]}'),
        ("/v1/rerank", b'{"query": "\\ud800 a", "documents": ["a \\ud800"]}'),
        (
            "/v1/messages",
            b'{"model": "rag/default", "max_tokens": 9, "messages": [{"role": "user", "content": "\\ud800 a"}]}',
        ),
    ],
)
def test_half_a_surrogate_pair_is_no_fault_of_the_server(client: TestClient, path: str, body: bytes) -> None:
    assert post(client, body, path=path).status_code in (200, 422)


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
def test_a_number_that_json_does_not_have_is_not_given_back(client: TestClient, number: str) -> None:
    body = f'{{"model": "rag/default", "input": "Who?", "metadata": {{"a": [{number}]}}}}'.encode()
    response = post(client, body, path="/v1/responses")
    assert (response.status_code, response.json()["error"]["param"]) == (400, "metadata")


CHECKED: list[tuple[dict[str, Any], str]] = [
    ({"passages": ["It rained."]}, "answer"),
    ({"answer": "It rained."}, "passages"),
    ({"answer": None, "passages": []}, "answer"),
    ({"answer": "It rained.", "passages": "It rained."}, "passages"),
    ({"answer": "It rained.", "passages": [{"text": "It rained."}]}, "passages"),
    ({"answer": "x" * 20_001, "passages": []}, "answer"),
    ({"answer": "It rained.", "passages": ["x"] * 201}, "passages"),
    ({"answer": "It rained.", "passages": ["x" * 100_001, "y" * 100_000]}, "passages"),
    ({"answer": "It rained.", "passages": [], "question": "?" * 2_001}, "question"),
]


@pytest.mark.parametrize(("body", "param"), CHECKED, ids=lambda value: str(value)[:40])
def test_what_is_checked_is_bounded(client: TestClient, body: dict[str, Any], param: str) -> None:
    response = client.post("/v1/faithfulness", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["param"]) == (422, "invalid_request", param)


def test_too_much_evidence_is_told_with_the_limit_and_what_to_do(client: TestClient) -> None:
    body = {"answer": "It rained.", "passages": ["x" * 200_001]}
    message = client.post("/v1/faithfulness", json=body).json()["error"]["message"]
    assert message == "passages: 200,001 characters together and the limit is 200,000: send fewer or shorter ones"


def test_a_blank_query_is_named_as_the_field_it_is(client: TestClient) -> None:
    response = client.post("/v1/search", json={"query": " "})
    assert (response.status_code, response.json()["error"]["param"]) == (422, "query")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_does_not_say_it_is_json(client: TestClient, kind: str) -> None:
    response = post(client, b'{"question": "Who?"}', kind)
    assert (response.status_code, response.json()["error"]["type"]) == (415, "unsupported_media_type")


def test_a_large_body_whether_announced_or_in_pieces(client: TestClient) -> None:
    body = json.dumps({"question": "Who" + "?" * 1_000_000}).encode()
    pieces = (body[at : at + 10_000] for at in range(0, len(body), 10_000))
    for response in (
        post(client, body),
        client.post("/v1/search", content=pieces, headers={"Content-Type": "application/json"}),
    ):
        assert response.status_code == 413
        assert response.json() == {"error": {"type": "too_large", "message": "the body is larger than 1 MB"}}


def test_a_body_of_just_under_a_megabyte_is_read(client: TestClient) -> None:
    assert post(client, json.dumps({"question": "Who", "note": "x" * 999_000})).status_code == 200


@pytest.mark.parametrize(
    ("method", "address", "status", "kind"),
    [
        ("GET", "/v1/ask", 405, "method_not_allowed"),
        ("DELETE", "/v1/indexes", 405, "method_not_allowed"),
        ("POST", "/", 405, "method_not_allowed"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/ask/", 404, "not_found"),
        ("GET", "/redoc", 404, "not_found"),
        ("GET", "/page/absent.js", 404, "not_found"),
        ("GET", "/page/..%2fapp.py", 404, "not_found"),
        ("GET", "/docs/swagger/..%2f..%2f__init__.py", 404, "not_found"),
        ("GET", "/v1/documents/absent.txt", 404, "document_not_found"),
        ("GET", "/v1/documents/absent.txt/text", 404, "document_not_found"),
        ("GET", "/v1/documents/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404, "document_not_found"),
        ("GET", "/v1/documents/%2e%2e%2f%2e%2e%2fetc%2fpasswd/text", 404, "document_not_found"),
        ("GET", "/v1/documents/%ff%00/text", 404, "document_not_found"),
        ("GET", "/v1/documents?limit=0", 422, "invalid_request"),
        ("GET", "/v1/documents?limit=1001", 422, "invalid_request"),
        ("GET", "/v1/documents?limit=ten", 422, "invalid_request"),
        ("GET", "/v1/documents?index=..%2F..%2Fetc", 404, "index_not_found"),
        ("GET", "/v1/documents?index=%ff", 404, "index_not_found"),
        ("GET", "/v1/documents?index=%00", 404, "index_not_found"),
    ],
)
def test_addresses(client: TestClient, method: str, address: str, status: int, kind: str) -> None:
    response = client.request(method, address)
    assert (response.status_code, response.json()["error"]["type"]) == (status, kind)
    assert "root:" not in response.text
    assert str(Path(__file__).parent.parent.parent) not in response.text


def test_a_wrong_method_is_told_the_right_one(client: TestClient) -> None:
    assert client.get("/v1/ask").headers["allow"] == "POST"


def test_the_folder_of_indexes_is_not_told(tmp_path: Path) -> None:
    with serving(Stage(tmp_path / "private")) as client:
        response = client.post("/v1/ask", json={"question": "Who?", "index": "../../etc"})
    assert response.status_code == 404
    assert "private" not in response.text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=6,
)
FIELDS = ("question", "query", "answer", "passages", "index", "mode", "k", "stream", "filters", "history")
BODY = ANYTHING | st.dictionaries(st.sampled_from(FIELDS), ANYTHING | st.just("Who?"), max_size=5)


@settings(deadline=None, max_examples=150)
@given(
    body=BODY.map(lambda value: json.dumps(value).encode()) | st.binary(),
    path=st.sampled_from(["ask", "search", "faithfulness"]),
)
def test_no_body_makes_the_server_fail(client: TestClient, body: bytes, path: str) -> None:
    response = post(client, body, path=f"/v1/{path}")
    assert response.status_code in (200, 400, 404, 415, 422)
    if response.status_code != 200:
        assert set(response.json()["error"]) <= {"type", "message", "param"}


@settings(deadline=None, max_examples=100)
@given(address=st.binary(max_size=30).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw)))
def test_no_address_makes_the_server_fail(client: TestClient, address: str) -> None:
    for url in (f"/v1/documents/{address}", f"/v1/documents/{address}/text", f"/v1/documents?after={address}"):
        assert client.get(url).status_code < 500
    assert client.get(f"/v1/documents?index={address}").status_code < 500


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("model /srv/models/x.gguf is not there", "model x.gguf is not there"),
        ("'/srv/a b/x.gguf': no", "'a b/x.gguf': no"),
        (
            "remove the folder /srv/indexes/notes and run `rag index PATH...`",
            "remove the folder notes and run `rag index PATH...`",
        ),
        ("~/models/x.gguf", "x.gguf"),
        ("there is no index: GET /v1/indexes lists those", "there is no index: GET /v1/indexes lists those"),
        ("no document 'uploads/a/b.txt'", "no document 'uploads/a/b.txt'"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("and/or, 1/2", "and/or, 1/2"),
    ],
)
def test_folders_of_the_server_are_not_told(message: str, told: str) -> None:
    assert public(message) == told
