"""A real model server, `llama_cpp.server` with the embedded model in a process of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

import rag.answering.write
import rag.pipeline
from rag.deadline import Deadline
from rag.errors import Cancelled, ModelError
from rag.llm.gguf import model_file
from rag.llm.remote.failover import Patience
from rag.llm.remote.model import RemoteModel
from rag.settings import EMBEDDED_MODEL
from rag.types import Ask, Message
from tests.test_stream import TEXT, pipeline_of

pytestmark = [pytest.mark.models, pytest.mark.servers]

START_S = 120
CHAT = [Message("system", "Say what the passage says."), Message("user", "<passage 2>The mill is old.</passage>")]
SHORT = 'root ::= "mill"'


@pytest.fixture(scope="module")
def address(model_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model_file(EMBEDDED_MODEL, model_cache, 2))]
    command += ["--port", str(port), "--n_ctx", "2048", "--n_threads", "1", "--interrupt_requests", "False"]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=dict(os.environ)) as process:
        try:
            end = time.monotonic() + START_S
            while not _answers(f"http://127.0.0.1:{port}/v1/models"):
                assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
                assert time.monotonic() < end, "the server did not start"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.HTTPError:
        return False


@pytest.fixture
def model(address: str) -> Iterator[RemoteModel]:
    with closing(RemoteModel(address, "", 2048)) as made:
        yield made


def test_it_writes_within_the_grammar(model: RemoteModel) -> None:
    grammar = 'root ::= [A-Za-z ]{4,12} " " cite{1,2} "."\ncite ::= "[" ("2" | "7") "]"'
    text = "".join(model.write(CHAT, grammar, 24, Deadline(300)))
    assert re.fullmatch(r"[A-Za-z ]{4,12} (\[[27]\]){1,2}\.", text)
    assert model.name.startswith("SmolLM2-135M-Instruct")


def test_an_answer_is_of_the_documents(
    model: RemoteModel, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rag.pipeline, "threshold", lambda: 0.0)  # vectors of hashes and counted words mean nothing
    monkeypatch.setattr(
        rag.answering.write, "_WRITTEN_TOKENS", 16
    )  # a whole answer takes that server a minute on a busy machine
    with pipeline_of(model, tmp_path_factory) as pipeline:
        answer = pipeline.ask(Ask("Who built the mill?", deadline=Deadline(300)))
    assert (answer.mode, answer.model) == ("write", model.name)
    assert answer.usage.completion_tokens > 0
    assert answer.answered == bool(answer.claims)
    assert all(citation.quote in TEXT for citation in answer.citations)


def test_a_withdrawn_question_leaves_the_server_free_for_the_next(model: RemoteModel) -> None:
    deadline = Deadline(300)
    pieces = model.write(CHAT, r"root ::= [a-z ]*", 1000, deadline)
    next(pieces)
    threading.Timer(0.1, deadline.cancel).start()
    with pytest.raises(Cancelled):
        list(pieces)
    assert "".join(model.write(CHAT, SHORT, 8, Deadline(300))) == "mill"
    assert model.trouble() is None


def test_the_next_server_answers_for_one_that_is_gone(address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with closing(RemoteModel(f"{gone},{address}", "", 2048)) as model:
        assert "".join(model.write(CHAT, SHORT, 8, Deadline(300))) == "mill"


def test_a_grammar_that_is_none_is_an_error_of_one_line(address: str) -> None:
    with closing(RemoteModel(address, "", 2048, Patience(rounds=2))) as model, pytest.raises(ModelError) as raised:
        list(model.write(CHAT, "root ::= nothing-of-that-name", 8, Deadline(300)))
    assert "\n" not in str(raised.value)
