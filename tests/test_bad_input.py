"""What a client may send that no client should: the right status, one line, and nothing changed.

Over real connections, since most of this is about bytes that come late, in pieces or not at all.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
import uvicorn
from fastapi.testclient import TestClient
from uvicorn.server import ServerState

from api.app import create_app
from api.middleware import body as body_limits
from api.server.connection import Connection
from api.server.run import listen
from rag.models import Models
from rag.settings import Settings
from rag.state.keys import Keys
from tests.api.fakes import wait_until
from tests.fakes import HashEmbedder, WordReader

pytestmark = pytest.mark.servers


class Impatient(Connection):
    head_s = 1.0


class Service(NamedTuple):
    port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def documents(self) -> list[str]:
        listed = httpx2.get(f"{self.address}/v1/documents").json()["documents"]
        return [document["id"] for document in listed]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A real server on a real index with one document, which waits a second for heads and bodies."""
    folder = tmp_path_factory.mktemp("service") / "indexes"
    app = create_app(Settings(indexes_dir=folder), lambda settings: Models(HashEmbedder(), reader=WordReader()))
    patience = pytest.MonkeyPatch()
    patience.setattr(body_limits, "BODY_S", 1.0)
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, http=Impatient, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        found = Service(listener.getsockname()[1], folder)
        wait_until(lambda: httpx2.get(f"{found.address}/v1/jobs/none"), 404, 60)
        httpx2.post(f"{found.address}/v1/documents", files={"file": ("a.txt", b"The pump is here.")})
        wait_until(lambda: httpx2.get(f"{found.address}/v1/documents/uploads/a.txt"), 200, 60)
        yield found
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
        patience.undo()


@pytest.fixture(autouse=True)
def nothing_changes(service: Service) -> Iterator[None]:
    """Whatever is sent, the documents stay what they are, and the service goes on."""
    yield
    assert service.documents() == ["uploads/a.txt"]
    assert [path.name for path in service.folder.rglob("*.txt")] == ["a.txt"]
    question = {"question": "Where is the pump?"}
    assert httpx2.post(f"{service.address}/v1/ask", json=question, timeout=60).status_code == 200


def head(length: int | None, path: str = "/v1/ask", kind: str = "application/json") -> bytes:
    announced = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{announced}\r\n\r\n".encode()


PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="b.txt"\r\n\r\nThe pump'


def read_all(client: socket.socket) -> bytes:
    received = b""
    while piece := client.recv(65_536):
        received += piece
    return received


BODIES: list[tuple[bytes, int, str]] = [
    (json.dumps({"question": "Who" + "?" * 10_000_000}).encode(), 413, "too_large"),
    (json.dumps({"question": "Who" + "?" * 900_000}).encode(), 422, "invalid_request"),
    (b'{"question": "Who\xff\xfe?"}', 400, "invalid_json"),
    (b'\xff\xfe{\x00"\x00q\x00', 400, "invalid_json"),
    (b'{"question": "Who?", "k": -1}', 422, "invalid_request"),
    (b'{"question": "Who?", "k": -99999999999999999999}', 422, "invalid_request"),
    (b'{"question": "Who?", "k": NaN}', 422, "invalid_request"),
    (b'{"question": "Who?", "k": 1e400}', 422, "invalid_request"),
    (b'{"question": "Who?"', 400, "invalid_json"),
    (b"\x00" * 1000, 400, "invalid_json"),
]


@pytest.mark.parametrize(("body", "status", "kind"), BODIES, ids=lambda value: str(value)[:40])
def test_bodies(service: Service, body: bytes, status: int, kind: str) -> None:
    for path in ("ask", "search"):
        sent = body.replace(b'"question"', b'"query"') if path == "search" else body
        headers = {"Content-Type": "application/json"}
        try:
            response = httpx2.post(f"{service.address}/v1/{path}", content=sent, headers=headers, timeout=60)
        except (httpx2.WriteError, httpx2.ReadError):  # refused while it was being sent
            assert status == 413
            continue
        error = response.json()["error"]
        assert (response.status_code, error["type"]) == (status, kind), response.text
        assert 0 < len(error["message"].splitlines()) == 1
        assert len(response.content) < 500


def test_a_question_of_ten_megabytes_in_pieces(service: Service) -> None:
    with service.connect() as client:
        client.sendall(head(None))
        piece = b"10000\r\n" + b"?" * 0x10000 + b"\r\n"
        try:
            for _ in range(160):
                client.sendall(piece)
        except OSError:
            pass
        assert client.recv(65_536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/documents", "/mcp"])
def test_a_body_that_comes_byte_by_byte_is_given_up(service: Service, path: str) -> None:
    kind = "multipart/form-data; boundary=x" if path == "/v1/documents" else "application/json"
    with service.connect() as client:
        client.sendall(head(1000, path, kind) + (PART if path == "/v1/documents" else b""))
        stop = threading.Event()

        def dribble() -> None:
            try:
                while not stop.wait(0.1):
                    client.sendall(b" ")
            except OSError:
                pass

        sender = threading.Thread(target=dribble)
        sender.start()
        try:
            answer = client.recv(65_536)  # the socket's own limit is a minute: it ends here, or the test fails
        finally:
            stop.set()
            sender.join()
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert b"connection: close" in answer.lower()


def test_a_body_that_is_slow_and_steady_is_read(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limits, "BODY_S", 30.0)
    body = json.dumps({"question": "Where is the pump?"}).encode()
    with service.connect() as client:
        client.sendall(head(len(body)))
        for at in range(len(body)):
            client.sendall(body[at : at + 1])
            time.sleep(0.01)
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("said", [b"", b"GET /healthz HT", b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_does_not_end_is_given_up(service: Service, said: bytes) -> None:
    with service.connect() as client:
        client.sendall(said)
        assert read_all(client) == b""


def test_a_second_head_on_a_connection_is_waited_for_no_longer(service: Service) -> None:
    with service.connect() as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        client.sendall(b"GET /healthz HT")
        answers = read_all(client)
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert answers.endswith(b'{"status":"ok"}')


def test_a_head_without_end_is_refused_before_it_fills_the_memory(service: Service) -> None:
    with service.connect() as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ")
        try:
            for _ in range(50):
                client.sendall(b"x" * 10_000)
        except OSError:
            pass
        assert client.recv(65_536).startswith(b"HTTP/1.1 400 ")


def test_a_body_behind_an_offer_to_upgrade_is_read(service: Service) -> None:
    """Java's HttpClient offers HTTP/2 with every first request of a connection, and goes on if it is not taken up."""
    body = json.dumps({"question": "Where is the pump?"}).encode()
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n\r\n"
    with service.connect() as client:
        for said in (head(len(body)).removesuffix(b"\r\n") + offer, head(len(body))):
            client.sendall(said + body)
            response = http.client.HTTPResponse(client)
            response.begin()
            assert (response.status, json.loads(response.read())["answered"]) == (200, True)


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/documents"])
def test_a_connection_that_is_half_closed_in_a_body_ends(service: Service, path: str) -> None:
    kind = "multipart/form-data; boundary=x" if path == "/v1/documents" else "application/json"
    with service.connect() as client:
        client.sendall(head(1000, path, kind) + PART)
        client.shutdown(socket.SHUT_WR)
        assert b" 200 " not in read_all(client)


def test_a_connection_that_is_reset_in_an_upload_leaves_nothing(service: Service) -> None:
    before = service.documents(), sorted(map(str, service.folder.rglob("uploads/**/*")))
    for _ in range(5):
        with service.connect() as client:
            client.sendall(head(1_000_000, "/v1/documents", "multipart/form-data; boundary=x") + PART)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes with a reset
    assert (service.documents(), sorted(map(str, service.folder.rglob("uploads/**/*")))) == before


UPLOADS = [
    ("../../x", b"text", 422, "invalid_request"),
    ("../../x.txt", b"text", 422, "invalid_request"),
    ("..%2f..%2fx.txt\x00", b"text", 422, "invalid_request"),
    ("a.exe", b"MZ", 415, "unsupported_document"),
    ("a", b"text", 415, "unsupported_document"),
    ("", b"text", 422, "invalid_request"),
]


def test_a_form_that_is_none(service: Service) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = httpx2.post(f"{service.address}/v1/documents", content=b"no form", headers=headers, timeout=60)
    message = "the body is not a form as its Content-Type says"
    assert (response.status_code, response.json()) == (400, {"error": {"type": "invalid_form", "message": message}})


@pytest.mark.parametrize(("name", "content", "status", "kind"), UPLOADS, ids=lambda value: str(value)[:20])
def test_uploads(service: Service, name: str, content: bytes, status: int, kind: str) -> None:
    response = httpx2.post(f"{service.address}/v1/documents", files={"file": (name, content)}, timeout=60)
    assert (response.status_code, response.json()["error"]["type"]) == (status, kind), response.text


def test_an_upload_that_is_not_what_its_name_says_fails_and_is_gone(service: Service) -> None:
    response = httpx2.post(f"{service.address}/v1/documents", files={"file": ("b.pdf", b"\x7fELF no PDF")}, timeout=60)
    job = f"{service.address}/v1/jobs/{response.json()['id']}"
    while (state := httpx2.get(job).json())["status"] in ("queued", "running"):
        time.sleep(0.02)
    assert (state["status"], state["document_id"]) == ("failed", "uploads/b.pdf")
    assert state["error"].startswith("b.pdf: ")
    assert len(state["error"].splitlines()) == 1
    assert not list(service.folder.rglob("*.pdf"))


def test_a_revoked_key_changes_nothing(tmp_path: Path) -> None:
    served = Settings(indexes_dir=tmp_path, auth="keys")
    _, secret = Keys(tmp_path).add("bot", ["read", "write", "admin"])
    Keys(tmp_path).revoke("bot")
    with TestClient(create_app(served, lambda settings: Models(HashEmbedder(), reader=WordReader()))) as client:
        headers = {"Authorization": f"Bearer {secret}"}
        for _ in range(2):
            response = client.post("/v1/documents", files={"file": ("b.txt", b"text")}, headers=headers)
            assert (response.status_code, response.json()["error"]["type"]) == (401, "unauthenticated")
            assert len(response.json()["error"]["message"].splitlines()) == 1
    assert not list(tmp_path.rglob("*.txt"))


class Pipe(asyncio.Transport):
    """A transport of which a client takes some of what is still to be sent, at each look at it."""

    def __init__(self, left: int = 0, taken: int = 0) -> None:
        super().__init__()
        self.aborted = self.closed = False
        self._left, self._taken = left, taken

    def get_write_buffer_size(self) -> int:
        left, self._left = self._left, max(0, self._left - self._taken)
        return left

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize(("left", "taken", "cut"), [(5000, 0, True), (5000, 100, False), (0, 0, False)])
def test_a_connection_that_is_closed_does_not_wait_for_a_client_that_reads_nothing(
    left: int, taken: int, cut: bool
) -> None:
    """What is less than the mark at which writing pauses was waited for without end."""

    class Hasty(Connection):
        head_s, read_s = 0.01, 0.02

    async def go() -> Pipe:
        pipe = Pipe(left, taken)
        Hasty(uvicorn.Config(create_app, log_config=None), ServerState(), app_state={}).connection_made(pipe)
        await asyncio.sleep(0.2)
        return pipe

    pipe = asyncio.run(go())
    assert (pipe.closed, pipe.aborted) == (True, cut)


def test_a_client_that_reads_nothing_is_cut_and_one_that_reads_is_not() -> None:
    class Hasty(Connection):
        read_s = 0.02

    async def go() -> tuple[bool, bool]:
        pipes = (Pipe(), Pipe())
        for pipe in pipes:
            config = uvicorn.Config(create_app, log_config=None)
            connection = Hasty(config, ServerState(), app_state={})
            connection.connection_made(pipe)
            connection.pause_writing()
            if pipe is pipes[1]:
                connection.resume_writing()
        await asyncio.sleep(0.1)
        return pipes[0].aborted, pipes[1].aborted

    assert asyncio.run(go()) == (True, False)
