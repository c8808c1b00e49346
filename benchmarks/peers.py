"""The peers that speed is compared with: their virtual environment, and a process that runs `benchmarks/peer.py` in it.

In: a cache folder. Out: an interpreter that has txtai, faiss-cpu, sentence-transformers, llama-cpp-python and what its
server needs, in the versions of `docker/constraints.txt` where that names one. torch comes first, so that no larger
build of it is fetched; llama-cpp-python is compiled, unless pip has kept its wheel.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from serving import ROOT

DEFAULT_CACHE = Path("build/peers")
CONSTRAINTS = ROOT / "docker" / "constraints.txt"
FIRST = ["torch==2.13.0"]
PACKAGES = [
    "txtai==9.14.0",
    "faiss-cpu",
    "sentence-transformers",
    "llama-cpp-python",
    # llama-cpp-python's extra `server`, which itself would hold starlette-context to one that is too old for starlette
    *["fastapi", "pydantic-settings", "sse-starlette", "starlette-context==0.5.1", "uvicorn"],
]
_PROGRAM = Path(__file__).with_name("peer.py")


class PeerError(Exception):
    """A peer cannot do what it was asked: its row is not measured."""


def peer_python(cache: Path) -> Path:
    """The interpreter of the peers' environment, which is made where it is not there or was made of other versions."""
    folder = cache / "env"
    python, ready = folder / "bin" / "python", folder / "ready"
    wanted = hashlib.sha256(CONSTRAINTS.read_bytes() + repr(FIRST + PACKAGES).encode()).hexdigest()
    if ready.is_file() and ready.read_text() == wanted:
        return python.absolute()
    print(f"installing {', '.join(PACKAGES)} into {folder} (some minutes) ...", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    for packages in (FIRST, PACKAGES):
        command = [
            str(python),
            "-m",
            "pip",
            "install",
            "-qq",
            "--disable-pip-version-check",
            "-c",
            str(CONSTRAINTS),
            *packages,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise PeerError(f"its environment cannot be made: {(done.stderr.strip() or 'pip failed').splitlines()[-1]}")
    ready.write_text(wanted)
    return python.absolute()


class Peer:
    """One process; `do` waits for the answer. Used as a context, it ends with it."""

    def __init__(self, python: Path) -> None:
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
        environment.pop("PYTHONPATH", None)
        self._process = subprocess.Popen(
            [python, _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=environment,
        )

    def do(self, name: str, **order: Any) -> dict[str, Any]:
        """Raises `PeerError` where it cannot, or has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"do": name, **order}), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer: dict[str, Any] = json.loads(line) if line else {"error": f"its process ended ({self._process.poll()})"}
        if "error" in answer:
            raise PeerError(f"{name}: {answer['error']}")
        return answer

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.communicate()
