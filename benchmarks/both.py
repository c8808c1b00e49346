"""A writer and the service killed together, over and over, on one folder of indexes; for `reliability.py`.

In: a folder and a number of kills. Out: what was done. Each time, a service that takes uploads and removals of four
clients, and a writer that edits files and brings the index in line with them, are killed at one moment, also while they
start. After each kill the index must be whole. After every ten, a service ends what waits: then each job that was
accepted must be done, each name must hold what its client was told, and the files of the writer must be what the index
has. A helper process loads the program once and forks both; embedder and reader are those of the tests, without a
model. Fails with `AssertionError` where something was lost.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from serving import ROOT, free_port

from rag.errors import IndexBusy
from rag.index.local import LocalIndex
from rag.ingest.run import sync
from rag.settings import Settings
from rag.stores.open import open_index
from tests.fakes import HashEmbedder

NAME = "both"
CLIENTS = 4
FILES = 12
LONGEST_S = 3.0  # until a kill
QUIET_AFTER = 10  # kills
PATIENCE_S = 300.0

HELPER = """
import os, sys
sys.path[:0] = [{root!r}, {benchmarks!r}]
import faiss, tantivy, uvicorn, api.app, api.server.run
from both import serve_forever, write_forever
for line in sys.stdin:
    folder, port, seed = line.split()
    children = []
    for work in (lambda: serve_forever(folder, int(port)), lambda: write_forever(folder, int(seed))):
        if int(seed) < 0 and children:
            break  # the service alone
        child = os.fork()
        if child == 0:
            work()
            os._exit(1)
        children.append(child)
    print(*children, flush=True)
    for child in children:
        os.waitpid(child, 0)
    print("gone", flush=True)
"""


@dataclass(slots=True)
class Done:
    """Steps that were done until the end."""

    kills: int = 0
    accepted: int = 0  # uploads
    removed: int = 0
    unknown: int = 0  # requests whose connection broke
    documents: int = 0


def run(folder: Path, kills: int, seed: int = 11) -> Done:
    """Kill both so many times. Raises `AssertionError`."""
    chance, done = random.Random(seed), Done()
    (folder / "notes").mkdir()
    with open_index(_settings(folder), HashEmbedder(), create=True) as index:
        index.publish()
    names = [_Name(folder, f"{number}.txt", done) for number in range(CLIENTS)]
    with _helper(folder) as helper:
        while done.kills < kills:
            with helper(done.kills) as port:
                clients = ThreadPoolExecutor(CLIENTS)
                used = [clients.submit(name.use, port) for name in names]
                if chance.random() < 0.7:  # else while they start
                    _until_up(port)
                time.sleep(chance.uniform(0, LONGEST_S))
            for client in used:
                client.result()
            clients.shutdown()
            done.kills += 1
            with LocalIndex.open(folder / "indexes", NAME) as index:
                assert index.repair() == [] == index.verify()
            if done.kills % QUIET_AFTER == 0 or done.kills == kills:
                _settle(folder, helper, names)
                print(done, file=sys.stderr, flush=True)
    with LocalIndex.open(folder / "indexes", NAME) as index:
        done.documents = len(index.documents())
    return done


class _Name:
    """A name that one client uploads and removes, and what the index may hold of it: None stands for nothing."""

    def __init__(self, folder: Path, name: str, done: Done) -> None:
        self.name, self.jobs = name, list[str]()
        self.possible: set[str | None] = {None}
        self._done, self._sent = done, 0
        self._ended = True  # nothing of it waits, as far as its client knows
        self._chance = random.Random(name)

    def use(self, port: int) -> None:
        """Upload, wait and remove until the service is gone."""
        address = f"http://127.0.0.1:{port}"
        with httpx2.Client(base_url=address, timeout=30) as client, suppress(httpx2.HTTPError):
            _until(lambda: client.get("/healthz").status_code == 200)
            while True:
                if self._chance.random() < 0.4 and self._ended and self.possible != {None}:
                    self._remove(client)
                self._upload(client)

    def _upload(self, client: httpx2.Client) -> None:
        self._sent += 1
        text = f"Upload {self._sent} of {self.name}."
        before, self.possible = self.possible, self.possible | {text}
        self._ended = False
        self._done.unknown += 1
        reply = client.post("/v1/documents", files={"file": (self.name, text.encode())})
        self._done.unknown -= 1
        if reply.status_code != 202:  # such as 503 while the models are loaded: it is not kept
            assert reply.status_code in (429, 503), reply.text
            self.possible, self._ended = before, True
            return
        self.possible = {text}
        self._done.accepted += 1
        self.jobs.append(reply.json()["id"])
        self.wait_for(client)

    def wait_for(self, client: httpx2.Client) -> None:
        """Wait until the last upload is done, as every one must be."""
        told = {}

        def ended() -> bool:
            nonlocal told
            told = client.get(f"/v1/jobs/{self.jobs[-1]}").json()
            return told.get("status") in ("done", "failed")

        _until(ended)
        assert told["status"] == "done", told
        self._ended = True

    def _remove(self, client: httpx2.Client) -> None:
        self.possible = self.possible | {None}
        self._done.unknown += 1
        while (reply := client.delete(f"/v1/documents/uploads/{self.name}")).status_code == 409:  # the writer is at it
            time.sleep(0.05)
        self._done.unknown -= 1
        assert reply.status_code in (200, 404), reply.text
        if reply.status_code == 200:
            self.possible = {None}
            self._done.removed += 1


def _until_up(port: int) -> None:
    _until(lambda: httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE_S).status_code == 200)


def _until(condition: Callable[[], bool]) -> None:
    """Wait for it. Raises `httpx2.HTTPError` of a service that went away, but not of one that is about to start."""
    until, come = time.monotonic() + PATIENCE_S, False
    while time.monotonic() < until:
        try:
            if condition():
                return
            come = True
        except httpx2.ConnectError:
            if come or time.monotonic() > until - PATIENCE_S + 2 * LONGEST_S:
                raise
        time.sleep(0.02)
    raise AssertionError("nothing came of it")


def _settle(folder: Path, helper: Callable[[int], AbstractContextManager[int]], names: list[_Name]) -> None:
    """Let a service end what waits, and compare all there is with what was told."""
    with helper(-1) as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        _until(lambda: client.get("/readyz").status_code == 200)
        for name in names:
            if name.jobs:
                name.wait_for(client)
        waiting = folder / "indexes" / NAME / "uploads" / ".incoming"
        _until(lambda: not [path for path in waiting.iterdir() if not path.name.startswith(".")])
    settings = _settings(folder)
    with open_index(settings, HashEmbedder(), write=True) as writing:
        sync([folder / "notes"], writing, HashEmbedder(), settings, prune=True)
    with LocalIndex.open(folder / "indexes", NAME) as index:
        assert index.verify() == []
        there = {info.id: index.document(info.id).text for info in index.documents()}
    notes = {f"notes/{path.name}": path.read_text() for path in (folder / "notes").glob("*.txt")}
    for name in names:
        found = there.pop(f"uploads/{name.name}", None)
        assert found in name.possible, (name.name, found, name.possible)
        file = folder / "indexes" / NAME / "uploads" / name.name
        assert (file.read_text() if file.exists() else None) == found, name.name
        name.possible, name._ended = {found}, True
    assert there == notes


@contextmanager
def _helper(folder: Path) -> Iterator[Callable[[int], AbstractContextManager[int]]]:
    """Starts the service, with a writer for seeds from 0 on, and kills all at the end of its block."""
    script = HELPER.format(root=str(ROOT), benchmarks=str(ROOT / "benchmarks"))
    log = (folder / "helper.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    given, told = process.stdin, process.stdout

    @contextmanager
    def both(seed: int) -> Iterator[int]:
        port = free_port()
        given.write(f"{folder} {port} {seed}\n")
        given.flush()
        children = [int(word) for word in told.readline().split()]
        try:
            yield port
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)
            assert told.readline() == "gone\n"

    try:
        yield both
    finally:
        process.kill()
        process.communicate()
        log.close()


def _settings(folder: str | Path) -> Settings:
    return Settings(indexes_dir=Path(folder) / "indexes", index=NAME, model="none", embedder="made up")


def serve_forever(folder: str, port: int) -> None:
    """The service, in a process that is killed."""
    from api.app import create_app
    from api.server.run import run_server
    from rag.models import Models
    from tests.fakes import WordReader

    settings = _settings(folder)
    run_server("127.0.0.1", port, lambda: create_app(settings, lambda _: Models(HashEmbedder(), reader=WordReader())))


def write_forever(folder: str, seed: int) -> None:
    """Edits of files and runs over them, in a process that is killed."""
    chance, settings, notes = random.Random(seed), _settings(folder), Path(folder) / "notes"
    edits = 0
    while True:
        file = notes / f"{chance.randrange(FILES)}.txt"
        edits += 1
        if chance.random() < 0.2 and len(list(notes.glob("*.txt"))) > FILES // 2:
            file.unlink(missing_ok=True)
        else:
            fresh = file.with_name(f".{file.name}.tmp")
            fresh.write_text(f"Note {file.stem} of edit {edits} after kill {seed}.")
            fresh.replace(file)
        with suppress(IndexBusy), open_index(settings, HashEmbedder(), write=True) as index:
            sync([notes], index, HashEmbedder(), settings, prune=True)
        time.sleep(chance.uniform(0, 0.5))
