"""The real server as a process of its own on the loopback address, and what clients of it need. For `service.py`."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
RAG = [sys.executable, "-m", "rag.cli.main"]
START_S = 180


class Reply(NamedTuple):
    status: int
    seconds: float
    body: dict[str, Any]
    retry_after: float | None
    at: float  # of time.perf_counter, when it had come


class Memory(NamedTuple):
    """Resident memory in MB: of the process's own, and of files that are mapped, which the system can take back."""

    anonymous: float
    files: float


class Server(NamedTuple):
    port: int
    process: subprocess.Popen[bytes]

    def post(self, path: str, body: dict[str, Any], timeout: float = 300) -> Reply:
        """One request on a connection of its own; status 0 where the connection failed."""
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            plain = response.read()
            is_json = response.headers.get_content_type() == "application/json"  # a proxy's own errors are pages
            content = json.loads(plain) if plain and is_json else {}
            wait = response.headers.get("Retry-After")
            return Reply(
                response.status,
                time.perf_counter() - began,
                content,
                float(wait) if wait else None,
                time.perf_counter(),
            )
        except (OSError, http.client.HTTPException) as error:
            return Reply(0, time.perf_counter() - began, {"error": {"message": repr(error)}}, None, time.perf_counter())
        finally:
            connection.close()

    def get(self, path: str, timeout: float = 30) -> Reply:
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            return Reply(response.status, time.perf_counter() - began, {}, None, time.perf_counter())
        except OSError:
            return Reply(0, time.perf_counter() - began, {}, None, time.perf_counter())
        finally:
            connection.close()

    def events(self, path: str, body: dict[str, Any]) -> dict[str, float]:
        """Seconds after which the first event of each name came in a stream of server-sent events; empty if it
        failed."""
        found: dict[str, float] = {}
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            for line in connection.getresponse():
                if line.startswith(b"event: "):
                    found.setdefault(line[7:].strip().decode(), time.perf_counter() - began)
        finally:
            connection.close()
        return found

    def cpu_seconds(self) -> float:
        """Seconds of all its threads, since it began: unlike the clock they do not depend on what else the cores do."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Resident memory of the process."""
        return sum(self.memory())

    def memory(self) -> Memory:
        """Resident memory of the process by its kind."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        megabytes = {line.split(":")[0]: float(line.split()[1]) / 1024 for line in lines if line.startswith("Rss")}
        return Memory(megabytes["RssAnon"], megabytes["RssFile"] + megabytes["RssShmem"])


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def process(command: list[str], port: int, ready: str, log: Path, **environment: str) -> Iterator[Server]:
    """The command as a server, from the first 200 of `ready` on; ends the program with its log where it does not
    start."""
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | environment, cwd=ROOT) as child,
    ):
        server = Server(port, child)
        try:
            end = time.monotonic() + START_S
            while server.get(ready).status != 200:
                if child.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"the server did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
                time.sleep(0.2)
            yield server
        finally:
            child.terminate()
            try:
                child.wait(60)
            except subprocess.TimeoutExpired:
                child.kill()


@contextmanager
def rag_server(folder: Path, **settings: str) -> Iterator[Server]:
    """`rag serve` on the index `bench` in `folder`; settings as environment variables."""
    port = free_port()
    environment = {"RAG_INDEXES_DIR": str(folder / "indexes"), "RAG_INDEX": "bench", **settings}
    command = [*RAG, "serve", "--port", str(port)]
    with process(command, port, "/readyz", folder / "server.log", **environment) as server:
        yield server


def make_index(folder: Path, documents: Path) -> None:
    """`documents` as the index `bench`."""
    environment = os.environ | {"RAG_INDEXES_DIR": str(folder / "indexes")}
    command = [*RAG, "index", str(documents), "--index", "bench"]
    subprocess.run(command, check=True, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
