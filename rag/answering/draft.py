"""The state of an answer while it is made: each question that was asked, what was found and read for it, and what was
said.

The pipeline fills a draft step by step; here is what follows from it without asking anything: which questions are
answered, how certain that is, which parts are said, and the short form. Does not read the index or a model.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import cast

from rag.answering.choose import Chosen
from rag.answering.comparison import NO_CONCLUSION, Side
from rag.answering.confidence import sure_from
from rag.answering.form import Form
from rag.answering.modes import ModeResult, Parts
from rag.answering.parts import Composed, Composer, Part, QuotedPlace
from rag.checking.faithfulness import SUPPORTED
from rag.retrieval.question import Question
from rag.text.structure import table_header
from rag.types import (
    Filters,
    Hit,
    Mode,
    NextClaim,
    Origin,
    PassageReading,
    ShortAnswer,
    Vectors,
)

_SIDE_SHARE = 0.25  # of the thresholds for the sides of a comparison, which are asked in words of our own


class Clock:
    """A stopwatch of steps: the seconds of each, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        """Note the seconds since the last step as those of this one."""
        now = time.perf_counter()
        self.seconds[step], self._last = now - self._last, now


@dataclass(slots=True)
class Subquestion:
    """A question of those that were asked at once, and what became of it."""

    question: Question
    vector: Vectors
    side: Side | None = None  # of a comparison
    hits: list[Hit] = field(default_factory=list)
    weights: dict[str, float] = field(default_factory=dict)  # of the words of a side's subject
    unknown: tuple[str, ...] = ()  # names that no document mentions
    read: list[Hit] = field(default_factory=list)  # those whose passages are read
    readings: list[PassageReading] = field(default_factory=list)  # of these
    gained: list[float] = field(default_factory=list)  # logits that each of these gains side by side
    chosen: Chosen | None = None
    confidence: float = 0.0
    refused: bool = True

    @property
    def share(self) -> float:
        """The share of the thresholds of confidence that holds for it."""
        return 1.0 if self.side is None else _SIDE_SHARE

    @property
    def part(self) -> str:
        """The part of the whole question that it is."""
        return self.question.text if self.side is None else self.side.subject


@dataclass(slots=True)
class Draft:
    """All that is known of an answer so far."""

    question: Question
    text: str  # as it was asked, with what was pasted with it
    mode: Mode
    notices: tuple[str, ...] = ()  # on the threshold
    filters: Filters | None = None
    asked: list[Subquestion] = field(
        default_factory=list
    )  # one, or two for a question that asks for two things; see `form`
    form: Form | None = None  # of its own, for which no passage has to be found
    share: float = 0.0  # probability of the form, if nothing else is asked
    hits: tuple[Hit, ...] = ()  # the listed ones
    unreadable: tuple[str, ...] = ()  # what to tell of files that could not be read and may be meant
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)  # notes of the documents that were read in part
    generation: int = 0
    origins: dict[str, Origin] = field(default_factory=dict)  # of the documents of all hits
    outcomes: list[ModeResult] = field(default_factory=list)
    spoke: list[bool] = field(default_factory=list)  # for each outcome: True if it had a supported part
    clock: Clock = field(default_factory=Clock)
    id: str = field(default_factory=lambda: f"ans_{uuid.uuid4().hex}")

    @property
    def resolved(self) -> bool:
        """True if the question is read otherwise than it was asked."""
        return bool(self.question.carried) or len(self.question.text) < len(self.text)

    def quoted(self) -> set[str]:
        """The documents that a form of its own quotes."""
        parts = self.form.parts if self.form else ()
        return {place.evidence.passage.document_id for part in parts for place in part.places}

    def said(self) -> list[tuple[Subquestion, Chosen]]:
        """The questions that are answered, each place in the documents once."""
        found: dict[tuple[str, int, Side | None], tuple[Subquestion, Chosen]] = {}
        for one in self.asked:
            if one.chosen is not None and not one.refused:
                found.setdefault((one.chosen.passage.id, one.chosen.span.start, one.side), (one, one.chosen))
        return list(found.values())

    @property
    def remark(self) -> str:
        """Our own words behind the parts, which are no claim."""
        if self.form is not None:
            return self.form.remark
        return (NO_CONCLUSION if self.compared else "") + "".join(outcome.remark for outcome in self.outcomes)

    @property
    def compared(self) -> bool:
        """True if the sides of a comparison are asked for."""
        return any(one.side is not None for one in self.asked)

    @property
    def confidence(self) -> float:
        """Confidence of the least certain question that is answered, else of any; for a form of its own, the
        probability that it is asked for."""
        if self.asked:
            return min(one.confidence for one in [one for one, _ in self.said()] or self.asked)
        return 0.0 if self.form is None or self.form.reason else self.share

    @property
    def sure(self) -> bool:
        """False where fewer than two of three answers of such confidence are right, or that is not known."""
        if self.form is not None:
            return self.form.sure
        if not self.question.english:
            return False
        return all(one.confidence >= sure_from() * one.share for one, _ in self.said())

    def unanswered(self) -> tuple[str, ...]:
        """The parts of a question of several that have no claim in the answer."""
        if self.form is not None or len(self.asked) < 2:
            return ()
        silent = {id(one) for (one, _), spoke in zip(self.said(), self.spoke, strict=True) if not spoke}
        return tuple(one.part for one in self.asked if one.refused or id(one) in silent)


def in_turn(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The first hit of each list, then the second of each, and so on; each passage once."""
    found = {hit.passage.id: hit for hits in zip_longest(*lists) for hit in hits if hit is not None}
    return list(found.values())


def checked(
    parts: Parts, composer: Composer, sure: bool, said_at: set[tuple[str, int, int]]
) -> Generator[NextClaim, None, tuple[ModeResult, bool]]:
    """The parts that are supported, each put behind the answer so far; the others are not said, nor are those again
    whose sentences were quoted for another part of the question. Returns with the outcome if one was supported."""
    before, spoke = frozenset(said_at), False
    try:
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                return cast(ModeResult, end.value), spoke
            if part.support < SUPPORTED:
                continue
            spoke = True
            places = {_said_at(part, place) for place in part.places}
            if not places or not places <= before:
                yield composer.add(part)._replace(sure=sure)
            said_at |= places
    finally:
        parts.close()  # the model stops writing when nobody reads on


def _said_at(part: Part, place: QuotedPlace) -> tuple[str, int, int]:
    """The place that a part says: its sentence, or of a row of a table the cell alone."""
    evidence = place.evidence
    whole = table_header(evidence.passage, evidence.start) is None
    start, end = (evidence.start, evidence.end) if whole else (place.start, place.end)
    return evidence.passage.document_id, start, end


def short_answer(draft: Draft, composed: Composed) -> ShortAnswer | None:
    """The chosen span, if a citation holds it whole or in part: then as much of it as the citation holds. Of two
    answers, that of the first."""
    if not draft.said() or draft.mode == "write" or draft.form is not None or draft.compared:
        return None
    chosen = draft.said()[0][1]
    passage, span = chosen.passage, chosen.span
    for citation in composed.citations:
        start, end = max(span.start, citation.start), min(span.end, citation.end)
        if citation.document_id == passage.document_id and start < end:
            whole = composed.citations[-1].end >= span.end or end == span.end
            stop = span.end if whole else end
            text = passage.text[span.start - passage.start : stop - passage.start]
            return ShortAnswer(text, citation.label, span.start, stop)
    return None
