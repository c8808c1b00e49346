"""The engine on the real model and on a decoder of this file's own: many tasks at once, leaving, failing, waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.deadline import Deadline
from rag.errors import Cancelled, DeadlineExceeded, ModelError, Overloaded
from rag.llm.gguf import model_file
from rag.llm.local.decoder import Decoder, Interrupted, Logits, TokenRun
from rag.llm.local.engine import STEP_TOKENS, Engine, Steps, Task
from rag.llm.local.model import LlamaCpp
from rag.settings import EMBEDDED_MODEL
from rag.types import Message

LONG_S = 60  # far more than anything here takes


class Table:
    """A decoder without a model: the logits after a token tell how many tokens its sequence had before it, and the sum
    of them. `hold` keeps calls of `run` waiting; tokens in `poison` make a call fail."""

    cells, context_tokens, parameters = 1000, 1000, 1

    def __init__(self) -> None:
        self.sequences: dict[int, list[int]] = {}
        self.batches: list[list[TokenRun]] = []
        self.poison: set[int] = set()
        self.shared_failures = 0  # calls to come with several runs that fail
        self.go = threading.Event()
        self.go.set()
        self.running = threading.Event()
        self.stop = False
        self.closed = False
        self.beside = 0  # cells that other prefixes take
        self.forgotten = 0

    def hold(self, prefix: Sequence[int]) -> int:
        self.sequences[0] = list(prefix)
        return 0

    def cells_beside(self, prefix: Sequence[int]) -> int:
        return self.beside

    def forget(self) -> None:
        self.beside = 0
        self.forgotten += 1

    def fork(self, source: int, target: int) -> None:
        self.sequences[target] = list(self.sequences[source])

    def drop(self, sequence: int) -> None:
        self.sequences.pop(sequence, None)

    def run(self, runs: Sequence[TokenRun]) -> list[Logits]:
        self.batches.append(list(runs))
        self.running.set()
        while not self.go.wait(0.002):
            if self.stop:
                raise Interrupted
        if self.stop:
            raise Interrupted
        if self.shared_failures and len(runs) > 1:
            self.shared_failures -= 1
            raise ModelError("llama_decode gave -2")
        if any(token in self.poison for run in runs for token in run.tokens):
            raise ModelError("llama_decode gave -3")
        return [self._append(run) for run in runs]

    def _append(self, run: TokenRun) -> Logits:
        tokens = self.sequences.setdefault(run.sequence, [])
        tokens += run.tokens
        return np.array([[len(tokens), sum(tokens)]], np.float32)

    def interrupt(self) -> None:
        self.stop = True

    def resume(self) -> None:
        self.stop = False

    def close(self) -> None:
        self.closed = True


def counting(tokens: Sequence[int], prefix: Sequence[int] = ()) -> Task:
    """Appends the tokens one by one and returns the sums that it saw."""

    def steps(sequences: Sequence[int], put: Callable[[str], None]) -> Steps:
        seen = []
        for token in tokens:
            (logits,) = yield [TokenRun(sequences[0], [token])]
            seen.append(int(logits[0, 1]))
            put(f"{token} ")
        return seen

    return Task(prefix, 1, len(tokens), steps)


def result(pieces: Generator[str, None, Any]) -> Any:
    """What the task returns, when all its pieces are taken."""
    while True:
        try:
            next(pieces)
        except StopIteration as stop:
            return stop.value


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def engine(table: Table) -> Iterator[Engine]:
    made = Engine(table, 8)  # type: ignore[arg-type]
    yield made
    table.go.set()
    made.close()
    assert table.closed
    assert set(table.sequences) <= {0}  # whatever happened, nothing is left in the cache


def wait_for(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_tasks_go_on_together_and_each_gets_what_it_would_get_alone(engine: Engine, table: Table) -> None:
    tasks = [[number * 10 + step for step in range(20)] for number in range(5)]
    table.go.clear()
    pieces = [engine.submit(counting(tokens, [7, 8]), None) for tokens in tasks]
    table.go.set()
    sums = [[15 + sum(tokens[: i + 1]) for i in range(20)] for tokens in tasks]
    assert [result(found) for found in pieces] == sums
    assert max(len(batch) for batch in table.batches) == 5
    assert len(table.batches) < 40  # one after another it would be 100


def test_other_prefixes_give_way_only_to_a_task_that_needs_their_room(engine: Engine, table: Table) -> None:
    def block(sequences: Sequence[int], put: Callable[[str], None]) -> Steps:
        yield [TokenRun(sequences[0], [1])]

    table.beside = 100
    result(engine.submit(Task([7], 1, Table.cells - 101, block), None))
    assert table.forgotten == 0
    result(engine.submit(Task([7], 1, Table.cells - 1, block), None))
    assert table.forgotten == 1


def test_a_task_that_needs_the_room_of_prefixes_waits_until_no_copy_of_them_is_in_use(
    engine: Engine, table: Table
) -> None:
    table.beside = 100
    table.go.clear()
    first = engine.submit(counting([1, 2, 3], [7]), None)
    second = engine.submit(Task([8], 1, Table.cells - 50, counting([4]).steps), None)
    wait_for(table.running.is_set)
    assert table.forgotten == 0
    table.go.set()
    assert (result(first), result(second)) == ([8, 10, 13], [12])
    assert table.forgotten == 1
    assert all(len(batch) == 1 for batch in table.batches)  # never beside each other


def test_a_step_has_no_more_tokens_than_it_may_and_nobody_is_passed_over(engine: Engine, table: Table) -> None:
    def block(sequences: Sequence[int], put: Callable[[str], None]) -> Steps:
        yield [TokenRun(sequences[0], [1] * (STEP_TOKENS - 50))]
        yield [TokenRun(sequences[0], [1] * 40)]

    table.go.clear()
    pieces = [engine.submit(task, None) for task in [Task((), 1, 250, block)] * 3 + [counting([1, 2, 3])]]
    table.go.set()
    assert [result(found) for found in pieces] == [None, None, None, [1, 3, 6]]
    assert all(sum(len(run.tokens) for run in batch) <= STEP_TOKENS for batch in table.batches)


def test_pieces_come_as_they_are_made(engine: Engine, table: Table) -> None:
    pieces = engine.submit(counting([4, 5]), None)
    assert next(pieces) == "4 "
    assert list(pieces) == ["5 "]


def test_a_full_queue_refuses_and_leaving_it_frees_a_place_at_once(engine: Engine, table: Table) -> None:
    table.go.clear()
    first = engine.submit(Task((), 31, 900, counting([1]).steps), None)  # takes every sequence
    table.running.wait(LONG_S)
    deadlines = [Deadline() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(result, engine.submit(counting([2]), deadline)) for deadline in deadlines]
        with pytest.raises(
            Overloaded, match="9 questions would wait for the language model, more than the setting 'queue' allows"
        ) as refused:
            engine.submit(counting([3]), None)
        assert refused.value.retry_after >= 1
        deadlines[3].cancel()
        with pytest.raises(Cancelled):
            waiting[3].result(LONG_S)
        last = pool.submit(result, engine.submit(counting([3]), None))  # there is a place again
        table.go.set()
        assert [future.result(LONG_S) for i, future in enumerate(waiting) if i != 3] == [[2]] * 7
        assert (last.result(LONG_S), result(first)) == ([3], [1])


def test_who_would_wait_in_vain_is_told_at_once(engine: Engine, table: Table) -> None:
    table.go.clear()
    first = engine.submit(Task((), 31, 900, counting([1]).steps), None)  # takes every sequence
    table.running.wait(LONG_S)
    second = engine.submit(counting([2]), Deadline(LONG_S))
    with pytest.raises(
        Overloaded, match="an answer would take some 3 s, more than the setting 'answer_seconds' allows"
    ):
        engine.submit(counting([3]), Deadline(4))  # three of a second each, half as much for doubt
    table.go.set()
    assert (result(first), result(second)) == ([1], [2])


def test_who_leaves_in_mid_answer_stops_its_decoding_and_not_that_of_others(engine: Engine, table: Table) -> None:
    table.go.clear()
    deadline = Deadline()
    with ThreadPoolExecutor(2) as pool:
        leaving = pool.submit(result, engine.submit(counting([1] * 50), deadline))
        staying = pool.submit(result, engine.submit(counting([1, 2]), None))
        table.running.wait(LONG_S)  # llama_decode hangs, with both or one of them
        deadline.cancel()
        with pytest.raises(Cancelled):
            leaving.result(LONG_S)
        table.go.set()
        assert staying.result(LONG_S) == [1, 3]
    wait_for(lambda: not table.sequences)


def test_a_deadline_ends_what_is_under_way(engine: Engine, table: Table) -> None:
    table.go.clear()
    with pytest.raises(DeadlineExceeded, match=r"longer than 0\.05 s, which is the limit \(setting 'answer_seconds'\)"):
        result(engine.submit(counting([1] * 50), Deadline(0.05)))
    wait_for(lambda: not table.sequences)
    table.go.set()
    assert result(engine.submit(counting([2]), Deadline(LONG_S))) == [2]


def test_an_iterator_that_is_closed_ends_its_task(engine: Engine, table: Table) -> None:
    def endless(sequences: Sequence[int], put: Callable[[str], None]) -> Steps:
        while True:
            yield [TokenRun(sequences[0], [1])]
            table.go.clear()  # the step after the first piece is under way when the iterator is closed
            put("1 ")

    pieces = engine.submit(Task((), 1, 900, endless), None)
    next(pieces)
    pieces.close()
    wait_for(lambda: not table.sequences)
    assert 1 <= len(table.batches) <= 2


def test_a_step_that_fails_together_is_tried_alone_and_only_who_fails_again_gets_the_error(
    engine: Engine, table: Table
) -> None:
    table.go.clear()
    table.poison = {66}
    pieces = [engine.submit(task, None) for task in (counting([1, 2]), counting([65, 66, 67]), counting([4, 5]))]
    table.go.set()
    assert (result(pieces[0]), result(pieces[2])) == ([1, 3], [4, 9])
    with pytest.raises(ModelError, match="gave -3"):
        result(pieces[1])
    assert result(engine.submit(counting([8]), None)) == [8]  # no restart


def test_one_failure_of_a_shared_step_fails_nobody(engine: Engine, table: Table) -> None:
    table.go.clear()
    table.shared_failures = 3
    pieces = [engine.submit(counting([number] * 9), None) for number in range(4)]
    table.go.set()
    assert [result(found) for found in pieces] == [[n * (i + 1) for i in range(9)] for n in range(4)]
    assert table.shared_failures == 0


def test_an_error_of_a_task_reaches_its_caller_and_nobody_else(engine: Engine) -> None:
    def broken(sequences: Sequence[int], put: Callable[[str], None]) -> Steps:
        yield [TokenRun(sequences[0], [1])]
        raise RuntimeError("boom")

    other = engine.submit(counting([1, 2]), None)
    with pytest.raises(RuntimeError, match="boom"):
        result(engine.submit(Task((), 1, 1, broken), None))
    assert result(other) == [1, 3]


def test_what_can_never_fit_is_refused_and_a_closed_engine_too(table: Table) -> None:
    engine = Engine(table, 2)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="a text of 1001 tokens is too long"):
        engine.submit(Task((), 1, 1001, counting([1]).steps), None)
    engine.close()
    with pytest.raises(ModelError, match="was closed"):
        engine.submit(counting([1]), None)


@pytest.fixture(scope="module")
def model(model_cache: Path) -> Iterator[LlamaCpp]:
    decoder = Decoder(model_file(EMBEDDED_MODEL, model_cache, 2), 1024, 2)
    made = LlamaCpp(decoder, "m", 16)
    yield made
    made.close()


TEXTS = [
    "The mill was built by Ada Hart in May 1859.",
    "The ferry 'Ida' was launched at Orran in 1874 and sank in 1901.",
    "Bread is baked at 230 degrees for 40 minutes.",
    "The lamp of the lighthouse burns 12 litres of oil a night.",
]
QUESTIONS = ["Who built the mill?", "When was the ferry launched?", "How hot is the oven?", "What does the lamp burn?"]


def _likelihood(model: LlamaCpp, text: str) -> float:
    """The mean log-probability of the text's tokens, each behind those before it, read in one run."""
    tokens = model._decoder.tokenize(text)

    def steps(sequences: Sequence[int], put: Callable[[str], None]) -> Steps:
        (logits,) = yield [TokenRun(sequences[0], tokens, len(tokens))]
        chances = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return float(np.mean([row[token] for row, token in zip(chances, tokens[1:], strict=False)]))

    found: float = result(model._engine.submit(Task((), 1, len(tokens), steps), None))
    return found


def _write(model: LlamaCpp, question: str) -> str:
    return "".join(model.write([Message("user", question)], 'root ::= [a-zA-Z ,.\\n"0-9]*', 12))


def _lead(model_cache: Path, question: str, one: str, other: str) -> float:
    """By how much the logits of the first token in which two texts differ do, read alone after what they share."""
    decoder = Decoder(model_file(EMBEDDED_MODEL, model_cache, 2), 512, 2)
    prompt = decoder.tokenize(decoder.chat_template([("user", question)]), special=True)
    first, second = decoder.tokenize(one), decoder.tokenize(other)
    same = next(place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    (logits,) = decoder.run([TokenRun(1, prompt + first[:same])])
    lead = float(logits[-1, first[same]] - logits[-1, second[same]])
    decoder.close()
    return abs(lead)


@pytest.mark.models
def test_answers_are_those_given_one_at_a_time(model: LlamaCpp, model_cache: Path) -> None:
    """Likelihoods and texts of eight threads at once. In one batch with others, sums are taken in another order, so
    that likelihoods agree to rounding; what is written is the same, but for ties within that rounding."""
    calls: list[tuple[Callable[[LlamaCpp, str], Any], str]] = [(_likelihood, text) for text in TEXTS]
    calls += [(_write, question) for question in QUESTIONS]
    single = [call(model, text) for call, text in calls]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda call: call[0](model, call[1]), calls))
    for (call, text), one, other in zip(calls, single, together, strict=True):
        if call is _write:
            assert other == one or _lead(model_cache, text, one, other) < 0.05
        else:
            assert other == pytest.approx(one, abs=0.02)
    likelihoods = single[: len(TEXTS)]
    assert max(likelihoods) - min(likelihoods) > 1  # so that a mix-up would show


@pytest.mark.models
def test_a_long_prompt_is_given_up_in_the_middle(model: LlamaCpp) -> None:
    deadline = Deadline()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(
            lambda: list(model.write([Message("user", "word " * 800)], "root ::= [a-z ]*", 90, deadline))
        )
        wait_for(lambda: model._engine._active)
        deadline.cancel()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            writing.result(LONG_S)
        wait_for(lambda: not model._engine._active)
        assert time.monotonic() - began < 1  # measured: some 60 ms; the prompt takes 2 s or more
    assert _write(model, "Hello")


@pytest.mark.models
def test_llama_cpp_s_own_failures_and_interruptions_leave_sequences_as_they_were(model_cache: Path) -> None:
    decoder = Decoder(model_file(EMBEDDED_MODEL, model_cache, 2), 512, 2)
    try:
        (before,) = decoder.run([TokenRun(1, [10, 11, 12])])
        expected = before.copy()
        decoder.interrupt()
        with pytest.raises(Interrupted):
            decoder.run([TokenRun(1, [13] * 300), TokenRun(2, [14] * 300)])
        decoder.resume()
        with pytest.raises(ModelError, match="llama_decode gave -1"):
            decoder.run([TokenRun(1, [10**9])])  # no such token
        with pytest.raises(ModelError, match="its context is full"):
            decoder.run([TokenRun(2, [14] * 1100)])
        (after,) = decoder.run([TokenRun(3, [10, 11, 12])])
        np.testing.assert_allclose(after, expected, atol=0.05)
        slow = decoder.run([TokenRun(3, [13])])[0].copy()
        np.testing.assert_allclose(decoder.run([TokenRun(1, [13])])[0], slow, atol=0.05)
    finally:
        decoder.close()
