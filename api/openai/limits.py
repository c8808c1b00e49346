"""The sentences of an answer -> the text that is sent, within `stop` and `max_tokens` (pure).

A sentence that does not fit into the tokens is left out whole, with all after it: half a checked sentence may say
something else. A stop sequence cuts wherever it stands, as the request asks. What could be the beginning of one is held
back until it is known not to be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

FinishReason = Literal["stop", "length"]


class Cutter:
    """Limits of one text. `count` gives the number of tokens of a text; at most `most` are sent, None for no limit."""

    def __init__(self, stops: Sequence[str], most: int | None, count: Callable[[str], int]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._most = most
        self._count = count
        self._held = ""
        self.text = ""  # that was sent
        self.finish: FinishReason | None = None  # why nothing more is sent
        self.stopped: str | None = None  # the stop sequence that was found

    @property
    def tokens(self) -> int:
        """Number of tokens of the text that was sent."""
        return self._count(self.text) if self.text else 0

    def add(self, piece: str) -> str:
        """Add a piece of text; returns what may be sent now."""
        if self.finish:
            return ""
        if self._most is not None and self._count(self.text + self._held + piece) > self._most:
            rest = self.end()
            self.finish = "length"
            return rest
        return self._out(self._held + piece, last=False)

    def end(self) -> str:
        """End the text; returns what was held back."""
        rest = "" if self.finish else self._out(self._held, last=True)
        self.finish = self.finish or "stop"
        return rest

    def _out(self, text: str, last: bool) -> str:
        cuts = [at for at in map(text.find, self._stops) if at >= 0]
        keep = 0 if last else max((_overlap(text, stop) for stop in self._stops), default=0)
        end = min(cuts) if cuts else len(text) - keep
        self._held = "" if cuts else text[end:]
        self.stopped = next((stop for stop in self._stops if cuts and text.startswith(stop, end)), None)
        self.finish = "stop" if cuts else None
        self.text += text[:end]
        return text[:end]


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of `text` with which `stop` begins: "a new li", "line" -> 2. Takes linear time, by the
    borders of Knuth, Morris and Pratt."""
    stop = stop[:-1]
    borders, size = [0] * len(stop), 0
    for place in range(1, min(len(stop), len(text))):
        while size and stop[place] != stop[size]:
            size = borders[size - 1]
        size += stop[place] == stop[size]
        borders[place] = size
    size = 0
    for sign in text[max(0, len(text) - len(stop)) :]:
        while size and (size == len(stop) or sign != stop[size]):
            size = borders[size - 1]
        size += bool(stop) and sign == stop[size]
    return size
