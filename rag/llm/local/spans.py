"""A text as the model's tokens, and the runs of tokens that are whole words of it (pure, given the pieces).

A span is named by its tokens `first..last`; `span` gives the characters that it covers, which are exact by
construction: no decoded text is searched for, the offsets are those of the text itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

_INSIDE_WORDS = frozenset("-'’‐‑")
_INSIDE_NUMBERS = frozenset(".,:/")
_CLOSING = frozenset(")]}\"'”’»%°")


class SpanText:
    """`text` behind one leading space, cut into tokens whose bytes are `pieces` (which add up to it)."""

    def __init__(self, text: str, tokens: Sequence[int], pieces: Sequence[bytes]) -> None:
        self.text = text
        self.tokens = list(tokens)
        self._offsets = _character_offsets(" " + text, pieces)
        self.starts = [i for i in range(len(self.tokens)) if self._starts_word(i)]
        self._ends = [self._ends_word(i) for i in range(len(self.tokens))]

    def ends_word(self, token: int) -> bool:
        """True if a span may end with this token."""
        return self._ends[token]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The characters of `text` that tokens `first..last` cover, without white space at either end."""
        start, end = self._offsets[first], self._offsets[last + 1]
        assert start is not None
        assert end is not None
        piece = (" " + self.text)[start:end]
        lead = len(piece) - len(piece.lstrip())
        return start + lead - 1, start + len(piece.rstrip()) - 1

    def _starts_word(self, token: int) -> bool:
        """True for a token that begins with the space before a word; an opening bracket or quote belongs to its
        word."""
        start = self._offsets[token]
        padded = " " + self.text
        return start is not None and start + 1 < len(padded) and padded[start] == " " and padded[start + 1] != " "

    def _ends_word(self, token: int) -> bool:
        end = self._offsets[token + 1]
        if end is None or end < 2:
            return False
        padded = " " + self.text
        last, following, beyond = padded[end - 1], padded[end : end + 1], padded[end + 1 : end + 2]
        complete = last.isalnum() or last in _CLOSING
        goes_on = following in _INSIDE_WORDS and beyond.isalnum()
        number_goes_on = last.isdigit() and following in _INSIDE_NUMBERS and beyond.isdigit()
        return complete and not (following.isalnum() or goes_on or number_goes_on)


def _character_offsets(text: str, pieces: Sequence[bytes]) -> list[int | None]:
    """The start of each token in `text`, and the end of the last one; None inside a character of several bytes.

    >>> _character_offsets(" é", [b" ", b"\\xc3", b"\\xa9"])
    [0, 1, None, 2]
    """
    byte_to_character: dict[int, int] = {}
    position = 0
    for number, character in enumerate(text):
        byte_to_character[position] = number
        position += len(character.encode("utf-8", errors="replace"))
    byte_to_character[position] = len(text)
    return [byte_to_character.get(offset) for offset in accumulate(map(len, pieces), initial=0)]
