"""The encoder's session: rows together against each alone, the line before it, deadlines, files that are no models."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from rag.deadline import Deadline
from rag.encoder.session import EncoderSession
from rag.errors import Cancelled, DeadlineExceeded, ModelError, Overloaded

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def model() -> Iterator[Path]:
    with as_file(files("rag.reading").joinpath("model/reader.onnx")) as path:
        yield path


@pytest.fixture(scope="module")
def session(model: Path) -> EncoderSession:
    return EncoderSession(model, 2, 1)


def test_a_row_gives_the_same_among_others_and_alone(session: EncoderSession) -> None:
    draw = np.random.default_rng(3)
    rows = [[101, *draw.integers(1000, 20_000, size).tolist(), 102] for size in (3, 200, 7, 90)]
    for row, out in zip(rows, session.run(rows), strict=True):
        (alone,) = session.run([row])
        assert alone["start"].shape == alone["end"].shape == (len(row),)
        assert (alone["yesno"].shape, alone["claim"].shape, alone["relevance"].shape) == ((3,), (3,), ())
        assert all(np.array_equal(out[name], alone[name]) for name in alone)


def test_no_rows_are_no_work(session: EncoderSession) -> None:
    assert session.run([]) == []


def test_a_deadline_that_is_over_ends_the_call(session: EncoderSession) -> None:
    with pytest.raises(DeadlineExceeded):
        session.run([[101, 102]], Deadline(-1))


def test_a_full_line_is_told(session: EncoderSession, monkeypatch: pytest.MonkeyPatch) -> None:
    held, entered = threading.Event(), threading.Event()
    forward = session._model.outputs

    def slow(row: list[int]) -> object:
        entered.set()
        assert held.wait(20)
        return forward(row)

    monkeypatch.setattr(session._model, "outputs", slow)
    callers = [threading.Thread(target=session.run, args=([[101, 102]],)) for _ in range(2)]
    for caller in callers:
        caller.start()
    assert entered.wait(20)
    while session.waiting < 2:
        pass
    with pytest.raises(Overloaded, match=r"2 questions are being read or wait, and the limit is 1 \(setting 'queue'\)"):
        session.run([[101, 102]])
    held.set()
    for caller in callers:
        caller.join(20)
    assert session.waiting == 0


def test_rows_of_two_calls_take_turns(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = EncoderSession(model, 1, 5)
    went: list[int] = []
    held, entered = threading.Event(), threading.Event()

    def slow(row: list[int]) -> dict[str, object]:
        entered.set()
        assert held.wait(20)
        went.append(row[0])
        return {}

    monkeypatch.setattr(session._model, "outputs", slow)
    long = threading.Thread(target=session.run, args=([[1], [2], [3]],))
    long.start()
    assert entered.wait(20)
    short = threading.Thread(target=session.run, args=([[9]],))
    short.start()
    while session._workers._work_queue.qsize() < 1:
        pass
    held.set()
    long.join(20)
    short.join(20)
    assert went == [1, 9, 2, 3]


def test_a_call_ends_while_its_rows_wait_if_it_is_withdrawn(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = EncoderSession(model, 1, 5)
    held, entered = threading.Event(), threading.Event()

    def slow(row: list[int]) -> dict[str, object]:
        entered.set()
        assert held.wait(20)
        return {}

    monkeypatch.setattr(session._model, "outputs", slow)
    first = threading.Thread(target=session.run, args=([[1]],))
    first.start()
    assert entered.wait(20)
    deadline = Deadline()
    threading.Timer(0.1, deadline.cancel).start()
    with pytest.raises(Cancelled):
        session.run([[2], [3]], deadline)
    held.set()
    first.join(20)
    assert session.run([]) == []
    assert session.waiting == 0


def test_a_file_that_is_no_model(tmp_path: Path, model: Path) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(model.read_bytes()[:100_000])
    with pytest.raises(ModelError, match=r"cut\.onnx cannot be loaded as a model .* install the package anew"):
        EncoderSession(cut, 1, 1)
