"""Chosen places in the evidence -> the text of an answer with its claims and citations (pure).

An answer is a list of parts, quoted or written. Each part is marked with its citations, closed by a full stop, and
becomes one claim. Labels count from 1 in the order in which citations first appear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rag.types import AsOf, Citation, Claim, Evidence, NextClaim

_CLOSED = (".", "!", "?", "。", "！", "？", "…")

_ABBREVIATED = re.compile(
    r"\b(?:(?:[^\W\d_]\.){2}|(?:etc|Inc|Ltd|Co|Corp|Jr|Sr)\.)$"
)  # "3 p.m.": its full stop is its own
_LABEL = re.compile(r"\[(\d+)\]")  # in words of a document or question it would look like a citation


class QuotedPlace(NamedTuple):
    """Words of a document that an answer rests on, within the sentence `evidence`; offsets of the document."""

    evidence: Evidence
    start: int
    end: int


class Part(NamedTuple):
    """A sentence or item of an answer before it is numbered and joined; `support` (0..1) is the checker's."""

    text: str  # without markers
    places: tuple[QuotedPlace, ...]
    support: float
    reason: str | None = None
    before: str | None = None  # words that are no claim, such as a heading, with white space; None: a space
    opens: bool = False  # True if it announces the parts behind it: its colon stays


class Composed(NamedTuple):
    """An answer joined from its parts: text with markers such as "[1]", its claims, and its citations by label."""

    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]


def quoted(evidence: Evidence, start: int, end: int, support: float) -> Part:
    """The characters `start..end` of the evidence's own text as a part, verbatim."""
    place = QuotedPlace(evidence, evidence.start + start, evidence.start + end)
    return Part(evidence.text[start:end], (place,), support)


class Composer:
    """Parts, one after another -> the answer so far. Text never changes afterwards: parts are only appended."""

    def __init__(self, dated: Callable[[str], AsOf] = lambda document_id: AsOf()) -> None:
        """`dated` tells the date of a document, by its id."""
        self._dated = dated
        self._text = ""
        self._claims: list[Claim] = []
        self._citations: list[Citation] = []
        self._labels: dict[tuple[str, int, int], int] = {}

    def add(self, part: Part) -> NextClaim:
        """Append the part as the next claim of the answer; returns the claim with its citations."""
        numbers = tuple(self._label(place) for place in part.places)
        said = _said(part.text, numbers, part.opens)
        before = (" " if self._text else "") if part.before is None else _LABEL.sub(r"(\1)", part.before)
        start = len(self._text) + len(before)
        self._text += before + said
        claim = Claim(said, start, len(self._text), part.support, numbers, part.reason)
        self._claims.append(claim)
        return NextClaim(claim, tuple(self._citations[number - 1] for number in numbers), before)

    def cited(self, part: Part) -> tuple[str, tuple[Citation, ...]]:
        """The part with its markers, and its citations, beside the answer: its text is not added."""
        numbers = tuple(self._label(place) for place in part.places)
        return _said(part.text, numbers, part.opens), tuple(self._citations[number - 1] for number in numbers)

    def composed(self) -> Composed:
        """The answer so far."""
        return Composed(self._text, tuple(self._claims), tuple(self._citations))

    def _label(self, place: QuotedPlace) -> int:
        key = (place.evidence.passage.document_id, place.start, place.end)
        if key not in self._labels:
            self._labels[key] = len(self._labels) + 1
            dated = self._dated(place.evidence.passage.document_id)
            self._citations.append(_citation(self._labels[key], place, dated))
        return self._labels[key]


def compose(parts: Sequence[Part]) -> Composed:
    """Join parts into an answer.

    >>> compose([]).text
    ''
    """
    composer = Composer()
    for part in parts:
        composer.add(part)
    return composer.composed()


def _said(text: str, labels: Sequence[int], opens: bool) -> str:
    """The part with its markers before its full stop: "He left." cited by 1 is "He left [1]."."""
    clean = " ".join(text.split()).removeprefix("- ")
    stop = clean[-1] if clean.endswith((*_CLOSED, ":") if opens else _CLOSED) else "."
    body = clean if _ABBREVIATED.search(clean) else clean.removesuffix(stop).rstrip(" ,;:")
    return f"{body} {''.join(f'[{label}]' for label in labels)}{stop}"


def _citation(label: int, place: QuotedPlace, dated: AsOf) -> Citation:
    evidence = place.evidence
    passage = evidence.passage
    number = next((n for n, s in enumerate(passage.sentences) if s.start <= evidence.start < s.end), 0)
    page = passage.pages[number] if passage.pages else None
    return Citation(
        label,
        passage.document_id,
        passage.id,
        passage.title,
        passage.source,
        page,
        passage.section,
        evidence.start,
        evidence.end,
        evidence.text,
        place.start,
        place.end,
        dated.day,
        dated.origin,
        dated.stale,
    )
