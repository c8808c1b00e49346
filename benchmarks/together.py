"""Two services and a `rag index --watch` on one folder of indexes, with uploads, edits and kills; for `reliability.py`.

In: a folder and a number of seconds. Out: what was done. Fails where the index is not what the files are at the end, or
where a job's word was untrue: one that is done and is not there, one that failed and left something, one of which two
services say different things. Uploads of one name go to one service, so that their order is known; the second service
is killed over and over, and started again.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from serving import RAG, ROOT, Server, free_port, process

from rag.index.local import LocalIndex

NAME = "bench"
NAMES = [f"{number}.txt" for number in range(12)]
BINARY = b"\x7fELF\x00\x00\x01"  # as text, it cannot be read
KILLED_EVERY_S = 25.0
PATIENCE_S = 600.0


class Sent(NamedTuple):
    """An upload that was accepted."""

    job: str
    name: str
    content: bytes


@dataclass(slots=True)
class Done:
    """Steps that were done until the end."""

    edits: int = 0
    kills: int = 0
    refused: int = 0  # uploads that met a service that was not there
    sent: list[Sent] = field(default_factory=list)
    failed: int = 0
    documents: int = 0


def run(folder: Path, seconds: float, seed: int = 7) -> Done:
    """Let them work together, wait until all is quiet, and compare. Raises `AssertionError`."""
    chance, done = random.Random(seed), Done()
    notes = folder / "notes"
    for number in range(60):
        _write(notes / f"{number % 6}" / f"{number}.txt", f"Note {number} is of the first day.")
    environment = {"RAG_INDEXES_DIR": str(folder / "indexes"), "RAG_INDEX": NAME, "RAG_MODEL": "none"}
    _index(notes, environment)
    services = [_Service(folder / f"{number}.log", environment) for number in range(2)]
    watch = subprocess.Popen(
        [*RAG, "index", str(notes), "--index", NAME, "--watch"], env=_with(environment), cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=(folder / "watch.log").open("wb"),
    )  # fmt: skip
    try:
        end, kill = time.monotonic() + seconds, time.monotonic() + KILLED_EVERY_S
        while time.monotonic() < end:
            _edit(notes, chance, done)
            _upload(services, chance, done)
            if time.monotonic() > kill:
                services[1].kill_and_start()
                done.kills += 1
                kill = time.monotonic() + KILLED_EVERY_S
            time.sleep(chance.uniform(0, 0.2))
        jobs = _ended(services, done)
        _wait_until_in_line(notes, environment, folder)
        assert watch.poll() is None, (folder / "watch.log").read_text()
    finally:
        watch.kill()
        watch.wait()
        for service in services:
            service.stop()
    _compare(folder, notes, done, jobs)
    return done


class _Service:
    """A service that can be killed."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        self._log, self._environment = log, environment
        self._running: AbstractContextManager[Server]
        self.start()

    def start(self) -> None:
        port = free_port()
        command = [*RAG, "serve", "--port", str(port)]
        self._running = process(command, port, "/readyz", self._log, **self._environment)
        self.server = self._running.__enter__()
        self.address = f"http://127.0.0.1:{port}"

    def kill_and_start(self) -> None:
        self.server.process.kill()
        self.stop()
        self.start()

    def stop(self) -> None:
        self._running.__exit__(None, None, None)


def _edit(notes: Path, chance: random.Random, done: Done) -> None:
    files = sorted(path for path in notes.rglob("*.txt"))
    file = chance.choice(files)
    kind = chance.choice(["write", "write", "write", "new", "move", "delete"])
    if kind == "write":
        _write(file, f"Note {file.stem} was changed at edit {done.edits}.")
    elif kind == "new":
        _write(notes / f"{chance.randrange(6)}" / f"new {done.edits}.txt", f"Note of edit {done.edits}.")
    elif kind == "move":
        file.rename(file.with_name(f"moved {done.edits}.txt"))
    elif len(files) > 40:
        file.unlink()
    done.edits += 1


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.tmp")
    fresh.write_text(text)
    fresh.replace(file)


def _upload(services: list[_Service], chance: random.Random, done: Done) -> None:
    name = chance.choice(NAMES)
    service = services[NAMES.index(name) % 2]
    content = BINARY if chance.random() < 0.2 else f"Upload {len(done.sent)} of {name}.".encode()
    try:
        reply = httpx2.post(f"{service.address}/v1/documents", files={"file": (name, content)}, timeout=60)
    except httpx2.HTTPError:
        done.refused += 1
        return
    assert reply.status_code in (202, 429), reply.text
    if reply.status_code == 202:
        done.sent.append(Sent(reply.json()["id"], name, content))


def _ended(services: list[_Service], done: Done) -> dict[str, dict[str, Any]]:
    """The jobs when all have ended, of which both services say the same."""
    ended: dict[str, dict[str, Any]] = {}
    until = time.monotonic() + PATIENCE_S
    for sent in done.sent:
        while True:
            told = [httpx2.get(f"{service.address}/v1/jobs/{sent.job}", timeout=60).json() for service in services]
            if all(job.get("status") in ("done", "failed") for job in told):
                break
            assert time.monotonic() < until, (sent, told)
            time.sleep(0.2)
        assert told[0] == told[1], told
        ended[sent.job] = told[0]
    return ended


def _wait_until_in_line(notes: Path, environment: dict[str, str], folder: Path) -> None:
    """Wait until the one that watches has brought in what there is, as the files and the index tell."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(AssertionError):
            _compare_notes(folder, notes)
            return
        time.sleep(1)
    _compare_notes(folder, notes)


def _compare(folder: Path, notes: Path, done: Done, jobs: dict[str, dict[str, Any]]) -> None:
    _compare_notes(folder, notes)
    expected: dict[str, bytes] = {}
    for sent in done.sent:
        job = jobs[sent.job]
        assert (job["status"] == "failed") == (sent.content == BINARY), job
        done.failed += job["status"] == "failed"
        if job["status"] == "done":
            expected[sent.name] = sent.content
    place = folder / "indexes" / NAME / "uploads"
    with LocalIndex.open(folder / "indexes", NAME, write=True) as index:
        there = {info.id: index.document(info.id).text for info in index.documents()}
        assert index.verify() == []
    assert {name.removeprefix("uploads/"): text for name, text in there.items() if name.startswith("uploads/")} == {
        name: content.decode() for name, content in expected.items()
    }
    assert {name: (place / name).read_bytes() for name in expected} == expected
    assert not [path for path in (place / ".incoming").iterdir() if path.suffix != ".lock"]
    done.documents = len(there)


def _compare_notes(folder: Path, notes: Path) -> None:
    with LocalIndex.open(folder / "indexes", NAME) as index:
        infos = [info for info in index.documents() if not info.id.startswith("uploads/")]
        there = {info.source: index.document(info.id).text for info in infos}
        stale = [info.id for info in infos if info.stale]
    files = {str(path.resolve()): path.read_text() for path in notes.rglob("*.txt")}
    assert there == files, (set(there) ^ set(files), stale)
    assert stale == []


def _index(notes: Path, environment: dict[str, str]) -> None:
    command = [*RAG, "index", str(notes), "--index", NAME]
    subprocess.run(command, check=True, env=_with(environment), cwd=ROOT, capture_output=True)


def _with(environment: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **environment}
