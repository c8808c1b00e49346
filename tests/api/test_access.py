"""Who may ask what over HTTP: keys, scopes, indexes that a key may not see, limits, and pages of other sites."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app, serve
from api.middleware.access import KeyLimits, _is_foreign, _scopes, check_keys, keys_needed
from api.server.run import listen
from rag.errors import RagError
from rag.models import Models
from rag.settings import Settings
from rag.state.keys import Key, Keys, Scope
from tests.api.fakes import FakePipeline, Stage, serving, wait_until
from tests.fakes import HashEmbedder, WordReader

ASK = {"question": "Who found it?"}


class Locked:
    """A service that needs keys, with the indexes `default` and `other`, and a client for each key."""

    def __init__(self, stage: Stage, client: TestClient) -> None:
        self.stage, self.client = stage, client
        self.keys = Keys(stage.indexes_dir)

    def bearer(self, name: str, *scopes: Scope, indexes: list[str] | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys.add(name, scopes, indexes)[1]}"}


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Locked]:
    stage = Stage(tmp_path / "indexes", more={"auth": "keys"})
    with serving(stage) as client:
        yield Locked(stage, client)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """The same for tests that change nothing in it."""
    stage = Stage(tmp_path_factory.mktemp("untouched") / "indexes", more={"auth": "keys"})
    with serving(stage) as client:
        yield Locked(stage, client)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Locked]:
    """The same with indexes that are real."""
    stage = Stage(tmp_path / "indexes")
    settings = Settings(indexes_dir=stage.indexes_dir, auth="keys")
    with TestClient(create_app(settings, lambda settings: Models(HashEmbedder(), reader=WordReader()))) as client:
        found = Locked(stage, client)
        everything = found.bearer("everything", "read", "write", "admin")
        wait_until(lambda: client.get("/v1/jobs/none", headers=everything), 404)
        for index in ("default", "other"):
            upload(client, everything, f"{index}.txt", index)
        yield found


def upload(client: TestClient, headers: dict[str, str], name: str, index: str) -> str:
    """The id of the job, when it is done."""
    files = {"file": (name, b"The pump is here.")}
    response = client.post("/v1/documents", files=files, params={"index": index, "create": True}, headers=headers)
    assert response.status_code == 202, response.text
    job = str(response.json()["id"])
    deadline = time.monotonic() + 60
    while client.get(f"/v1/jobs/{job}", headers=headers).json()["status"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return job


def test_on_loopback_nobody_needs_a_key_and_one_that_is_none_does_not_matter(tmp_path: Path) -> None:
    with serving(Stage(tmp_path)) as client:
        for headers in ({}, {"Authorization": "Bearer none-needed"}, {"Authorization": "Basic eDp5"}):
            assert client.post("/v1/ask", json=ASK, headers=headers).status_code == 200


@pytest.mark.parametrize("address", ["/", "/docs", "/openapi.json", "/healthz", "/readyz", "/page/page.js"])
def test_what_holds_no_data_is_open(untouched: Locked, address: str) -> None:
    for headers in ({}, {"Authorization": "Bearer rag_wrong"}):
        assert untouched.client.get(address, headers=headers).status_code == 200


CLOSED = [
    ("POST", "/v1/ask"),
    ("POST", "/v1/search"),
    ("POST", "/v1/faithfulness"),
    ("GET", "/v1/indexes"),
    ("GET", "/v1/documents"),
    ("POST", "/v1/documents"),
    ("GET", "/v1/documents/notes/pumps.md"),
    ("GET", "/v1/documents/notes/pumps.md/text"),
    ("DELETE", "/v1/documents/notes/pumps.md"),
    ("GET", "/v1/jobs/job_1"),
    ("GET", "/v1/nothing"),
    ("POST", "/mcp"),
    ("GET", "/metrics"),
    ("POST", "/healthz"),
]


@pytest.mark.parametrize(("method", "address"), CLOSED)
@pytest.mark.parametrize(
    "sent", [None, "", "Bearer", "Bearer rag_", "Bearer rag_00000000_" + "a" * 43, "Basic eDp5", "ü"]
)
def test_without_a_key_that_is_one_nothing_else_is_told(
    untouched: Locked, method: str, address: str, sent: str | None
) -> None:
    headers = {} if sent is None else {"Authorization": sent.encode("latin-1")}
    response = untouched.client.request(method, address, headers=headers)  # type: ignore[arg-type]
    error = response.json()["error"]
    assert (response.status_code, error["type"], response.headers["www-authenticate"]) == (
        401,
        "unauthenticated",
        "Bearer",
    )
    assert "\n" not in error["message"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert untouched.stage.pipeline.calls == []


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("read", {"/v1/ask", "/v1/search", "/v1/faithfulness", "/v1/indexes", "/v1/jobs/job_1"}),
        ("write", {"/v1/jobs/job_1", "DELETE"}),
        ("admin", {"/metrics"}),
    ],
)
def test_a_key_does_what_its_scopes_say_and_none_contains_another(
    locked: Locked, scope: Scope, allowed: set[str]
) -> None:
    headers = locked.bearer("bot", scope)
    asked = [
        ("/v1/ask", "POST"),
        ("/v1/search", "POST"),
        ("/v1/faithfulness", "POST"),
        ("/v1/indexes", "GET"),
        ("/v1/jobs/job_1", "GET"),
        ("/metrics", "GET"),
        ("DELETE", "DELETE"),
    ]
    for name, method in asked:
        address = "/v1/documents/a.txt" if name == "DELETE" else name
        response = locked.client.request(method, address, headers=headers)
        assert (response.status_code != 403) is (name in allowed), (name, response.text)
        if response.status_code == 403:
            assert response.json()["error"]["type"] == "forbidden"


def test_indexes_are_made_renamed_and_deleted_with_the_scopes_and_indexes_of_a_key(library: Locked) -> None:
    client = library.client
    admin = library.bearer("admin", "read", "write", "admin")
    writer = library.bearer("writer", "read", "write")
    held = library.bearer("held", "read", "write", "admin", indexes=["other", "renamed"])

    def call(method: str, name: str, headers: dict[str, str], new: str | None = None) -> int:
        body = None if new is None else {"name": new}
        return client.request(method, f"/v1/indexes{name}", headers=headers, json=body).status_code

    assert call("POST", "", admin, "letters") == 201
    assert call("POST", "", admin, "letters") == 422  # it is there
    assert [call("POST", "", headers, "new") for headers in (writer, held)] == [403, 403]
    assert [call("DELETE", "/letters", headers) for headers in (writer, held)] == [403, 404]
    assert call("PATCH", "/other", held, "elsewhere") == 403  # it would not see it
    asked = client.post("/v1/ask", json={"question": "Where is the pump?", "index": "other"}, headers=held).json()
    assert call("PATCH", "/other", held, "renamed") == 200
    found = client.get("/v1/documents/uploads/other.txt/text", params={"index": "renamed"}, headers=held)
    assert found.json()["text"] == "The pump is here."
    assert (
        client.get("/v1/documents/uploads/other.txt/file", params={"index": "renamed"}, headers=held).status_code == 200
    )
    assert client.get(f"/v1/answers/{asked['id']}", headers=held).json()["index"]["name"] == "renamed"
    assert [call("PATCH", "/default", admin, "x"), call("DELETE", "/default", admin)] == [422, 422]
    assert [call("DELETE", name, admin) for name in ("/letters", "/renamed")] == [200, 200]
    assert client.get("/v1/indexes", headers=admin).json()["indexes"] == ["default"]
    assert client.get(f"/v1/answers/{asked['id']}", headers=admin).status_code == 404
    assert client.get("/v1/documents", params={"index": "renamed"}, headers=admin).status_code == 404


def test_routes_that_others_add_are_closed_until_they_are_told_to_be_questions() -> None:
    assert (
        _scopes("POST", "/v1/anything")
        == _scopes("PUT", "/v1/ask2")
        == _scopes("DELETE", "/v1/answers/1")
        == ("write",)
    )
    assert (
        _scopes("GET", "/v1/answers/1")
        == _scopes("GET", "/v1/models")
        == _scopes("POST", "/v1/embeddings")
        == ("read",)
    )
    assert _scopes("POST", "/v1/chat/completions") == _scopes("DELETE", "/mcp") == ("read",)
    assert _scopes("GET", "/metrics") == ("admin",)
    assert _scopes("POST", "/") == ("write",)
    assert _scopes("GET", "/pages") == ("read",)


def test_a_revoked_key_stops_working_at_once(locked: Locked) -> None:
    headers = locked.bearer("bot", "read")
    assert locked.client.post("/v1/ask", json=ASK, headers=headers).status_code == 200
    Keys(locked.stage.indexes_dir).revoke("bot")
    response = locked.client.post("/v1/ask", json=ASK, headers=headers)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "unauthenticated")
    assert len(locked.stage.pipeline.calls) == 1


def test_a_key_file_that_is_damaged_lets_nobody_in(locked: Locked) -> None:
    headers = locked.bearer("bot", "read")
    locked.keys.path.write_text("{")
    response = locked.client.post("/v1/ask", json=ASK, headers=headers)
    assert response.status_code == 500
    assert response.json()["error"]["message"].startswith("keys.json cannot be read")
    for path in ("/healthz", "/readyz", "/"):  # open to anyone, with a key as without
        assert locked.client.get(path, headers=headers).status_code == 200
    assert locked.client.get("/readyz", headers=headers).json()["notices"] == []
    assert locked.stage.pipeline.calls == []


def everywhere(client: TestClient, headers: dict[str, str], index: str) -> list[tuple[int, str]]:
    """What each route says that can be asked of an index, with the index's name taken out."""
    named: dict[str, Any] = {"params": {"index": index}, "headers": headers}
    responses = [
        client.post("/v1/ask", json={**ASK, "index": index}, headers=headers),
        client.post("/v1/ask", json={**ASK, "index": index, "stream": True}, headers=headers),
        client.post("/v1/search", json={"query": "pump", "index": index}, headers=headers),
        client.get("/v1/documents", **named),
        client.get(f"/v1/documents/uploads/{index}.txt", **named),
        client.get(f"/v1/documents/uploads/{index}.txt/text", **named),
        client.delete(f"/v1/documents/uploads/{index}.txt", **named),
        client.post("/v1/documents", files={"file": ("a.txt", b"x")}, **named),
        client.post(
            "/v1/documents", files={"file": ("a.txt", b"x")}, params={"index": index, "create": True}, headers=headers
        ),
    ]
    return [(response.status_code, response.text.replace(index, "INDEX")) for response in responses]


def test_an_index_that_a_key_may_not_see_is_like_one_that_is_not_there(library: Locked) -> None:
    client = library.client
    headers = library.bearer("bot", "read", "write", "admin", indexes=["default"])
    hidden, absent = everywhere(client, headers, "other"), everywhere(client, headers, "absent")
    assert hidden == absent
    assert {status for status, _ in hidden} == {404}
    told = {"indexes": ["default"], "default": "default", "scopes": ["read", "write", "admin"]}
    assert client.get("/v1/indexes", headers=headers).json() == told
    everything = library.bearer("all", "read", "write", "admin")
    job = upload(client, everything, "b.txt", "other")
    hidden_job = client.get(f"/v1/jobs/{job}", headers=headers)
    absent_job = client.get("/v1/jobs/job_x", headers=headers)
    assert hidden_job.status_code == absent_job.status_code == 404
    assert hidden_job.text.replace(job, "JOB") == absent_job.text.replace("job_x", "JOB")
    listed = client.get("/v1/documents", params={"index": "other"}, headers=everything).json()
    assert [document["id"] for document in listed["documents"]] == ["uploads/b.txt", "uploads/other.txt"]


def test_a_key_for_one_index_has_that_for_its_default(library: Locked) -> None:
    headers = library.bearer("bot", "read", indexes=["other"])
    told = {"indexes": ["other"], "default": "other", "scopes": ["read"]}
    assert library.client.get("/v1/indexes", headers=headers).json() == told
    listed = library.client.get("/v1/documents", headers=headers).json()["documents"]
    assert [document["id"] for document in listed] == ["uploads/other.txt"]
    assert library.client.post("/v1/ask", json=ASK, headers=headers).json()["index"]["name"] == "other"
    ready = library.client.get("/readyz", headers=headers)
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "missing": [], "notices": []})


def test_an_index_is_made_by_an_admin_only(library: Locked) -> None:
    headers = library.bearer("bot", "write")
    sent: dict[str, Any] = {"files": {"file": ("a.txt", b"x")}, "params": {"index": "new", "create": True}}
    response = library.client.post("/v1/documents", headers=headers, **sent)
    assert (response.status_code, response.json()["error"]["message"]) == (
        403,
        "this API key lacks the scope 'admin': make one with `rag keys add NAME --scope admin`",
    )
    assert not (library.stage.indexes_dir / "new").exists()


def test_no_answer_holds_a_path_of_the_server(library: Locked) -> None:
    client, headers = library.client, library.bearer("bot", "read", "write", "admin")
    document = client.get("/v1/documents/uploads/other.txt", params={"index": "other"}, headers=headers).json()
    assert (document["id"], document["source"]) == ("uploads/other.txt", "uploads/other.txt")
    text = client.get("/v1/documents/uploads/other.txt/text", params={"index": "other"}, headers=headers).json()
    assert text["source"] == "uploads/other.txt"
    answer = client.post("/v1/ask", json={"question": "Where is the pump?"}, headers=headers)
    assert {cited["source"] for cited in answer.json()["citations"] + answer.json()["passages"]} == {
        "uploads/default.txt"
    }
    folder = str(library.stage.indexes_dir)
    said = [answer.text, *(text for _, text in everywhere(client, headers, "absent"))]
    (library.stage.indexes_dir / "default" / "catalogue.sqlite").write_bytes(b"no database" * 1000)
    said += [text for _, text in everywhere(client, headers, "default")]
    said.append(client.get("/readyz", headers=headers).text)
    assert not [
        text
        for text in said
        if folder in text or str(Path(__file__).parent.parent.parent) in text or "Traceback" in text
    ]


def test_what_is_missing_is_told_to_those_who_may_know(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "indexes", names=(), more={"auth": "keys"})
    with serving(stage, ready=False) as client:
        locked = Locked(stage, client)
        owner, other = locked.bearer("owner", "admin"), locked.bearer("other", "read", indexes=["other"])
        wait_until(lambda: client.post("/v1/search", json={"query": "x"}, headers=other), 404)
        told = client.get("/readyz", headers=owner).json()["missing"]
        assert told == ['there is no index "default" yet: make it with `rag index PATH...`']
        for headers in ({}, other):
            response = client.get("/readyz", headers=headers)
            assert (response.status_code, response.json()) == (503, {"ready": False, "missing": [], "notices": []})


def test_requests_a_minute(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "indexes", more={"auth": "keys", "key_rate": 5})
    with serving(stage) as client:
        locked = Locked(stage, client)
        bot, other = locked.bearer("bot", "read"), locked.bearer("other", "read")
        assert [client.get("/v1/indexes", headers=bot).status_code for _ in range(6)] == [200] * 5 + [429]
        response = client.get("/v1/indexes", headers=bot)
        assert response.json()["error"] == {
            "type": "rate_limited",
            "message": "this API key may make 5 requests a minute (setting 'key_rate')",
        }
        assert 1 <= int(response.headers["retry-after"]) <= 60
        assert client.get("/v1/indexes", headers=other).status_code == 200
        assert client.get("/healthz", headers=bot).status_code == 200


def test_requests_at_once(tmp_path: Path) -> None:
    hold = threading.Event()
    stage = Stage(tmp_path / "indexes", pipeline=FakePipeline(hold=hold), more={"auth": "keys", "key_concurrency": 2})
    with serving(stage) as client, ThreadPoolExecutor(2) as pool:
        locked = Locked(stage, client)
        bot, other = locked.bearer("bot", "read"), locked.bearer("other", "read")
        asked = [pool.submit(client.post, "/v1/ask", json=ASK, headers=bot) for _ in range(2)]
        while len(stage.pipeline.calls) < 2:
            time.sleep(0.01)
        refused = client.get("/v1/indexes", headers=bot)
        allowed = client.get("/v1/indexes", headers=other)
        hold.set()
        message = "2 requests of this API key are under way: wait for one"
        assert refused.json() == {"error": {"type": "rate_limited", "message": message}}
        assert (refused.status_code, refused.headers["retry-after"], allowed.status_code) == (429, "1", 200)
        assert [future.result().status_code for future in asked] == [200, 200]
        assert client.get("/v1/indexes", headers=bot).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_sites_may_not_post_to_a_service_without_keys(tmp_path: Path, site: str) -> None:
    stage = Stage(tmp_path)
    with serving(stage) as client:
        for method, address in (
            ("POST", "/v1/documents"),
            ("POST", "/v1/ask"),
            ("DELETE", "/v1/documents/a"),
            ("POST", "/mcp"),
        ):
            response = client.request(method, address, headers={"Sec-Fetch-Site": site})
            assert (response.status_code, response.json()["error"]["type"]) == (403, "forbidden")
        assert client.get("/", headers={"Sec-Fetch-Site": site}).status_code == 200  # a link to here
        for own in ("same-origin", "none"):
            assert client.post("/v1/ask", json=ASK, headers={"Sec-Fetch-Site": own}).status_code == 200


def test_a_foreign_name_may_not_point_to_a_service_without_keys(tmp_path: Path) -> None:
    with serving(Stage(tmp_path / "a")) as client:
        response = client.get("/v1/documents", headers={"Host": "evil.example:8000"})
        assert (response.status_code, response.json()["error"]["type"]) == (403, "forbidden")
        assert client.get("/v1/documents", headers={"Host": "127.0.0.1:8000"}).status_code == 200
    with serving(Stage(tmp_path / "b", more={"auth": "off"})) as client:
        assert client.get("/v1/documents", headers={"Host": "rag.example.org"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "foreign"),
    [
        ("localhost", False),
        ("localhost:8000", False),
        ("app.localhost", False),
        ("rag:80", False),
        ("", False),
        ("127.0.0.1", False),
        ("127.8.8.8:80", False),
        ("[::1]:8000", False),
        ("evil.example", True),
        ("evil.example.:8000", True),
        ("localhost.evil.example", True),
        ("10.0.0.5:8000", True),
        ("[fe80::1]", True),
        ("0.0.0.0:8000", True),
    ],
)
def test_which_names_are_foreign(host: str, foreign: bool) -> None:
    assert _is_foreign(host) is foreign


@pytest.mark.parametrize(
    ("auth", "host", "needed"),
    [
        ("auto", "127.0.0.1", False),
        ("auto", "localhost", False),
        ("auto", "::1", False),
        ("auto", "0.0.0.0", True),
        ("auto", "::", True),
        ("auto", "10.1.2.3", True),
        ("auto", "no.such.host.invalid", True),
        ("keys", "127.0.0.1", True),
        ("off", "0.0.0.0", False),
    ],
)
def test_where_keys_are_needed(tmp_path: Path, auth: Any, host: str, needed: bool) -> None:
    settings = Settings(indexes_dir=tmp_path, auth=auth, host=host)
    assert keys_needed(settings) is needed
    if needed:
        with pytest.raises(RagError, match=r"rag keys add NAME.*--auth off"):
            check_keys(settings)
    Keys(tmp_path).add("bot", ["read"])
    check_keys(settings)


def test_another_address_is_not_served_without_keys(tmp_path: Path) -> None:
    with pytest.raises(RagError, match=r"^0\.0\.0\.0 is served to those with an API key"):
        serve(Settings(indexes_dir=tmp_path, host="0.0.0.0", port=0))


def test_another_address_is_served_without_keys_when_it_is_told_so(tmp_path: Path) -> None:
    """The port is taken, which is found only after what is refused first."""
    with closing(listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RagError, match=r" is in use by another program"):
            serve(Settings(indexes_dir=tmp_path, host="127.0.0.1", port=port, auth="off"))
        Keys(tmp_path).add("bot", ["read"])
        with pytest.raises(RagError, match=r" is in use by another program"):
            serve(Settings(indexes_dir=tmp_path, host="127.0.0.1", port=port, auth="keys"))


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("http://evil.example", "rag.lan:8000", 403),
        ("http://rag.lan", "rag.lan:8000", 403),  # another port is another site
        ("http://rag.lan:8000.evil.example", "rag.lan:8000", 403),
        ("null", "rag.lan:8000", 403),
        ("null", "", 403),
        ("", "rag.lan:8000", 403),
        ("http://rag.lan:8000", "rag.lan:8000", 200),
        ("http://RAG.lan:8000", "rag.LAN:8000", 200),
        ("http://rag.lan", "rag.lan:80", 200),
        ("https://docs.example.org", "10.0.0.7:8000", 200),  # behind a proxy: the setting `public_url`
        (None, "rag.lan:8000", 200),  # no browser
    ],
)
def test_pages_of_other_sites_are_told_by_their_origin_where_a_browser_says_no_more(
    tmp_path: Path, origin: str | None, host: str, status: int
) -> None:
    more = {"auth": "off", "public_url": "https://docs.example.org/"}
    with serving(Stage(tmp_path, more=more)) as client:
        headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
        for method, address in (("POST", "/v1/ask"), ("POST", "/v1/documents"), ("DELETE", "/v1/documents/a")):
            response = client.request(method, address, headers=headers, json=ASK if address == "/v1/ask" else None)
            assert (response.status_code == 403) == (status == 403), response.text
        assert client.get("/v1/indexes", headers=headers).status_code == 200


def test_requests_a_minute_are_counted_by_a_clock_that_is_never_set() -> None:
    now = [1000.0]
    limits, key = KeyLimits(2, 9, lambda: now[0]), Key("a" * 8, "bot", ("read",), None, "", None, "")

    def admitted() -> bool:
        refused = limits.enter(key)
        if refused is None:
            limits.leave(key)
        return refused is None

    assert [admitted(), admitted(), admitted()] == [True, True, False]
    now[0] += 59.5
    refused = limits.enter(key)
    assert refused is not None
    assert refused.headers["retry-after"] == "1"
    now[0] += 0.5
    assert [admitted(), admitted(), admitted()] == [True, True, False]


def test_the_figures_of_an_index_are_for_those_who_may_see_it(library: Locked) -> None:
    everyone = library.bearer("all", "read", "admin")
    for index in ("default", "other"):
        assert library.client.post("/v1/ask", json=ASK | {"index": index}, headers=everyone).status_code == 200
    mine = library.bearer("mine", "admin", indexes=["other"])
    seen = {
        who: {name for name in ("default", "other") if f'index="{name}"' in text}
        for who, text in (
            ("all", library.client.get("/metrics", headers=everyone).text),
            ("mine", library.client.get("/metrics", headers=mine).text),
        )
    }
    assert seen == {"all": {"default", "other"}, "mine": {"other"}}
    assert "rag_http_requests_total" in library.client.get("/metrics", headers=mine).text
