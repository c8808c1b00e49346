"""The text that a model writes, in pieces -> its claims, each with the labels that it cites (pure).

A grammar allows one form only: a sentence without brackets, its labels, a full stop. Not every server holds its model
to that, so the text is held to it here. Labels may also stand behind the full stop or before a line break, as "[1][2]",
"[1] [2]" or "[1, 2]". Labels that were not shown are dropped, and so are sentences with brackets elsewhere or without a
label. Does not judge whether a claim is true.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from rag.checking.faithfulness import split_claims

_MARK = r"\[[0-9]{1,4}(?:[ ]*,[ ]*[0-9]{1,4})*\]"
_MARKS = rf"{_MARK}(?:[ \t]*{_MARK})*"
_CITED = re.compile(
    rf"(.*?)(?:({_MARKS})[ \t]*(?:[.!?]|\n)|(?<=[.!?])[ \t]*({_MARKS})[ \t]+(?=[^\s\[]))",
    re.DOTALL,
)
_BRACKET = re.compile(r"[\[\]【】]")


class Cited(NamedTuple):
    """A claim and the labels under which its evidence was shown; at least one."""

    text: str
    labels: tuple[int, ...]


class CitedText:
    """Text that grows; `shown` are the labels that may be cited. A claim comes as soon as its labels are complete."""

    def __init__(self, shown: Collection[int]) -> None:
        self._shown = shown
        self.rest = ""  # the text that no label has closed yet

    def add(self, piece: str) -> Iterator[Cited]:
        """The claims that this piece completes.

        >>> list(CitedText([1, 2]).add("It rained [1][7]. It froze. [2] It "))
        [Cited(text='It rained', labels=(1,)), Cited(text='It froze.', labels=(2,))]
        """
        self.rest += piece
        while match := _CITED.match(self.rest):
            self.rest = self.rest[match.end() :]
            yield from self._claims(match[1], match[2] or match[3])

    def end(self) -> Iterator[Cited]:
        """The last claim, whose labels stand at the end of the text."""
        return self.add("\n")

    def _claims(self, text: str, marks: str) -> Iterator[Cited]:
        """A claim for each sentence of the text: a sentence that nothing supports must not hide behind another."""
        labels = tuple(label for label in dict.fromkeys(map(int, re.findall("[0-9]+", marks))) if label in self._shown)
        if labels and not _BRACKET.search(text):
            for start, end in split_claims(text):
                yield Cited(text[start:end], labels)
