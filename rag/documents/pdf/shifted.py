"""The characters of a word on a page of a PDF -> its text, in which what is set high or low keeps its value (10^6).

In: the word, and the heights and baselines of its characters. Out: the text. Only words that hold a figure are looked
at, and of most the first and the last character tell that nothing is set high. A figure at the start of a word, such
as the number of a note, is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.documents.raised import LOWERED, RAISED, TextRun, joined_runs

SMALLER = 0.85  # times the height of the first character: what is set high or low is smaller
HIGHER, LOWER = 0.15, 0.04  # of the height: how far it stands above or below the baseline
FIGURE = re.compile(r"\S\S*\d")
INSIDE = re.compile(r"[^\W\d]\d{1,3}[^\d\s]|\d{2,4}[.,;:)]+\Z")  # a figure that may be set high before other characters


def may_be_shifted(text: str, first: float, last: float) -> bool:
    """Tells if a part of a word may be set high or low; `first` and `last` are the heights of its outer characters."""
    if not FIGURE.match(text) or first <= 0:
        return False
    return last < SMALLER * first or (last * SMALLER <= first and INSIDE.search(text) is not None)


def shifted_text(text: str, heights: Sequence[float], baselines: Sequence[float]) -> str:
    """The text of a word, by the height and the baseline of each character, both in points."""
    runs = [TextRun(text[0])]
    for character, height, baseline in zip(text[1:], heights[1:], baselines[1:], strict=True):
        shift = 0
        if height < SMALLER * heights[0]:
            step = (baseline - baselines[0]) / heights[0]
            shift = RAISED if step > HIGHER else LOWERED if step < -LOWER else 0
        runs.append(TextRun(character, shift))
    return joined_runs(runs) if any(run.shift for run in runs) else text
