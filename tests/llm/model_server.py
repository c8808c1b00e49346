"""A model server on real sockets that behaves as it is told, well or badly: for tests of `rag.llm.remote.model`."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

WAIT_S = 20.0


class Request(NamedTuple):
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    at: float  # of time.monotonic


class Connection:
    """To one client, for one answer."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def send(self, data: bytes) -> None:
        self._client.sendall(data)

    def gone(self, seconds: float) -> bool:
        """Whether the client closes within that time."""
        self._client.settimeout(seconds)
        try:
            return self._client.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


Script = Callable[[Connection], None]


class ModelServer:
    """Chats are answered by `chats`, one after the other, the last of them for ever; other paths by `others`."""

    def __init__(self, chats: Sequence[Script], others: dict[str, Script]) -> None:
        self.chats = list(chats)
        self.others = others
        self.requests: list[Request] = []
        self.left = threading.Event()  # a client closed while its answer was not over
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def asked(self, path: str = "/v1/chat/completions") -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(WAIT_S)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(WAIT_S)
            request = _read(client)
            if request is None:
                return
            self.requests.append(request)
            if request.path == "/v1/chat/completions":
                script = self.chats.pop(0) if len(self.chats) > 1 else self.chats[0]
            else:
                script = self.others.get(request.path, status(404, b""))
            try:
                script(Connection(client))
            except (ConnectionError, Left):
                self.left.set()


class Left(Exception):
    """The client closed the connection, as the script expects."""


@contextmanager
def model_server(*chats: Script, models: Sequence[str] = ("tiny",), **others: Script) -> Iterator[ModelServer]:
    """`others` by the last part of their path: `tokenize=...`, `models=...` is the list of names."""
    listed = {"object": "list", "data": [{"id": name, "object": "model"} for name in models]}
    paths = {"/v1/models": status(200, json.dumps(listed).encode())}
    server = ModelServer(chats or [says("Yes [1].")], paths | {f"/{name}": script for name, script in others.items()})
    try:
        yield server
    finally:
        server.close()


def status(code: int, body: bytes, **headers: str) -> Script:
    """An answer that is not a stream; header names with underscores."""
    lines = [f"HTTP/1.1 {code} Told", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def raw(data: bytes) -> Script:
    return lambda connection: connection.send(data)


def events(*datas: str, kind: str = "text/event-stream") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()
    return head + b"".join(b"data: %s\n\n" % data.encode() for data in datas)


def chunk(text: str | None, finish: str | None = None) -> str:
    delta = {} if text is None else {"content": text}
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def says(*pieces: str) -> Script:
    """A whole stream, as llama-server, vLLM and the others send it."""
    first = json.dumps({"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]})
    usage = json.dumps({"choices": [], "usage": {"total_tokens": 9}})
    return raw(events(first, *map(chunk, pieces), chunk(None, "stop"), usage, "[DONE]"))


def then_silence(data: bytes) -> Script:
    """Sends that and then nothing, until the client leaves."""

    def script(connection: Connection) -> None:
        connection.send(data)
        if connection.gone(WAIT_S):
            raise Left

    return script


def for_ever(data: bytes, again: bytes, pause: float = 0.005) -> Script:
    """Sends that and then the other again and again, until the client leaves."""

    def script(connection: Connection) -> None:
        connection.send(data)
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            connection.send(again)
            if connection.gone(pause):
                raise Left

    return script


def _read(client: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := client.recv(65536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += client.recv(65536)
    return Request(method, path, headers, json.loads(body) if body else None, time.monotonic())
