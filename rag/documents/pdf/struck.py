"""Words on a page of a PDF that are struck out -> the lines without them; they are counted.

In: the lines of a page, with the places of their words, and thin lines drawn on it. A line strikes words out if it runs
through the middle of the letters and ends where words end: rules of tables run between lines, and underlines below the
letters. Lines within forms of the page, and those of a page of very many objects, are not looked at.
"""

from __future__ import annotations

import ctypes
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence, Set
from functools import cache
from typing import Any, NamedTuple

from rag.documents.pdf.lines import Line, Word, made_of
from rag.documents.receipt import STRUCK, Receipt

MOST_OBJECTS = 3000  # of a page that is looked at
THICKEST = 2.5  # points
SHORTEST = 3.0  # points
LOWEST, HIGHEST = 0.15, 0.4  # of the size above the baseline
AT_EDGE = 0.6  # of the size: how far from the edge of a word the line may end
COVERED = 0.7  # share of a word's width


class Rule(NamedTuple):
    """A thin line across the page, in points."""

    left: float
    right: float
    height: float


def thin_lines(page: Any) -> Iterator[Rule]:
    """Yields the thin lines that are drawn on a page, each by itself."""
    from pypdfium2 import raw

    count = raw.FPDFPage_CountObjects(page)
    if count > MOST_OBJECTS:
        return
    found, kind_of = _quick_calls()
    whole = ctypes.cast(page.raw, ctypes.c_void_p)
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for place in range(count):
        if kind_of(found(whole, place)) != raw.FPDF_PAGEOBJ_PATH:
            continue
        raw.FPDFPageObj_GetBounds(raw.FPDFPage_GetObject(page, place), left, bottom, right, top)
        if top.value - bottom.value <= THICKEST and right.value - left.value >= SHORTEST:
            yield Rule(left.value, right.value, (bottom.value + top.value) / 2)


@cache
def _quick_calls() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two of PDFium's functions, to find an object of a page and its kind, without objects of Python around their
    answers: a page may have some thousand of them, and this takes half the time."""
    from pypdfium2 import raw

    pointer = ctypes.c_void_p
    functions = (raw.FPDFPage_GetObject, raw.FPDFPageObj_GetType)
    found, kind_of = (ctypes.cast(each, pointer).value or 0 for each in functions)
    return ctypes.PYFUNCTYPE(pointer, pointer, ctypes.c_int)(found), ctypes.PYFUNCTYPE(ctypes.c_int, pointer)(kind_of)


def without_struck(lines: Sequence[Line], rules: Sequence[Rule], receipt: Receipt) -> list[Line]:
    """The lines without the words through which one of the rules runs."""
    heights = sorted(rules, key=lambda rule: rule.height)
    places = [rule.height for rule in heights]
    kept: list[Line] = []
    for line in lines:
        if line.upright and line.words and heights:
            first = bisect_left(places, line.baseline + LOWEST * line.size)
            last = bisect_left(places, line.baseline + HIGHEST * line.size)
            struck = {word for rule in heights[first:last] for word in _struck(line, rule)}
            if struck:
                receipt.count_text(STRUCK, " ".join(word.text for word in line.words if word in struck))
                words = _closed_up(line.words, struck)
                if not words:
                    continue
                line = made_of(line, words)
        kept.append(line)
    return kept


def _closed_up(words: Sequence[Word], struck: Set[Word]) -> list[Word]:
    """The other words; one before those that are struck reaches over their place, so that no gap parts cells there."""
    kept: list[Word] = []
    for word in words:
        if word not in struck:
            kept.append(word)
        elif kept:
            kept[-1] = kept[-1]._replace(right=max(kept[-1].right, word.right))
    return kept


def _struck(line: Line, rule: Rule) -> list[Word]:
    """The words that the rule strikes; none if it goes on where no word is."""
    words = [
        word
        for word in line.words
        if min(word.right, rule.right) - max(word.left, rule.left) >= COVERED * (word.right - word.left)
    ]
    if not words:
        return []
    edge = AT_EDGE * line.size
    left, right = min(word.left for word in words), max(word.right for word in words)
    return words if rule.left > left - edge and rule.right < right + edge else []
