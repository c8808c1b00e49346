"""Behaviour of the service with many at once: `make bench-service`, or one part at a time with `--part`.

    first    from question to the first checked sentence of a streamed answer, one question after another
    health   /healthz while 32 questions are in flight
    load     64 clients for a minute against the same questions one after another; failures; memory; seconds
             of processor of each answer, whose ratio does not depend on what else runs on the machine
    writing  the same with `"mode": "write"`, in which the model writes token by token
    leaving  a client that disconnects in the middle of an answer: until another is let in
    mixed    16 clients that ask, search, chat and leave, upload and remove, while another process indexes: failures,
             citations, memory, descriptors and threads all along
    peer     the same prompts to this project's model engine and to llama-cpp-python's own server

Over the sample library and its questions, or with `--eval FOLDER` over squad2. Prints a line for each figure. The
server is a process of its own; the clients take their share of the same cores.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from evalset import rows
from mixed import mixed
from serving import ROOT, Reply, Server, free_port, make_index, process, rag_server

from api.work.threads import SPARE

CLIENTS = 64
IN_FLIGHT = 32
PLACES = 10  # of the server from which a client leaves
WARM_UP = 5  # questions before anything is timed
PEER_TOKENS = 48
PEER_PROMPTS = 32
PEER_NEEDS = ["sse-starlette", "starlette-context", "pydantic-settings"]  # of llama-cpp-python's extra `server`
ANY_TEXT = r"root ::= [^\x00]*"


class Setting(NamedTuple):
    """Settings that all parts share."""

    folder: Path
    questions: list[str]
    seconds: float


def bench_first(setting: Setting, questions: int = 60) -> None:
    times: dict[str, list[float]] = {"passages": [], "sentence": [], "answer": []}
    with rag_server(setting.folder) as server:
        _warm_up(server, setting)
        for question in setting.questions[:questions]:
            for event, seconds in server.events("/v1/ask", {"question": question, "stream": True}).items():
                times[event].append(seconds)
    print(
        f"one after another, streamed: passages after {statistics.median(times['passages']):.2f} s (median of "
        f"{len(times['passages'])}), first checked sentence after {statistics.median(times['sentence']):.2f} s (of "
        f"{len(times['sentence'])}), the whole, or that there is none, after {statistics.median(times['answer']):.2f} s"
    )


def bench_health(setting: Setting) -> None:
    with rag_server(setting.folder) as server:
        _warm_up(server, setting)
        stop = threading.Event()
        questions = itertools.cycle(setting.questions)
        lock = threading.Lock()

        def client() -> None:
            while not stop.is_set():
                with lock:
                    question = next(questions)
                server.post("/v1/ask", {"question": question})

        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            for _ in range(IN_FLIGHT):
                pool.submit(client)
            time.sleep(2)
            replies = []
            end = time.monotonic() + min(setting.seconds, 20)
            while time.monotonic() < end:
                replies.append(server.get("/healthz"))
                time.sleep(0.02)
            stop.set()
    times = sorted(reply.seconds * 1e3 for reply in replies)
    failed = sum(reply.status != 200 for reply in replies)
    print(
        f"/healthz with {IN_FLIGHT} questions in flight: p50 {statistics.median(times):.1f} ms, p99 "
        f"{times[int(len(times) * 0.99)]:.1f} ms, worst {times[-1]:.1f} ms of {len(times)}, failed {failed}"
    )


def bench_load(setting: Setting, mode: str = "quote", questions: int = 48) -> None:
    setting = setting._replace(questions=setting.questions[:questions])
    with rag_server(setting.folder) as server:
        _warm_up(server, setting, mode)
        alone, alone_cpu = _one_after_another(server, setting, mode)
        before, used, began = server.memory_mb(), server.cpu_seconds(), time.perf_counter()
        memory: list[float] = []
        threading.Timer(setting.seconds / 3, lambda: memory.append(server.memory_mb())).start()
        replies = _clients(server, setting, mode)
        drained = time.perf_counter() - began
        after, used = server.memory_mb(), server.cpu_seconds() - used
    counts = Counter(reply.status for reply in replies)
    without = sum(reply.status == 429 and reply.retry_after is None for reply in replies)
    rate = sum(reply.status == 200 and reply.at - began <= setting.seconds for reply in replies) / setting.seconds
    waits = [reply.seconds for reply in replies if reply.status == 200]
    failures = sum(count for status, count in counts.items() if status not in (200, 429))
    print(f"{mode}, one after another: {alone:.2f} answers/s, {alone_cpu:.2f} s of processor each")
    print(
        f"{mode}, {CLIENTS} clients for {setting.seconds:.0f} s: {rate:.2f} answers/s "
        f"({rate / alone:.2f} times), {used / max(counts[200], 1):.2f} s of processor each "
        f"({alone_cpu * counts[200] / used:.2f} times), {counts[200]} answers in "
        f"{statistics.median(waits):.1f} s (median), the last after {drained:.0f} s; {counts[429]} times 429 "
        f"({without} without Retry-After), other failures {failures}; "
        f"memory {before:.0f} MB before, {memory[0]:.0f} after a third, {after:.0f} at the end"
    )


def bench_writing(setting: Setting) -> None:
    bench_load(setting, "write", 12)


def bench_mixed(setting: Setting) -> None:
    with rag_server(setting.folder) as server:
        _warm_up(server, setting)
        mixed(server, setting.questions, setting.folder, setting.seconds)


def bench_leaving(setting: Setting) -> None:
    """All places are taken, one client leaves, and another is let in after so many milliseconds."""
    found, questions = [], itertools.cycle(setting.questions)
    with rag_server(setting.folder, RAG_QUEUE=str(PLACES - SPARE), RAG_ANSWER_SECONDS="3600") as server:
        _warm_up(server, setting, "write")  # the first of them loads the language model
        for _ in range(5):
            clients = []
            probe = {"question": setting.questions[0], "mode": "extract"}
            while server.post("/v1/ask", probe).status != 429:  # some are refused without the model, or end early
                clients.append(_half_open(server, next(questions), "write"))
            clients.pop().close()
            left = time.perf_counter()
            while True:
                asked = time.perf_counter()
                if server.post("/v1/ask", probe).status == 200:
                    break
            found.append((asked - left) * 1e3)
            for client in clients:
                client.close()
            time.sleep(1)
    print(f"a client that leaves in mid-answer frees its place in {', '.join(f'{ms:.0f}' for ms in found)} ms")


def bench_peer(setting: Setting) -> None:
    """Short chats, greedy, the same number of tokens. Its server reads one request at a time."""
    from rag.llm.gguf import model_file
    from rag.llm.local.model import LlamaCpp
    from rag.settings import load_settings
    from rag.types import Message

    settings = load_settings()
    model = model_file(settings.model, settings.cache_dir, settings.threads)
    prompts = [f"Answer in a few sentences. {question}" for question in setting.questions[:PEER_PROMPTS]]
    engine = LlamaCpp.load(model, "bench", settings.context_tokens, settings.threads, PEER_PROMPTS)

    def ours(prompt: str) -> int:
        return sum(1 for _ in engine.write([Message("user", prompt)], ANY_TEXT, PEER_TOKENS))

    for clients in (1, 8):
        _tokens_per_second("this project's engine", ours, prompts, clients)
    engine.close()
    port = free_port()
    command = [str(_peer_python(setting.folder)), "-m", "llama_cpp.server", "--model", str(model), "--port", str(port)]
    command += ["--n_ctx", "2048", "--n_threads", str(settings.threads)]
    with process(command, port, "/v1/models", setting.folder / "peer.log") as server:

        def theirs(prompt: str) -> int:
            body = {"messages": [{"role": "user", "content": prompt}], "max_tokens": PEER_TOKENS, "temperature": 0}
            reply = server.post("/v1/chat/completions", body)
            return int(reply.body["usage"]["completion_tokens"]) if reply.status == 200 else 0

        for clients in (1, 8):
            _tokens_per_second("llama_cpp.server", theirs, prompts, clients)


def _tokens_per_second(name: str, write: Callable[[str], int], prompts: list[str], clients: int) -> None:
    write(prompts[0])
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        tokens = list(pool.map(write, prompts))
    elapsed = time.perf_counter() - began
    print(
        f"{name}, {clients} at once: {sum(tokens) / elapsed:.0f} tokens/s written, "
        f"{len(prompts) / elapsed:.2f} answers/s, {tokens.count(0)} of {len(prompts)} failed",
        flush=True,
    )


def _peer_python(folder: Path) -> Path:
    """An environment of its own with the server's dependencies; llama_cpp and the rest come from this one."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "peer")], check=True)
    python = folder / "peer" / "bin" / "python"
    place = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True
    ).stdout.strip()
    own = next(path for path in sys.path if path.endswith("site-packages"))
    subprocess.run([python, "-m", "pip", "install", "-qq", "--no-deps", *PEER_NEEDS], check=True)
    (Path(place) / "main.pth").write_text(own + "\n")
    return python


def _half_open(server: Server, question: str, mode: str) -> socket.socket:
    """A question of which the answer is not waited for."""
    body = json.dumps({"question": question, "mode": mode}).encode()
    head = f"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(head.encode() + body)
    return client


def _warm_up(server: Server, setting: Setting, mode: str = "quote") -> None:
    for question in setting.questions[:WARM_UP]:
        server.post("/v1/ask", {"question": question, "mode": mode})


def _one_after_another(server: Server, setting: Setting, mode: str) -> tuple[float, float]:
    """Each question once -> answers per second, and seconds of processor of each."""
    used, began = server.cpu_seconds(), time.perf_counter()
    for question in setting.questions:
        if server.post("/v1/ask", {"question": question, "mode": mode}).status != 200:
            raise SystemExit("a question alone was refused")
    elapsed, count = time.perf_counter() - began, len(setting.questions)
    return count / elapsed, (server.cpu_seconds() - used) / count


def _clients(server: Server, setting: Setting, mode: str) -> list[Reply]:
    """Each client asks the next question as soon as it has an answer; after a 429 it waits as long as it is told."""
    replies: list[Reply] = []
    lock = threading.Lock()
    questions = itertools.cycle(setting.questions)
    end = time.monotonic() + setting.seconds

    def client() -> None:
        while (left := end - time.monotonic()) > 0:
            with lock:
                question = next(questions)
            reply = server.post("/v1/ask", {"question": question, "mode": mode})
            replies.append(reply)
            if reply.status == 429:
                time.sleep(min(reply.retry_after or 1.0, left))

    with ThreadPoolExecutor(CLIENTS) as pool:
        for future in [pool.submit(client) for _ in range(CLIENTS)]:
            future.result()
    return replies


PARTS: dict[str, Callable[[Setting], None]] = {
    "first": bench_first,
    "health": bench_health,
    "load": bench_load,
    "writing": bench_writing,
    "leaving": bench_leaving,
    "mixed": bench_mixed,
    "peer": bench_peer,
}


def _setting(folder: Path, evaluation: Path | None, seconds: float) -> Setting:
    if evaluation is None:
        lines = (ROOT / "seeds" / "questions.jsonl").read_text("utf-8").splitlines()
        questions, documents = [json.loads(line) for line in lines], ROOT / "seeds" / "library"
    else:
        documents = folder / "corpus"
        documents.mkdir()
        for row in rows(evaluation / "squad2", "corpus"):
            (documents / f"{row['id']}.txt").write_text(row["text"], "utf-8")
        questions = rows(evaluation / "squad2", "questions")
    make_index(folder, documents)
    asked: list[Any] = [question["question"] for question in questions]
    random.Random(7).shuffle(asked)
    return Setting(folder, asked, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, help="only this part")
    parser.add_argument("--eval", type=Path, help="folder of evaluation sets: squad2 instead of the sample library")
    parser.add_argument("--seconds", type=float, default=60, help="of load (default: 60)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        setting = _setting(Path(folder), args.eval, args.seconds)
        for name, part in PARTS.items():
            if args.part in (None, name):
                part(setting)
                sys.stdout.flush()


if __name__ == "__main__":
    main()
