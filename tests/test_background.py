"""Working ahead changes when items are made, never which or in what order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from rag.background import ahead, begun


def test_the_items_come_in_order_and_no_more_than_asked_for_are_ready() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    ready = ahead(items(), 3)
    assert next(ready) == 0
    time.sleep(0.3)
    assert made == [0, 1, 2, 3, 4]  # one taken, three ready, one in hand
    assert list(ready) == list(range(1, 20))


def test_what_is_raised_is_raised_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    ready = ahead(items(), 5)
    assert next(ready) == 1
    with pytest.raises(KeyError, match="two"):
        next(ready)


def test_a_caller_that_stops_closes_what_it_took_from() -> None:
    closed, before = threading.Event(), threading.active_count()

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    ready = ahead(items(), 2)
    next(ready)
    ready.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_work_that_has_begun_goes_on_until_it_is_waited_for() -> None:
    going, done = threading.Event(), threading.Event()

    def work() -> int:
        going.set()
        assert done.wait(10)
        return 7

    result = begun(work)
    assert going.wait(10)
    done.set()
    assert result() == 7


def test_what_work_raises_is_raised_to_who_waits() -> None:
    def work() -> int:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        begun(work)()
