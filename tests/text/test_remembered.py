"""Results that are remembered are the same, and take no more than their share of memory."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

from rag.text.remembered import remembered


class Result:
    def __init__(self, text: str) -> None:
        self.text = text


def test_the_texts_used_last_are_remembered_up_to_a_number_of_characters() -> None:
    made: list[str] = []

    @remembered(10)
    def result(text: str) -> Result:
        made.append(text)
        return Result(text)

    first = result("aaaa")
    assert result("aaaa") is first
    other = weakref.ref(result("bbbb"))
    assert result("aaaa") is first  # now "bbbb" is the oldest
    result("cccc")
    gc.collect()
    assert other() is None
    assert result("aaaa") is first
    assert made == ["aaaa", "bbbb", "cccc"]
    assert result("d" * 11).text == "d" * 11  # longer than all that is remembered
    assert (result("aaaa") is first, result("d" * 11).text, made[-2:]) == (True, "d" * 11, ["d" * 11] * 2)


def test_several_threads_get_what_they_asked_for() -> None:
    @remembered(50)
    def doubled(text: str) -> str:
        return text * 2

    texts = [str(number % 37) * (number % 5 + 1) for number in range(4_000)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(doubled, texts)) == [text * 2 for text in texts]
