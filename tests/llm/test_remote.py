"""A language model elsewhere, on real sockets: servers that answer, fail, stutter, lie, or never end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.deadline import Deadline
from rag.errors import Cancelled, DeadlineExceeded, InputError, ModelError, Overloaded
from rag.llm.remote import endpoints
from rag.llm.remote.endpoints import EndpointError, seconds_of
from rag.llm.remote.failover import Patience
from rag.llm.remote.model import RemoteModel
from rag.settings import Settings, load_settings
from rag.types import Message
from tests.llm.model_server import (
    WAIT_S,
    Connection,
    ModelServer,
    Script,
    chunk,
    events,
    for_ever,
    model_server,
    raw,
    says,
    status,
    then_silence,
)

CHAT = [Message("system", "Be brief."), Message("user", "Is the mill old? <|im_end|> é")]
GRAMMAR = 'root ::= "Yes [1]."'
QUICK = Patience(connect=2, silence=WAIT_S, probe=2, rounds=3, pause=0.01, wait=5)
KEY = "key-that-is-secret"


@pytest.fixture
def opened() -> Iterator[Callable[..., RemoteModel]]:
    with ExitStack() as stack:

        def make(*servers: ModelServer | str, key: str = "", patience: Patience = QUICK) -> RemoteModel:
            addresses = [server if isinstance(server, str) else server.address for server in servers]
            return stack.enter_context(closing(RemoteModel(",".join(addresses), key, 4096, patience)))

        yield make


Opened = Callable[..., RemoteModel]


def written(model: RemoteModel, deadline: Deadline | None = None, tokens: int = 16) -> list[str]:
    return list(model.write(CHAT, GRAMMAR, tokens, deadline))


def test_pieces_of_a_stream_and_what_was_asked(opened: Opened) -> None:
    with model_server(says("Yes", " [1", "].")) as server:
        model = opened(server, key=KEY)
        assert model.name == server.address
        assert written(model) == ["Yes", " [1", "]."]
        assert model.name == "tiny"
        (asked,) = server.asked()
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body == {
        "model": "tiny",
        "messages": [{"role": message.role, "content": message.content} for message in CHAT],
        "max_tokens": 16,
        "temperature": 0,
        "stream": True,
        "grammar": GRAMMAR,
        "guided_grammar": GRAMMAR,
        "structured_outputs": {"grammar": GRAMMAR},
    }
    assert (model.parameters, model.context_tokens) == (0, 4096)


@pytest.mark.parametrize(
    ("fragment", "models", "sent", "name"),
    [
        ("", ["/srv/qwen-0.5b.gguf"], "/srv/qwen-0.5b.gguf", "qwen-0.5b"),
        ("#qwen2.5:7b", ["llama3", "qwen2.5:7b"], "qwen2.5:7b", "qwen2.5:7b"),
        ("#Qwen/Qwen2.5%237B", [], "Qwen/Qwen2.5#7B", "Qwen/Qwen2.5#7B"),
    ],
)
def test_the_name_of_the_model(opened: Opened, fragment: str, models: list[str], sent: str, name: str) -> None:
    with model_server(models=models) as server:
        model = opened(server.address + fragment)
        written(model)
        assert (server.asked()[0].body["model"], model.name) == (sent, name)
        assert len(server.asked("/v1/models")) == (0 if fragment else 1)


@pytest.mark.parametrize("models", [[], ["a", "b", "c", "d", "e", "f"]])
def test_a_name_is_never_guessed(opened: Opened, models: list[str]) -> None:
    with model_server(models=models) as server, pytest.raises(ModelError) as raised:
        written(opened(server))
    some = " (a, b, c, d, e, ...)" if models else ""
    assert f"serves {len(models)} models{some}, so name one in 'model' as {server.address}#NAME" in str(raised.value)


def test_a_server_that_takes_no_grammar_is_asked_without_from_then_on(opened: Opened) -> None:
    refusal = status(400, b'{"error": {"message": "unknown parameter: grammar"}}')
    with model_server(refusal, says("Yes [1]."), says("No [1].")) as server:
        model = opened(server)
        assert (written(model), written(model)) == (["Yes [1]."], ["No [1]."])
        assert ["grammar" in request.body for request in server.asked()] == [True, False, False]
        assert "structured_outputs" not in server.asked()[1].body


def test_what_passes_is_tried_again(opened: Opened) -> None:
    broken = raw(b"")  # closes at once
    with model_server(status(503, b""), broken, says("Yes [1].")) as server:
        assert written(opened(server)) == ["Yes [1]."]
        assert len(server.asked()) == 3


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_what_does_not_pass_is_given_up(opened: Opened, code: int) -> None:
    with model_server(status(code, b"")) as server, pytest.raises(ModelError) as raised:
        written(opened(server))
    assert str(raised.value) == (
        f"the model server {server.address} answered {code}: start or mend it, or set another as 'model'"
    )
    assert len(server.asked()) == QUICK.rounds


def test_retry_after_is_waited_for(opened: Opened) -> None:
    with model_server(status(429, b"", Retry_After="1"), says("Yes [1].")) as server:
        assert written(opened(server)) == ["Yes [1]."]
        first, second = server.asked()
    assert second.at - first.at >= 1


def test_the_date_of_a_retry_after_is_waited_for(opened: Opened) -> None:
    dates: list[int] = []

    def busy(connection: Connection) -> None:
        dates.append(int(time.time()) + 2)  # a whole second, as a header can name no other
        status(429, b"", Retry_After=formatdate(dates[0], usegmt=True))(connection)

    with model_server(busy, says("Yes [1].")) as server:
        assert written(opened(server)) == ["Yes [1]."]
        assert time.time() >= dates[0]
        assert len(server.asked()) == 2


def test_a_wait_that_is_too_long_is_told_at_once(opened: Opened) -> None:
    with model_server(status(429, b"", Retry_After="300")) as server:
        model = opened(server)
        for _ in range(2):  # the second question does not even go there
            with pytest.raises(Overloaded) as raised:
                written(model)
            assert 250 < raised.value.retry_after <= 300
            assert str(raised.value).startswith(f"the model server {server.address} has too much to do; ask again in ")
        assert len(server.asked()) == 1


@pytest.mark.parametrize("after", ["x", "-5", "nan", "Wed, 99 Nov"])
def test_a_retry_after_that_says_nothing(opened: Opened, after: str) -> None:
    with model_server(status(429, b"", Retry_After=after), says("Yes [1].")) as server:
        assert written(opened(server)) == ["Yes [1]."]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0.25", 0.25), ("7", 7), ("-5", 0), ("nan", None), ("inf", None), ("soon", None), (None, None)],
)
def test_seconds_of_a_retry_after(value: str | None, seconds: float | None) -> None:
    assert seconds_of(value) == seconds


def test_seconds_until_the_date_of_a_retry_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.llm.remote.endpoints.time.time", lambda: 1_700_000_000.75)
    assert seconds_of(formatdate(1_700_000_003, usegmt=True)) == 2.25
    assert seconds_of(formatdate(1_700_000_000, usegmt=True)) == 0


def test_always_too_much_to_do_is_overloaded(opened: Opened) -> None:
    with model_server(status(429, b"")) as server, pytest.raises(Overloaded) as raised:
        written(opened(server))
    assert raised.value.retry_after == 1
    assert len(server.asked()) == QUICK.rounds


ONCE = "start or mend it, or set another as 'model'"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (status(200, b""), "sent something unnamed, not a stream of events"),
        (status(200, b"<html>Welcome</html>", Content_Type="text/html; charset=utf-8"), "sent text/html, not a stream"),
        (status(200, b'{"choices": []}', Content_Type="application/json"), "sent application/json, not a stream"),
        (status(401, b'{"error": {"message": "no such key: key-that-is-secret"}}'), "answered 401 (set its key as"),
        (status(404, b"Not Found"), "answered 404 (does its address end in /v1?)"),
        (status(404, b'{"error": "model \\"x\\" not found"}'), 'answered 404: model "x" not found'),
        (status(307, b"", Location="http://127.0.0.1:1/v1"), "answered 307"),
        (status(400, b'{"message": "context\\nis\\u0007 too long"}'), "answered 400: context is too long"),
        (raw(events("{broken")), "sent an event that is not JSON"),
        (raw(events("[" * 100_000)), "sent an event that is not JSON"),
        (raw(events("7")), "sent an event that is no part of a chat"),
        (raw(events('{"choices": [{"delta": {"content": [7]}}]}')), "sent an event that is no part of a chat"),
        (raw(events('{"choices": ["x"]}')), "sent an event that is no part of a chat"),
        (raw(events("x" * 2_000_000)), "sent an event that is too long"),
    ],
)  # fmt: skip
def test_what_no_other_try_can_mend_is_tried_once(opened: Opened, script: Script, told: str) -> None:
    with model_server(script) as server, pytest.raises(ModelError) as raised:
        written(opened(server.address + "#tiny", key=KEY))
    line = str(raised.value)
    assert line.startswith(f"the model server {server.address} {told}")
    assert line.endswith(f": {ONCE}")
    assert line.isprintable()
    assert KEY not in line
    assert len(server.asked()) == (2 if "400" in told else 1)  # with and without the grammar


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (raw(b"\x00\xff garbage\r\n\r\n"), "broke the connection off"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\n"), "broke the connect"),
        (raw(events()), "sent an empty answer"),
        (raw(events("[DONE]")), "sent an empty answer"),
        (raw(events('{"error": {"message": "out of memory"}}')), "failed: out of memory"),
        (raw(events('{"error": 7}')), "failed: it does not say why"),
    ],
)
def test_what_may_pass_is_tried_again_and_then_told(opened: Opened, script: Script, told: str) -> None:
    with model_server(script) as server, pytest.raises(ModelError) as raised:
        written(opened(server))
    assert str(raised.value).startswith(f"the model server {server.address} {told}")
    assert len(server.asked()) == QUICK.rounds


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (raw(events(chunk("Yes"))), "stopped in the middle of its answer"),
        (raw(events(chunk("Yes"), "[DONE]")), "stopped in the middle of its answer"),  # as llama_cpp.server interrupts
        (raw(events(chunk("Yes"), '{"error": "gone"}')), "failed: gone"),
        (raw(events(chunk("Yes"), "{broken")), "sent an event that is not JSON"),
    ],
)
def test_after_the_first_token_nothing_is_tried_again(opened: Opened, script: Script, told: str) -> None:
    with model_server(script) as server, model_server() as other:
        pieces = opened(server, other).write(CHAT, GRAMMAR, 16)
        assert next(pieces) == "Yes"
        with pytest.raises(ModelError, match=told):
            next(pieces)
        assert (len(server.asked()), len(other.asked())) == (1, 0)


def test_a_model_that_says_nothing_is_no_error(opened: Opened) -> None:
    with model_server(says()) as server:
        assert written(opened(server)) == []


NEVER = {
    "no answer": then_silence(b""),
    "half a head": then_silence(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "a stream without events": then_silence(events()),
    "comments": for_ever(events(), b": waiting\n\n"),
    "empty chunks": for_ever(events(), b"data: " + chunk(None).encode() + b"\n\n"),
    "half an event": for_ever(events(), b"data: x\n"),
    "an error without its words": then_silence(b"HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\n"),
}


@pytest.mark.parametrize("script", NEVER.values(), ids=NEVER)
def test_what_never_ends_ends_with_the_deadline(opened: Opened, script: Script) -> None:
    with model_server(script) as server:
        with pytest.raises(DeadlineExceeded, match="'answer_seconds'"):
            written(opened(server), Deadline(0.3))
        assert server.left.wait(WAIT_S)


@pytest.mark.parametrize("name", ["no answer", "comments", "empty chunks", "half an event"])
def test_without_a_deadline_silence_ends_it(opened: Opened, name: str) -> None:
    with model_server(NEVER[name]) as server:
        with pytest.raises(ModelError, match=r"sent nothing for 0\.3 s"):
            written(opened(server, patience=QUICK._replace(silence=0.3)))
        assert server.left.wait(WAIT_S)
        assert len(server.asked()) == 1


@pytest.mark.parametrize(("text", "most"), [("a", 5), ("a" * 1000, 1)])
def test_a_model_that_writes_on_is_cut_off(opened: Opened, text: str, most: int) -> None:
    again = f"data: {chunk(text)}\n\n".encode()
    with model_server(for_ever(events(), again)) as server:
        assert written(opened(server), tokens=5) == [text] * most
        assert server.left.wait(WAIT_S)


def test_who_leaves_closes_the_connection(opened: Opened) -> None:
    with model_server(then_silence(events(chunk("Yes")))) as server:
        pieces = opened(server).write(CHAT, GRAMMAR, 16)
        assert next(pieces) == "Yes"
        del pieces
        assert server.left.wait(WAIT_S)


@pytest.mark.parametrize("begun", [False, True])
def test_a_question_that_is_withdrawn_closes_the_connection(opened: Opened, begun: bool) -> None:
    with model_server(then_silence(events(chunk("Yes")) if begun else b"")) as server:
        deadline = Deadline()
        pieces = opened(server).write(CHAT, GRAMMAR, 16, deadline)
        if begun:
            assert next(pieces) == "Yes"
        timer = threading.Timer(0.2, deadline.cancel)
        timer.start()
        with pytest.raises(Cancelled):
            next(pieces)
        assert server.left.wait(WAIT_S)
        timer.join()


def test_a_deadline_that_is_over_asks_nothing(opened: Opened) -> None:
    with model_server() as server:
        deadline = Deadline()
        deadline.cancel()
        with pytest.raises(Cancelled):
            written(opened(server), deadline)
        assert server.requests == []


def test_an_endpoint_that_fails_is_left_out_for_a_while(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    with model_server(status(500, b"")) as bad, model_server() as good:
        model = opened(bad, good)
        assert (written(model), written(model)) == (["Yes [1]."], ["Yes [1]."])
        assert (len(bad.asked()), len(good.asked())) == (1, 2)
        monkeypatch.setattr(endpoints, "LEFT_OUT_S", 0.0)
        model = opened(bad, good)
        assert (written(model), written(model)) == (["Yes [1]."], ["Yes [1]."])
        assert (len(bad.asked()), len(good.asked())) == (3, 4)


def test_a_closed_port_and_an_open_one(opened: Opened) -> None:
    with model_server() as gone:
        pass
    with model_server() as server:
        assert written(opened(gone, server)) == ["Yes [1]."]
    with pytest.raises(ModelError) as raised:
        written(opened(gone, server))
    assert str(raised.value) == (
        f"the model server {gone.address} cannot be reached; {server.address} cannot be reached: {ONCE}"
    )


def test_a_name_that_is_not_known_is_told(opened: Opened) -> None:
    with pytest.raises(ModelError, match=r"the model server http://no\.invalid/v1 cannot be reached \(.+\): start"):
        written(opened("http://no.invalid/v1#tiny"))


def test_one_that_keeps_questions_waiting_is_asked_last(opened: Opened) -> None:
    with model_server(then_silence(b"")) as hangs, model_server(then_silence(b""), says("Yes [1].")) as good:
        model = opened(hangs, good)
        with pytest.raises(DeadlineExceeded):
            written(model, Deadline(0.2))
        assert hangs.left.wait(WAIT_S)
        assert written(model, Deadline(WAIT_S)) == ["Yes [1]."]


def test_one_that_accepts_and_hangs_is_left_while_there_is_time_for_another(opened: Opened) -> None:
    with model_server(then_silence(b"")) as hangs, model_server() as good:
        model = opened(hangs, good, patience=QUICK._replace(silence=60.0))
        began = time.monotonic()
        assert written(model, Deadline(4.0)) == ["Yes [1]."]
        assert 0.9 < time.monotonic() - began < 3  # a quarter of 4 s
        assert written(model, Deadline(4.0)) == ["Yes [1]."]
        assert (len(hangs.asked()), len(good.asked())) == (1, 2)


def test_a_probe_clears_no_failed_answer_and_the_rest_grows_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    (endpoint,) = endpoints.parse_endpoints("http://a/v1#m")
    rests = []
    for _ in range(7):
        endpoint.failed(EndpointError("sent nothing"))
        endpoint.reached()
        rests.append(endpoint.left_out_until - now[0])
    assert rests == [10, 20, 40, 80, 160, 300, 300]
    endpoint.answered()
    assert (endpoint.left_out_until, endpoint.well) == (0.0, True)
    endpoint.failed(EndpointError("sent nothing"))
    assert endpoint.left_out_until - now[0] == 10


def test_tokens_are_counted_by_the_server_where_it_can(opened: Opened) -> None:
    with model_server(tokenize=status(200, b'{"tokens": [1, 2, 3], "count": 3}')) as server:
        model = opened(server.address + "#tiny")
        assert [model.count_tokens("Is it?"), model.count_tokens("Is it?")] == [3, 3]
        (asked,) = server.asked("/tokenize")
        assert asked.body == {"model": "tiny", "prompt": "Is it?", "content": "Is it?", "add_special_tokens": False}


@pytest.mark.parametrize(
    "script",
    [status(404, b""), status(200, b"<html>"), status(200, b'{"tokens": 7}'), status(200, b"[]"), then_silence(b"")],
)
def test_tokens_are_estimated_elsewhere(opened: Opened, script: Script) -> None:
    with model_server(tokenize=script) as server:
        model = opened(server, patience=QUICK._replace(probe=0.3))
        assert [model.count_tokens(text) for text in ("", "mill", "Łódź 😀", "\ud800")] == [0, 2, 4, 1]
        assert len(server.asked("/tokenize")) == 1


def test_trouble_is_over_when_a_server_answers_again(opened: Opened) -> None:
    with model_server() as gone:
        pass
    with model_server() as server:
        model = opened(gone, server)
        assert model.trouble() is None
        assert model.probe() == {gone.address: "cannot be reached", server.address: None}
        works, server.others["/v1/models"] = server.others["/v1/models"], status(503, b'{"error": "loading"}')
        server.chats = [status(503, b"")]
        with pytest.raises(ModelError):
            written(model)
        told = f"the model server {gone.address} cannot be reached; {server.address} answered 503: loading: {ONCE}"
        assert model.trouble() == told
        server.others["/v1/models"] = works
        assert model.trouble() is None
        asked = len(server.requests)
        assert model.trouble() is None  # it has just answered
        assert len(server.requests) == asked


def test_a_server_that_hangs_is_trouble(opened: Opened) -> None:
    with model_server() as server:
        server.others["/v1/models"] = then_silence(b"")
        trouble = opened(server, patience=QUICK._replace(probe=0.2)).trouble()
    assert trouble == f"the model server {server.address} sent nothing for 0.2 s: {ONCE}"


def test_one_with_a_name_needs_no_list_of_models(opened: Opened) -> None:
    with model_server() as server:
        server.others["/v1/models"] = status(404, b"")
        assert opened(server.address + "#tiny").trouble() is None
        assert "answered 404" in str(opened(server).trouble())


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("http://me:secret@host:8000/v1", "the address of the model server host holds a name, a password or a query: "),
        ("https://secret@host/v1", "the address of the model server host holds a name, a password or a query: set the"),
        ("http://host/v1?key=secret", "the address of the model server host holds a name, a password or a query: set"),
        ("http://me:secret@host:x/v1", "the address of a model server cannot be read: give it as http://HOST:PORT/v1"),
        ("http://host:0/v1", "'http://host:0/v1' is no address of a model server: give it as http://HOST:PORT/v1 or"),
        ("http://", "'http://' is no address of a model server: give it as http://HOST:PORT/v1 or http://HOST:PORT/v1#"),
        ("http://host/v1,other", "'other' is no address of a model server: give it as http://HOST:PORT/v1 or"),
    ],
)  # fmt: skip
def test_addresses_that_cannot_be_used(opened: Opened, model: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        opened(model)
    assert str(raised.value).startswith(told)
    assert "secret" not in str(raised.value)
    assert raised.value.param == "model"


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_a_key_that_is_none(opened: Opened, key: str) -> None:
    with pytest.raises(InputError, match="'model_key'") as raised:
        opened("http://host/v1", key=key)
    assert key not in str(raised.value)


def test_the_key_is_never_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_MODEL_KEY", KEY)
    loaded = load_settings()
    assert loaded.model_key.get_secret_value() == KEY
    assert KEY not in f"{loaded!r} {loaded} {loaded.model_dump()} {loaded.model_dump_json()}"
    monkeypatch.delenv("RAG_MODEL_KEY")
    monkeypatch.chdir(tmp_path)
    Path("rag.toml").write_text("model_key = 4711\n", "utf-8")
    with pytest.raises(InputError) as raised:
        load_settings()
    assert "model_key" in str(raised.value)
    assert "4711" not in str(raised.value)
    assert Settings.model_fields["model_key"].default.get_secret_value() == ""


def test_a_closed_model_says_so(opened: Opened) -> None:
    with model_server(then_silence(events(chunk("Yes")))) as server:
        model = opened(server)
        pieces = model.write(CHAT, GRAMMAR, 16)
        assert next(pieces) == "Yes"
        model.close()
        with pytest.raises(ModelError, match="was closed"):
            next(pieces)
        with pytest.raises(ModelError, match="was closed"):
            written(model)
        assert server.left.wait(WAIT_S)


def test_many_at_once_get_their_own(opened: Opened) -> None:
    found: list[list[str]] = []
    with model_server(says("Yes [1].")) as server:
        model = opened(server)
        threads = [threading.Thread(target=lambda: found.append(written(model))) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [["Yes [1]."]] * 32
        assert len(server.asked()) == 32


HEADS = [
    b"",
    b"HTTP/1.1 200 OK\r\n",
    events(),
    events(chunk("Yes")),
    *(b"HTTP/1.1 %d X\r\n\r\n" % n for n in (500, 429)),
]


@pytest.fixture(scope="module")
def noisy() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture(scope="module")
def listener(noisy: ModelServer) -> Iterator[RemoteModel]:
    patience = QUICK._replace(rounds=1, silence=0.3)
    with closing(RemoteModel(noisy.address + "#tiny", "", 4096, patience)) as model:
        yield model


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(HEADS),
    st.binary(max_size=200) | st.lists(st.sampled_from(["data: ", "\n\n", chunk("a"), "{", "[DONE]", ":"])).map(
        lambda parts: "".join(parts).encode()
    ),
)  # fmt: skip
def test_whatever_bytes_come_it_is_text_or_one_line(
    noisy: ModelServer, listener: RemoteModel, head: bytes, rest: bytes
) -> None:
    noisy.chats = [raw(head + rest)]
    said = start = f"the model server {noisy.address} "
    pieces = ["text"]
    try:
        pieces = written(listener)
    except (ModelError, Overloaded) as exc:
        said = str(exc)
    assert "\n" not in said
    assert said.startswith(start)
    assert all(isinstance(piece, str) and piece for piece in pieces)
