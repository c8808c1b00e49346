"""The service while something is wrong around it: what its clients are told, and what is lost; for `reliability.py`.

In: a folder. Out: a line for each trouble: a full or read-only disk, a full TMPDIR, few descriptors, no memory, SIGTERM
and SIGKILL under load, two services on one folder, clients that do not read or have half closed, damaged files of the
service. During each the service must stay alive and tell errors that it means, in one line; after it, questions are
answered, all uploads that were accepted are there, and the index is whole. Fails with `AssertionError` where not.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
from faults import small_disk
from serving import RAG, ROOT, Server, free_port, process

from rag.index.local import LocalIndex

NAME = "default"
MEANT = {200, 202, 400, 404, 409, 413, 422, 429, 503, 504, 507}  # and 500 with the line that says where to look
MEGABYTE = 1 << 20
LOAD_S = 4.0
PATIENCE_S = 120.0


class Seen:
    """Replies that clients got, and the texts of the uploads that were accepted, by name."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self.accepted: dict[str, str] = {}
        self._number = 0
        self._lock = threading.Lock()

    def ask(self, server: Server, what: str = "ask") -> int:
        """Ask; returns the status."""
        reply = server.post("/v1/ask", {"question": "Who found the pump?"}, timeout=60)
        self._told(what, reply.status, str(reply.body.get("error", "")))
        return reply.status

    def upload(self, server: Server, size: int = 60, what: str = "upload") -> int:
        """Upload a page of about that size; returns the status."""
        with self._lock:
            self._number += 1
            name = f"{self._number}.html"
        text = f"Upload {name} says that the pump was found by Ada."
        page = f"<p>{text}</p><!--{'x' * size}-->"  # large, and soon embedded
        try:
            reply = httpx2.post(
                f"http://127.0.0.1:{server.port}/v1/documents", files={"file": (name, page.encode())}, timeout=60
            )
        except httpx2.HTTPError:
            self._told(what, 0, "")
            return 0
        if reply.status_code == 202:
            self.accepted[name] = text
        self._told(what, reply.status_code, reply.text)
        return reply.status_code

    def _told(self, what: str, status: int, body: str) -> None:
        assert status in (0, *MEANT) or "internal_error" in body, (what, status, body)
        with self._lock:
            self.told[f"{what} {status or 'cut off'}"] += 1

    def __str__(self) -> str:
        return ", ".join(f"{what} {count} times" for what, count in sorted(self.told.items()))


@contextmanager
def service(folder: Path, limit: Callable[[], None] | None = None, **environment: str) -> Iterator[Server]:
    """`rag serve` without a language model on the indexes in `folder`, which has an index with a document."""
    indexes = folder / "indexes"
    environment = {"RAG_INDEXES_DIR": str(indexes), "RAG_MODEL": "none", "PYTHONPATH": str(ROOT), **environment}
    if not (indexes / NAME).exists():
        notes = folder / "notes"
        notes.mkdir(exist_ok=True)
        (notes / "pump.txt").write_text("The pump was found by Ada in 1859. " * 3)
        subprocess.run(
            [*RAG, "index", str(notes)], env=os.environ | environment, cwd=ROOT, check=True, capture_output=True
        )
    port = free_port()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit is not None:
        limit()
    try:
        with process(
            [*RAG, "serve", "--port", str(port)], port, "/readyz", Path(f"{folder}.log"), **environment
        ) as one:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
            yield one
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def settled(folder: Path, server: Server, seen: Seen) -> str:
    """Wait until all that was accepted is there, and check the index; returns a line."""
    assert server.process.poll() is None, "the service is gone"
    end = time.monotonic() + PATIENCE_S
    address = f"http://127.0.0.1:{server.port}/v1/documents"
    while True:
        with suppress(httpx2.HTTPError):
            there = {one["id"] for one in httpx2.get(f"{address}?limit=1000", timeout=60).json()["documents"]}
            if there >= {f"uploads/{name}" for name in seen.accepted}:
                break
        assert time.monotonic() < end, sorted({f"uploads/{name}" for name in seen.accepted} - there)
        time.sleep(0.3)
    for name, text in seen.accepted.items():
        said = httpx2.get(f"{address}/uploads/{name}/text", timeout=60).json()["text"]
        assert said.split() == text.split(), name
    assert seen.ask(server, "ask afterwards") == 200
    with LocalIndex.open(folder / "indexes", NAME) as index:
        assert index.verify() == []
    return f"{seen}; {len(seen.accepted)} accepted, 0 lost"


def full_disk(folder: Path) -> str:
    """Uploads, questions (whose traces are stored) and a new key on a disk that is full."""
    with small_disk(folder, 48) as disk:
        if disk is None:
            return "no tmpfs may be mounted here"
        with service(folder) as server:
            seen = Seen()
            seen.upload(server)
            settled(folder, server, seen)
            filled = _fill(disk / "ballast")
            for _ in range(3):
                seen.upload(server, MEGABYTE)
                seen.ask(server)
            made = _rag(folder, "keys", "add", "somebody")
            filled.unlink()
            assert seen.upload(server, MEGABYTE) == 202
            return f"{settled(folder, server, seen)}; rag keys add: exit {made.returncode}, {_line(made)}"


def read_only(folder: Path) -> str:
    """Uploads and questions on a disk that can only be read; then the service starts again where it may be written."""
    with small_disk(folder, 48) as disk:
        if disk is None:
            return "no tmpfs may be mounted here"
        seen = Seen()
        with service(folder) as server:
            seen.upload(server)
            settled(folder, server, seen)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with service(folder) as server:
            for _ in range(3):
                seen.upload(server)
                assert seen.ask(server) == 200
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        with service(folder) as server:
            assert seen.upload(server) == 202
            return settled(folder, server, seen)


def full_temporary(folder: Path) -> str:
    """Uploads that do not fit into TMPDIR, where they are kept as they arrive."""
    folder.mkdir()
    with small_disk(folder / "tmp", 3) as disk:
        if disk is None:
            return "no tmpfs may be mounted here"
        with service(folder, TMPDIR=str(disk)) as server:
            seen = Seen()
            filled = _fill(disk / "ballast")
            for _ in range(3):
                seen.upload(server, 2 * MEGABYTE)
                seen.ask(server)
            filled.unlink()
            assert seen.upload(server, MEGABYTE) == 202
            return settled(folder, server, seen)


def few_descriptors(folder: Path) -> str:
    """A hundred connections to a service that may have 64 descriptors."""
    folder.mkdir()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with service(folder, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))) as server:
        seen = Seen()
        held = [_connected(server.port) for _ in range(100)]
        time.sleep(1)
        for one in held:
            one.close()
        time.sleep(1)
        _at_once(seen, server, LOAD_S)
        return settled(folder, server, seen)


def no_memory(folder: Path) -> str:
    """Work in a service that gets no more address space than it has."""
    folder.mkdir()
    with service(folder) as server:
        seen = Seen()
        for _ in range(3):
            seen.ask(server)
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        kilobytes = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmSize")))
        hard = resource.prlimit(server.process.pid, resource.RLIMIT_AS)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, (kilobytes * 1024 + 8 * MEGABYTE, hard))
        seen.upload(server, 20 * MEGABYTE, "large upload")
        _at_once(seen, server, LOAD_S)
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, (hard, hard))
        return settled(folder, server, seen)


def stopped(folder: Path, number: signal.Signals) -> str:
    """Uploads and questions of eight clients, in the middle of which the service is stopped; then it starts again."""
    folder.mkdir()
    seen = Seen()
    with service(folder) as server:
        clients = threading.Thread(target=_at_once, args=(seen, server, LOAD_S))
        clients.start()
        time.sleep(LOAD_S / 2)
        server.process.send_signal(number)
        clients.join()
        server.process.wait(60)
    with service(folder) as server:
        return settled(folder, server, seen)


def two_services(folder: Path) -> str:
    """Uploads to two services on one folder at once."""
    folder.mkdir()
    seen = Seen()
    with service(folder) as one, service(folder) as other:
        clients = [threading.Thread(target=_at_once, args=(seen, server, LOAD_S)) for server in (one, other)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        settled(folder, other, seen)
        return settled(folder, one, seen)


def clients_that_do_not_read(folder: Path) -> str:
    """Forty clients that ask for 200 large responses each and read nothing, and one that has closed its half."""
    folder.mkdir()
    with service(folder) as server:
        seen = Seen()
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        held = [_connected(server.port, request * 200) for _ in range(40)]
        before = server.memory_mb()
        for _ in range(20):
            assert server.get("/healthz").status == 200
            assert seen.ask(server) == 200
        more = server.memory_mb() - before
        half = _connected(server.port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        half.shutdown(socket.SHUT_WR)
        assert half.recv(12) == b"HTTP/1.1 200"
        for one in [*held, half]:
            one.close()
        return f"{settled(folder, server, seen)}; {more:+.0f} MB meanwhile; the half-closed one was answered"


def damaged_files(folder: Path) -> str:
    """The files of keys and of stored answers, overwritten while the service runs."""
    folder.mkdir()
    with service(folder) as server:
        seen = Seen()
        assert seen.ask(server) == 200
        assert _rag(folder, "keys", "add", "somebody").returncode == 0
        time.sleep(1)  # the trace is stored
        files = [path for path in (folder / "indexes" / ".service").iterdir() if path.suffix in (".sqlite", ".json")]
        for file in files:
            file.write_bytes(b"\0damaged" * 1000)
        for _ in range(3):
            assert seen.ask(server) == 200
            seen.upload(server)
        listed = _rag(folder, "keys", "list")
        assert server.get("/healthz").status == 200
        names = ", ".join(sorted(file.name for file in files))
        return f"{names}: {settled(folder, server, seen)}; rag keys list: exit {listed.returncode}, {_line(listed)}"


TROUBLES: dict[str, Callable[[Path], str]] = {
    "a full disk": full_disk,
    "a disk that turned read-only": read_only,
    "a full TMPDIR": full_temporary,
    "64 descriptors": few_descriptors,
    "no more memory": no_memory,
    "SIGTERM under load": lambda folder: stopped(folder, signal.SIGTERM),
    "SIGKILL under load": lambda folder: stopped(folder, signal.SIGKILL),
    "two services on one folder": two_services,
    "clients that do not read": clients_that_do_not_read,
    "damaged files of keys and stored answers": damaged_files,
}


def _at_once(seen: Seen, server: Server, seconds: float) -> None:
    """Eight clients that upload and ask."""
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        while time.monotonic() < end and server.process.poll() is None:
            if not (seen.upload if number % 2 else seen.ask)(server):
                time.sleep(0.2)  # it is gone, or takes no more connections

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()


def _fill(file: Path) -> Path:
    """A file that takes what is left of its disk."""
    with suppress(OSError), file.open("wb", buffering=0) as out:
        for size in (MEGABYTE, 4096):
            with suppress(OSError):
                while out.write(b"\0" * size) == size:
                    pass
    return file


def _connected(port: int, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.sendall(sent)
    return connection


def _rag(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"RAG_INDEXES_DIR": str(folder / "indexes"), "PYTHONPATH": str(ROOT)}
    return subprocess.run([*RAG, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True)


def _line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    assert len(lines) <= 1 or done.returncode == 0, done.stderr
    return json.dumps(lines[0][:120] if lines else "")
