"""A model elsewhere under the pipeline, the service and the command: what is said, what is told, when it is ready."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

import rag.pipeline
from api.server.run import listen
from rag.answering.prompt import DECLINED
from rag.cli.doctor import examine
from rag.deadline import Deadline
from rag.errors import ModelError
from rag.llm.remote.model import RemoteModel
from rag.models import load_models
from rag.pipeline import Pipeline
from rag.settings import load_settings
from rag.traces.collect import Trace, collecting
from rag.types import Ask, Message, Mode
from tests.api.fakes import SHOWN, Stage, serving, wait_until
from tests.llm.model_server import ModelServer, chunk, events, model_server, raw, says, status
from tests.llm.test_remote import QUICK
from tests.test_stream import SUPPORTED, UNSUPPORTED, pipeline_of

QUESTION = "Who built the mill?"
READING: tuple[Mode, ...] = ("quote", "extract")


class Site(NamedTuple):
    server: ModelServer
    pipeline: Pipeline

    def writes(self, *pieces: str) -> None:
        self.server.chats = [says(*pieces)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with (
        model_server() as server,
        closing(RemoteModel(server.address, "", 4096, QUICK)) as model,
        pipeline_of(model, tmp_path_factory) as pipeline,
    ):
        yield Site(server, pipeline)


@pytest.fixture(autouse=True)
def no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of hashes and counted words mean nothing to the fitted refusal."""
    monkeypatch.setattr(rag.pipeline, "threshold", lambda: 0.0)


def test_an_answer_in_the_words_of_the_server(site: Site) -> None:
    site.writes("Ada Hart built", " the mill in 1859 [1].")
    trace = Trace()
    with collecting(trace):
        answer = site.pipeline.ask(Ask(QUESTION, deadline=Deadline(60)))
    assert (answer.answer, answer.mode, answer.model) == ("Ada Hart built the mill in 1859 [1].", "write", "tiny")
    assert answer.usage.completion_tokens == 2
    assert trace.prompt_sha256 is not None
    shown = site.server.asked()[-1].body["messages"][1]["content"]
    assert "<passage 1>" in shown
    assert QUESTION in shown


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (DECLINED, "declined"),
        (f" \n{DECLINED} [1].", "declined"),
        ("I do not know.", "unsupported"),
        (SUPPORTED[0], "unsupported"),
        (f"{SUPPORTED[0]} [9].", "unsupported"),
        (f"{SUPPORTED[0]} [see 1].", "unsupported"),
        (f"{UNSUPPORTED[0]} [1].", "unsupported"),
        (f"{UNSUPPORTED[0]} [1] because {SUPPORTED[1]} [2].", "unsupported"),
        ('{"answer": "Ada Hart", "citations": [1]}', "unsupported"),
        ("[1][2][3].", "unsupported"),
        ("\x00￾💥" * 50, "unsupported"),
    ],
)
def test_what_breaks_the_grammar_and_cannot_be_checked_is_not_said(site: Site, written: str, reason: str) -> None:
    site.writes(*written)
    answer = site.pipeline.ask(QUESTION)
    assert answer.abstained is not None
    assert answer.abstained.reason == reason
    assert (answer.claims, answer.citations) == ((), ())


def test_a_false_sentence_does_not_hide_behind_a_true_one(site: Site) -> None:
    site.writes(f"{UNSUPPORTED[0]}. {SUPPORTED[0]} [1][2][3].")
    answer = site.pipeline.ask(QUESTION)
    assert [claim.text.partition(" [")[0] for claim in answer.claims] == [SUPPORTED[0]]


NOISE = (" ", ".", "\n", "[1]", "[2]", "[4]", "[1", "]", "- ", "not", DECLINED)
WORDS = st.sampled_from([*SUPPORTED, *UNSUPPORTED, *NOISE])


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=12))
def test_whatever_is_written_only_what_is_supported_and_cited_is_said(site: Site, written: list[str]) -> None:
    site.writes(*written)
    answer = site.pipeline.ask(QUESTION)
    labels = {citation.label for citation in answer.citations}
    for claim in answer.claims:
        assert not any(wrong in claim.text for wrong in UNSUPPORTED)
        assert claim.citations
        assert set(claim.citations) <= labels
        assert answer.answer[claim.start : claim.end] == claim.text
    for citation in answer.citations:
        text = site.pipeline.document(citation.document_id).text
        assert text[citation.start : citation.end] == citation.quote


def test_a_server_that_fails_is_an_error_and_no_abstention(site: Site) -> None:
    site.server.chats = [raw(events(chunk(f"{SUPPORTED[0]} [1]."), chunk("More")))]
    steps = site.pipeline.stream(QUESTION)
    next(steps), next(steps)
    with pytest.raises(ModelError, match="stopped in the middle"):
        next(steps)


def test_in_quote_and_extract_the_server_is_not_asked(site: Site) -> None:
    before = len(site.server.asked())
    for mode in READING:
        answer = site.pipeline.ask(Ask("What did it cost?", mode=mode))
        assert (answer.answer, answer.mode, answer.model) == (f"{SUPPORTED[1]} [1].", mode, "words")
        assert answer.usage.completion_tokens == 0
    assert len(site.server.asked()) == before


def test_settings_make_it(tmp_path: Path) -> None:
    models = load_models(load_settings(model="http://127.0.0.1:1/v1#tiny", context_tokens=1024))
    with closing(models):
        model = models.language_model
        assert model is not None
        assert (model.name, model.context_tokens, models.notices) == ("tiny", 1024, ())


def test_readiness_follows_the_server(tmp_path: Path) -> None:
    with model_server() as server, closing(RemoteModel(server.address, "", 4096, QUICK)) as model:
        stage = Stage(tmp_path / "indexes")
        stage.models.language_model = model
        with serving(stage) as client:
            works, server.others["/v1/models"] = server.others["/v1/models"], status(500, b"")
            state = wait_until(lambda: client.get("/readyz"), 503, 60).json()
            assert state["missing"] == [
                f"the model server {server.address} answered 500: start or mend it, or set another as 'model'"
            ]
            server.others["/v1/models"] = works
            wait_until(lambda: client.get("/readyz"), 200, 60)


def test_the_doctor_names_every_server(tmp_path: Path) -> None:
    with model_server() as gone:
        pass
    with model_server() as server:
        chosen = load_settings(model=f"{server.address},{gone.address}", indexes_dir=tmp_path)
        found = [finding for finding in examine(chosen) if finding.what == "language model"]
    assert [(finding.ok, finding.found) for finding in found] == [
        (True, f"tiny at {server.address}, which answers"),
        (False, f"{gone.address} cannot be reached"),
    ]
    wrong = load_settings(model="http://me:secret@host/v1", indexes_dir=tmp_path)
    (finding,) = [finding for finding in examine(wrong) if finding.what == "language model"]
    assert not finding.ok
    assert "secret" not in finding.found + finding.remedy


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """This service's own endpoint, on fakes: every index is a model."""
    listener = listen("127.0.0.1", 0)
    app = Stage(tmp_path_factory.mktemp("stage") / "indexes").app()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    wait_until(lambda: httpx2.get(f"{address}/readyz"), 200, 60)
    yield f"{address}/v1"
    server.should_exit = True
    thread.join()


@pytest.mark.servers
def test_this_service_is_such_a_server(own: str) -> None:
    with closing(RemoteModel(f"{own}#rag/default", "", 4096, QUICK)) as model:
        assert model.trouble() is None
        pieces = list(model.write([Message("user", "Who found it?")], "root ::= [a-z]", 64))
        assert "".join(pieces) == SHOWN
        assert model.count_tokens("four") == 2  # it has no tokenizer to be asked
        with pytest.raises(ModelError, match="answered 400: the last message must be the user's"):
            list(model.write([Message("assistant", "Yes.")], "root ::= [a-z]", 64))


@pytest.mark.servers
def test_this_service_serves_several(own: str) -> None:
    with closing(RemoteModel(own, "", 4096, QUICK)) as model, pytest.raises(ModelError) as raised:
        list(model.write([Message("user", "Who found it?")], "root ::= [a-z]", 64))
    assert f"serves 2 models (rag/default, rag/other), so name one in 'model' as {own}#NAME" in str(raised.value)


@pytest.mark.servers
def test_an_index_of_this_service_that_is_not_there(own: str) -> None:
    with closing(RemoteModel(f"{own}#rag/none", "", 4096, QUICK)) as model, pytest.raises(ModelError) as raised:
        list(model.write([Message("user", "Who found it?")], "root ::= [a-z]", 64))
    assert f"the model server {own} answered 404: " in str(raised.value)
