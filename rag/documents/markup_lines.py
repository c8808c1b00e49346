"""Pieces of a line of a page -> its text, in which words do not meet and values keep what is set high or low.

In: runs of text in order, with `WORD_BREAK` at the borders of custom elements. Out: the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rag.documents.blocks import clean
from rag.documents.raised import RAISED, TextRun, joined_runs

WORD_BREAK = "\x1f"  # between custom elements: a space if words meet there, nothing before a full stop
MET_WORDS = re.compile(rf"(?<=[^\W_]){WORD_BREAK}+(?=[^\W_])")
STRETCH = 50  # pieces
SPACE_AFTER_UNIT = re.compile(r"(?<=\b[cdkmµn]m)\s+\Z|(?<=\bm)\s+\Z")


def line_of(pieces: list[TextRun]) -> str:
    """The text of the pieces; empty if they hold only space."""
    if any(piece.shift for piece in pieces):
        text = "".join(joined_runs(stretch) for stretch in _stretches(pieces))
    else:
        text = "".join(piece.text for piece in pieces)
    return clean(MET_WORDS.sub(" ", text).replace(WORD_BREAK, ""))


def _stretches(pieces: list[TextRun]) -> Iterator[list[TextRun]]:
    """Yields the pieces in stretches that begin with a space, since the time of `joined_runs` grows with the square."""
    stretch: list[TextRun] = []
    for piece in _closed_up(pieces):
        if len(stretch) >= STRETCH and piece.text[:1].isspace() and not piece.shift:
            yield stretch
            stretch = []
        stretch.append(piece)
    yield stretch


def _closed_up(pieces: list[TextRun]) -> Iterator[TextRun]:
    """Yields the pieces, without the space in "N/mm 2" whose 2 is a power."""
    for piece, after in pairwise([*pieces, TextRun("")]):
        is_power = not piece.shift and after.shift == RAISED and after.text.strip() in ("2", "3")
        yield TextRun(SPACE_AFTER_UNIT.sub("", piece.text), piece.shift) if is_power else piece
