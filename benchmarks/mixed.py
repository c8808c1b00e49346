"""Mixed load on the real server: questions, searches, chats that leave, uploads, removals, and another process that
indexes. For `service.py`; what must stay flat is looked at all along.

Fails where an answer cites or shows what does not stand there in the generation that it names (`exact.py`), a request
fails with other than 429 (with `Retry-After`), a removal with other than 409, or more memory, descriptors or threads
are held at the end than after ten minutes.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from exact import Exact
from serving import RAG, ROOT, Server

CLIENTS = 16
SAMPLES = 30
SETTLED_S = 600.0  # after which nothing may grow
GROWN = 1.1  # times, at the end
FILES = 30  # of the library that another process changes
WORDS = "river mill bridge harbour ferry lamp keeper engine valley stone clerk letter market winter tide".split()


class Sample(NamedTuple):
    """Resources that the server holds at a moment."""

    anonymous_mb: float
    files_mb: float  # mapped: the system can take them back
    descriptors: int
    threads: int


class Load:
    """Clients of one server, until `end`."""

    def __init__(self, server: Server, questions: list[str], folder: Path, seconds: float) -> None:
        self._server = server
        self._questions = questions
        self._folder = folder
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.health: list[float] = []
        self.samples: list[Sample] = []
        self.exact = Exact(folder / "indexes" / "bench")

    def run(self) -> None:
        """Run all clients, the other process and the samples; -> when all have ended."""
        work: list[Callable[[], None]] = [self._indexing, self._probing, *[self._client] * CLIENTS]
        threads = [threading.Thread(target=self._until_the_end, args=(one,)) for one in work]
        for thread in threads:
            thread.start()
        for _ in range(SAMPLES):
            time.sleep(self._seconds / SAMPLES)
            self.samples.append(_sample(self._server))
            print(*(f"{value:.0f}" for value in self.samples[-1]), *self.faults[-3:], file=sys.stderr, flush=True)
        for thread in threads:
            thread.join()

    def _until_the_end(self, one: Callable[[], None]) -> None:
        try:
            while time.monotonic() < self._end:
                one()
        except Exception as error:
            self._fault(f"{one.__name__}: {error!r}")

    def _fault(self, what: str) -> None:
        with self._lock:
            self.faults.append(what)

    def _client(self) -> None:
        work = random.choices([self._ask, self._search, self._chat, self._upload, self._list], [4, 3, 2, 2, 1])[0]
        work()

    def _count(self, kind: str, status: int, fine: tuple[int, ...] = (200,), retry_after: object = None) -> bool:
        with self._lock:
            self.counts[f"{kind} {status}"] += 1
        if status not in (*fine, 429) or (status == 429 and retry_after is None):
            self._fault(f"{kind}: {status}")
        if status == 429:
            time.sleep(random.uniform(0.2, 1))
        return status == 200

    def _ask(self) -> None:
        """A question about the library, or now and then about documents that come and go; its answer is compared with
        the generation that it names."""
        changing = random.random() < 0.25
        question = " ".join(random.choices(WORDS, k=4)) if changing else random.choice(self._questions)
        reply = self._server.post("/v1/ask", {"question": question, "mode": "extract" if changing else "auto"})
        if not self._count("ask", reply.status, retry_after=reply.retry_after):
            return
        for line in self.exact.wrong(reply.body):
            self._fault(line)

    def _search(self) -> None:
        reply = self._server.post("/v1/search", {"query": random.choice(self._questions)})
        self._count("search", reply.status, retry_after=reply.retry_after)

    def _chat(self) -> None:
        """A streamed chat whose client leaves after some of it."""
        messages = [{"role": "user", "content": random.choice(self._questions)}]
        body = json.dumps({"model": "rag/bench", "messages": messages, "stream": True})
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=300)
        try:
            connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
            if random.random() < 0.5:  # also before anything of it has come
                time.sleep(random.uniform(0, 0.5))
                return
            response = connection.getresponse()
            self._count("chat", response.status, retry_after=response.headers.get("Retry-After"))
            response.read(random.randint(1, 400))
        finally:
            connection.close()

    def _upload(self) -> None:
        """A file that is taken in, waited for, and removed."""
        name = f"mixed-{random.randrange(40)}.txt"
        text = _paragraphs(random.randint(1, 20))
        self.exact.written(f"uploads/{name}", text)
        status, body = self._request("POST", "/v1/documents", *_form(name, text))
        if status != 202:
            self._count("upload", status, fine=(202,), retry_after="")
            return
        self._count("upload", 202, fine=(202,))
        job = json.loads(body)
        while job["status"] in ("queued", "running") and time.monotonic() < self._end:
            time.sleep(0.3)
            _, body = self._request("GET", f"/v1/jobs/{job['id']}")
            job = json.loads(body)
        if job["status"] == "failed":
            self._fault(f"upload failed: {job['error']}")
        if random.random() < 0.5:
            status, _ = self._request("DELETE", f"/v1/documents/{job['document_id']}")
            self._count("remove", status, fine=(200, 204, 404, 409))  # another client had the same name

    def _list(self) -> None:
        status, _ = self._request("GET", "/v1/documents?limit=20")
        self._count("list", status)

    def _probing(self) -> None:
        reply = self._server.get("/healthz")
        self._count("health", reply.status)
        self.health.append(reply.seconds)
        time.sleep(0.05)

    def _indexing(self) -> None:
        """Another process that brings the same index in line with a folder that changes."""
        folder = self._folder / "changing"
        folder.mkdir(exist_ok=True)
        for number in random.sample(range(FILES), 5):
            text = _paragraphs(random.randint(1, 10))
            self.exact.written(f"changing/{number}.txt", text)
            (folder / f"{number}.txt").write_text(text)
        command = [*RAG, "index", str(folder), "--index", "bench", "--wait", "300", "--workers", "1"]
        environment = os.environ | {"RAG_INDEXES_DIR": str(self._folder / "indexes")}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        with self._lock:
            self.counts[f"rag index {done.returncode}"] += 1
        if done.returncode:
            self._fault(f"rag index: {done.stderr[-300:]}")
        time.sleep(5)

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=300)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def mixed(server: Server, questions: list[str], folder: Path, seconds: float) -> None:
    """Print the figures of a load of so many seconds. Raises `AssertionError` for what must not be."""
    load = Load(server, questions, folder, seconds)
    load.run()
    print(f"mixed load of {CLIENTS} clients for {seconds:.0f} s: {', '.join(_counted(load.counts))}")
    print(f"citations and passages compared: {', '.join(_counted(load.exact.counts))}")
    times = sorted(load.health)
    print(
        f"/healthz meanwhile: p50 {statistics.median(times) * 1e3:.1f} ms, p99 "
        f"{times[int(len(times) * 0.99)] * 1e3:.1f} ms of {len(times)}"
    )
    for name in Sample._fields:
        values = [getattr(sample, name) for sample in load.samples]
        print(f"{name}, each {seconds / SAMPLES:.0f} s: {' '.join(f'{value:.0f}' for value in values)}")
        if seconds >= 2 * SETTLED_S:
            _check_flat(name, values, int(SAMPLES * SETTLED_S / seconds), load)
    assert not load.faults, "\n".join(load.faults[:20])


def _check_flat(name: str, values: list[float], settled: int, load: Load) -> None:
    """Compare the median of the five samples from ten minutes on with that of the last five: one alone depends on what
    is under way at the moment."""
    early, late = statistics.median(values[settled - 1 : settled + 4]), statistics.median(values[-5:])
    print(f"    after ten minutes {early:.0f}, at the end {late:.0f} ({late / early - 1:+.1%})")
    if late > GROWN * early:
        load.faults.append(f"{name} went from {early:.0f} to {late:.0f}")


def _counted(counts: Counter[str]) -> list[str]:
    return [f"{name}: {count:,}" for name, count in sorted(counts.items())]


def _sample(server: Server) -> Sample:
    process = Path(f"/proc/{server.process.pid}")
    return Sample(*server.memory(), len(list((process / "fd").iterdir())), len(list((process / "task").iterdir())))


def _form(name: str, text: str) -> tuple[bytes, dict[str, str]]:
    border = uuid.uuid4().hex
    head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = f"{head}{text}\r\n--{border}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={border}"}


def _paragraphs(count: int) -> str:
    return "\n\n".join(" ".join(random.choices(WORDS, k=60)).capitalize() + "." for _ in range(count))
