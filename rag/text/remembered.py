"""A function of a text -> the same, with its results remembered up to a number of characters of text altogether.

`functools.lru_cache` counts results: two thousand of a short passage are some megabytes, of the longest text that a
request may send they are gigabytes that never come back. Any thread may call.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")


def remembered(characters: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """A decorator that remembers the results for the texts that were used last: `characters` of text at most."""

    def decorate(make: Callable[[str], T]) -> Callable[[str], T]:
        results: OrderedDict[str, T] = OrderedDict()
        held = 0
        lock = threading.Lock()

        @wraps(make)
        def remembering(text: str) -> T:
            nonlocal held
            with lock:
                if text in results:
                    results.move_to_end(text)
                    return results[text]
            result = make(text)
            with lock:
                if text not in results and len(text) <= characters:
                    results[text] = result
                    held += len(text)
                while held > characters:
                    held -= len(results.popitem(last=False)[0])
            return result

        return remembering

    return decorate
