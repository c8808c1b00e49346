"""Two replicas behind nginx, one of which is killed under load: how many requests are lost?

    python benchmarks/replicas.py [--seconds 45] [--clients 6] [--state-uri postgresql://...]

Everything is a real process on the loopback address: a server of Milvus Lite that holds the sample library, a model
server (`llama_cpp.server`), two times `rag serve` with nothing of their own, and nginx with `docker/nginx.conf`,
changed only in where it listens and where the replicas are. Clients search, and one asks. After a third of the time a
replica is killed (SIGKILL), after two thirds it is started again. Prints what each phase gave.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from serving import RAG, ROOT, Server, free_port, process

from rag.llm.gguf import model_file
from rag.settings import EMBEDDED_MODEL, load_settings

sys.path.insert(0, str(ROOT / "docker"))
from proxy import moved

PHASES = ("both replicas", "one killed", "started again")


class Asked(NamedTuple):
    path: str
    phase: str
    status: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--state-uri", default="")
    options = parser.parse_args()
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        raise SystemExit("nginx is not installed (Debian: apt-get install nginx-light)")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as exits:
        work = Path(folder)
        environment = stores(work, exits) | ({"RAG_STATE_URI": options.state_uri} if options.state_uri else {})
        index = [*RAG, "index", str(ROOT / "seeds/library"), "--index", "bench"]
        subprocess.run(index, check=True, env=os.environ | environment, cwd=work, stdout=subprocess.DEVNULL)
        ports = [free_port(), free_port()]
        replicas = [exits.enter_context(replica(port, work, environment)) for port in ports]
        front = exits.enter_context(proxy(nginx, work, ports))
        phase = [PHASES[0]]
        with loaded(front, options.clients, phase) as asked:
            time.sleep(options.seconds / 3)
            replicas[0].process.send_signal(signal.SIGKILL)
            phase[0] = PHASES[1]
            time.sleep(options.seconds / 3)
            exits.enter_context(replica(ports[0], work, environment))
            phase[0] = PHASES[2]
            time.sleep(options.seconds / 3)
        report(asked)


def stores(work: Path, exits: ExitStack) -> dict[str, str]:
    """A server of Milvus Lite and a model server; -> the settings of those who use them."""
    milvus, model = free_port(), free_port()
    command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(work / "milvus"), "--port", str(milvus)]
    child = exits.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    exits.callback(child.terminate)
    settings = load_settings()
    file = model_file(EMBEDDED_MODEL, settings.cache_dir, settings.threads)
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(file), "--port", str(model), "--n_ctx", "4096"]
    command += ["--interrupt_requests", "False"]
    exits.enter_context(process(command, model, "/v1/models", work / "model.log"))
    return {
        "RAG_STORE": "milvus",
        "RAG_MILVUS_URI": f"http://127.0.0.1:{milvus}",
        "RAG_MODEL": f"http://127.0.0.1:{model}/v1",
        "RAG_INDEX": "bench",
    }


def replica(port: int, work: Path, environment: dict[str, str]) -> AbstractContextManager[Server]:
    """A replica with a folder of its own, for uploads."""
    own = work / f"replica-{port}"
    own.mkdir(exist_ok=True)
    command = [*RAG, "serve", "--port", str(port)]
    return process(command, port, "/readyz", own / "log", RAG_INDEXES_DIR=str(own / "indexes"), **environment)


def proxy(nginx: str, work: Path, ports: list[int]) -> AbstractContextManager[Server]:
    """nginx with the configuration as it stands, but for where it listens and where the replicas are."""
    port = free_port()
    config = moved(work, port, ports)
    return process([nginx, "-c", str(config), "-g", "daemon off;"], port, "/readyz", work / "nginx.log")


@contextmanager
def loaded(front: Server, clients: int, phase: list[str]) -> Iterator[list[Asked]]:
    """Clients that ask one question after another, until the block ends; what they saw. The first asks, the others
    search."""
    found: list[Asked] = []
    stopped = threading.Event()
    lines = (ROOT / "seeds/questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if line]

    def ask(number: int) -> None:
        path, name = ("/v1/ask", "question") if number == 0 else ("/v1/search", "query")
        for question in itertools.islice(itertools.cycle(questions), number, None):
            if stopped.is_set():
                return
            began = phase[0]
            found.append(Asked(path, began, front.post(path, {name: question}).status))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def report(asked: list[Asked]) -> None:
    for phase, path in itertools.product(PHASES, ("/v1/search", "/v1/ask")):
        statuses = Counter(one.status for one in asked if (one.phase, one.path) == (phase, path))
        lost = sum(count for status, count in statuses.items() if status != 200)
        print(f"{phase}, {path}: {sum(statuses.values())} begun, {lost} lost {dict(statuses) if lost else ''}".rstrip())


if __name__ == "__main__":
    main()
