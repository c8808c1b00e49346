"""Real clients against the running service: each in an environment of its own, with what it shows of a citation.

    python benchmarks/clients.py            # all; or: openai anthropic ai-sdk langchain llamaindex

Makes build/clients/NAME, serves the sample library on loopback, runs the script of docs/clients and prints what it
prints. Ends with 1 if a client does not show the sentence's source. What each client sent is in
build/clients/requests.jsonl: the bodies of tests/api/recorded.jsonl are from there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.app import create_app
from api.server.run import listen
from rag.settings import load_settings

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "clients"
SCRIPTS = ROOT / "docs" / "clients"
SHOWN = "orran"  # in the title or address of the document that is cited


class Client(NamedTuple):
    name: str
    script: str
    packages: tuple[str, ...]


CLIENTS = (
    Client("openai", "openai_client.py", ("openai",)),
    Client("anthropic", "anthropic_client.py", ("anthropic",)),
    Client("langchain", "langchain_client.py", ("langchain-openai", "httpx")),
    Client("llamaindex", "llamaindex_client.py", ("llama-index-core", "llama-index-llms-openai-like", "httpx")),
    Client("ai-sdk", "ai_sdk.mjs", ("ai@6", "@ai-sdk/openai@3")),
)


class Recorder:
    """An application whose requests are written to a file."""

    def __init__(self, app: ASGIApp, file: Path) -> None:
        self._app = app
        self._file = file
        self.client = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def recorded() -> Message:
            message = await receive()
            if body := message.get("body"):
                line = {"client": self.client, "path": scope["path"], "body": json.loads(body)}
                with self._file.open("a") as out:
                    out.write(json.dumps(line) + "\n")
            return message

        await self._app(scope, recorded if scope.get("method") == "POST" else receive, send)


@contextmanager
def serving(indexes: Path) -> Iterator[tuple[str, Recorder]]:
    app = create_app(load_settings(index="demo", indexes_dir=indexes, model="none"))
    (BUILD / "requests.jsonl").unlink(missing_ok=True)
    recorder = Recorder(app, BUILD / "requests.jsonl")
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(recorder, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        while httpx2.get(f"{address}/readyz", timeout=60).status_code != 200:
            threading.Event().wait(0.2)
        yield address, recorder
    finally:
        server.should_exit = True
        thread.join()


def install(client: Client) -> list[str]:
    """The command that runs the client's script."""
    folder = BUILD / client.name
    if client.script.endswith(".mjs"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        run(["npm", "install", "--silent", "--no-audit", "--no-fund", *client.packages], cwd=folder)
        (folder / client.script).write_text((SCRIPTS / client.script).read_text())
        return ["node", str(folder / client.script)]
    run([sys.executable, "-m", "venv", str(folder)])
    run([str(folder / "bin" / "pip"), "install", "--quiet", *client.packages])
    return [str(folder / "bin" / "python"), str(SCRIPTS / client.script)]


def run(command: list[str], **options: Any) -> None:
    subprocess.run(command, check=True, **options)


def main(names: list[str]) -> int:
    BUILD.mkdir(parents=True, exist_ok=True)
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        indexes = Path(folder)
        index = [sys.executable, "-m", "rag.cli.main", "index", str(ROOT / "seeds" / "library"), "--index", "demo"]
        run([*index, "--indexes-dir", str(indexes)])
        with serving(indexes) as (address, recorder):
            for client in CLIENTS:
                if names and client.name not in names:
                    continue
                command, recorder.client = install(client), client.name
                environment = os.environ | {"RAG": address, "MODEL": "rag/demo"}
                done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
                print(f"== {client.name}\n{done.stdout}{done.stderr}")
                cited = [line for line in done.stdout.splitlines() if line.lstrip().startswith("<-")]
                if done.returncode or not any(SHOWN in line.lower() for line in cited):
                    wrong.append(client.name)
    print(f"without the source: {', '.join(wrong)}" if wrong else "each client shows the source")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
