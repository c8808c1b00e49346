"""Requests as a proxy leaves them that strips headers, and with fields that this version does not know."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.browsing import served
from tests.api.fakes import SAID, SHOWN, Stage

QUESTION = {"question": "Who found it?"}
CHAT = {"model": "rag/default", "messages": [{"role": "user", "content": "Who found it?"}]}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(Stage(Path(tmp_path_factory.mktemp("proxy"), "indexes")).app()) as address:
        yield address


def sent(address: str, path: str, body: dict[str, Any], *headers: str) -> tuple[int, str]:
    """Status and body of the response to a request of HTTP/1.0 that has these headers, its length, and no others."""
    data = json.dumps(body).encode()
    head = "\r\n".join([f"POST {path} HTTP/1.0", f"Content-Length: {len(data)}", *headers])
    with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), 60) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode() + data)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    first, _, rest = answer.partition(b"\r\n\r\n")
    return int(first.split()[1]), rest.decode()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body", "said"), [("/v1/ask", QUESTION, SAID), ("/v1/chat/completions", CHAT, SHOWN)])
def test_the_type_of_the_body_is_the_only_header_that_is_needed(
    address: str, path: str, body: dict[str, Any], said: str, stream: bool
) -> None:
    status, answer = sent(address, path, {**body, "stream": stream}, "Content-Type: application/json")
    assert status == 200
    if not stream:
        assert json.dumps(said, ensure_ascii=False) in answer
    elif path == "/v1/ask":
        assert "event: answer" in answer
    else:
        assert answer.endswith("data: [DONE]\n\n")


def test_without_it_the_error_names_it(address: str) -> None:
    for path, body, status in (("/v1/ask", QUESTION, 415), ("/v1/chat/completions", CHAT, 400)):
        got, answer = sent(address, path, body)
        assert (got, "Content-Type: application/json" in answer) == (status, True)


@pytest.mark.parametrize(
    ("path", "body", "warned"),
    [
        ("/v1/ask", QUESTION, False),
        ("/v1/search", {"query": "pump"}, False),
        ("/v1/chat/completions", CHAT, True),
        ("/v1/messages", {**CHAT, "max_tokens": 100}, True),
        ("/v1/responses", {"model": "rag/default", "input": "Who found it?"}, True),
    ],
)
def test_fields_of_tomorrow_change_nothing(address: str, path: str, body: dict[str, Any], warned: bool) -> None:
    tomorrow = {**body, "tomorrow": {"effort": [1]}, "thinking_2": True}
    status, answer = sent(address, path, tomorrow, "Content-Type: application/json")
    assert status == 200
    assert ("the field 'tomorrow' is unknown and has no effect" in answer) is warned
