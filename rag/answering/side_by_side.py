"""The best sentences of passages that answer nearly as well -> one text, in which the reader weighs them (pure, apart
from the reader that it is given).

The reader reads each passage alone, and its scores of two passages are not of one scale. In one text the sentences
compete with one another, the best one last. What a passage gains or loses there counts beside its own score
(docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import zip_longest
from typing import NamedTuple

from rag.answering.choose import Chosen, scored, sentences_around
from rag.deadline import Deadline
from rag.reading.forms import above
from rag.seams import PassageReader
from rag.text.structure import cells, column_names, table_header
from rag.types import Hit, Passage, PassageReading

CLOSE = 6.0  # logits below the best passage at which another one may still be right
_MOST = 4  # passages that are weighed
_SHARE = 0.5  # of a logit in the common text, beside one in the passage
MOST_LOST = 2.5  # logits that a passage loses at most: one that is better by more alone stays
_ABSENT = 8.0  # logits below the least good span, for a sentence of which the reader chose none
_HEAD, _SENTENCES = 100, 400  # characters that are shown of a passage's title and section, and of its sentences


class SideBySide(NamedTuple):
    """The common text, and the place of each passage's sentences in it."""

    passage: Passage
    places: tuple[tuple[int, int, int], ...]  # number of the hit, first character, character after the last


def gained(
    reader: PassageReader,
    question: str,
    hits: Sequence[Hit],
    readings: Sequence[PassageReading],
    preferred: Set[str] = frozenset(),
    deadline: Deadline | None = None,
) -> list[float]:
    """The logits that each hit gains if the reader sees those near the best one side by side; `preferred` as in
    `choose`. Raises the errors of the reader and of the deadline."""
    beside = side_by_side(hits, readings, preferred)
    if beside is None:
        return [0.0] * len(hits)
    (reading,) = reader.read(question, [beside.passage], deadline)
    return gains(beside, reading, len(hits))


def side_by_side(
    hits: Sequence[Hit], readings: Sequence[PassageReading], preferred: Set[str] = frozenset()
) -> SideBySide | None:
    """The sentences around the best spans of the passages near the best one; None if there is but one. `preferred` as
    in `choose`."""
    found = sorted(scored(hits, readings, preferred), reverse=True)
    near = [-number for score, number in found if score >= found[0][0] - CLOSE][:_MOST]
    shown: dict[str, int] = {}
    for number in near:
        shown.setdefault(_said(hits[number], readings[number]), number)
    if len(shown) < 2:
        return None
    text, places = "", []
    for said, number in reversed(shown.items()):
        passage = hits[number].passage
        text += ("\n\n" if text else "") + above(passage.title, passage.section)[-_HEAD:]
        places.append((number, len(text), len(text) + len(said)))
        text += said
    return SideBySide(Passage("", "", "", 0, len(text), text, ()), tuple(places))


def gains(beside: SideBySide, reading: PassageReading, count: int) -> list[float]:
    """Logits (0 or less) that each of `count` hits loses by the reading of the common text; those that were
    not shown lose the most, so that none of them comes before one that was."""
    if not reading.spans:
        return [0.0] * count
    least = min(span.score for span in reading.spans) - _ABSENT
    best = {
        number: max((span.score for span in reading.spans if span.start < end and span.end > start), default=least)
        for number, start, end in beside.places
    }
    most = max(best.values())
    lost = {number: max(-MOST_LOST, _SHARE * (score - most)) for number, score in best.items()}
    return [lost.get(number, min(lost.values())) for number in range(count)]


def _said(hit: Hit, reading: PassageReading) -> str:
    """The sentences around the passage's best span, cut around it if they are long; the cells of a row of a table each
    behind the name of its column."""
    span = reading.spans[0]
    around = sentences_around(Chosen(hit, reading, span, 0.0, 0.0, 0.0))
    passage = hit.passage
    header = table_header(passage, around[0].start)
    if header is not None and len(around) == 1:
        names = zip_longest(column_names(header), (text for text, _ in cells(around[0].text)), fillvalue="")
        return "; ".join(f"{name}: {text}" if name else text for name, text in names if text)[:_SENTENCES]
    text = " ".join(item.text for item in around)
    if len(text) <= _SENTENCES:
        return text
    start = max(around[0].start, span.start - _SENTENCES // 2) - passage.start
    return passage.text[start : start + _SENTENCES]
